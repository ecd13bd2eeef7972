"""People: names of many countries, invented ones among them, in the forms in which names occur.

Names are drawn from the language's own pools, from Europe and from the world. A third of all
surnames are in no pool: blends of two, recombined syllables, misspellings. A tagger that has seen
only listed names learns the list.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from gateway.training.data import words
from gateway.training.draw import Draw, running
from gateway.training.pools import EUROPE, HOME, WORLD, Names, names

_PARTICLES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "en": ("O'", "Mc", "Mac", "Fitz", "St. ", "De ", "de "),
        "de": ("von ", "von ", "von der ", "zu ", "vom ", "von und zu "),
        "fr": ("de ", "de ", "d'", "D'", "du ", "de la ", "Le ", "des ", "La "),
        "es": ("de ", "de la ", "del ", "de los ", "de las ", "San "),
        "it": ("De ", "Di ", "D'", "Della ", "Lo ", "La ", "Dal ", "De' ", "Degli ", "de "),
        "nl": ("van ", "van ", "van der ", "van den ", "van de ", "de ", "de ", "van 't ", "ter ",
               "den ", "Van ", "Van den ", "Vander", "in 't "),
        "pt": ("da ", "de ", "dos ", "do ", "das ", "d'"),
        "ar": ("al-", "Al-", "El ", "bin ", "Ben ", "Abu ", "ibn "),
    }
)  # fmt: skip
_PARTICLE_SHARE: Final[Mapping[str, float]] = MappingProxyType(
    {"en": 0.03, "de": 0.04, "fr": 0.06, "es": 0.05, "it": 0.05, "nl": 0.14, "pt": 0.08, "ar": 0.2}
)
_TWO_SURNAMES: Final = MappingProxyType({"es": 0.5, "pt": 0.55})
_OTHER_LANGUAGE: Final = MappingProxyType(
    {"ar": "ar", "en_GB": "en", "en_US": "en", "en_IE": "en", "de_DE": "de", "de_AT": "de",
     "fr_FR": "fr", "fr_BE": "fr", "es_ES": "es", "es_MX": "es", "it_IT": "it", "nl_NL": "nl",
     "nl_BE": "nl", "pt_PT": "pt", "pt_BR": "pt"}
)  # fmt: skip
_VOWELS: Final = frozenset("AEIOUÉÈÀÂÎÔÓÍÚÁ")
_INVENTED = 0.35
_WORD_NAMES = 0.05  # names that are words of the language too, or places
_INVENTED_GIVEN = 0.06
_SLIPS: Final = (
    ("ei", "ie"), ("ie", "ei"), ("ck", "k"), ("k", "ck"), ("y", "i"), ("i", "y"), ("tz", "z"),
    ("ss", "s"), ("s", "ss"), ("ll", "l"), ("l", "ll"), ("nn", "n"), ("n", "nn"), ("t", "tt"),
    ("tt", "t"), ("a", "e"), ("e", "a"), ("o", "u"), ("u", "o"), ("m", "n"), ("c", "k"),
    ("ph", "f"), ("f", "ph"), ("v", "w"), ("w", "v"), ("ai", "ay"), ("er", "re"), ("b", "p"),
    ("d", "t"), ("r", "rr"), ("z", "s"), ("th", "t"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Person:
    """A human: the parts of a name. `last` is all of the surname, `middle` may be empty."""

    first: str
    middle: str
    last: str
    female: bool


def _locale(draw: Draw, lang: str) -> str:
    point = draw.below(100)
    return draw.pick(HOME[lang] if point < 55 else EUROPE if point < 80 else WORLD)


def person(draw: Draw, lang: str) -> Person:
    """Somebody such as texts in this language are about."""
    locale = _locale(draw, lang)
    pool = names(locale)
    female = draw.chance(0.5)
    first = given(draw, pool, female=female)
    if draw.chance(_WORD_NAMES):
        first = draw.pick(words(lang, "word_firsts"))
    if draw.chance(0.06 if locale[:2] in ("fr", "de") else 0.02):
        first = f"{first}-{draw.pick(pool.female if female else pool.male)}"
    middle = draw.pick(pool.female if female else pool.male) if draw.chance(0.3) else ""
    base = locale[:2] if locale[:2] in _PARTICLES else "ar" if locale == "fr_DZ" else lang
    last = surname(draw, pool, base if locale[:2] in _PARTICLES else "")
    if draw.chance(_WORD_NAMES):
        last = draw.pick(words(lang, "word_lasts"))
    if draw.chance(_TWO_SURNAMES.get(base, 0.0) if locale[:2] in ("es", "pt") else 0.0):
        last = f"{last} {surname(draw, pool, '')}"
        if draw.chance(0.07):
            last = last.replace(" ", " y " if base == "es" else " e ", 1)
    elif draw.chance(0.045):
        other = surname(draw, names(_locale(draw, lang)) if draw.chance(0.3) else pool, "")
        last = f"{last}-{other}"
    return Person(first, middle, last, female)


def given(draw: Draw, pool: Names, *, female: bool) -> str:
    """A given name."""
    list_ = pool.female if female else pool.male
    name = draw.pick(list_)
    if draw.chance(_INVENTED_GIVEN):
        other = draw.pick(list_)
        name = name[: (len(name) + 1) // 2] + other[len(other) // 2 :].lower()
    return name


def surname(draw: Draw, pool: Names, particles: str) -> str:
    """A surname, invented in about a third of calls; with a particle of a language now and then."""
    name = draw.pick(pool.surnames)
    if draw.chance(_INVENTED):
        name = _invented(draw, pool, name)
    if particles and draw.chance(_PARTICLE_SHARE[particles]) and _takes_particle(name):
        particle = draw.pick(_PARTICLES[particles])
        elided = particle in ("d'", "D'")
        name = name if elided and name[0] not in _VOWELS else particle + name
    return name


def _takes_particle(name: str) -> bool:
    return name[0].isupper() and " " not in name and "'" not in name and not name.startswith("Van")


def _invented(draw: Draw, pool: Names, name: str) -> str:
    point = draw.below(100)
    if point < 45:
        made = draw.pick(pool.heads) + draw.pick(pool.tails)
    elif point < 75:
        made = draw.pick(pool.heads)
        tail = draw.pick(pool.tails)
        middle = draw.pick(pool.tails)[:2]
        made = made + middle + tail if len(made) + len(tail) < 8 else made + tail
    else:
        made = _misspelt(draw, name)
    return made if 3 <= len(made) <= 16 else name


def _misspelt(draw: Draw, name: str) -> str:
    for _ in range(4):
        old, new = draw.pick(_SLIPS)
        at = name.find(old, 1)
        if at > 0:
            return name[:at] + new + name[at + len(old) :]
    return name


def _initial(name: str) -> str:
    return ".-".join(part[:1] for part in name.split("-")) + "."


def _junior(draw: Draw, one: Person) -> str:
    suffix = draw.pick(("Jr.", "Jr", "Sr.", "III", "II", "jun.", "Filho", "Neto", "Júnior"))
    return f"{one.first} {one.last}{',' if draw.chance(0.1) else ''} {suffix}"


_FORMS: Final = running(
    (
        (58, lambda _, one: f"{one.first} {one.last}"),
        (9, lambda _, one: f"{one.first} {one.middle} {one.last}" if one.middle else _plain(one)),
        (7, lambda _, one: f"{one.first} {_initial(one.middle)} {one.last}"
            if one.middle else _plain(one)),
        (6, lambda _, one: f"{_initial(one.first)} {one.last}"),
        (2, lambda _, one: f"{_initial(one.first)}{_initial(one.middle)} {one.last}"
            if one.middle else _plain(one)),
        (1.5, lambda _, one: f"{_initial(one.first)} {_initial(one.middle)} {one.last}"
            if one.middle else _plain(one)),
        (2.5, lambda _, one: f"{one.first} {one.last.upper()}"),
        (1.2, lambda _, one: f"{one.last.upper()} {one.first}"),
        (1.2, lambda _, one: f"{one.last} {one.first}"),
        (1.2, _junior),
        (1.5, lambda _, one: f"{one.first} {one.last[0].upper()}."),
        (0.8, lambda draw, one: f"{one.first} “{nick_of(draw, one)}” {one.last}"),
        (0.8, lambda draw, one: f'{one.first} "{nick_of(draw, one)}" {one.last}'),
        (1.0, lambda _, one: f"{one.first} {one.last}".upper()),
    )
)  # fmt: skip


def _plain(one: Person) -> str:
    return f"{one.first} {one.last}"


def full(draw: Draw, one: Person) -> str:
    """A full name in one of its forms."""
    form: Callable[[Draw, Person], str] = draw.weighted(_FORMS)
    return form(draw, one)


def last_first(draw: Draw, one: Person) -> str:
    """Schneider, Anna."""
    last = one.last.upper() if draw.chance(0.15) else one.last
    if one.middle and draw.chance(0.3):
        return f"{last}, {one.first} {one.middle if draw.chance(0.4) else _initial(one.middle)}"
    return f"{last}, {one.first if draw.chance(0.85) else _initial(one.first)}"


def initial_last(draw: Draw, one: Person) -> str:
    """A. Schneider."""
    if one.middle and draw.chance(0.25):
        return f"{_initial(one.first)}{_initial(one.middle)} {one.last}"
    if draw.chance(0.08):
        return f"{one.first[0]} {one.last}"
    return f"{_initial(one.first)} {one.last}"


def nick_of(draw: Draw, one: Person) -> str:
    """A short form of somebody's given name."""
    first = one.first.split("-")[0].split(" ")[0]
    stem = first[: draw.between(3, 4)] if len(first) > 4 else first
    return stem + draw.pick(("", "", "", "i", "y", "ie", "o", "a", "s", "chen", "inho", "ito"))


def nick(draw: Draw, one: Person, lang: str) -> str:
    """A name as used in chats."""
    point = draw.below(100)
    if point < 45:
        return draw.pick(words(lang, "nick"))
    if point < 75:
        return one.first
    return nick_of(draw, one)


def honorific(draw: Draw, one: Person, lang: str) -> str:
    """What stands before a name."""
    return draw.pick(words(lang, "honorific_f" if one.female else "honorific_m"))
