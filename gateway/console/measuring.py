"""How well the detector finds what, by type and language, from the figures of the card. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from gateway.audit.evidence.quality import ENOUGH, Measured, Recall, recalls
from gateway.entity_types import MEANINGS

SEVERAL: Final = "several"
"""Languages of a text of which the figures are not known one by one."""

NOT_SOUGHT: Final = frozenset({"MISC", "GENDER", "QUANTITY", "JOB"})
"""Types that people marked and the detector does not look for: the card says so."""

GOOD: Final = 0.9
POOR: Final = 0.7


@dataclass(frozen=True, slots=True)
class Quality:
    """A type: what was measured, what the log found of it, and what people said of that.

    `precision` is None where nothing was found of which it could be the share. `missed` is how
    many were probably not found beside what was, at least and at most; None where nothing was.
    """

    recall: Recall
    precision: float | None
    found: int
    missed: tuple[int, int] | None
    wrong: int
    overlooked: int

    @property
    def tone(self) -> str:
        """How the figure looks: `good`, `warn` or `bad`."""
        return tone(self.recall.overlap, self.recall.marked)


@dataclass(frozen=True, slots=True)
class Cell:
    """The recall of a type in a language, and of how many marked spans; None where none are."""

    recall: float | None
    marked: int

    @property
    def tone(self) -> str:
        """How the figure looks."""
        return "" if self.recall is None else tone(self.recall, self.marked)


@dataclass(frozen=True, slots=True)
class ByLanguage:
    """Recall by type, with a cell for each of the languages."""

    languages: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]


def tone(recall: float, marked: int) -> str:
    """How a recall looks; "" where it was measured on so little that it says nothing."""
    if marked < ENOUGH:
        return ""
    return "good" if recall >= GOOD else "warn" if recall >= POOR else "bad"


def _is_sought(row: Measured) -> bool:
    return row.entity_type in MEANINGS and row.entity_type not in NOT_SOUGHT


def by_type(
    rows: Sequence[Measured],
    profile: str,
    found: Mapping[str, int],
    feedback: Mapping[tuple[str, str, str], int],
) -> list[Quality]:
    """Every type that was measured, the lowest recall first, those measured on little last.

    `found` counts findings by type, `feedback` what people said by type, verdict and state; what
    was rejected does not count.
    """
    said: Counter[tuple[str, str]] = Counter()
    for (name, verdict, state), count in feedback.items():
        if state in ("open", "approved"):
            said[name, verdict] += count
    known = [row for row in rows if _is_sought(row)]
    made = [
        Quality(
            recall=one,
            precision=_precision(known, profile, name),
            found=found.get(name, 0),
            missed=_missed(one, found.get(name, 0)),
            wrong=said[name, "wrong"],
            overlooked=said[name, "missed"],
        )
        for name, one in recalls(known, profile).items()
    ]
    return sorted(made, key=lambda one: (not one.tone, one.recall.overlap, one.recall.entity_type))


def _precision(rows: Sequence[Measured], profile: str, name: str) -> float | None:
    """The share of findings that are right, over all corpora. A row without a hit does not say
    how many findings it had, and is left out."""
    hits = findings = 0.0
    for row in rows:
        if row.profile == profile and row.entity_type == name and row.precision_exact:
            right = row.recall_exact * row.marked
            hits, findings = hits + right, findings + right / row.precision_exact
    return hits / findings if findings else None


def _missed(recall: Recall, found: int) -> tuple[int, int] | None:
    _, least, most = recall.missed(found)
    if not found or most == float("inf"):
        return None
    return round(least), round(most)


def by_language(rows: Sequence[Measured], profile: str) -> ByLanguage:
    """Recall by type and language. A corpus of several languages stands in a column of its own."""
    hits: Counter[tuple[str, str]] = Counter()
    marked: Counter[tuple[str, str]] = Counter()
    for row in rows:
        if row.profile == profile and row.marked and _is_sought(row):
            language = SEVERAL if "," in row.languages else row.languages
            hits[row.entity_type, language] += round(row.recall_overlap * row.marked)
            marked[row.entity_type, language] += row.marked
    languages = sorted({one for _, one in marked}, key=lambda one: (one == SEVERAL, one))
    names = sorted({name for name, _ in marked})
    return ByLanguage(
        tuple(languages),
        tuple(
            (name, tuple(_cell(hits[name, one], marked[name, one]) for one in languages))
            for name in names
        ),
    )


def _cell(hits: int, marked: int) -> Cell:
    return Cell(hits / marked if marked else None, marked)
