"""What a string or a number in an audit record may look like. Pure.

The grammars are the reason that no free text can stand in the audit log: none of them has a
space, a quote, an `@` or a letter outside ASCII, and all are bounded. A refusal names the field,
never the value.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

MAX_INT = 2**53 - 1
"""The largest integer that every JSON reader holds exactly (RFC 7493, section 2.2)."""

IDENTIFIER = re.compile(r"[A-Za-z0-9._:/+-]{0,128}")
TENANT = re.compile(r"[A-Za-z0-9._:-]{0,64}")
REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{0,64}")
UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
TIMESTAMP = re.compile(
    r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
    r"T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{6}Z"
)
REFERENCE = re.compile(r"[0-9a-f]{0,64}")
SHA256_HEX = re.compile(r"[0-9a-f]{64}")
DIGEST = re.compile(r"(?:[0-9a-f]{64})?")
ROUTE = re.compile(r"[a-z0-9/._:-]{0,64}")
CODE = re.compile(r"[a-z0-9_.:-]{0,64}")
VERSION = re.compile(r"[A-Za-z0-9.+-]{0,64}")
ENTITY_TYPE = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
LANGUAGE = re.compile(r"[a-z]{2,3}")
OPERATOR = re.compile(r"[a-z][a-z0-9_.-]{0,63}")
WORD = re.compile(r"[a-z][a-z0-9_]{0,63}")

MAX_ITEMS = 256
"""The most rule ids, entity types, roles or the like that one record may list."""


def text(field: str, value: object, grammar: re.Pattern[str]) -> None:
    """Check one string.

    Raises:
        ValueError: it is not a string of this grammar.
    """
    if type(value) is not str or grammar.fullmatch(value) is None:
        raise ValueError(f"audit record: {field} is not of its grammar")


def texts(field: str, values: object, grammar: re.Pattern[str]) -> None:
    """Check a tuple of strings.

    Raises:
        ValueError: it is not a tuple, has too many members, or one is not of the grammar.
    """
    if type(values) is not tuple or len(values) > MAX_ITEMS:
        raise ValueError(f"audit record: {field} is not a short tuple")
    for value in values:
        text(field, value, grammar)


def keys(field: str, values: Mapping[str, object], grammar: re.Pattern[str]) -> None:
    """Check the keys of a mapping.

    Raises:
        ValueError: there are too many, or one is not of the grammar.
    """
    if len(values) > MAX_ITEMS:
        raise ValueError(f"audit record: {field} has too many members")
    for key in values:
        text(field, key, grammar)


def count(field: str, value: object) -> None:
    """Check one non-negative integer that JSON holds exactly.

    Raises:
        ValueError: it is something else; `True` and 1.0 are something else.
    """
    if type(value) is not int or not 0 <= value <= MAX_INT:
        raise ValueError(f"audit record: {field} is not a count")


def counts(group: object, fields: Iterable[str]) -> None:
    """Check several fields of one group with `count`.

    Raises:
        ValueError: one of them is not a count.
    """
    for field in fields:
        count(field, getattr(group, field))


def bands(field: str, values: Mapping[str, object], totals: Mapping[str, int]) -> None:
    """Check counts by key in three bands each: of the same keys, and with the sums of `totals`.

    Raises:
        ValueError: one is not three counts, or they do not add up.
    """
    if values.keys() != totals.keys():
        raise ValueError(f"audit record: {field} has other members than their totals")
    for key, three in values.items():
        if type(three) is not tuple or len(three) != 3:
            raise ValueError(f"audit record: {field} is not three counts")
        for one in three:
            count(field, one)
        if sum(three) != totals[key]:
            raise ValueError(f"audit record: {field} does not add up")


def member(field: str, value: object, kind: type) -> None:
    """Check that a value is of exactly this class: an enum member, a group, a boolean.

    Raises:
        ValueError: it is not.
    """
    if type(value) is not kind:
        raise ValueError(f"audit record: {field} is not a {kind.__name__}")
