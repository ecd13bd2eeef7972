"""Chat answers: restored in every field, as a whole and as a stream; nothing unknown passes."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import UpstreamFailed
from gateway.wire.answers import AnswerContext, AnswerFacts, TextPlace, Tool
from gateway.wire.chat_answer import whole
from gateway.wire.chat_stream import ChatStream


class Shout:
    """A filter that holds back one character and turns `x` into `J` in JSON, else into `V`."""

    def __init__(self, place: TextPlace) -> None:
        self._mark = "J" if place.is_json else "V"
        self._held = ""
        self._out = ""

    def put(self, text: str) -> None:
        text = self._held + text
        self._held = text[-1:]
        self._out += text[:-1].replace("x", self._mark)

    def end(self) -> None:
        self._out += self._held.replace("x", self._mark)
        self._held = ""

    def ready(self) -> str:
        out, self._out = self._out, ""
        return out


def context(*, wants_usage: bool = False, json_content: bool = False) -> AnswerContext:
    return AnswerContext(
        "asked", "req_1", 1700000000, json_content, wants_usage, Shout, lambda text: text
    )


def test_every_text_of_a_whole_answer_is_restored() -> None:
    """Content, refusal, reasoning, tool calls, the old function call, for n > 1."""
    facts = AnswerFacts()
    answer = whole(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 5,
            "model": "org/real-model",
            "system_fingerprint": "fp_1",
            "prompt_logprobs": ["x"],
            "choices": [
                {
                    "index": 0,
                    "message": {
                        "role": "assistant",
                        "content": "x",
                        "refusal": "x",
                        "reasoning": "x",
                        "reasoning_content": "x",
                        "tool_calls": [
                            {
                                "id": "call_1",
                                "type": "function",
                                "function": {"name": "fx", "arguments": '{"a":"x"}'},
                            },
                            {"id": "call_2", "custom": {"name": "c", "input": "x"}},
                        ],
                        "unknown": "x",
                    },
                    "logprobs": {"content": ["x"]},
                    "finish_reason": "tool_calls",
                },
                {"message": {"content": [{"type": "text", "text": "x"}]}},
                {"message": {"content": None, "function_call": {"name": "f", "arguments": "x"}}},
            ],
            "usage": {
                "prompt_tokens": 7,
                "completion_tokens": 3,
                "total_tokens": 10,
                "prompt_tokens_details": {"cached_tokens": 4, "note": "x"},
            },
        },
        context(),
        facts,
    )

    assert b'"x"' not in orjson.dumps(answer)
    assert answer["model"] == "asked"
    first = answer["choices"][0]
    assert first["message"]["tool_calls"][0]["function"] == {"name": "fV", "arguments": '{"a":"J"}'}
    assert first["message"]["tool_calls"][1]["custom"] == {"name": "c", "input": "V"}
    assert "unknown" not in first["message"]
    assert "logprobs" not in first
    assert answer["choices"][1] == {
        "index": 1,
        "message": {"role": "assistant", "content": [{"type": "text", "text": "V"}]},
        "finish_reason": "stop",
    }
    assert facts.usage == {"in": 7, "out": 3, "cached": 4}
    assert answer["usage"]["prompt_tokens_details"] == {"cached_tokens": 4}
    assert facts.model_served == "org/real-model"


def test_absent_fields_have_their_defaults() -> None:
    """No id, object, created, index or finish_reason: still an answer."""
    answer = whole({"choices": [{"message": {"content": "hi"}}]}, context(), AnswerFacts())

    assert answer["id"] == "chatcmpl-req_1"
    assert answer["object"] == "chat.completion"
    assert answer["created"] == 1700000000
    assert answer["choices"][0]["index"] == 0


@pytest.mark.parametrize(
    "document",
    [None, [], "x", {}, {"choices": {}}, {"choices": [1]}, {"choices": [{}]}, {"error": "x"}],
)
def test_what_is_no_answer_is_the_upstreams_failure(document: Any) -> None:
    """Never passed on, never a traceback."""
    with pytest.raises(UpstreamFailed):
        whole(document, context(), AnswerFacts())


def unframed(block: bytes) -> Any:
    assert block.startswith(b"data: ")
    assert block.endswith(b"\n\n")
    return orjson.loads(block[6:])


def run(events: list[Any], **options: bool) -> tuple[list[Any], AnswerFacts]:
    facts = AnswerFacts()
    stream = ChatStream(context(**options), facts)
    out = []
    for event in events:
        stream.take(orjson.dumps(event))
        out.append(stream.give())
    stream.take(b"[DONE]")
    out.append(stream.give())
    return [unframed(one) for one in out if one], facts


def delta(place: int, change: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
    return {"choices": [{"index": place, "delta": change, "finish_reason": reason}]}


def text_of(events: list[Any], place: int, key: str = "content") -> str:
    return "".join(
        choice["delta"].get(key) or ""
        for event in events
        for choice in event["choices"]
        if choice["index"] == place
    )


@given(st.lists(st.tuples(st.integers(0, 2), st.text("ax ", max_size=3)), max_size=20))
def test_choices_do_not_mix(pieces: list[tuple[int, str]]) -> None:
    """One filter per choice and field, held text given at the end of that choice."""
    events, _ = run(
        [delta(place, {"content": text, "reasoning": text}) for place, text in pieces]
        + [delta(place, {}, "stop") for place in range(3)]
    )

    for place in range(3):
        expected = "".join(text for at, text in pieces if at == place).replace("x", "V")
        assert text_of(events, place) == expected
        assert text_of(events, place, "reasoning") == expected


def test_tool_calls_are_restored_each_on_its_own() -> None:
    """Interleaved argument pieces of two calls, ended by the finish reason."""
    call = {"id": "c1", "type": "function", "function": {"name": "nx", "arguments": ""}}
    events, facts = run(
        [
            delta(0, {"role": "assistant", "content": None, "tool_calls": [{"index": 0, **call}]}),
            delta(0, {"tool_calls": [{"index": 0, "function": {"arguments": '{"a":'}}]}),
            delta(0, {"tool_calls": [{"index": 1, "function": {"arguments": "x"}}]}),
            delta(0, {"tool_calls": [{"index": 0, "function": {"arguments": '"x"}'}}]}),
            delta(0, {}, "tool_calls"),
        ]
    )
    arguments = {0: "", 1: ""}
    for event in events:
        for one in event["choices"][0]["delta"].get("tool_calls", []):
            arguments[one["index"]] += one["function"].get("arguments", "")

    assert arguments == {0: '{"a":"J"}', 1: "J"}
    assert events[0]["choices"][0]["delta"]["tool_calls"][0]["function"]["name"] == "nV"
    assert events[-1]["choices"][0]["finish_reason"] == "tool_calls"
    assert facts.finish_reasons == ["tool_calls"]


def test_the_usage_chunk_is_dropped_unless_asked_for() -> None:
    """Always asked of the upstream; passed on only to who wanted it."""
    usage = {"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 2}}

    silent, facts = run([delta(0, {"content": "a"}, "stop"), usage])
    told, _ = run([delta(0, {"content": "a"}, "stop"), usage], wants_usage=True)

    assert len(silent) == 1
    assert "usage" not in silent[0]
    assert told[1]["usage"] == {"prompt_tokens": 1, "completion_tokens": 2}
    assert facts.usage == {"in": 1, "out": 2, "cached": 0}


def test_what_was_cached_is_on_record_but_told_only_where_policy_says_so() -> None:
    """Figures of caches tell of other callers' prompts."""
    details = {"cached_tokens": 4, "audio_tokens": 1}
    usage = {"prompt_tokens": 7, "prompt_cache_hit_tokens": 4, "prompt_tokens_details": details}
    hidden = {"prompt_tokens": 7, "prompt_tokens_details": {"audio_tokens": 1}}
    answer = {"choices": [{"message": {"content": "a"}}], "usage": usage}
    last = {"choices": [], "usage": usage}
    for hides, shown in ((False, usage), (True, hidden)):
        where, facts = replace(context(wants_usage=True), hides_cached=hides), AnswerFacts()
        assert whole(answer, where, facts)["usage"] == shown
        assert facts.usage["cached"] == 4
        stream = ChatStream(where, AnswerFacts())
        stream.take(orjson.dumps(last))
        assert orjson.loads(stream.give()[6:])["usage"] == shown


def test_held_text_comes_out_without_a_finish_reason() -> None:
    """An upstream that just says [DONE] loses nothing."""
    events, _ = run([delta(0, {"content": "ax"})])

    assert text_of(events, 0) == "aV"


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"[]", b'{"error":{"message":"canary"}}', b'{"choices":[{}]}', b'{"object":"x"}'],
)
def test_an_unknown_event_is_an_error(data: bytes) -> None:
    """Never passed raw."""
    with pytest.raises(UpstreamFailed) as caught:
        ChatStream(context(), AnswerFacts()).take(data)

    assert "canary" not in str(caught.value)


ODD: list[Any] = [None, True, 0, -1, 1.5, "", "x", [], {}, [None], {"a": 1}, [[]], "{"]


@given(st.data())
def test_odd_answers_are_restored_or_refused(data: st.DataObject) -> None:
    """Any value in any place of an answer: our error at worst, never another exception."""

    def spoiled(value: Any) -> Any:
        if data.draw(st.integers(0, 9)) == 0:
            return data.draw(st.sampled_from(ODD))
        if isinstance(value, dict):
            return {key: spoiled(child) for key, child in value.items()}
        return [spoiled(child) for child in value] if isinstance(value, list) else value

    call = {"index": 0, "id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    text = {"role": "assistant", "content": "x", "reasoning": "x", "tool_calls": [call]}
    usage = {"prompt_tokens": 1, "prompt_tokens_details": {"cached_tokens": 1}}
    choice = {"index": 0, "message": text, "delta": text, "finish_reason": "stop"}
    answer = {"id": "i", "created": 1, "model": "m", "choices": [choice], "usage": usage}
    with suppress(UpstreamFailed):
        assert orjson.dumps(whole(spoiled(answer), context(), AnswerFacts()))
    with suppress(UpstreamFailed):
        run([spoiled(answer), spoiled(answer)])


def tools_of(events: list[Any]) -> list[tuple[str, bool]]:
    """The name of the tool behind each text of arguments, at the end, and whether it is sure."""
    seen: list[Tool] = []

    def note(place: TextPlace) -> Shout:
        if place.tool is not None:
            seen.append(place.tool)
        return Shout(place)

    noting = replace(context(), new_filter=note)
    stream = ChatStream(noting, AnswerFacts())
    for event in events:
        stream.take(orjson.dumps(event))
        stream.give()
    return [(tool.name, tool.is_sure) for tool in seen]


@pytest.mark.parametrize(
    ("functions", "expected"),
    [
        ([{"name": "f", "arguments": ""}, {"arguments": "1"}], ("f", True)),
        ([{"name": "f"}, {"name": "g"}, {"arguments": "1"}], ("fg", True)),
        ([{"name": "f", "arguments": "1"}, {"arguments": "2"}], ("f", True)),
        ([{"arguments": ""}, {"name": "f"}, {"arguments": "2"}], ("f", True)),
        ([{"arguments": "1"}, {"name": "f"}, {"arguments": "2"}], ("f", False)),
        ([{"name": "f", "arguments": "1"}, {"name": "g", "arguments": "2"}], ("fg", False)),
    ],
)
def test_a_tools_name_counts_only_before_its_arguments(
    functions: list[dict[str, str]], expected: tuple[str, bool]
) -> None:
    as_calls = [delta(0, {"tool_calls": [{"index": 0, "function": one}]}) for one in functions]
    as_old = [delta(0, {"function_call": one}) for one in functions]

    assert tools_of(as_calls) == [expected]
    assert tools_of(as_old) == [expected]


def test_texts_may_become_ready_after_they_were_taken() -> None:
    """What `give` sends is what the filters let go then."""
    made: list[Shout] = []

    def late(place: TextPlace) -> Shout:
        made.append(Shout(place))
        return made[-1]

    stream = ChatStream(replace(context(), new_filter=late), AnswerFacts())
    stream.take(orjson.dumps(delta(0, {"content": "x"})))
    made[0].end()

    assert text_of([unframed(stream.give())], 0) == "V"
