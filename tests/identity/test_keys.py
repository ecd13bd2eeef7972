"""Callers' keys: known by HMAC alone, told apart from wrong ones by nothing, revoked at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from gateway.errors import AuthenticationError, ConfigError
from gateway.identity.keys import KeyEntry, KeyFile, NewKey, NoAuth, add_key, read_keys, revoke_key

MASTER = b"m" * 32


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys.yaml"


@pytest.fixture
def made(path: Path) -> NewKey:
    return add_key(path, MASTER, "app", "acme", ["dev"])


def bearer(text: str) -> dict[str, str]:
    return {"authorization": f"Bearer {text}"}


def test_a_key_names_its_caller(path: Path, made: NewKey) -> None:
    """In either header."""
    keys = KeyFile(path, MASTER)

    for headers in (bearer(made.text), {"x-api-key": made.text}):
        subject = keys.authenticate(headers)
        assert (subject.tenant, subject.principal, subject.roles) == ("acme", "app", {"dev"})
        assert subject.key_id == "app"


def test_the_file_lets_nobody_in(path: Path, made: NewKey) -> None:
    """No secret in it, readable by its owner alone, and worth nothing under another master key."""
    assert made.text.split("_", 2)[2] not in path.read_text()
    assert path.stat().st_mode & 0o077 == 0
    assert made.text not in repr(made)
    with pytest.raises(AuthenticationError):
        KeyFile(path, b"x" * 32).authenticate(bearer(made.text))


@pytest.mark.parametrize(
    "presented",
    ["", "canary", "ck_app_short", "ck_other_" + "A" * 43, "ck_app_" + "A" * 43, "Basic x"],
)
def test_every_wrong_key_gets_the_same_answer(path: Path, made: NewKey, presented: str) -> None:
    """Whether the id exists cannot be learned, and nothing is echoed."""
    keys = KeyFile(path, MASTER)
    with pytest.raises(AuthenticationError) as caught:
        keys.authenticate(bearer(presented))
    with pytest.raises(AuthenticationError) as other:
        keys.authenticate({})

    assert caught.value.message == other.value.message
    assert caught.value.code == "invalid_api_key"
    assert caught.value.status == 401


def test_a_revoked_key_stops_working_while_the_gateway_runs(path: Path, made: NewKey) -> None:
    """The file is looked at once a second."""
    clock = Clock()
    keys = KeyFile(path, MASTER, clock=clock)
    keys.authenticate(bearer(made.text))
    revoke_key(path, "app")
    clock.now = 1.0

    with pytest.raises(AuthenticationError):
        keys.authenticate(bearer(made.text))


@pytest.mark.parametrize("damage", ["version: 1\nkeys: [", None])
def test_a_file_that_breaks_lets_nobody_in(path: Path, made: NewKey, damage: str | None) -> None:
    """Damaged or gone: which keys were revoked cannot be known. It heals with the file."""
    clock = Clock()
    keys = KeyFile(path, MASTER, clock=clock)
    whole = path.read_text()
    path.unlink()
    if damage is not None:
        path.write_text(damage)
    clock.now = 1.0
    with capture_logs() as lines:
        with pytest.raises(AuthenticationError):
            keys.authenticate(bearer(made.text))
        assert not keys.ready
        path.write_text(whole + "\n")
        clock.now = 2.0

        assert keys.authenticate(bearer(made.text)).tenant == "acme"
        assert keys.ready
    assert [one["event"] for one in lines] == ["keys_rejected", "keys_changed"]
    assert lines[0]["file"] == str(path)


def test_a_file_that_cannot_be_read_for_any_reason_lets_nobody_in(
    path: Path, made: NewKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys that may be revoked by now are not good for ever because one look broke off."""

    def broken(_path: Path) -> list[KeyEntry]:
        raise MemoryError

    clock = Clock()
    keys = KeyFile(path, MASTER, clock=clock)
    path.write_text(path.read_text() + "\n")
    clock.now = 1.0
    with monkeypatch.context() as patched:
        patched.setattr("gateway.identity.keys.read_keys", broken)
        with pytest.raises(MemoryError):
            keys.authenticate(bearer(made.text))

    for clock.now in (1.0, 2.0):
        with pytest.raises(AuthenticationError):
            keys.authenticate(bearer(made.text))
        assert not keys.ready


def test_a_file_that_breaks_and_heals_is_seen_though_nobody_calls(path: Path, made: NewKey) -> None:
    """Who is not ready is not asked: readiness must not wait for a caller."""
    clock = Clock()
    keys = KeyFile(path, MASTER, clock=clock)
    whole = path.read_text()
    path.write_text("keys: 7\n")
    clock.now = 1.0
    assert not keys.ready
    path.write_text(whole + "\n")
    clock.now = 2.0

    assert keys.ready


@pytest.mark.parametrize(
    ("key_id", "tenant"),
    [("app", "acme"), ("a b", "acme"), ("", "no spaces please"), ("x" * 65, "a"), ("b", "ü")],
)
def test_a_key_that_cannot_be_added(path: Path, made: NewKey, key_id: str, tenant: str) -> None:
    """A taken id, or a name that is none; the file stays as it was."""
    before = path.read_text()
    with pytest.raises(ConfigError):
        add_key(path, MASTER, key_id or None, tenant, [])

    assert path.read_text() == before


def test_a_key_that_is_not_there_cannot_be_revoked(path: Path, made: NewKey) -> None:
    """Said, not passed over."""
    with pytest.raises(ConfigError):
        revoke_key(path, "nobody")


def test_an_id_twice_is_a_problem_with_a_line(path: Path, made: NewKey) -> None:
    """Two entries, one id."""
    text = path.read_text()
    path.write_text(text + text[text.index("- id") :])
    with pytest.raises(ConfigError) as caught:
        read_keys(path)

    assert caught.value.problems[0].line > 5


def test_processes_at_once_lose_no_key(path: Path) -> None:
    """Ten real processes add a key each."""
    code = (
        "import sys; from pathlib import Path; from gateway.identity.keys import add_key;"
        "add_key(Path(sys.argv[1]), b'm' * 32, sys.argv[2], 'acme', [])"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", code, str(path), f"k{number}"], cwd=Path.cwd())
        for number in range(10)
    ]

    assert [process.wait(120) for process in running] == [0] * 10
    assert {entry.id for entry in read_keys(path)} == {f"k{number}" for number in range(10)}


def test_without_keys_everybody_is_the_same_caller() -> None:
    """Mode none."""
    assert NoAuth().authenticate({}).tenant == "default"
