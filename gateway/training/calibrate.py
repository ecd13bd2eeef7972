"""How much the tags of each type are preferred to "outside": chosen on development text.

Masking wants recall: a name that is missed has left, a word too many costs little. For each type
the bias is the one whose findings have the best F2 (recall weighs twice as much as precision),
averaged over the corpora that label the type, so that no corpus outweighs the others. Of biases
that are about as good the one counts that misses least. Text without any entity bounds it: each
finding in it is false.

Names of people, places and organisations compete for the same words: what is added to one is
taken from the others. They get one bias, the least that is about as good, and people, who matter
most, more if it finds more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from gateway.detection.tagger.tags import ENTITY_TYPES

GRID: Final = tuple(round(-1.0 + 0.25 * step, 2) for step in range(13))
"""The biases that are tried, added to the scores of the tags of all types at once."""
FURTHER: Final = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5)
"""How much more than places and organisations people get, at most."""
_PERSON: Final = "PERSON"
_COMPETING: Final = (_PERSON, "LOCATION", "ORGANIZATION")

CLEAN: Final = "clean"

Found = Sequence[tuple[int, int, str]]
"""Spans: start, end, type."""


@dataclass(frozen=True, slots=True)
class Scored:
    """One text of a corpus: what is found with biases, what is marked, and what is in doubt."""

    corpus: str
    found: Callable[[Mapping[str, float]], Found] = field(repr=False)
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
    steps = len(GRID) + len(FURTHER)
    alike: dict[float, Mapping[str, _Reached]] = {}
    for step, bias in enumerate(GRID):
        told(step, steps)
        alike[bias] = _reached(texts, labelled, dict.fromkeys(ENTITY_TYPES, bias))
    found = {
        name: _careful({bias: of[name] for bias, of in alike.items()}, most_false)
        for name in ENTITY_TYPES
        if name not in _COMPETING
    }
    names = {bias: _together([of[one] for one in _COMPETING]) for bias, of in alike.items()}
    common = _sparing(names, most_false)
    found |= dict.fromkeys(_COMPETING, common)
    people: dict[float, _Reached] = {}
    for step, more in enumerate(FURTHER):
        told(len(GRID) + step, steps)
        bias = round(common + more, 2)
        people[bias] = _reached(texts, labelled, found | {_PERSON: bias})[_PERSON]
    return found | {_PERSON: _careful(people, most_false, _WORTH_OF_PEOPLE)}


_WORTH: Final = 0.002
_WORTH_OF_PEOPLE: Final = 0.003
"""How much of F2 is given up to miss less, or to find less falsely."""
_NOTHING: Final = 0.0005


class _Reached(NamedTuple):
    """Means over corpora, and false findings per 10,000 tokens of text without entities."""

    f2: float
    recall: float
    false: float


def _careful(reached: Mapping[float, _Reached], most_false: float, worth: float = _WORTH) -> float:
    """Of the biases as good as the best, all but `worth` of F2, those that miss least; of these
    the one nearest to zero. Those with too many false findings do not count, but for the least."""
    near = _near_the_best(reached, most_false, worth)
    most = max(one.recall for one in near.values())
    return min((bias for bias, one in near.items() if one.recall >= most - _NOTHING), key=abs)


def _sparing(reached: Mapping[float, _Reached], most_false: float) -> float:
    """Of the biases that are nearly as good as the best the least, which finds least falsely."""
    return min(_near_the_best(reached, most_false, _WORTH_OF_PEOPLE))


def _near_the_best(
    reached: Mapping[float, _Reached], most_false: float, worth: float
) -> dict[float, _Reached]:
    """Those whose F2 is the best of all that are allowed but for `worth`."""
    least = min(reached)
    allowed = {
        bias: one for bias, one in reached.items() if one.false <= most_false or bias == least
    }
    best = max(one.f2 for one in allowed.values())
    return {bias: one for bias, one in allowed.items() if one.f2 >= best - worth}


def _together(some: Sequence[_Reached]) -> _Reached:
    """Of several types: the sums, and the most of the false findings."""
    return _Reached(
        sum(one.f2 for one in some), sum(one.recall for one in some), max(one.false for one in some)
    )


def _reached(
    texts: Sequence[Scored], labelled: Mapping[str, frozenset[str]], bias: Mapping[str, float]
) -> dict[str, _Reached]:
    """What each type reaches with some biases."""
    counts: dict[tuple[str, str], _Counts] = {}
    clean = 0
    for text in texts:
        clean += text.tokens if text.corpus == CLEAN else 0
        _count(counts, text, labelled, bias)
    reached: dict[str, _Reached] = {}
    for name in ENTITY_TYPES:
        false = counts.get((CLEAN, name), _Counts()).false
        of = [one for (corpus, kind), one in counts.items() if kind == name and corpus != CLEAN]
        values = [one for one in of if one.marked > _FEWEST]
        count = len(values) or 1
        reached[name] = _Reached(
            sum(one.f2 for one in values) / count,
            sum(one.recall for one in values) / count,
            false * 10_000 / max(1, clean),
        )
    return reached


_FEWEST: Final = 10  # marked entities from which on a corpus says something of a type


def _count(
    counts: dict[tuple[str, str], _Counts],
    text: Scored,
    labelled: Mapping[str, frozenset[str]],
    bias: Mapping[str, float],
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
