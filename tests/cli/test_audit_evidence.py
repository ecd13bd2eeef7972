"""`cloakroom audit evidence`: on record first, what people say marked as theirs, nothing secret."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import Result
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from gateway import config as configuration
from gateway.app import create_app
from gateway.audit.reading import open_log
from gateway.cli import apikeys
from gateway.cli.audit import app
from gateway.identity.keys import add_key
from gateway.settings import Settings

ABOUT = """\
controller: Example AG
purposes: [Drafting of letters]
data_subjects: [customers]
processors:
  loop: {name: Ourselves, country: Germany, contract: none needed}
"""
POLICY = """\
version: 1
id: letters
rules:
  - {name: no-cards, when: {any_of: [CREDIT_CARD]}, effect: deny, reason: "No cards."}
  - {name: rest, effect: mask, operators: {EMAIL_ADDRESS: hash}}
"""
SECRET_TEXT = "anna.canary@example.com"


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CLOAKROOM_CONFIG", raising=False)
    (tmp_path / "policy.yaml").write_text(POLICY)
    file = tmp_path / "cloakroom.yaml"
    file.write_text(
        "version: 1\nupstreams:\n  - {name: loop, kind: loopback, class: on_prem}\n"
        'audit: {url: "sqlite:///audit.db"}\npolicies: [policy.yaml]\n'
        "auth: {mode: keys, keys_file: keys.yaml}\ndetection: {profile: patterns}\n"
    )
    return file


@pytest.fixture
def served(config: Path) -> Settings:
    """A gateway that has served: two requests masked, one denied; then it was stopped."""
    master = configuration.load(_keyless(config), {}).master_key
    key = add_key(config.parent / "keys.yaml", master, "app-1", "acme", ["writer"]).text
    settings = configuration.load(config, {})
    with TestClient(create_app(settings)) as client:
        for text in (f"Write to {SECRET_TEXT}.", "Write to nobody.", "Card 4111 1111 1111 1111"):
            client.post(
                "/v1/chat/completions",
                headers={"authorization": f"Bearer {key}"},
                json={"model": "m", "messages": [{"role": "user", "content": text}]},
            )
    return settings


def _keyless(config: Path) -> Path:
    file = config.with_name("keyless.yaml")
    lines = config.read_text().splitlines(keepends=True)
    file.write_text("".join(line for line in lines if not line.startswith("auth:")))
    return file


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["evidence", *arguments])


def read(folder: Path, name: str) -> Any:
    return orjson.loads((folder / name).read_bytes())


def verified(folder: Path) -> int:
    program = [sys.executable, "-I", "-S", str(folder / "verify.py")]
    return subprocess.run(program, capture_output=True, check=False, timeout=120).returncode


def test_a_pack_of_what_a_gateway_did(served: Settings, config: Path, tmp_path: Path):
    (tmp_path / "about.yaml").write_text(ABOUT)
    out = tmp_path / "pack"
    done = run("--config", str(config), "--out", str(out), "--about", str(tmp_path / "about.yaml"))
    assert done.exit_code == 0, done.output
    assert "verify.py" in done.stdout
    assert verified(out) == 0

    ropa = read(out, "ropa.json")
    (recipient,) = ropa["recipients"]
    assert recipient["requests"] == 2
    assert recipient["types"] == {"EMAIL_ADDRESS": {"hash": 1}}
    assert (recipient["processor"], recipient["country"]) == ("Ourselves", "Germany")
    assert ropa["controller"] == "Example AG"
    assert [one["rule"] for one in ropa["rules"]] == ["no-cards", "rest"]
    card = next(one for one in ropa["categories"] if one["entity_type"] == "CREDIT_CARD")
    assert (card["found_and_sent"], card["found_and_denied"]) == (0, 1)

    access = read(out, "access.json")
    assert [(one["id"], one["tenant"], one["roles"]) for one in access["api_keys"]] == [
        ("app-1", "acme", ["writer"])
    ]
    assert "hmac" not in (out / "access.json").read_text()
    (digest,) = read(out, "versions.json")["policies"]
    assert read(out, f"policies/{digest}.json")["files"] == [
        {"name": "policy.yaml", "text": POLICY}
    ]
    for file in out.rglob("*"):
        if file.is_file():
            assert b"canary" not in file.read_bytes()
            assert b"4111" not in file.read_bytes()


def test_it_is_on_record_before_anything_is_written(served: Settings, config: Path, tmp_path: Path):
    out = tmp_path / "pack"
    assert run("--config", str(config), "--out", str(out)).exit_code == 0
    manifest = read(out, "manifest.json")
    with open_log(served.audit.url) as log:
        rows = list(log.rows(0))
        index = log.leaf_of(manifest["exported_as"])
    assert index == rows[-1].leaf_index
    last = (out / "records.jsonl").read_bytes().splitlines()[-1]
    assert orjson.loads(last)["record"]["type"] == "audit.exported"
    assert orjson.loads(last)["leaf_index"] == index


def test_with_a_url_alone_the_log_is_only_read(served: Settings, tmp_path: Path):
    out = tmp_path / "pack"
    with open_log(served.audit.url) as log:
        before = log.size
    done = run("--url", served.audit.url, "--out", str(out), "--json")
    assert done.exit_code == 0, done.output
    told = orjson.loads(done.stdout)
    assert told["signed"] is False
    assert told["exported_as"] is None
    with open_log(served.audit.url) as log:
        assert log.size == before
    assert verified(out) == 1  # nobody signed for it
    again = tmp_path / "again"
    key = str(served.audit.signing_key_file)
    assert run("--url", served.audit.url, "--out", str(again), "--signing-key", key).exit_code == 0
    assert verified(again) == 0


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (["--from", "yesterday"], 2, "must be a time"),
        (["--about", "gone.yaml"], 2, "gone.yaml"),
        (["--about", "wrong.yaml"], 2, "unknown key"),
        (["--signing-key", "gone.key"], 2, "gone.key"),
        (["--out", "."], 1, "holds something"),
        (["--out", "policy.yaml"], 2, "cannot be written"),
    ],
)
def test_what_cannot_be_done_is_said(
    served: Settings, config: Path, arguments: list[str], code: int, word: str
):
    Path("wrong.yaml").write_text("purpose: [x]\n")
    done = run("--config", str(config), "--out", "pack", *arguments)
    assert done.exit_code == code, done.output
    assert word in done.output
    assert not Path("pack", "manifest.json").exists()


def test_the_first_record_of_a_log_turns_no_clock_back(config: Path, tmp_path: Path):
    """The log's own keys go on record before the key for whose record it was opened."""
    done = CliRunner().invoke(apikeys.app, ["add", "--config", str(config)])
    assert done.exit_code == 0, done.output
    out = tmp_path / "pack"
    assert run("--config", str(config), "--out", str(out)).exit_code == 0
    assert read(out, "versions.json")["records"]["key.created"] >= 1
    assert read(out, "outages.json")["clock_back"]["count"] == 0


def test_where_there_is_no_log_there_is_no_evidence(tmp_path: Path):
    done = run("--url", f"sqlite:///{tmp_path}/none.db", "--out", str(tmp_path / "pack"))
    assert done.exit_code == 2
    assert not (tmp_path / "none.db").exists()
