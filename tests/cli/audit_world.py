"""A folder with a configuration and a real audit log, for the tests of `cloakroom audit`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from gateway import config as configuration
from gateway.cli.audit import app
from tests.audit.logs import Log, bodies, make_log

SIZE = 60


@dataclass(frozen=True)
class World:
    """A folder with a configuration, its log, the log's public keys and two anchors."""

    folder: Path
    log: Log

    def path(self, name: str) -> str:
        return str(self.folder / name)

    def run(self, *arguments: str, url: bool = False) -> Result:
        where = ["--url", self.log.url] if url else ["--config", self.path("cloakroom.yaml")]
        return CliRunner().invoke(app, [*arguments, *where])

    def json(self, *arguments: str, code: int = 0, url: bool = False) -> dict[str, Any]:
        done = self.run(*arguments, "--json", url=url)
        assert done.exit_code == code, done.output
        found = json.loads(done.stdout)
        assert isinstance(found, dict)
        return found

    def json_list(self, *arguments: str) -> list[dict[str, Any]]:
        done = self.run(*arguments, "--json")
        assert done.exit_code == 0, done.output
        found = json.loads(done.stdout)
        assert isinstance(found, list)
        return found


def make_world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CLOAKROOM_CONFIG", raising=False)
    file = tmp_path / "cloakroom.yaml"
    file.write_text(
        "version: 1\n"
        "upstreams:\n  - {name: loop, kind: loopback, class: on_prem}\n"
        'audit: {url: "sqlite:///audit.db"}\n'
    )
    master = configuration.load(file, {}).master_key
    log = make_log(tmp_path / "audit.db", bodies(SIZE), [20, 40, 60], master=master)
    (tmp_path / "keys").write_text(
        "# the log's keys\n\n" + "".join(f"{key.vkey()}\n" for key in log.public)
    )
    for size, note in log.notes.items():
        (tmp_path / f"anchor-{size}").write_text(note)
    return World(tmp_path, log)
