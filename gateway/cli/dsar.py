"""`cloakroom dsar`: what is kept of a person: found, handed over, erased. All of it on record.

A person is named by an entity type and a value, in each way in which it may have been written, one
a line. Values come from a file or standard input, never from the command line, where other users
of the machine can read them.

What is found is what a policy told the gateway to index (`record.subjects`): where the policy in
force does not name the type, a warning says so on standard error.

Exit codes: 0 done · 1 nothing was found, or a legal hold is in the way · 2 it cannot be told, also
where there is no such entity type.
"""

from __future__ import annotations

import base64
import os
import secrets
import sys
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeAlias

import orjson
import typer
from rich.table import Table

from gateway.audit import grammar
from gateway.audit.content.facts import ErasureFacts
from gateway.audit.content.index import values_of
from gateway.audit.content.person import Person
from gateway.audit.content.store import ContentStore, Erased, HeldError, Opened, open_content
from gateway.audit.facts import TERMINAL, EventType
from gateway.audit.record import NONCE_BYTES
from gateway.cli.audit_common import Exit, reading, say, stop
from gateway.cli.common import (
    ConfigOption,
    JsonOption,
    console,
    errors,
    load_settings,
    print_json,
)
from gateway.cli.entity_types import known_types
from gateway.cli.onrecord import put_on_record
from gateway.cli.vault import vault
from gateway.errors import ConfigError
from gateway.policy.files import load_policies
from gateway.settings import Settings
from gateway.validation import did_you_mean
from gateway.vault import sql

app = typer.Typer(
    add_completion=False,
    help="What is kept of a person: find it, hand it over, erase it.",
    no_args_is_help=True,
)
MAX_VALUES_BYTES = 1_000_000
_ENDS = frozenset(kind.value for kind in TERMINAL.values())

TypeOption: TypeAlias = Annotated[
    str, typer.Option("--type", help="The entity type of the values, such as EMAIL_ADDRESS.")
]
ValuesOption: TypeAlias = Annotated[
    Path, typer.Option("--value-file", help="A file of values, one a line; - for standard input.")
]
TenantOption: TypeAlias = Annotated[str, typer.Option(help="The tenant that holds the data.")]


@app.command("find")
def find(
    entity_type: TypeOption,
    values: ValuesOption,
    tenant: TenantOption = "default",
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """The requests in which a person's values were found, and how much is kept of each.

    Exit codes: 0 found; 1 nothing was found; 2 it cannot be told.
    """
    settings, person = load_settings(config), _person(tenant, entity_type, values)
    put_on_record(settings, EventType.AUDIT_SEARCHED, tenant=tenant, target="dsar.find")
    with reading(as_json=json), open_content(settings.audit.url, settings.master_key) as content:
        found = [
            (one, content.records(one), len(content.capsules(one)))
            for one in content.find(tenant, entity_type, person.values)
        ]
        said = content.said(person)
    if not found:
        _tell_said(said)
        _nothing(settings, person, as_json=json, is_list=True)
    _tell_said(said)
    _warn_unindexed(_subjects(settings), entity_type)
    if json:
        print_json(
            [
                {"request_id": one, "capsules": count, "records": [r["event_id"] for r in records]}
                for one, records, count in found
            ]
        )
        return
    table = Table(title="Requests")
    for heading in ("request", "time", "ended", "model", "texts kept"):
        table.add_column(heading)
    for one, records, count in found:
        first: dict[str, Any] = records[0] if records else {}
        ends = [record["type"] for record in records if record["type"] in _ENDS]
        row = (first.get("ts", ""), *(ends or ["open"]), first.get("model_requested", ""))
        table.add_row(one, *map(str, row), str(count))
    console.print(table)


@app.command("export")
def export(
    entity_type: TypeOption,
    values: ValuesOption,
    out: Annotated[
        Path | None, typer.Option("--out", help="A new file; else standard output.")
    ] = None,
    tenant: TenantOption = "default",
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """All that is kept of a person, as JSON: records, and the texts, opened.

    The texts may speak of others, too: read them before you hand them over. --json says, beside a
    file, in JSON what was written.

    Exit codes: 0 exported; 1 nothing was found, or a text does not open; 2 it cannot be told.
    """
    settings, person = load_settings(config), _person(tenant, entity_type, values)
    put_on_record(settings, EventType.AUDIT_EXPORTED, tenant=tenant, target="dsar.export")
    with reading(as_json=json), open_content(settings.audit.url, settings.master_key) as content:
        requests = content.find(tenant, entity_type, person.values)
        opened = {one: content.capsules(one) for one in requests}
        document = {
            "tenant": tenant,
            "requests": [
                {
                    "request_id": one,
                    "records": content.records(one),
                    "texts": [_shown(capsule) for capsule in opened[one]],
                }
                for one in requests
            ],
        }
    if not requests:
        _nothing(settings, person, as_json=json)
    _warn_unindexed(_subjects(settings), entity_type)
    _write(out, orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")
    kept = [one for capsules in opened.values() for one in capsules]
    damaged = sum(one.text is None or one.committed is False for one in kept)
    if out is not None and json:
        print_json({"ok": not damaged, "requests": len(requests), "texts": len(kept)})
    elif out is not None:
        say(f"{len(requests)} requests and {len(kept)} texts were written to {out}.")
    if damaged:
        errors.print("A text does not open, or is not the one that its record commits to.")
        raise typer.Exit(Exit.NOT_SO)


@app.command("erase")
def erase(
    entity_type: TypeOption,
    values: ValuesOption,
    reason: Annotated[
        str, typer.Option("--reason", help="Why: a code in small letters, such as gdpr-17-1b.")
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Do it; else it is only shown.")] = False,
    vacuum: Annotated[
        bool, typer.Option("--vacuum", help="SQLite: write the file anew; nobody else can write.")
    ] = False,
    tenant: TenantOption = "default",
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Destroy what is kept of a person: keys, texts, index, vault, what commitments were made with.

    The records stay, as do all proofs: they hold no text. Stored conversations cannot go on. What
    is beyond reach: copies of the database from before. Destroy those, or let them run out.

    Exit codes: 0 erased; 1 nothing was found, a hold is in the way, or --yes is missing; 2 it
    cannot be told.
    """
    if not reason or not grammar.CODE.fullmatch(reason):
        raise typer.BadParameter("must be a code: small letters, digits, dots, colons, dashes")
    settings, person = load_settings(config), _person(tenant, entity_type, values)
    nonce = secrets.token_bytes(NONCE_BYTES)
    scope = person.scope(nonce)
    with reading(as_json=json), open_content(settings.audit.url, settings.master_key) as content:
        requests, said = content.find(tenant, entity_type, person.values), content.said(person)
        if not requests and not said:
            _nothing(settings, person, as_json=json)
        _warn_unindexed(_subjects(settings), entity_type)
        _refuse_held(content.holding(tenant, requests, person), as_json=json)
        if not yes:
            feedback = f", and {said} pieces of feedback" if said else ""
            text = f"{len(requests)} requests would be erased{feedback}. Say --yes to do it."
            stop(text, Exit.NOT_SO, as_json=json)
        still_open = _open_requests(content, requests)
        asked = ErasureFacts(reason=reason, scope=scope, requests=len(requests))
        put_on_record(settings, EventType.ERASURE_REQUESTED, tenant=tenant, erasure=asked)
        left = _erase_left(settings, tenant, requests, as_json=json)
        try:
            done = content.erase(tenant, requests, person)
        except HeldError as error:
            _refuse_held(error.holds, as_json=json)
        event_id = _tombstone(settings, tenant, asked, done)
        is_clean = content.vacuum() if vacuum else done.is_clean
    shown = {
        "ok": True,
        "event_id": event_id,
        "requests": done.requests,
        **done.deleted._asdict(),
        "vault_items": left,
        "scope": scope,
        "scope_nonce": nonce.hex(),
        "open_requests": still_open,
        "free_space_clean": is_clean,
    }
    _report(shown, as_json=json)


def _erase_left(settings: Settings, tenant: str, requests: list[str], *, as_json: bool) -> int:
    """Erase what the requests left in the vault; how many items.

    Done before the rest, while the index still says which requests they are: it may be cut short.
    """
    with vault(settings.audit.url, as_json=as_json) as connection:
        return sql.erase(connection, tenant, requests)


def _tombstone(settings: Settings, tenant: str, asked: ErasureFacts, done: Erased) -> str:
    facts = ErasureFacts(
        reason=asked.reason, scope=asked.scope, requests=done.requests, **done.deleted._asdict()
    )
    kind = EventType.ERASURE_EXECUTED
    return put_on_record(settings, kind, tenant=tenant, erasure=facts, was_done=True)


def _report(shown: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(shown)
        return
    say(
        f"Erased what was kept of {shown['requests']} requests: {shown['capsules']} texts, "
        f"{shown['keys']} keys, {shown['index_rows']} index rows, {shown['nonces']} nonces, "
        f"{shown['vault_items']} items of the vault."
    )
    if shown["feedback"]:
        say(f"And {shown['feedback']} pieces of feedback that people gave on these values.")
    say(f"On record as {shown['event_id']}, for the scope {shown['scope']}.")
    say(f"To show later for whom, keep this and nothing else: nonce {shown['scope_nonce']}")
    if shown["open_requests"]:
        say(f"{shown['open_requests']} of the requests are still being answered.", "yellow")
    if not shown["free_space_clean"]:
        text = "Bytes may still stand in free space or in a write-ahead log: see the database."
        say(text, "yellow")
    say("Copies of the database from before still hold it.", "yellow")


def _tell_said(count: int) -> None:
    if count:
        text = f"There are {count} pieces of feedback on these values; erase takes them, too."
        errors.print(text, style="yellow", markup=False, highlight=False, soft_wrap=True)


def _refuse_held(holds: tuple[str, ...] | list[str], *, as_json: bool) -> None:
    if holds:
        text = f"Nothing was erased: on legal hold ({', '.join(holds)})."
        stop(text, Exit.NOT_SO, as_json=as_json)


def _open_requests(content: ContentStore, requests: list[str]) -> int:
    ended = (any(r["type"] in _ENDS for r in content.records(one)) for one in requests)
    return sum(not one for one in ended)


def _person(tenant: str, entity_type: str, values: Path) -> Person:
    if not grammar.ENTITY_TYPE.fullmatch(entity_type):
        raise typer.BadParameter("--type must be an entity type, such as EMAIL_ADDRESS")
    if not grammar.TENANT.fullmatch(tenant):
        raise typer.BadParameter("--tenant must be a tenant's name")
    return Person(tenant, entity_type, read_values(values))


def _nothing(
    settings: Settings, person: Person, *, as_json: bool, is_list: bool = False
) -> NoReturn:
    """End a search that found nothing; a misspelt type is told apart from a person not found.

    Only now: what was indexed under a type that nobody finds any more can still be looked for.
    """
    refuse_unknown_type(settings, person.entity_type, as_json=as_json)
    _warn_unindexed(_subjects(settings), person.entity_type)
    text = f"Nothing of the type {person.entity_type} was found for the tenant {person.tenant}."
    if as_json and is_list:
        print_json([])
    stop(text, Exit.NOT_SO, as_json=as_json and not is_list)


def refuse_unknown_type(
    settings: Settings, entity_type: str, *, advice: str = "", as_json: bool = False
) -> None:
    """End the command with 2 where no recognizer and no policy in force knows an entity type."""
    with reading(as_json=as_json):
        known = known_types(settings.detection) | (_subjects(settings) or frozenset())
    if entity_type in known:
        return
    hint = did_you_mean(entity_type, known)
    text = f"There is no entity type {entity_type}" + (f": {hint}" if hint else ".")
    stop(f"{text} {advice}".rstrip(), as_json=as_json)


def _subjects(settings: Settings) -> frozenset[str] | None:
    """The types that the policy in force indexes; None where it cannot be read."""
    # Slow to import.
    from gateway.masking.presidio import installed_operators  # noqa: PLC0415

    try:
        policy = load_policies(settings.policies, frozenset(installed_operators()))
    except ConfigError:
        return None
    return policy.record.subjects


def _warn_unindexed(subjects: frozenset[str] | None, entity_type: str) -> None:
    if subjects is None:
        text = f"The policy cannot be read: whether it indexes {entity_type} is not known."
    elif entity_type not in subjects:
        text = f"The policy in force does not index {entity_type} (record.subjects)"
        text += ": values in requests under it are not found."
    else:
        return
    errors.print(text, style="yellow", markup=False, highlight=False, soft_wrap=True)


def read_values(file: Path) -> tuple[str, ...]:
    """The values in a file or on standard input, one a line; ends the command where it has none."""
    try:
        if str(file) == "-":
            raw = sys.stdin.buffer.read(MAX_VALUES_BYTES + 1)
        else:
            with file.open("rb") as stream:
                raw = stream.read(MAX_VALUES_BYTES + 1)
        text = raw.decode()
    except (OSError, UnicodeDecodeError) as error:
        stop(f"The values cannot be read ({type(error).__name__}).")
    if len(raw) > MAX_VALUES_BYTES:
        stop(f"There are more than {MAX_VALUES_BYTES} bytes of values.")
    found = values_of(text)
    if not found:
        stop("There is no value: write one a line.")
    return found


def _shown(capsule: Opened) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "event_id": capsule.event_id,
        "kind": capsule.kind.value,
        "complete": capsule.complete,
        "committed": capsule.committed,
    }
    if capsule.text is None:
        return {**shown, "opens": False}
    try:
        return {**shown, "text": capsule.text.decode()}
    except UnicodeDecodeError:
        return {**shown, "base64": base64.b64encode(capsule.text).decode()}


def _write(out: Path | None, content: bytes) -> None:
    if out is None:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    try:
        descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        stop(f"{out} cannot be made ({type(error).__name__}).")
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
