"""Responses, echoed. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from gateway.types import Json
from gateway.upstreams.echo.common import PREFIX, arguments, items, pieces, rejected, tokens

_OUTPUTS: Final = ("function_call_output", "custom_tool_call_output")


@dataclass(frozen=True, slots=True)
class _Answer:
    """What the one item says: prose, or a call of `tool` with `text` as arguments or input."""

    id: str
    created: int
    asked: dict[str, Json] = field(repr=False)
    text: str = field(repr=False)
    input_tokens: int
    tool: dict[str, Json] | None = None

    @property
    def is_custom(self) -> bool:
        return self.tool is not None and self.tool.get("type") == "custom"

    def item(self, text: str, status: str) -> dict[str, Any]:
        if self.tool is None:
            content = [self.part(text)] if status == "completed" else []
            head = {"id": f"msg_{self.id}", "type": "message", "role": "assistant"}
            return {**head, "status": status, "content": content}
        key, kind = "arguments", "function_call"
        if self.is_custom:
            key, kind = "input", "custom_tool_call"
        head = {"id": f"fc_{self.id}", "type": kind, "call_id": f"call_{self.id[-24:]}"}
        return {**head, "name": self.tool["name"], key: text, "status": status}

    @staticmethod
    def part(text: str) -> dict[str, Any]:
        return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}

    def response(self, status: str) -> dict[str, Any]:
        """The response object; like a provider, it repeats the request."""
        asked = self.asked
        is_done = status == "completed"
        output = tokens(self.text)
        usage = {
            "input_tokens": self.input_tokens,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": output,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": self.input_tokens + output,
        }
        return {
            "id": f"resp_{self.id}", "object": "response", "created_at": self.created,
            "status": status, "error": None, "incomplete_details": None,
            "instructions": asked.get("instructions"), "metadata": asked.get("metadata") or {},
            "model": asked.get("model"), "parallel_tool_calls": True,
            "output": [self.item(self.text, status)] if is_done else [],
            "temperature": asked.get("temperature"), "top_p": asked.get("top_p"),
            "tool_choice": asked.get("tool_choice") or "auto", "tools": asked.get("tools") or [],
            "store": asked.get("store") is not False, "usage": usage if is_done else None,
        }  # fmt: skip


def whole(document: dict[str, Json], request_id: str, created: int) -> dict[str, Json]:
    """The answer in one piece.

    Raises:
        UpstreamFailed: not a request of the Responses API.
    """
    return _answer(document, request_id, created).response("completed")


def events(document: dict[str, Json], request_id: str, created: int) -> Iterator[bytes]:
    """The answer as framed events. Raises as `whole`, before the first of them."""
    return _framed(_events(_answer(document, request_id, created)))


def _answer(document: dict[str, Json], request_id: str, created: int) -> _Answer:
    given = document.get("input")
    if not isinstance(given, (str, list)):
        raise rejected("The loopback upstream was sent no input.")
    received = given if isinstance(given, str) else _received(given)
    last = given[-1] if isinstance(given, list) and given else {"role": "user"}
    is_question = isinstance(last, dict) and last.get("role") == "user"
    tool = _tool(document) if is_question else None
    text = _in_json(document, received) or PREFIX + received
    if tool is not None:
        is_custom = tool.get("type") == "custom"
        text = received if is_custom else arguments(tool.get("parameters"), received)
    return _Answer(request_id, created, document, text, tokens(received), tool)


def _in_json(document: dict[str, Json], received: str) -> str:
    """What was received, in the form that was asked for; "" where none was."""
    settings = document.get("text")
    wanted = settings.get("format") if isinstance(settings, dict) else None
    if isinstance(wanted, dict) and wanted.get("type") == "json_schema":
        return arguments(wanted.get("schema"), received)
    return ""


def _received(given: list[Json]) -> str:
    """What the tools said last, if they spoke last; else the last message of the user."""
    results: list[str] = []
    for item in reversed(given):
        if not isinstance(item, dict) or item.get("type") not in _OUTPUTS:
            break
        results.insert(0, _text(item.get("output")))
    if results:
        return "\n".join(results)
    said = (one for one in reversed(given) if isinstance(one, dict) and one.get("role") == "user")
    return next((_text(one.get("content")) for one in said), "")


def _text(content: Json) -> str:
    if isinstance(content, str):
        return content
    texts = [part.get("text") for part in items(content) if isinstance(part, dict)]
    return "".join(text for text in texts if isinstance(text, str))


def _tool(document: dict[str, Json]) -> dict[str, Json] | None:
    """The tool to call: the one that `tool_choice` names, else the first; None for none."""
    choice = document.get("tool_choice")
    if choice == "none":
        return None
    tools = [one for one in items(document.get("tools")) if isinstance(one, dict)]
    own = [one for one in tools if one.get("type") in ("function", "custom") and "name" in one]
    if isinstance(choice, dict):
        own = [one for one in own if one["name"] == choice.get("name")]
    return own[0] if own else None


def _events(answer: _Answer) -> Iterator[dict[str, Any]]:
    yield {"type": "response.created", "response": answer.response("in_progress")}
    yield {"type": "response.in_progress", "response": answer.response("in_progress")}
    begun, done = answer.item("", "in_progress"), answer.item(answer.text, "completed")
    yield {"type": "response.output_item.added", "output_index": 0, "item": begun}
    at: dict[str, Any] = {"item_id": done["id"], "output_index": 0}
    if answer.tool is None:
        at["content_index"] = 0
        yield {"type": "response.content_part.added", **at, "part": answer.part("")}
        name, key = "output_text", "text"
    elif answer.is_custom:
        name, key = "custom_tool_call_input", "input"
    else:
        name, key = "function_call_arguments", "arguments"
    extra: dict[str, Any] = {"logprobs": []} if key == "text" else {}
    for piece in pieces(answer.text):
        yield {"type": f"response.{name}.delta", **at, "delta": piece, **extra}
    yield {"type": f"response.{name}.done", **at, key: answer.text, **extra}
    if answer.tool is None:
        yield {"type": "response.content_part.done", **at, "part": answer.part(answer.text)}
    yield {"type": "response.output_item.done", "output_index": 0, "item": done}
    yield {"type": "response.completed", "response": answer.response("completed")}


def _framed(given: Iterator[dict[str, Any]]) -> Iterator[bytes]:
    for number, one in enumerate(given):
        data = orjson.dumps({**one, "sequence_number": number})
        yield b"event: " + one["type"].encode() + b"\ndata: " + data + b"\n\n"
