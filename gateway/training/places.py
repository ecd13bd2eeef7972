"""Places: towns, countries, regions, squares, streets, and postal addresses of each country."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from gateway.training.data import words
from gateway.training.draw import Draw, filled
from gateway.training.people import person
from gateway.training.pools import COUNTRIES, listed_countries, towns


def city(draw: Draw, lang: str) -> str:
    """A town: of the language's countries, of the world, or one that does not exist."""
    point = draw.below(100)
    if point < 10:
        return draw.pick(words(lang, "cities"))
    if point < 22:
        head = draw.pick(words(lang, "town_start")).replace("_", " ")
        tail = draw.pick(words(lang, "town_end")).replace("_", " ")
        if (tail[0].isupper() or " " in tail) and head[-1] not in " -":
            head += " "
        joint = head[-1] in " -" and " " not in tail
        return head + (tail[:1].upper() + tail[1:] if joint else tail)
    country = draw.pick(COUNTRIES[lang]) if point < 65 else ""
    large, every = towns()[country]
    return draw.pick(large if draw.chance(0.4) else every)


def country(draw: Draw, lang: str) -> str:
    """A country in the language; "before:name" where an article belongs before it."""
    if draw.chance(0.75):
        return draw.pick(words(lang, "countries"))
    return draw.pick(listed_countries(lang))


def region(draw: Draw, lang: str) -> str:
    """A region, state or continent."""
    return named(draw, lang, draw.pick(words(lang, "regions")))


def named(draw: Draw, lang: str, pattern: str) -> str:
    """A pattern of the language's lists filled: {last}, {first}, {city}, {word}, {n} and so on."""
    return filled(pattern, lambda name: _FIELDS[name](draw, lang))


_LOWER_WORDS = frozenset({"fr", "it"})


def _word(draw: Draw, lang: str, name: str) -> str:
    word = draw.pick(words(lang, name))
    return word.lower() if lang in _LOWER_WORDS and draw.chance(0.25) else word


def _numbered(draw: Draw, _: str) -> str:
    number = draw.between(4, 90)
    last = number % 10 if number // 10 != 1 else 0
    return f"{number}{('th', 'st', 'nd', 'rd')[last] if last < 4 else 'th'}"


_FIELDS: Final[Mapping[str, Callable[[Draw, str], str]]] = MappingProxyType(
    {
        "last": lambda draw, lang: person(draw, lang).last,
        "first": lambda draw, lang: person(draw, lang).first.split("-")[0],
        "city": city,
        "word": lambda draw, lang: _word(draw, lang, "word"),
        "wordm": lambda draw, lang: _word(draw, lang, "wordm"),
        "brand": lambda draw, _: (
            draw.pick(words("world", "brand_start")) + draw.pick(words("world", "brand_end"))
        ),
        "n": lambda draw, _: str(draw.between(1, 99)),
        "nth": _numbered,
        "month": lambda draw, lang: draw.pick(words(lang, "months")),
    }
)


def place(draw: Draw, lang: str) -> str:
    """A square, park, river, stadium."""
    text = named(draw, lang, draw.pick(words(lang, "place")))
    return _compound(text)


def street(draw: Draw, lang: str) -> str:
    """The name of a street."""
    return _compound(named(draw, lang, draw.pick(words(lang, "street"))))


def _compound(text: str) -> str:
    """German and Dutch join words: a name of two words takes hyphens before its last part."""
    return text.replace("s straße", "sstraße").replace(" straße", "straße")


def _house(draw: Draw) -> str:
    number = str(draw.between(1, 250))
    if draw.chance(0.12):
        number += draw.pick(("a", "b", "c", "A", "B", " a", "/2", "-3", " bis"))
    return number


def zip_code(draw: Draw, lang: str, country_code: str = "") -> str:
    """A postal code."""
    code = country_code or draw.pick(COUNTRIES[lang])
    return draw.mask(draw.pick(words("world", f"zip_{code.lower()}")))


_STREET_FIRST = frozenset({"de", "es", "it", "nl", "pt"})


def street_address(draw: Draw, lang: str) -> str:
    """Street and house number, in the order of the language."""
    name, number = street(draw, lang), _house(draw)
    if lang in _STREET_FIRST:
        text = f"{name}{', ' if lang in ('es', 'it', 'pt') and draw.chance(0.7) else ' '}"
        text += (
            f"{draw.pick(('nº ', 'n. ', 'n.º ', 'n° '))}{number}"
            if (lang in ("es", "it", "pt") and draw.chance(0.15))
            else number
        )
    else:
        text = f"{number}{', ' if lang == 'fr' and draw.chance(0.35) else ' '}{name}"
    if draw.chance(0.12):
        text += _flat(draw, lang)
    return text


def _flat(draw: Draw, lang: str) -> str:
    return draw.mask(draw.pick(words(lang, "flats"))).replace("_", " ")


def _us(draw: Draw, town: str, code: str) -> str:
    return f"{town}, {draw.pick(words('en', 'states'))} {code}"


_LINES: Final[Mapping[str, Callable[[Draw, str, str], str]]] = MappingProxyType(
    {
        "US": _us,
        "CA": lambda draw, town, code: f"{town}, {draw.pick(('ON', 'QC', 'BC', 'AB'))} {code}",
        "GB": lambda draw, town, code: f"{town}{draw.pick((' ', ', '))}{code}",
        "IE": lambda _, town, code: f"{town}, {code}",
        "AU": lambda draw, town, code: f"{town} {draw.pick(('NSW', 'VIC', 'QLD', 'WA'))} {code}",
        "NZ": lambda _, town, code: f"{town} {code}",
        "IT": lambda draw, town, code: f"{code} {town}" + (
            f" ({draw.pick(words('it', 'states'))})" if draw.chance(0.6) else ""
        ),
        "MX": lambda _, town, code: f"{code} {town}",
        "BR": lambda draw, town, code: draw.pick(
            (f"{town}/", f"{town} - ", f"{town}, ")
        ) + f"{draw.pick(words('pt', 'states'))}, {draw.pick(('CEP ', '', ''))}{code}",
        "BE": lambda _, town, code: f"{code} {town}",
    }
)  # fmt: skip


def _town_line(draw: Draw, lang: str, code: str) -> str:
    large, every = towns()[code]
    town = (
        draw.pick(large if draw.chance(0.4) else every) if draw.chance(0.75) else city(draw, lang)
    )
    number = zip_code(draw, lang, code)
    if code == "NL":
        return f"{number}{draw.pick((' ', '  ', ' '))}{town}"
    maker = _LINES.get(code)
    return maker(draw, town, number) if maker else f"{number} {town}"


def address(draw: Draw, lang: str) -> str:
    """A postal address in one line."""
    code = draw.pick(COUNTRIES[lang])
    parts = [street_address(draw, lang), _town_line(draw, lang, code)]
    if draw.chance(0.1):
        parts.append(country(draw, lang).rpartition(":")[2])
    return draw.pick((", ", ", ", ", ", ", ", " - " if lang in ("it", "pt", "es") else ", ")).join(
        parts
    )


def address_block(draw: Draw, lang: str) -> str:
    """A postal address in several lines."""
    code = draw.pick(COUNTRIES[lang])
    parts = [street_address(draw, lang), _town_line(draw, lang, code)]
    if draw.chance(0.2):
        parts.append(country(draw, lang).rpartition(":")[2])
    return "\n".join(parts)
