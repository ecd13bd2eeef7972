"""What went wrong in a period, and what is missing: every gap is named. Pure."""

from __future__ import annotations

from typing import Any, Final

from gateway.audit.evidence.collect import Collected, Listed
from gateway.audit.evidence.tables import Report, Section, Table, number

TITLE: Final = "Outages and gaps"
SILENT_S: Final = 300  # seconds between two checkpoints from which on a log was silent


def outages(seen: Collected, silent: Listed, quiet: Listed, unsigned: int) -> Report:
    """Everything that an auditor would ask about.

    Args:
        seen: the records of the period.
        silent: times without a checkpoint that are longer than a running log leaves.
        quiet: times without a new record, of whose checkpoints only the last one is kept.
        unsigned: records at the end of the log that no checkpoint covers and the pack leaves out.
    """
    lists = {
        "chain_gaps": (
            "Records that a writer made and the log does not have", seen.gaps,
            ("leaf", "ts", "writer", "missing"),
        ),
        "trouble": (
            "Requests of unknown outcome, failed detection, refused policies and the like",
            seen.trouble, ("leaf", "ts", "type", "request_id", "target"),
        ),
        "sinks_degraded": (
            "Times in which a copy of the log was not kept up", seen.degraded,
            ("sink", "from", "to", "leaf"),
        ),
        "silent": (
            f"Times of more than {SILENT_S} seconds without a checkpoint: no process signed",
            silent, ("from", "to", "size"),
        ),
        "quiet": (
            f"Times of more than {SILENT_S} seconds without a new record, signed at their end: "
            "whether a process signed all the while is not known",
            quiet, ("from", "to", "size"),
        ),
        "without_stop": (
            "Processes without a record of their stop: they run still, or were killed",
            seen.unstopped, ("writer", "last_leaf", "last"),
        ),
        "clock_back": (
            "Clocks that went backwards", seen.clock, ("leaf", "writer", "from", "to"),
        ),
    }  # fmt: skip
    data: dict[str, Any] = {name: listed.document() for name, (_, listed, _) in lists.items()}
    data["unsigned_records_left_out"] = unsigned
    tables = tuple(_table(title, listed, names) for title, listed, names in lists.values())
    sentence = (
        f"{number(unsigned)} records at the end of the log stand under no checkpoint yet and are "
        "left out."
    )
    return Report(TITLE, (Section("In the period", (sentence,), tables),), data)


def _table(title: str, listed: Listed, names: tuple[str, ...]) -> Table:
    rows = tuple(tuple(_cell(one.get(name)) for name in names) for one in listed.entries)
    return Table(f"{title} ({number(listed.count)})", names, rows)


def _cell(value: object) -> str:
    return "" if value is None else str(value)
