"""Coordinates as people write them, and a stand-in in an empty ocean. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from gateway.masking.surrogates.draw import Draw

_NUMBER = r"[-+−]?\d{1,3}(?:[.,]\d{1,15})?"
_PAIR = re.compile(
    rf"(?:geo:)?(?P<lat>{_NUMBER})[ ]?[°º]?[ ]?(?P<ns>[NSns])?(?:[ ]?[,;/][ ]?|[ ]+)"
    rf"(?P<lon>{_NUMBER})[ ]?[°º]?[ ]?(?P<ew>[EWOewo])?"
)
_SINGLE = re.compile(rf"(?P<value>{_NUMBER})[ ]?[°º]?[ ]?(?P<side>[NSEWOnsewo])?")
_DEGREES = re.compile(
    r"(?P<deg>\d{1,3})[ ]?[°º][ ]?(?:(?P<min>\d{1,2}(?:[.,]\d{1,6})?)[ ]?['’′][ ]?)?"
    r"(?:(?P<sec>\d{1,2}(?:[.,]\d{1,6})?)[ ]?(?:[\"”″]|'')?[ ]?)?(?P<side>[NSEWOnsewo])"
)

# A box around the oceanic pole of inaccessibility (48.88 S, 123.39 W): the nearest land is more
# than 2,000 km away (H. Lukatela, 1992).
_SOUTH: Final = (4700, 5050)
_WEST: Final = (12000, 12700)


@dataclass(frozen=True, slots=True)
class Point:
    """Degrees; `lon` is None where the text holds one number, which may then be either."""

    lat: float = field(repr=False)
    lon: float | None = field(repr=False)


def read_point(text: str) -> Point | None:
    """The point that the whole text is, or None.

    Read are a decimal pair, degrees with minutes and seconds, and one number alone.
    """
    text = text.strip()
    found = list(_DEGREES.finditer(text))
    if len(found) in (1, 2) and not _DEGREES.sub("", text).strip(" ,;/"):
        values = [_from_degrees(match) for match in found]
        return _point(values[0], values[1] if len(values) == 2 else None)
    match = _PAIR.fullmatch(text)
    if match is not None:
        lat = _signed(match["lat"], match["ns"])
        return _point(lat, _signed(match["lon"], match["ew"]))
    match = _SINGLE.fullmatch(text)
    if match is not None and re.search("[.,]", match["value"]):
        value = _signed(match["value"], match["side"])
        return Point(value, None) if abs(value) <= 180 else None
    return None


def _point(lat: float, lon: float | None) -> Point | None:
    if lon is None:
        return Point(lat, None) if abs(lat) <= 180 else None
    return Point(lat, lon) if abs(lat) <= 90 and abs(lon) <= 180 else None


def _signed(number: str, side: str | None) -> float:
    value = float(number.replace(",", ".").replace("−", "-"))
    return -abs(value) if side and side in "SWOsw" and side not in "Oo" else value


def _from_degrees(match: re.Match[str]) -> float:
    value = float(match["deg"])
    value += float((match["min"] or "0").replace(",", ".")) / 60
    value += float((match["sec"] or "0").replace(",", ".")) / 3600
    return -value if match["side"] in "SWsw" else value


def coordinates(draw: Draw, surface: str, keep: frozenset[str]) -> str | None:
    """A point in the empty South Pacific, with as many decimal places where the form is kept.

    None for degrees with minutes (their signs are quotes) and for half a pair: a lone number does
    not say which of the two it is.
    """
    match = _PAIR.fullmatch(surface.strip())
    point = read_point(surface)
    if match is None or point is None or point.lon is None:
        return None
    places = 4
    if "format" in keep:
        places = max(2, min(15, len(re.split("[.,]", match["lat"] + ".")[1])))
    south = f"{_SOUTH[0] + draw.below(_SOUTH[1] - _SOUTH[0]):d}{draw.digits(places - 2)}"
    west = f"{_WEST[0] + draw.below(_WEST[1] - _WEST[0]):d}{draw.digits(places - 2)}"
    lat, lon = f"{south[:2]}.{south[2:]}", f"{west[:3]}.{west[3:]}"
    if "format" in keep and match["ns"] and match["ew"]:
        middle = surface.strip()[match.end("lat") : match.start("lon")]
        middle = re.sub("[NSns]", "S", middle)
        tail = re.sub("[EWOewo]", "W", surface.strip()[match.end("lon") :])
        return f"{lat}{middle}{lon}{tail}"
    if "format" in keep:
        middle = surface.strip()[match.end("lat") : match.start("lon")]
        return f"-{lat}{middle}-{lon}{surface.strip()[match.end('lon') :]}"
    return f"-{lat}, -{lon}"
