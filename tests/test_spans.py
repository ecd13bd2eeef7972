"""Spans and metrics reach a receiver of OpenTelemetry's protocol, and carry no text."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import httpx
import pytest

from gateway import genai, meters, spans
from gateway.errors import ConfigError
from gateway.tracecontext import Trace, begun
from tests.otlp import Receiver, facts, receiving

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.id_generator import IdGenerator

ROOT = Path(__file__).parent.parent
CANARY = "zoe.canary@example.org"
TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SPOKEN = {  # every attribute that there is
    "cloakroom.request_id", "cloakroom.policy", "cloakroom.effect", "cloakroom.outcome",
    "cloakroom.restored", "cloakroom.damaged", "cloakroom.detect_ms", "cloakroom.findings",
    "cloakroom.upstream_class", genai.OPERATION, genai.PROVIDER, genai.ADDRESS, genai.STREAM,
    genai.FIRST_CHUNK, genai.FINISH_REASONS, genai.ERROR, *genai.TOKENS.values(),
}  # fmt: skip


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


def serve(
    folder: Path,
    url: str,
    bodies: list[dict[str, Any]],
    *more: str,
    headers: dict[str, str] | None = None,
) -> list[int]:
    """The statuses that a gateway of its own answers these requests with; then it is ended."""
    environ = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "OTEL_EXPORTER_OTLP_ENDPOINT": url,
        "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "true",
    }
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
        with httpx.Client(base_url=address, trust_env=False, timeout=120) as client:
            return [
                client.post(
                    f"/v1/chat/completions?q={CANARY}", json=body, headers=headers
                ).status_code
                for body in bodies
            ]
    finally:
        process.send_signal(signal.SIGTERM)
        process.stdout.close()
        process.wait(120)


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
        assert (said[genai.OPERATION], said[genai.PROVIDER]) == ("chat", "loopback")
        assert said[genai.FIRST_CHUNK] >= 0
    masked = [facts(span)["cloakroom.findings"] for span in found if span.name == "admit"]
    assert sorted(masked) == [0, 1]
    assert {key for span in found for key in facts(span)} <= SPOKEN
    said = receiver.resource()
    assert said["service.name"] == "cloakroom"
    assert len(said["service.instance.id"]) == 36


def test_a_trace_of_the_caller_goes_on_and_what_is_refused_is_told_as_well(
    tmp_path: Path, receiver: Receiver
):
    policy = "version: 1\nid: strict\nrules:\n  - {name: closed, effect: deny, reason: No.}\n"
    (tmp_path / "p.yaml").write_text(policy)
    upstreams = "upstreams: [{name: local, kind: loopback, class: on_prem}]"
    (tmp_path / "c.yaml").write_text(f"version: 1\n{upstreams}\npolicies: [p.yaml]\n")
    headers = {
        "traceparent": f"00-{TRACE}-{PARENT}-01",
        "tracestate": "theirs=canary",
        "baggage": "who=canary",
    }
    bodies = [chat(CANARY), {"model": CANARY}]
    more = ("--config", str(tmp_path / "c.yaml"))
    assert serve(tmp_path, receiver.url, bodies, *more, headers=headers) == [403, 400]
    found = receiver.spans()
    wholes = [span for span in found if span.name == "exchange chat"]
    said = [facts(span) for span in wholes]
    assert [one["cloakroom.outcome"] for one in said] == ["denied", "refused"]
    assert [one[genai.ERROR] for one in said] == ["policy_denied", "invalid_request"]
    assert said[0]["cloakroom.policy"] == "strict"
    assert {span.parent_span_id.hex() for span in wholes} == {PARENT}
    assert {span.trace_id.hex() for span in found} == {TRACE}
    assert {span.name for span in found} == {"exchange chat", "admit"}  # nobody was asked
    for one in receiver.kept:
        assert b"canary" not in one


def test_metrics_are_told_under_their_names_in_their_buckets(tmp_path: Path, receiver: Receiver):
    bodies = [chat(f"Write to {CANARY}"), chat("Hello", stream=True)]
    assert serve(tmp_path, receiver.url, bodies) == [200, 200]
    found = receiver.points()
    assert set(found) == {one.name for one in genai.INSTRUMENTS}
    for one in genai.INSTRUMENTS:
        for point in found[one.name]:
            assert tuple(point.explicit_bounds) == one.bounds
            said = facts(point)
            assert said.pop(genai.TOKEN_TYPE, "input") in {"input", "output"}
            assert said == {genai.OPERATION: "chat", genai.PROVIDER: "loopback"}
    assert sum(point.count for point in found[genai.REQUEST_SECONDS.name]) == 2
    assert sum(point.count for point in found[genai.CALL_FIRST_CHUNK.name]) == 1


def test_a_receiver_that_is_away_holds_nobody_up(tmp_path: Path):
    away = Receiver()
    url = away.url
    away.server.server_close()
    assert serve(tmp_path, url, [chat("Hello")]) == [200]


def test_nothing_is_installed_without_an_address():
    spans.install({"OTEL_TRACES_EXPORTER": "otlp", "OTEL_SERVICE_NAME": "x"})
    spans.install({spans.ENDPOINTS[1]: "http://127.0.0.1:1", "OTEL_TRACES_EXPORTER": "none"})
    meters.install({"OTEL_METRICS_EXPORTER": "otlp"})
    meters.install({meters.ENDPOINTS[1]: "http://127.0.0.1:1", "OTEL_METRICS_EXPORTER": "none"})
    assert not spans.wanted()
    assert not meters._providers


def test_who_asks_for_spans_without_the_packages_is_told(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(ConfigError, match=r"cloakroom\[otel\]"):
        spans.install({spans.ENDPOINTS[0]: "http://127.0.0.1:1/v1/traces"})
    assert not spans.wanted()
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.metrics", None)
    with pytest.raises(ConfigError, match=r"cloakroom\[otel\]"):
        meters.install({meters.ENDPOINTS[0]: "http://127.0.0.1:1/v1/metrics"})


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Spans as they end in this process."""
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor  # noqa: PLC0415
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import (  # noqa: PLC0415
        InMemorySpanExporter,
    )

    exporter = InMemorySpanExporter()
    ids = cast("IdGenerator", spans._IDS)
    provider = TracerProvider(shutdown_on_exit=False, id_generator=ids)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(spans, "_tracers", [provider.get_tracer("test")])
    return exporter


def exchanged(trace: Trace | None, word: str = "word") -> spans.Exchanged:
    return spans.Exchanged(
        request_id=word, operation=word, upstream=word, upstream_class=word, policy=word,
        effect=word, outcome=word, error=word, address=word, finish_reasons=(word,), trace=trace,
        started=1.0, sent=2.0, ended=3.0,
    )  # fmt: skip


def test_words_that_are_not_the_configurations_are_not_told(kept: Any):
    spans.exchange_ended(exchanged(None, "Zoë Canary"))
    found = {span.name: span for span in kept.get_finished_spans()}
    assert [span.status.is_ok for span in found.values()] == [True, False, False]
    assert [span.status.description for span in found.values()] == [None, None, None]
    assert not [span.name for span in found.values() if "Canary" in span.to_json()]
    assert found["other"].attributes[genai.ERROR] == "other"
    assert found["other"].attributes[genai.FINISH_REASONS] == ("other",)


@pytest.mark.parametrize("header", ["", f"00-{TRACE}-{PARENT}-01"])
def test_spans_have_the_ids_that_were_made_for_them(kept: Any, header: str):
    for _ in range(2):
        kept.clear()
        trace = begun(header, os.urandom, always=True)
        assert trace is not None
        spans.exchange_ended(exchanged(trace))
        ids = {span.name: span.context.span_id for span in kept.get_finished_spans()}
        assert f"{ids['exchange word']:016x}" == trace.whole
        assert f"{ids['word']:016x}" == trace.call
        assert len(set(ids.values())) == 3
        traces = {f"{span.context.trace_id:032x}" for span in kept.get_finished_spans()}
        assert traces == {trace.trace_id}


def test_a_trace_that_its_caller_does_not_sample_is_not_told(kept: Any):
    spans.exchange_ended(exchanged(begun(f"00-{TRACE}-{PARENT}-00", os.urandom, always=True)))
    assert not kept.get_finished_spans()
