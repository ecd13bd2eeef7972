"""`cloakroom audit hold`: what must not be erased, expire or be pruned. All of it on record.

Exit codes: 0 done · 1 there is no such hold, or nothing that it would hold · 2 it cannot be told.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer
from rich.table import Table

from gateway.audit import grammar
from gateway.audit.content.store import open_content
from gateway.audit.facts import EventType
from gateway.cli.audit_common import Exit, reading, say, stop
from gateway.cli.common import ConfigOption, JsonOption, console, load_settings, print_json
from gateway.cli.dsar import read_values, refuse_unknown_type
from gateway.cli.onrecord import put_on_record
from gateway.settings import Settings

app = typer.Typer(
    help="Legal holds: what must not be erased, expire or be pruned.", no_args_is_help=True
)
_ANYWAY: Final = "Say --anyway to set it."


@app.command("set")
def set_hold(
    reason: Annotated[
        str, typer.Option("--reason", help="Why: a code in small letters, such as case-2026-7.")
    ],
    tenant: Annotated[str, typer.Option(help="Only this tenant's data; else everybody's.")] = "",
    request: Annotated[str | None, typer.Option(help="Only this request.")] = None,
    entity_type: Annotated[
        str | None, typer.Option("--type", help="Only a person's: the type of the values.")
    ] = None,
    values: Annotated[
        Path | None,
        typer.Option("--value-file", help="A person's values, one a line; - for standard input."),
    ] = None,
    anyway: Annotated[
        bool,
        typer.Option("--anyway", help="Also where there is no such request, tenant or type yet."),
    ] = False,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Set a hold. Records on hold, and all after them, stay in the log as well.

    Exit codes: 0 set; 1 the log has no such request, or none of that tenant; 2 a wrong command
    line, or a log that cannot be read or written.
    """
    if not reason or not grammar.CODE.fullmatch(reason):
        raise typer.BadParameter("must be a code: small letters, digits, dots, colons, dashes")
    if not grammar.TENANT.fullmatch(tenant) or not grammar.REQUEST_ID.fullmatch(request or ""):
        raise typer.BadParameter("must be a tenant's name and the id of a request")
    if (entity_type is None) != (values is None):
        raise typer.BadParameter("--type and --value-file belong together")
    if entity_type is not None and not tenant:
        raise typer.BadParameter("a person is looked for in one tenant's data: add --tenant")
    settings = load_settings(config)
    named = read_values(values) if values is not None else ()
    if entity_type is not None and not anyway:
        refuse_unknown_type(settings, entity_type, advice=_ANYWAY, as_json=json)
    if (tenant or request is not None) and not anyway:
        _refuse_unknown(settings, tenant, request, as_json=json)
    put_on_record(settings, EventType.HOLD_SET, tenant=tenant, target=reason)
    with reading(as_json=json), open_content(settings.audit.url, settings.master_key) as content:
        made = content.hold(
            reason=reason,
            tenant=tenant,
            request_id=request,
            subjects=[(entity_type or "", one) for one in named],
        )
    if json:
        print_json({"holds": made})
        return
    say(f"On hold: {', '.join(made)}.")


def _refuse_unknown(settings: Settings, tenant: str, request: str | None, *, as_json: bool) -> None:
    """A hold with a misspelt name would hold nothing, and nobody would notice."""
    with reading(as_json=as_json), open_content(settings.audit.url, settings.master_key) as content:
        if content.knows(tenant, request):
            return
    what = "no request" if request is None else f"no record of the request {request}"
    whose = f" of the tenant {tenant}" if tenant else ""
    text = f"Nothing was set: the log has {what}{whose}. {_ANYWAY}"
    stop(text, Exit.NOT_SO, as_json=as_json)


@app.command("release")
def release(
    hold_id: Annotated[str, typer.Argument(metavar="ID", help="The hold.")],
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """End a hold.

    Exit codes: 0 ended; 1 there is no such hold in force; 2 it cannot be told.
    """
    settings = load_settings(config)
    with reading(as_json=json), open_content(settings.audit.url, settings.master_key) as content:
        if hold_id not in {one.hold_id for one in content.holds()}:
            stop("There is no such hold in force.", Exit.NOT_SO, as_json=json)
        put_on_record(settings, EventType.HOLD_RELEASED, target=hold_id)
        content.release(hold_id)
    if json:
        print_json({"released": hold_id})
        return
    say(f"Released: {hold_id}.")


@app.command("list")
def list_holds(
    released: Annotated[bool, typer.Option("--all", help="Also those that have ended.")] = False,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """The holds in force. Of a person only that there is one: no value is kept."""
    settings = load_settings(config)
    with reading(as_json=json), open_content(settings.audit.url, settings.master_key) as content:
        found = content.holds(released=released)
    if json:
        print_json([one._asdict() for one in found])
        return
    if not found:
        console.print("Nothing is on hold.")
        return
    table = Table(title="Holds")
    for heading in ("id", "of", "reason", "since", "released"):
        table.add_column(heading)
    for one in found:
        of = one.request_id or ("a person" if one.subject else "everything")
        where = f"{of}, tenant {one.tenant}" if one.tenant else of
        table.add_row(one.hold_id, where, one.reason, one.ts, one.released or "")
    console.print(table)
