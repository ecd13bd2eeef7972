"""Marked texts: the value that should be found stands in brackets."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from gateway.detection.spans import above, disjoint, threshold_of, trimmed
from gateway.detection.structured.context import Reading
from gateway.types import Span

Finder = Callable[[Reading], Iterable[Span]]


def unmarked(marked: str, brackets: str = "[]") -> tuple[str, str]:
    """The text without its brackets, and what stood in them."""
    left, right = brackets
    before, _, rest = marked.partition(left)
    value, _, after = rest.partition(right)
    return before + value + after, value


def found(text: str, *finders: Finder) -> list[tuple[str, str]]:
    """Types and values of what the finders find with a sufficient score."""
    spans = [span for finder in finders for span in finder(Reading(text))]
    kept = [trimmed(span, text) for span in above(spans, threshold_of({}))]
    cover = disjoint(span for span in kept if span is not None)
    return [(span.entity_type, text[span.start : span.end]) for span in cover]
