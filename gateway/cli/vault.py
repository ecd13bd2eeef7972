"""`cloakroom vault`: how much is kept for later requests, and deleting it before its time.

Exit codes: 0 done · 1 it could not be put on record, so it was not done · 2 it cannot be told.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated, Final

import typer
from rich.markup import escape
from rich.table import Table

from gateway.audit.facts import EventType
from gateway.audit.sql import DatabaseFault
from gateway.cli.audit_common import reading, say, stop
from gateway.cli.common import ConfigOption, JsonOption, console, load_settings, print_json
from gateway.cli.onrecord import put_on_record
from gateway.errors import VaultUnavailable
from gateway.vault import sql

app = typer.Typer(
    add_completion=False,
    help="What is kept, sealed, for later requests: stored responses, files and batches.",
    no_args_is_help=True,
)
_DAY_S: Final = 86_400


@contextmanager
def vault(url: str, *, as_json: bool) -> Iterator[sql.Connection]:
    """A vault that cannot be used ends the command with 2, in words."""
    try:
        with reading(as_json=as_json), sql.kept(url) as connection:
            yield connection
    except (VaultUnavailable, DatabaseFault):
        text = "The vault cannot be used. Is there one yet? `cloakroom serve` makes it."
        stop(text, as_json=as_json)


@app.command("stats")
def stats(config: ConfigOption = None, json: JsonOption = False) -> None:
    """How many things are kept for each tenant, how large they are, and when the first expires.

    Exit codes: 0 told, also where there is nothing; 2 it cannot be told.
    """
    settings = load_settings(config)
    with vault(settings.audit.url, as_json=json) as connection:
        found = sql.stats(connection, time.time())
    if json:
        print_json([one._asdict() for one in found])
        return
    if not found:
        say("The vault is empty.")
        return
    table = Table("tenant", "kind", "items", "expired", "bytes", "next expiry")
    for column in table.columns[2:5]:
        column.justify = "right"
    for one in found:
        first = datetime.fromtimestamp(one.next_expiry, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
        figures = (f"{one.items:,}", f"{one.expired:,}", f"{one.bytes:,}")
        table.add_row(escape(one.tenant), escape(one.kind), *figures, first)
    console.print(table)


@app.command("purge")
def purge(
    tenant: Annotated[str | None, typer.Option("--tenant", help="Only this tenant's.")] = None,
    older_than: Annotated[
        int | None,
        typer.Option(
            "--older-than",
            min=0,
            help="What is older than so many days, whether or not it has expired; 0 is everything.",
        ),
    ] = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Delete what has expired, or all that is older than some days. It goes on record first.

    A gateway that runs deletes by itself what has expired. Of what is deleted before its time,
    answers can no longer be restored, and conversations cannot go on.

    Exit codes: 0 done; 1 it could not be put on record, so it was not done; 2 it cannot be told.
    """
    settings = load_settings(config)
    now = time.time()
    before = None if older_than is None else now - older_than * _DAY_S
    with vault(settings.audit.url, as_json=json) as connection:
        target = "expired" if older_than is None else f"older-than/{older_than}"
        put_on_record(settings, EventType.VAULT_PURGED, tenant=tenant or "", target=target)
        done = sql.purge(connection, now, tenant=tenant, before=before)
    if json:
        print_json({"ok": True, "purged": done})
    else:
        say(f"Deleted from the vault: {done:,} items.")
