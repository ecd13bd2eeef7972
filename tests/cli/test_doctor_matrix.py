"""`cloakroom doctor --matrix`: a table that anybody can run, and JSON for a pipeline."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner

from gateway.cli.doctor import app
from gateway.conformance.running import OPERATORS
from gateway.conformance.tables.every import TABLES
from gateway.wire.families import CHAT

CONFIG = """\
version: 1
upstreams:
  - {name: home, kind: loopback, class: on_prem, models: [local]}
  - {name: any, kind: loopback, class: external}
"""


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("gateway.cli.doctor.telemetry.install", lambda **_: None)
    file = tmp_path / "cloakroom.yaml"
    file.write_text(CONFIG)
    return str(file)


def test_the_matrix_holds_and_each_upstream_is_asked(config: str):
    done = CliRunner().invoke(app, ["--matrix", "--send", "--json", "--config", config])
    said = orjson.loads(done.stdout)
    assert (done.exit_code, said["ok"]) == (0, True)
    cells = said["cells"]
    assert {one["endpoint"] for one in cells} == {table.codec.endpoint for table in TABLES}
    assert {one["operator"] for one in cells} == set(OPERATORS)
    assert {one["direction"] for one in cells} == {"request", "answer"}
    chat = {one["upstream"]: one for one in said["asked"] if one["endpoint"] == CHAT.endpoint}
    assert chat["home"]["ok"]
    assert chat["any"]["fault"] == "its `models` name none in full"


def test_for_people_there_is_a_row_for_every_place(config: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("gateway.cli.doctor_matrix.OPERATORS", ("replace",))
    done = CliRunner().invoke(app, ["--matrix", "--config", config], env={"COLUMNS": "160"})
    assert done.exit_code == 0
    for row in TABLES[0].requests:
        assert row.place in done.stdout
    assert "0 of them fail" in done.stdout
    assert "Nothing was sent" in done.stdout
