"""National identifiers and tax numbers: form, check digits, and the words beside them. Pure.

The check algorithms are those of python-stdnum; forms and labels stand in `identifier_table`. A
number counts without a label only if its written form and its check digits leave little doubt.
Beside its label any number of the right form counts: a wrong check digit lowers the score, since
a typing error is as private as the right number.
"""

from __future__ import annotations

import importlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType

from gateway.detection.structured import identifier_table, scan
from gateway.detection.structured.checksums import luhn
from gateway.detection.structured.context import Reading
from gateway.detection.structured.kinds import LABELS
from gateway.detection.structured.labels import Hits, hits, near
from gateway.types import Span

CHECKED = 0.85
CHECKED_LABELLED = 0.95
FORM_ONLY = 0.7
FORM_LABELLED = 0.8
NOT_CHECKED = 0.65  # above that of a phone number told by its form alone
_MAX_GROUPS = 8
_MAX_SIGNS = 24
_SEPARATORS = str.maketrans("", "", " -./\u00a0")


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of number. `alone` is the written form that needs no label; None if it needs one."""

    name: str
    entity_type: str
    lengths: range
    form: re.Pattern[str] = field(repr=False)
    alone: re.Pattern[str] | None = field(repr=False)


def _row(line: str) -> tuple[Row, str]:
    name, entity_type, lengths, form, alone, words = (part.strip() for part in line.split("; "))
    first, _, last = lengths.partition("-")
    written = {"-": None, "=": re.compile(form)}.get(alone, None if alone == "-" else alone)
    return Row(
        name=name,
        entity_type=entity_type,
        lengths=range(int(first), int(last or first) + 1),
        form=re.compile(form),
        alone=re.compile(written) if isinstance(written, str) else written,
    ), words


_ROWS = [_row(line) for line in identifier_table.TABLE.strip().splitlines()]
ROWS = tuple(row for row, _ in _ROWS)
ENTITY_TYPES = frozenset(row.entity_type for row in ROWS)
_NAMES = frozenset(row.name for row in ROWS)


def _by_length(rows: list[Row]) -> Mapping[int, tuple[Row, ...]]:
    table: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        for length in row.lengths:
            table[length].append(row)
    return MappingProxyType({length: tuple(found) for length, found in table.items()})


Forms = Mapping[int, tuple[re.Pattern[str], tuple[Row, ...]]]
"""By length, the rows that need no label, and one pattern that tells whether any of them fits."""


def _forms(rows: list[Row]) -> Forms:
    return {
        length: (re.compile("|".join(f"(?:{row.alone.pattern})" for row in of_length if row.alone)),
                 of_length)
        for length, of_length in _by_length(rows).items()
    }  # fmt: skip


_ALONE = _forms([row for row in ROWS if row.alone is not None])
_ALONE_SPACED = _forms([row for row in ROWS if row.alone is not None and " " in row.alone.pattern])
_NOT_BEFORE = frozenset("+#$€_@")
_EPOCH = re.compile(r"1[4-9]\d{8}(?:\d{3})?(?:\d{3})?\Z")  # seconds, milli- or microseconds


def identifiers(reading: Reading) -> Iterator[Span]:
    """The numbers of the table in a text."""
    labels = hits(LABELS, reading)
    named = _named(labels)
    shortest = min((*_ALONE, *named))
    text = reading.text
    for start, ends in _chains(reading):
        if text[start - 1 : start] in _NOT_BEFORE:
            continue
        forms = _ALONE
        for end in ends:
            if end - start < shortest:
                forms = _ALONE_SPACED
                continue
            value = text[start:end].translate(_SEPARATORS).upper()
            alone: list[Row] = []
            form = forms.get(len(value))
            if form is not None and form[0].fullmatch(text, start, end):
                alone = [row for row in form[1] if _stands_alone(row, text, start, end)]
            for row in named.get(len(value), ()) if named else ():
                if row not in alone and row.form.fullmatch(value):
                    alone.append(row)
            for row in alone:
                yield from _judge(reading, labels, row, value, (start, end))
            forms = _ALONE_SPACED
            if len(value) > _MAX_SIGNS:
                break


def _stands_alone(row: Row, text: str, start: int, end: int) -> bool:
    return row.alone is not None and row.alone.fullmatch(text, start, end) is not None


def _named(labels: Hits) -> Mapping[int, tuple[Row, ...]]:
    if _NAMES.isdisjoint(labels.kinds):
        return {}
    return _by_length([row for row in ROWS if row.name in labels.kinds])


def _chains(reading: Reading) -> Iterator[tuple[int, list[int]]]:
    """From each word with a digit: its start, and the ends of it and of the words joined to it.

    Words are joined by one space, or by a letter between two; letters may stand at either end.
    """
    text = reading.text
    spans = scan.words(reading)
    for index, (start, stop) in enumerate(spans):
        if stop - start > _MAX_SIGNS:
            continue
        ends = [stop]
        reach = stop
        for left, right in spans[index + 1 : index + _MAX_GROUPS]:
            if right - start > 32 or not _BETWEEN.fullmatch(text, reach, left):
                break
            ends.append(right)
            reach = right
        if text[reach : reach + 1] == " " and text[reach + 1 : reach + 2].isalpha():
            tail = _TAIL.match(text, reach)
            if tail is not None:
                ends.append(tail.end())
        yield start, ends
        if text[start - 1 : start] == " " and text[start - 2 : start - 1].isalpha():
            head = _HEAD.search(text, max(0, start - 4), start)
            if head is not None:
                yield head.start(), ends


_BETWEEN = re.compile(r"[ \u00a0](?:[A-Z] )?")
_TAIL = re.compile(r" (?:[A-Za-z]|MWST|TVA|IVA|TPV|MVA)(?![\w@])")
_HEAD = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2,3} \Z")


def _judge(
    reading: Reading, labels: Hits, row: Row, value: str, span: tuple[int, int]
) -> Iterator[Span]:
    beside = near(reading, labels, *span, row.name)
    text = reading.text[span[0] : span[1]]
    alone = row.alone is not None and row.alone.fullmatch(text) is not None
    if not beside and (not alone or _EPOCH.match(value) or _is_joined(reading.text, *span)):
        return
    # A Finnish code's separator is a part of it.
    checked = _check(row.name)(text.upper() if row.name == "fi.hetu" else value)
    if checked is None:
        score = FORM_LABELLED if beside else FORM_ONLY
    elif checked:
        score = CHECKED_LABELLED if beside else CHECKED
    else:
        score = NOT_CHECKED if beside == 1 else 0.0
    telling = checked or (checked is None and not value.isdigit())
    if score and (telling or beside == 1 or alone):
        yield Span(*span, row.entity_type, score, row.name)


def _is_joined(text: str, start: int, end: int) -> bool:
    """Whether a candidate is a part of something longer, as of a path, a price or a long number."""
    before, after = text[max(0, start - 2) : start], text[end : end + 2]
    if before[-1:].isalnum() or after[:1].isalnum() or before[-1:] in ("_", "=", "%", "&", "@"):
        return True
    if before[-1:] == "/" or after[:1] in ("_", "@", "/"):
        return True
    digits_before = len(before) == 2 and before[0].isdigit() and before[1] in ",.- "
    return digits_before or (len(after) == 2 and after[0] in ",.-" and after[1].isdigit())


# ---------------------------------------------------------------- checks

Check = Callable[[str], bool | None]


@cache
def _check(name: str) -> Check:
    """The check of a row: True or False, or None where the number has no check digit."""
    own = _OWN.get(name)
    if own is not None:
        return own
    module = importlib.import_module(f"stdnum.{name}")

    def check(value: str) -> bool:
        return bool(module.is_valid(value))

    return check


def _no_check(value: str) -> None:
    return None


_NRIC = (2, 7, 6, 5, 4, 3, 2)


def _nric(value: str) -> bool | None:
    """Singapore: weighted sum modulo 11, a letter by series; the M series has no public rule."""
    if value[0] == "M":
        return None
    total = sum(int(digit) * weight for digit, weight in zip(value[1:8], _NRIC, strict=True))
    total += 4 if value[0] in "TG" else 0
    return value[8] == ("JZIHGFEDCBA" if value[0] in "ST" else "XWUTRQPNMLK")[total % 11]


def _rvnr(value: str) -> bool:
    """German pension insurance number: digit sums of products, modulo 10 (VKVV, section 2)."""
    letter = f"{ord(value[8]) - 64:02d}"
    digits = value[:8] + letter + value[9:11]
    products = (
        int(digit) * weight
        for digit, weight in zip(digits, (2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1), strict=True)
    )
    return sum(product // 10 + product % 10 for product in products) % 10 == int(value[11])


def _kvnr(value: str) -> bool:
    """German health insurance number: the Luhn scheme over the letter's place and eight digits."""
    digits = f"{ord(value[0]) - 64:02d}{value[1:9]}"
    products = (int(digit) * (1 + index % 2) for index, digit in enumerate(digits))
    return sum(product // 10 + product % 10 for product in products) % 10 == int(value[9])


def _nass(value: str) -> bool:
    """Spanish social security number: the first ten digits modulo 97."""
    number = int(value[2:10])
    whole = int(value[:2]) * 10_000_000 + number if number < 10_000_000 else int(value[:10])
    return whole % 97 == int(value[10:])


def _dea(value: str) -> bool:
    """US drug enforcement number: digits at odd places plus twice those at even ones."""
    digits = [int(sign) for sign in value[2:]]
    return (sum(digits[0:6:2]) + 2 * sum(digits[1:6:2])) % 10 == digits[6]


def _medicare(value: str) -> bool:
    """Australian Medicare: a weighted sum of the first eight digits modulo 10."""
    weights = (1, 3, 7, 9, 1, 3, 7, 9)
    total = sum(int(sign) * weight for sign, weight in zip(value[:8], weights, strict=True))
    return total % 10 == int(value[8])


_OWN: Mapping[str, Check] = MappingProxyType(
    {
        **dict.fromkeys(
            "kr.frn kr.driver ng.nin ph.tin ph.umid za.vat za.company de.lanr de.bsnr de.hr"
            " ro.onrc uk.nino uk.driving us.mbi it.cie fr.cni de.idcard in_.pan".split(),
            _no_check,
        ),
        "us.npi": lambda value: luhn("80840" + value),
        "us.dea": _dea,
        "au.medicare": _medicare,
        "sg.nric": _nric,
        "de.rvnr": _rvnr,
        "de.kvnr": _kvnr,
        "es.nass": _nass,
    }
)
