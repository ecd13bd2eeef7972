"""Responses answers: every text of every item is restored once; nothing unknown passes."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.types.responses import Response

from gateway.errors import UpstreamFailed
from gateway.wire.answers import AnswerContext, AnswerFacts, TextPlace, Tool
from gateway.wire.responses_answer import WholeResponse
from gateway.wire.responses_maker import moved
from tests.wire.responses_sdk import made_items, sample
from tests.wire.test_chat_answer import Shout


def context(*, json_content: bool = False, **more: Any) -> AnswerContext:
    plain = AnswerContext("asked", "req_1", 1700000000, json_content, True, Shout, str.upper)
    return replace(plain, **more)


def response(*items: Any, **fields: Any) -> dict[str, Any]:
    return {
        "id": "resp_1", "object": "response", "created_at": 5, "model": "org/real",
        "status": "completed", "output": list(items), **fields,
    }  # fmt: skip


def whole(document: Any, known: AnswerContext | None = None) -> tuple[dict[str, Any], AnswerFacts]:
    facts = AnswerFacts()
    return WholeResponse(document, known or context(), facts).give(), facts


def strings(value: Any) -> Any:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, child in value.items():
            yield key
            yield from strings(child)
    elif isinstance(value, list):
        for child in value:
            yield from strings(child)


@pytest.mark.parametrize("kind", sorted(made_items()))
def test_every_item_of_the_sdk_comes_back_with_all_its_texts(kind: str) -> None:
    """No field is lost but log probabilities, and no text of the upstream's goes through as it is.

    A text that is no word of the protocol holds a blank; the filter turns its `x` into something
    else wherever it stands.
    """
    for shape in made_items()[kind]:
        item = sample(shape, text="x y")
        made = whole(response(item))[0]["output"][0]
        given = set(item) - {"created_by"}

        assert "x y" not in set(strings(made))
        assert {key for key in given if item[key] != "x y"} <= set(made)
        assert {key for key in given if item[key] == "x y"} - set(made) <= {
            "id", "call_id", "container_id", "approval_request_id",
        }  # fmt: skip


def test_ids_are_ids_of_the_clients() -> None:
    """An id that a request masked is restored."""
    made = whole(response({"type": "function_call", "id": "fc_a", "call_id": "call_b"}))[0]

    assert made["output"][0] == {"type": "function_call", "id": "FC_A", "call_id": "CALL_B"}


def test_texts_have_their_places() -> None:
    """Arguments and documents are JSON, the rest is not; each is what its field says."""
    made = whole(
        response(
            {
                "type": "message",
                "role": "assistant",
                "content": [
                    {"type": "output_text", "text": "x", "logprobs": [{"token": "x"}], "new": "x"},
                    {"type": "refusal", "refusal": "x"},
                ],
            },
            {"type": "function_call", "name": "fx", "arguments": '{"a":"x"}', "new": "x"},
            {"type": "function_call", "name": "f", "arguments": {"a": "x"}},
            {"type": "custom_tool_call", "name": "c", "input": "x"},
            {"type": "reasoning", "summary": [{"type": "summary_text", "text": "x"}]},
            {"type": "tool_search_call", "arguments": {"x": ["x", 1]}},
        )
    )[0]["output"]

    assert made[0]["content"][0] == {"type": "output_text", "text": "V", "logprobs": []}
    assert made[0]["content"][1] == {"type": "refusal", "refusal": "V"}
    assert made[1] == {"type": "function_call", "name": "fV", "arguments": '{"a":"J"}'}
    assert made[2]["arguments"] == '{"a":"J"}'
    assert made[3]["input"] == "V"
    assert made[4]["summary"] == [{"type": "summary_text", "text": "V"}]
    assert made[5]["arguments"] == {"J": ["J", 1]}


def test_sources_that_are_no_addresses_are_known() -> None:
    """The client's types do not name them, but its API gives them."""
    sources = [{"type": "api", "name": "x"}, {"type": "url", "url": "x"}]
    item = {"type": "web_search_call", "action": {"type": "search", "sources": sources}}

    assert whole(response(item))[0]["output"][0]["action"]["sources"] == [
        {"type": "api", "name": "V"},
        {"type": "url", "url": "V"},
    ]


def test_what_was_asked_for_in_json_is_read_as_json() -> None:
    content = [{"type": "output_text", "text": "x"}]
    item = {"type": "message", "content": content}

    made = whole(response(item), context(json_content=True))[0]

    assert made["output"][0]["content"][0]["text"] == "J"


def test_what_a_provider_has_sealed_is_untouched() -> None:
    """And so is a picture; what only pretends to be one is a text."""
    sealed, picture = "xA0" * 20, "data:image/png;base64," + "xAAA" * 20
    made = whole(
        response(
            {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": sealed},
            {"type": "image_generation_call", "id": "i", "result": "xAAA" * 20},
            {
                "type": "code_interpreter_call",
                "outputs": [{"type": "image", "url": picture}, {"type": "image", "url": "x y"}],
            },
        )
    )[0]["output"]

    assert made[0]["encrypted_content"] == sealed
    assert made[1]["result"] == "xAAA" * 20
    assert [one["url"] for one in made[2]["outputs"]] == [picture, "V y"]


def test_the_answer_repeats_the_clients_own_request() -> None:
    """Not what the upstream repeats, which it saw masked; and no secret of a server."""
    asked: dict[str, Any] = {
        "instructions": "Jane", "metadata": {"a": "b"}, "user": "jane",
        "tools": [{"type": "mcp", "server_label": "m", "authorization": "canary"}],
    }  # fmt: skip
    echoed = {"instructions": "x", "metadata": {"x": "x"}, "tools": ["x"], "user": "x"}
    made = whole(response(**echoed, temperature=0.5, new="x"), context(asked=asked))[0]

    assert made["instructions"] == "Jane"
    assert made["metadata"] == {"a": "b"}
    assert made["tools"] == [{"type": "mcp", "server_label": "m"}]
    assert made["tool_choice"] == "auto"
    assert made["temperature"] == 0.5
    assert "new" not in made
    assert "x" not in set(strings(made))


def test_the_official_client_can_read_it_strictly() -> None:
    """Every field that its types require is there."""
    message = {
        "type": "message", "id": "msg_1", "role": "assistant", "status": "completed",
        "content": [{"type": "output_text", "text": "ax", "annotations": []}],
    }  # fmt: skip
    usage = {
        "input_tokens": 7, "output_tokens": 3, "total_tokens": 10,
        "input_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 0, "note": "x"},
        "output_tokens_details": {"reasoning_tokens": 1},
    }  # fmt: skip
    made, facts = whole(response(message, usage=usage))

    parsed = Response.model_validate(made)

    assert parsed.output_text == "aV"
    assert parsed.usage is not None
    assert parsed.usage.input_tokens_details.cached_tokens == 4
    assert facts.usage == {"in": 7, "out": 3, "cached": 4}
    assert facts.model_served == "org/real"
    assert made["model"] == "asked"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"output": []}, "stop"),
        ({"output": [{"type": "function_call", "name": "f"}]}, "tool_calls"),
        ({"incomplete_details": {"reason": "max_output_tokens"}}, "length"),
        ({"incomplete_details": {"reason": "content_filter"}}, "content_filter"),
        ({"incomplete_details": {}}, "other"),
        ({"status": "cancelled"}, "other"),
    ],
)
def test_why_the_model_stopped_is_kept(fields: dict[str, Any], reason: str) -> None:
    assert whole({**response(), **fields})[1].finish_reasons == [reason]


def test_figures_of_caches_can_be_hidden() -> None:
    """From the client; the record has them all the same."""
    usage = {"input_tokens": 7, "input_tokens_details": {"cached_tokens": 4}}
    made, facts = whole(response(usage=usage), context(hides_cached=True))

    assert made["usage"] == {"input_tokens": 7, "input_tokens_details": {}}
    assert facts.usage["cached"] == 4


def test_a_stored_answer_has_a_name_of_ours() -> None:
    """And only one that the upstream does not say it does not store has a state."""
    made, facts = whole(response(store=True), context(answer_id="resp_ours"))

    assert made["id"] == "resp_ours"
    assert facts.state_id == "resp_1"
    assert whole(response())[0]["id"] == "resp_1"
    assert whole(response(store=False))[1].state_id == ""
    assert whole(response(store=None))[1].state_id == "resp_1"


@pytest.mark.parametrize(
    "document",
    [
        None, [], "x", {}, {"output": {}}, {"output": ["x"]}, {"error": "x"},
        response({"type": "telepathy", "text": "x"}), response({"content": "x"}),
        response({"type": ["x"]}),
        response({"type": "message", "content": [{"type": "thought", "text": "x"}]}),
        response({"type": "message", "content": ["x"]}),
        response({"type": "web_search_call", "action": {"type": "guess"}}),
        response({"type": "file_search_call", "queries": [1]}),
        response(status="failed"),
        response(error={"code": "server_error", "message": "canary"}),
    ],
)  # fmt: skip
def test_what_is_no_answer_is_the_upstreams_failure(document: Any) -> None:
    """Never passed on, never a traceback."""
    with pytest.raises(UpstreamFailed) as caught:
        whole(document)

    assert "canary" not in str(caught.value)


ODD: list[Any] = [None, True, 0, -1, 1.5, "", "x", [], {}, [None], {"a": 1}, [[]], "{"]


@settings(deadline=None)
@given(st.data())
def test_odd_answers_are_restored_or_refused(data: st.DataObject) -> None:
    """Any value in any place of an answer: our error at worst, never another exception."""

    def spoiled(value: Any) -> Any:
        if data.draw(st.integers(0, 9)) == 0:
            return data.draw(st.sampled_from(ODD))
        if isinstance(value, dict):
            return {key: spoiled(child) for key, child in value.items()}
        return [spoiled(child) for child in value] if isinstance(value, list) else value

    shapes = made_items()[data.draw(st.sampled_from(sorted(made_items())))]
    answer = response(sample(shapes[0], text="x y"), usage={"input_tokens": 1})
    with suppress(UpstreamFailed):
        assert orjson.dumps(whole(spoiled(answer))[0])


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ({"type": "function_call", "arguments": "1", "name": "f"}, ("f", True)),
        ({"type": "function_call", "arguments": "1"}, ("", False)),
        ({"type": "custom_tool_call", "input": "1", "name": "f"}, ("f", True)),
        ({"type": "mcp_call", "arguments": "1", "name": "f"}, ("f", True)),
        ({"type": "shell_call", "action": {"commands": ["ls"]}}, ("shell", True)),
        (
            {"type": "apply_patch_call", "operation": {"type": "delete_file", "path": "a"}},
            ("apply_patch", True),
        ),
        ({"type": "computer_call", "action": {"type": "type", "text": "a"}}, ("computer", True)),
    ],
)
def test_the_texts_of_a_call_know_their_tool(item: Any, expected: tuple[str, bool]) -> None:
    """By it policy says whether values come back there."""
    seen: list[Tool] = []

    def note(place: TextPlace) -> Shout:
        if place.tool is not None:
            seen.append(place.tool)
        return Shout(place)

    whole(response(item), context(new_filter=note))

    assert [(tool.name, tool.is_sure) for tool in seen] == [expected]


TEXTS = st.text("ab<> ", max_size=12)


@given(TEXTS, st.integers(0, 12), st.integers(0, 12))
def test_a_citation_moves_with_its_text(text: str, start: int, size: int) -> None:
    """`<` stands for a placeholder of one character and comes back as three."""
    end = min(len(text), start + size)
    restored = text.replace("<", "xyz")
    low, high = moved(text, restored, start, end)
    cited = text[start:end]

    assert low >= 0
    assert low <= high or not cited
    if cited and "<" not in cited and cited not in "xyz":
        assert restored[low:high] == cited
        before = text[:start].count(cited)
        assert restored[:low].count(cited) == before


def test_the_citations_of_a_message_are_moved() -> None:
    """A value is longer than what stood for it."""

    class Longer(Shout):
        def end(self) -> None:
            self._out = self._out + self._held
            self._held = ""
            self._out = self._out.replace("V", "Jane Roe")

    text = "x said [a](https://a.org/ab)."
    citation = {
        "type": "url_citation", "start_index": 7, "end_index": 28, "title": "a",
        "url": "https://a.org/ab",
    }  # fmt: skip
    part = {"type": "output_text", "text": text, "annotations": [citation]}
    made = whole(response({"type": "message", "content": [part]}), context(new_filter=Longer))[0][
        "output"
    ][0]["content"][0]
    found = made["annotations"][0]

    assert made["text"] == "Jane Roe said [a](https://a.org/ab)."
    assert made["text"][found["start_index"] : found["end_index"]] == "[a](https://a.org/ab)"
