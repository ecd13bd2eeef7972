"""`cloakroom doctor`: what is well passes, what is broken is named, with what to do."""

from __future__ import annotations

import asyncio
import json
import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.audit.opening import migrate
from gateway.cli import checks
from gateway.cli import doctor as command
from gateway.cli.doctor import app
from gateway.config import load
from gateway.detection.tagger.classifier import ModelError
from gateway.identity.keys import add_key, revoke_key


@pytest.fixture(autouse=True)
def _apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CLOAKROOM_CONFIG", raising=False)
    monkeypatch.setattr(command.telemetry, "install", lambda: None)


def doctor(config: str | None = None) -> tuple[int, dict[str, dict]]:
    arguments = ["--json"]
    if config is not None:
        Path("cloakroom.yaml").write_text("version: 1\n" + config)
        arguments += ["--config", "cloakroom.yaml"]
    done = CliRunner().invoke(app, arguments)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    shown = json.loads(done.stdout)
    assert shown["ok"] is (done.exit_code == 0)
    return done.exit_code, {one["name"]: one for one in shown["checks"]}


LOOPBACK = "upstreams: [{name: a, kind: loopback, class: on_prem}]\n"


def test_the_embedded_default_is_well():
    code, found = doctor()
    assert code == 0, found
    names = {"python", "versions", "config", "exposure", "policy", "policy cases", "master key"}
    assert names | {"audit", "models", "detector", "round trip", "upstream loopback"} == set(
        found
    ) - {"notice"}
    assert "all 8 types" in found["detector"]["seen"]
    for one in found.values():
        assert one["status"] == "ok" or one["advice"]


def test_the_file_that_the_environment_names(monkeypatch: pytest.MonkeyPatch):
    Path("named.yaml").write_text("version: 1\n" + LOOPBACK)
    monkeypatch.setenv("CLOAKROOM_CONFIG", "named.yaml")
    _, found = doctor()
    assert found["config"]["seen"] == "named.yaml"
    assert "upstream a" in found


def test_a_configuration_that_is_wrong():
    code, found = doctor("upstream: []\n")
    assert code == 1
    assert found["config"]["status"] == "failed"
    assert "audit" not in found


KEYS = LOOPBACK + "auth: {mode: keys, keys_file: keys.yaml}\n"


def test_a_keys_file_that_is_missing(tmp_path: Path):
    code, found = doctor(KEYS)
    assert code == 1
    assert found["keys file"]["status"] == "failed"
    assert found["keys file"]["seen"] == f"there is no file {tmp_path / 'keys.yaml'}"
    assert "cloakroom apikeys add" in found["keys file"]["advice"]
    assert not (tmp_path / "keys.yaml").exists()


def test_a_keys_file_is_told_by_whom_it_lets_in(tmp_path: Path):
    file = tmp_path / "keys.yaml"
    add_key(file, bytes(32), "one", "acme", [], [])
    add_key(file, bytes(32), "two", "acme", [], [])
    assert doctor(KEYS)[1]["keys file"]["status"] == "ok"
    revoke_key(file, "one")
    assert doctor(KEYS)[1]["keys file"]["seen"] == "1 keys in force, 1 revoked"
    revoke_key(file, "two")
    assert doctor(KEYS)[1]["keys file"]["status"] == "warning"
    file.write_text("keys: 7\n")
    assert doctor(KEYS)[1]["keys file"]["status"] == "failed"


def test_an_audit_log_that_is_none(tmp_path: Path):
    load(None, {})  # makes the key
    (tmp_path / "broken.db").write_bytes(b"no database" * 1000)
    code, found = doctor(LOOPBACK + "audit: {url: 'sqlite:///broken.db'}\n")
    assert code == 1
    assert found["audit"]["status"] == "failed"
    assert found["audit"]["advice"]
    assert found["round trip"]["status"] == "ok"


def test_what_is_plugged_in():
    _, found = doctor(LOOPBACK + "detection: {profile: patterns}\n")
    assert found["models"]["seen"] == (
        "profile patterns: no model; engines: none; recognizers plugged in: none; "
        "languages: de, en, es, fr, it, nl, pt"
    )
    _, found = doctor(
        LOOPBACK + "detection: {profile: patterns, predefined: [UuidRecognizer], languages: [nl]}\n"
    )
    assert found["models"]["seen"].endswith("plugged in: UuidRecognizer; languages: nl")


def test_a_model_that_is_not_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("gateway.detection.tagger.classifier.load", damaged)
    code, found = doctor(LOOPBACK + "detection: {profile: fast}\n")
    assert code == 1
    assert found["detector"]["status"] == "failed"
    assert "lexicon.npz is missing: install again" in found["detector"]["seen"]


def damaged(profile: str) -> None:
    raise ModelError("lexicon.npz is missing: install again")


def test_an_engine_that_is_not_there(tmp_path: Path):
    (tmp_path / "empty").mkdir()
    code, found = doctor(
        LOOPBACK + "detection: {profile: patterns, engines: [{kind: spacy, model: ./empty}]}\n"
    )
    assert code == 1
    assert "engines[0]" in found["detector"]["seen"]


def test_a_policy_that_names_a_type_that_nobody_finds(tmp_path: Path):
    (tmp_path / "ours.yaml").write_text(
        "version: 1\nid: ours\n"
        "rules: [{name: r, effect: mask, operators: {PERSN: hash, BADGE: hash, LITERAL: keep}}]\n"
    )
    deny = "detection: {profile: patterns, deny: [{text: x-1, entity_type: BADGE}]}\n"
    code, found = doctor(LOOPBACK + "policies: [ours.yaml]\n" + deny)
    assert code == 0
    assert "unknown entity type PERSN" in found["policy"]["seen"]
    assert found["policy"]["advice"] == "did you mean PERSON?"


def test_a_detector_that_is_told_not_to_find():
    code, found = doctor(LOOPBACK + "detection: {allow: [{text: 203.0.113.77}]}\n")
    assert code == 1
    assert "IP_ADDRESS" in found["detector"]["seen"]
    assert "detection.allow" in found["detector"]["advice"]


def test_a_policy_that_is_wrong(tmp_path: Path):
    (tmp_path / "ours.yaml").write_text("version: 1\nid: ours\nrules: []\n")
    code, found = doctor(LOOPBACK + "policies: [ours.yaml]\n")
    assert code == 1
    assert found["policy"]["status"] == "failed"


def test_operators_that_have_nothing_for_a_type():
    Path("ours.yaml").write_text(
        "version: 1\nid: ours\nrules: [{name: all, effect: mask, operators: {PERSON: fpe}}]\n"
    )
    Path("cloakroom.yaml").write_text("version: 1\n" + LOOPBACK + "policies: [ours.yaml]\n")
    _, warned = checks.policies(load(Path("cloakroom.yaml"), {}), frozenset())
    assert warned.status == "warning"
    assert "fpe has nothing for PERSON" in warned.seen


def test_upstreams_that_answer_and_that_do_not():
    with (
        socket.create_server(("127.0.0.1", 0)) as alive,
        socket.create_server(("127.0.0.1", 0)) as x,
    ):
        port, closed = alive.getsockname()[1], x.getsockname()[1]
        x.close()
        code, found = doctor(
            "limits: {connect_s: 120}\n"
            "upstreams:\n"
            f"  - {{name: up, kind: openai, class: on_prem, base_url: 'http://127.0.0.1:{port}/v1'}}\n"
            f"  - {{name: down, kind: openai, class: on_prem, base_url: 'http://127.0.0.1:{closed}/v1'}}\n"
        )
    assert code == 0
    assert found["upstream up"]["status"] == "ok"
    assert found["upstream down"]["status"] == "warning"
    assert found["upstream down"]["advice"]


@pytest.mark.parametrize("kind", ["openai", "anthropic", "azure_openai"])
def test_each_kind_of_upstream_is_tried_and_must_have_the_key_that_it_needs(kind: str):
    with socket.create_server(("127.0.0.1", 0)) as alive:
        server = f"http://127.0.0.1:{alive.getsockname()[1]}"
        entry = f"kind: {kind}, class: on_prem, base_url: '{server}'"
        code, found = doctor(
            "limits: {connect_s: 120}\nupstreams:\n"
            f"  - {{name: keyed, {entry}, api_key: k-canary}}\n  - {{name: bare, {entry}}}\n"
        )
    assert code == 0
    assert found["upstream keyed"]["status"] == "ok"
    bare = found["upstream bare"]
    assert bare["status"] == ("ok" if kind == "openai" else "warning")
    assert ("api_key" in bare["advice"]) == (kind != "openai")
    assert "k-canary" not in str(found)


def test_where_anthropic_is_asked_without_a_base_url(monkeypatch: pytest.MonkeyPatch):
    async def refused(*_: object, **__: object) -> None:
        raise OSError

    monkeypatch.setattr(asyncio, "open_connection", refused)
    _, found = doctor("upstreams: [{name: a, kind: anthropic, class: external, api_key: k}]\n")
    assert found["upstream a"]["seen"] == "api.anthropic.com port 443 cannot be reached"


def test_a_key_that_others_can_read(tmp_path: Path):
    load(None, {})
    (tmp_path / "cloakroom.key").chmod(0o644)
    code, found = doctor()
    assert code == 1
    assert found["master key"]["status"] == "failed"
    assert "chmod 600" in found["master key"]["advice"]


def test_an_old_python(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(checks, "LOWEST_PYTHON", (4, 0))
    code, found = doctor()
    assert code == 1
    assert found["python"]["status"] == "failed"


def test_for_people():
    done = CliRunner().invoke(app, [], env={"COLUMNS": "200"})
    assert done.exit_code == 0
    assert "What to do" in done.output
    assert "round trip" in done.output


def test_in_an_empty_folder_nothing_is_made(tmp_path: Path):
    _, found = doctor()
    assert list(tmp_path.iterdir()) == []
    assert found["master key"]["status"] == "warning"
    assert found["audit"]["status"] == "ok"
    assert "not there yet" in found["audit"]["seen"]


def test_a_log_without_its_key_is_left_alone(tmp_path: Path):
    load(None, {})
    migrate(f"sqlite:///{tmp_path / 'cloakroom.db'}")
    (tmp_path / "cloakroom.key").unlink()
    before = (tmp_path / "cloakroom.db").read_bytes()
    code, found = doctor()
    assert code == 1
    assert found["master key"]["status"] == "failed"
    assert found["audit"]["status"] == "warning"
    assert (tmp_path / "cloakroom.db").read_bytes() == before


def test_a_log_that_is_there_is_written_to_and_that_is_taken_back(tmp_path: Path):
    load(None, {})
    migrate(f"sqlite:///{tmp_path / 'cloakroom.db'}")
    _, found = doctor()
    assert "takes writes" in found["audit"]["seen"]
