"""The pools of first names and surnames, and whether a first name is a woman's or a man's. Pure."""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import Final

from gateway.masking.surrogates import (
    names_de,
    names_en,
    names_es,
    names_fr,
    names_it,
    names_known,
    names_nl,
    names_pt,
)

_MODULES: Final = {
    "de": names_de,
    "en": names_en,
    "es": names_es,
    "fr": names_fr,
    "it": names_it,
    "nl": names_nl,
    "pt": names_pt,
}
LANGUAGES: Final = tuple(_MODULES)
FEMALE: Final = "female"
MALE: Final = "male"


def plain(word: str) -> str:
    """A word in lower case without accents."""
    decomposed = unicodedata.normalize("NFD", word.lower().replace("ß", "ss"))
    return "".join(sign for sign in decomposed if not unicodedata.combining(sign))


@cache
def first_names(language: str, gender: str, *, accents: bool = False) -> tuple[str, ...]:
    """The first names of a language, in lower case; both genders where none is given.

    Hyphened names are left out: a stand-in has as many words as it is asked for.
    """
    module = _MODULES[language]
    text = ""
    if gender != MALE:
        text += module.FEMALE + (module.FEMALE_ACCENTED if accents else "")
    if gender != FEMALE:
        text += module.MALE + (module.MALE_ACCENTED if accents else "")
    return tuple(word for word in text.split() if "-" not in word)


@cache
def surnames(language: str, *, accents: bool = False) -> tuple[str, ...]:
    """The surnames of a language, in lower case."""
    module = _MODULES[language]
    text = module.LAST + (module.LAST_ACCENTED if accents else "")
    return tuple(word for word in text.split() if "-" not in word)


@cache
def _genders(language: str) -> dict[str, str]:
    """Gender by plain first name; what two genders bear is not in it."""
    women: set[str] = set()
    men: set[str] = set()
    for name in (language,) if language else LANGUAGES:
        module = _MODULES[name]
        women.update(map(plain, (module.FEMALE + module.FEMALE_ACCENTED).split()))
        men.update(map(plain, (module.MALE + module.MALE_ACCENTED).split()))
    if not language:
        women.update(names_known.FEMALE.split())
        men.update(names_known.MALE.split())
    found = dict.fromkeys(women - men, FEMALE)
    found.update(dict.fromkeys(men - women, MALE))
    return found


def gender_of(word: str, language: str = "") -> str:
    """`female`, `male`, or nothing for a first name that is not listed or that both bear."""
    name = plain(word)
    known = _genders(language).get(name, "") if language in _MODULES else ""
    return known or _genders("").get(name, "")


@cache
def _known() -> frozenset[str]:
    words = set(names_known.BOTH.split())
    for language in ("", *LANGUAGES):
        words.update(_genders(language))
    return frozenset(words)


def is_first_name(word: str) -> bool:
    """Whether a word is a listed first name, in any language."""
    return plain(word) in _known()
