"""A text as tokens: runs of letters, runs of digits, single signs, runs of line breaks. Pure.

White space is no token, so every code point is either in a token or blank. Scripts that are
written without spaces are cut into single signs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

_SINGLE = "\u0e00-\u0eff\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\U00020000-\U0003ffff"
_TOKEN = re.compile(rf"[{_SINGLE}]|[^\W\d_{_SINGLE}]+|\d+|\n+|[^\w\s]|[\w_]")


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of a text: words, half-open ranges of code points, whether a blank is before."""

    words: Sequence[str] = field(repr=False)
    starts: Sequence[int]
    ends: Sequence[int]
    spaced: Sequence[bool]

    def part(self, start: int, end: int) -> Tokens:
        """The tokens from one to before another; offsets stay those of the text."""
        return Tokens(
            self.words[start:end],
            self.starts[start:end],
            self.ends[start:end],
            self.spaced[start:end],
        )

    def __len__(self) -> int:
        return len(self.words)


def tokenize(text: str, start: int = 0, end: int | None = None) -> Tokens:
    """The tokens of `text[start:end]`, with offsets in `text`."""
    words: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    spaced: list[bool] = []
    before = -1
    for match in _TOKEN.finditer(text, start, len(text) if end is None else end):
        first, last = match.span()
        words.append(match[0])
        starts.append(first)
        ends.append(last)
        spaced.append(first > before)
        before = last
    return Tokens(words, starts, ends, spaced)
