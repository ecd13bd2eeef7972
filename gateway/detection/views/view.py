"""A copy of a text without disguise, and the way back to what the sender wrote. Pure."""

from __future__ import annotations

import re
import unicodedata
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from gateway.detection.structured.context import Reading

Kind = Literal["identity", "folded", "retyped", "turned", "decoded", "lettered", "spoken", "joined"]
"""How a view came about. `retyped` is folded with no letter touched: spaces, dashes, digits."""

Edit = tuple[int, int, str]
"""Replace a non-empty range of a text by other signs, or by none."""

Range = tuple[int, int]

_MARKS = frozenset({"Mn", "Me"})
_OF_NAMES = frozenset({"identity", "folded", "turned", "decoded", "lettered"})
_APART = "\n\n\n"  # no pattern of ours reaches over two empty lines
_MARGIN = 200
_SPACE = re.compile(r"\s")
_EDGE = re.compile(r"(?<=[^\d\s])\s(?=[^\d\s+(])")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a view and the original range it stands for.

    If `is_even`, sign by sign; else every sign of it stands for the whole range.
    """

    at: int
    length: int
    first: int
    last: int
    is_even: bool

    def cut(self, start: int, end: int) -> Range:
        """The original range of the part of it between two offsets of the view."""
        if not self.is_even:
            return self.first, self.last
        stop = min(end - self.at, self.length)
        return self.first + max(start - self.at, 0), self.first + stop


@dataclass(frozen=True, slots=True)
class View:
    """A copy of a text with its pieces in order. The identity view has none.

    Offsets are in code points. `reading` is the one in which all who read it share what they see.
    """

    text: str = field(repr=False)
    kind: Kind = "identity"
    pieces: tuple[Piece, ...] = field(default=(), repr=False)
    _ats: array[int] = field(default_factory=lambda: array("q"), repr=False, compare=False)
    reading: Reading = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "reading", Reading(self.text))

    @property
    def reads_names(self) -> bool:
        """Whether the view is prose in which a name can be read that no other view shows."""
        return self.kind in _OF_NAMES

    def original(self, start: int, end: int) -> Range:
        """The range of the original text that a range of this view stands for.

        It covers what was dropped inside the range.
        """
        if not self.pieces or start >= end:
            return start, end
        ranges = [piece.cut(start, end) for piece in self.over(start, end)]
        return min(first for first, _ in ranges), max(last for _, last in ranges)

    def over(self, start: int, end: int) -> Sequence[Piece]:
        """The pieces that a non-empty range touches."""
        return self.pieces[bisect_right(self._ats, start) - 1 : bisect_right(self._ats, end - 1)]


class Builder:
    """Collects a view of a view."""

    def __init__(self, base: View) -> None:
        self._base = base
        self._parts: list[str] = []
        self._pieces: list[Piece] = []
        self.size = 0

    def copy(self, start: int, end: int) -> None:
        """Append a stretch of the base unchanged."""
        if start >= end:
            return
        self._parts.append(self._base.text[start:end])
        if not self._base.pieces:
            self._add(end - start, start, end, is_even=True)
            return
        for piece in self._base.over(start, end):
            length = min(end, piece.at + piece.length) - max(start, piece.at)
            self._add(length, *piece.cut(start, end), is_even=piece.is_even)

    def put(self, signs: str, start: int, end: int) -> None:
        """Append `signs`, each of which stands for the base range.

        No signs: the range is dropped; marks count to the sign before, which they mark.
        """
        first, last = self._base.original(start, end)
        if signs:
            self._parts.append(signs)
            self._add(len(signs), first, last, is_even=len(signs) == 1 == last - first)
        elif self._pieces and unicodedata.category(self._base.text[start]) in _MARKS:
            self._attach(first, last)

    def _add(self, length: int, first: int, last: int, *, is_even: bool) -> None:
        if self._pieces and is_even:
            end = self._pieces[-1]
            if end.is_even and end.last == first:
                self._pieces[-1] = Piece(end.at, end.length + length, end.first, last, True)
                self.size += length
                return
        self._pieces.append(Piece(self.size, length, first, last, is_even))
        self.size += length

    def _attach(self, first: int, last: int) -> None:
        end = self._pieces.pop()
        if end.is_even and end.length > 1:
            self._pieces.append(Piece(end.at, end.length - 1, end.first, end.last - 1, True))
            end = Piece(end.at + end.length - 1, 1, end.last - 1, end.last, True)
        first, last = min(first, end.first), max(last, end.last)
        self._pieces.append(Piece(end.at, end.length, first, last, False))

    def view(self, kind: Kind) -> View:
        """What was collected."""
        pieces = tuple(self._pieces)
        return View("".join(self._parts), kind, pieces, array("q", [one.at for one in pieces]))


def edited(base: View, edits: Iterable[Edit], kind: Kind) -> tuple[View, list[Range]]:
    """The base with edits done, and where in the result they lie.

    Edits come in order; one that overlaps the one before it is left out.
    """
    builder = Builder(base)
    touched: list[Range] = []
    done = 0
    for start, end, signs in edits:
        if start < done:
            continue
        builder.copy(done, start)
        at = builder.size
        builder.put(signs, start, end)
        if touched and touched[-1][1] == at:
            touched[-1] = (touched[-1][0], builder.size)
        else:
            touched.append((at, builder.size))
        done = end
    builder.copy(done, len(base.text))
    return builder.view(kind), touched


def cropped(view: View, touched: Sequence[Range]) -> View:
    """The surroundings of what was touched, where that is little of a long view.

    Everything else stands in an earlier view, so nobody need read it twice.
    """
    size = len(view.text)
    if size <= 4 * _MARGIN:
        return view
    windows = list(_windows(view.text, touched))
    if sum(end - start for start, end in windows) * 3 > size * 2:
        return view
    builder = Builder(view)
    for start, end in windows:
        if builder.size:
            builder.put(_APART, start, start + 1)
        builder.copy(start, end)
    return builder.view(view.kind)


def _cut(text: str, start: int, end: int) -> int:
    """A place in a range where the text may be cut: between words, not between digits."""
    if start <= 0 or end <= 0:
        return 0
    if start >= len(text):
        return len(text)
    edge = _EDGE.search(text, start, end) or _SPACE.search(text, start, end)
    return edge.start() if edge else min(end, len(text))


def _windows(text: str, touched: Sequence[Range]) -> Iterator[Range]:
    """Disjoint ranges with a margin around what was touched, ending between words or lines."""
    begun: Range | None = None
    for start, end in touched:
        if begun is not None and end <= begun[1] - _MARGIN:
            continue
        first = _cut(text, max(0, start - 2 * _MARGIN), start - _MARGIN)
        last = _cut(text, end + _MARGIN, end + 2 * _MARGIN)
        if begun is None:
            begun = first, last
        elif first <= begun[1]:
            begun = begun[0], max(begun[1], last)
        else:
            yield begun
            begun = first, last
    if begun is not None:
        yield begun
