"""Responses requests: every place where text can stand is a leaf, whatever item it is in."""

from __future__ import annotations

import copy
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import RequestError
from gateway.types import Family, LeafKind
from gateway.wire.responses import parse
from tests.wire.responses_sdk import given_items, sample, tools

JSON = st.recursive(
    st.none() | st.booleans() | st.text(max_size=8) | st.integers(-(10**12), 10**12),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=6), children, max_size=3)
    ),
    max_leaves=8,
)


def body(**fields: Any) -> dict[str, Any]:
    return {"model": "m", "input": "hi", **fields}


REFUSED = {"item_reference"}  # another's could be read out through it


def texts(document: dict[str, Any]) -> set[str]:
    return {leaf.text for leaf in parse(document).leaves}


def strings(value: Any) -> Any:
    if isinstance(value, str) and value:
        yield value
    elif isinstance(value, dict):
        for child in value.values():
            yield from strings(child)
    elif isinstance(value, list):
        for child in value:
            yield from strings(child)


@pytest.mark.parametrize("kind", sorted(given_items().keys() - REFUSED))
def test_every_item_of_the_sdk_is_named(kind: str) -> None:
    """No field of any item that the official client can send is one that nobody named."""
    for shape in given_items()[kind]:
        item = sample(shape)
        parsed = parse(body(input=[item]))

        assert parsed.unknown == (), item


@pytest.mark.parametrize("kind", sorted(given_items().keys() - REFUSED))
def test_every_text_of_an_item_is_read(kind: str) -> None:
    """What is not a word of the protocol is a leaf: as often as the mark stands in the sample."""
    for shape in given_items()[kind]:
        item = sample(shape, text="mark one")
        read = [leaf.text for leaf in parse(body(input=[item])).leaves]

        assert list(strings(item)).count("mark one") == read.count("mark one")


@pytest.mark.parametrize("kind", sorted(tools()))
def test_every_tool_of_the_sdk_is_named(kind: str) -> None:
    for shape in tools()[kind]:
        assert parse(body(tools=[sample(shape)])).unknown == ()


@given(st.dictionaries(st.text(min_size=1, max_size=8).map("x_".__add__), JSON, max_size=4))
def test_nothing_of_an_unknown_field_is_passed_over(fields: dict[str, Any]) -> None:
    """Default-deny, at the top and in an item."""
    item = {"type": "message", "role": "user", "content": "hi", **fields}
    for document in (body(**fields), body(input=[item])):
        joined = "\n".join(sorted(texts(document)))
        for text in strings(fields):
            if not text.strip().startswith(("{", "[")):
                assert text in joined


KNOWN = (
    "tools tool_choice text reasoning include metadata prompt instructions truncation stop "
    "stream_options previous_response_id store user top_logprobs moderation input"
).split()


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(KNOWN, JSON)))
def test_any_shape_is_taken_apart_or_refused(fields: dict[str, Any]) -> None:
    """Never a traceback; and taking apart changes nothing in the body."""
    document = body(**fields)
    before = copy.deepcopy(document)
    with suppress(RequestError):
        parse(document)

    assert document == before


@settings(deadline=None)
@given(st.data())
def test_any_item_is_taken_apart(data: st.DataObject) -> None:
    """Whatever stands in its fields, it is read."""
    kind = data.draw(st.sampled_from(sorted(given_items())))
    shape = data.draw(st.sampled_from(given_items()[kind]))

    def spoiled(value: Any) -> Any:
        if data.draw(st.integers(0, 9)) == 0:
            return data.draw(JSON)
        if isinstance(value, dict):
            return {key: spoiled(child) for key, child in value.items()}
        return [spoiled(child) for child in value] if isinstance(value, list) else value

    item = {key: spoiled(child) for key, child in sample(shape).items()} | {"canary": "kept"}
    with suppress(RequestError):  # of its tools
        assert "kept" in texts(body(input=[item]))


def test_places_of_the_input() -> None:
    """Kinds and roles of the leaves of each place."""
    parsed = parse(
        {
            "model": "m",
            "instructions": "s",
            "input": [
                {
                    "role": "user",
                    "content": [
                        {"type": "input_text", "text": "a"},
                        {"type": "input_text", "text": "b"},
                    ],
                },
                {
                    "type": "reasoning",
                    "id": "rs_" + "0a" * 16,
                    "summary": [{"type": "summary_text", "text": "r"}],
                    "encrypted_content": "gAAA" * 12,
                },
                {
                    "type": "function_call",
                    "id": "fc_" + "0a" * 16,
                    "call_id": "i",
                    "name": "g",
                    "arguments": '{"k": "v", "n": 1234567}',
                },
                {"type": "function_call_output", "call_id": "i", "output": "t"},
            ],
        }
    )
    seen = {(leaf.text, leaf.kind.value, leaf.role) for leaf in parsed.leaves}

    assert seen == {
        ("m", "model", ""), ("s", "prose", "system"), ("a", "prose", "user"),
        ("b", "prose", "user"), ("r", "prose", "assistant"), ("i", "identifier", "assistant"),
        ("g", "identifier", "assistant"), ("k", "prose", "assistant"), ("n", "prose", "assistant"),
        ("v", "prose", "assistant"), ("1234567", "number", "assistant"),
        ("i", "identifier", "tool"), ("t", "prose", "tool"),
    }  # fmt: skip
    groups = {leaf.text: leaf.group for leaf in parsed.leaves}
    assert groups["a"] == groups["b"] >= 0
    assert parsed.family is Family.RESPONSES
    assert not parsed.has_media


@pytest.mark.parametrize(
    ("item", "text"),
    [
        ({"type": "reasoning", "encrypted_content": "Call Jane Roe"}, "Call Jane Roe"),
        ({"type": "function_call_output", "call_id": "4111111111111111"}, "4111111111111111"),
        ({"type": "jane", "name": "x"}, "jane"),
        ({"role": "jane", "content": "x"}, "jane"),
        ({"type": "message", "role": "user", "content": [{"type": "jane"}]}, "jane"),
        ({"role": "user", "content": [{"type": "input_text", "text": "a", "jane": 1}]}, "jane"),
    ],
)
def test_a_place_for_an_id_or_a_word_is_no_way_around_detection(
    item: dict[str, Any], text: str
) -> None:
    """What has not the form of what belongs there is read."""
    assert text in texts(body(input=[item]))


@pytest.mark.parametrize(
    "part",
    [
        {"type": "input_image", "image_url": "data:image/png;base64," + "AAAA" * 20},
        {"type": "input_image", "file_id": "file-x"},
        {"type": "input_file", "file_data": "AAAA" * 20, "filename": "a.pdf"},
        {"type": "input_audio", "input_audio": {"data": "AAAA"}},
        {"type": "input_text", "text": "x", "images": ["AA"]},
    ],
)
def test_media_is_marked(part: dict[str, Any]) -> None:
    """Policy keeps what cannot be read on the premises; the bytes themselves are no leaf."""
    parsed = parse(body(input=[{"role": "user", "content": [part]}]))

    assert parsed.has_media
    assert not parse(body()).has_media
    assert not any("AAAA" * 20 in leaf.text for leaf in parsed.leaves)


@pytest.mark.parametrize(
    "url",
    [
        "https://h.example/canary",
        "data:text/plain,canary",
        "canary",
        "data:image/png;base64,canary",
    ],
)
def test_what_is_no_media_is_read(url: str) -> None:
    """An address, or text in the place of bytes."""
    part = {"type": "input_image", "image_url": url}

    assert url in texts(body(input=[{"role": "user", "content": [part]}]))


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"cache_salt": "x"}, "unsupported_parameter"),
        ({"priority": 1}, "unsupported_parameter"),
        ({"background": True}, "unsupported_parameter"),
        ({"conversation": "conv_1"}, "unsupported_parameter"),
        ({"conversation": {"id": "conv_1"}}, "unsupported_parameter"),
        ({"input": [{"type": "item_reference", "id": "telepathy"}]}, "unsupported_parameter"),
        ({"input": [{"id": "telepathy"}]}, "unsupported_parameter"),
        ({"include": ["everything"]}, "unsupported_parameter"),
        ({"include": [["x"]]}, "unsupported_parameter"),
        ({"tools": [{"type": "telepathy"}]}, "unsupported_tool"),
        ({"tools": ["x"]}, "unsupported_tool"),
        (
            {"input": [{"type": "additional_tools", "tools": [{"type": "telepathy"}]}]},
            "unsupported_tool",
        ),
        ({"input": None}, "invalid_request"),
        ({"input": 1}, "invalid_request"),
        ({"input": ["x"]}, "invalid_request"),
        ({"model": ""}, "invalid_request"),
        ({"stream": "yes"}, "invalid_request"),
        ({"store": "yes"}, "invalid_request"),
        ({"previous_response_id": 1}, "invalid_request"),
    ],
)
def test_what_is_refused(fields: dict[str, Any], code: str) -> None:
    """With a stable code and the place, never with what stood there."""
    with pytest.raises(RequestError) as caught:
        parse(body(**fields))

    assert caught.value.code == code
    assert caught.value.param is not None
    assert "telepathy" not in f"{caught.value} {caught.value.param}"


@pytest.mark.parametrize(
    ("fields", "asked"),
    [
        ({}, ()),
        ({"top_logprobs": 0}, ()),
        ({"top_logprobs": 2}, (("top_logprobs",),)),
        ({"include": ["reasoning.encrypted_content"]}, ()),
        (
            {"include": ["reasoning.encrypted_content", "message.output_text.logprobs"]},
            (("include", 1),),
        ),
        ({"return_token_ids": True}, (("return_token_ids",),)),
    ],
)
def test_what_asks_for_pieces_of_the_answer(fields: dict[str, Any], asked: Any) -> None:
    """Policy says what becomes of it."""
    assert parse(body(**fields)).logprobs == asked


@pytest.mark.parametrize(
    ("fields", "kinds"),
    [
        ({}, set()),
        ({"tools": [{"type": "function", "name": "f"}, {"type": "custom", "name": "c"}]}, set()),
        ({"tools": [{"type": "web_search_preview"}, {"type": "mcp"}]}, {"web_search", "mcp"}),
        ({"tools": [{"type": "local_shell"}, {"type": "apply_patch"}]}, set()),
        ({"tools": [{"type": "shell"}]}, {"shell"}),
        ({"tools": [{"type": "shell", "environment": {"type": "local"}}]}, set()),
        ({"tools": [{"type": "tool_search", "execution": "client"}]}, set()),
        ({"tools": [{"type": "computer_use_preview"}]}, {"computer_use"}),
        ({"input": [{"type": "additional_tools", "tools": [{"type": "mcp"}]}]}, {"mcp"}),
        ({"prompt": {"id": "pmpt_1"}}, {"prompt"}),
        ({"enable_search": True}, {"web_search"}),
        ({"enable_search": False}, set()),
    ],
)
def test_tools_of_the_provider_are_named(fields: dict[str, Any], kinds: set[str]) -> None:
    """Policy says which of them may be used off the premises."""
    assert parse(body(**fields)).hosted_tools == kinds


@pytest.mark.parametrize(
    ("fields", "unknown"),
    [
        ({"temperature": 1, "metadata": {"a": "b"}, "store": True, "top_k": 3}, ()),
        ({"guided_regex": "x"}, (("guided_regex",),)),
        ({"tools": [{"type": "function", "name": "f", "x": 1}]}, (("tools", 0, "x"),)),
        ({"text": {"format": {"type": "text"}, "x": 1}}, (("text", "x"),)),
        ({"reasoning": {"effort": "low", "x": 1}}, (("reasoning", "x"),)),
        ({"input": [{"role": "user", "content": "a", "x": 1}]}, (("input", 0, "x"),)),
        ({"input": [{"type": "jane"}]}, (("input", 0),)),
        ({"prompt": {"id": "p", "variables": {"a": "b"}, "x": 1}}, (("prompt", "x"),)),
    ],
)
def test_what_nobody_named_is_told(fields: dict[str, Any], unknown: Any) -> None:
    """The outermost member only, wherever it stands: policy may drop it or refuse the request."""
    assert parse(body(**fields)).unknown == unknown


def test_the_variables_of_a_template_are_read() -> None:
    """Their names, their texts, and those of their parts."""
    variables = {"who": "Jane", "what": {"type": "input_text", "text": "Roe"}}
    found = texts({"model": "m", "prompt": {"id": "pmpt_" + "0a" * 16, "variables": variables}})

    assert found == {"m", "who", "Jane", "what", "Roe"}


def test_nothing_is_stored_and_no_id_of_a_callers_goes_along() -> None:
    """The provider stores what is not said not to be; who owns a stored answer is looked up."""
    assert parse(body()).fields == {"store": False}
    parsed = parse(body(previous_response_id="resp_1", store=True))

    assert parsed.fields == {"store": False, "previous_response_id": None}
    assert parsed.previous == "resp_1"
    assert "resp_1" not in texts(body(previous_response_id="resp_1"))


def test_of_the_stream_options_only_padding_is_the_callers() -> None:
    """With a stream; without one they are nothing."""
    asked = {"include_obfuscation": False, "x": "canary"}

    assert parse(body(stream=True, stream_options=asked)).fields["stream_options"] == {
        "include_obfuscation": False
    }
    assert parse(body(stream_options=asked)).fields["stream_options"] is None


@pytest.mark.parametrize(
    ("kind", "is_json"), [("text", False), ("json_object", True), ("json_schema", True)]
)
def test_an_answer_in_json_is_known(kind: str, is_json: bool) -> None:
    assert parse(body(text={"format": {"type": kind}})).json_answer is is_json


def test_one_conversation_has_one_opening() -> None:
    """Later turns do not change it; other instructions do."""
    first = [{"role": "user", "content": "a"}]
    later = [*first, {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"}]

    assert parse(body(input=first)).opening == parse(body(input=later)).opening
    assert parse(body(input=first)).opening != parse(body(input=later, instructions="x")).opening
    assert parse(body(input="a")).opening != parse(body(input="b")).opening


def test_numbers_the_models_name_and_schemas_have_kinds_of_their_own() -> None:
    """Short numbers are found where a value is asked for; a property's name is a key."""
    schema = {"type": "object", "properties": {"jane": {"type": "string"}}, "required": ["jane"]}
    parsed = parse(
        body(
            seed=4111111111111111,
            input=[{"role": "user", "content": '{"n": 12345}'}],
            tools=[{"type": "function", "name": "f", "parameters": schema, "strict": True}],
        )
    )
    kinds = {leaf.text: leaf.kind for leaf in parsed.leaves}

    assert kinds["m"] is LeafKind.MODEL
    assert kinds["4111111111111111"] is LeafKind.NUMBER
    assert kinds["f"] is LeafKind.IDENTIFIER
    assert [leaf.text for leaf in parsed.short_numbers({"12345"})] == ["12345"]
    assert {leaf.kind for leaf in parsed.leaves if leaf.text == "jane"} == {
        LeafKind.KEY,
        LeafKind.IDENTIFIER,
    }
