"""`cloakroom detector`: what the detector finds in labelled text, how well, and at what cost."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, TypeAlias

import typer
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from gateway.cli import detector_tables as tables
from gateway.cli.common import ConfigOption, JsonOption, errors, fail, load_settings, print_json
from gateway.cli.detector_train import train
from gateway.config import ENVIRONMENT, MissingKey
from gateway.config_schema import PROFILES
from gateway.errors import ConfigError, Problem
from gateway.evaluation import corpora
from gateway.evaluation.labels import FOLDS, label_of
from gateway.evaluation.latency import CHARACTERS_PER_TOKEN
from gateway.evaluation.score import Tally, total
from gateway.settings import Detection
from gateway.types import Span
from gateway.version import __version__

if TYPE_CHECKING:  # slow to load: mistakes are said without them
    from gateway.detection.presidio import PresidioDetector
    from gateway.evaluation.evaluate import Corpus, Scoring
    from gateway.evaluation.report import Result

OURS: Final = "cloakroom"
GIVEN: Final = "annotated"

ProfileOption: TypeAlias = Annotated[
    str | None, typer.Option("--profile", help="The detector's profile, in place of the settings'.")
]

app = typer.Typer(
    add_completion=False,
    help="Annotate text, measure the detector, see what it costs, train its model.",
    no_args_is_help=True,
)
app.command("train")(train)


class Counting(StrEnum):
    """What a gate looks at."""

    EXACT = "exact"
    OVERLAP = "overlap"
    CHARACTERS = "characters"


class Peer(StrEnum):
    """What can be measured beside our detector."""

    PRESIDIO = "presidio"


@app.command("annotate")
def annotate(
    source: Annotated[Path, typer.Option("--in", help="JSON lines with a text each; - for stdin.")],
    target: Annotated[Path, typer.Option("--out", help="Where they go; - for standard output.")],
    config: ConfigOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add what is found to each line, as `findings`. Names that end in .gz are compressed."""
    try:
        records = corpora.read(source)
        settings = _settings(config, profile)
        texts = [record.text for record in records]
        with _progress(sum(map(len, texts)), "annotating") as advance:
            spans = asyncio.run(_annotate(settings, texts, advance))
        found = [corpora.findings(one) for one in spans]
        lines = zip(records, found, strict=True)
        corpora.write(target, b"".join(corpora.annotated(*line) for line in lines))
    except ConfigError as error:
        fail(error)
    summary = tables.summary(found, texts)
    if not as_json:
        errors.print(tables.summary_line(summary), highlight=False)
    elif target == corpora.STANDARD:
        errors.print_json(data=summary)
    else:
        print_json(summary)


@app.command("evaluate")
def evaluate(
    files: Annotated[list[Path], typer.Argument(help="Labelled text: files of JSON lines.")],
    config: ConfigOption = None,
    profile: ProfileOption = None,
    against: Annotated[Peer | None, typer.Option(help="Measure this too, beside ours.")] = None,
    annotated: Annotated[
        bool, typer.Option("--annotated", help="Score the findings that the files hold already.")
    ] = False,
    types: Annotated[str, typer.Option(help="Only these labels, separated by commas.")] = "",
    fold: Annotated[
        str,
        typer.Option(help="Groups of labels that count as one where a corpus lacks some, or none."),
    ] = "places",
    report_file: Annotated[Path | None, typer.Option("--report", help="An HTML report.")] = None,
    text_file: Annotated[Path | None, typer.Option("--text", help="A plain-text report.")] = None,
    context: Annotated[int, typer.Option(min=0, help="Characters around a mistake.")] = 40,
    examples: Annotated[
        int, typer.Option(min=0, help="Mistakes in the reports, per corpus, kind and label.")
    ] = 20,
    min_recall: Annotated[
        float | None, typer.Option(min=0, max=1, help="Exit with 1 if recall is lower.")
    ] = None,
    min_f2: Annotated[
        float | None, typer.Option(min=0, max=1, help="Exit with 1 if F2 is lower.")
    ] = None,
    by: Annotated[Counting, typer.Option(help="What --min-recall and --min-f2 look at.")] = (
        Counting.EXACT
    ),
    as_json: JsonOption = False,
) -> None:
    """Precision, recall, F1 and F2 per corpus, type and language, and what detection cost.

    A type is scored where its corpus has it. The gates look at the sum over all files.
    """
    from gateway.evaluation.evaluate import Scoring, load  # noqa: PLC0415 -- slow

    wanted = [label_of(one) for one in _words(types)]
    examples = examples if report_file or text_file else 0
    try:
        scoring = Scoring(_folds(fold), wanted, context, examples)
        loaded = load(files, annotated=annotated, types=wanted)
        settings = None if annotated else _settings(config, profile)
        results = asyncio.run(_evaluate(settings, loaded, scoring, against))
        _write_reports(results, report_file, text_file)
    except ConfigError as error:
        fail(error)
    missed = _gates(total(results[0].cells), by, min_recall, min_f2)
    if as_json:
        from gateway.evaluation.report import document  # noqa: PLC0415 -- as above

        print_json({**document(results), "by": by.value, "below": missed})
    else:
        tables.show(results)
    for line in missed:
        errors.print(line, style="red")
    if missed:
        raise typer.Exit(1)


@app.command("bench")
def bench(
    tokens: Annotated[int, typer.Option(min=1, help="How much text.")] = 1_000,
    config: ConfigOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
) -> None:
    """CPU time by stage and by size of batch, start-up time, memory. On built-in text."""
    from gateway.evaluation import bench as benches  # noqa: PLC0415 -- counts memory first

    try:
        settings = _settings(config, profile)
        with errors.status("measuring") as status:
            done = asyncio.run(benches.bench(settings, _open, tokens, status.update))
    except ConfigError as error:
        fail(error)
    if as_json:
        print_json(benches.document(done))
    else:
        tables.show_bench(done)


# ---- the detector --------------------------------------------------------------------------------


def _settings(config: Path | None, profile: str | None) -> Detection:
    """The operator's, where there is a file; nothing is made on disk where there is none."""
    is_configured = config is not None or os.environ.get(ENVIRONMENT)
    detection = load_settings(config, MissingKey.LEND).detection if is_configured else Detection()
    if profile is None:
        return detection
    if profile not in PROFILES:
        raise _wrong("--profile", f"must be one of: {', '.join(PROFILES)}")
    return replace(detection, profile=profile)


def _wrong(option: str, message: str) -> ConfigError:
    return ConfigError([Problem("command line", 0, option, message)])


def _open(settings: Detection) -> PresidioDetector:
    from gateway.app import make_detector  # noqa: PLC0415 -- slow

    return make_detector(settings)


async def _annotate(
    settings: Detection, texts: Sequence[str], advance: Callable[[int], None]
) -> list[Sequence[Span]]:
    from gateway.evaluation import measure, systems  # noqa: PLC0415 -- slow

    detector = _open(systems.patient(settings))
    try:
        return await measure.run(systems.Ours(detector), texts, advance)
    finally:
        await detector.aclose()


async def _evaluate(
    settings: Detection | None, loaded: Sequence[Corpus], scoring: Scoring, against: Peer | None
) -> list[Result]:
    """Ours, or what stands in the files where there are no settings; then the peer."""
    from gateway.evaluation import evaluate, systems  # noqa: PLC0415 -- slow

    size = evaluate.size(loaded)
    results: list[Result] = []
    if settings is None:
        results.append(evaluate.given(GIVEN, loaded, scoring))
    else:
        detector = _open(systems.patient(settings))
        try:
            with _progress(size, OURS) as advance:
                ours = systems.Ours(detector)
                results.append(await evaluate.measured(OURS, ours, loaded, scoring, advance))
        finally:
            await detector.aclose()
    if against is not None:
        from gateway.evaluation.presidio import PresidioAlone  # noqa: PLC0415 -- only if asked for

        with _progress(size, against.value) as advance:
            peer = PresidioAlone()
            results.append(await evaluate.measured(against.value, peer, loaded, scoring, advance))
    return results


# ---- options, progress, reports, gates -----------------------------------------------------------


def _words(listed: str) -> list[str]:
    return [word.strip() for word in listed.split(",") if word.strip()]


def _folds(listed: str) -> list[str]:
    names = [] if listed == "none" else _words(listed)
    if not FOLDS.keys() >= set(names):
        raise _wrong("--fold", f"must be none, or some of: {', '.join(FOLDS)}")
    return names


class _Rate(ProgressColumn):
    """How many tokens are read in a second."""

    def render(self, task: Task) -> Text:
        speed = (task.speed or 0.0) / CHARACTERS_PER_TOKEN
        return Text(f"{speed:,.0f} tokens/s", style="progress.data.speed")


@contextmanager
def _progress(code_points: int, title: str) -> Iterator[Callable[[int], None]]:
    """A bar on standard error; gives what it is told of each piece that is done."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        _Rate(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    hidden = not errors.is_terminal
    with Progress(*columns, console=errors, disable=hidden, transient=True) as bar:
        task = bar.add_task(title, total=code_points)
        yield lambda done: bar.advance(task, done)


def _write_reports(results: Sequence[Result], html: Path | None, text: Path | None) -> None:
    from gateway.evaluation import html as pages  # noqa: PLC0415 -- loaded by now
    from gateway.evaluation import report  # noqa: PLC0415

    if html is not None:
        made = f"Made by cloakroom {__version__}, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
        corpora.write(html, pages.page(results, made).encode())
    if text is not None:
        corpora.write(text, report.text(results).encode())


def _gates(tally: Tally, by: Counting, recall: float | None, f2: float | None) -> list[str]:
    """What is below its gate, in words."""
    scores = {
        Counting.EXACT: tally.exactly,
        Counting.OVERLAP: tally.overlap,
        Counting.CHARACTERS: tally.characters,
    }[by]
    reached = (("recall", recall, scores.recall.value), ("F2", f2, scores.f(2)))
    return [
        f"{name} ({by.value}) is {value:.4f}, below {least}"
        for name, least, value in reached
        if least is not None and value < least
    ]
