"""What a real vLLM counts of a request beforehand, and what it is then sent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.world import Gateway
from tests.vllm.servers import KEY, Vllm

pytestmark = pytest.mark.vllm

CONTEXT = 2_048
CONFIG = """\
version: 1
policies: [shortening.yaml]
upstreams:
  - {{name: home, kind: vllm, class: on_prem, models: [tiny], replicas: ["{url}"],
     api_key: {key}}}
limits: {{connect_s: 120, first_byte_s: 120, idle_s: 120}}
audit: {{url: "sqlite:///audit.db"}}
"""
POLICY = """\
version: 1
id: shortening
handling: {too_long: drop_oldest}
rules:
  - {name: everything, effect: mask}
"""
TOOL = {"type": "function", "name": "look", "parameters": {"type": "object", "properties": {}}}
TURN: list[dict[str, Any]] = [
    {"role": "user", "content": "Ask jane.roe@example.com in Rome about the contract. " * 6},
    {"type": "function_call", "call_id": "call_1", "name": "look", "arguments": "{}"},
    {"type": "function_call_output", "call_id": "call_1", "output": "She has it."},
    {
        "type": "message", "role": "assistant", "id": "msg_1", "status": "completed",
        "content": [{"type": "output_text", "text": "It is there.", "annotations": []}],
    },
]  # fmt: skip
BODY: dict[str, Any] = {
    "model": "tiny", "instructions": "Be kind.", "tools": [TOOL], "tool_choice": "none",
    "structured_outputs": {"choice": ["Yes."]},
}  # fmt: skip


@pytest.fixture(scope="module")
def shortening(decoder: Vllm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder = tmp_path_factory.mktemp("shortening")
    (folder / "shortening.yaml").write_text(POLICY)
    made = Gateway(folder, CONFIG.format(url=f"{decoder.url}/v1", key=KEY))
    try:
        made.start()
        yield made
    finally:
        made.stop()


def ask(gateway: Gateway, **fields: Any) -> tuple[int, dict[str, Any], dict[str, str]]:
    status, text, headers = gateway.send(
        "POST", "/v1/responses", json.dumps({**BODY, **fields}).encode()
    )
    return status, json.loads(text), {name.lower(): value for name, value in headers.items()}


def test_items_are_counted_as_the_model_is_given_them(shortening: Gateway):
    given = [*TURN, {"role": "user", "content": "Has she?"}]
    status, answer, _ = ask(shortening, input=given, max_output_tokens=8)
    assert status == 200, answer
    counted = answer["usage"]["input_tokens"]

    room = CONTEXT - counted
    status, answer, headers = ask(shortening, input=given, max_output_tokens=room)
    assert status == 200, answer
    assert "x-cloakroom-dropped-turns" not in headers
    status, answer, headers = ask(shortening, input=given, max_output_tokens=room + 1)
    assert status == 200, answer
    assert headers["x-cloakroom-dropped-turns"] == "1"

    only = [{"role": "user", "content": "Has she?"}]
    status, answer, _ = ask(shortening, input=only, max_output_tokens=CONTEXT)
    assert status == 400
    assert answer["error"]["code"] == "context_length_exceeded"


def test_the_oldest_turns_of_items_are_left_out(shortening: Gateway):
    given = [*TURN * 12, {"role": "user", "content": "Has she?"}]
    status, answer, headers = ask(shortening, input=given, max_output_tokens=8)
    assert status == 200, answer
    dropped = int(headers["x-cloakroom-dropped-turns"])
    assert 0 < dropped < 12
    # one turn more would not have had room
    assert answer["usage"]["input_tokens"] + 8 <= CONTEXT
    status, more, _ = ask(shortening, input=TURN, max_output_tokens=8)
    assert answer["usage"]["input_tokens"] + more["usage"]["input_tokens"] > CONTEXT
    recorded = [one.get("routing", {}).get("dropped_turns") for one in shortening.records()]
    assert dropped in recorded
