"""`keys rotate` puts a new key in force, destroys the old one, and says so on record."""

from __future__ import annotations

import base64
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gateway.audit.content.store import open_content
from gateway.cli import keys
from tests.audit.content.kept import MASTER, exchange

TEXT = b"text"
CONFIG = """\
version: 1
upstreams:
  - {name: loopback, kind: loopback, class: on_prem, models: ["*"]}
audit: {url: "sqlite:///audit.db"}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "cloakroom.yaml"
    path.write_text(CONFIG)
    (tmp_path / "cloakroom.key").write_text(base64.b64encode(MASTER).decode())
    (tmp_path / "cloakroom.key").chmod(0o600)
    for number in range(3):
        exchange(f"sqlite:///{tmp_path}/audit.db", f"r{number}", "a@b.de", text=TEXT)
    return path


def run(file: Path, *arguments: str) -> Result:
    return CliRunner().invoke(keys.app, [*arguments, "--config", str(file)])


def events(file: Path) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(file.parent / "audit.db")) as log:
        rows = log.execute(
            "SELECT type, json_extract(body, '$.target') FROM audit_records "
            "WHERE type LIKE 'key.%' AND type != 'key.created' ORDER BY seq"
        ).fetchall()
    return [(row[0], row[1]) for row in rows]


def test_rotate(file: Path):
    done = run(file, "rotate", "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout) == {
        "ok": True, "epoch": 2, "wrapped": 3, "damaged": 0, "destroyed": [1],
    }  # fmt: skip
    assert events(file) == [("key.rotated", "content/2"), ("key.destroyed", "content/1")]
    listed = json.loads(run(file, "list", "--json").stdout)
    assert [(one["epoch"], one["keys"]) for one in listed] == [(2, 3)]
    with open_content(f"sqlite:///{file.parent}/audit.db", MASTER) as content:
        assert [one.text for one in content.capsules("r1")] == [TEXT, TEXT]
    assert "Epoch 3 is in force" in run(file, "rotate").stdout


def test_a_rotation_that_was_cut_short_is_run_again(file: Path):
    with open_content(f"sqlite:///{file.parent}/audit.db", MASTER) as content:
        epoch = content.open_epoch()
        next(content.rewrap(epoch, batch=1))
        assert [count for *_, count in content.epochs()] == [2, 1]
    done = run(file, "rotate", "--json")
    assert json.loads(done.stdout)["destroyed"] == [1, 2]


def test_a_damaged_key_is_told_and_its_epoch_stays(file: Path):
    with closing(sqlite3.connect(file.parent / "audit.db")) as attacker:
        attacker.execute("UPDATE audit_subject_keys SET wrapped = x'00' WHERE request_id = 'r1'")
        attacker.commit()
    done = run(file, "rotate")
    assert done.exit_code == 1
    assert "1 data keys are damaged" in done.stderr
    assert events(file) == [("key.rotated", "content/2")]


def test_nothing_to_list(tmp_path: Path, file: Path):
    with closing(sqlite3.connect(tmp_path / "audit.db")) as log:
        for table in ("audit_capsules", "audit_subject_keys", "audit_key_epochs"):
            log.execute(f"DELETE FROM {table}")
        log.commit()
    done = run(file, "list")
    assert done.exit_code == 0
    assert "no key yet" in done.stdout
