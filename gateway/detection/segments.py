"""Leaves in, texts for the detector out; spans back, findings out. Pure.

Leaves of one group are read as one text. Beside these, the seams between consecutive texts are
read again as one, so that a value that was split over two messages is found all the same.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from gateway.types import Finding, Leaf, LeafKind, Span

_REACH = 64  # code points on each side of a seam
# What may be pieced together over a seam: types whose form leaves little to chance.
_SEAM_TYPES = frozenset({"CREDIT_CARD", "IBAN", "EMAIL_ADDRESS", "US_SSN", "API_KEY", "JWT"})

# The fields of all API families that hold what was said in turn.
_CONVERSATIONS = frozenset({"messages", "input"})


@dataclass(frozen=True, slots=True)
class Segment:
    """One text for the detector: parts as (leaf, offset in the leaf, start, end in the text)."""

    text: str = field(repr=False)
    parts: tuple[tuple[int, int, int, int], ...]
    is_seam: bool = False


def segments(leaves: Sequence[Leaf]) -> list[Segment]:
    """The texts to be read: one per leaf or group, then one per seam."""
    found: list[Segment] = []
    at = 0
    while at < len(leaves):
        end = at + 1
        group = leaves[at].group
        while group >= 0 and end < len(leaves) and leaves[end].group == group:
            end += 1
        found.append(_joined(leaves, at, end))
        at = end
    return found + _seams(leaves)


def _joined(leaves: Sequence[Leaf], start: int, end: int) -> Segment:
    if end == start + 1:
        text = leaves[start].text
        return Segment(text, ((start, 0, 0, len(text)),))
    pieces: list[str] = []
    parts: list[tuple[int, int, int, int]] = []
    position = 0
    for index in range(start, end):
        leaf = leaves[index]
        parts.append((index, 0, position, position + len(leaf.text)))
        pieces.append(leaf.text + leaf.glue)
        position += len(leaf.text) + len(leaf.glue)
    return Segment("".join(pieces), tuple(parts))


def _seams(leaves: Sequence[Leaf]) -> list[Segment]:
    """The seams between neighbours, and between a role's text and its next one."""
    texts = [
        index
        for index, leaf in enumerate(leaves)
        if _is_spoken(leaf) and leaf.kind is LeafKind.PROSE and not leaf.glue
    ]
    pairs: dict[tuple[int, int], None] = {}
    latest: dict[str, int] = {}
    for previous, index in pairwise(texts):
        pairs[previous, index] = None
        latest[leaves[previous].role] = previous
        same = latest.get(leaves[index].role)
        if same is not None:
            pairs[same, index] = None
    found = []
    for left, right in pairs:
        group = leaves[left].group
        if group >= 0 and all(leaf.group == group for leaf in leaves[left : right + 1]):
            continue  # one text already
        head = leaves[left].text[-_REACH:]
        tail = leaves[right].text[:_REACH]
        if head and tail and head[-1:].isalnum() | (head[-1:] in "-_.@ "):
            parts = (
                (left, len(leaves[left].text) - len(head), 0, len(head)),
                (right, 0, len(head), len(head) + len(tail)),
            )
            found.append(Segment(head + tail, parts, is_seam=True))
    return found


def _is_spoken(leaf: Leaf) -> bool:
    """Whether a text stands in a conversation; a list of plain texts is none."""
    return leaf.path[0] in _CONVERSATIONS and len(leaf.path) > 2


def findings(
    leaves: Sequence[Leaf], read: Sequence[Segment], spans: Sequence[Sequence[Span]]
) -> list[Finding]:
    """The findings of all segments, in document order."""
    found: list[Finding] = []
    seams: list[tuple[Segment, Span]] = []
    for segment, of_segment in zip(read, spans, strict=True):
        for span in of_segment:
            if segment.is_seam:
                seams.extend((segment, one) for one in span.told)
            else:
                found.extend(_placed(leaves, segment, span))
    by_leaf: dict[int, list[Finding]] = {}
    for finding in found:
        by_leaf.setdefault(finding.leaf, []).append(finding)
    for segment, span in seams:
        pieces = _placed(leaves, segment, span)
        if len(pieces) > 1 and span.entity_type in _SEAM_TYPES and not _known(by_leaf, pieces):
            found.extend(pieces)
    found.sort(key=lambda finding: (finding.leaf, finding.start, finding.end))
    return found


def _known(by_leaf: Mapping[int, Sequence[Finding]], pieces: Sequence[Finding]) -> bool:
    """Whether a piece overlaps what its own text has shown already: then the seam adds nothing."""
    return any(
        known.start < piece.end
        and piece.start < known.end
        and known.entity_type == piece.entity_type
        for piece in pieces
        for known in by_leaf.get(piece.leaf, ())
    )


def _placed(leaves: Sequence[Leaf], segment: Segment, span: Span) -> list[Finding]:
    """A span's pieces in the leaves that it touches.

    Where a span reaches from a key over to its value, the value alone is meant. Of one that
    reaches over several leaves, each thing that was found there is placed by itself.
    """
    pieces: list[Finding] = []
    first = bisect_right(segment.parts, span.start, key=_part_start) - 1
    for leaf, offset, start, end in segment.parts[max(0, first) :]:
        if start >= span.end:
            break
        low, high = max(span.start, start), min(span.end, end)
        if low < high:
            place = (offset + low - start, offset + high - start)
            pieces.append(Finding(leaf, *place, span.entity_type, span.score, span.recognizer))
            if span.parts and (low, high) == (span.start, span.end):
                return [replace(pieces[0], parts=_moved(span.parts, offset - start))]
    if span.parts:
        return [piece for one in span.parts for piece in _placed(leaves, segment, one)]
    if len(pieces) < 2:
        return pieces
    values = [piece for piece in pieces if leaves[piece.leaf].glue != ": "]
    if values and len(values) < len(pieces):
        pieces = values
    if len(pieces) == 1:
        return pieces
    return [
        Finding(
            piece.leaf,
            piece.start,
            piece.end,
            piece.entity_type,
            piece.score,
            piece.recognizer,
            False,
        )
        for piece in pieces
    ]


def _moved(spans: Sequence[Span], by: int) -> tuple[Span, ...]:
    return tuple(replace(one, start=one.start + by, end=one.end + by) for one in spans)


def _part_start(part: tuple[int, int, int, int]) -> int:
    return part[2]
