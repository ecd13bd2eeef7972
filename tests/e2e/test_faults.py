"""Bad input and faults: an error of ours, a closed record, and nothing of the text anywhere."""

from __future__ import annotations

import http.client
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.world import Gateway, ModelServer, running, wait_until

CANARY = "canary.zebra@example.com"
NAMES = ["canary.zebra", "Zebrafink", "4111 1111 1111 1111", "secret-canary-word"]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Gateway, ModelServer]]:
    with running(tmp_path_factory.mktemp("faults")) as both:
        yield both


def chat(model: str, text: str = f"Hello {CANARY}", **fields: Any) -> bytes:
    body = {"model": model, "messages": [{"role": "user", "content": text}], **fields}
    return json.dumps(body).encode()


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (b"{", {}, 400, "invalid_json"),
        (b'{"model":"echo","model":"x"}', {}, 400, "duplicate_key"),
        (b'{"model": "\xff"}', {}, 400, "invalid_utf8"),
        (b"[" * 100_000, {}, 400, "too_deep"),
        (b"x" * 10_000_001, {}, 413, "body_too_large"),
        (chat("echo"), {"content-type": "text/plain"}, 415, "unsupported_media_type"),
        (chat("echo"), {"content-encoding": "gzip"}, 415, "unsupported_encoding"),
        (chat("echo", logprobs=True), {}, 400, "unsupported_parameter"),
        (chat(f"echo-{CANARY}"), {}, 404, "model_not_found"),
        (chat("echo"), {"x-cloakroom-conversation": "c" * 129}, 400, "invalid_conversation"),
        (chat("echo", messages=[{"role": "user", "content": [
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]}]),
         {}, 403, "policy_denied"),
    ],
)  # fmt: skip
def test_bad_input(
    world: tuple[Gateway, ModelServer], body: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    """In the OpenAI envelope, with a stable code and no echo; nothing is sent."""
    before = len(world[1].received)
    got, text, answered = world[0].post(body, headers)

    assert (got, json.loads(text)["error"]["code"]) == (status, code)
    assert answered["x-request-id"].startswith("req_")
    assert "canary" not in text
    assert len(world[1].received) == before


@pytest.mark.parametrize(
    "path", ["/v1/audio/speech", "/v1/images/generations", "/v1/chat/completions/x", "/"]
)
def test_an_unknown_endpoint_is_never_forwarded(
    world: tuple[Gateway, ModelServer], path: str
) -> None:
    """404 in the envelope."""
    before = len(world[1].received)
    status, text, _ = world[0].send("POST", path, chat("echo"))

    assert (status, json.loads(text)["error"]["code"]) == (404, "unknown_endpoint")
    assert len(world[1].received) == before


@pytest.mark.parametrize(
    ("model", "stream", "status", "code"),
    [
        ("reject", False, 400, "upstream_rejected"),
        ("garbage", False, 502, "upstream_invalid"),
        ("garbage", True, 502, "upstream_invalid"),
        ("crash", False, 502, None),
        ("reject", True, 400, "upstream_rejected"),
    ],
)
def test_upstream_faults(
    world: tuple[Gateway, ModelServer], model: str, stream: bool, status: int, code: str | None
) -> None:
    """An error of ours, whatever the upstream says; the record is closed as failed."""
    got, text, headers = world[0].post(chat(model, stream=stream))

    assert got == status
    error = json.loads(text)["error"]
    assert error["code"] == code or code is None
    assert "canary" not in text
    mine = [r for r in world[0].records() if r["request_id"] == headers["x-request-id"]]
    assert sorted(r["type"] for r in mine) == ["request.accepted", "request.failed"]


def test_a_stream_that_is_cut_ends_in_an_error_event(world: tuple[Gateway, ModelServer]) -> None:
    """No [DONE], an error in the stream, a failed record."""
    status, text, headers = world[0].post(chat("cut", stream=True))

    assert status == 200
    assert "[DONE]" not in text
    last = json.loads(text.strip().split("\n\n")[-1].removeprefix("data: "))
    assert last["error"]["code"] == "upstream_truncated"
    mine = [r for r in world[0].records() if r["request_id"] == headers["x-request-id"]]
    assert sorted(r["type"] for r in mine) == ["request.accepted", "request.failed"]


def test_a_client_that_leaves_mid_stream(world: tuple[Gateway, ModelServer]) -> None:
    """The upstream's connection is closed and the record closed as aborted."""
    world[1].closed.clear()
    connection = http.client.HTTPConnection("127.0.0.1", world[0].port, timeout=120)
    connection.request(
        "POST",
        "/v1/chat/completions",
        chat("hang", stream=True),
        {"content-type": "application/json"},
    )
    response = connection.getresponse()
    request_id = response.headers["x-request-id"]
    response.read(40)
    response.close()
    connection.close()

    assert world[1].closed.wait(120)

    def aborted() -> bool:
        types = [r["type"] for r in world[0].records() if r["request_id"] == request_id]
        return sorted(types) == ["request.aborted", "request.accepted"]

    wait_until(aborted, "the aborted record")


def test_a_crash_leaves_no_record_open(tmp_path: Path) -> None:
    """kill -9 mid-stream: the next start closes the record as outcome_unknown."""
    with running(tmp_path) as (gateway, _):
        connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=120)
        connection.request(
            "POST",
            "/v1/chat/completions",
            chat("hang", stream=True),
            {"content-type": "application/json"},
        )
        response = connection.getresponse()
        request_id = response.headers["x-request-id"]
        response.read(40)
        gateway.kill()
        response.close()
        connection.close()
        gateway.start()

        def closed() -> bool:
            types = [r["type"] for r in gateway.records() if r["request_id"] == request_id]
            return sorted(types) == ["request.accepted", "request.outcome_unknown"]

        wait_until(closed, "the record of the crashed request")


def test_an_audit_store_that_is_gone_lets_nothing_through(tmp_path: Path) -> None:
    """503, nothing sent, not ready; and service again when it is back."""
    with running(tmp_path) as (gateway, model):
        holder = sqlite3.connect(tmp_path / "audit.db", isolation_level=None)
        holder.execute("BEGIN EXCLUSIVE")
        status, text, _ = gateway.post(chat("echo"))
        holder.execute("ROLLBACK")
        holder.close()

        assert (status, json.loads(text)["error"]["code"]) == (503, "audit_unavailable")
        assert not model.received
        wait_until(lambda: gateway.post(chat("echo"))[0] == 200, "the store to be back")
        wait_until(lambda: gateway.get("/readyz")[0] == 200, "readiness")


def test_no_canary_anywhere(tmp_path: Path) -> None:
    """Planted values stand in no log line, metric, error, header or database file."""
    planted = f"I am Mr. Zebrafink, {CANARY}, card 4111 1111 1111 1111"
    with running(tmp_path) as (gateway, model):
        outside = []
        for name in ("echo", "reject", "garbage", "crash", "cut"):
            for stream in (False, True):
                body = chat(
                    name,
                    planted,
                    stream=stream,
                    user=CANARY,
                    metadata={"m": planted},
                    stop=[planted],
                    x_field={CANARY: planted},
                )
                status, text, headers = gateway.post(
                    body, {"x-canary": CANARY, "x-cloakroom-conversation": "secret-canary-word"}
                )
                outside.append(str(headers))
                if status != 200:
                    outside.append(text)
        gateway.post(b'{"secret-canary-word": ')
        gateway.get(f"/v1/models/{CANARY}")
        outside.append(gateway.get("/metrics")[1])
        outside.append(json.dumps(gateway.records()))
        gateway.kill()
        files = [path for path in tmp_path.rglob("*") if path.is_file() and path != gateway.config]
        outside += [path.read_bytes().decode("utf-8", "replace") for path in files]
        outside.append(model.text)

        for text in outside:
            for name in NAMES:
                assert name not in text
        assert any(path.suffix == ".db" for path in files)
