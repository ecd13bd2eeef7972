"""What the tests of every family share: a request that makes vLLM say a given text, and its answer.

The model says nothing of its own accord, since its weights are random. Grammars make it: a request
names the text that it may answer with, and the gateway masks the text there as everywhere.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gateway.wire.families import CODECS

TOOL = "send_mail"


def _used(answer: dict[str, Any]) -> tuple[int, int]:
    """Tokens in and out. Messages count those that were cached apart."""
    usage = answer["usage"]
    into = (
        "prompt_tokens",
        "input_tokens",
        "cache_creation_input_tokens",
        "cache_read_input_tokens",
    )
    out = ("completion_tokens", "output_tokens")
    return sum(usage.get(key, 0) for key in into), sum(usage.get(key, 0) for key in out)


@dataclass(frozen=True, slots=True)
class Way:
    """One family: `ask` and `ask_tool` make requests, the others read answers and events."""

    path: str
    ask: Callable[[str], dict[str, Any]]
    whole: Callable[[dict[str, Any]], str]
    piece: Callable[[dict[str, Any]], str]
    used: Callable[[dict[str, Any]], tuple[int, int]] = _used
    ask_tool: Callable[[str], dict[str, Any]] | None = None
    whole_tool: Callable[[dict[str, Any]], str] = lambda _: ""
    piece_tool: Callable[[dict[str, Any]], str] = lambda _: ""


def _schema(text: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {"said": {"type": "string", "enum": [text]}},
        "required": ["said"],
        "additionalProperties": False,
    }


def _user(text: str) -> list[dict[str, Any]]:
    return [{"role": "user", "content": text}]


def _function(text: str) -> dict[str, Any]:
    described = {"name": TOOL, "description": f"Like {text}", "strict": True}
    return {**described, "parameters": _schema(text)}


def _first(choices: list[dict[str, Any]], *keys: str) -> Any:
    """What stands under keys of the first choice of a chunk; "" where it is not."""
    found: Any = choices[0] if choices else {}
    for key in keys:
        found = (found or {}).get(key)
    return found or ""


CHAT = Way(
    path="/v1/chat/completions",
    ask=lambda text: {
        "messages": _user(f"Say: {text}"),
        "structured_outputs": {"choice": [text]},
        "max_tokens": 600,
    },
    whole=lambda answer: str(answer["choices"][0]["message"]["content"]),
    piece=lambda event: str(_first(event["choices"], "delta", "content")),
    ask_tool=lambda text: {
        "messages": _user(f"Send: {text}"),
        "tools": [{"type": "function", "function": _function(text)}],
        "tool_choice": {"type": "function", "function": {"name": TOOL}},
        "max_tokens": 600,
    },
    whole_tool=lambda answer: str(
        answer["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"]
    ),
    piece_tool=lambda event: "".join(
        call.get("function", {}).get("arguments") or ""
        for call in _first(event["choices"], "delta", "tool_calls")
    ),
)
COMPLETIONS = Way(
    path="/v1/completions",
    ask=lambda text: {
        "prompt": f"Say: {text}",
        "structured_outputs": {"choice": [text]},
        "max_tokens": 600,
    },
    whole=lambda answer: str(answer["choices"][0]["text"]),
    piece=lambda event: str(_first(event["choices"], "text")),
)
RESPONSES = Way(
    path="/v1/responses",
    ask=lambda text: {
        "input": f"Say: {text}",
        "structured_outputs": {"choice": [text]},
        "max_output_tokens": 600,
    },
    whole=lambda answer: str(answer["output"][0]["content"][0]["text"]),
    piece=lambda event: event["delta"] if event["type"] == "response.output_text.delta" else "",
    ask_tool=lambda text: {
        "input": f"Send: {text}",
        "tools": [{"type": "function", **_function(text)}],
        "tool_choice": {"type": "function", "name": TOOL},
        "max_output_tokens": 600,
    },
    whole_tool=lambda answer: next(
        one["arguments"] for one in answer["output"] if one["type"] == "function_call"
    ),
    piece_tool=lambda event: (
        event["delta"] if event["type"] == "response.function_call_arguments.delta" else ""
    ),
)
MESSAGES = Way(
    path="/v1/messages",
    ask=lambda text: {
        "messages": _user(f"Say: {text}"),
        "output_config": {"format": {"type": "json_schema", "schema": _schema(text)}},
        "max_tokens": 600,
    },
    whole=lambda answer: str(json.loads(answer["content"][0]["text"])["said"]),
    piece=lambda event: event.get("delta", {}).get("text", ""),
    ask_tool=lambda text: {
        "messages": _user(f"Send: {text}"),
        "tools": [{"name": TOOL, "strict": True, "input_schema": _schema(text)}],
        "tool_choice": {"type": "tool", "name": TOOL},
        "max_tokens": 600,
    },
    whole_tool=lambda answer: json.dumps(
        next(one["input"] for one in answer["content"] if one["type"] == "tool_use")
    ),
    piece_tool=lambda event: event.get("delta", {}).get("partial_json", ""),
)

EVERY = {"chat": CHAT, "completions": COMPLETIONS, "responses": RESPONSES, "messages": MESSAGES}
SERVED = frozenset(codec.endpoint for codec in CODECS)
WAYS = {name: way for name, way in EVERY.items() if way.path in SERVED}
"""Those that the gateway has; the others are for recording what vLLM answers."""


def events(raw: bytes) -> list[dict[str, Any]]:
    """The events of a stream, without the one that only says that it is over."""
    lines = [line[5:].strip() for line in raw.splitlines() if line.startswith(b"data:")]
    return [json.loads(line) for line in lines if line != b"[DONE]"]
