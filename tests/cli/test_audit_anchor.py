"""`cloakroom audit anchor`, and what doctor says of sinks and anchors."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway import config as configuration
from gateway.cli import checks_sinks
from gateway.cli.checks import Status
from tests.audit.logs import attack, bodies, make_log
from tests.audit.pki import free_port
from tests.cli.audit_world import SIZE, World, make_world


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    return make_world(tmp_path, monkeypatch)


def configure(world: World, text: str) -> None:
    (world.folder / "out").mkdir()
    (world.folder / "cloakroom.yaml").write_text(
        "version: 1\n"
        "upstreams:\n  - {name: loop, kind: loopback, class: on_prem}\n"
        f'audit:\n  url: "sqlite:///audit.db"\n{text}'
    )


ANCHOR = "  anchors: [{kind: file, path: out}]\n"


def test_a_file_gets_the_newest_checkpoint_and_verifies(world: World):
    for url, name in ((False, "one"), (True, "two")):
        found = world.json("anchor", "--out", name, url=url)
        assert (found["ok"], found["size"]) == (True, SIZE)
        assert Path(name).read_text() == world.log.notes[SIZE]
    assert world.json("verify", "--anchor", "one")["anchors"][0]["holds"] is True


def test_standard_output_gets_the_note_alone(world: World):
    done = world.run("anchor", "--out", "-")
    assert (done.exit_code, done.stdout) == (0, world.log.notes[SIZE])


def test_a_file_is_never_written_over(world: World):
    Path("one").write_text("something")
    assert world.run("anchor", "--out", "one").exit_code == 2
    assert Path("one").read_text() == "something"


def test_configured_anchors_get_it(world: World):
    configure(world, ANCHOR)
    for _ in range(2):
        assert world.json("anchor")["anchors"] == {"file": "ok"}
    (file,) = (world.folder / "out").iterdir()
    assert file.read_text() == world.log.notes[SIZE]


def test_an_anchor_that_does_not_take_it_is_named(world: World):
    hook = f"{{kind: webhook, url: 'http://127.0.0.1:{free_port()}/x'}}"
    configure(world, f"  anchors: [{{kind: file, path: out}}, {hook}]\n")
    found = world.json("anchor", code=1)
    assert found["anchors"] == {"file": "ok", "webhook": "ECONNREFUSED"}


def test_a_log_that_has_to_be_migrated_first_is_told_so(world: World):
    configure(world, ANCHOR)
    connection = attack(world.log.file)
    connection.execute("UPDATE audit_meta SET version = 2")
    connection.close()
    found = world.json("anchor", code=2)
    assert found["ok"] is False
    assert "schema 2" in found["problems"][0]


@pytest.mark.parametrize("url", [False, True])
def test_nowhere_to_leave_it_is_said(world: World, url: bool):
    done = world.run("anchor", url=url)
    assert done.exit_code == 2
    assert "--out FILE" in done.output


def test_a_log_without_a_checkpoint_has_nothing_to_leave(world: World):
    make_log(world.folder / "new.db", bodies(2), [])
    (world.folder / "cloakroom.yaml").write_text(
        "version: 1\n"
        "upstreams:\n  - {name: loop, kind: loopback, class: on_prem}\n"
        'audit: {url: "sqlite:///new.db"}\n'
    )
    assert world.run("anchor", "--out", "x").exit_code == 1
    assert not Path("x").exists()


def seen(world: World) -> list[tuple[str, Status]]:
    settings = configuration.load(world.folder / "cloakroom.yaml", {})
    found = [*checks_sinks.sinks(settings), *checks_sinks.anchors(settings)]
    return [(one.name, one.status) for one in found]


def test_doctor_says_nothing_where_nothing_is_configured(world: World):
    assert seen(world) == []


def test_doctor_looks_at_each_sink_and_anchor(world: World):
    server = f"{{kind: syslog, host: 127.0.0.1, port: {free_port()}}}"
    sinks = f"  sinks: [{{kind: jsonl, path: out/a.jsonl}}, {server}]\n"
    configure(world, ANCHOR + sinks)
    expected = [("audit sink jsonl", Status.OK), ("audit sink syslog", Status.WARNING)]
    assert seen(world) == [*expected, ("audit anchor file", Status.WARNING)]
    assert not (world.folder / "out" / "a.jsonl").exists()
    world.json("anchor")
    assert seen(world) == [*expected, ("audit anchor file", Status.OK)]


def test_doctor_fails_where_requests_need_a_sink_that_is_down(world: World):
    server = f"{{kind: syslog, host: 127.0.0.1, port: {free_port()}}}"
    configure(world, f"  require: all\n  sinks: [{server}]\n")
    assert seen(world) == [("audit sink syslog", Status.FAILED)]
