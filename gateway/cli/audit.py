"""`cloakroom audit`: read the audit log. It holds names, counts and digests; there is no text.

Exit codes: 0 it holds, or something was found · 1 it does not, or nothing was · 2 it cannot be
told. An empty list is no failure.
"""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from gateway.audit.search import open_search
from gateway.cli import (
    audit_anchor,
    audit_evidence,
    audit_export,
    audit_migrate,
    audit_proof,
    audit_prune,
    audit_search,
    audit_sinks,
    audit_verify,
    holds,
)
from gateway.cli.audit_common import Exit, UrlOption, log_url, reading, stop
from gateway.cli.common import ConfigOption, JsonOption, console, print_json

app = typer.Typer(
    add_completion=False, help="Read the audit log, and see whether it holds.", no_args_is_help=True
)
app.command("search")(audit_search.search)
app.command("stats")(audit_search.stats)
app.command("verify")(audit_verify.verify)
app.command("proof")(audit_proof.proof)
app.command("keys")(audit_proof.keys)
app.command("export")(audit_export.export)
app.command("evidence")(audit_evidence.evidence)
app.command("anchor")(audit_anchor.anchor)
app.command("migrate")(audit_migrate.migrate)
app.command("prune")(audit_prune.prune)
app.add_typer(holds.app, name="hold")
app.add_typer(audit_sinks.app, name="sinks")


@app.command("list")
def list_records(
    config: ConfigOption = None,
    url: UrlOption = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many, newest first.")] = 20,
    type_: Annotated[str | None, typer.Option("--type", help="Only records of this type.")] = None,
    tenant: Annotated[str | None, typer.Option(help="Only this tenant's.")] = None,
    request: Annotated[str | None, typer.Option(help="Only this request's.")] = None,
    before: Annotated[
        int | None, typer.Option(help="Only those before this sequence number.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """The newest records, as a table. --json has all of their fields.

    Exit codes: 0 listed, also where there is nothing to list; 2 the log cannot be read.
    """
    with reading(), open_search(log_url(config, url)) as log:
        records = log.listed(
            limit=limit, before_seq=before, type_=type_, tenant=tenant, request_id=request
        )
    if json:
        print_json(records)
        return
    if not records:
        console.print("No such records. A request through the gateway makes two.")
        return
    console.print(audit_search.record_table(records))
    if len(records) == limit:
        console.print(f"Older ones: --before {records[-1]['seq']}", style="dim")


@app.command("show")
def show(
    name: Annotated[str, typer.Argument(help="An event id, or a request id for all its records.")],
    config: ConfigOption = None,
    url: UrlOption = None,
    json: JsonOption = False,
) -> None:
    """One record, or all of one request, whole.

    Exit codes: 0 shown; 1 there is no such record; 2 the log cannot be read.
    """
    with reading(), open_search(log_url(config, url)) as log:
        records = log.get(name)
    if not records:
        stop("There is no such record.", Exit.NOT_SO)
    if json:
        print_json(records)
        return
    for record in records:
        table = Table(title=f"{record['type']}  {record['ts']}", show_header=False)
        for key, value in _flat(record):
            table.add_row(key, escape(value))
        console.print(table)


def _flat(value: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for key, child in value.items():
        if isinstance(child, dict):
            rows += _flat(child, f"{prefix}{key}.")
        else:
            shown = ", ".join(map(str, child)) if isinstance(child, list) else str(child)
            rows.append((prefix + key, shown))
    return rows
