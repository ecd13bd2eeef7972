"""Messages answers, whole: restored in every field; nothing unknown passes."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import UpstreamFailed
from gateway.wire.answers import AnswerContext, AnswerFacts, TextPlace, Thinking, Tool
from gateway.wire.messages_answer import WholeCount, WholeMessage
from tests.wire.test_chat_answer import Shout


def context(**changes: Any) -> AnswerContext:
    made = AnswerContext("asked", "req_1", 1, False, True, Shout, lambda text: text.upper())
    return replace(made, **changes)


def whole(document: Any, facts: AnswerFacts | None = None, **changes: Any) -> dict[str, Any]:
    return WholeMessage(document, context(**changes), facts or AnswerFacts()).give()


def block(given_: dict[str, Any], **changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = whole({"content": [given_]}, **changes)["content"][0]
    return found


def test_a_message_as_it_comes() -> None:
    facts = AnswerFacts()
    given_ = whole(
        {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": "real-model",
            "content": [
                {"type": "text", "text": "ax", "unknown": "x"},
                {"type": "tool_use", "id": "toolu_1", "name": "fx", "input": {"x": ["x", 1]}},
            ],
            "stop_reason": "stop_sequence",
            "stop_sequence": "x!",
            "usage": {
                "input_tokens": 7,
                "cache_creation_input_tokens": 2,
                "cache_read_input_tokens": 4,
                "output_tokens": 3,
                "service_tier": "standard",
                "note": "x",
            },
            "unknown": "x",
        },
        facts,
    )

    assert given_ == {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "asked",
        "content": [
            {"type": "text", "text": "aV"},
            {"type": "tool_use", "id": "TOOLU_1", "name": "fV", "input": {"J": ["J", 1]}},
        ],
        "stop_reason": "stop_sequence",
        "stop_sequence": "V!",
        "usage": {
            "input_tokens": 7,
            "cache_creation_input_tokens": 2,
            "cache_read_input_tokens": 4,
            "output_tokens": 3,
            "service_tier": "standard",
        },
    }
    assert facts.usage == {"in": 13, "out": 3, "cached": 4}
    assert (facts.finish_reasons, facts.model_served) == (["stop_sequence"], "real-model")


def test_absent_fields_have_their_defaults() -> None:
    """As servers that are not Anthropic's leave them out."""
    given_ = whole({"content": [{"type": "tool_use", "name": "f", "input": {}}]})

    assert given_["id"] == "msg_req_1"
    assert given_["content"][0]["id"] == "TOOLU_REQ_1_0"
    assert (given_["stop_reason"], given_["stop_sequence"]) == (None, None)


def test_hidden_figures_of_the_cache_do_not_show_in_what_is_left() -> None:
    """The input that was not cached would tell what was."""
    usage = {
        "input_tokens": 7, "cache_read_input_tokens": 4, "cache_creation_input_tokens": 2,
        "cache_creation": {"ephemeral_1h_input_tokens": 2}, "output_tokens": 3,
    }  # fmt: skip
    facts = AnswerFacts()
    document = {"content": [], "usage": {**usage, "iterations": [{"type": "message", **usage}]}}
    document["diagnostics"] = {"cache_miss_reason": {"type": "unavailable"}}

    hidden = whole(document, facts, hides_cached=True)
    figures = {"input_tokens": 13, "output_tokens": 3}
    assert hidden["usage"] == {**figures, "iterations": [{"type": "message", **figures}]}
    assert "diagnostics" not in hidden
    assert facts.usage == {"in": 13, "out": 3, "cached": 4}
    assert whole(document)["diagnostics"] == {"cache_miss_reason": {"type": "unavailable"}}


def sealing(**changes: Any) -> Thinking:
    return Thinking(lambda text: "sealed:" + text.decode(), **changes)


THOUGHT = {"type": "thinking", "thinking": "ax", "signature": "sx"}


def test_thinking_is_sealed_as_it_came() -> None:
    """Restored or not, the client's signature holds what the provider wrote and signed."""
    seal = 'sealed:{"thinking":"ax","signature":"sx"}'
    places: list[TextPlace] = []

    def noted(place: TextPlace) -> Shout:
        places.append(place)
        return Shout(place)

    for restores in (False, True):
        found = block(THOUGHT, thinking=sealing(restores=restores), new_filter=noted)
        assert found == {"type": "thinking", "thinking": "aV", "signature": seal}
    assert [place.restores for place in places] == [False, True]


def test_thinking_that_nobody_signed_is_sealed_too() -> None:
    """vLLM signs nothing; what it thought goes back to it masked, as it was."""
    unsigned = {"type": "thinking", "thinking": "ax"}
    for one in (unsigned, {**unsigned, "signature": None}, {**unsigned, "signature": ""}):
        found = block(one, thinking=sealing())
        assert found["signature"] == 'sealed:{"thinking":"ax","signature":null}'
    assert block(unsigned)["signature"] == ""


def test_without_a_seal_thinking_is_not_restored() -> None:
    places: list[TextPlace] = []

    def noted(place: TextPlace) -> Shout:
        places.append(place)
        return Shout(place)

    assert block(THOUGHT, new_filter=noted)["signature"] == "sx"
    assert [place.restores for place in places] == [False]


def test_a_summary_is_sealed_if_it_was_signed() -> None:
    summary = {"type": "compaction", "content": "ax", "encrypted_content": "ex"}
    signed = block({**summary, "signature": "sx"}, thinking=sealing())
    assert signed["signature"] == 'sealed:{"content":"ax","signature":"sx"}'
    assert (signed["content"], signed["encrypted_content"]) == ("aV", "ex")
    assert "signature" not in block(summary, thinking=sealing())


def test_a_call_knows_its_tool() -> None:
    """So that policy can keep values out of the arguments of some tools."""
    seen: list[tuple[str, bool]] = []

    def noted(place: TextPlace) -> Shout:
        tool = place.tool
        if isinstance(tool, Tool):
            assert place.is_json
            seen.append((tool.name, tool.is_sure))
        return Shout(place)

    for kind in ("tool_use", "server_tool_use", "mcp_tool_use"):
        block({"type": kind, "id": "a", "name": "f", "input": {"a": 1}}, new_filter=noted)
    block({"type": "tool_use", "id": "a", "input": {"a": 1}}, new_filter=noted)
    assert seen == [("f", True)] * 3 + [("", False)]


def test_texts_are_json_where_the_answer_is() -> None:
    assert block({"type": "text", "text": "x"}, json_content=True)["text"] == "J"
    assert block(THOUGHT, json_content=True)["thinking"] == "aV"


@pytest.mark.parametrize(
    "document",
    [
        None, [], "x", {}, {"content": "x"}, {"content": ["x"]}, {"content": [{}]},
        {"content": [{"type": "image"}]}, {"content": [{"type": "new"}]},
        {"content": [{"type": "thinking"}]}, {"content": [{"type": ["text"]}]},
        {"content": [{"type": "text", "text": "x", "citations": [{"type": "new"}]}]},
        {"content": [{"type": "web_search_tool_result", "content": [{"type": "image"}]}]},
        {"type": "error", "error": {"message": "canary"}}, {"content": [], "usage": "x"},
    ],
)  # fmt: skip
def test_what_is_no_answer_is_the_upstreams_failure(document: Any) -> None:
    """Never passed on, never a traceback, and nothing of it is repeated."""
    with pytest.raises(UpstreamFailed) as caught:
        whole(document)
    assert caught.value.code == "upstream_invalid"
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("document", [None, {}, {"input_tokens": "x"}, {"input_tokens": -1}])
def test_what_is_no_count_is_the_upstreams_failure(document: Any) -> None:
    with pytest.raises(UpstreamFailed):
        WholeCount(document, context(), AnswerFacts())


def test_a_count_is_its_figures() -> None:
    facts = AnswerFacts()
    given_ = WholeCount({"input_tokens": 5, "text": "x"}, context(), facts).give()
    assert (given_, facts.usage) == ({"input_tokens": 5}, {"in": 5})


def test_nothing_of_an_answer_shows_in_a_traceback() -> None:
    made = WholeMessage({"content": [{"type": "text", "text": "x"}]}, context(), AnswerFacts())
    assert repr(made) == "WholeMessage()"


ODD: list[Any] = [None, True, 0, -1, 1.5, "", "x", [], {}, [None], {"a": 1}, [[]], "{"]
SAMPLE = {
    "id": "i",
    "model": "m",
    "content": [
        {"type": "text", "text": "x", "citations": [{"type": "char_location", "cited_text": "x"}]},
        {"type": "tool_use", "id": "a", "name": "f", "input": {"a": "x"}, "caller": {"type": "d"}},
        THOUGHT,
        {"type": "mcp_tool_result", "content": [{"type": "text", "text": "x"}]},
        {"type": "web_search_tool_result", "content": [{"type": "web_search_result"}]},
        {"type": "compaction", "content": "x", "tool_changes": [], "signature": "x"},
    ],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 1, "cache_read_input_tokens": 1, "iterations": [{"a": 1}]},
    "container": {"id": "c", "skills": [{"skill_id": "s"}]},
}


@given(st.data(), st.booleans())
def test_odd_answers_are_restored_or_refused(data: st.DataObject, hides: bool) -> None:
    """Any value in any place of an answer: our error at worst, never another exception."""

    def spoiled(value: Any) -> Any:
        if data.draw(st.integers(0, 9)) == 0:
            return data.draw(st.sampled_from(ODD))
        if isinstance(value, dict):
            return {key: spoiled(child) for key, child in value.items()}
        return [spoiled(child) for child in value] if isinstance(value, list) else value

    with suppress(UpstreamFailed):
        assert orjson.dumps(whole(spoiled(SAMPLE), thinking=sealing(), hides_cached=hides))
