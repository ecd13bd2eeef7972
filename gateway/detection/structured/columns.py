"""Tables in text: values that are known by the heading of their column. Pure.

A table is a line of headings and the lines below it that have as many cells, parted by commas,
semicolons, tabs or bars. In lists of people the label stands once, at the top, too far away from
its values to be read as a label beside them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from gateway.detection.structured.context import Reading
from gateway.detection.structured.identifiers import ROWS
from gateway.detection.structured.kinds import KINDS, LABELS
from gateway.detection.structured.labelled import FORMS
from gateway.detection.structured.labels import Hits, hits
from gateway.types import Span

_DELIMITERS = ",;\t|"
_MIN_CELLS, _MAX_CELLS, _MAX_HEADING = 3, 64, 600
_CELL = {sign: re.compile(rf'"[^"\n]*"|[^{re.escape(sign)}\n"]*') for sign in _DELIMITERS}
_RULE = re.compile(r"[\s|:+=-]+\Z")
_ROWS = {row.name: row for row in ROWS}
_SEPARATORS = str.maketrans("", "", " -./")
_PERSONAL = frozenset(
    "phone birth ssn address national_id employee customer medical_record".split()
)
_PHONE = re.compile(r"\+?[\d ().\-/]{6,22}(?:[ ]?(?:x|ext\.?)[ ]?\d{1,6})?")
_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}")
_NAME = re.compile(r"[^\W\d_][^\W\d_.'’-]{0,24}\.?(?:[ '’-][^\W\d_][^\W\d_.'’-]{0,24}\.?){0,4}")
_ADDRESS = re.compile(r"(?=[^\d\n]{0,60}\d)(?=[^\n]{0,40}[^\W\d_]{3})[^\n@]{6,120}")
_PLAIN = {
    "phone": ("PHONE_NUMBER", _PHONE, 0.7),
    "birth": ("DATE_OF_BIRTH", _DATE, 0.85),
    "address": ("ADDRESS", _ADDRESS, 0.65),
    "password": ("SECRET", re.compile(r"\S{4,64}"), 0.7),
    "passcode": ("SECRET", re.compile(r"\d{3,8}"), 0.7),
    "full_name": ("PERSON", _NAME, 0.7),
    "username": ("USERNAME", re.compile(r"[\w.@-]{3,40}"), 0.65),
}

Cells = list[tuple[int, int]]


def columns(reading: Reading) -> Iterator[Span]:
    """The values below headings that are labels."""
    text = reading.text
    if not any(text.count(sign) >= 2 * (_MIN_CELLS - 1) for sign in _DELIMITERS):
        return
    labels = hits(LABELS, reading)
    if not labels.all:
        return
    lines = list(_lines(text))
    index = 0
    while index < len(lines) - 1:
        named = next(labels.within(*lines[index]), None) is not None
        heading = _heading(text, lines[index], lines[index + 1]) if named else None
        kinds = _kinds(text, labels, heading[1]) if heading is not None else {}
        index += 1
        if heading is None or not kinds:
            continue
        for start, end in islice(lines, index, None):
            if _RULE.match(text, start, end):
                index += 1
                continue
            cells = _cells(text, start, end, heading[0])
            if len(cells) != len(heading[1]):
                break
            index += 1
            for column, kind in kinds.items():
                yield from _value(text, cells[column], kind)


def _lines(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        if end > start:
            yield start, end
        start = end + 1


def _heading(text: str, line: tuple[int, int], below: tuple[int, int]) -> tuple[str, Cells] | None:
    """The delimiter and the cells of a line, if it may be the headings of the line below it."""
    start, end = line
    if end - start > _MAX_HEADING:
        return None
    sign = max(_DELIMITERS, key=lambda delimiter: text.count(delimiter, start, end))
    if text.count(sign, start, end) < _MIN_CELLS - 1 or text.count(sign, *below) == 0:
        return None
    if any(map(str.isdigit, text[start:end])):
        return None
    cells = _cells(text, start, end, sign)
    return (sign, cells) if _MIN_CELLS <= len(cells) <= _MAX_CELLS else None


def _cells(text: str, start: int, end: int, sign: str) -> Cells:
    """Where the cells of a line stand, without the white space and quotes around them."""
    cells: Cells = []
    at = start
    while at <= end and len(cells) <= _MAX_CELLS:
        while at < end and text[at] in " \r":
            at += 1
        match = _CELL[sign].match(text, at, end)
        stop = match.end() if match is not None else at
        left, right = at, stop
        while right > left and text[right - 1] in ' \r"':
            right -= 1
        while left < right and text[left] in ' "':
            left += 1
        cells.append((left, right))
        while stop < end and text[stop] != sign:
            stop += 1
        at = stop + 1
    return cells


def _kinds(text: str, labels: Hits, cells: Cells) -> dict[int, str]:
    """What the headings name; names of people only beside something else that is personal."""
    kinds: dict[int, str] = {}
    for column, (start, end) in enumerate(cells):
        known = [
            hit
            for hit in labels.within(start, end)
            if 2 * (hit.end - hit.start) > end - start and _is_readable(hit.kind)
        ]
        if known:
            kinds[column] = max(known, key=lambda hit: (hit.end - hit.start, hit.kind)).kind
    if not any(kind in _PERSONAL for kind in kinds.values()):
        kinds = {column: kind for column, kind in kinds.items() if kind != "full_name"}
    return kinds


def _is_readable(kind: str) -> bool:
    return kind in _PLAIN or kind in KINDS or kind in _ROWS


def _value(text: str, cell: tuple[int, int], kind: str) -> Iterator[Span]:
    start, end = cell
    if end - start < 3:
        return
    if kind in _PLAIN:
        entity_type, form, score = _PLAIN[kind]
        if form.fullmatch(text, start, end):
            yield Span(start, end, entity_type, score, "column")
    elif kind in KINDS:
        match = FORMS[KINDS[kind].form].match(text, start, end)
        if match is not None and match.end() == end:
            score = 0.88 if KINDS[kind].strong else 0.65
            yield Span(start, end, KINDS[kind].entity_type, score, "column")
    elif _ROWS[kind].form.fullmatch(text[start:end].translate(_SEPARATORS).upper()):
        yield Span(start, end, _ROWS[kind].entity_type, 0.65, "column")
