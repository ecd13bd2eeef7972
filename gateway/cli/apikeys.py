"""`cloakroom apikeys`: give keys to callers and take them back. Both go on record."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from gateway.audit.facts import EventType
from gateway.cli.common import (
    ConfigOption,
    JsonOption,
    console,
    errors,
    fail,
    load_settings,
    print_json,
)
from gateway.cli.onrecord import put_on_record
from gateway.config import MissingKey
from gateway.errors import ConfigError
from gateway.identity.keys import KeyEntry, add_key, read_keys, revoke_key
from gateway.settings import Settings

app = typer.Typer(
    add_completion=False, help="Give keys to callers and take them back.", no_args_is_help=True
)


@app.command("add")
def add(
    config: ConfigOption = None,
    tenant: Annotated[str, typer.Option(help="The tenant that the caller belongs to.")] = "default",
    role: Annotated[list[str] | None, typer.Option(help="A role; may be repeated.")] = None,
    tag: Annotated[
        list[str] | None, typer.Option(help="A tag that policies may ask for; may be repeated.")
    ] = None,
    key_id: Annotated[
        str | None, typer.Option("--id", help="The key's name; else made up.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Make a key. It is shown this once and stands nowhere."""
    settings, path = _keys(config, MissingKey.MAKE)
    try:
        made = add_key(
            path,
            settings.master_key,
            key_id,
            tenant,
            list(role or ()),
            list(tag or ()),
            # First on record, then in force: there is no key that nobody knows of.
            before=lambda entry: _record(settings, EventType.APIKEY_CREATED, entry),
        )
    except ConfigError as error:
        fail(error)
    if json:
        entry = made.entry
        shown = {"id": entry.id, "tenant": tenant, "roles": entry.roles, "tags": entry.tags}
        print_json({**shown, "key": made.text})
        return
    console.print(f"Key {made.entry.id} for tenant {tenant}. It is shown this once:")
    console.print(made.text, style="bold", highlight=False, soft_wrap=True)


@app.command("list")
def list_keys(config: ConfigOption = None, json: JsonOption = False) -> None:
    """All keys, revoked ones too; without anything that lets somebody in."""
    _, path = _keys(config, MissingKey.LEND)
    try:
        entries = read_keys(path)
    except ConfigError as error:
        fail(error)
    if json:
        print_json([entry.model_dump(exclude={"hmac"}) for entry in entries])
        return
    table = Table(title="Keys")
    for heading in ("id", "tenant", "roles", "tags", "created", "revoked"):
        table.add_column(heading)
    for entry in entries:
        table.add_row(
            entry.id,
            entry.tenant,
            ", ".join(entry.roles),
            ", ".join(entry.tags),
            entry.created,
            entry.revoked or "",
        )
    console.print(table)


@app.command("revoke")
def revoke(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="The key's name.")],
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Take a key back. Running gateways notice within a second."""
    settings, path = _keys(config, MissingKey.REFUSE)
    try:
        entry = revoke_key(path, key_id)
    except ConfigError as error:
        fail(error)
    _record(settings, EventType.APIKEY_REVOKED, entry)
    if json:
        print_json(entry.model_dump(exclude={"hmac"}))
        return
    console.print(f"Key {entry.id} is revoked since {entry.revoked}.")


def _keys(config: Path | None, missing_key: MissingKey) -> tuple[Settings, Path]:
    settings = load_settings(config, missing_key)
    if settings.auth.keys_file is None:
        errors.print(
            "The configuration names no keys file: add `auth: {mode: keys, keys_file: keys.yaml}`."
        )
        raise typer.Exit(2)
    return settings, settings.auth.keys_file


def _record(settings: Settings, kind: EventType, entry: KeyEntry) -> None:
    put_on_record(settings, kind, tenant=entry.tenant, target=entry.id)
