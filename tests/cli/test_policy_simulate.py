"""`cloakroom policy simulate`, on logs that a real pipeline wrote."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import orjson
import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from gateway.audit.store import SqlAuditStore, stream_records
from gateway.cli.policy_simulate import simulate
from gateway.errors import DetectionUnavailable, PolicyDenied
from gateway.exchange import Caller
from gateway.policy.simulate import Kind
from gateway.recording import Recorder
from gateway.settings import Upstream
from gateway.types import Subject, UpstreamClass
from gateway.wire.families import CHAT
from tests.test_pipeline import World

OLD = """\
version: 1
id: old
rules:
  - {name: no-cards, when: {any_of: [CREDIT_CARD]}, effect: deny, reason: "No cards."}
  - {name: clerks, when: {roles: [clerk], tenants: [globex]}, effect: route, to: on_prem}
  - {name: rest, effect: mask, default_operator: hash}
"""
STRICTER = OLD.replace("hash", "replace")
OPEN = """\
version: 1
id: open
rules:
  - {name: no-cards, when: {any_of: [CREDIT_CARD]}, effect: route, to: on_prem}
  - {name: names, when: {any_of: [PERSON]}, effect: unsafe_allow, reason: "Names may go."}
  - {name: rest, effect: mask}
"""
BOTH = tuple(
    Upstream(name=name, kind="openai", upstream_class=towards, models=("m",))
    for name, towards in (
        ("cloud", UpstreamClass.EXTERNAL),
        ("local", UpstreamClass.ON_PREM),
    )
)
TEXTS = ("I am Anna Schmidt.", "Pay with 4111111111111111, Anna Schmidt.", "Nothing to see.")
app = typer.Typer()
app.command()(simulate)


async def fill(folder: Path, policy: str, store: SqlAuditStore) -> None:
    """Three requests of acme, three of a clerk of globex, and one that could not be read."""
    world = World(folder, policy=policy)
    world.pipeline = replace(
        world.pipeline,
        settings=replace(world.pipeline.settings, upstreams=BOTH),
        upstreams=dict.fromkeys(("cloud", "local"), world.upstream),
        recorder=Recorder(store),
    )
    await store.start()
    try:
        number = 0
        for subject in (
            Subject("acme", "app", tags=frozenset({"hr"})),
            Subject("globex", "app", frozenset({"clerk"})),
        ):
            for text in TEXTS:
                number += 1
                await ask(world, text, Caller(subject, f"req_{number}"))
        world.detector.failure = RuntimeError("broken")
        with suppress(DetectionUnavailable):
            await ask(world, "Hello.", Caller(Subject("acme", "app"), "req_7"))
    finally:
        await store.aclose()


async def ask(world: World, text: str, caller: Caller) -> None:
    raw = orjson.dumps({"model": "m", "messages": [{"role": "user", "content": text}]})
    with suppress(PolicyDenied):
        await world.pipeline.complete(await world.pipeline.admit(raw, caller, CHAT))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CLOAKROOM_CONFIG", raising=False)
    for name, text in (("old", OLD), ("stricter", STRICTER), ("open", OPEN)):
        (tmp_path / f"{name}.yaml").write_text(text)
    return tmp_path


@pytest.fixture
def log(folder: Path) -> str:
    url = f"sqlite:///{folder / 'audit.db'}"
    asyncio.run(fill(folder, OLD, SqlAuditStore(url, bytes(32))))
    return url


def run(*arguments: str) -> Result:
    done = CliRunner().invoke(app, arguments)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def found(*arguments: str, exit_code: int = 0) -> dict[str, Any]:
    done = run(*arguments, "--json")
    assert done.exit_code == exit_code, done.output
    read: dict[str, Any] = json.loads(done.stdout)
    return read


def changes(read: dict[str, Any]) -> dict[str, int]:
    return {kind: count for kind, count in read["changes"].items() if count}


def test_the_policy_in_force_changes_nothing(log: str):
    read = found("--policy", "old.yaml", "--url", log)
    assert (read["requests"], read["replayed"]) == (7, 6)
    assert (read["incomplete"], read["undecided"]) == (0, 1)
    assert changes(read) == {Kind.SAME: 6}
    assert read["policy"]["digest"] in read["policies"]
    assert read["tenants"] == {"acme": {"unchanged": 3}, "globex": {"unchanged": 3}}
    assert {name: row["found"] for name, row in read["types"].items()} == {
        "CREDIT_CARD": 2, "PERSON": 4,
    }  # fmt: skip
    assert read["upstreams"]["(denied)"] == {"before": 2, "after": 2}
    assert read["upstreams"]["local"] == {"before": 2, "after": 2}


def test_a_stricter_policy_sends_less(log: str):
    read = found("--policy", "stricter.yaml", "--url", log)
    assert read["ok"] is True
    assert changes(read) == {Kind.COVERED: 2, Kind.SAME: 4}
    assert read["types"]["PERSON"] == {"found": 4, "less": 2}


def test_what_sends_more_fails_unless_it_is_acknowledged(log: str):
    read = found("--policy", "open.yaml", "--url", log, exit_code=1)
    assert read["ok"] is False
    assert changes(read) == {
        Kind.ALLOWED: 2, Kind.EXPOSED: 1, Kind.FARTHER: 2, Kind.SAME: 1,
    }  # fmt: skip
    assert (read["more"], read["less"]) == (5, 0)
    assert read["types"]["CREDIT_CARD"]["more"] == 2
    assert run("--policy", "open.yaml", "--url", log, "--acknowledge").exit_code == 0


def test_requests_can_be_chosen(log: str):
    read = found("--policy", "open.yaml", "--url", log, "--tenant", "globex", exit_code=1)
    assert set(read["tenants"]) == {"globex"}
    assert read["requests"] == 3
    for choice in (("--from", "2999-01-01"), ("--to", "2020-01-01T00:00:00+01:00")):
        assert found("--policy", "open.yaml", "--url", log, *choice)["requests"] == 0
    within = ("--from", "2020-01-01", "--to", "2999-12-31T23:59:59Z")
    assert found("--policy", "old.yaml", "--url", log, *within)["requests"] == 7


def test_people_read_tables_and_bars(log: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("gateway.cli.policy_simulate.console._width", 120)
    done = run("--policy", "open.yaml", "--url", log)
    assert done.exit_code == 1
    for words in (
        "6 of 7 requests on record decided by open",
        "1 left out: they failed before a decision.",
        "newly allowed", "on-prem to external", "masked less", "█",
        "By entity type", "CREDIT_CARD", "By tenant", "globex", "By rule that decides", "names",
        "By upstream", "(denied)", "5 requests would send more, 0 less.",
    ):  # fmt: skip
        assert words in done.stdout, words
    assert "no request would send more" in run("--policy", "old.yaml", "--url", log).stdout


def test_many_rows_are_cut(log: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("gateway.cli.policy_simulate.MOST_ROWS", 1)
    done = run("--policy", "open.yaml", "--url", log)
    assert "1 more" in done.stdout
    assert "acme" not in done.stdout.partition("By tenant")[2].partition("By rule")[0]


def test_the_chart_is_written(log: str, folder: Path):
    done = run("--policy", "open.yaml", "--url", log, "--svg", "chart.svg", "--json")
    assert done.exit_code == 1
    root = ET.fromstring((folder / "chart.svg").read_text())
    space = "{http://www.w3.org/2000/svg}"
    assert root.findtext(f"{space}title") == "5 of 6 requests would change"
    assert "newly allowed: 2" in str(root.findtext(f"{space}desc"))
    done = run("--policy", "old.yaml", "--url", log, "--svg", "no/such/folder/chart.svg")
    assert done.exit_code == 2
    assert "cannot be written" in done.stderr


def test_the_log_stays_as_it_is(log: str, folder: Path):
    before = (folder / "audit.db").read_bytes()
    found("--policy", "old.yaml", "--url", log)
    assert (folder / "audit.db").read_bytes() == before


def test_the_configured_log_is_read(log: str, folder: Path):
    (folder / "cloakroom.yaml").write_text(
        "version: 1\n"
        "upstreams:\n  - {name: loop, kind: loopback, class: on_prem}\n"
        f'audit: {{url: "{log}"}}\n'
    )
    read = found("--policy", "old.yaml", "--config", "cloakroom.yaml")
    assert read["requests"] == 7


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--policy", "nowhere.yaml", "--url", "sqlite:///audit.db"], "nowhere.yaml"),
        (["--policy", "old.yaml", "--url", "sqlite:///none.db"], "cannot be read"),
        (["--policy", "old.yaml", "--url", "mysql:///x"], "must name"),
        (["--policy", "old.yaml", "--url", "sqlite:///old.yaml"], "cannot be read"),
        (
            ["--policy", "old.yaml", "--url", "postgresql://x@127.0.0.1:1/audit"],
            "There is no connection to the server",
        ),
    ],
)
def test_what_is_wrong_is_said(folder: Path, arguments: list[str], says: str):
    done = run(*arguments)
    assert done.exit_code == 2
    assert says in done.stderr
    done = run(*arguments, "--json")
    assert done.exit_code == 2
    assert says in json.dumps(json.loads(done.stdout)["problems"])


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01", "0001-01-01T00:00:00+23:59"])
def test_a_time_is_a_time(folder: Path, text: str):
    done = run("--policy", "old.yaml", "--url", "sqlite:///none.db", "--from", text)
    assert done.exit_code == 2
    assert "must be a time" in done.stderr


def test_nothing_of_the_text_is_in_what_is_read(log: str):
    bodies = "".join(
        body for page in stream_records(log, types=("request.accepted",)) for body in page.bodies
    )
    assert "clerk" in bodies
    assert "hr" in bodies
    assert "Anna" not in bodies
