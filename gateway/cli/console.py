"""`cloakroom console user`: who may sign in to the console. All of it goes on record first.

Exit codes: 0 done · 1 it could not be put on record, so it was not done · 2 a wrong command line,
a name that is taken or that nobody has, or accounts that cannot be read.
"""

from __future__ import annotations

import secrets
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias

import typer
from rich.markup import escape
from rich.table import Table

from gateway.audit.facts import EventType
from gateway.audit.grammar import TENANT
from gateway.cli.audit_common import reading, say, stop
from gateway.cli.common import ConfigOption, JsonOption, console, load_settings, print_json
from gateway.cli.onrecord import put_on_record
from gateway.console.accounts import (
    MAX_PASSWORD,
    MIN_PASSWORD,
    Account,
    Role,
    is_name,
    password_problem,
)
from gateway.console.passwords import hashed
from gateway.console.store import AccountStore, Kept
from gateway.settings import Settings

app = typer.Typer(
    add_completion=False, help="The console of the compliance officer.", no_args_is_help=True
)
user = typer.Typer(help="The accounts of those who may use it.", no_args_is_help=True)
app.add_typer(user, name="user")

STAMP_BYTES: Final = 16

NameArgument: TypeAlias = Annotated[str, typer.Argument(metavar="NAME", help="The account's name.")]
RoleOption: TypeAlias = Annotated[
    list[Role], typer.Option("--role", help="What somebody is there; may be repeated.")
]
TenantOption: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--tenant", help="Sees only this tenant; may be repeated. Else all."),
]


@app.callback()
def _group() -> None:
    """The console of the compliance officer: pages at /console of a gateway that runs."""


@user.command("add")
def add(
    name: NameArgument,
    role: RoleOption,
    tenant: TenantOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Make an account. The password is asked for, or read as a line of standard input."""
    settings, store = _open(config)
    account = _account(name, role, tenant, json)
    with reading(as_json=json):
        if store.account(name) is not None:
            stop("There is an account of this name.", as_json=json)
        kept = hashed(_password(name, json))
        put_on_record(settings, EventType.ADMIN_ACCOUNT_CREATED, target=name)
        done = store.add(account, kept, _stamp(), time.time())
    _done(done, account, "is made", as_json=json)


@user.command("list")
def list_users(config: ConfigOption = None, json: JsonOption = False) -> None:
    """All accounts, with roles and tenants. Wrong passwords have locked those that are locked."""
    _, store = _open(config)
    with reading(as_json=json):
        found = store.accounts()
    now = time.time()
    if json:
        print_json([_shown(one, now) for one in found])
        return
    table = Table("name", "roles", "tenants", "created", "locked")
    for one in found:
        shown = _shown(one, now)
        table.add_row(
            escape(shown["name"]),
            ", ".join(shown["roles"]),
            escape(", ".join(shown["tenants"])) or "all",
            shown["created"],
            "yes" if shown["locked"] else "",
        )
    console.print(table)


@user.command("remove")
def remove(name: NameArgument, config: ConfigOption = None, json: JsonOption = False) -> None:
    """Delete an account. Its sessions end at once."""
    settings, store = _open(config)
    with reading(as_json=json):
        account = _known(store, name, json)
        put_on_record(settings, EventType.ADMIN_ACCOUNT_REMOVED, target=name)
        done = store.remove(name)
    _done(done, account, "is removed", as_json=json)


@user.command("password")
def password(name: NameArgument, config: ConfigOption = None, json: JsonOption = False) -> None:
    """Give an account another password, and unlock it. Its sessions end at once."""
    settings, store = _open(config)
    with reading(as_json=json):
        account = _known(store, name, json)
        kept = hashed(_password(name, json))
        put_on_record(settings, EventType.ADMIN_PASSWORD_CHANGED, target=name)
        done = store.set_password(name, kept, _stamp())
    _done(done, account, "has another password", as_json=json)


@user.command("roles")
def roles(
    name: NameArgument,
    role: RoleOption,
    tenant: TenantOption = None,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Give an account these roles and tenants instead. Its sessions end at once."""
    settings, store = _open(config)
    account = _account(name, role, tenant, json)
    with reading(as_json=json):
        _known(store, name, json)
        put_on_record(settings, EventType.ADMIN_ROLE_CHANGED, target=name)
        done = store.set_roles(account, _stamp())
    _done(done, account, "has other roles", as_json=json)


def _open(config: Path | None) -> tuple[Settings, AccountStore]:
    settings = load_settings(config)
    return settings, AccountStore(settings.audit.url)


def _account(name: str, role: list[Role], tenant: list[str] | None, as_json: bool) -> Account:
    if not is_name(name):
        stop("A name has letters, digits and . _ -, at most 64.", as_json=as_json)
    tenants = frozenset(tenant or ())
    if not all(one and TENANT.fullmatch(one) for one in tenants):
        stop("A tenant has letters, digits and . _ : -, at most 64.", as_json=as_json)
    return Account(name, frozenset(role), tenants)


def _known(store: AccountStore, name: str, as_json: bool) -> Account:
    kept = store.account(name)
    if kept is None:
        stop("There is no account of this name.", as_json=as_json)
    return kept.account


def _password(name: str, as_json: bool) -> str:
    """A new password, from somebody at a terminal or from standard input; never an argument."""
    if sys.stdin.isatty():
        asked = f"Password, {MIN_PASSWORD} characters or more"
        given = str(typer.prompt(asked, hide_input=True, confirmation_prompt=True, err=True))
    else:
        given = sys.stdin.readline(4 * MAX_PASSWORD).rstrip("\r\n")
    if problem := password_problem(given, name):
        stop(problem, as_json=as_json)
    return given


def _stamp() -> str:
    return secrets.token_hex(STAMP_BYTES)


def _shown(kept: Kept, now: float) -> dict[str, Any]:
    return {
        "name": kept.account.name,
        "roles": sorted(kept.account.roles),
        "tenants": sorted(kept.account.tenants),
        "created": datetime.fromtimestamp(kept.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "locked": now < kept.attempts.locked_until,
    }


def _done(done: bool, account: Account, what: str, *, as_json: bool) -> None:
    if not done:  # somebody else was there between
        stop("The accounts have changed meanwhile: look at them again.", as_json=as_json)
    if as_json:
        print_json({"ok": True, "name": account.name})
    else:
        say(f"The account {account.name} {what}.")
