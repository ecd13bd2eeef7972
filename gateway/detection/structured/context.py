"""Context words: what stands near a candidate and makes it believable. Pure.

The rule is the one of Presidio's lemma enhancer (a context word among the five words before, or
a few words after, lifts the score), but words are compared whole or by their beginning, never in
their middle ("lic" is not in "duplicate"), phrases of several words count, and finding the
neighbours of a candidate looks at its surroundings only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import filterfalse
from typing import Any

WORDS_BEFORE = 5
WORDS_AFTER = 3
PREFIX_LENGTH = 4  # shorter context words must match whole, longer ones may be inflected

_WORD = re.compile(r"\w+")
_LETTERS = re.compile(r"[^\W\d_]+")
_HUMP = re.compile(r"[A-Z](?<=[a-z].)(?=[a-z])")
_FIRST_UNSPACED = "\u0e00"  # from Thai on, scripts that do not (or need not) put spaces
_REACH_LEFT = 96  # code points: five long words
_REACH_RIGHT = 56


class Reading:
    """A text as recognizers read it: lower-cased for cheap gates, its words for context.

    `lower` has the length of `text`, so that a place in one is the same place in the other. What
    costs more than a scan is made on first use, since many texts hold no candidate at all.
    """

    __slots__ = (
        "_known",
        "_prefixes",
        "_vocabulary",
        "_window",
        "has_digit",
        "lower",
        "memo",
        "text",
    )

    def __init__(self, text: str) -> None:
        self.text = text
        lower = text.lower()
        if len(lower) != len(text):
            lower = "".join(low if len(low := sign.lower()) == 1 else sign for sign in text)
        self.lower = lower
        self.has_digit = _DIGIT.search(text) is not None
        self.memo: dict[str, Any] = {}
        self._vocabulary: frozenset[str] | None = None
        self._prefixes: frozenset[str] | None = None
        self._known: dict[int, tuple[bool, Context]] = {}
        self._window = (-1, -1, 0, 0)

    @property
    def vocabulary(self) -> frozenset[str]:
        """The words of the text in lower case, without digits, those of `camelCase` one by one."""
        if self._vocabulary is None:
            self._vocabulary = _letter_words(self.lower).union(_parted(self.text))
        return self._vocabulary

    @property
    def prefixes(self) -> frozenset[str]:
        """The first `PREFIX_LENGTH` letters of the words of the vocabulary."""
        if self._prefixes is None:
            self._prefixes = frozenset([word[:PREFIX_LENGTH] for word in self.vocabulary])
        return self._prefixes

    def words(self) -> list[tuple[int, int]]:
        """Where the words of the text stand, as half-open ranges of code points."""
        return [match.span() for match in _WORD.finditer(self.text)]

    def window(self, start: int, end: int) -> tuple[int, int]:
        """The range from `WORDS_BEFORE` words before `start` to `WORDS_AFTER` after `end`.

        It reaches no further than `_REACH_LEFT` and `_REACH_RIGHT` code points.
        """
        if self._window[:2] == (start, end):
            return self._window[2:]
        left = max(0, start - _REACH_LEFT)
        before = [match.start() for match in _WORD.finditer(self.text, left, start)]
        right = min(len(self.text), end + _REACH_RIGHT)
        after = [match.end() for match in _WORD.finditer(self.text, end, right)]
        first = before[-WORDS_BEFORE:][0] if before else start
        last = after[:WORDS_AFTER][-1] if after else end
        self._window = (start, end, first, last)
        return first, last

    def knows(self, context: Context) -> bool:
        """Whether one of the words of a context stands in the text; asked once per context."""
        known = self._known.get(id(context))
        if known is None:
            known = self._known[id(context)] = (context.anywhere(self), context)
        return known[0]


_DIGIT = re.compile(r"\d")


def holds(text: str, parts: Iterable[str]) -> bool:
    """Whether one of some parts stands in a text."""
    for part in parts:  # noqa: SIM110 -- `any` of a generator takes twice as long
        if part in text:
            return True
    return False


def _letter_words(lower: str) -> frozenset[str]:
    """The runs of letters in a lower-cased text: a regex only reads what is not letters alone."""
    plain = lower.encode("utf-8", "surrogatepass").translate(_APART)
    words = frozenset(plain.decode("utf-8", "surrogatepass").split())
    if lower.isascii():
        return words
    mixed = list(filterfalse(str.isalpha, words))
    return words.difference(mixed).union(_LETTERS.findall(" ".join(mixed))) if mixed else words


# A space for each ASCII sign that is no letter; the bytes of other signs stay as they are.
_APART = bytes(code if code >= 0x80 or chr(code).isalpha() else 0x20 for code in range(0x100))


def _parted(text: str) -> set[str]:
    """The words of `camelCase` names in lower case."""
    found: set[str] = set()
    done = 0
    for hump in _HUMP.finditer(text):
        if hump.start() >= done:
            start = hump.start()
            while start > done and text[start - 1].isalpha():
                start -= 1
            name = _LETTERS.match(text, start)
            if name is not None:
                found.update(_HUMP.sub(r" \g<0>", name[0]).lower().split())
                done = name.end()
    return found


@dataclass(frozen=True, slots=True)
class Context:
    """A set of context words and phrases, compiled.

    Of each phrase `short`, `prefixes` or `inner` holds a part by which the text is asked first.
    """

    pattern: re.Pattern[str]
    short: frozenset[str] = field(repr=False)
    prefixes: frozenset[str] = field(repr=False)
    inner: tuple[str, ...] = field(repr=False)
    long: tuple[str, ...] = field(repr=False)

    def anywhere(self, reading: Reading) -> bool:
        """Whether any of the words may stand in the text: a cheap test that never says no wrongly.

        Of a phrase only the longest word counts here, and of that its first letters.
        """
        if not self.short.isdisjoint(reading.vocabulary):
            return True
        lower = reading.lower
        if not self.prefixes.isdisjoint(reading.prefixes) and holds(lower, self.long):
            return True
        return holds(lower, self.inner)

    def near(self, reading: Reading, start: int, end: int) -> bool:
        """Whether one of the words stands within the window around a candidate."""
        if not reading.knows(self):
            return False
        left, right = reading.window(start, end)
        search = self.pattern.search
        text = reading.text
        return search(text, left, start) is not None or search(text, end, right) is not None

    def before(self, reading: Reading, start: int) -> bool:
        """Whether one of the words stands within the window before a candidate."""
        if not reading.knows(self):
            return False
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
    body = r"[\W_]+".join(re.escape(word) for word in words)
    head = "" if phrase[0] >= _FIRST_UNSPACED else r"(?<![^\W_])"
    # A short last word must be whole; so must every word but the last, which the body sees to.
    return head + body + (r"(?![^\W_])" if _is_whole(words[-1]) else "")


def context(phrases: Iterable[str]) -> Context | None:
    """Compile context words; None if there are none. Letter case does not matter."""
    cleaned = sorted({phrase.strip().lower() for phrase in phrases if re.search(r"\w", phrase)})
    if not cleaned:
        return None
    stems = {_gate(phrase) for phrase in cleaned}
    spelled = {stem for stem in stems if _LETTERS.fullmatch(stem) and stem[0] < _FIRST_UNSPACED}
    short = frozenset(stem for stem in spelled if _is_whole(stem))
    return Context(
        pattern=re.compile("|".join(_alternative(phrase) for phrase in cleaned), re.IGNORECASE),
        short=short,
        prefixes=frozenset(stem[:PREFIX_LENGTH] for stem in spelled - short),
        inner=tuple(sorted(stems - spelled)),
        long=tuple(sorted(spelled - short)),
    )
