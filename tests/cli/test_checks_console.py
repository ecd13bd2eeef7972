"""What doctor says of the console: whether anybody can sign in, and what is missing for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.audit import opening
from gateway.audit.opening import migrate
from gateway.cli.checks import Check, Status
from gateway.cli.checks_console import console
from gateway.console.accounts import Account, Role
from gateway.console.store import AccountStore
from gateway.settings import Audit, Console, Settings
from tests.audit import pg
from tests.audit.test_postgres_logins import PASSWORD, login


def seen(url: str, *, enabled: bool = True) -> list[Check]:
    made: dict[str, Any] = {"upstreams": (), "policies": (), "master_key": bytes(32)}
    return console(Settings(**made, audit=Audit(url=url), console=Console(enabled=enabled)))


@pytest.fixture
def url(tmp_path: Path) -> str:
    made = f"sqlite:///{tmp_path}/audit.db"
    migrate(made)
    return made


def test_without_a_console_there_is_nothing_to_say(url: str):
    assert seen(url, enabled=False) == []


def test_accounts_are_counted_and_that_there_is_none_is_said(url: str, tmp_path: Path):
    (none,) = seen(url)
    assert (none.status, none.seen) == (Status.WARNING, "there are no accounts yet")
    assert "cloakroom console user add" in none.advice
    AccountStore(url).add(Account("anna", frozenset({Role.AUDITOR})), "hash", "stamp", 0.0)
    (one,) = seen(url)
    assert (one.status, one.seen) == (Status.OK, "1 account")
    missing = tmp_path / "none.db"
    (none,) = seen(f"sqlite:///{missing}")
    assert none.status is Status.WARNING
    assert not missing.exists()


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    if reason := pg.reason_to_skip():
        pytest.skip(reason)
    with pg.any_server() as server, pg.fresh(server) as fresh:
        opening.migrate(fresh)
        yield fresh


def test_the_missing_role_is_named_with_what_to_run(postgres: str):
    with login(postgres, "cloakroom_writer", "cloakroom_sequencer") as (name, url):
        (found,) = seen(url)
        assert found.status is Status.FAILED
        assert "no member of cloakroom_console: nobody can sign in" in found.seen
        assert PASSWORD not in found.seen + found.advice
        pg.query(postgres, found.advice.partition("run: ")[2])
        (found,) = seen(url)
        assert found.status is Status.WARNING
        assert found.advice.endswith(f"GRANT cloakroom_retention TO {name}")
        pg.query(postgres, found.advice.partition("superuser: ")[2])
        (found,) = seen(url)
        assert found.seen == "there are no accounts yet"


def test_a_server_that_is_not_there_is_told(postgres: str):
    (found,) = seen("postgresql://nobody@127.0.0.1:1/none")
    assert found.status is Status.WARNING
    assert "cannot be read" in found.seen
