"""Calendar dates as people write them: read, and written again in the same form. Pure.

Forms: ISO 8601 (`2024-03-12`, with or without a time of day), eight digits, numeric dates with
dots, slashes or dashes, and dates with the name of the month in the product's seven languages.
Month and year, or a year alone, are read too. The time of day stays as it stands.
"""

from __future__ import annotations

import calendar
import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from typing import Final

# Names of months: language, the twelve in order. Where spellings differ, one line for each.
_SERIES: Final = tuple(
    (line.split()[0], tuple(line.split()[1:]))
    for line in """
en january february march april may june july august september october november december
de januar februar märz april mai juni juli august september oktober november dezember
de jänner feber märz april mai juni juli august september oktober november dezember
fr janvier février mars avril mai juin juillet août septembre octobre novembre décembre
es enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre
it gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre
nl januari februari maart april mei juni juli augustus september oktober november december
pt janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro
en jan feb mar apr may jun jul aug sep oct nov dec
en jan feb mar apr may jun jul aug sept oct nov dec
de jan feb mär apr mai jun jul aug sep okt nov dez
de jan feb mrz apr mai jun jul aug sept okt nov dez
fr janv févr mars avr mai juin juil août sept oct nov déc
es ene feb mar abr may jun jul ago sep oct nov dic
es ene feb mar abr may jun jul ago sept oct nov dic
it gen feb mar apr mag giu lug ago set ott nov dic
nl jan feb mrt apr mei jun jul aug sep okt nov dec
pt jan fev mar abr mai jun jul ago set out nov dez
""".strip().splitlines()
)

_TIME = (
    r"(?P<tail>(?:[T\s]|,\s?|\s(?:at|um|à|a\slas|às|alle|om)\s)\d\d?(?:[:.]|\s?h\s?)\d\d"
    r"(?::\d\d(?:[.,]\d{1,9})?)?(?:\s?(?:Z|UTC|GMT|CET|CEST|Uhr|[AaPp]\.?[Mm]\.?|[+-]\d\d:?\d\d))?)?"
)
_GAP = r"\s+(?:of|de|del)\s+|,?\s+|-"
_MONTH = r"(?P<month>[^\W\d_]{3,10})(?P<dot>\.?)"
_DAY = r"(?P<day>\d\d?)(?P<ordinal>(?:st|nd|rd|th|er|º|ª|°|\.)?)"
_YEAR = r"(?P<year>(?:1[5-9]|2[01])\d\d)"
_NAMED = (
    re.compile(
        rf"{_DAY}(?P<gap>{_GAP}){_MONTH}(?P<gap2>{_GAP})(?P<year>\d{{4}}|\d\d){_TIME}",
        re.IGNORECASE,
    ),
    re.compile(rf"{_DAY}(?P<gap>\s?){_MONTH}(?P<gap2>\s?){_YEAR}{_TIME}", re.IGNORECASE),
    re.compile(rf"{_MONTH}(?P<gap>\s+){_DAY}(?P<gap2>,?\s+){_YEAR}{_TIME}", re.IGNORECASE),
    re.compile(rf"{_MONTH}(?P<gap>{_GAP}){_YEAR}", re.IGNORECASE),
)
_NUMERIC = (
    re.compile(rf"{_YEAR}(?P<gap>[-/.])(?P<month>\d\d?)(?P<gap2>(?P=gap))(?P<day>\d\d?){_TIME}"),
    re.compile(rf"{_YEAR}(?P<month>\d\d)(?P<day>\d\d)(?:(?P<tail>T\d{{4,6}}Z?))?"),
    re.compile(rf"{_YEAR}(?P<gap>[-/.])(?P<month>\d\d)"),
    re.compile(rf"(?P<month>\d\d?)(?P<gap>[-/.]){_YEAR}"),
    re.compile(_YEAR),
)
_EITHER = re.compile(
    rf"(?P<first>\d\d?)(?P<gap>[-/]|\.\s?)(?P<second>\d\d?)(?P<gap2>(?P=gap))"
    rf"(?P<year>\d{{4}}|\d\d){_TIME}"
)
_PIVOT: Final = 50
BIRTH_PIVOT: Final = 30
"""Two digits of a year below it are of this century. The clock is not read: it is a fixed rule."""
_LONGEST: Final = 64


@dataclass(frozen=True, slots=True)
class WrittenDate:
    """A date of a text. `month` and `day` are 0 where the text does not say them.

    `ambiguous`: day and month could be exchanged. `pieces` are the signs around the fields, and
    each field's form.
    """

    year: int = field(repr=False)
    month: int = field(repr=False)
    day: int = field(repr=False)
    pieces: tuple[tuple[str, str], ...] = field(repr=False)
    ambiguous: bool = False

    def on(self, other: date) -> str:
        """Another date in the same form."""
        return "".join(_field(kind, form, other) for kind, form in self.pieces)


def read_date(text: str, language: str = "", *, pivot: int = _PIVOT) -> WrittenDate | None:
    """The date that the whole text is, or None.

    `language` decides between day and month where both orders are possible: month first in
    English, except between dots; day first elsewhere. `pivot` reads years of two digits.
    """
    text = text.strip()
    if len(text) > _LONGEST or not any(sign.isdigit() for sign in text) or not _plain_digits(text):
        return None
    for pattern in _NUMERIC:
        match = pattern.fullmatch(text)
        if match is not None:
            return _written(match, _numeric_forms(match), int(_get(match, "month") or 0), pivot)
    match = _EITHER.fullmatch(text)
    if match is not None:
        return _either(match, language, pivot)
    for pattern in _NAMED:
        match = pattern.fullmatch(text)
        found = _month_of(match, language) if match is not None else None
        if match is not None and found is not None:
            series, month = found
            return _written(match, {"month": f"{series}:{match['month']}"}, month, pivot)
    return None


def shifted(text: str, days: int, language: str = "") -> str | None:
    """The date of a text moved by a number of days, in the same form; None where it has no day.

    The result reads as the moved date by the same rule, so that the days between two dates stay.
    """
    written = read_date(text, language)
    if written is None or not written.day:
        return None
    try:
        moved = date(written.year, written.month, written.day) + timedelta(days=days)
    except OverflowError:
        return None
    new = text[: len(text) - len(text.lstrip())] + written.on(moved)
    again = read_date(new, language)
    if again is None or (again.year, again.month, again.day) != (
        moved.year,
        moved.month,
        moved.day,
    ):
        return None
    return new


def _plain_digits(text: str) -> bool:
    return all(sign.isascii() for sign in text if sign.isdigit())


def _get(match: re.Match[str], name: str) -> str:
    groups = match.re.groupindex
    return (match[name] or "") if name in groups else ""


def _numeric_forms(match: re.Match[str]) -> dict[str, str]:
    """How day and month are written: with a leading zero, unless one has a single digit."""
    fields = [_get(match, name) for name in ("day", "month", "first", "second")]
    short = any(len(one) == 1 for one in fields)
    form = "1" if short else "2"
    return {"day": form, "month": form, "first": form, "second": form}


def _written(
    match: re.Match[str],
    forms: dict[str, str],
    month: int,
    pivot: int,
    fields: dict[str, str] | None = None,
) -> WrittenDate | None:
    names = fields or {}
    day = int(_get(match, "day") or 0)
    for group, meaning in names.items():
        if meaning == "day":
            day = int(match[group])
    year = _year(match["year"], pivot)
    if not _exists(year, month, day):
        return None
    pieces = []
    for name in sorted(match.re.groupindex, key=match.start):
        value = match[name]
        if value is None or (name == "ordinal" and not value):
            continue
        meaning = names.get(name, name)
        if name in ("gap", "gap2", "dot", "tail"):
            pieces.append(("text", value))
        elif meaning == "ordinal":
            pieces.append(("ordinal", value))
        elif meaning == "year":
            pieces.append(("year", str(len(value))))
        elif meaning in forms or name in forms:
            pieces.append((meaning, forms.get(name, forms.get(meaning, "1"))))
        else:
            pieces.append((meaning, "2" if value.startswith("0") else "1"))
    return WrittenDate(year, month, day, tuple(pieces))


def _either(match: re.Match[str], language: str, pivot: int) -> WrittenDate | None:
    """A numeric date with the year at its end: day first, or month first."""
    first, second = int(match["first"]), int(match["second"])
    orders = [("day", "month"), ("month", "day")]
    if language[:2] == "en" and "." not in match["gap"]:
        orders.reverse()
    found = []
    for order in orders:
        month = first if order[0] == "month" else second
        forms = _numeric_forms(match)
        names = {"first": order[0], "second": order[1]}
        written = _written(match, forms, month, pivot, names)
        if written is not None:
            found.append(written)
    if not found:
        return None
    best = found[0]
    unclear = len(found) == 2 and first != second and "." not in match["gap"]
    return WrittenDate(best.year, best.month, best.day, best.pieces, unclear)


def _year(text: str, pivot: int) -> int:
    if len(text) == 4:
        return int(text)
    return int(text) + (2000 if int(text) < pivot else 1900)


def _exists(year: int, month: int, day: int) -> bool:
    if month == 0:
        return day == 0
    if not (1 <= month <= 12 and year >= 1):
        return False
    return day <= calendar.monthrange(year, month)[1]


# ---------------------------------------------------------------- names of months


def _plain(word: str) -> str:
    decomposed = unicodedata.normalize("NFD", word.lower())
    return "".join(sign for sign in decomposed if not unicodedata.combining(sign))


@cache
def _by_word() -> dict[str, tuple[tuple[int, int], ...]]:
    found: dict[str, list[tuple[int, int]]] = {}
    for index, (_, names) in enumerate(_SERIES):
        for month, name in enumerate(names, 1):
            for word in {name, _plain(name)}:
                found.setdefault(word, []).append((index, month))
    return {word: tuple(places) for word, places in found.items()}


def _month_of(match: re.Match[str], language: str) -> tuple[int, int] | None:
    """The series and the number of the month's name; the language given counts first."""
    places = _by_word().get(unicodedata.normalize("NFC", match["month"].lower()), ())
    if not places:
        return None
    likely = [language[:2]]
    gaps = (_get(match, "gap") + _get(match, "gap2")).lower()
    ordinal = _get(match, "ordinal")
    if " de " in gaps or " del " in gaps:
        likely += ["es", "pt"]
    elif ordinal == ".":
        likely += ["de"]
    elif ordinal == "er":
        likely += ["fr"]
    for wanted in likely:
        for place in places:
            if _SERIES[place[0]][0] == wanted:
                return place
    return places[0]


def _field(kind: str, form: str, day: date) -> str:
    """A field of a date in the form that it had."""
    if kind == "ordinal":
        return _ordinal(form, day.day)
    if kind == "month" and ":" in form:
        series, _, word = form.partition(":")
        return _month_name(int(series), word, day.month)
    numbers = {"day": day.day, "month": day.month, "year": day.year}
    if kind not in numbers:
        return form
    width = int(form)
    number = numbers[kind] % 100 if kind == "year" and width == 2 else numbers[kind]
    return f"{number:0{width}d}"


def _month_name(series: int, word: str, month: int) -> str:
    """The name of a month in the spelling and the capitals of another."""
    name = _SERIES[series][1][month - 1]
    if unicodedata.normalize("NFC", word.lower()) not in _SERIES[series][1]:
        name = _plain(name)
    if word.isupper():
        return name.upper()
    return name if word.islower() else name.capitalize()


def _ordinal(form: str, day: int) -> str:
    if form in ("st", "nd", "rd", "th"):
        return {1: "st", 2: "nd", 3: "rd"}.get(day % 10 if day // 10 != 1 else 0, "th")
    if form == "er":
        return "er" if day == 1 else ""
    return form
