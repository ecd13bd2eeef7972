"""The loopback upstream as one of Anthropic's: what it echoes, and what it takes back."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import UpstreamFailed
from gateway.upstreams.echo import count_tokens
from gateway.upstreams.echo.common import PREFIX
from gateway.upstreams.echo.messages import events, whole

TOOL = {
    "name": "look_up",
    "input_schema": {"type": "object", "properties": {"query": {"type": "string"}}},
}
SEARCH = {"type": "web_search_20250305", "name": "web_search"}
THINKING = {"type": "enabled", "budget_tokens": 1024}


def ask(content: Any, **fields: Any) -> dict[str, Any]:
    return {"model": "m", "messages": [{"role": "user", "content": content}], **fields}


def blocks(document: dict[str, Any]) -> list[Any]:
    answer: Any = whole(document, "req_1", 0)
    return list(answer["content"])


def streamed(document: dict[str, Any]) -> list[Any]:
    """The blocks of a stream, put together as a client does."""
    found: list[Any] = []
    for framed in events(document, "req_1", 0):
        name, data = framed.removesuffix(b"\n\n").split(b"\ndata: ")
        event = orjson.loads(data)
        assert name == b"event: " + event["type"].encode()
        if event["type"] == "content_block_start":
            found.append({**event["content_block"], "json": ""})
        elif event["type"] == "content_block_delta":
            delta = event["delta"]
            if "signature" in delta:
                found[-1]["signature"] = delta["signature"]
            for key in ("text", "thinking"):
                found[-1] |= {key: found[-1][key] + delta[key]} if key in delta else {}
            found[-1]["json"] += delta.get("partial_json", "")
    for block in found:
        if text := block.pop("json"):
            block["input"] = orjson.loads(text)
    return found


@given(st.text(max_size=60), st.booleans(), st.booleans())
def test_a_stream_says_the_same_as_the_whole(text: str, calls: bool, thinks: bool) -> None:
    document = ask(text)
    document |= {"tools": [TOOL]} if calls else {}
    document |= {"thinking": THINKING} if thinks else {}

    assert streamed(document) == blocks(document)
    assert len(blocks(document)) == 1 + thinks


def test_it_echoes_what_the_user_said_last() -> None:
    text = [{"type": "text", "text": "a"}, {"type": "image"}, {"type": "text", "text": "b"}]
    document = ask("first")
    document["messages"] += [{"role": "assistant", "content": "no"}, *ask(text)["messages"]]

    assert blocks(document) == [{"type": "text", "text": PREFIX + "ab"}]


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"tools": [SEARCH, TOOL]}, "look_up"),
        ({"tools": [TOOL], "tool_choice": {"type": "any"}}, "look_up"),
        ({"tools": [TOOL], "tool_choice": {"type": "none"}}, None),
        ({"tools": [TOOL], "tool_choice": {"type": "tool", "name": "other"}}, None),
        (
            {
                "tools": [TOOL, {**TOOL, "name": "other"}],
                "tool_choice": {"type": "tool", "name": "other"},
            },
            "other",
        ),
        ({"tools": [SEARCH]}, None),
    ],
)
def test_the_tool_that_it_calls(fields: dict[str, Any], name: str | None) -> None:
    assert blocks(ask("x", **fields))[0].get("name") == name


def test_after_the_tools_it_tells_their_results() -> None:
    result = {"type": "tool_result", "tool_use_id": "t", "content": "one"}
    document = ask([result, {**result, "content": [{"type": "text", "text": "two"}]}], tools=[TOOL])
    assert blocks(document) == [{"type": "text", "text": PREFIX + "one\ntwo"}]


@pytest.mark.parametrize("place", ["output_config", "output_format"])
def test_it_answers_by_a_schema(place: str) -> None:
    wanted = {"type": "json_schema", "schema": TOOL["input_schema"]}
    fields = {place: {"format": wanted} if place == "output_config" else wanted}
    assert orjson.loads(blocks(ask('a "b"', **fields))[0]["text"]) == {"query": 'a "b"'}


def test_it_takes_back_the_thinking_that_it_signed_and_no_other() -> None:
    thought = blocks(ask("x", thinking=THINKING))[0]
    document = ask("x")
    document["messages"] += [{"role": "assistant", "content": [thought]}, *ask("y")["messages"]]
    assert blocks(document) == [{"type": "text", "text": PREFIX + "y"}]

    for other in ({**thought, "thinking": "changed"}, {"type": "thinking", "thinking": "x"}):
        document["messages"][1]["content"] = [other]
        with pytest.raises(UpstreamFailed) as caught:
            whole(document, "req_1", 0)
        assert (caught.value.code, caught.value.status) == ("upstream_rejected", 400)


def test_it_counts() -> None:
    counted: Any = count_tokens.whole(ask("12345678", system="1234"), "req_1", 0)
    assert counted == {"input_tokens": 3}
    with pytest.raises(UpstreamFailed):
        count_tokens.events(ask("x"), "req_1", 0)


@pytest.mark.parametrize("echo", [whole, events, count_tokens.whole])
def test_a_request_without_messages_is_refused(echo: Any) -> None:
    with pytest.raises(UpstreamFailed):
        echo({"model": "m"}, "req_1", 0)
