"""`cloakroom audit`: read the audit log. It holds names, counts and digests; there is no text."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from gateway.audit.store import SqlAuditStore
from gateway.cli.common import (
    ConfigOption,
    JsonOption,
    console,
    errors,
    fail,
    load_settings,
    print_json,
)
from gateway.errors import AuditUnavailable, ConfigError

app = typer.Typer(help="Read the audit log.", no_args_is_help=True)


@app.command("list")
def list_records(
    config: ConfigOption = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many, newest first.")] = 20,
    type_: Annotated[str | None, typer.Option("--type", help="Only records of this type.")] = None,
    tenant: Annotated[str | None, typer.Option(help="Only this tenant's.")] = None,
    request: Annotated[str | None, typer.Option(help="Only this request's.")] = None,
    before: Annotated[
        int | None, typer.Option(help="Only those before this sequence number.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """The newest records, as a table."""
    store = _store(config)
    records = _read(
        store.list_records(
            limit=limit, before_seq=before, type=type_, tenant=tenant, request_id=request
        )
    )
    if json:
        print_json(records)
        return
    if not records:
        console.print("No such records. A request through the gateway makes two.")
        return
    console.print(record_table(records))
    if len(records) == limit:
        console.print(f"Older ones: --before {records[-1]['seq']}", style="dim")


@app.command("show")
def show(
    name: Annotated[str, typer.Argument(help="An event id, or a request id for all its records.")],
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """One record, or all of one request, whole."""
    records = _read(_store(config).get(name))
    if not records:
        errors.print("There is no such record.")
        raise typer.Exit(1)
    if json:
        print_json(records)
        return
    for record in records:
        table = Table(title=f"{record['type']}  {record['ts']}", show_header=False)
        for key, value in _flat(record):
            table.add_row(key, value)
        console.print(table)


def record_table(records: list[dict[str, Any]]) -> Table:
    """Records side by side: when, what, who, where to, what was found, how it ended."""
    table = Table(title="Audit records, newest first")
    for heading in ("time", "type", "request", "tenant", "model", "upstream", "found", "status"):
        table.add_column(heading, overflow="fold")
    for record in records:
        detection = record.get("detection") or {}
        entities = detection.get("entities") or {}
        found = ", ".join(f"{name} {count}" for name, count in sorted(entities.items()))
        table.add_row(
            str(record.get("ts", ""))[:19].replace("T", " "),
            str(record.get("type", "")),
            str(record.get("request_id") or record.get("event_id", "")),
            str(record.get("tenant", "")),
            str(record.get("model_requested", "")),
            str(record.get("upstream_id", "")),
            found,
            str(record.get("http_status", "")),
        )
    return table


def _flat(value: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for key, child in value.items():
        if isinstance(child, dict):
            rows += _flat(child, f"{prefix}{key}.")
        else:
            shown = ", ".join(map(str, child)) if isinstance(child, list) else str(child)
            rows.append((prefix + key, shown))
    return rows


def _store(config: Path | None) -> SqlAuditStore:
    settings = load_settings(config)
    try:
        return SqlAuditStore(settings.audit.url, settings.master_key)
    except ConfigError as error:
        fail(error)


def _read(reading: Any) -> list[dict[str, Any]]:
    try:
        return list(asyncio.run(reading))
    except ConfigError as error:
        fail(error)
    except AuditUnavailable as error:
        errors.print(f"{error.message} Is there one yet? `cloakroom serve` makes it.")
        raise typer.Exit(1) from None
