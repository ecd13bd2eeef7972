"""`cloakroom audit search`, `stats`, `export`: what is in the log, for people and programs."""

from __future__ import annotations

import csv
import io
import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from gateway.audit.search import open_search
from tests.audit.logs import attack, bodies
from tests.cli.audit_world import SIZE, World, make_world


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    return make_world(tmp_path, monkeypatch)


RECORDS: list[dict[str, Any]] = [json.loads(body) for body in bodies(SIZE)]


@pytest.mark.parametrize(
    ("arguments", "count"),
    [
        ([], 50),
        (["--limit", "1000"], SIZE),
        (["--tenant", "globex"], 12),
        (["--type", "request.accepted"], 30),
        (["--request", "req_3"], 2),
        (["--actor", "app-1", "--limit", "5"], 5),
        (["--entity", "PERSON", "--rule", "r1", "--policy", "base"], 50),
        (["--model", "rare"], 2),
        (["--upstream", "openai", "--outcome", "completed"], 30),
        (["--from", RECORDS[50]["ts"]], 10),
        (["--to", RECORDS[10]["ts"]], 10),
        (["--from", "2026-01-01", "--to", "2100-01-01T00:00:00+02:00"], 50),
    ],
)
def test_search_finds(world: World, arguments: list[str], count: int):
    found = world.json("search", *arguments)
    assert len(found["records"]) == count
    assert found["records"] == sorted(found["records"], key=lambda one: -one["seq"])


@pytest.mark.parametrize("arguments", [["--tenant", "nobody"], ["--from", "2100-01-01"]])
def test_search_that_finds_nothing_ends_with_1(world: World, arguments: list[str]):
    assert world.json("search", *arguments, code=1)["records"] == []
    assert "No such records" in world.run("search", *arguments).stdout


def test_search_goes_on_where_a_page_ended(world: World):
    first = world.json("search", "--limit", "40")
    second = world.json("search", "--limit", "40", "--before", str(first["before"]))
    seen = [one["seq"] for one in (*first["records"], *second["records"])]
    assert seen == list(range(SIZE, 0, -1))
    assert second["before"] is None
    assert f"--before {first['before']}" in world.run("search", "--limit", "40").stdout


@pytest.mark.parametrize("value", ["yesterday", "2026-13-01", "1e400", ""])
def test_a_time_must_be_one(world: World, value: str):
    assert world.run("search", "--from", value).exit_code == 2


def test_stats_count(world: World):
    found = world.json("stats")
    assert (found["records"], found["leaves"], found["unsigned"]) == (SIZE, SIZE, 0)
    assert found["tenants"] == {"acme": 48, "globex": 12}
    assert found["checkpoint_age_seconds"] >= 0
    assert found["bytes_per_record"] > 0
    done = world.run("stats", url=True)
    assert done.exit_code == 0
    for word in ("60 records", "request.completed", "globex", "a record"):
        assert word in done.stdout


def test_markup_in_a_record_is_only_text(world: World):
    connection = attack(world.log.file)
    connection.execute("UPDATE audit_records SET body = replace(body, '\"gpt-x\"', '\"[/x]\"')")
    connection.close()
    for arguments in (["search"], ["list"], ["show", "req_3"]):
        assert world.run(*arguments).exit_code == 0


@pytest.mark.parametrize("command", ["search", "list"])
def test_a_table_of_80_columns_has_every_event_id_whole(
    world: World, monkeypatch: pytest.MonkeyPatch, command: str
):
    monkeypatch.setattr("gateway.cli.audit.console._width", 80)
    done = world.run(command, "--limit", "20")
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    newest = [one["event_id"] for one in reversed(RECORDS)][:20]
    shown = [word for line in lines for word in line.split() if word in newest]
    assert shown == newest
    assert {"acme", "request.completed", "gpt-x"} <= set(done.stdout.split())


# --- export -------------------------------------------------------------------------------------


def test_json_lines_are_the_records_byte_by_byte(world: World):
    done = world.run("export", url=True)
    assert done.exit_code == 0
    assert done.stdout_bytes == b"".join(body + b"\n" for body in bodies(SIZE))


def test_a_period_of_a_tenant_as_csv(world: World):
    arguments = ["--format", "csv", "--tenant", "globex", "--from", RECORDS[20]["ts"]]
    done = world.run("export", *arguments, url=True)
    rows = list(csv.DictReader(io.StringIO(done.stdout, newline="")))
    assert [one["event_id"] for one in rows] == [
        one["event_id"] for one in RECORDS[20:] if one["tenant"] == "globex"
    ]


def test_ocsf_events_are_json_lines(world: World):
    done = world.run("export", "--format", "ocsf", "--type", "request.completed", url=True)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(events) == SIZE // 2
    assert {one["class_uid"] for one in events} == {6003}


def test_an_export_goes_on_record_and_to_a_private_new_file(world: World):
    found = world.json("export", "--out", "out.jsonl")
    out = world.folder / "out.jsonl"
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    lines = out.read_text().splitlines()
    keys = [line for line in lines if json.loads(line)["type"] == "key.created"]
    assert found["records"] == len(lines) == SIZE + 1 + len(keys)
    assert json.loads(lines[-1])["type"] == "audit.exported"
    assert json.loads(lines[-1])["target"] == "jsonl"
    with open_search(world.log.url) as log:
        size = len(log.listed(limit=1000))
    again = world.run("export", "--out", "out.jsonl", url=True)
    assert again.exit_code == 2
    assert again.stderr == "out.jsonl is there already: choose another name.\n"
    assert out.read_text().splitlines() == lines
    with open_search(world.log.url) as log:
        assert len(log.listed(limit=1000)) == size  # with --url the log is only read


def test_exports_that_cannot_be(world: World):
    assert world.run("export", "--tenant", "nobody", url=True).exit_code == 1
    assert world.run("export", "--json", url=True).exit_code == 2
    assert world.run("export", "--out", f"no{os.sep}such", url=True).exit_code == 2
    connection = attack(world.log.file)
    connection.execute("UPDATE audit_records SET body = '{' WHERE seq = 10")
    connection.close()
    done = world.run("export", url=True)
    assert done.exit_code == 1
    assert "leaf 9 is damaged" in done.stderr
