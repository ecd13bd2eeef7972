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
_DIGIT_WORD = re.compile(r"\d\S*")


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
    gaps = [match.span() for match in _GAP.finditer(text)]
    ends = [gap[1] for gap in gaps]
    pieces: list[tuple[int, int]] = []
    for match in _DIGIT_WORD.finditer(text):
        index = bisect_right(ends, match.start())  # gaps before the word
        left, right = index - 1 - WORDS_LEFT, index + WORDS_RIGHT
        start = ends[left] if left >= 0 else 0
        end = gaps[right][0] if right < len(gaps) else len(text)
        if pieces and start <= pieces[-1][1]:
            pieces[-1] = (pieces[-1][0], max(end, pieces[-1][1]))
        else:
            pieces.append((start, end))
    return pieces
