"""From probabilities per token to spans of a text. Pure.

Token classifiers label tokens by one of three schemes: plain types, BIO, or BIOES (BILOU), which
marks where an entity begins and ends. Under BIOES the labels constrain each other, and the most
probable sequence that obeys them is found by dynamic programming (Viterbi 1967).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from gateway.detection.engines.labels import meaning
from gateway.detection.tokenclassifier import IncompleteRead, ModelProblem
from gateway.types import Span

Matrix: TypeAlias = NDArray[np.float64]

_OUTSIDE = "O"
_BEGINS = frozenset("BSU")
_ENDS = frozenset("ESLU")
_SAME = str.maketrans("LU", "ES")
_IMPOSSIBLE = -1e9


@dataclass(frozen=True, slots=True)
class Labels:
    """A model's labels: prefix and entity type of each, and how they may follow each other."""

    prefixes: tuple[str, ...]
    types: tuple[str, ...]
    columns: Mapping[str, tuple[int, ...]] = field(repr=False)
    follows: Matrix | None = field(repr=False)
    first: Matrix | None = field(repr=False)
    last: Matrix | None = field(repr=False)

    @property
    def entity_types(self) -> frozenset[str]:
        """What the model may find."""
        return frozenset(self.columns)


def compile_labels(names: Sequence[str], own: Mapping[str, str]) -> Labels:
    """Read a model's label names, in the order of its outputs.

    Raises:
        ModelProblem: no label has a meaning.
    """
    prefixes, bare = zip(*(_split(name) for name in names), strict=True)
    types = tuple("" if label == _OUTSIDE else meaning(label, own) for label in bare)
    columns = {
        kind: tuple(at for at, one in enumerate(types) if one == kind)
        for kind in dict.fromkeys(types)
        if kind
    }
    if not columns:
        raise ModelProblem("no label of the model is known: say in labels what they mean")
    if not {"B", "I", "E", "S"} <= set(prefixes):
        return Labels(prefixes, types, columns, None, None, None)
    inside = [prefix in ("B", "I") for prefix in prefixes]  # an entity goes on behind these
    resumes = [prefix in ("I", "E") for prefix in prefixes]
    follows = np.array(
        [
            [
                0.0 if (inside[a] == resumes[b] and (not inside[a] or bare[a] == bare[b]))
                else _IMPOSSIBLE
                for b in range(len(names))
            ]
            for a in range(len(names))
        ]
    )  # fmt: skip
    first = np.where(np.array(resumes), _IMPOSSIBLE, 0.0)
    last = np.where(np.array(inside), _IMPOSSIBLE, 0.0)
    return Labels(prefixes, types, columns, follows, first, last)


def _split(name: str) -> tuple[str, str]:
    head, dash, tail = name.partition("-")
    if dash and len(head) == 1 and head in "BIESLU":
        return head.translate(_SAME), tail
    return "", name


def decode(
    text: str,
    offsets: Sequence[tuple[int, int]],
    probabilities: Matrix,
    labels: Labels,
    threshold: float,
    recognizer: str,
) -> list[Span]:
    """The spans of a text whose tokens have these probabilities.

    An empty token, as special ones are, has no say. A span takes in the whole of the words that
    it begins and ends in. Its score is the mean probability of its type, to three digits.

    Raises:
        IncompleteRead: there are not as many rows as tokens, or columns as labels.
    """
    if probabilities.shape != (len(offsets), len(labels.types)):
        raise IncompleteRead("a model answered for another number of tokens or labels")
    if not np.isfinite(probabilities).all():
        raise IncompleteRead("a model answered with something that is no number")
    kept = [at for at, (start, end) in enumerate(offsets) if start < end]
    if not kept:
        return []
    rows = probabilities[kept]
    places = [offsets[at] for at in kept]
    found: list[Span] = []
    for begin, end, kind in _runs(_best(rows, labels), labels):
        columns = list(labels.columns[kind])
        score = round(float(rows[begin:end, columns].sum(axis=1).mean()), 3)
        if score >= threshold:
            start, stop = _whole_words(text, places[begin][0], places[end - 1][1])
            if start < stop:
                found.append(Span(start, stop, kind, min(score, 1.0), recognizer))
    return found


def _best(rows: Matrix, labels: Labels) -> list[int]:
    if labels.follows is None or labels.first is None or labels.last is None:
        return [int(at) for at in rows.argmax(axis=1)]
    logs = np.log(np.maximum(rows, 1e-12))
    back = np.zeros(rows.shape, dtype=np.int64)
    score = logs[0] + labels.first
    for at in range(1, len(rows)):
        paths = score[:, None] + labels.follows
        back[at] = paths.argmax(axis=0)
        score = paths.max(axis=0) + logs[at]
    best = [int((score + labels.last).argmax())]
    for at in range(len(rows) - 1, 0, -1):
        best.append(int(back[at][best[-1]]))
    return best[::-1]


def _runs(path: Sequence[int], labels: Labels) -> list[tuple[int, int, str]]:
    """Stretches of tokens of one type, as (first, one past the last, type)."""
    runs: list[tuple[int, int, str]] = []
    goes_on = False
    for at, label in enumerate(path):
        kind, prefix = labels.types[label], labels.prefixes[label]
        if kind:
            if goes_on and runs[-1][2] == kind and prefix not in _BEGINS:
                runs[-1] = (runs[-1][0], at + 1, kind)
            else:
                runs.append((at, at + 1, kind))
        goes_on = bool(kind) and prefix not in _ENDS
    return runs


def _whole_words(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        while start > 0 and text[start].isalnum() and text[start - 1].isalnum():
            start -= 1
        while end < len(text) and text[end - 1].isalnum() and text[end].isalnum():
            end += 1
    return start, end
