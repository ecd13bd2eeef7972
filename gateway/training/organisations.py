"""Organisations of each kind, invented from patterns of the language."""

from __future__ import annotations

from gateway.training.data import words
from gateway.training.draw import Draw, filled
from gateway.training.people import person
from gateway.training.places import city, country, named

_ACRONYM = "AABBCCDDEEFFGHIIKLMMNNOOPPRRSSTTUVWXZ"


def organisation(draw: Draw, lang: str, kind: str) -> str:
    """One of a kind (company, bank, agency, school, hospital, club, media, party).

    "before:name" where an article belongs before the name.
    """
    text = filled(draw.pick(words(lang, kind)), lambda name: _value(draw, lang, name))
    if lang == "de":
        text = text.replace("ee Partei", "e Partei").replace("erer ", "er ")
    return text


def brand(draw: Draw) -> str:
    """A name such as new firms give themselves."""
    text = draw.pick(words("world", "brand_start")) + draw.pick(words("world", "brand_end"))
    point = draw.below(100)
    if point < 8:
        return text.upper()
    if point < 13:
        half = draw.pick(words("world", "brand_end"))
        return text[: draw.between(3, 6)].capitalize() + half.capitalize()
    if point < 17:
        return text.lower()
    return text


def acronym(draw: Draw) -> str:
    """Two to five capitals."""
    count = draw.pick((2, 3, 3, 3, 3, 4, 4, 5))
    text = draw.letters(count, _ACRONYM)
    return f"{text[0]}&{text[1:]}" if draw.chance(0.03) else text


def _value(draw: Draw, lang: str, name: str) -> str:
    match name:
        case "last" | "last2" | "last3":
            return person(draw, lang).last
        case "surbrand":
            return person(draw, lang).last
        case "first":
            return person(draw, lang).first.split("-")[0]
        case "city":
            return city(draw, lang)
        case "country1":
            return country(draw, lang).rpartition(":")[2]
        case "region1" | "region":
            return named(draw, lang, draw.pick(words(lang, "regions"))).rpartition(":")[2]
        case "brand":
            return brand(draw)
        case "acro":
            return acronym(draw)
        case "word2":
            return draw.pick(words(lang, "word"))
        case "wordl":
            return draw.pick(words(lang, "word")).lower()
        case "adj2":
            return draw.pick(words(lang, "adj"))
        case "n":
            return str(draw.between(1, 9))
    return draw.pick(words(lang, name))
