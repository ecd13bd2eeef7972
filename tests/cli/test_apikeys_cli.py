"""`cloakroom apikeys`: a key is shown once, works, is taken back, and all of it is on record."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from gateway import config as configuration
from gateway.audit.store import SqlAuditStore
from gateway.cli.apikeys import app
from gateway.errors import AuthenticationError
from gateway.identity.keys import KeyFile

HEAD = (
    "version: 1\n"
    "upstreams:\n  - {name: loop, kind: loopback, class: on_prem}\n"
    'audit: {url: "sqlite:///audit.db"}\n'
)


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CLOAKROOM_CONFIG", raising=False)
    file = tmp_path / "cloakroom.yaml"
    file.write_text(HEAD + "auth: {mode: keys, keys_file: keys.yaml}\n")
    return file


def run(config: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--config", str(config)])


def add(config: Path, *arguments: str) -> dict[str, Any]:
    done = run(config, "add", "--json", *arguments)
    assert done.exit_code == 0, done.output
    made = json.loads(done.stdout)
    assert isinstance(made, dict)
    return made


def records(config: Path) -> list[dict[str, Any]]:
    settings = configuration.load(config, {})
    store = SqlAuditStore(settings.audit.url, settings.master_key)
    return list(asyncio.run(store.list_records()))


def subject(config: Path, key: str) -> Any:
    settings = configuration.load(config, {})
    keys = KeyFile(config.parent / "keys.yaml", settings.master_key)
    return keys.authenticate({"authorization": f"Bearer {key}"})


def test_an_added_key_works(config: Path):
    made = add(config, "--id", "app", "--tenant", "acme", "--role", "dev", "--role", "ops")
    caller = subject(config, made["key"])
    assert (caller.tenant, caller.key_id, caller.roles) == ("acme", "app", {"dev", "ops"})


def test_an_id_is_made_up_where_none_is_given(config: Path):
    one, two = add(config), add(config)
    assert one["id"] != two["id"]
    assert subject(config, one["key"]).principal == one["id"]


def test_a_key_is_shown_this_once(config: Path):
    made = add(config, "--id", "app")
    secret = made["key"].removeprefix("ck_app_")
    assert len(secret) == 43
    people = run(config, "add", "--id", "other")
    assert "ck_other_" in people.stdout
    for arguments in (["list"], ["list", "--json"], ["revoke", "app", "--json"]):
        done = run(config, *arguments)
        assert done.exit_code == 0
        assert secret not in done.output
        assert "hmac" not in done.output
    for file in config.parent.iterdir():
        if file.is_file():
            assert secret.encode() not in file.read_bytes()


def test_a_revoked_key_is_refused_and_still_listed(config: Path):
    made = add(config, "--id", "app")
    assert run(config, "revoke", "app").exit_code == 0
    with pytest.raises(AuthenticationError):
        subject(config, made["key"])
    (entry,) = json.loads(run(config, "list", "--json").stdout)
    assert entry["id"] == "app"
    assert entry["revoked"]


def test_both_go_on_record(config: Path):
    add(config, "--id", "app", "--tenant", "acme")
    run(config, "revoke", "app")
    own = [record for record in records(config) if record["type"].startswith("apikey.")]
    revoked, created = own
    assert (created["type"], revoked["type"]) == ("apikey.created", "apikey.revoked")
    for record in (created, revoked):
        assert (record["target"], record["tenant"]) == ("app", "acme")
        assert (record["actor_kind"], record["authn"]["method"]) == ("operator", "local")


@pytest.mark.parametrize(
    "arguments",
    [
        ["add", "--id", "taken"],
        ["add", "--id", "no spaces"],
        ["add", "--id", "x" * 65],
        ["add", "--tenant", "no spaces"],
        ["add", "--role", "no spaces"],
        ["revoke", "nobody"],
    ],
)
def test_what_cannot_be_done_changes_nothing(config: Path, arguments: list[str]):
    add(config, "--id", "taken")
    before = (config.parent / "keys.yaml").read_bytes(), records(config)
    done = run(config, *arguments)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert ((config.parent / "keys.yaml").read_bytes(), records(config)) == before


@pytest.mark.parametrize("command", [["add"], ["list"], ["revoke", "app"]])
def test_without_a_keys_file_it_is_said(config: Path, command: list[str]):
    config.write_text(HEAD)
    done = run(config, *command)
    assert done.exit_code == 2
    assert "keys_file" in done.output


def test_a_change_that_is_not_on_record_is_an_error(config: Path):
    add(config, "--id", "app")
    connection = sqlite3.connect(config.parent / "audit.db")
    connection.execute("UPDATE audit_meta SET version = 99")
    connection.commit()
    connection.close()
    assert run(config, "revoke", "app").exit_code != 0
