"""A whole gateway with sinks and anchors, on real files; and their tables on PostgreSQL."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from pathlib import Path

import orjson
import pytest
from fastapi.testclient import TestClient

from gateway.app import create_app
from gateway.audit.sinks.sql import Books
from gateway.config import load
from gateway.errors import ConfigError
from gateway.metrics import AUDIT_AGE_SECONDS
from gateway.settings import Settings
from tests.audit.test_store_both import Log as LogOnPostgres

from .pki import Pki, SyslogServer, free_port

REQUEST = {"model": "m", "messages": [{"role": "user", "content": "Hello."}]}


def configured(folder: Path, text: str) -> Settings:
    (folder / "out").mkdir(exist_ok=True)
    file = folder / "cloakroom.yaml"
    file.write_text(
        "version: 1\n"
        "upstreams: [{name: l, kind: loopback, class: on_prem}]\n"
        "detection: {profile: patterns}\n"
        f"audit:\n  url: sqlite:///audit.db\n{text}"
    )
    return load(file, {})


def types(file: Path) -> list[str]:
    return [orjson.loads(line)["record"]["type"] for line in file.read_bytes().splitlines()]


def wait_until(client: TestClient, warnings: list[str] | None) -> dict:
    """What `readyz` says when it has these warnings."""
    pause = threading.Event()
    for _ in range(2400):
        found = client.get("/readyz").json()
        if found.get("warnings") == warnings:
            return found
        pause.wait(0.05)
    raise AssertionError(found)


def test_every_record_and_the_last_checkpoint_leave(tmp_path: Path):
    text = (
        "  sinks: [{kind: jsonl, path: out/a.jsonl}, {kind: folder, path: out},"
        " {kind: ocsf, path: out/o.jsonl}]\n  anchors: [{kind: file, path: out}]\n"
    )
    with TestClient(create_app(configured(tmp_path, text))) as client:
        assert client.post("/v1/chat/completions", json=REQUEST).status_code == 200
        assert b"cloakroom_audit_anchor_age_seconds" in client.get("/metrics").content
    got = types(tmp_path / "out" / "a.jsonl")
    for kind in ("process.started", "request.accepted", "request.completed", "process.stopping"):
        assert kind in got
    assert len((tmp_path / "out" / "o.jsonl").read_bytes().splitlines()) == len(got)
    files = sorted(tmp_path.joinpath("out").glob("records-*.jsonl"))
    assert [kind for file in files for kind in types(file)] == got
    assert (tmp_path / "out" / f"checkpoint-{len(got):020d}.txt").exists()


def test_without_anchors_as_well_it_is_told_how_old_the_newest_checkpoint_is(tmp_path: Path):
    settings = configured(tmp_path, "")
    with TestClient(create_app(settings)):
        pass  # signs when it stops
    age = AUDIT_AGE_SECONDS["checkpoint"]
    age.set(-1)
    with TestClient(create_app(settings)):
        pause = threading.Event()
        for _ in range(2400):
            if age._value.get() != -1:
                break
            pause.wait(0.05)
    assert 0 <= age._value.get() < 300


def test_with_all_required_a_request_is_in_the_file_before_it_is_answered(tmp_path: Path):
    text = "  require: all\n  sinks: [{kind: jsonl, path: out/a.jsonl}]\n"
    with TestClient(create_app(configured(tmp_path, text))) as client:
        for count in range(1, 4):
            assert client.post("/v1/chat/completions", json=REQUEST).status_code == 200
            assert types(tmp_path / "out" / "a.jsonl").count("request.accepted") == count


def test_with_all_required_a_broken_sink_stops_requests_and_readiness(tmp_path: Path):
    text = "  require: all\n  sinks: [{kind: folder, path: out}]\n"
    with TestClient(create_app(configured(tmp_path, text))) as client:
        assert client.post("/v1/chat/completions", json=REQUEST).status_code == 200
        (tmp_path / "out").rename(tmp_path / "away")
        client.post("/v1/chat/completions", json=REQUEST)
        assert wait_until(client, ["audit_sink:folder"])["checks"]["audit"] == "failed"
        answer = client.post("/v1/chat/completions", json=REQUEST)
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "audit_unavailable")
        (tmp_path / "away").rename(tmp_path / "out")
        assert wait_until(client, None)["checks"]["audit"] == "ok"
        assert client.post("/v1/chat/completions", json=REQUEST).status_code == 200
    got = [kind for file in sorted((tmp_path / "out").glob("records-*")) for kind in types(file)]
    assert got.count("sink.degraded") == got.count("sink.recovered") == 1


def test_a_broken_sink_is_a_warning_and_on_record(tmp_path: Path, pki: Pki):
    port = free_port()
    text = (
        f"  sinks: [{{kind: syslog, host: 127.0.0.1, port: {port}, ca_file: '{pki.ca}',"
        f" client_cert_file: '{pki.client[0]}', client_key_file: '{pki.client[1]}'}}]\n"
    )
    stack = ExitStack()  # the server outlives the gateway
    with TestClient(create_app(configured(tmp_path, text))) as client:
        found = wait_until(client, ["audit_sink:syslog"])
        assert (found["status"], found["checks"]["audit"]) == ("ready", "ok")
        assert client.post("/v1/chat/completions", json=REQUEST).status_code == 200
        assert b'cloakroom_audit_sink_up{sink="syslog"} 0.0' in client.get("/metrics").content
        server = stack.enter_context(SyslogServer(pki, port))
        assert wait_until(client, None)["status"] == "ready"
        assert b'cloakroom_audit_sink_up{sink="syslog"} 1.0' in client.get("/metrics").content
    stack.close()
    kinds = [one.split(b" ")[5].decode() for one in server.received]
    assert kinds.count("process.started") == 1
    assert kinds.count("sink.degraded") == 1
    assert kinds.count("request.accepted") == 1


def test_a_path_that_cannot_be_written_is_refused_with_its_place(tmp_path: Path):
    settings = configured(tmp_path, "  sinks:\n    - {kind: jsonl, path: out/a}\n")
    (tmp_path / "out" / "a").mkdir()
    with pytest.raises(ConfigError) as caught:
        create_app(settings)
    (problem,) = caught.value.problems
    assert (problem.file, problem.line) == (str(tmp_path / "cloakroom.yaml"), 7)
    assert problem.key == "audit.sinks[0]"
    assert "EISDIR" in problem.message


def test_a_server_that_is_down_is_refused_only_where_it_is_required(tmp_path: Path):
    sink = f"  sinks: [{{kind: syslog, host: 127.0.0.1, port: {free_port()}}}]\n"
    create_app(configured(tmp_path, sink))
    with pytest.raises(ConfigError, match="ECONNREFUSED"):
        create_app(configured(tmp_path, "  require: all\n" + sink))


# --- PostgreSQL --------------------------------------------------------------------------------


def test_cursors_anchors_and_locks_on_postgresql(log: LogOnPostgres):
    first, second = Books(log.url), Books(log.url)
    assert (first.cursor("a"), first.anchored("a")) == (0, None)
    first.move("a", 5)
    first.move("a", 7)
    first.note_anchored("a", 10, "2026-01-01T00:00:00.000000Z")
    assert second.cursor("a") == 7
    assert second.anchored("a") == (10, "2026-01-01T00:00:00.000000Z")
    assert (first.lead("a"), second.lead("a"), second.lead("b")) == (True, False, True)
    first.close()
    for _ in range(100):
        if second.lead("a"):
            break
    else:
        raise AssertionError("the lock outlived its session")
    second.close()
