"""Chat completions, the answer: whole and as a stream. Pure.

Only fields that are named here reach the client. An absent `id`, `object`, `index` or
`finish_reason` means its default; a shape that is not a chat answer is the upstream's failure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import orjson

from gateway.errors import UpstreamFailed

_TOKEN = re.compile(r"[A-Za-z0-9._:/\-]{1,128}")
_TEXT_FIELDS = ("content", "refusal", "reasoning", "reasoning_content")
_USAGE = re.compile(r"[a-z_]{1,40}")
_DEEPEST_USAGE = 3
_MOST = 2**53 - 1  # the largest integer that every JSON reader holds exactly


class TextFilter(Protocol):
    """Restores one text piece by piece."""

    def feed(self, text: str) -> str:
        """The next piece in, what is ready out."""
        ...

    def flush(self) -> str:
        """The end of the text: what was held back."""
        ...


@dataclass(frozen=True, slots=True)
class AnswerContext:
    """What an answer needs to know of its request."""

    model: str
    request_id: str
    created: int  # seconds since 1970, where the upstream gives none
    json_content: bool
    wants_usage: bool
    new_filter: Callable[[bool], TextFilter]  # argument: the text is JSON


@dataclass(slots=True)
class AnswerFacts:
    """What the record keeps of an answer: figures and words of the protocol."""

    usage: dict[str, int] = field(default_factory=dict)
    finish_reasons: list[str] = field(default_factory=list)
    model_served: str = ""


def invalid() -> UpstreamFailed:
    """The upstream's answer is not a chat answer."""
    return UpstreamFailed("The upstream's answer could not be read.", code="upstream_invalid")


def _token(value: Any, default: str | None) -> str | None:
    return value if isinstance(value, str) and _TOKEN.fullmatch(value) else default


def _figures(value: Any, depth: int = 0) -> dict[str, Any]:
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
            kept[key] = _figures(child, depth + 1)
    return kept


def _note_usage(facts: AnswerFacts, usage: dict[str, Any]) -> None:
    details = usage.get("prompt_tokens_details")
    cached = details.get("cached_tokens", 0) if isinstance(details, dict) else 0
    given = {"in": usage.get("prompt_tokens"), "out": usage.get("completion_tokens")}
    facts.usage = {
        name: figure if isinstance(figure, int) else 0
        for name, figure in {**given, "cached": cached}.items()
    }


def _head(document: dict[str, Any], context: AnswerContext, kind: str) -> dict[str, Any]:
    created = document.get("created")
    head: dict[str, Any] = {
        "id": _token(document.get("id"), f"chatcmpl-{context.request_id}"),
        "object": kind,
        "created": created if isinstance(created, int) else context.created,
        "model": context.model,
    }
    for key in ("system_fingerprint", "service_tier"):
        value = _token(document.get(key), None)
        if value is not None:
            head[key] = value
    return head


def _restored(context: AnswerContext, text: str, *, is_json: bool) -> str:
    filtered = context.new_filter(is_json)
    return filtered.feed(text) + filtered.flush()


def whole(document: Any, context: AnswerContext, facts: AnswerFacts) -> dict[str, Any]:
    """The client's answer, restored.

    Raises:
        UpstreamFailed: the document is not a chat completion.
    """
    choices = document.get("choices") if isinstance(document, dict) else None
    if not isinstance(choices, list):
        raise invalid()
    facts.model_served = _token(document.get("model"), "") or ""
    out = _head(document, context, "chat.completion")
    out["choices"] = [
        _choice(choice, place, context, facts) for place, choice in enumerate(choices)
    ]
    if isinstance(document.get("usage"), dict):
        out["usage"] = _figures(document["usage"])
        _note_usage(facts, out["usage"])
    return out


def _choice(choice: Any, place: int, context: AnswerContext, facts: AnswerFacts) -> dict[str, Any]:
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(message, dict):
        raise invalid()
    index = choice.get("index", place)
    reason = _token(choice.get("finish_reason"), "stop") or "stop"
    facts.finish_reasons.append(reason)
    restored: dict[str, Any] = {"role": "assistant", "content": None}
    for key in _TEXT_FIELDS:
        if isinstance(message.get(key), str):
            is_json = key == "content" and context.json_content
            restored[key] = _restored(context, message[key], is_json=is_json)
        elif key == "content" and isinstance(message.get(key), list):
            restored[key] = _parts(message[key], context)
    if isinstance(message.get("tool_calls"), list) and message["tool_calls"]:
        restored["tool_calls"] = [
            _call(call, place, context) for place, call in enumerate(message["tool_calls"])
        ]
    if isinstance(message.get("function_call"), dict):
        restored["function_call"] = _function(message["function_call"], context)
    place_of = index if isinstance(index, int) else place
    return {"index": place_of, "message": restored, "finish_reason": reason}


def _parts(parts: list[Any], context: AnswerContext) -> list[dict[str, Any]]:
    kept = []
    for part in parts:
        if isinstance(part, dict) and isinstance(part.get("text"), str):
            text = _restored(context, part["text"], is_json=context.json_content)
            kept.append({"type": "text", "text": text})
    return kept


def _function(function: Any, context: AnswerContext) -> dict[str, Any]:
    if not isinstance(function, dict):
        raise invalid()
    kept: dict[str, Any] = {}
    for key, is_json in (("name", False), ("arguments", True), ("input", False)):
        if isinstance(function.get(key), str):
            kept[key] = _restored(context, function[key], is_json=is_json)
        elif key == "arguments" and isinstance(function.get(key), dict):
            # Some servers send an object where the API has a string.
            text = orjson.dumps(function[key]).decode()
            kept[key] = _restored(context, text, is_json=True)
    return kept


def _call(call: Any, place: int, context: AnswerContext) -> dict[str, Any]:
    if not isinstance(call, dict):
        raise invalid()
    kind = "custom" if isinstance(call.get("custom"), dict) else "function"
    identity = _token(call.get("id"), f"call_{context.request_id}_{place}") or ""
    restored = _restored(context, identity, is_json=False)
    return {"id": restored, "type": kind, kind: _function(call.get(kind), context)}


class ChatStream:
    """Restores the events of one streamed answer, one filter per choice, field and tool call."""

    def __init__(self, context: AnswerContext, facts: AnswerFacts) -> None:
        self._context = context
        self._facts = facts
        self._filters: dict[tuple[int, str, int], TextFilter] = {}
        self._last: dict[str, Any] = {}

    def __repr__(self) -> str:
        return f"ChatStream({len(self._filters)} texts)"

    def feed(self, data: bytes) -> bytes | None:
        """One event's data, restored; None where nothing is to be sent for it.

        Raises:
            UpstreamFailed: the event is an error, or not a chat chunk.
        """
        try:
            chunk = orjson.loads(data)
        except orjson.JSONDecodeError:
            raise invalid() from None
        if not isinstance(chunk, dict) or not isinstance(chunk.get("choices"), list):
            if isinstance(chunk, dict) and "error" in chunk:
                raise UpstreamFailed("The upstream broke off with an error.", code="upstream_error")
            raise invalid()
        out = _head(chunk, self._context, "chat.completion.chunk")
        self._last = out
        self._facts.model_served = _token(chunk.get("model"), "") or ""
        choices = [self._chunk_choice(choice, at) for at, choice in enumerate(chunk["choices"])]
        kept = [choice for choice in choices if choice is not None]
        usage = chunk.get("usage")
        if isinstance(usage, dict):
            figures = _figures(usage)
            _note_usage(self._facts, figures)
            if self._context.wants_usage:
                out["usage"] = figures
        if not kept and "usage" not in out:
            return None
        out["choices"] = kept
        return orjson.dumps(out)

    def finish(self) -> bytes | None:
        """At the end of the stream: what is still held, for choices that were never finished."""
        places = sorted({place for place, _, _ in self._filters})
        choices = []
        for place in places:
            delta: dict[str, Any] = {}
            self._flush(place, delta)
            if delta:
                choices.append({"index": place, "delta": delta, "finish_reason": None})
        return orjson.dumps({**self._last, "choices": choices}) if choices else None

    def _chunk_choice(self, choice: Any, at: int) -> dict[str, Any] | None:
        if not isinstance(choice, dict):
            raise invalid()
        index = choice.get("index")
        place = index if isinstance(index, int) else at
        given = choice.get("delta")
        if not isinstance(given, dict):
            raise invalid()
        delta: dict[str, Any] = {}
        if "role" in given:
            delta["role"] = "assistant"
        for key in _TEXT_FIELDS:
            if isinstance(given.get(key), str):
                text = self._filter(place, key).feed(given[key])
                if text or "role" in delta or not given[key]:
                    delta[key] = text
        if isinstance(given.get("tool_calls"), list):
            calls = [
                self._chunk_call(place, number, call)
                for number, call in enumerate(given["tool_calls"])
            ]
            delta["tool_calls"] = [call for call in calls if call]
            if not delta["tool_calls"]:
                del delta["tool_calls"]
        if isinstance(given.get("function_call"), dict):
            delta["function_call"] = self._chunk_function(place, -1, given["function_call"])
        reason = _token(choice.get("finish_reason"), None)
        if reason is not None:
            self._facts.finish_reasons.append(reason)
            self._flush(place, delta)
        if not delta and reason is None:
            return None
        return {"index": place, "delta": delta, "finish_reason": reason}

    def _chunk_call(self, place: int, at: int, call: Any) -> dict[str, Any] | None:
        if not isinstance(call, dict):
            raise invalid()
        number = call["index"] if isinstance(call.get("index"), int) else at
        out: dict[str, Any] = {"index": number}
        identity = _token(call.get("id"), None)
        if identity is not None:
            out["id"] = _restored(self._context, identity, is_json=False)
        if call.get("type") in ("function", "custom"):
            out["type"] = call["type"]
        for kind in ("function", "custom"):
            if isinstance(call.get(kind), dict):
                out[kind] = self._chunk_function(place, number, call[kind])
        return out if len(out) > 1 and (out.get("function") != {} or len(out) > 2) else None

    def _chunk_function(self, place: int, number: int, function: dict[str, Any]) -> dict[str, Any]:
        out: dict[str, Any] = {}
        if isinstance(function.get("name"), str):
            out["name"] = _restored(self._context, function["name"], is_json=False)
        for key in ("arguments", "input"):
            if isinstance(function.get(key), str):
                text = self._filter(place, key, number).feed(function[key])
                if text or not function[key] or "name" in out:
                    out[key] = text
        return out

    def _filter(self, place: int, key: str, number: int = 0) -> TextFilter:
        known = self._filters.get((place, key, number))
        if known is None:
            is_json = key == "arguments" or (key == "content" and self._context.json_content)
            known = self._filters[place, key, number] = self._context.new_filter(is_json)
        return known

    def _flush(self, place: int, delta: dict[str, Any]) -> None:
        """End every text of a choice and put what was held into its last delta."""
        for owner, key, number in self._owned(place):
            text = self._filters.pop((owner, key, number)).flush()
            if not text:
                continue
            if key in _TEXT_FIELDS:
                delta[key] = (delta.get(key) or "") + text
            elif number < 0:
                held = delta.setdefault("function_call", {})
                held[key] = held.get(key, "") + text
            else:
                self._append_call(delta, key, number, text)

    def _owned(self, place: int) -> Iterator[tuple[int, str, int]]:
        return iter([name for name in self._filters if name[0] == place])

    @staticmethod
    def _append_call(delta: dict[str, Any], key: str, number: int, text: str) -> None:
        kind = "function" if key == "arguments" else "custom"
        calls = delta.setdefault("tool_calls", [])
        for call in calls:
            if call["index"] == number:
                function = call.setdefault(kind, {})
                function[key] = function.get(key, "") + text
                return
        calls.append({"index": number, kind: {key: text}})
