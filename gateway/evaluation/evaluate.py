"""From files of labelled text and a system to its result."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gateway.errors import ConfigError, Problem
from gateway.evaluation import corpora
from gateway.evaluation.labels import label_of
from gateway.evaluation.latency import Latency
from gateway.evaluation.measure import timed
from gateway.evaluation.mistakes import mistakes
from gateway.evaluation.report import Result
from gateway.evaluation.score import Case, score, scored_cases
from gateway.evaluation.systems import System

GOLD: Final = "spans"
FINDINGS: Final = "findings"


@dataclass(frozen=True, slots=True)
class Corpus:
    """One file of labelled text."""

    name: str
    records: tuple[corpora.Record, ...]


@dataclass(frozen=True, slots=True)
class Scoring:
    """How cases are scored, and how much is shown of what went wrong."""

    folds: Collection[str] = ("places",)
    types: Collection[str] = ()
    context: int = 40
    examples: int = 0


def load(files: Sequence[Path], *, annotated: bool, types: Collection[str] = ()) -> list[Corpus]:
    """The files. Files of one name are told apart by their whole paths.

    Raises:
        ConfigError: a file is not as it should be, or has no findings though it is `annotated`,
            or no file has one of the types.
    """
    names = Counter(corpora.name_of(file) for file in files)
    wanted = (GOLD, FINDINGS) if annotated else (GOLD,)
    problems: list[Problem] = []
    loaded: list[Corpus] = []
    for file in dict.fromkeys(files):
        name = corpora.name_of(file)
        try:
            records = tuple(corpora.read(file, wanted))
        except ConfigError as error:
            problems += error.problems
        else:
            loaded.append(Corpus(name if names[name] == 1 else str(file), records))
    if problems:
        raise ConfigError(problems[: corpora.MOST_PROBLEMS])
    known = {
        label_of(span["label"])
        for one in loaded
        for line in one.records
        for span in line.fields[GOLD]
    }
    unknown = sorted(set(types) - known)
    if unknown:
        hint = f"they have: {', '.join(sorted(known))}"
        message = f"no file has the label {', '.join(unknown)}"
        raise ConfigError([Problem("command line", 0, "--types", message, hint)])
    return loaded


def size(loaded: Iterable[Corpus]) -> int:
    """How many code points the texts have."""
    return sum(len(record.text) for one in loaded for record in one.records)


async def measured(
    name: str,
    system: System,
    loaded: Sequence[Corpus],
    scoring: Scoring,
    advance: Callable[[int], None],
) -> Result:
    """What a system reaches on the texts. Raises `DetectionUnavailable` as `measure.run` does."""
    texts = [record.text for one in loaded for record in one.records]
    found, latency = await timed(system, texts, advance)
    spans = iter(found)
    cases = [
        corpora.case(one.name, record, corpora.findings(next(spans)))
        for one in loaded
        for record in one.records
    ]
    return _result(name, cases, loaded, scoring, latency)


def given(name: str, loaded: Sequence[Corpus], scoring: Scoring) -> Result:
    """What the findings that stand in the files reach."""
    cases = [corpora.case(one.name, record) for one in loaded for record in one.records]
    return _result(name, cases, loaded, scoring, None)


def _result(
    name: str,
    cases: Sequence[Case],
    loaded: Sequence[Corpus],
    scoring: Scoring,
    latency: Latency | None,
) -> Result:
    scored = scored_cases(cases, scoring.folds, scoring.types)
    return Result(
        system=name,
        cells=score(scored),
        texts={one.name: len(one.records) for one in loaded},
        latency=latency,
        mistakes=mistakes(scored, scoring.context, scoring.examples) if scoring.examples else (),
    )
