"""Spans reach a receiver of OpenTelemetry's protocol, and carry no text."""

from __future__ import annotations

import http.server
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from gateway import spans
from gateway.errors import ConfigError

ROOT = Path(__file__).parent.parent
CANARY = "zoe.canary@example.org"


class Receiver:
    """A server that keeps what is sent to it."""

    def __init__(self) -> None:
        kept: list[bytes] = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                kept.append(self.rfile.read(int(self.headers["content-length"])))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.kept = kept
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def spans(self) -> list[Any]:
        found = [ExportTraceServiceRequest.FromString(one) for one in self.kept]
        scopes = [s for one in found for r in one.resource_spans for s in r.scope_spans]
        return [span for scope in scopes for span in scope.spans]

    def resource(self) -> dict[str, str]:
        first = ExportTraceServiceRequest.FromString(self.kept[0]).resource_spans[0]
        return {one.key: one.value.string_value for one in first.resource.attributes}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    one = Receiver()
    thread = threading.Thread(target=one.server.serve_forever)
    thread.start()
    try:
        yield one
    finally:
        one.server.shutdown()
        one.server.server_close()
        thread.join()


def facts(span: Any) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in span.attributes}


def serve(folder: Path, url: str, bodies: list[dict[str, Any]], *more: str) -> list[int]:
    """The statuses that a gateway of its own answers these requests with; then it is ended."""
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "OTEL_EXPORTER_OTLP_ENDPOINT": url}
    command = [sys.executable, "-m", "gateway", "serve", "--port", "0", "--json", *more]
    process = subprocess.Popen(
        command, cwd=folder, env=environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        text=True,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        announced = ""
        for line in process.stdout:
            announced += line
            if line.startswith("}"):
                break
        address = next(word for word in announced.split('"') if word.startswith("http://"))
        with httpx.Client(base_url=address, trust_env=False, timeout=60) as client:
            return [
                client.post(f"/v1/chat/completions?q={CANARY}", json=body).status_code
                for body in bodies
            ]
    finally:
        process.send_signal(signal.SIGTERM)
        process.stdout.close()
        process.wait(60)


def chat(text: str, **more: Any) -> dict[str, Any]:
    return {"model": "any", "messages": [{"role": "user", "content": text}], **more}


@pytest.mark.parametrize("more", [(), ("--workers", "2")], ids=["one process", "two processes"])
def test_an_exchange_is_told_in_three_spans_without_its_text(
    tmp_path: Path, receiver: Receiver, more: tuple[str, ...]
):
    bodies = [chat(f"Write to {CANARY}", user=CANARY), chat("Hello", stream=True)]
    assert serve(tmp_path, receiver.url, bodies, *more) == [200, 200]
    found = receiver.spans()
    assert len(found) == 6
    for one in receiver.kept:
        assert b"canary" not in one
    wholes = [span for span in found if span.name == "exchange chat"]
    assert len({span.trace_id for span in wholes}) == 2
    for whole in wholes:
        assert not whole.parent_span_id
        parts = {span.name: span for span in found if span.parent_span_id == whole.span_id}
        assert set(parts) == {"admit", "chat"}
        begun, ended = whole.start_time_unix_nano, whole.end_time_unix_nano
        admit, call = parts["admit"], parts["chat"]
        assert begun == admit.start_time_unix_nano <= admit.end_time_unix_nano
        assert admit.end_time_unix_nano == call.start_time_unix_nano
        assert call.start_time_unix_nano <= call.end_time_unix_nano <= ended
        assert facts(whole)["cloakroom.outcome"] == "completed"
        said = facts(call)
        assert (said[spans.OPERATION], said[spans.PROVIDER]) == ("chat", "loopback")
        assert said[spans.FIRST_CHUNK] >= 0
    masked = [facts(span)["cloakroom.findings"] for span in found if span.name == "admit"]
    assert sorted(masked) == [0, 1]
    assert receiver.resource()["service.name"] == "cloakroom"


def test_a_receiver_that_is_away_holds_nobody_up(tmp_path: Path):
    away = Receiver()
    url = away.url
    away.server.server_close()
    assert serve(tmp_path, url, [chat("Hello")]) == [200]


def test_nothing_is_installed_without_an_address():
    spans.install({"OTEL_TRACES_EXPORTER": "otlp", "OTEL_SERVICE_NAME": "x"})
    spans.install({spans.ENDPOINTS[1]: "http://127.0.0.1:1", "OTEL_TRACES_EXPORTER": "none"})
    assert not spans.wanted()


def test_who_asks_for_spans_without_the_packages_is_told(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(ConfigError, match=r"cloakroom\[otel\]"):
        spans.install({spans.ENDPOINTS[0]: "http://127.0.0.1:1/v1/traces"})
    assert not spans.wanted()


def test_words_that_are_not_the_configurations_are_not_told(monkeypatch: pytest.MonkeyPatch):
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor  # noqa: PLC0415
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import (  # noqa: PLC0415
        InMemorySpanExporter,
    )

    kept = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(kept))
    monkeypatch.setattr(spans, "_tracers", [provider.get_tracer("test")])
    word = "Zoë Canary"
    spans.exchange_ended(
        spans.Exchanged(
            request_id=word, operation=word, upstream=word, upstream_class=word, policy=word,
            effect=word, outcome=word, error=word, started=1.0, sent=2.0, ended=3.0,
        )
    )  # fmt: skip
    found = kept.get_finished_spans()
    assert [span.status.is_ok for span in found] == [True, False, False]
    assert [span.status.description for span in found] == [None, None, None]
    assert not [span.name for span in found if "Canary" in span.to_json()]
    assert found[1].attributes is not None
    assert found[1].attributes[spans.ERROR] == "other"
