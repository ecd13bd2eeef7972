"""Where findings and marked spans disagree, for people to read. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from gateway.evaluation.score import Case, Found, Gold, labels_of, touching


class Kind(StrEnum):
    """What went wrong."""

    MISSED = "missed"  # nothing was found there
    OTHER_TYPE = "other type"  # something was found there, under another label
    FALSE = "false finding"  # nothing is marked there with this label


@dataclass(frozen=True, slots=True)
class Mistake:
    """One disagreement with the text around it. `seen` is what stood there instead, if anything."""

    corpus: str
    number: int
    kind: Kind
    label: str
    seen: str
    before: str = field(repr=False)
    text: str = field(repr=False)
    after: str = field(repr=False)


def mistakes(cases: Sequence[Case], context: int, most: int) -> list[Mistake]:
    """The disagreements in order, at most `most` per corpus, kind and label.

    `context` is how many characters before and after are shown. The cases come from
    `scored_cases`.
    """
    labels = labels_of(cases)
    shown: Counter[tuple[str, Kind, str]] = Counter()
    out: list[Mistake] = []
    for case in cases:
        for kind, span, seen in _disagreements(case, labels[case.corpus]):
            key = (case.corpus, kind, span.label)
            shown[key] += 1
            if shown[key] <= most:
                out.append(_mistake(case, kind, span, seen, context))
    return out


def _disagreements(case: Case, labels: Iterable[str]) -> Iterator[tuple[Kind, Gold | Found, str]]:
    for label in sorted(labels):
        gold = [one for one in case.gold if one.label == label]
        found = [one for one in case.found if one.label == label]
        for span, is_found in zip(gold, touching(gold, found), strict=True):
            if not is_found:
                others = _names(span, case.found)
                yield (Kind.OTHER_TYPE if others else Kind.MISSED), span, others
        for finding, is_marked in zip(found, touching(found, gold), strict=True):
            if not is_marked:
                yield Kind.FALSE, finding, _names(finding, case.gold) or finding.recognizer


def _names(span: Gold | Found, others: Sequence[Gold | Found]) -> str:
    near = {one.label for one in others if one.start < span.end and span.start < one.end}
    return ", ".join(sorted(near))


def _mistake(case: Case, kind: Kind, span: Gold | Found, seen: str, context: int) -> Mistake:
    return Mistake(
        case.corpus,
        case.number,
        kind,
        span.label,
        seen,
        case.text[max(0, span.start - context) : span.start],
        case.text[span.start : span.end],
        case.text[span.end : span.end + context],
    )
