"""Chat requests: every place where text can stand is a leaf, whatever field it is in."""

from __future__ import annotations

import copy
import itertools
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import RequestError
from gateway.types import LeafKind
from gateway.wire.chat import parse

JSON = st.recursive(
    st.none() | st.booleans() | st.text(max_size=8) | st.integers(-(10**12), 10**12),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=6), children, max_size=3)
    ),
    max_leaves=8,
)


def texts(document: dict[str, Any]) -> set[str]:
    return {leaf.text for leaf in parse(document).leaves}


def body(**fields: Any) -> dict[str, Any]:
    return {"model": "m", "messages": [{"role": "user", "content": "hi"}], **fields}


@given(st.dictionaries(st.text(min_size=1, max_size=8).map("x_".__add__), JSON, max_size=4))
def test_nothing_of_an_unknown_field_is_passed_over(fields: dict[str, Any]) -> None:
    """Default-deny: every string, key and long number of every unknown field is a leaf."""

    def strings(value: Any) -> Any:
        if isinstance(value, str) and value:
            yield value
        elif isinstance(value, dict):
            for key, child in value.items():
                if key:
                    yield key
                yield from strings(child)
        elif isinstance(value, list):
            yield from itertools.chain.from_iterable(map(strings, value))
        elif isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 10**6:
            yield str(value)

    joined = "\n".join(sorted(texts(body(**fields))))
    for text in strings(fields):
        # A string that holds JSON is read literal by literal.
        if not text.strip().startswith(("{", "[")):
            assert text in joined


KNOWN = (
    "tools tool_choice functions function_call response_format prediction stop user metadata "
    "modalities reasoning_effort logit_bias web_search_options temperature n seed"
).split()


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(KNOWN, JSON)))
def test_any_shape_is_taken_apart_or_refused(fields: dict[str, Any]) -> None:
    """Never a traceback; and taking apart changes nothing in the body."""
    document = body(**fields)
    before = copy.deepcopy(document)
    with suppress(RequestError):
        parse(document)

    assert document == before


@pytest.mark.parametrize(
    ("key", "value"),
    [("role", "john"), ("type", "john")],
)
def test_a_protocol_word_that_is_none_is_read(key: str, value: str) -> None:
    """A field for a word of the protocol is no way around detection."""
    message: dict[str, Any] = {"role": "user", "content": [{"type": "text", "text": "hi"}]}
    if key == "role":
        message["role"] = value
    else:
        message["content"][0]["type"] = value

    assert value in texts({"model": "m", "messages": [message]})


def test_places_of_a_message() -> None:
    """Kinds and roles of the leaves of each place."""
    parsed = parse(
        {
            "model": "m",
            "messages": [
                {"role": "system", "content": "s"},
                {
                    "role": "user",
                    "name": "u",
                    "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}],
                },
                {
                    "role": "assistant",
                    "content": None,
                    "reasoning_content": "r",
                    "refusal": "f",
                    "tool_calls": [
                        {
                            "id": "i",
                            "type": "function",
                            "function": {"name": "g", "arguments": '{"k": "v", "n": 1234567}'},
                        }
                    ],
                },
                {"role": "tool", "tool_call_id": "i", "content": "t"},
            ],
        }
    )
    seen = {(leaf.text, leaf.kind.value, leaf.role) for leaf in parsed.leaves}

    assert seen == {
        ("m", "model", ""), ("s", "prose", "system"), ("u", "identifier", "user"),
        ("a", "prose", "user"), ("b", "prose", "user"), ("r", "prose", "assistant"),
        ("f", "prose", "assistant"), ("i", "identifier", "assistant"),
        ("g", "identifier", "assistant"), ("k", "prose", "assistant"), ("n", "prose", "assistant"),
        ("v", "prose", "assistant"), ("1234567", "number", "assistant"),
        ("i", "identifier", "tool"), ("t", "prose", "tool"),
    }  # fmt: skip
    groups = {leaf.text: leaf.group for leaf in parsed.leaves}
    assert groups["a"] == groups["b"] >= 0


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
        {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
        {"type": "file", "file": {"file_data": "AAAA"}},
    ],
)
def test_media_is_marked(part: dict[str, Any]) -> None:
    """Policy keeps what cannot be read on the premises."""
    parsed = parse({"model": "m", "messages": [{"role": "user", "content": [part]}]})

    assert parsed.has_media
    assert not parse(body()).has_media


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"cache_salt": "x"}, "unsupported_parameter"),
        ({"priority": None}, "unsupported_parameter"),
        ({"tools": [{"type": "web_search"}]}, "unsupported_tool"),
        ({"messages": []}, "invalid_request"),
        ({"messages": "x"}, "invalid_request"),
        ({"messages": [{"content": "x"}]}, "invalid_request"),
        ({"messages": ["x"]}, "invalid_request"),
        ({"model": 1}, "invalid_request"),
        ({"model": ""}, "invalid_request"),
        ({"stream": "yes"}, "invalid_request"),
        ({"stream_options": "x"}, "invalid_request"),
    ],
)
def test_what_is_refused(fields: dict[str, Any], code: str) -> None:
    """With a stable code and the place."""
    with pytest.raises(RequestError) as caught:
        parse(body(**fields))

    assert caught.value.code == code
    assert caught.value.param is not None


@pytest.mark.parametrize(
    ("fields", "asked"),
    [
        ({}, ()),
        ({"logprobs": False, "echo": None}, ()),
        ({"logprobs": True}, (("logprobs",),)),
        ({"top_logprobs": 2, "logprobs": True}, (("logprobs",), ("top_logprobs",))),
        ({"prompt_logprobs": 0}, (("prompt_logprobs",),)),
        ({"return_token_ids": True}, (("return_token_ids",),)),
        ({"echo": True}, (("echo",),)),
        ({"stop_token_ids": []}, (("stop_token_ids",),)),
    ],
)
def test_what_asks_for_pieces_of_the_answer(
    fields: dict[str, Any], asked: tuple[tuple[str, ...], ...]
) -> None:
    """Policy says what becomes of it. Nothing but null and false asks for none: 0 does."""
    assert parse(body(**fields)).logprobs == asked


@pytest.mark.parametrize(
    ("fields", "kinds"),
    [
        ({}, set()),
        ({"web_search_options": None}, set()),
        ({"web_search_options": {}}, {"web_search"}),
        ({"enable_search": True}, {"web_search"}),
        ({"enable_search": False}, set()),
        ({"plugins": [{"id": "web"}], "mcp_servers": []}, {"plugins", "mcp"}),
        ({"web_search_options": {"user_location": {"city": "Bonn"}}}, {"web_search"}),
    ],
)
def test_tools_of_the_provider_are_named(fields: dict[str, Any], kinds: set[str]) -> None:
    """Policy says which of them may be used off the premises."""
    assert parse(body(**fields)).hosted_tools == kinds


@pytest.mark.parametrize(
    ("fields", "unknown"),
    [
        ({"temperature": 1, "metadata": {"a": "b"}, "store": True, "logit_bias": {}}, ()),
        ({"guided_regex": "x"}, (("guided_regex",),)),
        ({"x": {"y": {"z": 1}}}, (("x",),)),
        ({"tools": [{"type": "function", "x": 1}]}, (("tools", 0, "x"),)),
        (
            {"tools": [{"type": "function", "function": {"name": "f", "strict": True, "x": 1}}]},
            (("tools", 0, "function", "x"),),
        ),
        ({"functions": [{"name": "f", "parameters": {}, "x": 1}]}, (("functions", 0, "x"),)),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"schema": {}, "x": 1}}},
            (("response_format", "json_schema", "x"),),
        ),
        (
            {
                "messages": [
                    {
                        "role": "user",
                        "content": [
                            {
                                "type": "image_url",
                                "image_url": {"url": "https://h.example/a", "detail": "low"},
                            },
                            {"type": "file", "file": {"file_id": "a", "x": 1}},
                        ],
                    }
                ]
            },
            (("messages", 0, "content", 1, "file", "x"),),
        ),
        ({"tool_choice": {"type": "function", "x": 1}}, (("tool_choice", "x"),)),
        ({"response_format": {"type": "text", "x": 1}}, (("response_format", "x"),)),
        (
            {"messages": [{"role": "user", "content": [{"type": "text", "text": "a", "x": 1}]}]},
            (("messages", 0, "content", 0, "x"),),
        ),
        (
            {"messages": [{"role": "user", "content": "a", "x": 1}, {"role": "user", "y": 2}]},
            (("messages", 0, "x"), ("messages", 1, "y")),
        ),
    ],
)
def test_what_nobody_named_is_told(
    fields: dict[str, Any], unknown: tuple[tuple[str | int, ...], ...]
) -> None:
    """The outermost member only, wherever it stands: policy may drop it or refuse the request."""
    assert parse(body(**fields)).unknown == unknown


def test_usage_is_always_asked_for_in_streams() -> None:
    """And the caller's own wish is remembered."""
    plain = parse(body(stream=True))
    wished = parse(body(stream=True, stream_options={"include_usage": True}, store=True))

    assert plain.fields == {"stream_options": {"include_usage": True}}
    assert not plain.wants_usage
    assert wished.wants_usage
    assert wished.fields["store"] is False
    assert parse(body()).fields == {}


def test_the_models_name_is_a_leaf_of_its_own_kind() -> None:
    """Scanned, never masked."""
    kinds = [leaf.kind for leaf in parse(body()).leaves]

    assert kinds[0] is LeafKind.MODEL


PLACES: list[dict[str, Any]] = [
    {"response_format": {"type": "text", "canary": -1}},
    {"response_format": {"type": "json_schema", "json_schema": {"canary": None}}},
    {"tool_choice": {"type": "function", "canary": {}}},
    {"prediction": {"type": "content", "canary": None}},
    {"tools": [{"type": "function", "function": {"name": "f"}, "canary": None}]},
    {"function_call": {"name": "f", "canary": False}},
    {"modalities": ["canary"]},
    {"reasoning_effort": "canary"},
    {"reasoning_effort": ["canary"]},
    {"temperature": "canary"},
    {"user": ["canary"]},
    {"canary": None},
]
PARTS: list[dict[str, Any]] = [
    {"type": "image_url", "image_url": {"url": "https://h.example/canary"}},
    {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA", "detail": "canary"}},
    {"type": "file", "file": {"file_data": "AA", "filename": "canary"}},
    {"type": "file", "file": "canary"},
    {"type": "input_audio", "input_audio": {"data": "AA"}, "canary": 1},
    {"type": ["canary"], "image_url": {}},
    {"type": "text", "text": "x", "canary": None},
]


@pytest.mark.parametrize("fields", PLACES)
def test_a_stray_key_or_word_is_read_wherever_it_stands(fields: dict[str, Any]) -> None:
    """Also beside the fields that are known, and with nothing in it."""
    assert any("canary" in text for text in texts(body(**fields)))


@pytest.mark.parametrize("part", PARTS)
def test_all_of_a_part_but_its_media_is_read(part: dict[str, Any]) -> None:
    """File names, addresses, and whatever else is there."""
    document = {"model": "m", "messages": [{"role": "user", "content": [part]}]}

    assert any("canary" in text for text in texts(document))


@pytest.mark.parametrize(
    "content",
    [
        [{"image_url": {"url": "data:image/png;base64,AA"}}],
        [{"type": "text", "text": "x", "image_url": {"url": "data:image/png;base64,AA"}}],
        [{"type": "input_image", "image_url": "data:image/png;base64,AA"}],
        [{"type": "image_embeds", "image_embeds": "AA"}],
    ],
)
def test_what_is_not_plainly_text_counts_as_media(content: list[Any]) -> None:
    """Whatever it calls itself."""
    assert parse({"model": "m", "messages": [{"role": "user", "content": content}]}).has_media


def test_media_beside_the_content_counts() -> None:
    """Some servers take images in a field of the message."""
    message = {"role": "user", "content": "x", "images": ["AA"]}

    assert parse({"model": "m", "messages": [message]}).has_media


@pytest.mark.parametrize(
    "fields",
    [
        {"audio": {"id": "canary"}},
        {"tool_calls": [{"type": "function", "index": 4111111111111111, "function": {}}]},
    ],
)
def test_no_member_of_a_message_is_passed_over(fields: dict[str, Any]) -> None:
    """Neither what an earlier answer said nor a number where a small one belongs."""
    found = texts({"model": "m", "messages": [{"role": "assistant", **fields}]})

    assert found & {"canary", "4111111111111111"}


def test_nothing_of_the_callers_stream_options_goes_along() -> None:
    """With a stream they are ours; without one they are nothing."""
    assert parse(body(stream_options={"x": "canary"})).fields == {"stream_options": None}


def test_a_long_number_is_read_even_where_a_number_belongs() -> None:
    """A seed may be a card."""
    assert "4111111111111111" in texts(body(seed=4111111111111111))
    assert texts(body(seed=7)) == {"m", "hi"}


def test_half_a_surrogate_in_nested_json_is_prose() -> None:
    """It could not be written back as a literal."""
    document = {"model": "m", "messages": [{"role": "tool", "content": '["\\ud800 x"]'}]}

    assert [leaf.inner for leaf in parse(document).leaves[1:]] == [None]
