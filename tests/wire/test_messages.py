"""Messages requests: every place where text can stand is a leaf, whatever field it is in."""

from __future__ import annotations

import copy
from contextlib import suppress
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import RequestError
from gateway.types import Leaf, LeafKind
from gateway.wire.messages import parse, parse_count
from tests.wire.messages_sdk import strings

JSON = st.recursive(
    st.none() | st.booleans() | st.text(max_size=8) | st.integers(-(10**12), 10**12),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=6), children, max_size=3)
    ),
    max_leaves=8,
)
NAMES = st.text(min_size=1, max_size=8).map("x_".__add__)


def body(*blocks: Any, **fields: Any) -> dict[str, Any]:
    message = {"role": "user", "content": list(blocks) or "hi"}
    return {"model": "m", "max_tokens": 9, "messages": [message], **fields}


def texts(document: dict[str, Any]) -> set[str]:
    return {leaf.text for leaf in parse(document).leaves}


def kinds(document: dict[str, Any]) -> dict[str, LeafKind]:
    return {leaf.text: leaf.kind for leaf in parse(document).leaves}


@given(st.dictionaries(NAMES, JSON, max_size=4), st.sampled_from(["", "text", "tool", "new"]))
def test_nothing_of_an_unknown_field_is_passed_over(fields: dict[str, Any], place: str) -> None:
    """Default-deny, in the request, in a block, in a tool, and in a block of no known type."""
    documents: dict[str, dict[str, Any]] = {
        "": body(**fields),
        "text": body({"type": "text", "text": "a", **fields}),
        "tool": body(tools=[{"name": "f", "input_schema": {}, **fields}]),
        "new": body({"type": "new_block", **fields}),
    }
    parsed = parse(documents[place])
    # A string that holds JSON is many leaves.
    wanted = {text for text in strings(fields) if text.strip()[:1] not in ("[", "{") and text}
    assert wanted <= {leaf.text for leaf in parsed.leaves}
    assert {path[-1] for path in parsed.unknown} >= fields.keys()
    assert parsed.has_media is (place == "new")


def test_a_request_as_clients_send_it() -> None:
    parsed = parse(
        body(
            {"type": "text", "text": "one", "cache_control": {"type": "ephemeral", "ttl": "1h"}},
            {"type": "text", "text": "two"},
            {
                "type": "tool_result",
                "tool_use_id": "call of mine",
                "content": [{"type": "text", "text": "result"}],
                "is_error": False,
            },
            system=[{"type": "text", "text": "be kind"}],
            stream=True,
            temperature=0.5,
            stop_sequences=["stop here"],
            metadata={"user_id": "jane"},
            tools=[
                {
                    "name": "f",
                    "description": "does it",
                    "input_schema": {"type": "object", "properties": {"who": {"type": "string"}}},
                }
            ],
            tool_choice={"type": "tool", "name": "f", "disable_parallel_tool_use": True},
            thinking={"type": "enabled", "budget_tokens": 2048},
            service_tier="auto",
        )
    )

    leaves = {leaf.text: leaf for leaf in parsed.leaves}
    assert leaves.keys() == {
        "m", "one", "two", "call of mine", "result", "be kind", "stop here", "f", "does it", "who",
    }  # fmt: skip
    assert leaves["one"].group == leaves["two"].group != leaves["result"].group
    assert (leaves["one"].role, leaves["result"].role) == ("user", "tool")
    assert leaves["call of mine"].kind is LeafKind.IDENTIFIER
    assert (parsed.stream, parsed.unknown, parsed.has_media) == (True, (), False)
    assert parsed.identities == (("metadata", "user_id"),)
    assert parsed.hosted_tools == frozenset()
    assert parsed.fields == {}


def test_the_input_of_a_tool_is_read_to_its_leaves() -> None:
    """Also numbers: long ones are leaves, short ones are found where they are wanted."""
    given_back = {"to": "jane", "list": [{"deep": "low"}], "card": 4111111111111111, "room": 4711}
    block = {"type": "tool_use", "id": "toolu_01A09q90qw90lkasdjlq1234", "name": "f", "input": {}}
    document = body({**block, "input": given_back})
    parsed = parse(document)

    found = {leaf.text: leaf.kind for leaf in parsed.leaves}
    assert found["jane"] is found["low"] is LeafKind.PROSE
    assert found["to"] is found["deep"] is LeafKind.KEY
    assert found["4111111111111111"] is LeafKind.NUMBER
    assert [leaf.path[-1] for leaf in parsed.short_numbers({"4711"})] == ["room"]
    assert "toolu_01A09q90qw90lkasdjlq1234" not in found


@pytest.mark.parametrize(
    ("field", "text", "is_read"),
    [
        ("signature", "EqQBCgIYAhIM1gbcDa9GJwZA2b3hGgxBdjrkzLoky3dl1pk", False),
        ("signature", "", False),
        ("signature", "Write to jane.roe@example.com, please.", True),
        ("signature", "4111111111111111", True),
        ("thinking", "EqQBCgIYAhIM1gbcDa9GJwZA2b3hGgxBdjrkzLoky3dl1pk", True),
    ],
)
def test_only_what_no_person_writes_goes_unread(field: str, text: str, is_read: bool) -> None:
    block = {"type": "thinking", "thinking": "hm", "signature": "x", field: text}
    assert (text in texts(body(block))) is is_read


def test_ids_and_moments_of_the_provider_go_unread() -> None:
    fetched = {"type": "web_fetch_result", "url": "u", "retrieved_at": "2026-01-02T03:04:05Z"}
    block = {
        "type": "web_fetch_tool_result",
        "tool_use_id": "srvtoolu_01A09q90qw90lkasdjlq",
        "content": fetched,
    }
    assert texts(body(block)) == {"m", "u"}
    odd = {**block, "tool_use_id": "toolu_jane", "content": {**fetched, "retrieved_at": "1 May"}}
    assert texts(body(odd)) == {"m", "u", "toolu_jane", "1 May"}


@pytest.mark.parametrize(
    ("block", "has_media"),
    [
        ({"type": "text", "text": "x"}, False),
        ({"type": "image", "source": {"type": "base64", "media_type": "image/png"}}, True),
        ({"type": "image", "source": {"type": "url", "url": "https://a.example/x.png"}}, True),
        ({"type": "document", "source": {"type": "file", "file_id": "file_1"}}, True),
        ({"type": "document", "source": {"type": "text", "data": "x"}}, False),
        ({"type": "document", "source": {"type": "content", "content": "x"}}, False),
        (
            {
                "type": "document",
                "source": {"type": "content", "content": [{"type": "image", "source": {}}]},
            },
            True,
        ),
        ({"type": "tool_result", "content": [{"type": "image", "source": {}}]}, True),
        ({"type": "container_upload", "file_id": "file_1"}, True),
        ({"type": "redacted_thinking", "data": "x" * 40}, False),
    ],
)
def test_media_are_told(block: dict[str, Any], has_media: bool) -> None:
    assert parse(body(block)).has_media is has_media


def test_all_of_a_document_but_its_bytes_is_read() -> None:
    data = "JVBERi0xLjQK"
    block = {
        "type": "document",
        "source": {"type": "base64", "media_type": "application/pdf", "data": data},
        "title": "of jane",
        "context": "sent by john",
        "citations": {"enabled": True},
    }
    text = {**block, "source": {"type": "text", "media_type": "text/plain", "data": data}}
    assert texts(body(block)) == {"m", "of jane", "sent by john"}
    assert texts(body(text)) == {"m", "of jane", "sent by john", data}


HOSTED = [
    ({"tools": [{"type": "web_search_20260318", "name": "web_search"}]}, {"web_search"}),
    ({"tools": [{"type": "web_fetch_20250910", "name": "web_fetch"}]}, {"web_fetch"}),
    ({"tools": [{"type": "code_execution_20250825"}]}, {"code_interpreter"}),
    ({"tools": [{"type": "tool_search_tool_regex", "name": "t"}]}, {"tool_search"}),
    ({"tools": [{"type": "tool_search_tool_bm25_20251119"}]}, {"tool_search"}),
    ({"tools": [{"type": "advisor_20260301", "model": "other"}]}, {"advisor"}),
    ({"tools": [{"type": "mcp_toolset", "mcp_server_name": "s"}]}, {"mcp"}),
    ({"mcp_servers": [{"type": "url", "name": "s", "url": "https://s.example"}]}, {"mcp"}),
    ({"container": "container_1"}, {"code_interpreter"}),
    ({"container": {"skills": [{"skill_id": "pptx"}]}}, {"code_interpreter"}),
    ({"mcp_servers": [], "container": None}, set()),
    ({"tools": [{"type": "bash_20250124", "name": "bash"}]}, set()),
    ({"tools": [{"type": "text_editor_20250728", "name": "e"}]}, set()),
    ({"tools": [{"type": "computer_20251124", "name": "computer"}]}, set()),
    ({"tools": [{"type": "memory_20250818", "name": "memory"}]}, set()),
    ({"tools": [{"type": "custom", "name": "f"}, {"name": "g", "type": None}]}, set()),
]


@pytest.mark.parametrize(("fields", "expected"), HOSTED)
def test_what_the_provider_runs_is_told(fields: dict[str, Any], expected: set[str]) -> None:
    assert parse(body(**fields)).hosted_tools == expected
    for definition in fields.get("tools") or ():
        # A tool may also be added in the middle of a conversation.
        tool = {"type": "tool_definition", "definition": definition}
        added = parse(body({"type": "tool_addition", "tool": tool}))
        assert added.hosted_tools == parse(body(tools=[definition])).hosted_tools


@pytest.mark.parametrize("kind", ["new_tool_20270101", "web_search_20250305_x", "", 1, ["x"]])
def test_a_tool_of_no_known_type_is_refused(kind: Any) -> None:
    with pytest.raises(RequestError) as caught:
        parse(body(tools=[{"name": "f"}, {"type": kind, "name": "jane"}]))
    assert (caught.value.code, caught.value.param) == ("unsupported_tool", "tools[1].type")
    assert "jane" not in str(caught.value)


def test_the_token_of_an_mcp_server_is_meant_for_the_provider() -> None:
    server = {"type": "url", "name": "s", "url": "https://s.example/jane"}
    found = kinds(body(mcp_servers=[{**server, "authorization_token": "a" * 40}]))
    assert found == {
        "m": LeafKind.MODEL, "hi": LeafKind.PROSE, "s": LeafKind.IDENTIFIER,
        "https://s.example/jane": LeafKind.PROSE,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "is_json"),
    [
        ({"output_config": {"format": {"type": "json_schema", "schema": {}}}}, True),
        ({"output_format": {"type": "json_schema", "schema": {}}}, True),
        ({"output_config": {"effort": "low"}}, False),
        ({"output_config": {"format": None}}, False),
        ({"output_config": []}, False),
        ({}, False),
    ],
)
def test_a_schema_for_the_answer_is_told(fields: dict[str, Any], is_json: bool) -> None:
    assert parse(body(**fields)).json_answer is is_json


@pytest.mark.parametrize(
    ("document", "param"),
    [
        ({"messages": []}, "model"),
        ({"model": "", "messages": [{"role": "user"}]}, "model"),
        ({"model": "m"}, "messages"),
        ({"model": "m", "messages": []}, "messages"),
        ({"model": "m", "messages": ["x"]}, "messages[0]"),
        ({"model": "m", "messages": [{"role": "user"}, {"content": "x"}]}, "messages[1]"),
        (body(stream="yes"), "stream"),
        (body(cache_salt="x"), "cache_salt"),
        (body(priority=1), "priority"),
        (body(fallbacks=[]), "fallbacks"),
        (body(thread={"type": "create"}), "thread"),
    ],
)
def test_what_cannot_be_served_is_refused(document: dict[str, Any], param: str) -> None:
    with pytest.raises(RequestError) as caught:
        parse(document)
    assert caught.value.param == param


def test_a_count_is_no_stream() -> None:
    assert parse_count(body(stream=False)).stream is False
    with pytest.raises(RequestError):
        parse_count(body(stream=True))


def test_the_opening_is_all_up_to_the_first_message_of_the_user() -> None:
    def opening(*messages: Any, **fields: Any) -> bytes:
        return parse({"model": "m", "messages": list(messages), **fields}).opening

    user, more = {"role": "user", "content": "hi"}, {"role": "assistant", "content": "yes"}
    assert opening(user) == opening(user, more, user)
    assert opening(user) != opening(user, system="be kind")
    assert opening(more, user) != opening(user)


def standing_at(document: Any, leaf: Leaf) -> str:
    value: Any = document
    for step in leaf.path[:-1] if leaf.kind is LeafKind.KEY else leaf.path:
        value = value[step]
    return str(leaf.path[-1] if leaf.kind is LeafKind.KEY else value)


@given(st.data())
def test_odd_requests_are_taken_apart_or_refused(data: st.DataObject) -> None:
    """Any value in any place: no other error than ours, and each leaf says what stands there."""
    odd: list[Any] = [None, True, 0, 1.5, "", "x", [], {}, [None], {"type": "text"}, [[]], "{"]

    def spoiled(value: Any) -> Any:
        if data.draw(st.integers(0, 9)) == 0:
            return data.draw(st.sampled_from(odd))
        if isinstance(value, dict):
            return {key: spoiled(child) for key, child in value.items()}
        return [spoiled(child) for child in value] if isinstance(value, list) else value

    whole = body(
        {"type": "text", "text": "x", "citations": [{"type": "char_location"}]},
        {"type": "tool_use", "id": "a", "name": "f", "input": {"a": 1}},
        {"type": "document", "source": {"type": "base64", "data": "x"}},
        {"type": "tool_result", "content": [{"type": "text", "text": "x"}]},
        system="x",
        metadata={"user_id": "u"},
        tools=[{"name": "f", "input_schema": {}}],
        container={"id": "c"},
        output_config={"format": {"type": "json_schema"}},
    )
    document = {key: spoiled(value) for key, value in whole.items()}
    before = copy.deepcopy(document)
    with suppress(RequestError):
        parsed = parse(document)
        assert orjson.dumps(parsed.document) == orjson.dumps(before)
        for leaf in [*parsed.leaves, *parsed.short_numbers({"1"})]:
            if leaf.inner is None:
                assert leaf.text == standing_at(document, leaf)
