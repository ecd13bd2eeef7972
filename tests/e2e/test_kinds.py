"""Upstreams of the kinds `anthropic` and `azure_openai`, and a vLLM that speaks Messages, behind a
real gateway process: the official clients before it, one server that remembers after it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import anthropic
import openai
import pytest

from tests.e2e.test_openai_sdk import PLANTED, TEXT
from tests.e2e.world import Gateway

CONFIG = """\
version: 1
policies: [own.yaml]
upstreams:
  - name: claude
    kind: anthropic
    class: external
    base_url: "http://127.0.0.1:{port}"
    api_key: claude-key
    models: ["claude-*"]
    model_map: {{"claude-*": claude-real}}
    forward_betas: ["context-1m-*"]
  - name: azure
    kind: azure_openai
    class: external
    base_url: "http://127.0.0.1:{port}"
    api_key: azure-key
    models: ["gpt-v1"]
  - name: dated
    kind: azure_openai
    class: external
    base_url: "http://127.0.0.1:{port}"
    api_key: azure-key
    api_version: 2024-10-21
    models: ["gpt-old"]
    model_map: {{gpt-old: prod-gpt}}
  - name: vllm
    kind: openai
    class: on_prem
    base_url: "http://127.0.0.1:{port}/v1"
    api_key: vllm-key
    models: ["qwen"]
    families: [chat, messages]
limits: {{connect_s: 120, first_byte_s: 120, idle_s: 120}}
detection: {{timeout_s: 120}}
audit: {{url: "sqlite:///audit.db"}}
"""
POLICY = """\
version: 1
id: own
handling: {embeddings: any}
rules:
  - {name: all, effect: mask}
"""


@dataclass
class Remembering:
    """A server that answers each path with what it was sent last, and remembers all."""

    seen: list[tuple[str, dict[str, str], dict[str, Any]]] = field(default_factory=list)
    status: int = 200

    def answer(self, path: str, body: dict[str, Any]) -> bytes:
        if self.status != 200:
            error = {"type": "overloaded_error", "message": json.dumps(body)}
            return json.dumps({"type": "error", "error": error}).encode()
        if path.endswith("/embeddings"):
            return json.dumps({"data": [{"index": 0, "embedding": [0.5]}]}).encode()
        if path.endswith("/count_tokens"):
            return json.dumps({"input_tokens": 7}).encode()
        said = body["messages"][-1]["content"]
        if path.endswith("/messages"):
            document = {
                "id": "msg_1", "type": "message", "role": "assistant", "model": body["model"],
                "content": [{"type": "text", "text": said}], "stop_reason": "end_turn",
                "stop_sequence": None, "usage": {"input_tokens": 3, "output_tokens": 2},
            }  # fmt: skip
            return json.dumps(document).encode()
        if not body.get("stream"):
            return json.dumps({"choices": [{"message": {"content": said}}]}).encode()
        deltas = [{"content": letter} for letter in said]
        chunks = [{"choices": [{"index": 0, "delta": delta}]} for delta in deltas]
        # Azure begins with what its filter says of the prompt, and without a choice.
        chunks.insert(0, {"choices": [], "prompt_filter_results": [{"note": "canary"}]})
        data = [*(json.dumps(chunk) for chunk in chunks), "[DONE]"]
        return "".join(f"data: {one}\n\n" for one in data).encode()


@dataclass
class World:
    gateway: Gateway
    model: Remembering

    @property
    def last(self) -> tuple[str, dict[str, str], dict[str, Any]]:
        """What came last; nothing planted was in any of it."""
        for value in PLANTED:
            assert value not in str(self.model.seen)
        return self.model.seen[-1]


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[int, Remembering]]:
    model = Remembering()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            headers = {name.lower(): value for name, value in self.headers.items()}
            model.seen.append((self.path, headers, body))
            sent = model.answer(self.path.partition("?")[0], body)
            kind = "text/event-stream" if body.get("stream") else "application/json"
            self.send_response(model.status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        def log_message(self, *_: Any) -> None:
            """Says nothing."""

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=listening.serve_forever, daemon=True).start()
    yield listening.server_port, model
    listening.shutdown()
    listening.server_close()


@pytest.fixture(scope="module")
def running(
    server: tuple[int, Remembering], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    port, model = server
    folder = tmp_path_factory.mktemp("kinds")
    (folder / "own.yaml").write_text(POLICY)
    gateway = Gateway(folder, CONFIG.format(port=port))
    gateway.start()
    yield World(gateway, model)
    gateway.stop()


@pytest.fixture
def world(running: World) -> World:
    running.model.seen.clear()
    running.model.status = 200
    return running


@pytest.fixture
def claude(world: World) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=world.gateway.url, api_key="mine", max_retries=0) as made:
        yield made


@pytest.fixture
def chatgpt(world: World) -> Iterator[openai.OpenAI]:
    url = f"{world.gateway.url}/v1"
    with openai.OpenAI(base_url=url, api_key="mine", max_retries=0) as made:
        yield made


def test_anthropic_is_sent_its_own_headers(world: World, claude: anthropic.Anthropic) -> None:
    betas = "context-1m-2025-08-07,files-api-2025-04-14"
    answer = claude.messages.create(
        model="claude-test-1", max_tokens=9, messages=[{"role": "user", "content": TEXT}],
        extra_headers={"anthropic-beta": betas, "anthropic-version": "2024-05-05"},
    )  # fmt: skip

    assert answer.content[0].type == "text"
    assert answer.content[0].text == TEXT
    path, headers, body = world.last
    assert (path, body["model"]) == ("/v1/messages", "claude-real")
    assert headers["x-api-key"] == "claude-key"
    assert headers["anthropic-version"] == "2024-05-05"
    assert headers["anthropic-beta"] == "context-1m-2025-08-07"
    assert "authorization" not in headers
    assert not [name for name in headers if name.startswith("x-stainless")]


def test_anthropic_counts_tokens(world: World, claude: anthropic.Anthropic) -> None:
    counted = claude.messages.count_tokens(
        model="claude-test-1", messages=[{"role": "user", "content": TEXT}]
    )

    assert counted.input_tokens == 7
    assert world.last[0] == "/v1/messages/count_tokens"


def test_an_overloaded_anthropic_is_told_in_our_own_words(
    world: World, claude: anthropic.Anthropic
) -> None:
    world.model.status = 529
    with pytest.raises(anthropic.APIStatusError) as caught:
        claude.messages.create(
            model="claude-test-1",
            max_tokens=9,
            messages=[{"role": "user", "content": "canary"}],
        )

    assert caught.value.status_code == 503
    told: Any = caught.value.body
    assert told["error"]["type"] == "overloaded_error"
    assert told["error"]["code"] == "upstream_overloaded"
    assert "canary" not in str(caught.value.body)


def test_a_vllm_serves_messages_with_its_key_as_a_bearer(
    world: World, claude: anthropic.Anthropic
) -> None:
    answer = claude.messages.create(
        model="qwen", max_tokens=9, messages=[{"role": "user", "content": TEXT}]
    )

    assert answer.content[0].type == "text"
    assert answer.content[0].text == TEXT
    path, headers, _ = world.last
    assert path == "/v1/messages"
    assert headers["authorization"] == "Bearer vllm-key"
    assert "x-api-key" not in headers


@pytest.mark.parametrize(
    ("model", "path", "named"),
    [
        ("gpt-v1", "/openai/v1/chat/completions", "gpt-v1"),
        ("gpt-old", "/openai/deployments/prod-gpt/chat/completions?api-version=2024-10-21",
         "prod-gpt"),
    ],
)  # fmt: skip
def test_azure_is_asked_at_its_own_paths(
    world: World, chatgpt: openai.OpenAI, model: str, path: str, named: str
) -> None:
    whole = chatgpt.chat.completions.create(
        model=model, messages=[{"role": "user", "content": TEXT}]
    )
    stream = chatgpt.chat.completions.create(
        model=model, messages=[{"role": "user", "content": TEXT}], stream=True
    )
    chunks = list(stream)

    assert whole.choices[0].message.content == TEXT
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == TEXT
    assert "canary" not in str(chunks)
    for seen, headers, body in world.model.seen:
        assert (seen, body["model"]) == (path, named)
        assert headers["api-key"] == "azure-key"
        assert "authorization" not in headers
    assert world.last


def test_azure_makes_embeddings_where_policy_lets_it(world: World, chatgpt: openai.OpenAI) -> None:
    answer = chatgpt.embeddings.create(model="gpt-old", input=TEXT, encoding_format="float")

    assert answer.data[0].embedding == [0.5]
    assert world.last[0].startswith("/openai/deployments/prod-gpt/embeddings?")


def test_a_family_that_nobody_speaks_for_a_model_is_refused(
    world: World, claude: anthropic.Anthropic, chatgpt: openai.OpenAI
) -> None:
    asked: Any = [{"role": "user", "content": "hi"}]
    with pytest.raises(anthropic.APIStatusError) as by_anthropic:
        claude.messages.create(model="gpt-v1", max_tokens=9, messages=asked)
    with pytest.raises(openai.APIStatusError) as by_openai:
        chatgpt.chat.completions.create(model="claude-test-1", messages=asked)

    for caught in (by_anthropic.value, by_openai.value):
        assert caught.status_code == 503
        assert "family_not_served" in str(caught.body)
    assert world.model.seen == []
