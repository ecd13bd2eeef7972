"""Reads values by the table of formats. Pure.

A check sign is calculated where python-stdnum says how, and looked at by the whole check. Otherwise
it is found by trial: the one sign for which the check holds. So any check of one or two signs can
stand in the table, and none needs a formula of its own here.
"""

from __future__ import annotations

import importlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import product
from types import MappingProxyType
from typing import Final

from stdnum import luhn, verhoeff
from stdnum.es import ccc
from stdnum.iso7064 import mod_11_10

from gateway.detection.structured import checksums, identifiers
from gateway.masking.formats_plan import DIGITS, LETTERS, Complete, Plan, of_kind
from gateway.masking.formats_table import TABLE

_TOKEN: Final = re.compile(r"(\[[^\]]+\]|[9A=?])(?:\{(\d+)(?:,(\d+))?\})?")
_RANGE: Final = re.compile(r"(.)-(.)")
_ANY: Final = DIGITS + LETTERS
_KEPT: Final = "="
_CHECK: Final = "?"
_NAMED: Final = MappingProxyType({"9": DIGITS, "A": LETTERS, "=": _KEPT, "?": _CHECK})


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table for one length. A token is the signs that may stand at its place."""

    variant: str
    check: str
    tokens: tuple[str, ...] | None = field(repr=False)

    def read(self, signs: str) -> Plan | None:
        """The plan of a value that has this form and passes the check; else None."""
        tokens = self.tokens
        if tokens is None:
            return Plan(self.variant, tuple(map(of_kind, signs)))
        alphabets = []
        for sign, token in zip(signs, tokens, strict=True):
            if token in (_KEPT, _CHECK):
                alphabets.append("")
            elif sign in token:
                alphabets.append(of_kind(sign, token) if len(token) > 1 else "")
            else:
                return None
        checks = tuple(at for at, token in enumerate(tokens) if token == _CHECK)
        complete = _complete(self.check, checks)
        if complete(signs) != signs:
            return None
        return Plan(self.variant, tuple(alphabets), checks, complete)


def read(entity_type: str, signs: str) -> Plan | None:
    """The plan of a value by the first line of its type that fits; None where none does."""
    rows = _ROWS[entity_type]
    for row in (*rows.get(len(signs), ()), *rows.get(0, ())):
        plan = row.read(signs)
        if plan is not None:
            return plan
    return None


# ---------------------------------------------------------------- the table


def _rows() -> Mapping[str, Mapping[int, tuple[Row, ...]]]:
    """The rows of each type by their length; 0 stands for any."""
    table: dict[str, dict[int, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for line in TABLE.strip().splitlines():
        entity_type, check, template = line.split("; ")
        for tokens in _templates(template):
            length = len(tokens) if tokens is not None else 0
            row = Row(f"{check} {template}", check, tokens)
            table[entity_type][length].append(row)
    return MappingProxyType(
        {
            name: MappingProxyType({length: tuple(rows) for length, rows in lengths.items()})
            for name, lengths in table.items()
        }
    )


def _templates(template: str) -> Iterator[tuple[str, ...] | None]:
    if template == "~":
        yield None
        return
    parts: list[list[tuple[str, ...]]] = []
    for text, least, most in _TOKEN.findall(template):
        token = _NAMED.get(text) or _listed(text[1:-1])
        first = int(least or 1)
        parts.append([(token,) * count for count in range(first, int(most or first) + 1)])
    for chosen in product(*parts):
        yield tuple(token for part in chosen for token in part)


def _listed(text: str) -> str:
    """The signs of a list, in which `A-Z` stands for a range."""

    def spread(match: re.Match[str]) -> str:
        return _ANY[_ANY.index(match[1]) : _ANY.index(match[2]) + 1]

    return _RANGE.sub(spread, text)


# ---------------------------------------------------------------- checks


@cache
def _complete(check: str, places: tuple[int, ...]) -> Complete:
    """What computes the check signs at some places."""
    name, _, argument = check.partition(" ")
    if name == "luhn":
        return _luhn(argument, places[0])
    if name == "-":
        return str
    if name == "form":
        form = next(row.form for row in identifiers.ROWS if row.name == argument)
        return lambda signs: signs if form.fullmatch(signs) else None
    if name == "vin":
        return lambda signs: _tried(checksums.vin, signs, places)
    module = importlib.import_module(f"stdnum.{name}")
    valid: Callable[[str], bool] = module.is_valid
    own = getattr(module, "calc_check_digits", getattr(module, "calc_check_digit", None))
    calculate = _CALCULATED.get(name, own)
    if calculate is None or not places:
        return lambda signs: _tried(valid, signs, places)
    return lambda signs: _calculated(calculate, valid, signs, places)


def _luhn(front: str, place: int) -> Complete:
    def complete(signs: str) -> str | None:
        if not signs[:place].isdigit():
            return None
        digit = luhn.calc_check_digit(front + signs[:place])
        return f"{signs[:place]}{digit}{signs[place + 1 :]}"

    return complete


def _of_digits(calculate: Callable[[str], str]) -> Callable[[str], str]:
    """A calculation over the digits alone, for numbers with a country in front."""
    return lambda rest: str(calculate("".join(one for one in rest if one in DIGITS)))


_CALCULATED: Final[Mapping[str, Callable[[str], str]]] = MappingProxyType(
    {
        **dict.fromkeys(
            ("ca.sin", "it.iva", "se.orgnr", "za.tin"), _of_digits(luhn.calc_check_digit)
        ),
        **dict.fromkeys(("de.idnr", "de.vat"), _of_digits(mod_11_10.calc_check_digit)),
        "in_.aadhaar": verhoeff.calc_check_digit,
        "es.ccc": lambda rest: str(ccc.calc_check_digits(f"{rest[:8]}00{rest[8:]}")),
    }
)
"""What gives the check signs of the rest of a number, where the module itself does not."""


def _calculated(
    calculate: Callable[[str], str],
    valid: Callable[[str], bool],
    signs: str,
    places: Sequence[int],
) -> str | None:
    """A number with the check signs of the rest; None where they do not fit or it is not valid."""
    first, behind = places[0], places[-1] + 1
    filling = str(calculate(signs[:first] + signs[behind:]))
    filled = signs[:first] + filling + signs[behind:]
    return filled if len(filling) == len(places) and valid(filled) else None


def _tried(valid: Callable[[str], bool], signs: str, places: Sequence[int]) -> str | None:
    """The one way to fill some places for which a check holds; None where there is not just one."""
    found: str | None = None
    for filling in product(*(of_kind(signs[place]) for place in places)):
        filled = list(signs)
        for place, sign in zip(places, filling, strict=True):
            filled[place] = sign
        candidate = "".join(filled)
        if valid(candidate):
            if found is not None:
                return None
            found = candidate
    return found


_ROWS: Final = _rows()

ENTITY_TYPES: Final = frozenset(_ROWS)
"""The types of the table."""
