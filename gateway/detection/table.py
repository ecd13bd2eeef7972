"""All recognizers of our own, in the order in which a text is read. Pure."""

from __future__ import annotations

from collections.abc import Callable

from gateway.detection import addresses, names, numbers, patterns, secrets
from gateway.detection.context import Reading
from gateway.types import Span

RULES = (*patterns.RULES, *secrets.RULES)
FINDERS = (
    *patterns.FINDERS,
    *secrets.FINDERS,
    numbers.phones,
    numbers.cards,
    names.people,
    addresses.addresses,
)
ENTITY_TYPES: frozenset[str] = (
    patterns.ENTITY_TYPES
    | secrets.ENTITY_TYPES
    | names.ENTITY_TYPES
    | addresses.ENTITY_TYPES
    | {"PHONE_NUMBER", "CREDIT_CARD"}
)
"""Every entity type that the table can find."""


def read(reading: Reading, between: Callable[[], object]) -> list[Span]:
    """What the table finds in a text, in no order and possibly overlapping.

    `between` is called before each recognizer; it may raise to stop the work.
    """
    found: list[Span] = []
    for rule in RULES:
        between()
        found.extend(patterns.find(rule, reading))
    for finder in FINDERS:
        between()
        found.extend(finder(reading))
    return found
