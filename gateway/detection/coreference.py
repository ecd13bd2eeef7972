"""A name given in full makes its parts known in the rest of the exchange. Pure.

"Anna Schneider called. Schneider wants ..." names one person twice, and the second time gives a
detector little to go by. So each word of a full name that was found is looked for as a whole word,
written the same way or in capitals throughout, wherever the exchange does not use the word in
lower case, that is, as a common word.

One pass over the text for the words, one look-up per word: the time grows with the text.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from gateway.detection.common_words import COMMON
from gateway.types import Finding, Leaf, LeafKind

RECOGNIZER = "coreference"
SHORTEST = 3
_MOST_WORDS = 6  # what is longer is a list or a mistake, and no name
_WORD = re.compile(r"(?:(?<![^\W_])[^\W\d_a-z]['’])?[^\W\d_]+")  # O'Neil, but Anna's and d'Anna
_READ = frozenset({LeafKind.PROSE, LeafKind.IDENTIFIER})


def mentions(leaves: Sequence[Leaf], found: Sequence[Finding]) -> list[Finding]:
    """Bare given names and surnames of the persons found: new findings, none of which overlaps.

    `found` is in order by leaf, as `segments.findings` gives it.
    """
    parts = _parts(leaves, found)
    if not parts:
        return []
    taken: dict[int, list[tuple[int, int]]] = {}
    for one in found:
        taken.setdefault(one.leaf, []).append((one.start, one.end))
    usual: set[str] = set()
    seen: list[tuple[str, Finding]] = []
    wanted = {part.lower() for part in parts}
    for index, leaf in enumerate(leaves):
        if leaf.kind not in _READ:
            continue
        free = _Free(taken.get(index, ()))
        for match in _WORD.finditer(leaf.text):
            word = match.group()
            if word in parts:
                if free.is_free(*match.span()):
                    kept = Finding(index, *match.span(), "PERSON", parts[word], RECOGNIZER)
                    seen.append((word, kept))
            elif word.islower() and word in wanted and free.is_free(*match.span()):
                usual.add(word)
    return [one for word, one in seen if word.lower() not in usual]


def with_mentions(leaves: Sequence[Leaf], found: Sequence[Finding]) -> list[Finding]:
    """What was found and what follows from it, in order."""
    more = mentions(leaves, found)
    if not more:
        return list(found)
    return sorted([*found, *more], key=lambda one: (one.leaf, one.start, one.end))


def _parts(leaves: Sequence[Leaf], found: Sequence[Finding]) -> dict[str, float]:
    """Every form in which a part of a full name counts, with the best score of such a name."""
    parts: dict[str, float] = {}
    for one in found:
        for person in one.told if one.whole else ():
            if person.entity_type == "PERSON":
                for form in _forms(leaves[one.leaf].text[person.start : person.end]):
                    parts[form] = max(parts.get(form, 0.0), person.score)
    return parts


def _forms(name: str) -> Iterator[str]:
    words = _WORD.findall(name)
    if not 2 <= len(words) <= _MOST_WORDS:
        return
    for word in words:
        if len(word) < SHORTEST or not word[0].isupper() or word.lower() in COMMON:
            continue
        yield word
        if word.isupper():
            if len(word) > SHORTEST:
                yield word.title()
        else:
            yield word.upper()


class _Free:
    """What of a leaf no finding covers yet."""

    __slots__ = ("_ends", "_starts")

    def __init__(self, taken: Sequence[tuple[int, int]]) -> None:
        ordered = sorted(taken)
        self._starts = [start for start, _ in ordered]
        self._ends: list[int] = []
        reach = 0
        for _, end in ordered:
            reach = max(reach, end)
            self._ends.append(reach)

    def is_free(self, start: int, end: int) -> bool:
        """Whether nothing overlaps the range."""
        before = bisect_right(self._starts, end - 1) - 1
        return before < 0 or self._ends[before] <= start
