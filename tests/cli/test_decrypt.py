"""Ciphertexts are turned back by whoever holds the master key, and that goes on record."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway import config
from gateway.cli.decrypt import app
from gateway.keyring import derive
from gateway.masking.ciphertext import encrypted

CONFIG = """\
version: 1
upstreams:
  - {name: loopback, kind: loopback, class: on_prem, models: ["*"]}
audit: {url: "sqlite:///audit.db"}
"""
VALUE = "Zoë Quill"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "cloakroom.yaml"
    path.write_text(CONFIG)
    return path


def ciphertext(file: Path, tenant: str) -> str:
    settings = config.load(file, {})
    return encrypted(derive(settings.master_key, "operators", tenant), "PERSON", VALUE)


def run(file: Path, text: str, *options: str):
    return CliRunner().invoke(app, ["-", "--config", str(file), *options], input=text)


def records(file: Path) -> list[str]:
    with sqlite3.connect(file.parent / "audit.db") as log:
        return [row[0] for row in log.execute("SELECT type FROM audit_records ORDER BY seq")]


def test_a_tenants_values_come_back_and_that_is_on_record(file: Path):
    token = ciphertext(file, "acme")
    done = run(file, f"Dear {token},\n", "--tenant", "acme")
    assert done.exit_code == 0
    assert done.stdout == f"Dear {VALUE},\n"
    assert records(file)[-1] == "unmask.performed"


def test_another_tenants_stay(file: Path):
    text = f"Dear {ciphertext(file, 'acme')},"
    done = run(file, text, "--tenant", "other", "--json")
    assert json.loads(done.stdout) == {"decrypted": 0, "left": 1, "text": text}
    assert not (file.parent / "audit.db").exists()


@pytest.mark.parametrize(
    ("tenants", "said"),
    [
        (["acme"], "1 ciphertext of tenant acme was turned back.\n"),
        (["acme", "acme"], "2 ciphertexts of tenant acme were turned back.\n"),
        ([], "0 ciphertexts of tenant acme were turned back.\n"),
        (
            ["acme", "other"],
            "1 ciphertext of tenant acme was turned back. "
            "1 ciphertext was left: another tenant's, or damaged.\n",
        ),
        (
            ["other", "third"],
            "0 ciphertexts of tenant acme were turned back. "
            "2 ciphertexts were left: another tenant's, or damaged.\n",
        ),
    ],
)
def test_it_is_said_how_many_were_turned_back_and_left(file: Path, tenants: list[str], said: str):
    config.load(file, {})  # makes the master key
    text = " and ".join(ciphertext(file, tenant) for tenant in tenants)
    assert run(file, text, "--tenant", "acme").stderr == said


@pytest.mark.parametrize("cut", [1, -1])
def test_a_damaged_one_is_counted_among_those_left(file: Path, cut: int):
    """One that lacks its end, and one of which hardly anything remains."""
    whole = ciphertext(file, "acme")
    damaged = whole[: whole.index(":enc:") + len(":enc:") + cut] if cut > 0 else whole[:cut]
    done = run(file, f"{whole} {damaged}", "--tenant", "acme", "--json")
    said = json.loads(done.stdout)
    assert (said["decrypted"], said["left"]) == (1, 1)
    assert said["text"] == f"{VALUE} {damaged}"


def test_nothing_is_shown_where_it_cannot_be_recorded(file: Path):
    token = ciphertext(file, "default")
    (file.parent / "audit.db").mkdir()
    done = run(file, token)
    assert done.exit_code != 0
    assert VALUE not in done.stdout + done.stderr


def test_a_missing_file(file: Path):
    done = CliRunner().invoke(app, [str(file.parent / "no.txt"), "--config", str(file)])
    assert done.exit_code == 2
