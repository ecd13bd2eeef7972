"""Chat completions, the answer: what both ways of giving it share, and the whole one. Pure.

Only fields that are named here reach the client. An absent `id`, `object`, `index` or
`finish_reason` means its default; a shape that is not a chat answer is the upstream's failure.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import orjson

from gateway.errors import UpstreamFailed

_TOKEN = re.compile(r"[A-Za-z0-9._:/\-]{1,128}")
TEXT_FIELDS = ("content", "refusal", "reasoning", "reasoning_content")
_USAGE = re.compile(r"[a-z_]{1,40}")
_DEEPEST_USAGE = 3
_MOST = 2**53 - 1  # the largest integer that every JSON reader holds exactly


class TextFilter(Protocol):
    """Turns one masked text into what the client is given, piece by piece.

    What is put in may become ready later than it came: whoever reads answers for new data does
    so between.
    """

    def put(self, text: str) -> None:
        """The next piece in."""
        ...

    def end(self) -> None:
        """No more pieces come."""
        ...

    def ready(self) -> str:
        """What can be let go now; each piece is given once."""
        ...


@dataclass(slots=True)
class Tool:
    """The tool of one call. `name` is masked, as far as it has come.

    It is not sure where arguments came before the name, or more of the name after them.
    """

    name: str = ""
    is_sure: bool = True
    has_begun: bool = False

    def more_name(self, text: str) -> None:
        """The name, or its next piece."""
        self.name += text
        self.is_sure = self.is_sure and not self.has_begun

    def begin(self) -> None:
        """Arguments come."""
        self.is_sure = self.is_sure and self.name != ""
        self.has_begun = True


@dataclass(frozen=True, slots=True)
class TextPlace:
    """Where a text of an answer stands. `tool` is set for a call's arguments or input."""

    is_json: bool = False
    is_name: bool = False  # of a tool: only [A-Za-z0-9_-] is legal
    tool: Tool | None = None


@dataclass(frozen=True, slots=True)
class AnswerContext:
    """What an answer needs to know of its request.

    `restored` restores an id, which the upstream made and no model wrote.
    """

    model: str
    request_id: str
    created: int  # seconds since 1970, where the upstream gives none
    json_content: bool
    wants_usage: bool
    new_filter: Callable[[TextPlace], TextFilter]
    restored: Callable[[str], str]


@dataclass(slots=True)
class AnswerFacts:
    """What the record keeps of an answer: figures and words of the protocol."""

    usage: dict[str, int] = field(default_factory=dict)
    finish_reasons: list[str] = field(default_factory=list)
    model_served: str = ""


def invalid() -> UpstreamFailed:
    """The upstream's answer is not a chat answer."""
    return UpstreamFailed("The upstream's answer could not be read.", code="upstream_invalid")


def token(value: Any, default: str | None) -> str | None:
    """A word of the protocol as it came, or the default where it is none."""
    return value if isinstance(value, str) and _TOKEN.fullmatch(value) else default


def figures(value: Any, depth: int = 0) -> dict[str, Any]:
    """The whole numbers of a usage object, nested as they came; nothing else of it."""
    kept: dict[str, Any] = {}
    if not isinstance(value, dict) or depth >= _DEEPEST_USAGE:
        return kept
    for key, child in value.items():
        if not _USAGE.fullmatch(key):
            continue
        if isinstance(child, int) and not isinstance(child, bool) and 0 <= child <= _MOST:
            kept[key] = child
        elif isinstance(child, dict):
            kept[key] = figures(child, depth + 1)
    return kept


def note_usage(facts: AnswerFacts, usage: dict[str, Any]) -> None:
    """Keep the figures of a usage object for the record."""
    details = usage.get("prompt_tokens_details")
    cached = details.get("cached_tokens", 0) if isinstance(details, dict) else 0
    given = {"in": usage.get("prompt_tokens"), "out": usage.get("completion_tokens")}
    facts.usage = {
        name: figure if isinstance(figure, int) else 0
        for name, figure in {**given, "cached": cached}.items()
    }


def head(document: dict[str, Any], context: AnswerContext, kind: str) -> dict[str, Any]:
    """The members of an answer or an event beside its choices and its usage."""
    created = document.get("created")
    head: dict[str, Any] = {
        "id": token(document.get("id"), f"chatcmpl-{context.request_id}"),
        "object": kind,
        "created": created if isinstance(created, int) else context.created,
        "model": context.model,
    }
    for key in ("system_fingerprint", "service_tier"):
        value = token(document.get(key), None)
        if value is not None:
            head[key] = value
    return head


class Slots:
    """The places of an answer or an event where texts go, once they are ready."""

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting: list[tuple[dict[str, Any], str, TextFilter, bool]] = []

    def add(
        self, holder: dict[str, Any], key: str, text: TextFilter, keeps_empty: bool = True
    ) -> None:
        """A text goes under a key; where it is empty, only if `keeps_empty`."""
        self._waiting.append((holder, key, text, keeps_empty))

    def fill(self) -> None:
        """Put what is ready in its place, and forget the places."""
        for holder, key, text, keeps_empty in self._waiting:
            ready = text.ready()
            if ready or keeps_empty:
                holder[key] = ready
        self._waiting.clear()


class WholeAnswer:
    """The client's answer. `give` is called when all that must be read of it has been read.

    Raises:
        UpstreamFailed: the document is not a chat completion.
    """

    __slots__ = ("_context", "_out", "_slots")

    def __init__(self, document: Any, context: AnswerContext, facts: AnswerFacts) -> None:
        choices = document.get("choices") if isinstance(document, dict) else None
        if not isinstance(choices, list):
            raise invalid()
        self._context = context
        self._slots = Slots()
        facts.model_served = token(document.get("model"), "") or ""
        out = self._out = head(document, context, "chat.completion")
        out["choices"] = [
            self._choice(choice, place, facts) for place, choice in enumerate(choices)
        ]
        if isinstance(document.get("usage"), dict):
            out["usage"] = figures(document["usage"])
            note_usage(facts, out["usage"])

    def __repr__(self) -> str:
        return "WholeAnswer()"

    def give(self) -> dict[str, Any]:
        """The answer, with its texts as they are ready."""
        self._slots.fill()
        return self._out

    def _choice(self, choice: Any, place: int, facts: AnswerFacts) -> dict[str, Any]:
        message = choice.get("message") if isinstance(choice, dict) else None
        if not isinstance(message, dict):
            raise invalid()
        index = choice.get("index", place)
        reason = token(choice.get("finish_reason"), "stop") or "stop"
        facts.finish_reasons.append(reason)
        kept: dict[str, Any] = {"role": "assistant", "content": None}
        content = TextPlace(is_json=self._context.json_content)
        for key in TEXT_FIELDS:
            if isinstance(message.get(key), str):
                self._put(kept, key, message[key], content if key == "content" else TextPlace())
            elif key == "content" and isinstance(message.get(key), list):
                kept[key] = self._parts(message[key], content)
        if isinstance(message.get("tool_calls"), list) and message["tool_calls"]:
            kept["tool_calls"] = [
                self._call(call, number) for number, call in enumerate(message["tool_calls"])
            ]
        if isinstance(message.get("function_call"), dict):
            kept["function_call"] = self._function(message["function_call"])
        place_of = index if isinstance(index, int) else place
        return {"index": place_of, "message": kept, "finish_reason": reason}

    def _parts(self, parts: list[Any], where: TextPlace) -> list[dict[str, Any]]:
        kept = []
        for part in parts:
            if isinstance(part, dict) and isinstance(part.get("text"), str):
                one: dict[str, Any] = {"type": "text"}
                self._put(one, "text", part["text"], where)
                kept.append(one)
        return kept

    def _function(self, function: Any) -> dict[str, Any]:
        if not isinstance(function, dict):
            raise invalid()
        kept: dict[str, Any] = {}
        tool = Tool()
        if isinstance(function.get("name"), str):
            tool.more_name(function["name"])
            self._put(kept, "name", function["name"], TextPlace(is_name=True))
        tool.begin()
        for key in ("arguments", "input"):
            where = TextPlace(is_json=key == "arguments", tool=tool)
            if isinstance(function.get(key), str):
                self._put(kept, key, function[key], where)
            elif key == "arguments" and isinstance(function.get(key), dict):
                # Some servers send an object where the API has a string.
                self._put(kept, key, orjson.dumps(function[key]).decode(), where)
        return kept

    def _call(self, call: Any, number: int) -> dict[str, Any]:
        if not isinstance(call, dict):
            raise invalid()
        kind = "custom" if isinstance(call.get("custom"), dict) else "function"
        identity = token(call.get("id"), f"call_{self._context.request_id}_{number}") or ""
        restored = self._context.restored(identity)
        return {"id": restored, "type": kind, kind: self._function(call.get(kind))}

    def _put(self, holder: dict[str, Any], key: str, text: str, where: TextPlace) -> None:
        made = self._context.new_filter(where)
        made.put(text)
        made.end()
        holder[key] = None  # keeps its place among the keys
        self._slots.add(holder, key, made)


def whole(document: Any, context: AnswerContext, facts: AnswerFacts) -> dict[str, Any]:
    """The client's answer, where its texts are ready at once.

    Raises:
        UpstreamFailed: the document is not a chat completion.
    """
    return WholeAnswer(document, context, facts).give()
