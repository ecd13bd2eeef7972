"""Tables that stand in JSON, in Markdown and in the summary alike. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under headings. Cells are text already; columns of `figures` are set to the right."""

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    figures: frozenset[int] = frozenset()
    widths: tuple[int, ...] = ()  # shares of the width on paper; equal ones if empty


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a report: sentences, then tables."""

    title: str
    sentences: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """What people read, and `data`, the same for machines."""

    title: str
    sections: tuple[Section, ...]
    data: dict[str, Any] = field(repr=False)


def markdown(report: Report) -> str:
    """The report as Markdown."""
    parts = [f"# {report.title}", ""]
    for section in report.sections:
        parts += [f"## {section.title}", ""]
        for sentence in section.sentences:
            parts += [sentence, ""]
        for table in section.tables:
            parts += _table(table)
    return "\n".join(parts).rstrip("\n") + "\n"


def _table(table: Table) -> list[str]:
    if not table.rows:
        return [f"**{table.title}**: none.", ""]
    rule = ["---:" if at in table.figures else "---" for at in range(len(table.headings))]
    rows = [_row(table.headings), _row(rule), *(_row(row) for row in table.rows)]
    return [f"**{table.title}**", "", *rows, ""]


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def share(value: float) -> str:
    """A share of one, in per cent."""
    return f"{value * 100:.1f} %"


def number(value: float) -> str:
    """A figure with its thousands set apart; "unbounded" where it is infinite."""
    if value == float("inf"):
        return "unbounded"
    return f"{value:,.0f}"
