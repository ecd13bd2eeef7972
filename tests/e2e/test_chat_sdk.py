"""The official `openai` client on Chat Completions: its stream, parsed answers, tools of models."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from pydantic import BaseModel

from gateway.upstreams.echo.common import PREFIX
from tests.e2e.echo_server import EchoServer, serving
from tests.e2e.test_openai_sdk import PLANTED, TEXT
from tests.e2e.world import Gateway, config_for

World = tuple[Gateway, EchoServer]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with serving() as server:
        gateway = Gateway(tmp_path_factory.mktemp("chat"), config_for(server.port))
        try:
            gateway.start()
            yield gateway, server
        finally:
            gateway.stop()


@pytest.fixture
def client(world: World) -> Iterator[openai.OpenAI]:
    """A client; afterwards, nothing planted has reached the server."""
    world[1].received.clear()
    with openai.OpenAI(base_url=f"{world[0].url}/v1", api_key="any", max_retries=0) as made:
        yield made
    assert world[1].received
    assert not any(value in world[1].text for value in PLANTED)


class SendMail(BaseModel):
    """What a model is to answer, or to call."""

    to: str


def asked(text: str = TEXT, **fields: Any) -> dict[str, Any]:
    return {"model": "echo", "messages": [{"role": "user", "content": text}], **fields}


def test_the_clients_own_reading_of_a_stream(client: openai.OpenAI) -> None:
    """Its helper puts the snapshots together and finds nothing amiss."""
    with client.chat.completions.stream(**asked()) as stream:
        events = list(stream)
        final = stream.get_final_completion()
    pieces = [one for one in events if one.type == "content.delta"]
    (done,) = [one for one in events if one.type == "content.done"]

    assert "".join(one.delta for one in pieces) == PREFIX + TEXT
    assert pieces[-1].snapshot == done.content == final.choices[0].message.content == PREFIX + TEXT


@pytest.mark.parametrize("stream", [False, True])
def test_structured_output(client: openai.OpenAI, stream: bool) -> None:
    """Values in JSON are escaped as JSON has them, and the client can parse it."""
    request = asked(response_format=SendMail)
    if stream:
        with client.chat.completions.stream(**request) as events:
            answer = events.get_final_completion()
    else:
        answer = client.chat.completions.parse(**request)

    assert answer.choices[0].message.parsed == SendMail(to=TEXT)


@pytest.mark.parametrize("stream", [False, True])
def test_a_tool_that_is_made_of_a_model(client: openai.OpenAI, stream: bool) -> None:
    """Its call is parsed into the model; given back as it is, it goes out masked again."""
    request = asked(tools=[openai.pydantic_function_tool(SendMail)])
    if stream:
        with client.chat.completions.stream(**request) as events:
            pieces = [
                one.arguments_delta
                for one in events
                if one.type == "tool_calls.function.arguments.delta"
            ]
            message = events.get_final_completion().choices[0].message
        assert SendMail.model_validate_json("".join(pieces)) == SendMail(to=TEXT)
    else:
        message = client.chat.completions.parse(**request).choices[0].message
    assert message.tool_calls is not None
    (call,) = message.tool_calls
    assert call.function.parsed_arguments == SendMail(to=TEXT)

    result = {"role": "tool", "tool_call_id": call.id, "content": f"Sent to {PLANTED[0]}."}
    request["messages"] += [message, result]
    final = client.chat.completions.parse(**request)
    assert final.choices[0].message.content == f"{PREFIX}Sent to {PLANTED[0]}."


def test_several_answers_at_once(client: openai.OpenAI) -> None:
    """They take turns in the stream, and each is whole."""
    whole = client.chat.completions.create(**asked(n=3))
    with client.chat.completions.stream(**asked(n=3)) as events:
        streamed = events.get_final_completion()

    for answer in (whole, streamed):
        assert [one.message.content for one in answer.choices] == [PREFIX + TEXT] * 3


def test_asynchronously(world: World, client: openai.OpenAI) -> None:
    async def ask() -> list[Any]:
        url = f"{world[0].url}/v1"
        async with openai.AsyncOpenAI(base_url=url, api_key="any", max_retries=0) as made:
            chat = made.chat.completions
            whole = await chat.create(**asked())
            chunks = [chunk async for chunk in await chat.create(**asked(), stream=True)]
            async with chat.stream(**asked(response_format=SendMail)) as stream:
                parsed = (await stream.get_final_completion()).choices[0].message.parsed
            told = "".join(one.choices[0].delta.content or "" for one in chunks)
            return [whole.choices[0].message.content, told, parsed]

    assert asyncio.run(ask()) == [PREFIX + TEXT, PREFIX + TEXT, SendMail(to=TEXT)]


def test_parts_and_every_role(world: World, client: openai.OpenAI) -> None:
    """Texts in parts, a name, a developer's words and the history: all of it is masked."""
    part = {"type": "text", "text": TEXT}
    messages: list[Any] = [
        {"role": "developer", "content": [part]},
        {"role": "user", "content": [part, part], "name": "jane"},
        {"role": "assistant", "content": [part]},
        {"role": "user", "content": [part]},
    ]
    answer = client.chat.completions.create(model="echo", messages=messages)

    assert answer.choices[0].message.content == PREFIX + TEXT
    sent = world[1].bodies[0]["messages"]
    assert [one["role"] for one in sent] == ["developer", "user", "assistant", "user"]
    assert sent[0]["content"] == sent[2]["content"] == sent[3]["content"]
