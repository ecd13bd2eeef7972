"""The list of upstreams is changed while a stream runs: it ends where it began, others do not."""

from __future__ import annotations

import http.server
import json
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.world import Gateway, wait_until

EMAIL = "anna.schneider@example.com"
CONFIG = """\
version: 1
upstreams:
  - {{name: {name}, kind: openai, class: on_prem, base_url: "http://127.0.0.1:{port}/v1"}}
"""


class Model:
    """Streams the prompt in two halves, and waits between them until it is told to go on."""

    def __init__(self) -> None:
        self.go_on = go_on = threading.Event()
        self.asked = asked = threading.Event()
        self.bodies = bodies = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                bodies.append(body)
                text = body["messages"][-1]["content"]
                self.send_response(200)
                self.send_header("content-type", "text/event-stream")
                self.end_headers()
                self.wfile.write(event(text[: len(text) // 2]))
                asked.set()
                assert go_on.wait(120)
                self.wfile.write(event(text[len(text) // 2 :]) + event("", "stop"))
                self.wfile.write(b"data: [DONE]\n\n")

            def log_message(self, *_: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def stop(self) -> None:
        self.go_on.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def event(text: str, end: str | None = None) -> bytes:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": end}
    head = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return b"data: " + json.dumps({**head, "choices": [choice]}).encode() + b"\n\n"


@pytest.fixture
def models() -> Iterator[tuple[Model, Model]]:
    pair = Model(), Model()
    yield pair
    for one in pair:
        one.stop()


def test_a_stream_ends_where_it_began(tmp_path: Path, models: tuple[Model, Model]):
    old, new = models
    gateway = Gateway(tmp_path, CONFIG.format(name="old", port=old.server.server_port))
    body = {"model": "m", "stream": True}
    body["messages"] = [{"role": "user", "content": f"Write to {EMAIL}, please, and to nobody."}]
    request = urllib.request.Request(
        f"{gateway.url}/v1/chat/completions", json.dumps(body).encode(),
        {"content-type": "application/json"},
    )  # fmt: skip
    try:
        gateway.start()
        with urllib.request.urlopen(request, timeout=120) as first:
            assert first.headers["x-cloakroom-upstream"] == "old"
            assert old.asked.wait(120)
            changed = CONFIG.format(name="new", port=new.server.server_port)
            gateway.config.with_suffix(".next").write_text(changed)
            gateway.config.with_suffix(".next").replace(gateway.config)
            accepted = 'cloakroom_config_reloads_total{result="accepted"} 1.0'
            wait_until(lambda: accepted in gateway.get("/metrics")[1], "the change")
            new.go_on.set()
            with urllib.request.urlopen(request, timeout=120) as second:
                assert second.headers["x-cloakroom-upstream"] == "new"
                assert "".join(contents(second.read())).startswith(f"Write to {EMAIL}")
            old.go_on.set()
            assert "".join(contents(first.read())).endswith(f"{EMAIL}, please, and to nobody.")
        assert len(old.bodies) == len(new.bodies) == 1
        records = gateway.records()
    finally:
        gateway.stop()
    kinds = [one["type"] for one in records]
    assert kinds.count("request.completed") == 2
    assert kinds.count("config.changed") == 1
    ways = {one["upstream_id"]: one["config_sha256"] for one in records if one.get("upstream_id")}
    assert set(ways) == {"old", "new"}
    assert len(set(ways.values())) == 2  # each is on record with the configuration that it had


def contents(raw: bytes) -> list[str]:
    lines = [line[6:] for line in raw.decode().split("\n") if line.startswith("data: {")]
    return [json.loads(one)["choices"][0]["delta"].get("content") or "" for one in lines]
