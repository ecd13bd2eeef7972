"""The official `openai` client against a real gateway process and a real model server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import openai
import pytest

from tests.e2e.world import Gateway, ModelServer, running

PLANTED = [
    "jane.roe@example.com",
    "+49 30 5551234",
    "4111 1111 1111 1111",
    "DE89 3704 0044 0532 0130 00",
    "536-22-8726",
    "192.168.17.42",
]
TEXT = (
    "Please write to jane.roe@example.com or call +49 30 5551234. Card 4111 1111 1111 1111, "
    "IBAN DE89 3704 0044 0532 0130 00, SSN 536-22-8726, last seen from 192.168.17.42. "
    'Quote: "a\\b" <tag> & more, naïve café 😀.'
)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Gateway, ModelServer]]:
    with running(tmp_path_factory.mktemp("sdk")) as both:
        yield both


@pytest.fixture
def client(world: tuple[Gateway, ModelServer]) -> Iterator[openai.OpenAI]:
    world[1].received.clear()
    with openai.OpenAI(base_url=f"{world[0].url}/v1", api_key="any", max_retries=0) as made:
        yield made


def nothing_left(model: ModelServer) -> None:
    assert model.received
    for value in PLANTED:
        assert value not in model.text


def test_plain(world: tuple[Gateway, ModelServer], client: openai.OpenAI) -> None:
    """The answer is restored byte for byte; nothing planted reached the model."""
    answer = client.chat.completions.create(
        model="echo", messages=[{"role": "user", "content": TEXT}]
    )

    assert answer.choices[0].message.content == TEXT
    assert answer.usage is not None
    assert answer.usage.total_tokens == 18
    nothing_left(world[1])


def test_streamed(world: tuple[Gateway, ModelServer], client: openai.OpenAI) -> None:
    """Two characters at a time, and still exact."""
    stream = client.chat.completions.create(
        model="echo", messages=[{"role": "user", "content": TEXT}], stream=True
    )
    chunks = list(stream)

    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == TEXT
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert all(chunk.usage is None for chunk in chunks)
    nothing_left(world[1])


def test_streamed_usage_on_request(client: openai.OpenAI) -> None:
    """Who asks for the usage chunk gets it."""
    chunks = list(
        client.chat.completions.create(
            model="echo",
            messages=[{"role": "user", "content": "hi"}],
            stream=True,
            stream_options={"include_usage": True},
        )
    )

    assert chunks[-1].usage is not None
    assert chunks[-1].usage.total_tokens == 18


TOOL: Any = {
    "type": "function",
    "function": {
        "name": "send_mail",
        "description": "Sends mail, for example to jane.roe@example.com",
        "parameters": {"type": "object", "properties": {"to": {"type": "string"}}},
    },
}


@pytest.mark.parametrize("stream", [False, True])
def test_tools_in_both_directions(
    world: tuple[Gateway, ModelServer], client: openai.OpenAI, stream: bool
) -> None:
    """Arguments come back restored; the history with them goes out masked again."""
    messages: list[Any] = [{"role": "user", "content": TEXT}]
    if stream:
        with client.chat.completions.stream(
            model="tool", messages=messages, tools=[TOOL]
        ) as events:
            for _ in events:
                pass
            message = events.get_final_completion().choices[0].message
    else:
        answer = client.chat.completions.create(model="tool", messages=messages, tools=[TOOL])
        message = answer.choices[0].message
    assert message.tool_calls
    call = message.tool_calls[0]
    assert call.type == "function"
    assert call.function.name == "send_mail"
    assert json.loads(call.function.arguments) == {"to": TEXT}

    messages.append(
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {
                    "id": call.id,
                    "type": "function",
                    "function": {"name": call.function.name, "arguments": call.function.arguments},
                }
            ],
        }
    )
    result = json.dumps({"sent": True, "to": "jane.roe@example.com"})
    messages.append({"role": "tool", "tool_call_id": call.id, "content": result})
    final = client.chat.completions.create(model="tool", messages=messages, tools=[TOOL])

    assert final.choices[0].message.content == result
    nothing_left(world[1])


def test_twenty_turns(world: tuple[Gateway, ModelServer], client: openai.OpenAI) -> None:
    """Every answer exact; every earlier message goes out as the same bytes again."""
    messages: list[Any] = []
    for turn in range(20):
        text = f"Turn {turn}: mail user{turn}@example.com about {PLANTED[turn % len(PLANTED)]}."
        messages.append({"role": "user", "content": text})
        answer = client.chat.completions.create(model="echo", messages=messages)
        assert answer.choices[0].message.content == text
        messages.append({"role": "assistant", "content": text})
    sent = [[json.dumps(m) for m in body["messages"]] for body in world[1].bodies]

    for before, after in pairwise(sent):
        assert after[: len(before)] == before
    assert "user7@example.com" not in world[1].text
    nothing_left(world[1])


def test_a_thousand_at_once_never_swap(
    world: tuple[Gateway, ModelServer], client: openai.OpenAI
) -> None:
    """Equal openings, other values: each caller gets its own back."""

    def one(number: int) -> bool:
        text = (
            f"Dear customer, your address is person{number}@example.com, card 4111 1111 1111 1111."
        )
        answer = client.chat.completions.create(
            model="echo", messages=[{"role": "user", "content": text}]
        )
        return answer.choices[0].message.content == text

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(one, range(1000)))
    assert "@example.com" not in world[1].text


def test_models_lists_what_is_configured(world: tuple[Gateway, ModelServer]) -> None:
    """And asks no upstream; `*` names nothing."""
    world[1].received.clear()
    status, body = world[0].get("/v1/models")

    assert (status, json.loads(body)) == (200, {"object": "list", "data": []})
    assert not world[1].received


def test_only_named_headers_are_sent_on(
    world: tuple[Gateway, ModelServer], client: openai.OpenAI
) -> None:
    """The configuration names `x-team`; nothing else of the caller's goes along."""
    client.chat.completions.create(
        model="echo",
        messages=[{"role": "user", "content": "hi"}],
        extra_headers={"x-team": "blue-team", "x-other": "red-canary"},
    )
    headers = {name.lower(): value for name, value in world[1].received[0][0].items()}

    assert headers["x-team"] == "blue-team"
    assert "red-canary" not in world[1].text
    assert headers["authorization"] == "Bearer upstream-key"
