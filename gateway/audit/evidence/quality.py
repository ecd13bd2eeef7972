"""How well the detector was measured to find each entity type: read from the model card. Pure.

Intervals are Wilson's score intervals of 95 % (E. B. Wilson, 1927).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

Z95: Final = 1.959963984540054
ENOUGH: Final = 30  # spans of a corpus that is looked at by itself
CAVEAT: Final = (
    "Measured on the development split of public corpora, of which other parts were trained on: "
    "figures on text of another kind are lower."
)

_HEADER: Final = "## What `"


@dataclass(frozen=True, slots=True)
class Measured:
    """One row of the card: spans of a type that people `marked` in a corpus, and what was found.

    `precision_exact` is the share of findings of the type that are right to the letter.
    """

    profile: str
    corpus: str
    languages: str
    entity_type: str
    marked: int
    recall_exact: float
    recall_overlap: float
    precision_exact: float = 0.0


@dataclass(frozen=True, slots=True)
class Recall:
    """The share of marked spans of a type that a finding overlaps, over all corpora, with its
    95 % interval; `worst` is that of the corpus with the lowest, of those with 30 spans or more."""

    entity_type: str
    marked: int
    overlap: float
    low: float
    high: float
    exact: float
    worst: float
    worst_corpus: str

    def missed(self, found: int) -> tuple[float, float, float]:
        """How many were probably not found, where `found` were: the estimate, least and most.

        Of n there are n * recall found. Infinite where the recall may be 0.
        """
        least, most = _unfound(found, self.high), _unfound(found, self.low)
        return _unfound(found, self.overlap), least, most


def _unfound(found: int, recall: float) -> float:
    return found * (1 - recall) / recall if recall else math.inf


def read_card(text: str) -> list[Measured]:
    """The tables of a model card, in their order. What is no row of them is passed over."""
    found: list[Measured] = []
    profile = ""
    for line in text.splitlines():
        if line.startswith("## "):
            profile = line.removeprefix(_HEADER).split("`")[0] if line.startswith(_HEADER) else ""
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not profile or len(cells) != 9:
            continue
        try:
            marked, exact, overlap = int(cells[3].replace(",", "")), cells[5], cells[7]
            corpus, languages, name = cells[:3]
            figures = (float(exact), float(overlap), float(cells[4]))
            row = Measured(profile, corpus, languages, name, marked, *figures)
        except ValueError:
            continue
        found.append(row)
    return found


def recalls(rows: Iterable[Measured], profile: str) -> dict[str, Recall]:
    """The recall of a profile for each type, all corpora together."""
    by_type: dict[str, list[Measured]] = {}
    for row in rows:
        if row.profile == profile and row.marked:
            by_type.setdefault(row.entity_type, []).append(row)
    found: dict[str, Recall] = {}
    for name, some in sorted(by_type.items()):
        marked = sum(row.marked for row in some)
        hits = sum(round(row.recall_overlap * row.marked) for row in some)
        exact = sum(round(row.recall_exact * row.marked) for row in some)
        low, high = wilson(hits, marked)
        large = [row for row in some if row.marked >= ENOUGH] or some
        worst = min(large, key=lambda row: row.recall_overlap)
        found[name] = Recall(
            name, marked, hits / marked, low, high, exact / marked,
            worst.recall_overlap, worst.corpus,
        )  # fmt: skip
    return found


def wilson(hits: int, of: int, z: float = Z95) -> tuple[float, float]:
    """The interval in which a share lies, of which `hits` of `of` were seen."""
    if of <= 0:
        return 0.0, 1.0
    share, square = hits / of, z * z
    middle = (share + square / (2 * of)) / (1 + square / of)
    half = z * math.sqrt(share * (1 - share) / of + square / (4 * of * of)) / (1 + square / of)
    # At the ends, rounding must not shut the share itself out.
    return max(0.0, min(middle - half, share)), min(1.0, max(middle + half, share))
