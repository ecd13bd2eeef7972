"""Organisations of each kind, invented from patterns of the language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from gateway.training.data import words
from gateway.training.draw import Draw, filled
from gateway.training.people import person
from gateway.training.places import city, country, region

_KNOWN: Final[Mapping[str, tuple[str, float]]] = MappingProxyType(
    {
        "company": ("known_companies", 0.15),
        "club": ("known_clubs", 0.12),
        "media": ("known_medias", 0.15),
    }
)
_ACRONYM = "AABBCCDDEEFFGHIIKLMMNNOOPPRRSSTTUVWXZ"


def organisation(draw: Draw, lang: str, kind: str) -> str:
    """One of a kind (company, bank, agency, school, hospital, club, media, party).

    "before:name" where an article belongs before the name.
    """
    known = _KNOWN.get(kind)
    if known and draw.chance(known[1]):
        return draw.pick(words("world", known[0]))
    text = filled(draw.pick(words(lang, kind)), lambda name: _value(draw, lang, name))
    if lang == "de":
        text = text.replace("ee Partei", "e Partei").replace("erer ", "er ")
    return text


def brand(draw: Draw) -> str:
    """A name such as new firms give themselves."""
    if draw.chance(0.12):
        return draw.pick(words("world", "common_brands"))
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


def _last(draw: Draw, lang: str) -> str:
    return person(draw, lang).last


_FIELDS: Final[Mapping[str, Callable[[Draw, str], str]]] = MappingProxyType(
    {
        "last": _last,
        "last2": _last,
        "last3": _last,
        "surbrand": _last,
        "first": lambda draw, lang: person(draw, lang).first.split("-")[0],
        "city": city,
        "country1": lambda draw, lang: country(draw, lang).rpartition(":")[2],
        "region": lambda draw, lang: region(draw, lang).rpartition(":")[2],
        "region1": lambda draw, lang: region(draw, lang).rpartition(":")[2],
        "brand": lambda draw, _: brand(draw),
        "acro": lambda draw, _: acronym(draw),
        "word2": lambda draw, lang: draw.pick(words(lang, "word")),
        "wordl": lambda draw, lang: draw.pick(words(lang, "word")).lower(),
        "adj2": lambda draw, lang: draw.pick(words(lang, "adj")),
        "n": lambda draw, _: str(draw.between(1, 9)),
    }
)


def _value(draw: Draw, lang: str, name: str) -> str:
    maker = _FIELDS.get(name)
    return maker(draw, lang) if maker else draw.pick(words(lang, name))
