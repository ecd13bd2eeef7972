"""Chat completions, the answer: what both ways of giving it share, and the whole one. Pure.

Only fields that are named here reach the client. An absent `id`, `object`, `index` or
`finish_reason` means its default; a shape that is not a chat answer is the upstream's failure.
"""

from __future__ import annotations

from typing import Any, Final

import orjson

from gateway.wire.answers import (
    AnswerContext,
    AnswerFacts,
    Slots,
    TextPlace,
    Tool,
    broke_off,
    figures,
    invalid,
    shown_usage,
    token,
)

TEXT_FIELDS: Final = ("content", "refusal", "reasoning", "reasoning_content")


def note_usage(facts: AnswerFacts, usage: dict[str, Any]) -> None:
    """Keep the figures of a usage object for the record."""
    details = usage.get("prompt_tokens_details")
    cached = details.get("cached_tokens", 0) if isinstance(details, dict) else 0
    given = {"in": usage.get("prompt_tokens"), "out": usage.get("completion_tokens")}
    facts.usage = {
        name: figure if isinstance(figure, int) else 0
        for name, figure in {**given, "cached": cached}.items()
    }


def chunk_of(data: bytes) -> dict[str, Any]:
    """The document of one event of a stream, which has a list of choices.

    Raises:
        UpstreamFailed: the event is an error, or has none.
    """
    try:
        chunk = orjson.loads(data)
    except orjson.JSONDecodeError:
        raise invalid() from None
    if isinstance(chunk, dict) and isinstance(chunk.get("choices"), list):
        return chunk
    if isinstance(chunk, dict) and "error" in chunk:
        raise broke_off()
    raise invalid()


def head(
    document: dict[str, Any], context: AnswerContext, kind: str, prefix: str = "chatcmpl"
) -> dict[str, Any]:
    """The members of an answer or an event beside its choices and its usage."""
    created = document.get("created")
    head: dict[str, Any] = {
        "id": token(document.get("id"), f"{prefix}-{context.request_id}"),
        "object": kind,
        "created": created if isinstance(created, int) else context.created,
        "model": context.model,
    }
    for key in ("system_fingerprint", "service_tier"):
        value = token(document.get(key), None)
        if value is not None:
            head[key] = value
    return head


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
            usage = figures(document["usage"])
            note_usage(facts, usage)
            out["usage"] = shown_usage(usage, context)

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
