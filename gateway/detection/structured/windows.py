"""The parts of a text where a national identifier can stand: the neighbourhood of digits. Pure.

A hundred regexes over a whole prompt cost more than all other work. Each of their matches holds
a digit, so they need to see only the words with digits and a few words on either side: as many
as a pattern with a label before ("prior authorization number: ...") or letters behind can reach.
"""

from __future__ import annotations

import re
from bisect import bisect_right

WORDS_LEFT = 5
WORDS_RIGHT = 2
# A line break ends a match as white space would; the sign after it belongs to no pattern.
_JOINT = "\n\x00\n"

_GAP = re.compile(r"\s+")
_DIGIT = re.compile(r"\d")
_REACH = 200  # code points on either side, whatever the words


class Windows:
    """The neighbourhoods of digits, joined to one text, with the way back to the original."""

    __slots__ = ("_offsets", "_starts", "text")

    def __init__(self, text: str) -> None:
        pieces = _neighbourhoods(text)
        self._starts: list[int] = []
        self._offsets: list[int] = []
        at = 0
        for start, end in pieces:
            self._starts.append(at)
            self._offsets.append(start - at)
            at += end - start + len(_JOINT)
        self.text = _JOINT.join(text[start:end] for start, end in pieces)

    def original(self, at: int) -> int:
        """What has to be added to an offset in `text` to get the offset in the original."""
        return self._offsets[bisect_right(self._starts, at) - 1]


def _neighbourhoods(text: str) -> list[tuple[int, int]]:
    pieces: list[tuple[int, int]] = []
    at = 0
    while (digit := _DIGIT.search(text, at)) is not None:
        start, end = _left(text, digit.start()), _right(text, digit.end())
        if pieces and start <= pieces[-1][1]:
            pieces[-1] = (pieces[-1][0], max(end, pieces[-1][1]))
        else:
            pieces.append((start, end))
        gap = _GAP.search(text, digit.end(), end)
        at = gap.end() if gap else end  # within a very long word, on from the window's end
    return pieces


def _left(text: str, at: int) -> int:
    """Where the words begin that count to a digit, after the gap before them."""
    floor = max(0, at - _REACH)
    gaps = [match.end() for match in _GAP.finditer(text, floor, at)]
    return gaps[-WORDS_LEFT - 1] if len(gaps) > WORDS_LEFT else floor


def _right(text: str, at: int) -> int:
    ceiling = min(len(text), at + _REACH)
    gaps = [match.start() for match in _GAP.finditer(text, at, ceiling)]
    return gaps[WORDS_RIGHT] if len(gaps) > WORDS_RIGHT else ceiling
