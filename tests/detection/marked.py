"""Marked texts: the value that should be found stands in brackets."""

from __future__ import annotations

import re
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


_MARK = re.compile(r"\[\[([A-Z_]+)\|(.*?)\]\]")


def labelled(line: str) -> tuple[str, list[tuple[int, int, str]]]:
    """The text of a line with marks such as [[PERSON|Anna]]; start, end and type of each."""
    text, spans, at = "", [], 0
    for mark in _MARK.finditer(line):
        text += line[at : mark.start()]
        spans.append((len(text), len(text) + len(mark[2]), mark[1]))
        text += mark[2]
        at = mark.end()
    return text + line[at:], spans


def found(text: str, *finders: Finder) -> list[tuple[str, str]]:
    """Types and values of what the finders find with a sufficient score."""
    spans = [span for finder in finders for span in finder(Reading(text))]
    kept = [trimmed(span, text) for span in above(spans, threshold_of({}))]
    cover = disjoint(span for span in kept if span is not None)
    return [(span.entity_type, text[span.start : span.end]) for span in cover]
