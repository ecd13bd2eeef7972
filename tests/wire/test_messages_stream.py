"""Messages answers as streams: the same events in the same order, whatever is held back."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import UpstreamFailed
from gateway.wire.answers import AnswerContext, AnswerFacts, TextPlace, Thinking
from gateway.wire.messages_answer import WholeMessage
from gateway.wire.messages_stream import MessagesStream
from tests.wire.test_chat_answer import Shout

THINKING = Thinking(lambda text: "sealed:" + text.decode())


def context(**changes: Any) -> AnswerContext:
    made = AnswerContext("asked", "req_1", 1, False, True, Shout, lambda text: text.upper())
    return replace(made, thinking=THINKING, **changes)


def unframed(out: bytes) -> list[Any]:
    events = []
    for block in out.split(b"\n\n")[:-1]:
        name, data = block.split(b"\n")
        events.append(orjson.loads(data.removeprefix(b"data: ")))
        assert name == b"event: " + events[-1]["type"].encode()
    return events


def run(events: list[Any], **changes: Any) -> tuple[list[Any], AnswerFacts]:
    facts = AnswerFacts()
    stream = MessagesStream(context(**changes), facts)
    out = b""
    for event in events:
        is_last = stream.take(orjson.dumps(event))
        out += stream.give()
        if is_last:
            out += stream.last()
    return unframed(out), facts


def start(index: int, block: dict[str, Any]) -> dict[str, Any]:
    return {"type": "content_block_start", "index": index, "content_block": block}


def delta(index: int, kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": index, "delta": {"type": kind, **fields}}


def stop(index: int) -> dict[str, Any]:
    return {"type": "content_block_stop", "index": index}


TEXT = {"type": "text", "text": ""}
CALL = {"type": "tool_use", "id": "toolu_1", "name": "fx", "input": {}}
THOUGHT = {"type": "thinking", "thinking": "", "signature": ""}
STOP = {"type": "message_stop"}


def test_a_stream_as_it_comes() -> None:
    message = {
        "id": "msg_1", "type": "message", "role": "assistant", "content": [], "model": "real",
        "stop_reason": None, "stop_sequence": None,
        "usage": {"input_tokens": 5, "cache_read_input_tokens": 2, "output_tokens": 1},
    }  # fmt: skip
    ended = {"stop_reason": "tool_use", "stop_sequence": None}
    events, facts = run(
        [
            {"type": "message_start", "message": message},
            start(0, TEXT),
            {"type": "ping"},
            delta(0, "text_delta", text="ax"),
            delta(0, "text_delta", text="b"),
            stop(0),
            start(1, CALL),
            delta(1, "input_json_delta", partial_json=""),
            delta(1, "input_json_delta", partial_json='{"a":"x"}'),
            stop(1),
            {"type": "message_delta", "delta": ended, "usage": {"output_tokens": 9}},
            STOP,
        ]
    )

    assert events == [
        {"type": "message_start", "message": {**message, "model": "asked"}},
        start(0, TEXT),
        {"type": "ping"},
        delta(0, "text_delta", text="a"),
        delta(0, "text_delta", text="V"),
        delta(0, "text_delta", text="b"),
        stop(0),
        start(1, {**CALL, "id": "TOOLU_1", "name": "fV"}),
        delta(1, "input_json_delta", partial_json=""),
        delta(1, "input_json_delta", partial_json='{"a":"J"'),
        delta(1, "input_json_delta", partial_json="}"),
        stop(1),
        {"type": "message_delta", "delta": ended, "usage": {"output_tokens": 9}},
        STOP,
    ]
    assert facts.usage == {"in": 7, "cached": 2, "out": 9}
    assert (facts.finish_reasons, facts.model_served) == (["tool_use"], "real")


def test_a_piece_of_which_nothing_can_go_out_is_left_out() -> None:
    events, _ = run([start(0, TEXT), delta(0, "text_delta", text="x"), stop(0)])

    assert events == [start(0, TEXT), delta(0, "text_delta", text="V"), stop(0)]


def test_thinking_is_sealed_when_it_ends() -> None:
    """The pieces of the provider's signature do not go out, whenever they come."""
    events, _ = run(
        [
            start(0, THOUGHT),
            delta(0, "thinking_delta", thinking="ax", estimated_tokens=4),
            delta(0, "signature_delta", signature="s1"),
            delta(0, "thinking_delta", thinking="y"),
            delta(0, "signature_delta", signature="s2"),
            stop(0),
        ]
    )

    seal = 'sealed:{"thinking":"axy","signature":"s1s2"}'
    assert events == [
        start(0, THOUGHT),
        delta(0, "thinking_delta", estimated_tokens=4, thinking="a"),
        delta(0, "thinking_delta", thinking="V"),
        delta(0, "thinking_delta", thinking="y"),
        delta(0, "signature_delta", signature=seal),
        stop(0),
    ]


def test_thinking_that_nobody_signed_is_sealed_too() -> None:
    """As vLLM streams it; thinking that is only signed has no text."""
    begun = {"type": "thinking", "thinking": "a"}
    events, _ = run([start(0, begun), stop(0), start(1, {**THOUGHT, "signature": "s"}), stop(1)])

    signatures = [
        one["delta"]["signature"] for one in events if "signature" in one.get("delta", "")
    ]
    assert events[0] == start(0, THOUGHT)
    assert signatures == [
        'sealed:{"thinking":"a","signature":null}',
        'sealed:{"thinking":"","signature":"s"}',
    ]


def test_a_summary_waits_for_its_end() -> None:
    """Its signature stands in its first event, and holds what comes after."""
    begun = {"type": "compaction", "content": None, "encrypted_content": None}
    piece = delta(0, "compaction_delta", content="ax", encrypted_content="ex")
    signed, _ = run([start(0, {**begun, "signature": "s"}), piece, stop(0)])
    unsigned, _ = run([start(0, begun), piece, stop(0)])

    told = delta(0, "compaction_delta", content="aV", encrypted_content="ex")
    seal = 'sealed:{"content":"ax","signature":"s"}'
    whole = {**begun, "encrypted_content": "ex"}
    assert signed == [start(0, {**whole, "signature": seal}), told, stop(0)]
    assert unsigned == [start(0, whole), told, stop(0)]


def test_citations_are_restored() -> None:
    place = {"type": "char_location", "cited_text": "x", "document_index": 0, "url": "x"}
    events, _ = run([start(0, TEXT), delta(0, "citations_delta", citation={**place, "new": "x"})])

    told = {**place, "cited_text": "V", "url": "V"}
    assert events[1] == delta(0, "citations_delta", citation=told)


def test_what_an_upstream_never_ended_is_ended() -> None:
    events, _ = run([start(0, TEXT), delta(0, "text_delta", text="ax"), STOP])

    assert events[2:] == [delta(0, "text_delta", text="V"), stop(0), STOP]


def test_why_it_stopped_is_restored() -> None:
    ended = {"stop_reason": "stop_sequence", "stop_sequence": "x!", "unknown": "x"}
    events, _ = run([{"type": "message_delta", "delta": ended, "usage": {"output_tokens": 1}}])

    assert events[0]["delta"] == {"stop_reason": "stop_sequence", "stop_sequence": "V!"}


def test_the_cache_is_hidden_in_every_event() -> None:
    usage = {"input_tokens": 5, "cache_read_input_tokens": 2}
    events, _ = run(
        [
            {"type": "message_start", "message": {"usage": usage}},
            {"type": "message_delta", "delta": {}, "usage": usage},
        ],
        hides_cached=True,
    )

    assert events[0]["message"]["usage"] == events[1]["usage"] == {"input_tokens": 7}


@given(
    st.lists(st.tuples(st.integers(0, 3), st.text('ax {"}:', max_size=4)), max_size=20),
    st.data(),
)
def test_any_cutting_of_a_stream_tells_what_the_whole_does(
    pieces: list[tuple[int, str]], data: st.DataObject
) -> None:
    """Blocks that take turns, each in pieces of any size; the same as the answer in one piece."""
    kinds = ["text_delta", "thinking_delta", "input_json_delta", "text_delta"]
    keys = ["text", "thinking", "partial_json", "text"]
    blocks = [TEXT, THOUGHT, CALL, TEXT]
    sent = [delta(at, kinds[at], **{keys[at]: text}) for at, text in pieces]
    ends = data.draw(st.permutations(range(4)))
    events, _ = run([*(start(at, one) for at, one in enumerate(blocks)), *sent, *map(stop, ends)])

    for index in range(4):
        masked = "".join(text for at, text in pieces if at == index)
        mark = "J" if index == 2 else "V"
        mine = [one for one in events if one.get("index") == index]
        told = "".join(one["delta"].get(keys[index], "") for one in mine[1:-1])
        assert told == masked.replace("x", mark)
        assert mine[-1] == stop(index)
        if index != 2:
            whole = {**blocks[index], keys[index]: masked}
            given_ = WholeMessage({"content": [whole]}, context(), AnswerFacts()).give()
            assert given_["content"][0][keys[index]] == told


def test_texts_may_become_ready_after_they_were_taken() -> None:
    """What `give` sends is what the filters let go then."""
    made: list[Shout] = []

    def late(place: TextPlace) -> Shout:
        made.append(Shout(place))
        return made[-1]

    stream = MessagesStream(context(new_filter=late), AnswerFacts())
    stream.take(orjson.dumps(start(0, {"type": "thinking", "thinking": ""})))
    stream.give()
    stream.take(orjson.dumps(delta(0, "thinking_delta", thinking="x")))
    made[0].end()

    assert unframed(stream.give())[0]["delta"]["thinking"] == "V"


def test_a_call_knows_its_tool() -> None:
    seen: list[TextPlace] = []

    def noted(place: TextPlace) -> Shout:
        seen.append(place)
        return Shout(place)

    pieces = [delta(0, "input_json_delta", partial_json=one) for one in ("", '{"a":', "1}")]
    run([start(0, CALL), *pieces], new_filter=noted)
    calls = [place for place in seen if place.tool is not None]
    assert len(calls) == 1
    assert calls[0].is_json
    assert calls[0].tool is not None
    assert (calls[0].tool.name, calls[0].tool.is_sure) == ("fx", True)


@pytest.mark.parametrize(
    "event",
    [
        None, [], "x", {}, {"type": "new"}, {"type": ["ping"]}, {"type": "message_start"},
        {"type": "message_delta"}, start(1, {}), start(1, {"type": "image"}), start(0, TEXT),
        start(1, {"type": "fallback"}), stop(1), delta(1, "text_delta", text="x"),
        delta(0, "new_delta", text="x"), delta(0, "thinking_delta", thinking="x"),
        delta(0, "text_delta", text=1), delta(0, "signature_delta", signature="x"),
        {"type": "content_block_stop", "index": True}, {"type": "content_block_delta", "index": 0},
        delta(0, "citations_delta", citation={"type": "new", "cited_text": "canary"}),
    ],
)  # fmt: skip
def test_an_unknown_event_is_an_error(event: Any) -> None:
    """Never passed raw."""
    with pytest.raises(UpstreamFailed) as caught:
        run([start(0, TEXT), event])
    assert caught.value.code == "upstream_invalid"
    assert "canary" not in str(caught.value)


def test_an_error_of_the_upstream_ends_the_stream_without_its_text() -> None:
    stream = MessagesStream(context(), AnswerFacts())
    with pytest.raises(UpstreamFailed) as caught:
        stream.take(b'{"type":"error","error":{"type":"overloaded_error","message":"canary"}}')
    assert caught.value.code == "upstream_error"
    assert "canary" not in str(caught.value)
    with pytest.raises(UpstreamFailed):
        stream.take(b"[DONE]")


ODD: list[Any] = [None, True, 0, -1, 1.5, "", "x", [], {}, [None], {"a": 1}, [[]], "{"]


@given(st.data())
def test_odd_streams_are_restored_or_refused(data: st.DataObject) -> None:
    """Any value in any place of an event: our error at worst, never another exception."""

    def spoiled(value: Any) -> Any:
        if data.draw(st.integers(0, 12)) == 0:
            return data.draw(st.sampled_from(ODD))
        if isinstance(value, dict):
            return {key: spoiled(child) for key, child in value.items()}
        return [spoiled(child) for child in value] if isinstance(value, list) else value

    sound = [
        {"type": "message_start", "message": {"id": "i", "usage": {"input_tokens": 1}}},
        start(0, THOUGHT),
        delta(0, "thinking_delta", thinking="x"),
        stop(0),
        start(1, CALL),
        delta(1, "input_json_delta", partial_json="{}"),
        start(2, {"type": "compaction", "content": None}),
        delta(2, "compaction_delta", content="x"),
        {"type": "message_delta", "delta": {"stop_reason": "a"}, "usage": {"output_tokens": 1}},
        STOP,
    ]
    with suppress(UpstreamFailed):
        events, _ = run([spoiled(event) for event in sound])
        ends = [one["index"] for one in events if one["type"] == "content_block_stop"]
        assert all(one != other for one, other in pairwise(ends))
