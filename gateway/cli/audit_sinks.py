"""`cloakroom audit sinks`: how far each further sink is, and giving one up that is no more.

Records that a sink has not got yet are never pruned, so that one that was taken out of the
configuration, or will never work again, would keep them for ever.

Exit codes: 0 listed, or dropped · 1 there is no such sink, or it is in use · 2 it cannot be told.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from gateway.audit.content.store import open_content
from gateway.audit.facts import EventType
from gateway.audit.grammar import IDENTIFIER
from gateway.audit.reading import LogReader, open_log
from gateway.audit.sinks.service import cursor_key
from gateway.audit.sinks.sql import STATE, Books, drop_cursor
from gateway.audit.sql import DatabaseFault
from gateway.cli.audit_common import Exit, reading, say, stop
from gateway.cli.common import ConfigOption, JsonOption, console, load_settings, print_json
from gateway.cli.onrecord import put_on_record
from gateway.config import MissingKey
from gateway.errors import AuditUnavailable
from gateway.settings import Sink

app = typer.Typer(help="The log's further sinks: how far each is.")


class State(StrEnum):
    """How a sink does, as far as the log says."""

    OK = "ok"
    DEGRADED = "degraded"
    NEW = "new"  # it has got nothing yet
    UNCONFIGURED = "not configured"


@dataclass(frozen=True, slots=True)
class Standing:
    """A sink: `cursor` is the first leaf that it has not got, `behind` how many records wait.

    `key` is what its cursor goes by; one that is not configured is known by nothing else.
    """

    name: str
    key: str
    cursor: int
    behind: int
    state: State


def standings(log: LogReader, sinks: Sequence[Sink]) -> list[Standing]:
    """The configured sinks in their order, then others of which the log knows."""
    kept = log.cursors()
    size, first = log.size, log.pruned_below
    names = {cursor_key(one): one.name for one in sinks}
    others = [key for key in kept if not key.endswith(STATE) and key not in names]

    def standing(key: str) -> Standing:
        cursor = kept.get(key, 0)
        state = State.UNCONFIGURED
        if key in names:
            state = State.OK if key in kept else State.NEW
            state = State.DEGRADED if kept.get(key + STATE) else state
        behind = max(0, size - max(cursor, first))
        return Standing(names.get(key, key), key, cursor, behind, state)

    return [standing(key) for key in (*names, *others)]


@app.callback(invoke_without_command=True)
def sinks(
    context: typer.Context,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """How far each further sink is: the first leaf that it has not got, and how many wait.

    Exit codes: 0 listed, also where there are none; 2 the log cannot be read.
    """
    if context.invoked_subcommand is not None:
        context.obj = config
        return
    settings = load_settings(config, MissingKey.LEND)
    with reading(as_json=json), open_log(settings.audit.url) as log:
        found = standings(log, settings.audit.sinks)
    if json:
        print_json([asdict(one) for one in found])
        return
    if not found:
        say("There are no further sinks: set audit.sinks in the configuration.")
        return
    table = Table("sink", "cursor", "behind by", "state")
    for column in table.columns[1:3]:
        column.justify = "right"
    table.columns[0].overflow = "fold"
    for one in found:
        cells = (escape(one.name), f"{one.cursor:,}", f"{one.behind:,}", one.state.value)
        table.add_row(*cells, style="" if one.state is State.OK else "yellow")
    console.print(table)
    if any(one.state is State.UNCONFIGURED for one in found):
        text = "What is not configured gets nothing, and keeps records from being pruned: give it"
        say(f"{text} up with `cloakroom audit sinks drop NAME`.", "yellow")


@app.command("drop")
def drop(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The sink, as `cloakroom audit sinks` names it.")],
    force: Annotated[
        bool, typer.Option("--force", help="Also one that is configured, or that is served.")
    ] = False,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Give a sink up: what it has not got may be pruned from now on. It goes on record.

    A sink that is configured, or comes back, gets the whole log once more, as far as it is there.

    Exit codes: 0 dropped; 1 there is no such sink, or it is in use; 2 the log cannot be read or
    written.
    """
    settings = load_settings(config or context.obj)
    with reading(as_json=json):
        with open_log(settings.audit.url) as log:
            known = {one.name: one for one in standings(log, settings.audit.sinks)}
        found = known.get(name)
        if found is None:
            text = "There is no such sink: `cloakroom audit sinks` lists them."
            stop(text, Exit.NOT_SO, as_json=json)
        if found.state is not State.UNCONFIGURED and not force:
            text = f"The sink {name} is configured: take it out first, or say --force."
            stop(text, Exit.NOT_SO, as_json=json)
        if not force and _is_served(settings.audit.url, found.key):
            text = f"A gateway that runs still serves {name}: restart it first, or say --force."
            stop(text, Exit.NOT_SO, as_json=json)
        put_on_record(settings, EventType.SINK_DROPPED, target=_target(found))
        content = open_content(settings.audit.url, settings.master_key)
        with content, content.transaction() as raw:
            drop_cursor(raw, found.key)
    if json:
        print_json({"ok": True, "dropped": found.name, "behind": found.behind})
        return
    say(f"Dropped: {found.name}, which had not got {found.behind:,} records.")


def _is_served(url: str, key: str) -> bool:
    """Whether some process serves this sink now. Raises `AuditUnavailable`, `ConfigError`."""
    try:
        books = Books(url)
        try:
            return not books.lead(key)
        finally:
            books.close()
    except DatabaseFault:
        raise AuditUnavailable("The audit log cannot be written.") from None


def _target(sink: Standing) -> str:
    """The sink as a record may name it: places with other characters by their hash."""
    if IDENTIFIER.fullmatch(sink.name):
        return sink.name
    return f"sha256:{hashlib.sha256(sink.key.encode()).hexdigest()}"
