"""Coarser values: an age band, a month, a map square, the first digits of a postal code. Pure.

One way: the value does not come back. The bands follow the Safe Harbor method of HIPAA where it
has a rule: 45 CFR 164.514(b)(2)(i). A year of birth that makes somebody older than 89 is not
recognised, since no clock is read here.
"""

from __future__ import annotations

import ipaddress
import math
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import phonenumbers
from phonenumbers import NumberParseException

from gateway.masking.dates import BIRTH_PIVOT, WrittenDate, read_date
from gateway.masking.surrogates.coordinates import read_point

_DATES: Final = ("year", "month", "quarter", "decade")
GENERALISE_TYPES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "AGE": ("10_years", "5_years", "20_years"),
        "DATE_TIME": _DATES,
        "DATE_OF_BIRTH": _DATES,
        "COORDINATES": ("10_km", "1_km", "100_km"),
        "ZIP_CODE": ("3_digits", "2_digits"),
        "IP_ADDRESS": (),
        "PHONE_NUMBER": (),
    }
)
"""What each type can become, the default first; empty where there is no choice."""

_OLDEST_BAND: Final = 90
"""Ages over 89 form one category: 45 CFR 164.514(b)(2)(i)(C)."""

_MAX_AGE: Final = 129
_SMALL_AREAS: Final = frozenset(
    "036 059 063 102 203 556 692 790 821 823 830 831 878 879 884 890 893".split()
)
"""US areas of three digits with 20,000 people or fewer, by the census of 2000: HHS guidance on
de-identification of 2012, of 45 CFR 164.514(b)(2)(i)(B)(2). They become 000."""

_SQUARE: Final = 0.9  # 10 km of the 11.1 km of a tenth of a degree
_WIDER: Final = (
    *(1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 40, 60, 80, 120, 160, 240, 320, 480, 640, 960),
    *(1280, 1920, 2560, 3840, 5120, 7680, 10240, 15360),
)
_AGE = re.compile(
    r"(?P<before>[^\d]{0,24})(?P<age>\d{1,3})(?P<half>[.,]\d)?(?P<after>[^\d]{0,30})"
    r"(?:\d{1,2} (?:months?|monate?n?|mois|meses|mesi|maanden))?"
)
_YOUNG = re.compile(
    r"\b(?:months?|meses|mois|monate?n?|mesi|maanden|weeks?|semanas?|semaines?|wochen?|settimane|"
    r"weken|days?|días|dias|jours?|tagen?|giorni|dagen)\b",
    re.IGNORECASE,
)
_ZIP = re.compile(r"(?P<country>[A-Z]{1,3}-)?(?P<digits>\d{4,6})(?P<rest>(?:[ -]?[A-Z0-9]{2,4})?)")


def generalised(entity_type: str, surface: str, to: str | None) -> str | None:
    """The coarser value, or None where the type has none, the value is not read, or `to` is not
    of the type: the caller redacts."""
    words = GENERALISE_TYPES.get(entity_type)
    if words is None or len(surface) > 200:
        return None
    word = to or words[0] if words else ""
    if words and word not in words:
        return None
    return _MAKERS[entity_type](surface.strip(), word)


def _age(text: str, to: str) -> str | None:
    """`43 years old` in bands of ten years is `40-49`."""
    match = _AGE.fullmatch(text)
    if match is None or int(match["age"]) > _MAX_AGE:
        return None
    width = int(to.removesuffix("_years"))
    young = _YOUNG.search(match["after"]) and not re.search(
        r"year|yr|jahr|jähr|año|ans|anni|jaar|jarig|ano", match["after"], re.IGNORECASE
    )
    age = 0 if young else int(match["age"])
    if age >= _OLDEST_BAND:
        return f"{_OLDEST_BAND}+"
    low = age - age % width
    return f"{low}-{min(low + width, _OLDEST_BAND) - 1}"


def _date(text: str, to: str) -> str | None:
    return _coarser(read_date(text), to)


def _birth(text: str, to: str) -> str | None:
    return _coarser(read_date(text, pivot=BIRTH_PIVOT), to)


def _coarser(found: WrittenDate | None, to: str) -> str | None:
    """ISO 8601 as far as it goes: 2024, 2024-03; and 2024-Q1, 2020s."""
    if found is None:
        return None
    if to == "year":
        return f"{found.year:04d}"
    if to == "decade":
        return f"{found.year - found.year % 10:04d}s"
    if not found.month or found.ambiguous:
        return None
    if to == "quarter":
        return f"{found.year:04d}-Q{(found.month + 2) // 3}"
    return f"{found.year:04d}-{found.month:02d}"


def _coordinates(text: str, to: str) -> str | None:
    """The centre of a map square. Near the poles it is as wide in kilometres as elsewhere.

    One degree of latitude is 111 km: steps of 0.01, 0.1 and 1 degree. Steps of longitude grow
    with the cosine of the latitude.
    """
    point = read_point(text)
    if point is None:
        return None
    kilometres = int(to.removesuffix("_km"))
    places = {1: 2, 10: 1, 100: 0}[kilometres]
    step = 10.0**-places
    lat = round(point.lat / step) * step
    shown = _degrees(lat, places)
    if point.lon is not None:
        narrow = math.cos(math.radians(min(abs(lat) + step / 2, 90.0)))
        wide = next((step * factor for factor in _WIDER if factor * narrow >= _SQUARE), 360.0)
        lon = round(point.lon / wide) * wide if wide < 180 else 0.0
        lon -= math.copysign(360.0, lon) if abs(lon) > 180 else 0.0
        shown += f",{_degrees(lon, places)}"
    return f"{shown} (±{kilometres} km)"


def _degrees(value: float, places: int) -> str:
    text = f"{value:.{places}f}"
    return text if float(text) else text.removeprefix("-")


def _zip_code(text: str, to: str) -> str | None:
    """The first digits, with a star for each other sign; of four digits no more than two."""
    match = _ZIP.fullmatch(text)
    if match is None:
        return None
    digits = match["digits"]
    shown = min(int(to[0]), len(digits) - 2)
    first = digits[:shown]
    if first in _SMALL_AREAS and len(digits) == 5:
        return "000"
    hidden = re.sub("[A-Z0-9]", "*", digits[shown:] + match["rest"])
    return f"{match['country'] or ''}{first}{hidden}"


def _ip_address(text: str, to: str) -> str | None:
    """The network of 24 bits (IPv4) or 48 bits (IPv6)."""
    del to
    bare, slash, suffix = text.strip("[]").partition("/")
    try:
        address = ipaddress.ip_address(bare.partition("%")[0])
        bits = int(suffix) if slash else address.max_prefixlen
    except ValueError:
        return None
    wanted = 24 if address.version == 4 else 48
    if not wanted < bits <= address.max_prefixlen:
        return None
    return str(ipaddress.ip_network(f"{bare.partition('%')[0]}/{wanted}", strict=False))


def _phone_number(text: str, to: str) -> str | None:
    """The country code; None for a number without one."""
    del to
    text = "+" + text[2:] if text.startswith("00") else text
    try:
        number = phonenumbers.parse(text, None)
    except NumberParseException:
        return None
    return f"+{number.country_code} …"


_MAKERS: Final[Mapping[str, Callable[[str, str], str | None]]] = {
    "AGE": _age,
    "DATE_TIME": _date,
    "DATE_OF_BIRTH": _birth,
    "COORDINATES": _coordinates,
    "ZIP_CODE": _zip_code,
    "IP_ADDRESS": _ip_address,
    "PHONE_NUMBER": _phone_number,
}
