"""Which of several entity types a range is masked under: the one that tells least. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gateway.operator_kinds import exposure
from gateway.types import Finding, OperatorUse, Span


def strictest(types: Sequence[str], operator_for: Callable[[str], OperatorUse]) -> str:
    """That of these types, at least one, whose operator tells least; the first of such."""
    return min(types, key=lambda one: exposure(operator_for(one).name))


def type_of(found: Finding | Span, operator_for: Callable[[str], OperatorUse]) -> str:
    """The type under which all of what was found at one place is masked."""
    if not found.parts:
        return found.entity_type
    return strictest((found.entity_type, *(one.entity_type for one in found.parts)), operator_for)
