"""How much the tags of each type are preferred to "outside": chosen on development text.

Masking wants recall: a name that is missed has left, a word too many costs little. For each type
the bias is the one whose findings have the best F2 (recall weighs twice as much as precision),
averaged over the corpora that label the type, so that no corpus outweighs the others. Of biases
that are about as good the one counts that misses least. Text without any entity bounds it: each
finding in it is false.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from gateway.detection.tagger.tags import ENTITY_TYPES

GRID: Final = tuple(round(-1.0 + 0.25 * step, 2) for step in range(13))
"""The biases that are tried, added to the scores of the tags of all types at once."""

CLEAN: Final = "clean"

Found = Sequence[tuple[int, int, str]]
"""Spans: start, end, type."""


@dataclass(frozen=True, slots=True)
class Scored:
    """One text of a corpus: what is found with a bias, what is marked, and what is in doubt."""

    corpus: str
    found: Callable[[float], Found] = field(repr=False)
    gold: Found
    doubtful: Sequence[tuple[int, int]]
    tokens: int


@dataclass(slots=True)
class _Counts:
    hits: int = 0
    false: int = 0
    missed: int = 0

    @property
    def marked(self) -> int:
        return self.hits + self.missed

    @property
    def recall(self) -> float:
        return self.hits / self.marked if self.marked else 0.0

    @property
    def f2(self) -> float:
        total = 5 * self.hits + 4 * self.missed + self.false
        return 5 * self.hits / total if total else 0.0


def biases(
    texts: Sequence[Scored],
    labelled: Mapping[str, frozenset[str]],
    most_false: float,
    told: Callable[[int, int], None] = lambda *_: None,
) -> dict[str, float]:
    """The bias of each type. `most_false`: findings per 10,000 tokens in text without entities."""
    reached: dict[str, dict[float, _Reached]] = {name: {} for name in ENTITY_TYPES}
    for step, bias in enumerate(GRID):
        told(step, len(GRID))
        counts: dict[tuple[str, str], _Counts] = {}
        clean = 0
        for text in texts:
            clean += text.tokens if text.corpus == CLEAN else 0
            _count(counts, text, labelled, bias)
        for name in ENTITY_TYPES:
            false = counts.get((CLEAN, name), _Counts()).false
            if false * 10_000 > most_false * clean and bias > GRID[0]:
                continue
            of = [one for (corpus, kind), one in counts.items() if kind == name and corpus != CLEAN]
            values = [one for one in of if one.marked > _FEWEST]
            count = len(values) or 1
            reached[name][bias] = _Reached(
                sum(one.f2 for one in values) / count, sum(one.recall for one in values) / count
            )
    return {name: _careful(of) for name, of in reached.items()}


_WORTH: Final = 0.002
_NOTHING: Final = 0.0005


class _Reached(NamedTuple):
    f2: float
    recall: float


def _careful(reached: Mapping[float, _Reached]) -> float:
    """Of the biases as good as the best, all but `_WORTH` of F2, those that miss least; of these
    the one nearest to zero."""
    if not reached:
        return 0.0
    best = max(one.f2 for one in reached.values())
    near = {bias: one.recall for bias, one in reached.items() if one.f2 >= best - _WORTH}
    most = max(near.values())
    return min((bias for bias, recall in near.items() if recall >= most - _NOTHING), key=abs)


_FEWEST: Final = 10  # marked entities from which on a corpus says something of a type


def _count(
    counts: dict[tuple[str, str], _Counts],
    text: Scored,
    labelled: Mapping[str, frozenset[str]],
    bias: float,
) -> None:
    """Hits, false findings and misses, by overlap; on another type's entity is neither."""
    found = text.found(bias)
    known = labelled.get(text.corpus, frozenset(ENTITY_TYPES))
    for start, end, name in text.gold:
        if name in known:
            one = counts.setdefault((text.corpus, name), _Counts())
            hit = any(a < end and start < b and kind == name for a, b, kind in found)
            one.hits += hit
            one.missed += not hit
    for start, end, name in found:
        near = (*((a, b) for a, b, _ in text.gold), *text.doubtful)
        if name in known and not any(a < end and start < b for a, b in near):
            counts.setdefault((text.corpus, name), _Counts()).false += 1
