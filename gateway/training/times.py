"""Dates, times and periods as they are written in each language."""

from __future__ import annotations

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

    __slots__ = ("_day", "_draw", "_lang", "_minute", "_month", "_second", "_year", "hour")

    def __init__(self, draw: Draw, lang: str, low: int = 1900, high: int = 2031) -> None:
        self._draw, self._lang = draw, lang
        self._year = year(draw, low, high)
        self._month = draw.below(12)
        self._day = draw.between(1, _DAYS[self._month])
        self.hour = draw.between(0, 23)
        self._minute = draw.pick((0, 0, 15, 30, 45)) if draw.chance(0.5) else draw.below(60)
        self._second = draw.below(60)

    def __call__(self, name: str) -> str:
        """The value of a field. Raises KeyError: no such field."""
        plain = self._plain(name)
        if plain is not None:
            return plain
        draw, lang = self._draw, self._lang
        if name in ("month", "MONTH"):
            month = words(lang, "months")[self._month]
            self._month = (self._month + draw.between(1, 4)) % 12
            return month.upper() if name == "MONTH" else month
        if name == "mon":
            return words(lang, "months_short")[self._month]
        if name == "wd":
            return draw.pick(words(lang, "weekdays"))
        if name == "wds":
            return draw.pick(words(lang, "weekdays_short"))
        if name == "hw":
            return draw.pick(words(lang, "hours"))
        if name in ("date", "time"):
            return filled(draw.pick(words(lang, name)), self)
        raise KeyError(name)

    def _plain(self, name: str) -> str | None:
        day, hour = self._day, self.hour
        value: str | int | None = None
        match name:
            case "d":
                value = day
            case "dd":
                value = f"{day:02}"
            case "d2":
                value = min(day + self._draw.between(1, 9), 31)
            case "dd2":
                value = f"{min(day + self._draw.between(1, 9), 31):02}"
            case "ord":
                value = _ordinal(day)
            case "d1er":
                value = "1er" if day == 1 else day
            case "d1o":
                value = "1º" if day == 1 else day
            case "m":
                value = self._month + 1
            case "mm":
                value = f"{self._month + 1:02}"
            case "yyyy":
                value = self._year
            case "yyyy2":
                value = self._year + self._draw.between(1, 12)
            case "yy":
                value = f"{self._year % 100:02}"
            case "q":
                value = self._draw.between(1, 4)
            case "n":
                value = self._draw.between(2, 20)
            case "H":
                value = hour
            case "HH":
                value = f"{hour:02}"
            case "h":
                value = hour % 12 or 12
            case "MM":
                value = f"{self._minute:02}"
            case "SS":
                value = f"{self._second:02}"
            case "ap":
                value = "am" if hour < 12 else "pm"
        return None if value is None else str(value)  # fmt: skip


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


def stamp(draw: Draw) -> str:
    """A timestamp as machines write it."""
    moment = Moment(draw, "en", 2005, 2027)
    return filled(
        draw.pick(
            (
                "{yyyy}-{mm}-{dd}T{HH}:{MM}:{SS}Z",
                "{yyyy}-{mm}-{dd} {HH}:{MM}:{SS}",
                "{yyyy}-{mm}-{dd} {HH}:{MM}:{SS},123",
                "{yyyy}-{mm}-{dd}T{HH}:{MM}:{SS}.482Z",
                "{yyyy}-{mm}-{dd}T{HH}:{MM}:{SS}+01:00",
                "{dd}/Mar/{yyyy}:{HH}:{MM}:{SS} +0000",
                "{yyyy}/{mm}/{dd} {HH}:{MM}:{SS}",
                "Nov {dd} {HH}:{MM}:{SS}",
            )
        ),
        moment,
    )
