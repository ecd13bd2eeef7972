"""`cloakroom console user` keeps accounts, on record, and never shows or takes a password aloud."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gateway.audit import opening
from gateway.audit.search import Query, open_search
from gateway.cli import console
from gateway.console.passwords import is_right
from gateway.console.store import AccountStore

MASTER = bytes(range(32))
CONFIG = """\
version: 1
upstreams:
  - {name: loopback, kind: loopback, class: on_prem, models: ["*"]}
audit: {url: "sqlite:///audit.db"}
console: {enabled: true}
"""
PASSWORD = "correct horse battery"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "cloakroom.yaml"
    path.write_text(CONFIG)
    (tmp_path / "cloakroom.key").write_text(base64.b64encode(MASTER).decode())
    (tmp_path / "cloakroom.key").chmod(0o600)
    opening.migrate(url(path))
    return path


def url(file: Path) -> str:
    return f"sqlite:///{file.parent}/audit.db"


def run(file: Path, *arguments: str, given: str = PASSWORD) -> Result:
    every = ["user", *arguments, "--config", str(file)]
    return CliRunner().invoke(console.app, every, input=given + "\n")


def recorded(file: Path) -> list[tuple[str, str]]:
    with open_search(url(file)) as log:
        found = log.page(Query()).records
    return [
        (one["type"], one["target"]) for one in reversed(found) if one["type"].startswith("admin.")
    ]


def test_an_account_is_made_listed_changed_and_removed_on_record(file: Path):
    assert run(file, "add", "anna", "--role", "reviewer", "--tenant", "acme").exit_code == 0
    assert run(file, "roles", "anna", "--role", "auditor", "--role", "approver").exit_code == 0
    assert run(file, "password", "anna", given="another staple here").exit_code == 0
    [shown] = json.loads(run(file, "list", "--json").stdout)
    assert (shown["name"], shown["roles"], shown["tenants"], shown["locked"]) == (
        "anna", ["approver", "auditor"], [], False,
    )  # fmt: skip
    kept = AccountStore(url(file)).account("anna")
    assert kept is not None
    assert is_right(kept.password, "another staple here")
    assert run(file, "remove", "anna").exit_code == 0
    assert json.loads(run(file, "list", "--json").stdout) == []
    assert recorded(file) == [
        ("admin.account_created", "anna"),
        ("admin.role_changed", "anna"),
        ("admin.password_changed", "anna"),
        ("admin.account_removed", "anna"),
    ]


def test_nothing_shows_a_password_or_its_hash(file: Path):
    made = run(file, "add", "anna", "--role", "reviewer")
    listed = run(file, "list"), run(file, "list", "--json")
    assert "anna" in listed[0].output
    for one in (made, *listed):
        assert PASSWORD not in one.output
        assert "argon2" not in one.output


@pytest.mark.parametrize(
    ("arguments", "given", "told"),
    [
        (("add", "a b", "--role", "reviewer"), PASSWORD, "A name has"),
        (("add", "bert", "--role", "reviewer", "--tenant", "a b"), PASSWORD, "A tenant has"),
        (("add", "bert", "--role", "reviewer"), "short", "12 characters"),
        (("add", "bert", "--role", "boss"), PASSWORD, "boss"),
        (("add", "bert"), PASSWORD, "--role"),
        (("add", "anna", "--role", "reviewer"), PASSWORD, "There is an account"),
        (("remove", "bert"), PASSWORD, "no account of this name"),
        (("password", "bert"), PASSWORD, "no account of this name"),
        (("roles", "bert", "--role", "reviewer"), PASSWORD, "no account of this name"),
        (("password", "anna"), "annaannaanna", "easily guessed"),
    ],
)
def test_what_is_wrong_is_said_and_changes_nothing(file: Path, arguments, given: str, told: str):
    run(file, "add", "anna", "--role", "reviewer")
    before = AccountStore(url(file)).accounts()
    result = run(file, *arguments, given=given)
    assert result.exit_code == 2
    assert told in result.output
    assert AccountStore(url(file)).accounts() == before
    assert recorded(file) == [("admin.account_created", "anna")]


def test_without_a_log_it_says_how_to_begin(file: Path):
    (file.parent / "audit.db").unlink()
    result = run(file, "list")
    assert result.exit_code == 2
    assert "cloakroom serve" in result.output
