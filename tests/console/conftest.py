"""A console on a log of its own, with a clock that the test sets."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from starlette.applications import Starlette

from gateway.audit.store import SqlAuditStore
from gateway.console import passwords
from gateway.console.accounts import Account, Role
from gateway.console.desk import Desk, open_desk
from gateway.console.passwords import hashed
from gateway.console.routes import console_routes
from gateway.errors import RequestError
from gateway.settings import Audit, Console, Settings
from tests.audit.logs import bodies, make_log
from tests.console.browser import Browser

MASTER = bytes(range(32))
PASSWORD = "correct horse battery"
POLICY = "e" * 64
CONSOLE = Console(enabled=True, idle_s=900.0, session_s=28_800.0)


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@cache
def password_hash() -> str:
    return hashed(PASSWORD)


async def no_preview(*_: Any) -> Any:
    raise RequestError("There is no model here.")


@dataclass
class World:
    url: str
    log: SqlAuditStore
    clock: Clock
    checks: dict[str, bool] = field(default_factory=lambda: {"audit": True})
    warned: list[str] = field(default_factory=list)
    master: bytes = MASTER

    def __post_init__(self) -> None:
        self.settings = Settings(
            upstreams=(),
            policies=(),
            audit=Audit(url=self.url),
            master_key=self.master,
            console=CONSOLE,
        )
        checks = {name: lambda name=name: self.checks[name] for name in self.checks}
        self.desk: Desk = open_desk(
            lambda: self.settings,
            self.log,
            checks,
            lambda: self.warned,
            no_preview,
            lambda: "e" * 64,
            self.clock,
        )
        self.app = Starlette(routes=console_routes(self.desk))

    def account(self, name: str, *roles: Role, tenants: tuple[str, ...] = ()) -> Account:
        account = Account(name, frozenset(roles), frozenset(tenants))
        stamp = secrets.token_hex(16)
        assert self.desk.store.add(account, password_hash(), stamp, self.clock())
        return account

    async def browser(self, name: str) -> Browser:
        """Somebody who has signed in."""
        browser = Browser(self.app)
        answer = await browser.sign_in(name, PASSWORD)
        assert answer.status == 303, answer.words
        return browser

    async def records(self) -> list[dict[str, Any]]:
        """What is on record, oldest first."""
        return list(reversed(await self.log.list_records(limit=1000)))

    async def events(self) -> list[tuple[str, str, str]]:
        """Type, name of the account and target of what is on record."""
        return [
            (one["type"], one["authn"].get("key_id", ""), one.get("target", ""))
            for one in await self.records()
            if one["type"].startswith(("admin.", "audit."))
        ]


@pytest.fixture(autouse=True, scope="session")
def _quick() -> Iterator[None]:
    """Hashes that take no time: how long real ones take is no matter of these tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_HASHER", PasswordHasher(1, 8, 1))
        yield


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    url = f"sqlite:///{tmp_path}/audit.db"
    log = SqlAuditStore(url, MASTER)
    await log.start()
    yield World(url, log, Clock())
    await log.aclose()


@pytest.fixture
async def filled(tmp_path: Path) -> AsyncIterator[World]:
    """A console on a log of 200 records of two tenants, all signed, which nobody has looked at."""
    made = make_log(tmp_path / "audit.db", bodies(200), [200])
    log = SqlAuditStore(made.url, MASTER)
    await log.start()
    yield World(made.url, log, Clock())
    await log.aclose()
