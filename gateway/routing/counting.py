"""What a vLLM server is asked in order to count the tokens of a request. Pure.

It counts chats, prompts and messages, and no input of the Responses API: that is asked about as the
chat that vLLM itself makes of it. What has no counterpart there counts by its JSON.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

_OF_CHATS: Final[tuple[str, ...]] = (
    "model", "messages", "prompt", "tools", "chat_template_kwargs", "add_generation_prompt",
    "continue_final_message", "add_special_tokens",
)  # fmt: skip
_OF_MESSAGES: Final[tuple[str, ...]] = ("model", "messages", "system", "tools", "tool_choice")
_TURNS: Final[Mapping[str, str]] = {
    "/chat/completions": "messages", "/messages": "messages", "/responses": "input",
}  # fmt: skip
_TEXTS: Final = frozenset({"input_text", "output_text", "text", "refusal"})


@dataclass(frozen=True, slots=True)
class Question:
    """Where to ask, what, and under which key the answer has the number."""

    place: str
    body: Mapping[str, Any] = field(repr=False)
    answer: str


def question(path: str, document: Mapping[str, Any]) -> Question | None:
    """What to ask about a request to an endpoint; None where its tokens cannot be counted."""
    if path == "/messages":
        return Question("v1/messages/count_tokens", _only(document, _OF_MESSAGES), "input_tokens")
    if path in ("/chat/completions", "/completions"):
        return Question("tokenize", _only(document, _OF_CHATS), "count")
    if path == "/responses":
        return Question("tokenize", _only(as_chat(document), _OF_CHATS), "count")
    return None


def turns_of(path: str, document: Mapping[str, Any]) -> tuple[str, Sequence[Any]]:
    """Where a request has its turns, and all that stands there; nothing where none may be left out.

    What goes on with a stored answer has its oldest turns where that answer is.
    """
    place = _TURNS.get(path, "")
    found = document.get(place)
    if not isinstance(found, list) or document.get("previous_response_id") is not None:
        return "", ()
    return place, found


def _only(document: Mapping[str, Any], keys: Sequence[str]) -> dict[str, Any]:
    return {key: document[key] for key in keys if key in document}


def as_chat(document: Mapping[str, Any]) -> dict[str, Any]:
    """A Responses request as the chat that a model is given of it."""
    given = document.get("input")
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given or []
    messages: list[dict[str, Any]] = []
    if document.get("instructions"):
        messages.append({"role": "system", "content": document["instructions"]})
    for one in items:
        _add(messages, one)
    made = {**document, "messages": messages}
    if document.get("tools"):
        made["tools"] = [_tool(one) for one in document["tools"]]
    return made


def _add(messages: list[dict[str, Any]], item: Mapping[str, Any]) -> None:
    """Put an item behind the messages; what an assistant does in several items is one message."""
    kind = item.get("type")
    if kind in ("function_call", "custom_tool_call"):
        called = {
            "id": str(item.get("call_id", "")),
            "type": "function",
            "function": {"name": str(item.get("name", "")), "arguments": _arguments(item)},
        }
        message = _of_assistant(messages, "")
        message.setdefault("tool_calls", []).append(called)
    elif kind == "reasoning":
        parts = item.get("content") or item.get("summary") or []
        first = parts[0] if isinstance(parts, list) and parts else {}
        said = str(first.get("text", "")) if isinstance(first, Mapping) else _json(first)
        _of_assistant(messages, "reasoning")["reasoning"] = said
    elif isinstance(kind, str) and kind.endswith("_output"):
        said = _content(item.get("output"))
        messages.append({"role": "tool", "content": said, "tool_call_id": item.get("call_id", "")})
    elif item.get("role") == "assistant":
        _of_assistant(messages, "content")["content"] = _content(item.get("content"))
    elif "role" in item:
        messages.append({"role": item["role"], "content": _content(item.get("content"))})
    else:
        messages.append({"role": "user", "content": _json(item)})


def _of_assistant(messages: list[dict[str, Any]], free: str) -> dict[str, Any]:
    """The assistant's message at the end, where it has nothing yet under a key; else a new one."""
    last = messages[-1] if messages else {}
    if last.get("role") != "assistant" or (free and free in last):
        messages.append({"role": "assistant"})
    return messages[-1]


def _arguments(call: Mapping[str, Any]) -> str:
    if call["type"] == "custom_tool_call":
        return _json({"input": call.get("input") or ""})
    return str(call.get("arguments", ""))


def _content(value: Any) -> Any:
    """A message's content: a text, or its parts."""
    if isinstance(value, list):
        return [_part(one) for one in value]
    return value if isinstance(value, str) or value is None else _json(value)


def _part(part: Any) -> dict[str, Any]:
    kind = part.get("type") if isinstance(part, Mapping) else None
    if isinstance(kind, str) and kind in _TEXTS:
        return {"type": "text", "text": str(part.get("text") or part.get("refusal") or "")}
    if kind == "input_image" and isinstance(part.get("image_url"), str):
        return {"type": "image_url", "image_url": {"url": part["image_url"]}}
    return {"type": "text", "text": _json(part)}


def _tool(tool: Any) -> dict[str, Any]:
    named = tool if isinstance(tool, Mapping) else {}
    if named.get("type") == "function":
        keys = ("name", "description", "parameters", "strict")
        return {"type": "function", "function": _only(named, keys)}
    told = {"name": str(named.get("name") or named.get("type") or ""), "description": _json(tool)}
    return {"type": "function", "function": told}


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()
