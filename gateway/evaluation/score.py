"""How well findings agree with what people marked. Pure.

Three ways of counting, after the usual ones for named entities:

- *exact*: start, end and label are those of a marked span;
- *overlap*: the label is that of a marked span, and they share a character;
- *characters*: recall is the share of marked characters that a finding of any type covers, since
  what is covered is masked; precision is the share of found characters that are marked at all.

A corpus marks some types only. A type is scored where the corpus has it: findings of other types
count as cover and as nothing else. F2 weighs recall twice as much as precision (van Rijsbergen's
F with beta 2). Intervals are Wilson's score intervals (E. B. Wilson, 1927).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from math import sqrt
from typing import Final, NamedTuple

from gateway.evaluation.labels import folding

Z95: Final = 1.959964
"""The quantile of the normal distribution for intervals of 95 %."""

UNKNOWN_LANGUAGE: Final = "-"


@dataclass(frozen=True, slots=True)
class Gold:
    """A span that people marked. `to_mask` is false where they found that it may stay."""

    start: int
    end: int
    label: str
    to_mask: bool = True


@dataclass(frozen=True, slots=True)
class Found:
    """A finding: `label` is the corpora's, `entity_type` the detector's own."""

    start: int
    end: int
    label: str
    entity_type: str = ""
    score: float = 1.0
    recognizer: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """One text of a corpus with what was marked and what was found."""

    corpus: str
    number: int
    text: str = field(repr=False)
    gold: tuple[Gold, ...]
    found: tuple[Found, ...]
    language: str = UNKNOWN_LANGUAGE


class Ratio(NamedTuple):
    """A share with its counts. Without any count the value is 0."""

    hits: int
    of: int

    @property
    def value(self) -> float:
        """The share itself."""
        return self.hits / self.of if self.of else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's interval of 95 %."""
        return wilson(self.hits, self.of)


class Scores(NamedTuple):
    """Precision and recall of one way of counting."""

    precision: Ratio
    recall: Ratio

    def f(self, beta: float) -> float:
        """The weighted harmonic mean; `beta` says how much more recall counts."""
        precision, recall = self.precision.value, self.recall.value
        weight = beta * beta
        below = weight * precision + recall
        return (1 + weight) * precision * recall / below if below else 0.0


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts that add up over texts, labels, languages and corpora."""

    gold: int = 0
    found: int = 0
    exact: int = 0
    gold_touched: int = 0
    found_touching: int = 0
    gold_characters: int = 0
    gold_covered: int = 0
    found_characters: int = 0
    found_marked: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(self)))

    @property
    def exactly(self) -> Scores:
        """Counting spans that agree in start, end and label."""
        return Scores(Ratio(self.exact, self.found), Ratio(self.exact, self.gold))

    @property
    def overlap(self) -> Scores:
        """Counting spans of one label that share a character."""
        return Scores(Ratio(self.found_touching, self.found), Ratio(self.gold_touched, self.gold))

    @property
    def characters(self) -> Scores:
        """Counting characters, of whatever type."""
        return Scores(
            Ratio(self.found_marked, self.found_characters),
            Ratio(self.gold_covered, self.gold_characters),
        )


class Cell(NamedTuple):
    """What a tally is about."""

    corpus: str
    language: str
    label: str


def wilson(hits: int, of: int, z: float = Z95) -> tuple[float, float]:
    """The score interval of a share; (0, 1) where nothing was counted."""
    if of <= 0:
        return 0.0, 1.0
    share = hits / of
    below = 1 + z * z / of
    middle = share + z * z / (2 * of)
    reach = z * sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    low = 0.0 if hits == 0 else max(0.0, (middle - reach) / below)
    high = 1.0 if hits == of else min(1.0, (middle + reach) / below)
    return low, high


def scored_cases(
    cases: Iterable[Case], folds: Collection[str] = ("places",), types: Collection[str] = ()
) -> list[Case]:
    """The cases as they are scored: labels folded, and gold only of the types that are asked for.

    Findings of types that the corpus does not have stay: they cover characters.
    """
    cases = list(cases)
    counts: dict[str, Counter[str]] = {}
    for case in cases:
        counts.setdefault(case.corpus, Counter()).update(one.label for one in case.gold)
    renamed = {corpus: folding(gold, folds) for corpus, gold in counts.items()}
    return [_folded(case, renamed[case.corpus], types) for case in cases]


def _folded(case: Case, names: Mapping[str, str], types: Collection[str]) -> Case:
    found = {
        (one.start, one.end, name): Found(
            one.start, one.end, name, one.entity_type, one.score, one.recognizer
        )
        for one in case.found
        for name in [names.get(one.label, one.label)]
    }
    gold = tuple(one for one in case.gold if not types or one.label in types)
    return Case(case.corpus, case.number, case.text, gold, tuple(found.values()), case.language)


def labels_of(cases: Iterable[Case]) -> dict[str, frozenset[str]]:
    """The labels that each corpus has."""
    labels: dict[str, set[str]] = {}
    for case in cases:
        labels.setdefault(case.corpus, set()).update(one.label for one in case.gold)
    return {corpus: frozenset(found) for corpus, found in labels.items()}


def score(cases: Sequence[Case]) -> dict[Cell, Tally]:
    """The tally of each corpus, language and label. The cases come from `scored_cases`."""
    labels = labels_of(cases)
    out: dict[Cell, Tally] = {}
    for case in cases:
        for label, tally in _tallies(case, labels[case.corpus]).items():
            cell = Cell(case.corpus, case.language, label)
            out[cell] = out.get(cell, Tally()) + tally
    return out


def total(
    cells: Mapping[Cell, Tally],
    *,
    corpus: str | None = None,
    language: str | None = None,
    label: str | None = None,
) -> Tally:
    """The sum of the cells that fit."""
    out = Tally()
    for cell, tally in cells.items():
        if (
            (corpus is None or cell.corpus == corpus)
            and (language is None or cell.language == language)
            and (label is None or cell.label == label)
        ):
            out += tally
    return out


def touching(left: Sequence[Gold | Found], right: Sequence[Gold | Found]) -> list[bool]:
    """For each span of `left`, whether it shares a character with one of `right`."""
    size = max((one.end for one in (*left, *right)), default=0)
    covered = cover(right, size)
    return [covered.find(1, one.start, one.end) >= 0 for one in left]


def cover(spans: Iterable[Gold | Found], size: int) -> bytearray:
    """One byte per character: 1 where a span covers it."""
    covered = bytearray(size)
    for one in spans:
        covered[one.start : one.end] = b"\1" * (one.end - one.start)
    return covered


def _tallies(case: Case, labels: Collection[str]) -> dict[str, Tally]:
    size = len(case.text)
    by_any = cover(case.found, size)
    marked = cover(case.gold, size)
    out: dict[str, Tally] = {}
    for label in sorted(labels):
        gold = [one for one in case.gold if one.label == label]
        found = [one for one in case.found if one.label == label]
        places = {(one.start, one.end) for one in gold}
        own = cover(found, size) if found else bytearray()
        to_mask = [one for one in gold if one.to_mask]
        out[label] = Tally(
            gold=len(gold),
            found=len(found),
            exact=sum((one.start, one.end) in places for one in found),
            gold_touched=sum(touching(gold, found)),
            found_touching=sum(touching(found, gold)),
            gold_characters=sum(one.end - one.start for one in to_mask),
            gold_covered=sum(by_any.count(1, one.start, one.end) for one in to_mask),
            found_characters=own.count(1),
            found_marked=_both(own, marked),
        )
    return out


def _both(left: bytearray, right: bytearray) -> int:
    """How many characters are covered in both."""
    if not left:
        return 0
    both = int.from_bytes(left, "big") & int.from_bytes(right, "big")
    return both.bit_count()
