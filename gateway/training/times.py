"""Dates, times and periods as they are written in each language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from gateway.training.data import words
from gateway.training.draw import Draw, filled

_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def _ordinal(day: int) -> str:
    if 10 < day < 14:
        return f"{day}th"
    return f"{day}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(day % 10, 'th') }"


def year(draw: Draw, low: int = 1900, high: int = 2031) -> int:
    """A year, mostly of our time."""
    point = draw.below(100)
    if point < 70:
        return draw.between(max(low, 1985), min(high, 2027))
    return draw.between(low, high)


class Moment:
    """One moment, to be written in parts: the values of the fields of a pattern."""

    __slots__ = ("day", "draw", "hour", "lang", "minute", "month", "second", "year")

    def __init__(self, draw: Draw, lang: str, low: int = 1900, high: int = 2031) -> None:
        self.draw, self.lang = draw, lang
        self.year = year(draw, low, high)
        self.month = draw.below(12)
        self.day = draw.between(1, _DAYS[self.month])
        self.hour = draw.between(0, 23)
        self.minute = draw.pick((0, 0, 15, 30, 45)) if draw.chance(0.5) else draw.below(60)
        self.second = draw.below(60)

    def __call__(self, name: str) -> str:
        """The value of a field. Raises KeyError: no such field."""
        maker = _FIELDS.get(name)
        if maker is not None:
            return str(maker(self))
        if name in ("date", "time"):
            return filled(self.draw.pick(words(self.lang, name)), self)
        return self.draw.pick(words(self.lang, _LISTS[name]))

    def month_name(self) -> str:
        """The name of the month; the next time, of a later one."""
        name = words(self.lang, "months")[self.month]
        self.month = (self.month + self.draw.between(1, 4)) % 12
        return name


_LISTS: Final = MappingProxyType({"wd": "weekdays", "wds": "weekdays_short", "hw": "hours"})
_FIELDS: Final[Mapping[str, Callable[[Moment], str | int]]] = MappingProxyType(
    {
        "d": lambda at: at.day,
        "dd": lambda at: f"{at.day:02}",
        "d2": lambda at: min(at.day + at.draw.between(1, 9), 31),
        "dd2": lambda at: f"{min(at.day + at.draw.between(1, 9), 31):02}",
        "ord": lambda at: _ordinal(at.day),
        "d1er": lambda at: "1er" if at.day == 1 else at.day,
        "d1o": lambda at: "1º" if at.day == 1 else at.day,
        "m": lambda at: at.month + 1,
        "mm": lambda at: f"{at.month + 1:02}",
        "month": Moment.month_name,
        "MONTH": lambda at: at.month_name().upper(),
        "mon": lambda at: words(at.lang, "months_short")[at.month],
        "yyyy": lambda at: at.year,
        "yyyy2": lambda at: at.year + at.draw.between(1, 12),
        "yy": lambda at: f"{at.year % 100:02}",
        "yy2": lambda at: f"{(at.year + 1) % 100:02}",
        "q": lambda at: at.draw.between(1, 4),
        "n": lambda at: at.draw.between(2, 20),
        "H": lambda at: at.hour,
        "HH": lambda at: f"{at.hour:02}",
        "h": lambda at: at.hour % 12 or 12,
        "MM": lambda at: f"{at.minute:02}",
        "SS": lambda at: f"{at.second:02}",
        "ap": lambda at: "am" if at.hour < 12 else "pm",
    }
)


def written(draw: Draw, lang: str, section: str) -> str:
    """A date, time, datetime, month_year or period, in one of the language's forms."""
    pattern = draw.pick(words(lang, section))
    if section == "dob":
        return filled(pattern, Moment(draw, lang, 1925, 2022))
    return filled(pattern, Moment(draw, lang))


def written_year(draw: Draw, lang: str) -> str:
    """A year."""
    if draw.chance(0.04):
        return filled(draw.pick(words(lang, "year_words")), Moment(draw, lang))
    low = 1500 if draw.chance(0.1) else 1900
    return str(year(draw, low))


def age(draw: Draw, lang: str) -> str:
    """A number of years."""
    pattern = draw.pick(words(lang, "age"))
    if pattern == "{nw}":
        return draw.pick(words(lang, "numbers"))
    return str(draw.between(1, 17) if draw.chance(0.15) else draw.between(18, 99))
