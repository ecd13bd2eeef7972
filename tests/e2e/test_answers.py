"""What policy says of answers, seen by the official `openai` client."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import openai
import pytest

from tests.e2e.world import Gateway, ModelServer, config_for, last_user

MASK = """\
version: 1
id: ours
answers:
  new_data: mask
  tools: ["crm_*"]
  paths: {"crm_note": [/to]}
rules:
  - {name: all, effect: mask}
"""
FLAG = """\
version: 1
id: ours
answers: {new_data: flag}
rules:
  - {name: all, effect: mask}
"""
MADE = "Ask zoe.new@example.com, or pay with 4111 1111 1111 1111. "
TEXT = "Write to jane.roe@example.com about it."
BOTH = pytest.mark.parametrize("stream", [False, True])


class Inventive(ModelServer):
    """Adds data of its own to what it is told."""

    def _choice(self, body: dict[str, Any], kind: str) -> dict[str, Any]:
        if kind == "tool":
            return super()._choice(body, kind)
        message = {"role": "assistant", "content": f"{MADE}{last_user(body)} {MADE}"}
        return {"index": 0, "message": message, "finish_reason": "stop"}


@contextmanager
def serving(folder: Path, policy: str) -> Iterator[Gateway]:
    (folder / "ours.yaml").write_text(policy)
    model = Inventive()
    model.start()
    gateway = Gateway(folder, config_for(model.port, "ours.yaml"))
    try:
        gateway.start()
        yield gateway
    finally:
        gateway.stop()
        model.stop()


@pytest.fixture(scope="module")
def masking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with serving(tmp_path_factory.mktemp("mask"), MASK) as gateway:
        yield gateway


@pytest.fixture(scope="module")
def flagging(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with serving(tmp_path_factory.mktemp("flag"), FLAG) as gateway:
        yield gateway


def message(gateway: Gateway, model: str, stream: bool, **fields: Any) -> Any:
    messages: Any = [{"role": "user", "content": TEXT}]
    with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="any", max_retries=0) as client:
        if not stream:
            answer = client.chat.completions.create(model=model, messages=messages, **fields)
            return answer.choices[0].message
        with client.chat.completions.stream(model=model, messages=messages, **fields) as events:
            for _ in events:
                pass
            return events.get_final_completion().choices[0].message


def closing(gateway: Gateway) -> dict[str, Any]:
    found: dict[str, Any] = next(r for r in gateway.records() if r["type"] == "request.completed")
    return found["transform"]  # type: ignore[no-any-return]


def nothing_made_is_kept(gateway: Gateway) -> None:
    for file in filter(Path.is_file, gateway.folder.rglob("*")):
        assert b"zoe.new" not in file.read_bytes()
        assert b"4111 1111" not in file.read_bytes()


@BOTH
def test_new_data_is_masked(masking: Gateway, stream: bool) -> None:
    """What the caller sent comes back; what the model made up does not pass."""
    content = message(masking, "made", stream).content

    made = "Ask [EMAIL_ADDRESS], or pay with [CREDIT_CARD]. "
    assert content == f"{made}{TEXT} {made}"
    assert closing(masking)["new_data"] == {"EMAIL_ADDRESS": 2, "CREDIT_CARD": 2}
    nothing_made_is_kept(masking)


@BOTH
def test_new_data_is_flagged(flagging: Gateway, stream: bool) -> None:
    content = message(flagging, "made", stream).content

    assert content == f"{MADE}{TEXT} {MADE}"
    assert closing(flagging)["new_data"] == {"EMAIL_ADDRESS": 2, "CREDIT_CARD": 2}
    nothing_made_is_kept(flagging)


@BOTH
@pytest.mark.parametrize(
    ("name", "comes_back"), [("crm_mail", True), ("crm_note", True), ("web_search", False)]
)
def test_values_come_back_in_listed_tools_alone(
    masking: Gateway, stream: bool, name: str, comes_back: bool
) -> None:
    tool = {"type": "function", "function": {"name": name, "parameters": {"type": "object"}}}
    (call,) = message(masking, "tool", stream, tools=[tool]).tool_calls

    assert call.function.name == name
    said = json.loads(call.function.arguments)["to"]
    assert (said == TEXT) is comes_back
    assert ("jane.roe" in said) is comes_back
    assert closing(masking)["blocked_sinks"] == (0 if comes_back else 1)


def test_new_data_is_named_in_a_header(flagging: Gateway) -> None:
    messages: Any = [{"role": "user", "content": TEXT}]
    with openai.OpenAI(base_url=f"{flagging.url}/v1", api_key="any", max_retries=0) as client:
        raw = client.chat.completions.with_raw_response.create(model="made", messages=messages)

    assert raw.headers["x-cloakroom-new-data"] == "CREDIT_CARD=2, EMAIL_ADDRESS=2"
