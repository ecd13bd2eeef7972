"""`cloakroom audit`: reads a real log, and says in words why it cannot."""

from __future__ import annotations

import asyncio
import json
import secrets
import sqlite3
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from gateway import config as configuration
from gateway.audit.facts import (
    Accepted,
    Actor,
    ActorKind,
    AuthMethod,
    Closed,
    DetectionFacts,
    Origin,
    Outcome,
)
from gateway.audit.record import accepted, closed, timestamp, uuid7
from gateway.audit.store import SqlAuditStore
from gateway.cli.audit import app

FACTS = Accepted(
    request_id="req_1",
    tenant="acme",
    actor=Actor(kind=ActorKind.CLIENT, method=AuthMethod.API_KEY),
    origin=Origin(),
    endpoint="/v1/chat/completions",
    operation="chat",
    stream=False,
    model_requested="some-model",
    detection=DetectionFacts(engine="presidio", entities={"PERSON": 2}),
)


def event_id() -> str:
    return uuid7(time.time_ns() // 1_000_000, secrets.token_bytes(10))


async def fill(store: SqlAuditStore) -> None:
    """Three requests: two of acme, one of globex."""
    await store.start()
    for number, tenant in ((1, "acme"), (2, "globex"), (3, "acme")):
        facts = replace(FACTS, request_id=f"req_{number}", tenant=tenant)
        now = timestamp(time.time_ns() // 1000)
        end = Closed(outcome=Outcome.COMPLETED, http_status=200)
        await store.append(accepted(facts, event_id=event_id(), ts=now))
        await store.append(closed(facts, end, event_id=event_id(), ts=now))
    await store.aclose()


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CLOAKROOM_CONFIG", raising=False)
    file = tmp_path / "cloakroom.yaml"
    file.write_text(
        "version: 1\n"
        "upstreams:\n  - {name: loop, kind: loopback, class: on_prem}\n"
        'audit: {url: "sqlite:///audit.db"}\n'
    )
    return file


@pytest.fixture
def log(config: Path) -> Path:
    settings = configuration.load(config, {})
    asyncio.run(fill(SqlAuditStore(settings.audit.url, settings.master_key)))
    return config


def run(config: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--config", str(config)])


def listed(config: Path, *arguments: str) -> list[dict[str, Any]]:
    done = run(config, "list", "--json", *arguments)
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert isinstance(found, list)
    return found


def test_list_is_newest_first(log: Path):
    assert [one["seq"] for one in listed(log)] == [6, 5, 4, 3, 2, 1]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--tenant", "globex"], [4, 3]),
        (["--type", "request.accepted"], [5, 3, 1]),
        (["--request", "req_3"], [6, 5]),
        (["--limit", "2"], [6, 5]),
        (["--limit", "2", "--before", "5"], [4, 3]),
        (["--tenant", "acme", "--type", "request.completed"], [6, 2]),
        (["--tenant", "nobody"], []),
    ],
)
def test_list_can_be_narrowed(log: Path, arguments: list[str], expected: list[int]):
    assert [one["seq"] for one in listed(log, *arguments)] == expected


def test_list_for_people_names_what_was_found(log: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("gateway.cli.audit.console._width", 200)
    done = run(log, "list", "--limit", "2")
    assert done.exit_code == 0
    for word in ("request.completed", "acme", "some-model", "PERSON 2", "--before 5"):
        assert word in done.stdout


def test_list_of_an_empty_selection_says_so(log: Path):
    done = run(log, "list", "--tenant", "nobody")
    assert done.exit_code == 0
    assert "No such records" in done.stdout


def test_show_takes_an_event_or_a_request(log: Path):
    newest = listed(log, "--limit", "1")[0]
    by_event = run(log, "show", newest["event_id"], "--json")
    assert json.loads(by_event.stdout) == [newest]
    by_request = json.loads(run(log, "show", "req_3", "--json").stdout)
    assert [one["seq"] for one in by_request] == [6, 5]
    people = run(log, "show", "req_3")
    assert people.exit_code == 0
    assert "leaf_hash" in people.stdout


def test_show_of_nothing_is_an_error(log: Path):
    done = run(log, "show", "req_99", "--json")
    assert done.exit_code == 1
    assert done.stdout == ""


def test_no_log_yet_is_said_and_none_is_made(config: Path):
    done = run(config, "list")
    assert done.exit_code == 2
    assert not (config.parent / "audit.db").exists()


def test_a_newer_log_is_a_problem(log: Path):
    connection = sqlite3.connect(log.parent / "audit.db")
    connection.execute("UPDATE audit_meta SET version = 99")
    connection.commit()
    connection.close()
    done = run(log, "list")
    assert done.exit_code == 2
    assert "schema 99" in done.output


def test_a_wrong_configuration_is_a_problem(config: Path):
    config.write_text("version: 1\nnonsense: true\n")
    done = run(config, "list", "--json")
    assert done.exit_code == 2
    assert done.stdout == ""


@pytest.mark.parametrize("limit", ["0", "-1", "1001", "many"])
def test_a_limit_has_limits(log: Path, limit: str):
    assert run(log, "list", "--limit", limit).exit_code == 2


def test_reading_leaves_no_trace(log: Path):
    before = listed(log)
    run(log, "show", "req_1")
    assert listed(log) == before
    assert list((log.parent / "audit.db-writers").iterdir()) == []
