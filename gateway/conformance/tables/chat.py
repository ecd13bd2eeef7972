"""Chat completions: every place of requests, answers and events. Pure data."""

from __future__ import annotations

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
from gateway.wire.families import CHAT

_FUNCTION: Final = {"type": "function", "function": {"name": NAME}}
_HELLO: Final = {"role": "user", "content": "Hello."}
_ARGUMENTS: Final = f'{{"to": "{JSON}"}}'


def _messages(*messages: dict[str, Any]) -> dict[str, Any]:
    return {"messages": [_HELLO, *messages]}


def _content(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": list(parts)}]}


def _called(**call: Any) -> dict[str, Any]:
    return _messages({"role": "assistant", "tool_calls": [{"id": "call_1", **call}]})


def _whole(**message: Any) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": "stop"}
    return {"id": "c1", "object": "chat.completion", "model": "m", "choices": [choice]}


def _chunk(**delta: Any) -> Event:
    choice = {"index": 0, "delta": delta, "finish_reason": None}
    return Event({"id": "c1", "object": "chat.completion.chunk", "choices": [choice]})


_END: Final = (
    Event({"id": "c1", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}),
    Event("[DONE]"),
)


def _text(field: str) -> AnswerRow:
    return AnswerRow(
        f"message.{field}",
        _whole(**{field: f"Dear {PROSE}, hello."}),
        (Split(_chunk(**{field: PIECE}), f"Dear {PROSE}, hello."), *_END),
    )


def _call(kind: str, field: str, text: str) -> AnswerRow:
    call = {"index": 0, "id": "call_1", "type": kind}
    return AnswerRow(
        f"message.tool_calls[].{kind}.{field}",
        _whole(tool_calls=[call | {kind: {"name": "send", field: text}}]),
        (
            _chunk(tool_calls=[call | {kind: {"name": "send", field: ""}}]),
            Split(_chunk(tool_calls=[{"index": 0, kind: {field: PIECE}}]), text),
            *_END,
        ),
    )


_REQUESTS: Final = (
    *(
        RequestRow(f"messages[].content, {role}", _messages({"role": role, "content": PROSE}))
        for role in ("system", "developer", "user", "assistant")
    ),
    RequestRow("messages[].content[].text", _content({"type": "text", "text": f"Hi {PROSE}."})),
    RequestRow("messages[].content[].refusal", _messages(
        {"role": "assistant", "content": [{"type": "refusal", "refusal": PROSE}]})),
    RequestRow("messages[].content[] of no known type", _content({"type": "new", "said": PROSE})),
    RequestRow("messages[].content[], key", _content({"type": "text", "text": "a", NAME: 1})),
    RequestRow("messages[].content[].image_url", _content(
        {"type": "image_url", "image_url": {"url": PROSE}})),
    RequestRow("messages[].content[].file", _content(
        {"type": "file", "file": {"filename": f"{PROSE}.pdf", "file_data": "aGVsbG8="}})),
    RequestRow("messages[].content[] that is text", _messages(
        {"role": "user", "content": [PROSE]})),
    RequestRow("messages[].content, object", _messages({"role": "user", "content": {"a": PROSE}})),
    RequestRow("messages[].name", _messages({"role": "user", "content": "a", "name": NAME})),
    RequestRow("messages[].refusal", _messages({"role": "assistant", "refusal": PROSE})),
    RequestRow("messages[].reasoning", _messages({"role": "assistant", "reasoning": PROSE})),
    RequestRow("messages[].reasoning_content", _messages(
        {"role": "assistant", "reasoning_content": PROSE})),
    RequestRow("messages[].audio", _messages({"role": "assistant", "audio": {"id": NAME}})),
    RequestRow("messages[].tool_calls[].function.name", _called(**_FUNCTION)),
    RequestRow("messages[].tool_calls[].function.arguments", _called(
        type="function", function={"name": "send", "arguments": _ARGUMENTS})),
    RequestRow("messages[].tool_calls[].function, unknown member", _called(
        type="function", function={"name": "send", "arguments": "{}", "new": PROSE})),
    RequestRow("messages[].tool_calls[].custom.input", _called(
        type="custom", custom={"name": "send", "input": PROSE})),
    RequestRow("messages[].tool_calls[].id", _messages(
        {"role": "assistant", "tool_calls": [
            {"id": NAME, "type": "function", "function": {"name": "a", "arguments": "{}"}}]})),
    RequestRow("messages[].tool_calls[].type", _called(type=PROSE)),
    RequestRow("messages[].tool_calls[], unknown member", _called(type="function", new=PROSE)),
    RequestRow("messages[].tool_calls[] that is text", _messages(
        {"role": "assistant", "tool_calls": [PROSE]})),
    RequestRow("messages[].function_call.name", _messages(
        {"role": "assistant", "function_call": {"name": NAME, "arguments": "{}"}})),
    RequestRow("messages[].function_call.arguments", _messages(
        {"role": "assistant", "function_call": {"name": "a", "arguments": _ARGUMENTS}})),
    RequestRow("messages[].content, tool", _messages(
        {"role": "tool", "tool_call_id": "call_1", "content": PROSE})),
    RequestRow("messages[].content, tool, JSON", _messages(
        {"role": "tool", "tool_call_id": "call_1", "content": f'[{{"name": "{JSON}"}}]'})),
    RequestRow("messages[].tool_call_id", _messages(
        {"role": "tool", "tool_call_id": NAME, "content": "a"})),
    RequestRow("messages[].role", _messages({"role": PROSE, "content": "a"})),
    RequestRow("messages[], unknown member", _messages(
        {"role": "user", "content": "a", "new": {"deep": [PROSE]}})),
    RequestRow("tools[].function.name", {"tools": [_FUNCTION]}),
    RequestRow("tools[].function.description", {"tools": [
        {"type": "function", "function": {"name": "a", "description": PROSE}}]}),
    RequestRow("tools[].function.parameters, property", {"tools": [
        {"type": "function", "function": {"name": "a", "parameters": {
            "type": "object", "properties": {NAME: {"type": "string"}}}}}]}),
    RequestRow("tools[].function.parameters, description", {"tools": [
        {"type": "function", "function": {"name": "a", "parameters": {
            "type": "object", "properties": {"b": {"type": "string", "description": PROSE}}}}}]}),
    RequestRow("tools[].function.parameters, enum", {"tools": [
        {"type": "function", "function": {"name": "a", "parameters": {
            "type": "object", "properties": {"b": {"type": "string", "enum": ["x", PROSE]}}}}}]}),
    RequestRow("tools[].custom.format", {"tools": [{"type": "custom", "custom": {
        "name": "a", "format": {"type": "grammar", "grammar": {
            "syntax": "regex", "definition": PROSE}}}}]}),
    RequestRow("tools[], unknown member", {"tools": [
        {"type": "function", "function": {"name": "a"}, "new": PROSE}]}),
    RequestRow("tools[] that is text", {"tools": [PROSE]}),
    RequestRow("tools that is text", {"tools": PROSE}),
    RequestRow("tools[].type", {"tools": [{"type": PROSE}]}, Expect.REFUSED),
    RequestRow("tool_choice", {"tool_choice": PROSE}),
    RequestRow("tool_choice.function.name", {"tool_choice": _FUNCTION}),
    RequestRow("tool_choice.allowed_tools", {"tool_choice": {
        "type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [_FUNCTION]}}}),
    RequestRow("tool_choice, unknown member", {"tool_choice": {"type": "function", "new": PROSE}}),
    RequestRow("functions[].name", {"functions": [{"name": NAME}]}),
    RequestRow("functions that is text", {"functions": PROSE}),
    RequestRow("function_call.name", {"function_call": {"name": NAME}}),
    RequestRow("function_call", {"function_call": PROSE}),
    RequestRow("response_format.json_schema", {"response_format": {
        "type": "json_schema", "json_schema": {"name": NAME, "schema": {"type": "object"}}}}),
    RequestRow("response_format, unknown member", {"response_format": {
        "type": "text", "new": PROSE}}),
    RequestRow("response_format that is text", {"response_format": PROSE}),
    RequestRow("prediction.content", {"prediction": {"type": "content", "content": PROSE}}),
    RequestRow("prediction, unknown member", {"prediction": {"type": "content", "new": PROSE}}),
    RequestRow("prediction that is text", {"prediction": PROSE}),
    RequestRow("modalities[]", {"modalities": ["text", PROSE]}),
    RequestRow("modalities that is text", {"modalities": PROSE}),
    RequestRow("audio", {"audio": {"voice": PROSE, "format": "mp3"}}),
    RequestRow("stop", {"stop": PROSE}),
    RequestRow("stop[]", {"stop": ["x", PROSE]}),
    RequestRow("metadata", {"metadata": {"who": PROSE}}),
    RequestRow("metadata, key", {"metadata": {NAME: "x"}}),
    RequestRow("logit_bias, key", {"logit_bias": {NAME: 1}}),
    RequestRow("web_search_options", {"web_search_options": {"user_location": {"city": PROSE}}}),
    RequestRow("reasoning_effort", {"reasoning_effort": PROSE}),
    RequestRow("user", {"user": PROSE}, Expect.HASHED),
    RequestRow("safety_identifier", {"safety_identifier": PROSE}, Expect.HASHED),
    RequestRow("prompt_cache_key", {"prompt_cache_key": PROSE}, Expect.HASHED),
    RequestRow("a field that nobody named", {"new_field": [{"a": PROSE}]}),
    RequestRow("beside a long number", {"seed": 20_000_000_000_001, "new_field": PROSE}),
    RequestRow("a number's place", {"temperature": PROSE}),
    RequestRow("cache_salt", {"cache_salt": PROSE}, Expect.REFUSED),
    RequestRow("priority", {"priority": PROSE}, Expect.REFUSED),
)  # fmt: skip

_ANSWERS: Final = (
    *(_text(field) for field in ("content", "refusal", "reasoning", "reasoning_content")),
    AnswerRow("message.content[].text", _whole(content=[{"type": "text", "text": PROSE}])),
    AnswerRow(
        "message.content, JSON",
        _whole(content=_ARGUMENTS),
        (Split(_chunk(content=PIECE), _ARGUMENTS), *_END),
        {"response_format": {"type": "json_object"}},
    ),
    _call("function", "arguments", _ARGUMENTS),
    _call("custom", "input", f"say {PROSE}"),
    AnswerRow(
        "message.tool_calls[].function.arguments, object",
        _whole(tool_calls=[{"id": "a", "function": {"name": "a", "arguments": {"to": PROSE}}}]),
        comes_as=JSON,
    ),
    AnswerRow(
        "message.tool_calls[].function.name",
        _whole(tool_calls=[{"id": "a", **_FUNCTION}]),
        (_chunk(tool_calls=[{"index": 0, "id": "a", **_FUNCTION}]), *_END),
    ),
    AnswerRow(
        "message.tool_calls[].id",
        _whole(tool_calls=[{"id": NAME, "function": {"name": "a", "arguments": "{}"}}]),
        (_chunk(tool_calls=[{"index": 0, "id": NAME, "function": {"name": "a"}}]), *_END),
    ),
    AnswerRow(
        "message.function_call.arguments",
        _whole(function_call={"name": "send", "arguments": _ARGUMENTS}),
        (Split(_chunk(function_call={"arguments": PIECE}), _ARGUMENTS), *_END),
    ),
    AnswerRow(
        "message.function_call.name",
        _whole(function_call={"name": NAME, "arguments": "{}"}),
        (_chunk(function_call={"name": NAME}), *_END),
    ),
)

TABLE: Final = Table(
    CHAT,
    {"model": "m", "messages": [{"role": "user", "content": PROSE, "name": NAME}]},
    "/messages/0/content",
    "/messages/0/name",
    _REQUESTS,
    _ANSWERS,
)
