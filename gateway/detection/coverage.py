"""The proof that every character was scanned. Pure.

Each stage says how far it has read a view. A view counts as read when every stage that should
have read it says so, and says its whole length; anything else raises, and a text that raises is
never clean.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gateway.detection.tokenclassifier import IncompleteRead
from gateway.types import Span


@dataclass(frozen=True, slots=True)
class Read:
    """What a stage found in a text, and how many code points it says it has read."""

    stage: str
    spans: Sequence[Span]
    scanned: int


def complete(reads: Iterable[Read], stages: Sequence[str], length: int) -> list[Span]:
    """The spans of all stages, given that each of `stages` has read all of the text.

    Raises:
        IncompleteRead: a stage is missing, is there twice, or stopped before the end.
    """
    found: list[Span] = []
    seen: list[str] = []
    for read in reads:
        if read.scanned != length:
            raise IncompleteRead(f"{read.stage} read {read.scanned} of {length} code points")
        seen.append(read.stage)
        found.extend(read.spans)
    if sorted(seen) != sorted(stages):
        raise IncompleteRead(f"{len(stages)} stages should have read a text, {len(seen)} did")
    return found


def reach(windows: Iterable[tuple[int, int]], text: str) -> int:
    """How far windows, in order, cover a text without a gap; white space needs no window."""
    at = 0
    for start, end in windows:
        if start > at and text[at:start].strip():
            break
        at = max(at, end)
    return len(text) if not text[at:].strip() else at
