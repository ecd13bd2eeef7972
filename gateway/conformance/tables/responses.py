"""Responses: every place of requests, answers and events. Pure data.

Most rows follow from the tables by which the family is read: a field that is added there has a row
here, and a field of which something wrong is said there is found by its canary.
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
    Body,
    Event,
    Expect,
    RequestRow,
    Split,
    Table,
)
from gateway.wire.families import RESPONSES
from gateway.wire.responses import FIELDS
from gateway.wire.responses_items import (
    ANNOTATION,
    GIVEN,
    ITEM,
    ByType,
    Each,
    Either,
    Field,
    What,
)
from gateway.wire.responses_tools import TOOL

_BLOB: Final = "QUJD" * 10
_TEXT: Final = f"Dear {PROSE}, hello."
_ARGUMENTS: Final = f'{{"to": "{JSON}"}}'
_SCHEMA: Final = {
    "type": "object", "properties": {NAME: {"type": "string", "description": PROSE}},
}  # fmt: skip
_GIVEN: Final[dict[What, tuple[tuple[Any, Expect], ...]]] = {
    What.TEXT: ((_TEXT, Expect.MASKED),),
    What.CONTENT: ((_TEXT, Expect.MASKED),),
    What.INPUT: ((_TEXT, Expect.MASKED),),
    What.ARGUMENTS: ((_ARGUMENTS, Expect.MASKED),),
    What.NAME: ((NAME, Expect.MASKED),),
    What.LABEL: ((NAME, Expect.MASKED),),
    What.ID: ((NAME, Expect.MASKED),),
    What.WORD: ((PROSE, Expect.MASKED),),
    What.BLOB: ((_BLOB, Expect.UNTOUCHED), (PROSE, Expect.MASKED)),
    What.MEDIA: ((_BLOB, Expect.UNTOUCHED), (PROSE, Expect.MASKED)),
    What.JSON: (({"deep": [{"a": PROSE}]}, Expect.MASKED),),
    What.SCHEMA: ((_SCHEMA, Expect.MASKED),),
}
_TOLD: Final = frozenset(
    {What.TEXT, What.CONTENT, What.INPUT, What.ARGUMENTS, What.NAME, What.LABEL, What.ID, What.JSON}
)

_Place = tuple[str, Any, Expect, What]


def _values(field: Field, at: str = "") -> Iterator[_Place]:
    """Every text below a field: its name, the field's value with that text alone, what is due."""
    if isinstance(field, What):
        for number, (value, expect) in enumerate(_GIVEN.get(field, ())):
            yield f"{at}{'' if number == 0 else ', text'}", value, expect, field
    elif isinstance(field, Each):
        for place, value, expect, what in _values(field.of, f"{at}[]"):
            yield place, [value], expect, what
    elif isinstance(field, Either):
        yield from _values(field.text, f"{at} as text")
        yield from _values(field.other, at)
    elif isinstance(field, ByType):
        for kind, shape in field.shapes.items():
            for place, value, expect, what in _values(shape, f"{at}<{kind}>"):
                yield place, {"type": kind, **value}, expect, what
    else:
        for key, child in field.items():
            for place, value, expect, what in _values(child, f"{at}.{key}" if at else key):
                yield place, {key: value}, expect, what


def _input(*items: dict[str, Any]) -> dict[str, Any]:
    return {"input": [{"role": "user", "content": "Hello."}, *items]}


def _requests() -> Iterator[RequestRow]:
    for place, value, expect, _ in _values(FIELDS):
        yield RequestRow(place, value, expect)
    for place, value, expect, _ in _values(GIVEN, "input[]"):
        yield RequestRow(place, _input(value), expect)
    for place, value, expect, _ in _values(TOOL, "tools[]"):
        yield RequestRow(place, {"tools": [value]}, expect)
    yield from _BESIDE


_BESIDE: Final = (
    RequestRow("input as text", {"input": _TEXT}),
    RequestRow("input[], message without type", _input({"role": "user", "content": _TEXT})),
    RequestRow("input[], unknown member", _input({"role": "user", "content": "a", "new": PROSE})),
    RequestRow("input[] of no known type", _input({"type": "new", "said": PROSE})),
    RequestRow("input[].content[] of no known type", _input(
        {"role": "user", "content": [{"type": "new", "said": PROSE}]})),
    RequestRow("input[].content[] that is text", _input({"role": "user", "content": [PROSE]})),
    RequestRow("input[].role", _input({"role": PROSE, "content": "a"})),
    RequestRow("input[], what brings tools", _input(
        {"type": "additional_tools", "tools": [{"type": "function", "name": NAME}]})),
    RequestRow("prompt.id", {"prompt": {"id": NAME}}),
    RequestRow("prompt.variables", {"prompt": {"id": "pmpt_1", "variables": {"who": PROSE}}}),
    RequestRow("prompt.variables, key", {"prompt": {"id": "pmpt_1", "variables": {NAME: "a"}}}),
    RequestRow("prompt.variables, part", {"prompt": {"id": "pmpt_1", "variables": {
        "who": {"type": "input_text", "text": PROSE}}}}),
    RequestRow("prompt, unknown member", {"prompt": {"id": "pmpt_1", "new": PROSE}}),
    RequestRow("a type's place", {"text": {"type": PROSE}}),
    RequestRow("a list's place", _input({"type": "reasoning", "summary": PROSE})),
    RequestRow("an object's place", {"reasoning": PROSE}),
    RequestRow("tools[].type", {"tools": [{"type": PROSE}]}, Expect.REFUSED),
    RequestRow("tools[] that is text", {"tools": [PROSE]}, Expect.REFUSED),
    RequestRow("include[]", {"include": [PROSE]}, Expect.REFUSED),
    RequestRow("conversation", {"conversation": PROSE}, Expect.REFUSED),
    RequestRow("background", {"background": PROSE}, Expect.REFUSED),
    RequestRow("cache_salt", {"cache_salt": PROSE}, Expect.REFUSED),
    RequestRow("priority", {"priority": PROSE}, Expect.REFUSED),
    RequestRow("user", {"user": PROSE}, Expect.HASHED),
    RequestRow("safety_identifier", {"safety_identifier": PROSE}, Expect.HASHED),
    RequestRow("prompt_cache_key", {"prompt_cache_key": PROSE}, Expect.HASHED),
    RequestRow("a figure's place", {"temperature": PROSE}),
    RequestRow("beside a long number", {"seed": 20_000_000_000_001, "new": PROSE}),
    RequestRow("a field that nobody named", {"new": [{"a": PROSE}]}),
)  # fmt: skip

# ---- answers -------------------------------------------------------------------------------------

_HEAD: Final = {"id": "resp_1", "object": "response", "created_at": 1, "model": "m"}


def _response(status: str, *items: Any) -> dict[str, Any]:
    return {**_HEAD, "status": status, "output": list(items)}


def _event(name: str, **fields: Any) -> Event:
    return Event({"type": f"response.{name}", "sequence_number": 0, **fields}, f"response.{name}")


def _stream(item: dict[str, Any], *between: Event | Split) -> tuple[Event | Split, ...]:
    """The events of an answer of one item."""
    begun = {"type": item["type"], "id": "item_1", "status": "in_progress"}
    if "name" in item:
        begun["name"] = item["name"]
    return (
        _event("created", response=_response("in_progress")),
        _event("output_item.added", output_index=0, item=begun),
        *between,
        _event("output_item.done", output_index=0, item=item),
        _event("completed", response=_response("completed", item)),
    )


def _pieces(name: str, key: str, text: str, **where: int) -> tuple[Event | Split, ...]:
    at = {"item_id": "item_1", "output_index": 0, **where}
    return (
        Split(_event(f"{name}.delta", delta=PIECE, **at), text),
        _event(f"{name}.done", **{key: text}, **at),
    )


def _in_part(name: str, holder: str, part: dict[str, Any], index: str) -> Any:
    """The events of a part, and of its text in pieces between them."""
    at = {"item_id": "item_1", "output_index": 0, index: 0}
    kind = {"content": "content_part", "summary": "reasoning_summary_part"}[holder]
    key = "refusal" if part["type"] == "refusal" else "text"
    return (
        _event(f"{kind}.added", part={**part, key: ""}, **at),
        *_pieces(name, key, part[key], **{index: 0}),
        _event(f"{kind}.done", part=part, **at),
    )


def _part_row(
    name: str, item: str, holder: str, kind: str, text: str, overlay: Body | None = None
) -> AnswerRow:
    key = "refusal" if kind == "refusal" else "text"
    part = {"type": kind, key: text}
    index = "summary_index" if holder == "summary" else "content_index"
    made = {"type": item, "id": "item_1", holder: [part]}
    return AnswerRow(
        f"{item}.{holder}[]<{kind}>, in pieces{', JSON' if overlay else ''}",
        _response("completed", made),
        _stream(made, *_in_part(name, holder, part, index)),
        overlay or {},
    )


def _call_row(name: str, item: str, key: str, text: str) -> AnswerRow:
    made = {"type": item, "id": "item_1", key: text}
    if "call" in item and item != "code_interpreter_call":
        made |= {"call_id": "call_1", "name": "send"}
    return AnswerRow(f"{item}.{key}, in pieces", events=_stream(made, *_pieces(name, key, text)))


_COMMAND: Final = {"type": "shell_call", "id": "item_1", "action": {"commands": [_TEXT]}}
_OUTPUT: Final = {"stdout": _TEXT, "stderr": "", "outcome": {"type": "exit", "exit_code": 0}}
_SHELLED: Final = {"type": "shell_call_output", "id": "item_1", "output": [_OUTPUT]}
_AT: Final = {"item_id": "item_1", "output_index": 0}
_STREAMED: Final = (
    _part_row("output_text", "message", "content", "output_text", _TEXT),
    _part_row(
        "output_text", "message", "content", "output_text", _ARGUMENTS,
        {"text": {"format": {"type": "json_object"}}},
    ),
    _part_row("refusal", "message", "content", "refusal", _TEXT),
    _part_row("reasoning_text", "reasoning", "content", "reasoning_text", _TEXT),
    _part_row("reasoning_summary_text", "reasoning", "summary", "summary_text", _TEXT),
    _call_row("function_call_arguments", "function_call", "arguments", _ARGUMENTS),
    _call_row("mcp_call_arguments", "mcp_call", "arguments", _ARGUMENTS),
    _call_row("custom_tool_call_input", "custom_tool_call", "input", _TEXT),
    _call_row("code_interpreter_call_code", "code_interpreter_call", "code", _TEXT),
    AnswerRow(
        "shell_call.action.commands[], in pieces",
        events=_stream(
            _COMMAND,
            _event("shell_call_command.added", command="", command_index=0, **_AT),
            Split(_event("shell_call_command.delta", delta=PIECE, command_index=0, **_AT), _TEXT),
            _event("shell_call_command.done", command=_TEXT, command_index=0, **_AT),
        ),
    ),
    AnswerRow(
        "shell_call_output.output[].stdout, in pieces",
        events=_stream(
            _SHELLED,
            Split(
                _event("shell_call_output_content.delta", delta={"stdout": PIECE},
                       command_index=0, **_AT),
                _TEXT,
            ),
            _event("shell_call_output_content.done", output=[_OUTPUT], command_index=0, **_AT),
        ),
    ),
)  # fmt: skip


def _answers() -> Iterator[AnswerRow]:
    for place, value, _, what in _values(ITEM, "output[]"):
        if what in _TOLD:
            item = {"id": "item_1", **value}
            yield AnswerRow(place, _response("completed", item), _stream(item))
    for place, value, _, what in _values(ANNOTATION, "annotation"):
        if what in _TOLD:
            part = {"type": "output_text", "text": "a", "annotations": [value]}
            item = {"type": "message", "id": "item_1", "content": [part]}
            where = {"content_index": 0, "annotation_index": 0, **_AT}
            added = _event("output_text.annotation.added", annotation=value, **where)
            yield AnswerRow(f"{place}, added", events=_stream(item, added))
    yield from _STREAMED


_PLAIN: Final = {"input": "Hello.", "tools": []}
TABLE: Final = Table(
    RESPONSES,
    {"model": "m", "input": PROSE, "tools": [{"type": "function", "name": NAME}]},
    "/input",
    "/tools/0/name",
    tuple(
        RequestRow(row.place, {**_PLAIN, **row.overlay}, row.expect) for row in _requests()
    ),
    tuple(_answers()),
)  # fmt: skip
