"""`cloakroom audit export --format tiles`: a folder that any reader of tlog-tiles can check."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from gateway.audit.checkpoint import verify
from gateway.audit.content.store import open_content
from gateway.audit.retention import plan, prune
from tests.audit.logs import MASTER, attack, bodies, make_log
from tests.audit.test_tiles import Reader
from tests.cli.audit_world import SIZE, World, make_world


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    return make_world(tmp_path, monkeypatch)


def big(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A log with one whole tile and a partial one; six of its records are not signed yet."""
    make_world(tmp_path, monkeypatch)
    log = make_log(tmp_path / "big.db", bodies(306), [100, 300], master=MASTER)
    return World(tmp_path, log)


def read(folder: Path) -> tuple[str, dict[str, bytes]]:
    """The checkpoint, and all other files."""
    files = {
        str(one.relative_to(folder)): one.read_bytes() for one in folder.rglob("*") if one.is_file()
    }
    return files.pop("checkpoint").decode(), files


def test_the_root_follows_from_the_tiles_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    world = big(tmp_path, monkeypatch)
    found = world.json("export", "--format", "tiles", "--out", "tiles", url=True)
    assert found == {"ok": True, "size": 300, "first_entry": 0, "folder": "tiles"}
    note, files = read(tmp_path / "tiles")
    checkpoint = verify(note, world.log.public).checkpoint
    assert sorted(files) == [
        "tile/0/000",
        "tile/0/001.p/44",
        "tile/1/000.p/1",
        "tile/entries/000",
        "tile/entries/001.p/44",
    ]
    reader = Reader(checkpoint.size, files)
    assert reader.root(0, checkpoint.size) == checkpoint.root
    assert reader.entries(0) + reader.entries(1) == bodies(300)


def test_the_export_is_private_and_on_record(world: World):
    found = world.json("export", "--format", "tiles", "--out", "tiles")
    files = read(world.folder / "tiles")[1]
    assert found["size"] > SIZE
    reader = Reader(found["size"], files)
    assert b'"target":"tiles"' in reader.entries(0)[-1]
    assert b'"type":"audit.exported"' in reader.entries(0)[-1]
    modes = {stat.S_IMODE((world.folder / "tiles" / name).stat().st_mode) for name in files}
    assert modes == {0o600}
    assert stat.S_IMODE((world.folder / "tiles").stat().st_mode) == 0o700


def test_a_folder_that_is_there_stays_as_it_is(world: World):
    (world.folder / "tiles").mkdir()
    done = world.run("export", "--format", "tiles", "--out", "tiles", url=True)
    assert done.exit_code == 2
    assert done.stderr == "tiles is there already: choose another name.\n"
    assert os.listdir(world.folder / "tiles") == []


@pytest.mark.parametrize(
    "arguments", [[], ["--out", "t", "--tenant", "acme"], ["--out", "t", "--from", "2026-01-01"]]
)
def test_tiles_are_the_whole_log_in_a_folder(world: World, arguments: list[str]):
    done = world.run("export", "--format", "tiles", *arguments, url=True)
    assert done.exit_code == 2
    assert "whole log" in done.stderr
    assert not (world.folder / "t").exists()


@pytest.mark.parametrize(
    ("statement", "word"),
    [
        ("UPDATE audit_records SET body = replace(body, 'acme', 'evil') WHERE seq = 10", "leaf 9"),
        ("DELETE FROM audit_records WHERE seq = 60", "missing"),
        ("UPDATE audit_records SET leaf_hash = zeroblob(32) WHERE seq = 10", "root"),
        ("UPDATE audit_checkpoints SET note = replace(note, '60', '59')", "checkpoint"),
        ("UPDATE audit_records SET mac = 7 WHERE seq = 10", "damaged"),
        ("DELETE FROM audit_checkpoints", "no checkpoint"),
    ],
)
def test_of_a_log_that_does_not_hold_nothing_is_left(world: World, statement: str, word: str):
    connection = attack(world.log.file)
    connection.execute(statement)
    connection.close()
    done = world.run("export", "--format", "tiles", "--out", "tiles", url=True)
    assert done.exit_code == 1
    assert word in done.stderr
    assert not (world.folder / "tiles").exists()


def test_of_a_pruned_log_the_first_entry_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    world = big(tmp_path, monkeypatch)
    with open_content(world.log.url, MASTER) as content:
        assert list(prune(content, plan(content, "2027"), "e")) == [256]
    done = world.run("export", "--format", "tiles", "--out", "tiles", url=True)
    assert done.exit_code == 0, done.output
    assert "below leaf 256" in done.stdout
    note, files = read(tmp_path / "tiles")
    assert sorted(files) == ["tile/0/001.p/44", "tile/1/000.p/1", "tile/entries/001.p/44"]
    reader = Reader(300, files)
    assert reader.root(0, 300) == verify(note, world.log.public).checkpoint.root
    assert reader.entries(1) == bodies(300)[256:]
