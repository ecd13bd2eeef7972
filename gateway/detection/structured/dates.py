"""Calendar dates. Pure.

Numeric dates begin at a digit; dates with a month's name are looked for around their year, so
that a text is not searched for month names. Month names are those of the product's languages.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.detection.structured import scan
from gateway.detection.structured.context import Reading
from gateway.detection.structured.kinds import LABELS
from gateway.detection.structured.labels import Hits, hits, touches
from gateway.types import Span

_MONTH = (
    "jan(?:uary|uar|vier|eiro)?|jänner|feb(?:ruary|ruar)?|février|fevrier|febbraio|febrero|"
    "fevereiro|februari|mar(?:ch|s|zo|ço)?|märz|maart|apr(?:il|ile)?|avril|abril|mai|may|maggio|"
    "mayo|maio|mei|june?|juni|juin|giugno|junio|junho|july?|juli|juillet|luglio|julio|julho|"
    "aug(?:ust|ustus)?|août|aout|agosto|sep(?:t|tember|tembre|tiembre)?|setembro|settembre|"
    "oct(?:ober|obre)?|okt(?:ober)?|ottobre|octubre|outubro|nov(?:ember|embre|iembre|embro)?|"
    "dec(?:ember)?|dez(?:ember|embro)?|décembre|decembre|dicembre|diciembre|gennaio|enero|januari|"
    "janv|févr|juil|déc|ene|abr|ago|dic|gen|mag|giu|lug|set|ott"
)
_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
_TIME = r"(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?:\s?(?:Z|UTC|[+-]\d\d:?\d\d))?)?"
_ISO = re.compile(rf"(?:1[89]|20)\d\d([-/.])(?:0?[1-9]|1[0-2])\1{_DAY}{_TIME}(?![\w/]|-\w|\.\d)")
_NUMERIC = re.compile(
    rf"(?!(?:1[3-9]|[23]\d)[-/.](?:1[3-9]|[23]\d))"
    rf"{_DAY}([-/.])(?:0?[1-9]|[12]\d|3[01])\1(?:(?:1[89]|20)\d\d|\d\d)(?![\w/]|-\d|[.,]\d)"
    r"(?:[ ,]{1,2}\d\d?:\d\d(?::\d\d)?(?!\d))?"
)
# Of dates with dots and a short year, those with a single digit look like versions.
_VERSION = re.compile(r"\d\.\d{1,2}\.\d\d|\d\d\.\d\.\d\d")
_SPACED = re.compile(r"[0-3]?\d\.[ ][01]?\d\.[ ](?:1[89]|20)\d\d(?![\w])")
_YEAR = re.compile(r"[12][890][0-9]{2}(?![A-Za-z0-9])")
_BEFORE_YEAR = re.compile(
    rf"(?<![^\W_])(?:{_DAY}(?:st|nd|rd|th|er|º|ª|\.)?(?:[\s-]|\sof\s|\sde\s){{1,2}}(?:{_MONTH})"
    rf"|(?:{_MONTH})\.?\s{_DAY}(?:st|nd|rd|th)?)"
    r"(?:\.?,?(?:\s|-|\sde\s|\sdel\s|\sof\s){1,2})\Z",
    re.IGNORECASE,
)
# The last signs before the year of a date: of a day, a month's name, or "de".
_MAY_PRECEDE = re.compile(
    r"(?:\d(?:st|nd|rd|th)?,?|[^\W\d_]{3}\.?,?|\b(?:de|del|of))[\s.-]{1,2}\Z", re.IGNORECASE
)
_REACH = 32
_MONTH_YEAR = re.compile(
    rf"(?<![^\W_])(?:{_MONTH})\.?,?(?:\s|-|\sde\s|\sdel\s|\sof\s){{1,2}}\Z", re.IGNORECASE
)
_SCORE = 0.6


def dates(reading: Reading) -> Iterator[Span]:
    """Explicit calendar dates: DATE_OF_BIRTH beside a word of birth, else DATE_TIME."""
    text = reading.text
    labels = hits(LABELS, reading)
    for start, end in scan.words(reading):
        match = None
        if text[start] in _DIGITS and (
            text[start - 1 : start] not in _NOT_BEFORE
            or (text[start - 1] == "=" and _is_birth(reading, labels, start, end))
        ):
            match = _numeric(text, start, end) or _short_birth(reading, labels, start, end)
        year = end - 4
        if match is not None:
            yield _date(reading, labels, start, match.end())
        elif (year == start or (year > start and text[year - 1] in "-.")) and _YEAR.match(
            text, year
        ):
            yield from _before_year(reading, labels, year)


def _numeric(text: str, start: int, end: int) -> re.Match[str] | None:
    """The numeric date that begins a word."""
    if end - start < _SHORTEST and not text.startswith(". ", end):
        return None
    match = _ISO.match(text, start) or _NUMERIC.match(text, start) or _SPACED.match(text, start)
    return match if match is not None and not _VERSION.fullmatch(match[0]) else None


def _short_birth(reading: Reading, labels: Hits, start: int, end: int) -> re.Match[str] | None:
    """A date that looks like a version ("14.3.85"), where a word of birth stands beside it."""
    if end - start < _SHORTEST or not _VERSION.match(reading.text, start):
        return None
    match = _NUMERIC.match(reading.text, start)
    is_birth = match is not None and _is_birth(reading, labels, start, match.end())
    return match if is_birth else None


def _before_year(reading: Reading, labels: Hits, start: int) -> Iterator[Span]:
    """The date whose year begins at `start`, with the name of its month before it."""
    text, end = reading.text, start + 4
    if not _MAY_PRECEDE.search(text, max(0, start - 9), start):
        return
    left = _BEFORE_YEAR.search(text, max(0, start - _REACH), start)
    if left is not None:
        yield _date(reading, labels, left.start(), end)
        return
    month = _MONTH_YEAR.search(text, max(0, start - 22), start)
    if month is not None:
        yield Span(month.start(), end, "DATE_TIME", _SCORE - 0.05, "month")


_DIGITS = frozenset("0123456789")
_NOT_BEFORE = frozenset("_./-=~^<>")
_SHORTEST = 6  # signs of a numeric date, as in 1/1/70


def _date(reading: Reading, labels: Hits, start: int, end: int) -> Span:
    if _is_birth(reading, labels, start, end):
        return Span(start, end, "DATE_OF_BIRTH", 0.9, "date")
    return Span(start, end, "DATE_TIME", _SCORE, "date")


def _is_birth(reading: Reading, labels: Hits, start: int, end: int) -> bool:
    """Whether a word of birth belongs to a date: a few words off, in the same clause."""
    if reading.lower.find("d.o.b", max(0, start - 12), start) >= 0:
        return True
    if "birth" not in labels.kinds:
        return False
    if any(hit.kind == "birth" and touches(reading, hit, start) for hit in labels.before(start)):
        return True
    text = reading.text
    gaps = [text[hit.end : start] for hit in labels.before(start) if hit.kind == "birth"]
    gaps += [text[end : hit.start] for hit in labels.after(end) if hit.kind == "birth"]
    return any(_NEAR_BIRTH.fullmatch(gap) for gap in gaps)


# At most three words, and no sign between them that ends a clause.
_NEAR_BIRTH = re.compile(r"[^\w.;\n–—]{1,3}(?:[^\W\d]+[^\w.;\n–—]{1,3}){0,3}")


ENTITY_TYPES = frozenset({"DATE_TIME", "DATE_OF_BIRTH"})
