"""`cloakroom audit sinks`: how far each is, and that one that is no more holds nothing back."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway import config as configuration
from gateway.audit import opening
from gateway.audit.content.store import open_content
from gateway.audit.retention import plan
from gateway.audit.search import open_search
from gateway.audit.signing import make_signing_keys
from gateway.audit.sinks.sql import Books
from gateway.cli.audit import app
from tests.audit import pg
from tests.audit.logs import bodies, make_log
from tests.audit.test_store_both import MASTER, Log, begin, end
from tests.cli.audit_world import SIZE, World, make_world

SIEM, OLD = "jsonl:siem.jsonl", "folder:/mnt/old bucket"


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """Two sinks are configured, of which one has got 40 records; of a third only its cursor is."""
    world = make_world(tmp_path, monkeypatch)
    file = tmp_path / "cloakroom.yaml"
    text = file.read_text().replace(
        'audit.db"}',
        'audit.db", sinks: [{name: siem, kind: jsonl, path: siem.jsonl},'
        " {name: late, kind: ocsf, path: late.jsonl}]}",
    )
    file.write_text(text)
    move(world.log.url, {key(world, "siem"): 40, OLD: 7})
    return world


def key(world: World, name: str) -> str:
    """What a configured sink's cursor goes by."""
    found = world.json_list("sinks")
    return next(str(one["key"]) for one in found if one["name"] == name)


def move(url: str, cursors: dict[str, int]) -> None:
    books = Books(url)
    for name, leaf in cursors.items():
        books.move(name, leaf)
    books.close()


def test_each_sink_is_listed_with_what_it_has_not_got(world: World):
    found = world.json_list("sinks")
    assert [(one["name"], one["cursor"], one["behind"], one["state"]) for one in found] == [
        ("siem", 40, SIZE - 40, "ok"),
        ("late", 0, SIZE, "new"),
        (OLD, 7, SIZE - 7, "not configured"),
    ]
    move(world.log.url, {key(world, "siem") + "#degraded": 1})
    assert [one["state"] for one in world.json_list("sinks")] == [
        "degraded",
        "new",
        "not configured",
    ]
    people = world.run("sinks")
    assert people.exit_code == 0
    for word in ("siem", "40", "degraded", "not configured", "cloakroom audit sinks drop"):
        assert word in people.stdout


def test_without_sinks_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    done = make_world(tmp_path, monkeypatch).run("sinks")
    assert done.exit_code == 0
    assert "audit.sinks" in done.stdout


def test_one_that_is_not_configured_can_be_dropped_and_is_on_record(world: World):
    move(world.log.url, {OLD + "#degraded": 1})
    done = world.json("sinks", "drop", OLD)
    assert done == {"ok": True, "dropped": OLD, "behind": SIZE - 7}
    assert [one["name"] for one in world.json_list("sinks")] == ["siem", "late"]
    with open_search(world.log.url) as log:
        (record,) = log.listed(limit=5, type_="sink.dropped")
    assert record["target"].startswith("sha256:")  # the name has a space, which no record has
    assert record["actor_kind"] == "operator"
    assert world.run("sinks", "drop", OLD).exit_code == 1


def test_a_name_that_a_record_can_hold_stands_in_it(world: World):
    assert world.run("sinks", "drop", "siem", "--force").exit_code == 0
    with open_search(world.log.url) as log:
        (record,) = log.listed(limit=5, type_="sink.dropped")
    assert record["target"] == "siem"


@pytest.mark.parametrize(("name", "why"), [("siem", "is configured"), ("nobody", "no such sink")])
def test_what_is_not_dropped(world: World, name: str, why: str):
    before = world.json_list("sinks")
    done = world.run("sinks", "drop", name)
    assert done.exit_code == 1
    assert why in done.stderr
    assert world.json_list("sinks") == before


def test_one_that_a_gateway_serves_is_dropped_only_by_force(world: World):
    books = Books(world.log.url)
    assert books.lead(OLD)
    done = world.run("sinks", "drop", OLD)
    assert done.exit_code == 1
    assert "still serves" in done.stderr
    assert world.run("sinks", "drop", OLD, "--force").exit_code == 0
    books.close()
    assert OLD not in [one["name"] for one in world.json_list("sinks")]


def test_the_configuration_may_stand_before_the_word_drop(world: World):
    arguments = ["sinks", "--config", world.path("cloakroom.yaml"), "drop", OLD]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    assert f"Dropped: {OLD}" in done.stdout


def test_a_dropped_sink_holds_nothing_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    world = make_world(tmp_path, monkeypatch)
    master = configuration.load(tmp_path / "cloakroom.yaml", {}).master_key
    world.log.file.unlink()
    log = make_log(world.log.file, bodies(600), [600], master=master)
    move(log.url, {OLD: 10})
    for below in (0, 512):
        with open_content(log.url, master) as content:
            assert plan(content, "2027").below == below
        world.run("sinks", "drop", OLD)


# --- on PostgreSQL --------------------------------------------------------------------------------


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    if reason := pg.reason_to_skip():
        pytest.skip(reason)
    with pg.any_server() as server, pg.fresh(server) as url:
        opening.migrate(url)
        yield url


def test_on_postgresql_it_is_dropped_as_those_who_see_to_retention(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    log = Log(url, make_signing_keys(tmp_path / "signing.key"), tmp_path / "signing.key")

    async def fill() -> None:
        async with log.store() as store:
            await begin(store, "req_1")
            await end(store, "req_1")

    asyncio.run(fill())
    move(url, {SIEM: 1})
    monkeypatch.setenv("MASTER", base64.b64encode(MASTER).decode())
    (tmp_path / "cloakroom.yaml").write_text(
        "version: 1\n"
        "upstreams:\n  - {name: loop, kind: loopback, class: on_prem}\n"
        'secrets: {master_key: "${env:MASTER}"}\n'
        f'audit: {{url: "{url}", signing_key_file: signing.key}}\n'
    )
    done = CliRunner().invoke(app, ["sinks", "drop", SIEM, "--config", "cloakroom.yaml"])
    assert done.exit_code == 0, done.output
    assert f"Dropped: {SIEM}" in done.stdout
    assert pg.query(url, "SELECT sink FROM audit_cursors") == []
