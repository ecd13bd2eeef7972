"""`cloakroom vault` tells what is kept, and deletes it on record; it never shows what it is."""

from __future__ import annotations

import asyncio
import base64
import json
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gateway.audit import opening
from gateway.cli import vault
from gateway.ports import Item, Owner
from gateway.vault.store import SqlVault

MASTER = bytes(range(32))
CONFIG = """\
version: 1
upstreams:
  - {name: loopback, kind: loopback, class: on_prem, models: ["*"]}
audit: {url: "sqlite:///audit.db"}
"""
DAY_S = 86_400


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "cloakroom.yaml"
    path.write_text(CONFIG)
    (tmp_path / "cloakroom.key").write_text(base64.b64encode(MASTER).decode())
    (tmp_path / "cloakroom.key").chmod(0o600)
    return path


def fill(file: Path) -> None:
    url = f"sqlite:///{file.parent}/audit.db"
    opening.migrate(url)
    now = time.time()

    async def work() -> None:
        old = SqlVault(url, MASTER, clock=lambda: now - 10 * DAY_S)
        await old.put(Owner("acme", "a"), [Item("response", "r1", b"Anna", now - DAY_S)])
        await old.put(Owner("acme", "a"), [Item("response", "r2", b"Anna", now + DAY_S)])
        await old.put(Owner("other", "a"), [Item("file", "f1", b"Anna", now + DAY_S)])
        await old.aclose()
        new = SqlVault(url, MASTER, clock=lambda: now)
        await new.put(Owner("other", "a"), [Item("file", "f2", b"Anna", now + 2 * DAY_S)])
        await new.aclose()

    asyncio.run(work())


def run(file: Path, *arguments: str) -> Result:
    return CliRunner().invoke(vault.app, [*arguments, "--config", str(file)])


def rows(file: Path, statement: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(file.parent / "audit.db")) as log:
        return log.execute(statement).fetchall()


def left(file: Path) -> set[str]:
    return {str(name) for (name,) in rows(file, "SELECT name FROM vault_items")}


def test_stats_tell_figures_and_nothing_else(file: Path):
    fill(file)
    done = run(file, "stats", "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert [(one["tenant"], one["kind"], one["items"], one["expired"]) for one in found] == [
        ("acme", "response", 2, 1), ("other", "file", 2, 0),
    ]  # fmt: skip
    assert all(set(one) == {"tenant", "kind", "items", "expired", "bytes", "next_expiry"}
               for one in found)  # fmt: skip
    told = run(file, "stats")
    assert told.exit_code == 0
    assert "acme" in told.stdout
    assert "r1" not in told.stdout


@pytest.mark.parametrize(
    ("arguments", "stays", "target"),
    [
        ([], {"r2", "f1", "f2"}, "expired"),
        (["--tenant", "other"], {"r1", "r2", "f1", "f2"}, "expired"),
        (["--older-than", "5"], {"f2"}, "older-than/5"),
        (["--older-than", "5", "--tenant", "acme"], {"f1", "f2"}, "older-than/5"),
        (["--older-than", "0", "--tenant", "other"], {"r1", "r2"}, "older-than/0"),
        (["--older-than", "11"], {"r1", "r2", "f1", "f2"}, "older-than/11"),
    ],
)
def test_purge(file: Path, arguments: list[str], stays: set[str], target: str):
    fill(file)
    done = run(file, "purge", "--json", *arguments)
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout) == {"ok": True, "purged": 4 - len(stays)}
    assert left(file) == stays
    record = "SELECT json_extract(body, '$.target') FROM audit_records WHERE type = 'vault.purged'"
    assert rows(file, record) == [(target,)]


def test_an_empty_vault_is_no_error(file: Path):
    opening.migrate(f"sqlite:///{file.parent}/audit.db")
    assert "empty" in run(file, "stats").stdout
    assert json.loads(run(file, "stats", "--json").stdout) == []
    assert "0 items" in run(file, "purge").stdout


@pytest.mark.parametrize("command", ["stats", "purge"])
def test_where_there_is_no_vault_that_is_said(file: Path, command: str):
    done = run(file, command)
    assert done.exit_code == 2
    assert "cloakroom serve" in done.stderr
    assert not (file.parent / "audit.db").exists()


def test_what_cannot_be_put_on_record_is_not_done(file: Path):
    fill(file)
    with closing(sqlite3.connect(file.parent / "audit.db")) as log:
        log.execute("DROP TABLE audit_open")
    assert run(file, "purge").exit_code in (1, 2)
    assert left(file) == {"r1", "r2", "f1", "f2"}
