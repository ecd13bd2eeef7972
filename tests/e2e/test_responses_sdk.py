"""The official `openai` client's Responses API against a real gateway and a real model server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from pydantic import BaseModel

from gateway.upstreams.echo.common import PREFIX
from tests.e2e.test_openai_sdk import TEXT, nothing_left
from tests.e2e.world import Gateway, ModelServer, running


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Gateway, ModelServer]]:
    with running(tmp_path_factory.mktemp("responses")) as both:
        yield both


@pytest.fixture
def client(world: tuple[Gateway, ModelServer]) -> Iterator[openai.OpenAI]:
    world[1].received.clear()
    with openai.OpenAI(base_url=f"{world[0].url}/v1", api_key="any", max_retries=0) as made:
        yield made


def test_plain(world: tuple[Gateway, ModelServer], client: openai.OpenAI) -> None:
    """Restored byte for byte, and the answer repeats what was asked as it was asked."""
    answer = client.responses.create(
        model="echo", input=TEXT, instructions="Serve jane.roe@example.com.", metadata={"a": "b"}
    )

    assert answer.output_text == PREFIX + TEXT
    assert answer.instructions == "Serve jane.roe@example.com."
    assert answer.metadata == {"a": "b"}
    assert answer.usage is not None
    assert answer.usage.output_tokens > 0
    assert world[1].bodies[0]["store"] is False
    nothing_left(world[1])


def test_streamed(world: tuple[Gateway, ModelServer], client: openai.OpenAI) -> None:
    """The pieces, the text, the part, the item and the answer are all the same."""
    events = list(client.responses.create(model="echo", input=TEXT, stream=True))
    pieces = [one.delta for one in events if one.type == "response.output_text.delta"]
    whole = next(one for one in events if one.type == "response.output_text.done")
    last = events[-1]

    assert "".join(pieces) == whole.text == PREFIX + TEXT
    assert last.type == "response.completed"
    assert last.response.output_text == PREFIX + TEXT
    assert [one.sequence_number for one in events] == list(range(len(events)))
    nothing_left(world[1])


def test_the_clients_own_reading_of_a_stream(
    world: tuple[Gateway, ModelServer], client: openai.OpenAI
) -> None:
    """Its helper puts the snapshots together and finds nothing amiss."""
    with client.responses.stream(model="echo", input=TEXT) as stream:
        snapshots = [one.snapshot for one in stream if one.type == "response.output_text.delta"]
        final = stream.get_final_response()

    assert snapshots[-1] == final.output_text == PREFIX + TEXT
    nothing_left(world[1])


async def test_async(world: tuple[Gateway, ModelServer]) -> None:
    """Whole and streamed."""
    world[1].received.clear()
    async with openai.AsyncOpenAI(base_url=f"{world[0].url}/v1", api_key="any") as client:
        answer = await client.responses.create(model="echo", input=TEXT)
        async with client.responses.stream(model="echo", input=TEXT) as stream:
            final = await stream.get_final_response()

    assert answer.output_text == final.output_text == PREFIX + TEXT
    nothing_left(world[1])


FUNCTION: Any = {
    "type": "function",
    "name": "send_mail",
    "description": "Sends mail, for example to jane.roe@example.com",
    "parameters": {
        "type": "object",
        "properties": {"to": {"type": "string"}},
        "required": ["to"],
        "additionalProperties": False,
    },
    "strict": True,
}


@pytest.mark.parametrize("stream", [False, True])
def test_tools_in_both_directions(
    world: tuple[Gateway, ModelServer], client: openai.OpenAI, stream: bool
) -> None:
    """Arguments come back restored; the items that were given go back masked again."""
    given: list[Any] = [{"role": "user", "content": TEXT}]
    if stream:
        with client.responses.stream(model="echo", input=given, tools=[FUNCTION]) as events:
            answer: Any = events.get_final_response()
    else:
        answer = client.responses.create(model="echo", input=given, tools=[FUNCTION])
    call = answer.output[0]
    assert call.type == "function_call"
    assert call.name == "send_mail"
    assert json.loads(call.arguments) == {"to": TEXT}

    result = json.dumps({"sent": True, "to": "jane.roe@example.com"})
    given += answer.output
    given.append({"type": "function_call_output", "call_id": call.call_id, "output": result})
    final = client.responses.create(model="echo", input=given, tools=[FUNCTION])

    assert final.output_text == PREFIX + result
    masked = world[1].bodies[-1]["input"]
    assert json.loads(masked[1]["arguments"])["to"] == masked[0]["content"]
    nothing_left(world[1])


@pytest.mark.parametrize("stream", [False, True])
def test_a_tool_with_free_input(
    world: tuple[Gateway, ModelServer], client: openai.OpenAI, stream: bool
) -> None:
    """Its input is a text, not JSON."""
    tools: list[Any] = [{"type": "custom", "name": "note", "description": "Takes a note."}]
    if stream:
        with client.responses.stream(model="echo", input=TEXT, tools=tools) as events:
            answer: Any = events.get_final_response()
    else:
        answer = client.responses.create(model="echo", input=TEXT, tools=tools)

    assert answer.output[0].type == "custom_tool_call"
    assert answer.output[0].input == TEXT
    nothing_left(world[1])


class Reply(BaseModel):
    """What a model is to answer."""

    to: str


@pytest.mark.parametrize("stream", [False, True])
def test_structured_output(
    world: tuple[Gateway, ModelServer], client: openai.OpenAI, stream: bool
) -> None:
    """Values in JSON are escaped as JSON has them, and the client can parse it."""
    if stream:
        with client.responses.stream(model="echo", input=TEXT, text_format=Reply) as events:
            parsed = events.get_final_response().output_parsed
    else:
        parsed = client.responses.parse(model="echo", input=TEXT, text_format=Reply).output_parsed

    assert parsed == Reply(to=TEXT)
    nothing_left(world[1])


def test_what_is_refused_is_the_clients_own_error(client: openai.OpenAI) -> None:
    """In the shape of the API, with our code, and nothing is sent."""
    with pytest.raises(openai.BadRequestError) as caught:
        client.responses.create(model="echo", input="hi", background=True)

    assert caught.value.code == "unsupported_parameter"
    assert caught.value.param == "background"


def test_what_the_api_has_and_the_gateway_has_not_is_not_found(client: openai.OpenAI) -> None:
    """Also where the path is that of a stored answer."""
    for call in (client.responses.compact, client.responses.input_tokens.count):
        with pytest.raises(openai.NotFoundError) as caught:
            call(model="echo", input=TEXT)
        assert caught.value.code == "unknown_endpoint"
    with pytest.raises(openai.NotFoundError) as caught:
        client.responses.retrieve("compact")
    assert caught.value.code == "response_not_found"


def test_a_stream_that_breaks_off_says_so(client: openai.OpenAI) -> None:
    """In the event that the API has for it; what came before is whole."""
    events = list(client.responses.create(model="cut", input=TEXT, stream=True))
    pieces = [one.delta for one in events if one.type == "response.output_text.delta"]

    assert (PREFIX + TEXT).startswith("".join(pieces))
    assert events[-1].type == "error"
    assert events[-1].code == "upstream_truncated"


def test_a_tool_of_the_provider_is_refused_off_the_premises(
    world: tuple[Gateway, ModelServer], client: openai.OpenAI
) -> None:
    """Unless policy allows it by name."""
    with pytest.raises(openai.PermissionDeniedError):
        client.responses.create(model="echo", input="hi", tools=[{"type": "web_search"}])

    assert not world[1].received


def test_an_exchange_is_on_record(
    world: tuple[Gateway, ModelServer], client: openai.OpenAI
) -> None:
    """With its endpoint, its figures, why the model stopped, and each value restored once."""
    list(client.responses.create(model="echo", input=TEXT, stream=True))
    closed, accepted = world[0].records()[:2]

    assert (accepted["type"], accepted["endpoint"]) == ("request.accepted", "/v1/responses")
    assert closed["finish_reasons"] == ["stop"]
    assert closed["usage"]["output"] > 0
    issued = accepted["transform"]["placeholders_issued"]
    assert closed["transform"]["restored"] == issued > 0
