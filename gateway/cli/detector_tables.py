"""What `cloakroom detector` prints for people."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gateway.cli.highlight import hue, safe
from gateway.types import Json

if TYPE_CHECKING:  # slow to load
    from gateway.evaluation.bench import Bench
    from gateway.evaluation.report import Result, Row
    from gateway.evaluation.score import Found

_WIDE: Final = 180  # columns of a table that goes to a file; with this, intervals are shown
_MIB: Final = 1 << 20


def _console() -> Console:
    return Console() if sys.stdout.isatty() else Console(width=_WIDE)


def summary(found: Sequence[Sequence[Found]], texts: Sequence[str]) -> dict[str, Json]:
    """What was annotated, in counts."""
    counts = Counter(one.label for spans in found for one in spans)
    labels: dict[str, Json] = {**dict(sorted(counts.items()))}
    return {
        "texts": len(texts),
        "code_points": sum(map(len, texts)),
        "findings": counts.total(),
        "labels": labels,
    }


def summary_line(counts: Mapping[str, Json]) -> str:
    """The same for people."""
    labels = counts["labels"]
    shown = (
        ", ".join(f"{n} {name}" for name, n in labels.items()) if isinstance(labels, dict) else ""
    )
    line = f"{counts['findings']} findings in {counts['texts']} texts"
    return f"{line}: {shown}" if shown else f"{line}."


def show(results: Sequence[Result]) -> None:
    """The tables of an evaluation, and what it cost."""
    from gateway.evaluation import report  # noqa: PLC0415 -- loaded by now

    console = _console()
    for title, key, rows in (
        ("By type", "type", report.by_type),
        ("By language", "language", report.by_language),
    ):
        console.print(Text(f"\n{title}", style="bold"))
        console.print(_table(key, report.beside(results, rows), console.width))
    for result in results:
        if result.latency is not None:
            line = Text(f"{result.system}: {report.cost(result.latency)}")
            console.print(line, soft_wrap=True)
    console.print(Text(report.NOTES, style="dim"))


def _table(key: str, rows: Sequence[tuple[Row, str]], width: int) -> Table:
    from gateway.evaluation import report  # noqa: PLC0415 -- loaded by now

    several = len({name for _, name in rows}) > 1
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in ("corpus", key, *(["system"] if several else [])):
        table.add_column(heading, no_wrap=True)
    for heading in report.HEADINGS:
        table.add_column(heading, justify="right")
    for at, (row, name) in enumerate(rows):
        is_last = at + 1 == len(rows) or rows[at + 1][0].corpus != row.corpus
        label = Text(safe(row.key), style="bold" if row.is_total else hue(row.key))
        table.add_row(
            Text(safe(row.corpus)),
            label,
            *([Text(name)] if several else []),
            *report.figures(row.tally, intervals=width >= _WIDE),
            style="bold" if row.is_total else "",
            end_section=is_last,
        )
    return table


def show_bench(done: Bench) -> None:
    """The figures of a bench."""
    console = _console()
    stages = Table("stage", box=SIMPLE_HEAD, pad_edge=False)
    stages.add_column("CPU ms per 1,000 tokens", justify="right")
    for name, value in done.stages.items():
        stages.add_row(name, f"{value:.2f}")
    stages.add_row("everything", f"{done.total:.2f}", style="bold")
    curve = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in ("texts", "CPU ms per 1,000 tokens", "ms per call"):
        curve.add_column(heading, justify="right")
    for point in done.curve:
        curve.add_row(str(point.texts), f"{point.cpu_ms_per_1k:.2f}", f"{point.wall_ms:.2f}")
    console.print(Text(f"Profile {done.profile}, {done.tokens:,} tokens", style="bold"))
    console.print(stages)
    console.print(Text("Several texts of about 100 tokens a call", style="bold"))
    console.print(curve)
    start = done.start
    console.print(f"From nothing to the first finding: {start.seconds:.2f} s")
    if start.rss_before:
        console.print(
            f"Memory: {start.rss_before / _MIB:.0f} MiB before, {start.rss_loaded / _MIB:.0f} "
            f"loaded, {start.rss_used / _MIB:.0f} in use, "
            f"{(start.rss_used - start.rss_before) / _MIB:.0f} above the gateway without it"
        )
