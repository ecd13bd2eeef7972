"""The official `anthropic` client against a real gateway process before the loopback upstream.

Some of it goes to a server of its own, which remembers what it was sent.
With thinking on, the loopback tells there what it received, and it takes no thinking back that is
not, byte for byte, what it signed.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import anthropic
import pytest
from pydantic import BaseModel

from tests.e2e.echo_server import EchoServer, serving
from tests.e2e.test_openai_sdk import PLANTED, TEXT
from tests.e2e.world import Gateway

CONFIG = """\
version: 1
policies: [{policy}]
upstreams:
  - {{name: echo, kind: loopback, class: external, models: ["*"]}}
audit: {{url: "sqlite:///audit.db"}}
"""
SERVED = """\
version: 1
policies: [mask-all]
upstreams:
  - name: claude
    kind: anthropic
    class: external
    base_url: "http://127.0.0.1:{port}"
    api_key: upstream-key
    models: ["*"]
limits: {{connect_s: 120, first_byte_s: 120, idle_s: 120}}
detection: {{timeout_s: 120}}
audit: {{url: "sqlite:///audit.db"}}
"""
RESTORING = """\
version: 1
id: restoring
rules:
  - {name: everything, effect: mask, default_operator: replace}
answers: {thinking: restored}
"""
ECHO = "I received: "
THINKING: Any = {"type": "enabled", "budget_tokens": 1024}
TOOL: Any = {
    "name": "send_mail",
    "description": "Sends mail, for example to jane.roe@example.com",
    "input_schema": {"type": "object", "properties": {"to": {"type": "string"}}},
}


def asked(text: str = TEXT, **fields: Any) -> dict[str, Any]:
    messages = [{"role": "user", "content": text}]
    return {"model": "m", "max_tokens": 4096, "messages": messages, **fields}


@pytest.fixture(scope="module")
def claude(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[EchoServer, anthropic.Anthropic]]:
    with serving() as server:
        made = Gateway(tmp_path_factory.mktemp("claude"), SERVED.format(port=server.port))
        try:
            made.start()
            with anthropic.Anthropic(base_url=made.url, api_key="any", max_retries=0) as client:
                yield server, client
        finally:
            made.stop()


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    yield from served(tmp_path_factory.mktemp("anthropic"), "mask-all")


@pytest.fixture(scope="module")
def restoring(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder = tmp_path_factory.mktemp("restoring")
    (folder / "restoring.yaml").write_text(RESTORING)
    yield from served(folder, "restoring.yaml")


def served(folder: Path, policy: str) -> Iterator[Gateway]:
    made = Gateway(folder, CONFIG.format(policy=policy))
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.fixture
def client(gateway: Gateway) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=gateway.url, api_key="any", max_retries=0) as made:
        yield made


def text_of(message: Any) -> str:
    return "".join(block.text for block in message.content if block.type == "text")


def thinking_of(message: Any) -> str:
    return "".join(block.thinking for block in message.content if block.type == "thinking")


def test_plain(client: anthropic.Anthropic) -> None:
    """The answer is restored byte for byte, in one piece, and told as Anthropic tells it."""
    raw = client.messages.with_raw_response.create(**asked(metadata={"user_id": "jane"}))
    message = raw.parse()

    assert text_of(message) == ECHO + TEXT
    assert (message.model, message.role, message.stop_reason) == ("m", "assistant", "end_turn")
    assert message.usage.output_tokens > 0
    assert message._request_id == raw.headers["x-request-id"]


def test_streamed(client: anthropic.Anthropic) -> None:
    with client.messages.stream(**asked()) as stream:
        told = "".join(stream.text_stream)
        message = stream.get_final_message()

    assert told == text_of(message) == ECHO + TEXT
    events = list(client.messages.create(**asked(), stream=True))
    assert events[0].type == "message_start"
    assert events[-1].type == "message_stop"
    assert {event.type for event in events} == {
        "message_start", "content_block_start", "content_block_delta", "content_block_stop",
        "message_delta", "message_stop",
    }  # fmt: skip


def test_asynchronously(gateway: Gateway) -> None:
    async def ask() -> tuple[str, str]:
        made = anthropic.AsyncAnthropic(base_url=gateway.url, api_key="any", max_retries=0)
        async with made as client:
            whole = await client.messages.create(**asked())
            async with client.messages.stream(**asked()) as stream:
                return text_of(whole), text_of(await stream.get_final_message())

    assert asyncio.run(ask()) == (ECHO + TEXT, ECHO + TEXT)


@pytest.mark.parametrize("stream", [False, True])
def test_tools_in_both_directions(client: anthropic.Anthropic, stream: bool) -> None:
    """The input comes back restored, as an object; the history with it goes out masked again."""
    request = asked(tools=[TOOL])
    if stream:
        with client.messages.stream(**request) as events:
            message = events.get_final_message()
    else:
        message = client.messages.create(**request)
    call = message.content[-1]
    assert call.type == "tool_use"
    assert (call.name, call.input, message.stop_reason) == ("send_mail", {"to": TEXT}, "tool_use")

    result = json.dumps({"sent": True, "to": "jane.roe@example.com"})
    request["messages"] += [
        {"role": "assistant", "content": message.content},
        {
            "role": "user",
            "content": [{"type": "tool_result", "tool_use_id": call.id, "content": result}],
        },
    ]
    assert text_of(client.messages.create(**request)) == ECHO + result


def test_a_runner_of_tools(client: anthropic.Anthropic) -> None:
    """The caller's own tool is given the values, and its result comes back in the answer.

    The runner would have the provider keep the conversation; told that it cannot, it goes on
    without.
    """
    given: list[str] = []

    @anthropic.beta_tool
    def look_up(query: str) -> str:
        """Look somebody up.

        Args:
            query: who it is
        """
        given.append(query)
        return "found jane.roe@example.com"

    runner = client.beta.messages.tool_runner(**asked(tools=[look_up]))
    final = runner.until_done()

    assert given == [TEXT]
    assert text_of(final) == ECHO + "found jane.roe@example.com"


async def test_a_runner_of_tools_asynchronously_and_streamed(gateway: Gateway) -> None:
    """Every message of the loop is streamed, and the tool is given the values all the same."""
    given: list[str] = []

    @anthropic.beta_async_tool
    async def look_up(query: str) -> str:
        """Look somebody up."""
        given.append(query)
        return "found jane.roe@example.com"

    async with anthropic.AsyncAnthropic(base_url=gateway.url, api_key="any") as client:
        runner = client.beta.messages.tool_runner(**asked(tools=[look_up]), stream=True)
        finals = [await stream.get_final_message() async for stream in runner]

    assert given == [TEXT]
    assert text_of(finals[-1]) == ECHO + "found jane.roe@example.com"


@pytest.mark.parametrize(
    "tool",
    [
        {"type": "bash_20250124", "name": "bash"},
        {"type": "text_editor_20250728", "name": "str_replace_based_edit_tool"},
        {"type": "memory_20250818", "name": "memory"},
    ],
)
def test_tools_that_the_client_runs_itself(client: anthropic.Anthropic, tool: Any) -> None:
    """They have no schema, and a loopback calls none of them."""
    message = client.beta.messages.create(
        **asked(tools=[tool]), betas=["context-management-2025-06-27"]
    )
    assert text_of(message) == ECHO + TEXT


def test_a_token_in_place_of_a_key(gateway: Gateway) -> None:
    """As agents have it that sign in."""
    with anthropic.Anthropic(base_url=gateway.url, auth_token="any", api_key=None) as client:
        assert text_of(client.messages.create(**asked())) == ECHO + TEXT


class Letter(BaseModel):
    """What is to be answered."""

    body: str


def test_structured_output(client: anthropic.Anthropic) -> None:
    """Values come back as JSON strings, quotes and all."""
    message = client.messages.parse(**asked(), output_format=Letter)
    assert message.parsed_output == Letter(body=TEXT)

    with client.messages.stream(**asked(), output_format=Letter) as stream:
        assert stream.get_final_message().parsed_output == Letter(body=TEXT)


def test_counting_tokens(client: anthropic.Anthropic) -> None:
    count = client.messages.count_tokens(
        model="m", system="be kind", messages=[{"role": "user", "content": TEXT}], tools=[TOOL]
    )
    assert count.input_tokens > 10
    assert client.beta.messages.count_tokens(model="m", messages=asked()["messages"]).input_tokens


@pytest.mark.parametrize("stream", [False, True])
def test_thinking_goes_back_as_it_was_signed(client: anthropic.Anthropic, stream: bool) -> None:
    """The client reads it masked; turn after turn the provider finds what it wrote."""
    request = asked(thinking=THINKING)
    for turn in range(3):
        if stream:
            with client.messages.stream(**request) as events:
                message = events.get_final_message()
        else:
            message = client.messages.create(**request)
        masked = thinking_of(message)
        assert re.search(r"<EMAIL_ADDRESS_[0-9A-Z]{6}>", masked)
        assert not any(value in masked for value in PLANTED)
        assert text_of(message) == ECHO + request["messages"][-1]["content"]
        request["messages"] += [
            {"role": "assistant", "content": message.content},
            {"role": "user", "content": f"Again {turn}: {TEXT}"},
        ]


def test_thinking_that_is_restored_goes_back_as_it_was_signed(restoring: Gateway) -> None:
    """Also where policy lets the client read it with its values."""
    with anthropic.Anthropic(base_url=restoring.url, api_key="any", max_retries=0) as client:
        request = asked(thinking=THINKING)
        for _ in range(2):
            message = client.messages.create(**request)
            assert TEXT in thinking_of(message)
            request["messages"] += [
                {"role": "assistant", "content": message.content},
                {"role": "user", "content": TEXT},
            ]


def test_thinking_that_was_not_sealed_is_a_text_like_any_other(client: anthropic.Anthropic) -> None:
    """It is masked, so that it cannot be what a provider signed; here the provider says so."""
    signed = {"type": "thinking", "thinking": f"It is {PLANTED[0]}", "signature": "s" * 64}
    history = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": [signed]}]
    with pytest.raises(anthropic.BadRequestError) as caught:
        client.messages.create(**asked(messages=[*history, {"role": "user", "content": "go on"}]))
    assert PLANTED[0] not in str(caught.value)


def test_nothing_planted_leaves_turn_after_turn(
    claude: tuple[EchoServer, anthropic.Anthropic],
) -> None:
    """Whatever field it is in; and what was sent goes out as the same bytes again."""
    server, client = claude
    document = {"type": "text", "media_type": "text/plain", "data": TEXT}
    request = asked(
        thinking=THINKING,
        system=[{"type": "text", "text": TEXT, "cache_control": {"type": "ephemeral"}}],
        tools=[TOOL],
        tool_choice={"type": "none"},
        metadata={"user_id": PLANTED[0]},
        stop_sequences=[PLANTED[1]],
    )
    request["messages"] = [
        {"role": "user", "content": [{"type": "document", "source": document, "title": TEXT}]},
        {"role": "assistant", "content": TEXT},
        {"role": "user", "content": TEXT},
    ]
    for turn in range(4):
        with client.messages.stream(**request) as events:
            message = events.get_final_message()
        assert text_of(message) == ECHO + request["messages"][-1]["content"]
        request["messages"] += [
            {"role": "assistant", "content": message.content},
            {"role": "user", "content": f"Turn {turn}: {TEXT}"},
        ]
    client.messages.count_tokens(**{k: v for k, v in request.items() if k not in NOT_COUNTED})

    assert len(server.bodies) == 5
    sent = b"".join(raw for _, raw in server.received).decode()
    assert not any(value in sent for value in PLANTED)
    for before, after in pairwise(server.bodies):
        assert after["messages"][: len(before["messages"])] == before["messages"]
        assert after["system"] == before["system"]
    headers = {name.lower(): value for name, value in server.received[0][0].items()}
    assert headers["x-api-key"] == "upstream-key"
    assert "any" not in headers.values()


NOT_COUNTED = {"max_tokens", "metadata", "stop_sequences"}


def test_errors_are_those_that_the_client_knows(client: anthropic.Anthropic) -> None:
    with pytest.raises(anthropic.BadRequestError) as wrong:
        client.messages.create(**asked(extra_body={"fallbacks": "default"}))
    assert "`fallbacks`" in str(wrong.value)

    search: Any = {"type": "web_search_20250305", "name": "web_search"}
    with pytest.raises(anthropic.PermissionDeniedError) as denied:
        client.messages.create(**asked(tools=[search]))
    assert denied.value.response.headers["request-id"]
    assert denied.value.body["error"]["type"] == "permission_error"  # type: ignore[index]


def test_what_is_not_served_is_not_found(client: anthropic.Anthropic) -> None:
    """Also where OpenAI's API has an endpoint of the same path, with objects of another shape."""
    calls = [client.messages.batches.list, client.beta.files.list, client.beta.models.list]
    for call in calls[:2]:
        with pytest.raises(anthropic.NotFoundError) as caught:
            call()
        assert caught.value.body["error"]["type"] == "not_found_error"  # type: ignore[index]
    assert list(calls[2]()) == []


def test_the_record_tells_what_was_done(gateway: Gateway, client: anthropic.Anthropic) -> None:
    raw = client.messages.with_raw_response.count_tokens(**without_size(asked()))
    identity = raw.headers["x-cloakroom-audit-id"]
    record = next(one for one in gateway.records() if one["event_id"] == identity)

    assert record["endpoint"] == "/v1/messages/count_tokens"
    assert record["operation"] == "count_tokens"
    log = gateway.log.read_text()
    assert not any(value in log for value in PLANTED)


def without_size(request: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in request.items() if key != "max_tokens"}
