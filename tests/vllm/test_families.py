"""Every family through the gateway to a real vLLM: masked on the way out, and back again."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.e2e.world import Gateway
from tests.vllm.families import WAYS, Way, events
from tests.vllm.servers import Tap, Vllm

pytestmark = pytest.mark.vllm

PLANTED = (
    "jane.roe@example.com",
    "+49 30 5551234",
    "4111 1111 1111 1111",
    "DE89 3704 0044 0532 0130 00",
    "192.168.17.42",
)
TEXT = (
    "Dear Jane, jane.roe@example.com or +49 30 5551234 may pay with 4111 1111 1111 1111 or "
    'DE89 3704 0044 0532 0130 00; 192.168.17.42 was "the host".'
)
PLACEHOLDER = re.compile(rb"EMAIL_ADDRESS_[0-9A-Z]{6}")


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> Way:
    return WAYS[request.param]


@pytest.fixture(params=[way for way in WAYS if WAYS[way].ask_tool])
def tool_way(request: pytest.FixtureRequest) -> Way:
    return WAYS[request.param]


def ask(gateway: Gateway, way: Way, body: dict[str, Any]) -> str:
    status, answer, _ = gateway.send(
        "POST", way.path, json.dumps({"model": "tiny", **body}).encode()
    )
    assert status == 200, answer
    return answer


def nothing_left(tap: Tap, decoder: Vllm, since: int) -> None:
    """No planted value reached the server; that the tap and the log see anything is shown too."""
    sent, told = bytes(tap.seen[since:]), decoder.told()
    assert PLACEHOLDER.search(sent)
    assert PLACEHOLDER.search(told.encode())
    for value in PLANTED:
        assert value.encode() not in sent
        assert value not in told


def test_whole(way: Way, gateway: Gateway, tap: Tap, decoder: Vllm):
    since = len(tap.seen)
    answer = json.loads(ask(gateway, way, way.ask(TEXT)))

    assert way.whole(answer) == TEXT
    assert answer["model"] == "tiny"
    assert min(way.used(answer)) > 20
    nothing_left(tap, decoder, since)


def test_streamed(way: Way, gateway: Gateway, tap: Tap, decoder: Vllm):
    """In many pieces, and whole again; events that repeat the text have it restored as well."""
    since = len(tap.seen)
    raw = ask(gateway, way, {**way.ask(TEXT), "stream": True}).encode()
    pieces = [way.piece(event) for event in events(raw)]
    said = "".join(pieces)

    assert (json.loads(said)["said"] if said.startswith("{") else said) == TEXT
    assert sum(map(bool, pieces)) > 10
    assert not PLACEHOLDER.search(raw)
    nothing_left(tap, decoder, since)


def test_tool_calls(tool_way: Way, gateway: Gateway, tap: Tap, decoder: Vllm):
    since = len(tap.seen)
    assert tool_way.ask_tool is not None
    body = tool_way.ask_tool(TEXT)
    answer = json.loads(ask(gateway, tool_way, body))
    raw = ask(gateway, tool_way, {**body, "stream": True}).encode()
    said = "".join(tool_way.piece_tool(event) for event in events(raw))

    assert json.loads(tool_way.whole_tool(answer)) == {"said": TEXT}
    assert json.loads(said) == {"said": TEXT}
    assert not PLACEHOLDER.search(raw)
    nothing_left(tap, decoder, since)


def test_usage_is_what_vllm_counted(way: Way, gateway: Gateway, decoder: Vllm):
    before = decoder.metric("vllm:generation_tokens_total")
    answer = json.loads(ask(gateway, way, way.ask(TEXT)))
    counted = decoder.metric("vllm:generation_tokens_total") - before
    into, out = way.used(answer)
    usage = next(one for one in gateway.records() if one["type"] == "request.completed")["usage"]

    assert out == counted
    assert (usage["input"], usage["output"]) == (into, out)


@pytest.mark.parametrize("key", ["cache_salt", "priority"])
def test_what_is_the_gateways_to_set_is_refused(key: str, way: Way, gateway: Gateway, tap: Tap):
    since = len(tap.seen)
    body = {"model": "tiny", **way.ask("yes"), key: 1 if key == "priority" else "mine"}
    status, answer, _ = gateway.send("POST", way.path, json.dumps(body).encode())

    assert status == 400
    assert key in answer
    assert len(tap.seen) == since
