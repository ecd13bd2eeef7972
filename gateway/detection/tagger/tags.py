"""The classifier's tags and the way from scores to spans. Pure.

Tags are BIOES: outside, or begin, inside, end and single for each entity type. Tags must follow
each other so that entities are whole. Where the best tag of each token already does, that is the
answer; a stretch between tokens outside that does not is searched, with one token more on each
side, for its valid sequence of highest total score (Viterbi, 1967).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

ENTITY_TYPES: Final = (
    "PERSON", "LOCATION", "ORGANIZATION", "ADDRESS", "DATE_TIME", "NRP", "AGE", "ID",
)  # fmt: skip
OUTSIDE: Final = 0
TAGS: Final = 1 + 4 * len(ENTITY_TYPES)
_BEGIN, _INSIDE, _END, _SINGLE = range(4)

Scores: TypeAlias = npt.NDArray[np.float32]
"""(tokens, TAGS)."""


def tag(entity_type: int, part: int) -> int:
    """The tag of a part (0 begin, 1 inside, 2 end, 3 single) of a type."""
    return 1 + 4 * entity_type + part


def parts(count: int) -> list[int]:
    """The parts of an entity of `count` tokens."""
    if count == 1:
        return [_SINGLE]
    return [_BEGIN, *([_INSIDE] * (count - 2)), _END]


def _follows(left: int, right: int) -> bool:
    opens = left != OUTSIDE and (left - 1) % 4 in (_BEGIN, _INSIDE)
    goes_on = right != OUTSIDE and (right - 1) % 4 in (_INSIDE, _END)
    if opens != goes_on:
        return False
    return not opens or (left - 1) // 4 == (right - 1) // 4


ALLOWED: Final = np.array([[_follows(a, b) for b in range(TAGS)] for a in range(TAGS)])
_STARTS: Final = ALLOWED[OUTSIDE]
_STOPS: Final = ALLOWED[:, OUTSIDE]
_NEVER: Final = np.float32(-1e9)
_COST: Final = np.where(ALLOWED, np.float32(0), _NEVER).astype(np.float32)


def best_tags(scores: Scores) -> list[int]:
    """The best valid sequence of tags for one text."""
    if not len(scores):
        return []
    best: list[int] = scores.argmax(axis=1).tolist()
    for start, end in list(_broken(best)):
        best[start:end] = _viterbi(scores[start:end])
    return best


def _broken(best: Sequence[int]) -> Iterator[tuple[int, int]]:
    """The stretches to be searched, widened by a token on each side; those that meet are one."""
    start = end = -1
    for low, high in _invalid_runs(best):
        if low > end:
            if end > 0:
                yield start, end
            start = low
        end = high
    if end > 0:
        yield start, end


def _invalid_runs(best: Sequence[int]) -> Iterator[tuple[int, int]]:
    count = len(best)
    at = 0
    while at < count:
        if best[at] == OUTSIDE:
            at += 1
            continue
        end = at
        while end < count and best[end] != OUTSIDE:
            end += 1
        run = best[at:end]
        valid = (
            bool(_STARTS[run[0]])
            and bool(_STOPS[run[-1]])
            and all(ALLOWED[a, b] for a, b in pairwise(run))
        )
        if not valid:
            yield max(0, at - 1), min(count, end + 1)
        at = end


def _viterbi(scores: Scores) -> list[int]:
    total = np.where(_STARTS, scores[0], _NEVER)
    back = np.zeros((len(scores), TAGS), np.int64)
    for at in range(1, len(scores)):
        paths = total[:, None] + _COST
        back[at] = paths.argmax(axis=0)
        total = paths[back[at], np.arange(TAGS)] + scores[at]
    total = np.where(_STOPS, total, _NEVER)
    out = [int(total.argmax())]
    for at in range(len(scores) - 1, 0, -1):
        out.append(int(back[at, out[-1]]))
    return out[::-1]


def entities(best: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """The entities of a valid sequence: first token, token after the last, type."""
    start = 0
    for at, one in enumerate(best):
        if one == OUTSIDE:
            continue
        kind, part = divmod(one - 1, 4)
        if part in (_BEGIN, _SINGLE):
            start = at
        if part in (_END, _SINGLE):
            yield start, at + 1, kind
