"""How much the tags of each type are preferred to "outside": chosen on development text.

Masking wants recall: a name that is missed has left, a word too many costs little. For each type
the bias is the one whose findings have the best F2 (recall weighs twice as much as precision),
averaged over the corpora that label the type, so that no corpus outweighs the others. Text
without any entity takes part as a corpus of its own: each finding in it is false.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from gateway.detection.tagger.tags import ENTITY_TYPES, best_tags, entities

GRID: Final = tuple(round(-2.0 + 0.25 * step, 2) for step in range(25))
"""The biases that are tried, added to the scores of a type's tags."""

Scores = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Scored:
    """One text of a corpus: scores without bias, marked tokens by type, and tokens in doubt."""

    corpus: str
    scores: Scores = field(repr=False)
    gold: Sequence[tuple[int, int, int]]  # first token, token after the last, type
    doubtful: frozenset[int]


def biases(
    texts: Sequence[Scored], labelled: Mapping[str, frozenset[str]], most_false: float
) -> dict[str, float]:
    """The bias of each type. `most_false`: findings per 10,000 tokens in text without entities."""
    chosen: dict[str, float] = {}
    for kind, name in enumerate(ENTITY_TYPES):
        chosen[name] = _best(texts, labelled, kind, most_false)
    return chosen


def _best(
    texts: Sequence[Scored],
    labelled: Mapping[str, frozenset[str]],
    kind: int,
    most_false: float,
) -> float:
    name = ENTITY_TYPES[kind]
    best, found = -1.0, 0.0
    for bias in GRID:
        counts: dict[str, list[int]] = {}
        false = clean = 0
        for text in texts:
            if text.corpus == CLEAN:
                false += sum(1 for _ in _found(text.scores, kind, bias))
                clean += len(text.scores)
            elif name in labelled.get(text.corpus, frozenset(ENTITY_TYPES)):
                _count(counts.setdefault(text.corpus, [0, 0, 0]), text, kind, bias)
        if clean and false * 10_000 > most_false * clean:
            continue
        values = [_f2(*one) for one in counts.values() if one[0] + one[2] > 10]
        mean = sum(values) / len(values) if values else 0.0
        if mean > best:
            best, found = mean, bias
    return found


CLEAN: Final = "clean"


def _found(scores: Scores, kind: int, bias: float) -> list[tuple[int, int]]:
    scores = scores.copy()
    scores[:, 1 + 4 * kind : 5 + 4 * kind] += np.float32(bias)
    return [(a, b) for a, b, one in entities(best_tags(scores)) if one == kind]


def _count(counts: list[int], text: Scored, kind: int, bias: float) -> None:
    """Hits, false findings and misses, by overlap; a finding on another type's entity is no hit."""
    gold = [(a, b) for a, b, one in text.gold if one == kind]
    found = _found(text.scores, kind, bias)
    counts[0] += sum(any(a < d and c < b for c, d in found) for a, b in gold)
    counts[2] += sum(not any(a < d and c < b for c, d in found) for a, b in gold)
    counts[1] += sum(
        not any(a < d and c < b for c, d, _ in text.gold)
        and not text.doubtful.intersection(range(a, b))
        for a, b in found
    )


def _f2(hits: int, false: int, missed: int) -> float:
    total = 5 * hits + 4 * missed + false
    return 5 * hits / total if total else 0.0
