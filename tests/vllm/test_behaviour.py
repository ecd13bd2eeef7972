"""What a real vLLM does beside answering: errors, aborts, its prefix cache, its log."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest

from tests.e2e.world import Gateway, wait_until
from tests.vllm.families import CHAT, WAYS, Way
from tests.vllm.servers import Vllm

pytestmark = pytest.mark.vllm

CANARY = "direct.canary@example.com"
RUNNING = "vllm:num_requests_running"
HITS = "vllm:prefix_cache_hits_total"


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> Way:
    return WAYS[request.param]


def test_the_log_would_show_a_prompt(decoder: Vllm):
    """So that its silence about what came through the gateway says something."""
    body = {"model": "tiny", **CHAT.ask("yes"), "messages": [{"role": "user", "content": CANARY}]}

    assert decoder.post(CHAT.path, body)[0] == 200
    assert CANARY in decoder.told()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"max_tokens": 1_000_000, "max_output_tokens": 1_000_000}, "rejected"),
        ({"structured_outputs": {"regex": "(" + CANARY}}, "rejected"),
        ({"model": "no-such-model"}, "model_not_found"),
    ],
)
def test_errors_are_in_our_words(
    change: dict[str, Any], code: str, decoder: Vllm, gateway: Gateway
):
    """vLLM's quote what it was sent."""
    body = {"model": "tiny", **CHAT.ask("yes"), **change}
    theirs = decoder.post(CHAT.path, body)
    status, ours, _ = gateway.send("POST", CHAT.path, json.dumps(body).encode())

    assert theirs[0] in (400, 404)
    assert status == theirs[0]
    error = json.loads(ours)["error"]
    assert code in error["code"]
    assert error["message"].startswith("The upstream")
    assert CANARY not in ours


def test_who_hangs_up_stops_the_model(way: Way, gateway: Gateway, decoder: Vllm):
    body = {"model": "tiny", **way.ask("yes"), "stream": True}
    body.pop("structured_outputs", None)
    if "output_config" in body:  # has no `ignore_eos`, so the grammar has to keep the model busy
        body["output_config"] = way.ask("and so on " * 1_000)["output_config"]
    for key in ("max_tokens", "max_output_tokens"):
        if key in body:
            body[key] = 1_900
    raw = json.dumps({**body, "ignore_eos": True}).encode()
    head = (
        f"POST {way.path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
        f"content-length: {len(raw)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", gateway.port)) as client:
        client.sendall(head.encode() + raw)
        assert client.recv(1_000).startswith(b"HTTP/1.1 200")
        wait_until(lambda: decoder.metric(RUNNING) == 1, "a running request")
    made = decoder.metric("vllm:generation_tokens_total")
    wait_until(lambda: decoder.metric(RUNNING) == 0, "no running request")

    assert decoder.metric("vllm:generation_tokens_total") - made < 1_000
    wait_until(lambda: gateway.records()[0]["type"] == "request.aborted", "the record")


def test_a_conversation_finds_its_turns_in_the_prefix_cache(gateway: Gateway, decoder: Vllm):
    """Placeholders stay the same from turn to turn, so what is masked is cached all the same."""
    long = "Ask jane.roe@example.com in Rome about the contract. " * 12
    messages = [{"role": "user", "content": long}]
    body = {"model": "tiny", "max_tokens": 4, "messages": messages}
    hits = []
    for _ in range(2):
        before = decoder.metric(HITS)
        status, answer, _ = gateway.post(json.dumps(body).encode())
        assert status == 200
        hits.append(decoder.metric(HITS) - before)
        said = json.loads(answer)["choices"][0]["message"]["content"]
        messages += [
            {"role": "assistant", "content": said},
            {"role": "user", "content": "And then?"},
        ]

    assert hits[0] == 0
    assert hits[1] > 100
