"""Context words: what stands near a candidate and makes it believable. Pure.

The rule is the one of Presidio's lemma enhancer (a context word among the five words before, or
a few words after, lifts the score), but words are compared whole or by their beginning, never in
their middle ("lic" is not in "duplicate"), phrases of several words count, and finding the
neighbours of a candidate is a binary search instead of a walk over all tokens.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field

WORDS_BEFORE = 5
WORDS_AFTER = 3
PREFIX_LENGTH = 4  # shorter context words must match whole, longer ones may be inflected

_WORD = re.compile(r"\w+")
_FIRST_UNSPACED = "\u0e00"  # from Thai on, scripts that do not (or need not) put spaces


class Reading:
    """A text as recognizers read it: lower-cased for cheap gates, its words for context.

    Words are found on first use, since many texts hold no candidate at all.
    """

    __slots__ = ("_ends", "_starts", "_vocabulary", "has_digit", "lower", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.lower = text.lower()
        self.has_digit = _DIGIT.search(text) is not None
        self._starts: list[int] | None = None
        self._ends: list[int] = []
        self._vocabulary: frozenset[str] | None = None

    @property
    def vocabulary(self) -> frozenset[str]:
        """The words of the text in lower case."""
        if self._vocabulary is None:
            self._vocabulary = frozenset(_WORD.findall(self.lower))
        return self._vocabulary

    def words(self) -> list[tuple[int, int]]:
        """Where the words of the text stand, as half-open ranges of code points."""
        return [match.span() for match in _WORD.finditer(self.text)]

    def window(self, start: int, end: int) -> tuple[int, int]:
        """The range from `WORDS_BEFORE` words before `start` to `WORDS_AFTER` after `end`."""
        starts = self._starts
        if starts is None:
            spans = self.words()
            starts = self._starts = [span[0] for span in spans]
            self._ends = [span[1] for span in spans]
        first = max(bisect_left(starts, start) - WORDS_BEFORE, 0)
        last = bisect_left(starts, end) + WORDS_AFTER - 1
        left = min(starts[first], start) if first < len(starts) else start
        right = self._ends[min(last, len(starts) - 1)] if starts else end
        return left, max(right, end)


_DIGIT = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class Context:
    """A set of context words and phrases, compiled."""

    pattern: re.Pattern[str]
    stems: tuple[str, ...] = field(repr=False)
    short: frozenset[str] = field(repr=False)

    def anywhere(self, reading: Reading) -> bool:
        """Whether any of the words may stand in the text: a cheap test that never says no wrongly.

        Of a phrase only the longest word counts here.
        """
        if not self.short.isdisjoint(reading.vocabulary):
            return True
        lower = reading.lower
        return any(stem in lower for stem in self.stems)

    def near(self, reading: Reading, start: int, end: int) -> bool:
        """Whether one of the words stands within the window around a candidate."""
        left, right = reading.window(start, end)
        search = self.pattern.search
        text = reading.text
        return search(text, left, start) is not None or search(text, end, right) is not None

    def before(self, reading: Reading, start: int) -> bool:
        """Whether one of the words stands within the window before a candidate."""
        left, _ = reading.window(start, start)
        return self.pattern.search(reading.text, left, start) is not None


def _is_whole(word: str) -> bool:
    """Whether a context word must stand as a whole word, not as the beginning of one."""
    return len(word) < PREFIX_LENGTH and word[0] < _FIRST_UNSPACED


def _gate(phrase: str) -> str:
    words: list[str] = _WORD.findall(phrase)
    return max(words, key=len)


def _alternative(phrase: str) -> str:
    words = _WORD.findall(phrase)
    body = r"\W+".join(re.escape(word) for word in words)
    head = "" if phrase[0] >= _FIRST_UNSPACED else r"(?<!\w)"
    # A short last word must be whole; so must every word but the last, which the body sees to.
    return head + body + (r"(?!\w)" if _is_whole(words[-1]) else "")


def context(phrases: Iterable[str]) -> Context | None:
    """Compile context words; None if there are none. Letter case does not matter."""
    cleaned = sorted({phrase.strip().lower() for phrase in phrases if re.search(r"\w", phrase)})
    if not cleaned:
        return None
    stems = {_gate(phrase) for phrase in cleaned}
    short = frozenset(stem for stem in stems if _is_whole(stem))
    long = stems - short
    return Context(
        pattern=re.compile("|".join(_alternative(phrase) for phrase in cleaned), re.IGNORECASE),
        stems=tuple(sorted(s for s in long if not any(o in s for o in long - {s}))),
        short=short,
    )
