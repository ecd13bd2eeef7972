"""Anthropic Messages: every place of requests, answers and events. Pure data.

Most rows follow from the table of shapes by which the family is read: a field that is added there
has a row here, and a field whose kind is wrong there is found by its canary.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from gateway.conformance.model import (
    JSON,
    NAME,
    PIECE,
    PROSE,
    AnswerRow,
    Event,
    Expect,
    RequestRow,
    Split,
    Table,
)
from gateway.wire.families import COUNT_TOKENS, MESSAGES
from gateway.wire.messages import REFUSED, REQUEST
from gateway.wire.messages_shapes import ASKED_BLOCKS, BLOCKS, PARTS, TOOL, Kind, Shape

_BLOB: Final = "QUJD" * 10
_TEXT: Final = f"Dear {PROSE}, hello."
_INPUT: Final = f'{{"to": "{JSON}"}}'
_IN_PLACES: Final[dict[Kind, tuple[tuple[Any, Expect], ...]]] = {
    Kind.TEXT: ((_TEXT, Expect.MASKED),),
    Kind.NAME: ((NAME, Expect.MASKED),),
    Kind.ID: ((NAME, Expect.MASKED),),
    Kind.WORD: ((PROSE, Expect.MASKED),),
    Kind.STAMP: ((PROSE, Expect.MASKED),),
    Kind.OPAQUE: ((_BLOB, Expect.UNTOUCHED), (PROSE, Expect.MASKED)),
    Kind.BYTES: ((PROSE, Expect.UNTOUCHED),),
    Kind.JSON: (({"deep": [{"a": PROSE}]}, Expect.MASKED),),
    Kind.SCHEMA: (
        (
            {"type": "object", "properties": {NAME: {"type": "string", "description": PROSE}}},
            Expect.MASKED,
        ),
    ),
    Kind.PARTS: (([{"type": "text", "text": _TEXT}], Expect.MASKED), (PROSE, Expect.MASKED)),
}


def _fields(shape: Shape, at: str = "") -> Iterator[tuple[str, dict[str, Any], Expect]]:
    """Every field of a shape that holds text: its name, an object of that field, what is due."""
    for key, kind in shape.items():
        here = f"{at}.{key}" if at else key
        if isinstance(kind, Kind):
            for number, (value, expect) in enumerate(_IN_PLACES.get(kind, ())):
                yield f"{here}{'' if number == 0 else ', text'}", {key: value}, expect
        else:
            for place, value, expect in _fields(kind, here):
                yield place, {key: value}, expect


def _said(*blocks: dict[str, Any]) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": list(blocks)}]}


def _requests() -> Iterator[RequestRow]:
    for place, value, expect in _fields(REQUEST):
        if place == "metadata.user_id":
            yield RequestRow(place, value, Expect.HASHED)
        elif place.startswith("messages."):
            message = {"role": "user", "content": "a", **value["messages"]}
            yield RequestRow(place, {"messages": [message]}, expect)
        elif place not in ("stop_sequences", "mcp_servers"):
            yield RequestRow(place, value, expect)
    for name, shape in {**BLOCKS, **ASKED_BLOCKS}.items():
        for place, value, expect in _fields(shape):
            yield RequestRow(f"{name} block, {place}", _said({"type": name, **value}), expect)
    for name, shape in PARTS.items():
        for place, value, expect in _fields(shape):
            result = {"type": "tool_result", "tool_use_id": "toolu_1"}
            content = [{"type": name, **value}]
            yield RequestRow(f"{name}, {place}", _said({**result, "content": content}), expect)
    for place, value, expect in _fields(TOOL):
        yield RequestRow(f"tools[], {place}", {"tools": [{"name": "a", **value}]}, expect)
    for name in REFUSED:
        yield RequestRow(name, {name: PROSE}, Expect.REFUSED)
    yield from _BESIDE


_BESIDE: Final = (
    RequestRow("stop_sequences[]", {"stop_sequences": ["x", PROSE]}),
    RequestRow("document block, text source", _said(
        {"type": "document", "source": {"type": "text", "media_type": "text/plain",
                                        "data": _TEXT}})),
    RequestRow("tool_use block, input of text", _said({"type": "tool_use", "input": PROSE})),
    RequestRow("a block of no known type", _said({"type": "new", "said": PROSE})),
    RequestRow("a block without a type", _said({"said": PROSE})),
    RequestRow("a block that is text", {"messages": [{"role": "user", "content": [PROSE]}]}),
    RequestRow("a block, unknown member", _said({"type": "text", "text": "a", "new": PROSE})),
    RequestRow("content, a number's place", {"messages": [
        {"role": "user", "content": 20_000_000_000_001, "new": PROSE}]}),
    RequestRow("container, its id", {"container": NAME}),
    RequestRow("tool_choice that is text", {"tool_choice": PROSE}),
    RequestRow("tools[].type", {"tools": [{"type": PROSE}]}, Expect.REFUSED),
    RequestRow("tools[] that is text", {"tools": [PROSE]}),
    RequestRow("a figure's place", {"temperature": PROSE}),
    RequestRow("beside a long number", {"top_k": 20_000_000_000_001, "new": PROSE}),
    RequestRow("a field that nobody named", {"new": [{"a": PROSE}]}),
)  # fmt: skip

# ---- answers -------------------------------------------------------------------------------------

_USAGE: Final = {"input_tokens": 1, "output_tokens": 1}
_HEAD: Final = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m"}


def _whole(*blocks: dict[str, Any], **fields: Any) -> dict[str, Any]:
    ending = {"stop_reason": "end_turn", "stop_sequence": None, "usage": _USAGE}
    return {**_HEAD, "content": list(blocks), **ending, **fields}


def _event(name: str, **fields: Any) -> Event:
    return Event({"type": name, **fields}, name)


_START: Final = _event("message_start", message={**_HEAD, "content": [], "usage": _USAGE})
_STOP: Final = _event("content_block_stop", index=0)


def _delta(**fields: Any) -> Event:
    return _event("content_block_delta", index=0, delta=fields)


def _begun(**block: Any) -> Event:
    return _event("content_block_start", index=0, content_block=block)


def _ended(**delta: Any) -> tuple[Event, ...]:
    said = {"stop_reason": "end_turn", "stop_sequence": None, **delta}
    end = _event("message_delta", delta=said, usage=_USAGE)
    return (end, _event("message_stop"))


def _answers() -> Iterator[AnswerRow]:
    for name, shape in BLOCKS.items():
        if name in ("thinking", "compaction"):
            continue
        for place, value, expect in _fields(shape):
            kind = place.rpartition(".")[2]
            if expect is Expect.MASKED and "cache_control" not in place and kind != "type":
                block = {"type": name, **value}
                yield AnswerRow(
                    f"{name} block, {place}",
                    _whole(block),
                    (_START, _begun(**block), _STOP, *_ended()),
                    stays_masked=_is_protocol(shape, place),
                )
    yield from _STREAMED


def _is_protocol(shape: Shape, place: str) -> bool:
    """Whether a field of an answer goes as it came, because no model wrote it."""
    kind: Kind | Shape = shape
    for step in place.removesuffix(", text").split("."):
        if isinstance(kind, Kind):
            return False
        kind = kind[step]
    return kind in (Kind.OPAQUE, Kind.BYTES)


_STREAMED: Final = (
    AnswerRow(
        "text block, in pieces",
        events=(_START, _begun(type="text", text=""), Split(_delta(
            type="text_delta", text=PIECE), _TEXT), _STOP, *_ended()),
    ),
    AnswerRow(
        "text block, JSON in pieces",
        _whole({"type": "text", "text": _INPUT}),
        (_START, _begun(type="text", text=""), Split(_delta(
            type="text_delta", text=PIECE), _INPUT), _STOP, *_ended()),
        {"output_format": {"type": "json_schema", "schema": {}}},
    ),
    *(
        AnswerRow(
            f"{name} block, input in pieces",
            events=(_START, _begun(type=name, id="a", name="send", input={}), Split(_delta(
                type="input_json_delta", partial_json=PIECE), _INPUT), _STOP, *_ended()),
        )
        for name in ("tool_use", "server_tool_use", "mcp_tool_use")
    ),
    AnswerRow(
        "text block, citation",
        events=(
            _START, _begun(type="text", text=""),
            _delta(type="citations_delta", citation={
                "type": "char_location", "cited_text": _TEXT, "document_title": PROSE,
                "document_index": 0, "start_char_index": 0, "end_char_index": 1}),
            _STOP, *_ended(),
        ),
    ),
    AnswerRow(
        "thinking block",
        _whole({"type": "thinking", "thinking": _TEXT, "signature": _BLOB}),
        (_START, _begun(type="thinking", thinking="", signature=""), Split(_delta(
            type="thinking_delta", thinking=PIECE), _TEXT),
         _delta(type="signature_delta", signature=_BLOB), _STOP, *_ended()),
        stays_masked=True,
    ),
    AnswerRow(
        "compaction block",
        _whole({"type": "compaction", "content": _TEXT}),
        (_START, _begun(type="compaction", content=None), _delta(
            type="compaction_delta", content=_TEXT), _STOP, *_ended()),
    ),
    AnswerRow(
        "stop_sequence",
        _whole({"type": "text", "text": "a"}, stop_reason="stop_sequence", stop_sequence=PROSE),
        (_START, *_ended(stop_reason="stop_sequence", stop_sequence=PROSE)),
    ),
    AnswerRow(
        "stop_details.explanation",
        _whole(stop_reason="refusal", stop_details={"type": "refusal", "explanation": PROSE}),
        (_START, *_ended(stop_details={"type": "refusal", "explanation": PROSE})),
    ),
)  # fmt: skip

_BASE: Final = {
    "model": "m", "max_tokens": 64,
    "messages": [{"role": "user", "content": PROSE}],
    "tools": [{"name": NAME, "input_schema": {"type": "object"}}],
}  # fmt: skip
_PROSE_AT: Final = "/messages/0/content"
_NAME_AT: Final = "/tools/0/name"


def _based(row: RequestRow) -> RequestRow:
    """The row over a base without marks of its own."""
    plain = {"messages": [{"role": "user", "content": "Hello."}], "tools": []}
    return RequestRow(row.place, {**plain, **row.overlay}, row.expect)


_ROWS: Final = tuple(_based(row) for row in _requests())
TABLE: Final = Table(MESSAGES, _BASE, _PROSE_AT, _NAME_AT, _ROWS, tuple(_answers()))
COUNT_TABLE: Final = Table(COUNT_TOKENS, _BASE, _PROSE_AT, _NAME_AT, _ROWS, ())
