"""Where the configuration says that the audit log is, and what signs it."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway import config
from gateway.errors import ConfigError
from gateway.settings import Audit

KEY = "A" * 43 + "="
START = """\
version: 1
upstreams:
  - {name: loopback, kind: loopback, class: on_prem, models: ["*"]}
"""
MASTER = "secrets: {master_key: '${env:MASTER}'}\n"
URL = "url: 'postgresql://gate@db.internal:5433/audit?sslmode=verify-full'"
SIGNED = f"{URL}, signing_key_file: keys/log.key"


def read(folder: Path, audit: str, more: str = MASTER) -> Audit:
    file = folder / "cloakroom.yaml"
    file.write_text(START + (f"audit: {{{audit}}}\n" if audit else "") + more, encoding="utf-8")
    environ = {"MASTER": KEY, "PW": "p@ss/w:rd", "EMPTY": ""}
    return config.load(file, environ).audit


def test_a_file_has_its_keys_beside_it(tmp_path: Path):
    (tmp_path / "data").mkdir()
    found = read(tmp_path, "url: 'sqlite:///data/audit.db'")
    assert found == Audit(
        url=f"sqlite:///{tmp_path}/data/audit.db",
        signing_key_file=tmp_path / "data" / "cloakroom-signing.key",
        makes_signing_key=True,
    )
    assert read(tmp_path, "").signing_key_file == tmp_path / "cloakroom-signing.key"


def test_keys_that_are_named_are_not_made(tmp_path: Path):
    found = read(tmp_path, "url: 'sqlite:///a.db', signing_key_file: k/log.key, origin: acme/log")
    assert found.signing_key_file == tmp_path / "k" / "log.key"
    assert not found.makes_signing_key
    assert found.origin == "acme/log"


def test_postgresql(tmp_path: Path):
    found = read(tmp_path, SIGNED)
    assert found.url == "postgresql://gate@db.internal:5433/audit?sslmode=verify-full"
    assert found.signing_key_file == tmp_path / "keys" / "log.key"
    assert not found.makes_signing_key


def test_the_password_is_referred_to_and_not_shown(tmp_path: Path):
    found = read(tmp_path, f"{SIGNED}, password: '${{env:PW}}'")
    assert found.url == (
        "postgresql://gate:p%40ss%2Fw%3Ard@db.internal:5433/audit?sslmode=verify-full"
    )
    assert "p%40ss" not in repr(found)


@pytest.mark.parametrize(
    ("audit", "more", "message"),
    [
        (URL, MASTER, "signing_key_file is missing"),
        (SIGNED, "", "PostgreSQL needs a configured master key"),
        (SIGNED.replace("gate@", "gate:hunter2@"), MASTER, "must not hold a password"),
        (SIGNED.replace("sslmode=", "password=hunter2&sslmode="), MASTER, "must not hold"),
        (f"{SIGNED}, password: hunter2", MASTER, "must not stand in the configuration"),
        (f"{SIGNED}, password: '${{env:EMPTY}}'", MASTER, "is empty"),
        (f"{SIGNED}, password: '${{env:NONE}}'", MASTER, "is not set"),
        (SIGNED.replace("gate@", "") + ", password: '${env:PW}'", MASTER, "needs a user"),
        (SIGNED.replace("/audit?", "/?"), MASTER, "names no database"),
        (SIGNED.replace(":5433", ":port"), MASTER, "is not a URL"),
        ("url: 'sqlite:///a.db', password: '${env:PW}'", MASTER, "is for PostgreSQL"),
        ("url: 'mysql://db/audit'", MASTER, "must be the URL of an SQLite file or PostgreSQL"),
        ("url: 'sqlite:///a.db', origin: 'has space'", MASTER, "origin"),
        ("url: 'sqlite:///a.db', origin: 'has+plus'", MASTER, "origin"),
    ],
)
def test_refused(tmp_path: Path, audit: str, more: str, message: str):
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, audit, more)
    assert message in str(caught.value)
    assert "hunter2" not in str(caught.value)
