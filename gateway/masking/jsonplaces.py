"""Where JSON that is still being written may be cut, and which stretches of it may be replaced.

Pure. The text is read by its string literals alone, so that what is no JSON has places too: there
every word stands outside any string, and what replaces it becomes a string.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

from gateway.masking.endings import last_ending

New: TypeAlias = tuple[int, int, str]
"""A stretch of new data, half-open in code points, with its entity type."""

_INSIDE: Final = re.compile(r'[^"\\]*(?:\\.[^"\\]*)*\\?', re.DOTALL)
_ESCAPE: Final = re.compile(r"\\(?:u[0-9a-fA-F]{4}|u[0-9a-fA-F]{0,3}\Z|.|\Z)", re.DOTALL)
_WORD: Final = re.compile(r"[^\s\[\]{},:]+")
_WORDS: Final = re.compile(r"[^\s\[\]{},:]+(?:[ \t]+[^\s\[\]{},:]+)*")


class JsonPlaces:
    """Reads windows of one JSON text, each of which begins where `forget` has said."""

    __slots__ = ("_in_string",)

    def __init__(self) -> None:
        self._in_string = False  # whether the window begins in a string literal

    def __repr__(self) -> str:
        return "JsonPlaces()"

    def last_end(self, text: str, start: int) -> int:
        """The last place after `start` where a sentence, line or value has ended; or `start`."""
        place = start
        for low, high, in_string in self._parts(text):
            if high <= start:
                continue
            first = max(low, start)
            if in_string:
                place = max(place, last_ending(text, first, high, is_json=True))
            else:
                place = max(place, *(text.rfind(sign, first, high) + 1 for sign in ",}]"))
        return place

    def whole(self, text: str, place: int) -> int:
        """The place itself, or the beginning of the escape in which it lies."""
        low, high, in_string = self._part(text, place)
        return self._widened(text, low, high, place, place)[0] if in_string else place

    def is_in_string(self, text: str, at: int) -> bool:
        """Whether a string literal is open at a place."""
        return self._part(text, at)[2]

    def forget(self, text: str, cut: int) -> int:
        """Let the window begin at a place, or just before it; gives the place."""
        cut = self.whole(text, cut)
        self._in_string = self.is_in_string(text, cut)
        return cut

    def fitted(self, text: str, new: Sequence[New]) -> list[New]:
        """Findings as they may be replaced: parts of literals, and whole words outside them."""
        found: list[New] = []
        done = 0
        parts = list(self._parts(text)) if new else []
        for start, end, entity_type in new:
            for low, high, in_string in parts:
                if high <= start or low >= end:
                    continue
                for first, last in self._pieces(text, low, high, in_string, (start, end)):
                    if max(first, done) < last:
                        found.append((max(first, done), last, entity_type))
                        done = last
        return found

    def run(self, text: str, start: int, end: int | None) -> tuple[int, int]:
        """The part of a range that lies in the literal or word at its end.

        Without an end: from `start` to the end of the literal or word in which it lies.
        """
        if end is None:
            low, high, in_string = self._part(text, start)
            if in_string:
                return start, high
            word = _WORD.match(text, start, high)
            return start, word.end() if word else start
        low, high, in_string = [part for part in self._parts(text) if part[0] < end][-1]
        if not in_string:
            words = list(_WORD.finditer(text, low, min(high, end)))
            low, high = words[-1].span() if words else (end, end)
        return min(max(start, low), end), min(high, end)

    @staticmethod
    def said(raw: str) -> str:
        """What a stretch of a literal says, its escapes read."""
        try:
            return str(json.loads(f'"{raw}"', strict=False))
        except ValueError:
            return raw

    def _parts(self, text: str) -> Iterator[tuple[int, int, bool]]:
        """The insides of string literals, and what is between them, without the quotes."""
        at, in_string = 0, self._in_string
        while at <= len(text):
            if in_string:
                inside = _INSIDE.match(text, at)
                end = inside.end() if inside else at
            else:
                quote = text.find('"', at)
                end = quote if quote >= 0 else len(text)
            yield at, end, in_string
            at, in_string = end + 1, not in_string

    def _part(self, text: str, at: int) -> tuple[int, int, bool]:
        return next(part for part in self._parts(text) if part[0] <= at <= part[1])

    def _pieces(
        self, text: str, low: int, high: int, in_string: bool, wanted: tuple[int, int]
    ) -> list[tuple[int, int]]:
        start, end = max(low, wanted[0]), min(high, wanted[1])
        if in_string:
            return [self._widened(text, low, high, start, end)]
        return [
            words.span()
            for words in _WORDS.finditer(text, low, high)
            if words.start() < end and start < words.end()
        ]

    @staticmethod
    def _widened(text: str, low: int, high: int, start: int, end: int) -> tuple[int, int]:
        """A range in the inside of a literal, with the escapes whole that it cuts."""
        for escape in _ESCAPE.finditer(text, low, high):
            if escape.start() >= end:
                break
            if escape.start() < start < escape.end():
                start = escape.start()
            if escape.start() < end < escape.end():
                end = escape.end()
        return start, end
