"""`cloakroom audit search` and `audit stats`: what is in the log."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final

import typer
from rich.markup import escape
from rich.table import Table

from gateway.audit.facts import EventType
from gateway.audit.search import SCAN, Found, Query, Searcher, open_search
from gateway.audit.stats import Stats, read_stats
from gateway.cli.audit_common import (
    Exit,
    FromOption,
    ToOption,
    UrlOption,
    log_url,
    progress,
    reading,
    say,
)
from gateway.cli.common import ConfigOption, JsonOption, console, print_json

MOST_ROWS: Final = 30  # of a table; JSON has all
_TIME: Final = 19  # columns: those of a time
_TYPE: Final = max(map(len, EventType))
_EVENT_ID: Final = 36  # columns: those of a UUID (RFC 9562)


def search(
    config: ConfigOption = None,
    url: UrlOption = None,
    since: FromOption = None,
    until: ToOption = None,
    tenant: Annotated[str | None, typer.Option(help="This tenant's.")] = None,
    type_: Annotated[str | None, typer.Option("--type", help="Of this type.")] = None,
    request: Annotated[str | None, typer.Option(help="Of this request.")] = None,
    actor: Annotated[str | None, typer.Option(help="By this actor: reference or key id.")] = None,
    entity: Annotated[str | None, typer.Option(help="In which this entity type was found.")] = None,
    rule: Annotated[str | None, typer.Option(help="That this rule matched.")] = None,
    policy: Annotated[str | None, typer.Option(help="By this policy: id or digest.")] = None,
    model: Annotated[str | None, typer.Option(help="For this model, asked for or served.")] = None,
    upstream: Annotated[str | None, typer.Option(help="To this upstream.")] = None,
    outcome: Annotated[str | None, typer.Option(help="That ended so.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many, newest first.")] = 50,
    before: Annotated[int | None, typer.Option(help="Below this number: the next page.")] = None,
    json: JsonOption = False,
) -> None:
    """Records that fit all that is asked for, newest first. --json has all of their fields.

    Exit codes: 0 some were found; 1 none; 2 the log cannot be read.
    """
    query = Query(
        since=since,
        until=until,
        tenant=tenant,
        type=type_,
        request_id=request,
        actor=actor,
        entity_type=entity,
        rule=rule,
        policy=policy,
        model=model,
        upstream=upstream,
        outcome=outcome,
    )
    with reading(as_json=json), open_search(log_url(config, url)) as log:
        found = _page(log, query, limit, before, hidden=json)
    if json:
        print_json({"records": found.records, "before": found.before, "scanned": found.scanned})
    elif found.records:
        console.print(record_table(found.records))
        if found.before is not None:
            say(f"Older ones: --before {found.before}", "dim")
    else:
        say("No such records.")
    raise typer.Exit(Exit.OK if found.records else Exit.NOT_SO)


def _page(log: Searcher, query: Query, limit: int, before: int | None, *, hidden: bool) -> Found:
    """A full page, however far that is: the searching is done in steps of `SCAN` rows."""
    records: list[dict[str, Any]] = []
    scanned = 0
    with progress(hidden=hidden) as bar:
        task = bar.add_task("rows", total=None)
        while True:
            found = log.page(query, limit=limit - len(records), before=before, scan=SCAN)
            records += found.records
            scanned += found.scanned
            before = found.before
            bar.update(task, completed=scanned, total=scanned + (before or 0))
            if before is None or len(records) == limit:
                return Found(records, before, scanned)


def record_table(records: list[dict[str, Any]]) -> Table:
    """Records below each other, readable at 80 columns; JSON has all of them.

    When, what and whose; what was found; the event id, which `audit show` takes, whole, above the
    request, the model and the upstream.
    """
    table = Table(title="Audit records, newest first", leading=1)
    longest = max((len(str(one.get("type", ""))) for one in records), default=0)
    names = max(_TIME, min(_TYPE, longest))
    table.add_column("time, type, tenant", width=names, overflow="fold")
    table.add_column("found", overflow="fold")
    table.add_column("event id, request, model", width=_EVENT_ID, overflow="fold")
    for record in records:
        entities = (record.get("detection") or {}).get("entities") or {}
        when = str(record.get("ts", ""))[:19].replace("T", " ")
        served = (record.get("model_requested", ""), record.get("upstream_id", ""))
        where = " at ".join(str(one) for one in served if one)
        cells = (
            (when, record.get("type", ""), record.get("tenant", "")),
            [f"{name} {count}" for name, count in sorted(entities.items())],
            (record.get("event_id", ""), record.get("request_id", ""), where),
        )
        table.add_row(*("\n".join(escape(str(one)) for one in cell if one) for cell in cells))
    return table


def stats(config: ConfigOption = None, url: UrlOption = None, json: JsonOption = False) -> None:
    """How many records there are, of what, by whom and when, and what they take on the disk.

    Exit codes: 0 there are some; 1 there are none; 2 the log cannot be read.
    """
    with reading(as_json=json):
        found = read_stats(log_url(config, url))
    age = _age_s(found)
    if json:
        print_json(
            {
                "records": found.records,
                "leaves": found.leaves,
                "types": found.types,
                "outcomes": found.outcomes,
                "tenants": found.tenants,
                "days": found.days,
                "checkpoint_size": found.checkpoint_size,
                "checkpoint_ts": found.checkpoint_ts,
                "checkpoint_age_seconds": age,
                "unsigned": found.unsigned,
                "size_bytes": found.size_bytes,
                "bytes_per_record": found.bytes_per_record,
            }
        )
    else:
        _print(found, age)
    raise typer.Exit(Exit.OK if found.records else Exit.NOT_SO)


def _age_s(found: Stats) -> int | None:
    """Seconds since the last checkpoint; None where there is none."""
    if not found.checkpoint_ts:
        return None
    return max(0, int(time.time() - datetime.fromisoformat(found.checkpoint_ts).timestamp()))


def _print(found: Stats, age: int | None) -> None:
    say(f"{found.records:,} records, {found.leaves:,} of them in the tree.")
    if age is None:
        say("No checkpoint yet.", "yellow")
    else:
        text = f"Last checkpoint: leaf {found.checkpoint_size:,}, {age:,} s ago"
        say(f"{text}; {found.unsigned:,} records are behind it.")
    say(f"On disk: {found.size_bytes:,} bytes, {found.bytes_per_record:,} a record.")
    for title, rows in (
        ("type", found.types),
        ("outcome", found.outcomes),
        ("tenant", found.tenants),
        ("day", dict(reversed(list(found.days.items())))),
    ):
        if rows:
            console.print(_counts(title, rows))


def _counts(title: str, rows: Mapping[str, int]) -> Table:
    table = Table(title, "records")
    table.columns[1].justify = "right"
    shown = list(rows.items())
    for name, count in shown[:MOST_ROWS]:
        table.add_row(escape(name) or "(none)", f"{count:,}")
    if len(shown) > MOST_ROWS:
        rest = sum(count for _, count in shown[MOST_ROWS:])
        table.add_row(f"{len(shown) - MOST_ROWS} more", f"{rest:,}")
    return table
