"""Responses streams: pieces, parts, items and answer say the same; no unknown event passes."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import UpstreamFailed
from gateway.upstreams.echo import responses as echo
from gateway.wire.answers import AnswerContext, AnswerFacts, TextPlace, Tool
from gateway.wire.responses_answer import WholeResponse
from gateway.wire.responses_stream import ResponseStream
from gateway.wire.sse import EventReader
from tests.wire.responses_sdk import events, fields, made_items, sample
from tests.wire.test_chat_answer import Shout
from tests.wire.test_responses_answer import context, response, strings

REFUSED = {
    "error": "the upstream failed",
    "response.failed": "the upstream failed",
    "response.audio.delta": "no request can ask for speech",
    "response.audio.done": "no request can ask for speech",
    "response.audio.transcript.delta": "no request can ask for speech",
    "response.audio.transcript.done": "no request can ask for speech",
}


def run(given: list[Any], known: AnswerContext | None = None) -> tuple[list[Any], AnswerFacts]:
    """The events that go out for those that come in, in order."""
    facts = AnswerFacts()
    stream = ResponseStream(known or context(), facts)
    out = []
    for one in given:
        ends = stream.take(orjson.dumps(one))
        out += unframed(stream.give())
        if ends:
            out += unframed(stream.last())
    assert [one["sequence_number"] for one in out] == list(range(len(out)))
    return out, facts


def unframed(block: bytes) -> list[Any]:
    """The events of a block, each under its own name."""
    found = []
    for one in block.split(b"\n\n")[:-1]:
        name, data = one.split(b"\n")
        event = orjson.loads(data.removeprefix(b"data: "))
        assert name == b"event: " + event["type"].encode()
        found.append(event)
    return found


def event(name: str, **more: Any) -> dict[str, Any]:
    return {"type": f"response.{name}", "output_index": 0, "item_id": "i", **more}


def said(out: list[Any], name: str, key: str = "delta") -> str:
    return "".join(one[key] for one in out if one["type"] == f"response.{name}")


def message(text: str) -> dict[str, Any]:
    part = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    return {"type": "message", "id": "i", "role": "assistant", "content": [part]}


END = {"type": "response.completed", "response": response()}


@pytest.mark.parametrize("name", sorted(events()))
def test_every_event_of_the_sdk_is_known_or_refused_for_a_reason(name: str) -> None:
    """With every member that its type requires; none has a text of the upstream's in it."""
    for shape in events()[name]:
        given = sample(shape, text="x y")
        if name.endswith(".partial_image"):
            given["partial_image_b64"] = "xAAA" * 10
        if isinstance(given.get("item"), dict):
            given["item"] = message("x y")
        if isinstance(given.get("response"), dict):
            given["response"] = response(message("x y"))
        if name in REFUSED:
            with pytest.raises(UpstreamFailed):
                run([given])
            continue
        out, _ = run([given, END] if name != "response.completed" else [given])

        first = next(one for one in out if one["type"] == name)
        optional = {"obfuscation", "item_id", "status"}
        assert set(fields(shape)) - optional - {*PICTURE} <= set(first)
        assert "x y" not in set(strings(out))


PICTURE = ("background", "output_format", "quality", "size")


@pytest.mark.parametrize("kind", sorted(made_items()))
def test_an_item_is_the_same_in_every_event(kind: str) -> None:
    """And in the whole answer; its texts are restored once."""
    made: list[TextPlace] = []

    def counted(place: TextPlace) -> Shout:
        made.append(place)
        return Shout(place)

    item = sample(made_items()[kind][0], text="x y")
    alone = WholeResponse(response(item), context(new_filter=counted), AnswerFacts()).give()
    number = len(made)
    done = {"type": "response.output_item.done", "output_index": 0, "item": item}
    end = {"type": "response.completed", "response": response(item)}
    out, _ = run([done, end], context(new_filter=counted))

    assert out[0]["item"] == out[1]["response"]["output"][0] == alone["output"][0]
    assert len(made) == 2 * number


TEXT_EVENTS: list[tuple[str, str, dict[str, Any], str]] = [
    ("output_text", "text", {"content_index": 0}, "V"),
    ("refusal", "refusal", {"content_index": 0}, "V"),
    ("reasoning_text", "text", {"content_index": 1}, "V"),
    ("reasoning_summary_text", "text", {"summary_index": 0}, "V"),
    ("function_call_arguments", "arguments", {}, "J"),
    ("mcp_call_arguments", "arguments", {}, "J"),
    ("custom_tool_call_input", "input", {}, "V"),
    ("code_interpreter_call_code", "code", {}, "V"),
    ("shell_call_command", "command", {"command_index": 0}, "V"),
]


@pytest.mark.parametrize(("name", "key", "at", "mark"), TEXT_EVENTS)
@given(pieces=st.lists(st.text("ax ", max_size=3), max_size=8))
def test_pieces_and_the_whole_say_the_same(
    name: str, key: str, at: dict[str, Any], mark: str, pieces: list[str]
) -> None:
    """However a text is cut; what is held goes out before the text ends."""
    text = "".join(pieces)
    out, _ = run(
        [
            *(event(f"{name}.delta", delta=piece, **at) for piece in pieces),
            event(f"{name}.done", **{key: text}, **at),
        ]
    )
    expected = text.replace("x", mark)

    assert said(out, f"{name}.delta") == expected
    assert out[-1]["type"] == f"response.{name}.done"
    assert out[-1][key] == expected
    empty = [one for one in out if one.get("delta") == ""]
    assert len(empty) == pieces.count("")


@given(st.lists(st.tuples(st.integers(0, 2), st.text("ax ", max_size=3)), max_size=20))
def test_items_do_not_mix(pieces: list[tuple[int, str]]) -> None:
    """One filter per item; the answer ends what no event of its own has ended."""
    texts = ["".join(text for at, text in pieces if at == place) for place in range(3)]
    out, _ = run(
        [
            *(
                {**event("output_text.delta", content_index=0, delta=text), "output_index": place}
                for place, text in pieces
            ),
            {"type": "response.completed", "response": response(*map(message, texts))},
        ]
    )
    for place, text in enumerate(texts):
        mine = [one for one in out if one.get("output_index") == place]
        item = out[-1]["response"]["output"][place]

        assert said(mine, "output_text.delta") == text.replace("x", "V")
        assert item["content"][0]["text"] == text.replace("x", "V")


@given(st.text("abcäx😀 ", max_size=40), st.lists(st.integers(1, 40), min_size=1, max_size=40))
def test_any_cut_of_the_bytes_gives_the_same(text: str, sizes: list[int]) -> None:
    """Also through characters and through the framing."""
    asked: dict[str, Any] = {"model": "m", "input": text, "stream": True}
    raw = b"".join(echo.events(asked, "id1", 5))
    reader, stream = EventReader(), ResponseStream(context(), AnswerFacts())
    out: list[Any] = []
    at = turn = 0
    while at < len(raw):
        size = sizes[turn % len(sizes)]
        for data in reader.feed(raw[at : at + size]):
            ends = stream.take(data)
            out += unframed(stream.give())
            out += unframed(stream.last()) if ends else []
        at, turn = at + size, turn + 1

    expected = ("I received: " + text).replace("x", "V")
    assert said(out, "output_text.delta") == expected
    assert out[-1]["response"]["output"][0]["content"][0]["text"] == expected
    assert [one["type"] for one in out][:4] == [
        "response.created", "response.in_progress", "response.output_item.added",
        "response.content_part.added",
    ]  # fmt: skip


def test_the_rest_goes_out_before_whatever_ends_the_text() -> None:
    """The end of its part, of its item or of the answer, where the upstream leaves out others."""
    first = event("output_text.delta", content_index=0, delta="ax")
    ends = [
        event("output_text.done", content_index=0, text="ax"),
        event("content_part.done", content_index=0, part=message("ax")["content"][0]),
        event("output_item.done", item=message("ax")),
        {"type": "response.completed", "response": response(message("ax"))},
        {"type": "response.completed", "response": response()},
        {"type": "response.incomplete", "response": response(message("ax"))},
    ]
    for end in ends:
        out, _ = run([first, end])

        assert [one["type"] for one in out] == ["response.output_text.delta"] * 2 + [end["type"]]
        assert said(out, "output_text.delta") == "aV"
        assert out[1]["item_id"] == out[0]["item_id"]


def test_the_rest_of_a_text_is_not_in_the_last_event() -> None:
    """The last event goes out after the closing record, all others before."""
    stream = ResponseStream(context(), AnswerFacts())
    stream.take(orjson.dumps(event("output_text.delta", content_index=0, delta="ax")))
    stream.give()
    assert stream.take(orjson.dumps(END))

    assert said(unframed(stream.give()), "output_text.delta") == "V"
    assert [one["type"] for one in unframed(stream.last())] == ["response.completed"]


def test_a_text_that_says_something_else_when_it_is_whole_is_restored_anew() -> None:
    """The upstream contradicts itself: still nothing goes through as it is."""
    out, _ = run(
        [
            event("function_call_arguments.delta", delta='{"a":"x"}'),
            event("function_call_arguments.done", arguments='{"a": "x"}'),
        ]
    )

    assert said(out, "function_call_arguments.delta") == '{"a":"J"}'
    assert out[-1]["arguments"] == '{"a": "J"}'


def test_an_annotation_is_restored_where_it_is_added() -> None:
    """And follows its text as far as it has come."""
    cited = {"type": "url_citation", "url": "x", "title": "x", "start_index": 1, "end_index": 2}
    out, _ = run(
        [
            event("output_text.delta", content_index=0, delta="abc"),
            event(
                "output_text.annotation.added",
                content_index=0,
                annotation_index=0,
                annotation=cited,
            ),
        ]
    )

    assert out[-1]["annotation"] == {
        "type": "url_citation", "url": "V", "title": "V", "start_index": 1, "end_index": 2,
    }  # fmt: skip


def test_the_output_of_a_command_is_two_texts() -> None:
    def shell(**delta: str) -> dict[str, Any]:
        return event("shell_call_output_content.delta", command_index=0, delta=delta)

    whole = {"outcome": {"type": "exit", "exit_code": 0}, "stdout": "ax", "stderr": "x"}
    item = {"type": "shell_call_output", "id": "i", "call_id": "c", "output": [whole]}
    out, _ = run(
        [
            shell(stdout="a", stderr=""),
            shell(stdout="x"),
            shell(stderr="x"),
            event("shell_call_output_content.done", command_index=0, output=[whole]),
            event("output_item.done", item=item),
        ]
    )
    deltas = [one["delta"] for one in out if "delta" in one]

    assert "".join(one.get("stdout", "") for one in deltas) == "aV"
    assert "".join(one.get("stderr", "") for one in deltas) == "V"
    assert out[-2]["output"] == out[-1]["item"]["output"]
    assert out[-1]["item"]["output"][0]["stdout"] == "aV"


def test_what_vllm_adds_is_known() -> None:
    """Its own events around reasoning."""
    part = {"type": "reasoning_text", "text": "ax"}
    out, _ = run(
        [
            event("reasoning_part.added", content_index=0, part={**part, "text": ""}),
            event("reasoning_text.delta", content_index=0, delta="ax"),
            event("reasoning_part.done", content_index=0, part=part),
        ]
    )

    assert said(out, "reasoning_text.delta") == "aV"
    assert out[-1]["part"] == {"type": "reasoning_text", "text": "aV"}


def test_signs_of_life_pass() -> None:
    assert [one["type"] for one in run([{"type": "keepalive", "x": "x"}])[0]] == ["keepalive"]


@pytest.mark.parametrize(
    "data",
    [
        b"", b"{", b"[]", b'"x"', b"[DONE]", b'{"type":"response.telepathy","text":"canary"}',
        b'{"error":{"message":"canary"}}', b'{"type":"error","message":"canary"}',
        b'{"type":"response.failed","response":{"error":{"message":"canary"}}}',
        b'{"type":"response.completed"}', b'{"type":"response.completed","response":{}}',
        b'{"type":"response.output_text.delta","delta":"x"}',
        b'{"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":1}',
        b'{"type":"response.output_text.done","output_index":0,"content_index":0}',
        b'{"type":"response.output_item.added","output_index":0,"item":{"type":"canary"}}',
        b'{"type":"response.output_item.added","item":{"type":"message"}}',
        b'{"type":"response.content_part.added","output_index":0,"content_index":0}',
    ],
)  # fmt: skip
def test_an_unknown_event_is_an_error(data: bytes) -> None:
    """Never passed raw, and its text is nowhere."""
    with pytest.raises(UpstreamFailed) as caught:
        ResponseStream(context(), AnswerFacts()).take(data)

    assert "canary" not in str(caught.value)


ODD: list[Any] = [None, True, 0, -1, 1.5, "", "x", [], {}, [None], {"a": 1}, [[]], "{"]


@settings(deadline=None)
@given(st.data())
def test_odd_events_are_restored_or_refused(data: st.DataObject) -> None:
    """Any value in any place of an event: our error at worst, never another exception."""

    def spoiled(value: Any) -> Any:
        if data.draw(st.integers(0, 9)) == 0:
            return data.draw(st.sampled_from(ODD))
        if isinstance(value, dict):
            return {key: spoiled(child) for key, child in value.items()}
        return [spoiled(child) for child in value] if isinstance(value, list) else value

    names = st.sampled_from(sorted(set(events()) - set(REFUSED)))
    shapes = [events()[data.draw(names)][0] for _ in range(2)]
    given = [sample(shape, text="x") for shape in shapes]
    for one in given:
        if isinstance(one.get("item"), dict):
            one["item"] = message("x")
        if isinstance(one.get("response"), dict):
            one["response"] = response(message("x"))
    with suppress(UpstreamFailed):
        run(
            [
                {key: spoiled(child) for key, child in one.items()} | {"type": one["type"]}
                for one in given
            ]
        )


def tools_of(given: list[Any]) -> list[tuple[str, bool]]:
    seen: list[Tool] = []

    def note(place: TextPlace) -> Shout:
        if place.tool is not None:
            seen.append(place.tool)
        return Shout(place)

    run(given, replace(context(), new_filter=note))
    return [(tool.name, tool.is_sure) for tool in seen]


def test_a_calls_arguments_know_its_tool() -> None:
    """Its name comes with the item that is added; one that comes later is no sure one."""
    item = {"type": "function_call", "name": "f", "arguments": ""}
    delta = event("function_call_arguments.delta", delta="1")
    done = event("output_item.done", item={**item, "arguments": "1"})

    assert tools_of([event("output_item.added", item=item), delta, done]) == [("f", True)]
    assert tools_of([delta, done]) == [("f", False)]


def test_a_call_never_changes_its_tool() -> None:
    """What was given back for one would be run by another."""
    item = {"type": "function_call", "name": "f", "arguments": "1"}
    with pytest.raises(UpstreamFailed):
        run(
            [
                event("output_item.added", item=item),
                event("output_item.done", item={**item, "name": "g"}),
            ]
        )


def test_the_record_has_its_facts_before_the_last_event() -> None:
    usage = {"input_tokens": 7, "output_tokens": 3, "input_tokens_details": {"cached_tokens": 4}}
    facts = AnswerFacts()
    stream = ResponseStream(context(), facts)
    stream.take(orjson.dumps({"type": "response.created", "response": response(store=True)}))
    assert stream.take(
        orjson.dumps({"type": "response.completed", "response": response(usage=usage, store=True)})
    )

    assert facts.usage == {"in": 7, "out": 3, "cached": 4}
    assert facts.finish_reasons == ["stop"]
    assert facts.model_served == "org/real"
    assert facts.state_id == "resp_1"


def test_texts_may_become_ready_after_they_were_taken() -> None:
    """What `give` sends is what the filters let go then; so it is with the whole text."""
    made: list[Shout] = []

    def late(place: TextPlace) -> Shout:
        made.append(Shout(place))
        return made[-1]

    stream = ResponseStream(context(new_filter=late), AnswerFacts())
    stream.take(orjson.dumps(event("output_text.delta", content_index=0, delta="x")))
    made[0].end()

    assert said(unframed(stream.give()), "output_text.delta") == "V"
