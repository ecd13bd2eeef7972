"""What a server is asked about the length of a request, by endpoint and item."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.routing.counting import as_chat, question, turns_of
from gateway.routing.fitting import turns
from gateway.wire.responses import parse

USER = {"role": "user", "content": "Hi."}
CALL = {"type": "function_call", "call_id": "1", "name": "look", "arguments": '{"at":4}'}
CALLED = {"id": "1", "type": "function", "function": {"name": "look", "arguments": '{"at":4}'}}
CUSTOM = {"type": "custom_tool_call", "call_id": "2", "name": "run", "input": "ls"}
RESULT = {"type": "function_call_output", "call_id": "1", "output": "4"}
SAID = {
    "type": "message", "role": "assistant", "id": "m", "status": "completed",
    "content": [{"type": "output_text", "text": "So.", "annotations": []}],
}  # fmt: skip
THOUGHT = {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}]}
SEARCH = {"type": "web_search_call", "id": "w", "status": "completed"}


@pytest.mark.parametrize(
    ("path", "place", "answer"),
    [
        ("/chat/completions", "tokenize", "count"),
        ("/completions", "tokenize", "count"),
        ("/responses", "tokenize", "count"),
        ("/messages", "v1/messages/count_tokens", "input_tokens"),
    ],
)
def test_each_endpoint_is_counted_where_the_server_counts_it(path: str, place: str, answer: str):
    asked = question(path, {"model": "m", "input": "Hi.", "cache_salt": "s", "stream": True})
    assert asked is not None
    assert (asked.place, asked.answer) == (place, answer)
    assert not {"input", "cache_salt", "stream"} & set(asked.body)
    assert "Hi." not in repr(asked)


def test_what_has_no_length_is_not_asked_about():
    assert question("/embeddings", {"model": "m", "input": "Hi."}) is None


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ("Hi.", [USER]),
        ([], []),
        ([USER], [USER]),
        (
            [{"type": "message", "role": "developer", "content": [
                {"type": "input_text", "text": "Be "}, {"type": "input_text", "text": "kind."}]}],
            [{"role": "developer", "content": [
                {"type": "text", "text": "Be "}, {"type": "text", "text": "kind."}]}],
        ),
        ([SAID], [{"role": "assistant", "content": [{"type": "text", "text": "So."}]}]),
        # what an assistant does at once is one message
        (
            [THOUGHT, SAID, CALL],
            [{"role": "assistant", "reasoning": "Hm.",
              "content": [{"type": "text", "text": "So."}], "tool_calls": [CALLED]}],
        ),
        (
            [SAID, SAID],
            [{"role": "assistant", "content": [{"type": "text", "text": "So."}]}] * 2,
        ),
        (
            [USER, CALL, CUSTOM, RESULT],
            [USER,
             {"role": "assistant", "tool_calls": [CALLED, {
                 "id": "2", "type": "function",
                 "function": {"name": "run", "arguments": '{"input":"ls"}'}}]},
             {"role": "tool", "content": "4", "tool_call_id": "1"}],
        ),
        (
            [{**RESULT, "output": [{"type": "input_text", "text": "4"}]}],
            [{"role": "tool", "content": [{"type": "text", "text": "4"}], "tool_call_id": "1"}],
        ),
        (
            [{"role": "user", "content": [{"type": "input_image", "image_url": "data:,x"}]}],
            [{"role": "user", "content": [
                {"type": "image_url", "image_url": {"url": "data:,x"}}]}],
        ),
        # what a chat does not have counts by its JSON
        ([SEARCH], [{"role": "user", "content": orjson.dumps(SEARCH).decode()}]),
    ],
)  # fmt: skip
def test_items_are_asked_about_as_the_chat_that_is_made_of_them(items: Any, expected: Any):
    assert as_chat({"model": "m", "input": items})["messages"] == expected


def test_instructions_and_tools_count():
    made = as_chat(
        {
            "model": "m", "instructions": "Be kind.", "input": "Hi.",
            "tools": [
                {"type": "function", "name": "look", "parameters": {}, "strict": True},
                {"type": "custom", "name": "run", "description": "Runs."},
            ],
        }
    )  # fmt: skip
    assert made["messages"] == [{"role": "system", "content": "Be kind."}, USER]
    function, custom = made["tools"]
    assert function == {
        "type": "function", "function": {"name": "look", "parameters": {}, "strict": True},
    }  # fmt: skip
    assert custom["function"]["name"] == "run"
    assert "Runs." in custom["function"]["description"]


texts = st.text("ab", min_size=3, max_size=3).map(lambda text: f"<{text}>")
any_item = st.one_of(
    texts.map(lambda text: {"role": "user", "content": text}),
    texts.map(lambda text: {**SAID, "content": [{"type": "output_text", "text": text}]}),
    texts.map(lambda text: {**CALL, "arguments": text}),
    texts.map(lambda text: {**CUSTOM, "input": text}),
    texts.map(lambda text: {**RESULT, "output": text}),
    texts.map(lambda text: {**THOUGHT, "summary": [{"type": "summary_text", "text": text}]}),
    texts.map(lambda text: {**SEARCH, "query": text}),
    texts.map(lambda text: {"type": "mcp_call_output", "output": {"said": text}}),
)


@pytest.mark.parametrize(
    "item",
    [
        {"type": "reasoning", "content": ["Hm."]},
        {"type": "reasoning", "summary": [None]},
        {"type": "message", "role": "assistant", "content": [{"type": ["x"], "text": "Hm."}]},
        {"type": "message", "role": "user", "content": [{"type": {"a": 1}}]},
        {"type": "message", "role": ["user"], "content": "Hm."},
    ],
)
def test_parts_of_no_known_shape_count_as_they_stand(item: dict[str, Any]):
    """A request may hold them, since all of it is read; what they are is for the server to say."""
    parse({"model": "m", "input": [item]})
    assert turns(turns_of("/responses", {"model": "m", "input": [item]})[1]) == [[0]]
    asked = question("/responses", {"model": "m", "input": [item]})
    assert asked is not None
    assert len(orjson.loads(orjson.dumps(asked.body))["messages"]) == 1


@given(st.lists(any_item, max_size=8))
def test_no_text_of_an_item_is_left_out_of_the_count(items: list[dict[str, Any]]):
    made = orjson.dumps(as_chat({"model": "m", "input": items})["messages"])
    assert made.count(b"<") == len(items)


@pytest.mark.parametrize(
    ("path", "document", "expected"),
    [
        ("/responses", {"input": [USER]}, ("input", [USER])),
        ("/messages", {"messages": [USER]}, ("messages", [USER])),
        ("/chat/completions", {"messages": [USER]}, ("messages", [USER])),
        ("/responses", {"input": "Hi."}, ("", ())),
        ("/completions", {"prompt": ["Hi."]}, ("", ())),
        # the oldest turns are at the provider, where none can be left out
        ("/responses", {"input": [USER], "previous_response_id": "resp_1"}, ("", ())),
    ],
)
def test_where_turns_are(path: str, document: dict[str, Any], expected: Any):
    assert turns_of(path, document) == expected
