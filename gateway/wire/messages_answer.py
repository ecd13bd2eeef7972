"""Anthropic Messages, the answer: what both ways of giving it share, and the whole one. Pure.

Only fields that are named here and in `messages_shapes.py` reach the client. A block or a part of
a type that is not named is the upstream's failure.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

import orjson

from gateway.wire.answers import (
    AnswerContext,
    AnswerFacts,
    Slots,
    TextPlace,
    Tool,
    figures,
    invalid,
    shown_usage,
    token,
)
from gateway.wire.messages_shapes import (
    ASKED_BLOCKS,
    BLOCKS,
    PARTS,
    TEXT_SOURCE,
    TOOL,
    Kind,
    Shape,
    is_stamp,
)
from gateway.wire.messages_thinking import kept

# Parts of answers that are blocks of requests, too.
_SHARED: Final = frozenset({"document", "tool_addition", "tool_removal"})
_CACHED: Final = ("cache_read_input_tokens", "cache_creation_input_tokens")
_USAGE_WORDS: Final = ("service_tier", "inference_geo", "speed")
_TRANSFORMED: Final[Shape] = {"type": Kind.WORD, "path": Kind.TEXT, "reason": Kind.WORD}
_MISSED: Final[Shape] = {"type": Kind.WORD, "cache_missed_input_tokens": Kind.FIGURE}
ENDING: Final[Shape] = {
    "stop_reason": Kind.WORD,
    "stop_sequence": Kind.TEXT,
    "stop_details": {
        "type": Kind.WORD,
        "category": Kind.WORD,
        "explanation": Kind.TEXT,
        "recommended_model": Kind.MODEL,
    },
    "container": {
        "id": Kind.ID,
        "expires_at": Kind.STAMP,
        "skills": {"skill_id": Kind.ID, "type": Kind.WORD, "version": Kind.WORD},
    },
}
_AROUND: Final[Shape] = {
    "context_management": {"applied_edits": Kind.PARTS},
    "input_transformations": _TRANSFORMED,
}
_DIAGNOSED: Final[Shape] = {"diagnostics": {"cache_miss_reason": _MISSED}}


class Builder:
    """Makes the client's objects; their texts go through filters of their own, whole."""

    def __init__(self, context: AnswerContext, slots: Slots) -> None:
        self._context = context
        self._slots = slots
        self._after: list[Callable[[], None]] = []

    def __repr__(self) -> str:
        return "Builder()"

    def fill(self) -> None:
        """Put the texts in their places, then make of them what they are the texts of."""
        self._slots.fill()
        for make in self._after:
            make()
        self._after.clear()

    def after(self, make: Callable[[], None]) -> None:
        """Have something done once the texts are in their places."""
        self._after.append(make)

    def fields(
        self, value: Any, shape: Shape, out: dict[str, Any], tool: Tool | None = None
    ) -> dict[str, Any]:
        """The known fields of an object, into another.

        Raises:
            UpstreamFailed: it is no object.
        """
        if not isinstance(value, dict):
            raise invalid()
        for key, kind in shape.items():
            if key in value:
                self._field(out, key, value[key], kind, tool)
        return out

    def block(self, value: Any, number: int) -> dict[str, Any]:
        """A block of the answer's content.

        Raises:
            UpstreamFailed: it is none that an answer may hold.
        """
        kind = value.get("type") if isinstance(value, dict) else None
        shape = BLOCKS.get(kind) if isinstance(kind, str) else None
        if shape is None:
            raise invalid()
        if kind == "thinking":
            return self._thinking(value)
        out: dict[str, Any] = {"type": kind}
        tool = None
        if "input" in shape:
            tool = named(value)
            self._put_id(out, value, f"toolu_{self._context.request_id}_{number}")
        self.fields(value, shape, out, tool)
        text, signature = value.get("content"), value.get("signature")
        if kind == "compaction" and signature and isinstance(text, str):
            out["signature"] = sealed(self._context, kind, text, signature)
        return out

    def put(self, holder: dict[str, Any], key: str, text: str, where: TextPlace) -> None:
        """A whole text."""
        made = self._context.new_filter(where)
        made.put(text)
        made.end()
        holder[key] = None  # keeps its place among the keys
        self._slots.add(holder, key, made)

    def _put_id(self, out: dict[str, Any], value: dict[str, Any], default: str) -> None:
        out["id"] = self._context.restored(token(value.get("id"), default) or "")

    def _thinking(self, value: dict[str, Any]) -> dict[str, Any]:
        text, signature = value.get("thinking"), value.get("signature")
        if not isinstance(text, str):
            raise invalid()
        out: dict[str, Any] = {"type": "thinking"}
        self.put(out, "thinking", text, thinking_place(self._context))
        out["signature"] = sealed(self._context, "thinking", text, signature) or ""
        return out

    def _field(
        self, out: dict[str, Any], key: str, value: Any, kind: Kind | Shape, tool: Tool | None
    ) -> None:
        """A field's value, where it is of its kind; else the field is left out."""
        if value is None:
            out[key] = None
        elif not isinstance(kind, Kind):
            out[key] = (
                [self.fields(one, kind, {}) for one in value]
                if isinstance(value, list)
                else self.fields(value, kind, {})
            )
        elif kind in (Kind.JSON, Kind.SCHEMA):
            self._json_value(out, key, value, tool if key == "input" else None)
        elif kind is Kind.PARTS and not isinstance(value, str):
            out[key] = self._parts(key, value)
        elif isinstance(value, list):
            items: dict[str, Any] = {}
            for index, one in enumerate(value):
                self._value(items, str(index), one, kind)
            made: list[Any] = []
            out[key] = made
            self._after.append(lambda: made.extend(items.values()))
        else:
            self._value(out, key, value, kind, tool)

    def _value(
        self, out: dict[str, Any], key: str, value: Any, kind: Kind, tool: Tool | None = None
    ) -> None:
        """A value that is no list."""
        if kind is Kind.TOOL:
            out[key] = self._tool(value)
        elif kind is Kind.FIGURE:
            if isinstance(value, (bool, int, float)):
                out[key] = value
        elif not isinstance(value, str):
            return
        elif kind is Kind.NAME:
            self.put(out, key, value, TextPlace(is_name=True))
        elif kind in (Kind.TEXT, Kind.PARTS):
            is_json = key == "text" and self._context.json_content
            self.put(out, key, value, TextPlace(is_json=is_json, tool=tool))
        elif kind in (Kind.OPAQUE, Kind.BYTES) or (kind is Kind.STAMP and is_stamp(value)):
            out[key] = value
        elif kind in (Kind.ID, Kind.WORD, Kind.MODEL) and token(value, None) is not None:
            out[key] = self._context.restored(value) if kind is Kind.ID else value

    def _parts(self, key: str, value: Any) -> Any:
        if isinstance(value, list):
            return [self._part(key, one) for one in value]
        return self._part(key, value)

    def _part(self, key: str, value: Any) -> dict[str, Any]:
        """An object that says its type, which an answer may hold."""
        kind = value.get("type") if isinstance(value, dict) else None
        shape: Shape | None = None
        if isinstance(kind, str):
            shape = PARTS.get(kind) or (ASKED_BLOCKS.get(kind) if kind in _SHARED else None)
            if kind == "text":
                shape = TEXT_SOURCE if key == "source" else BLOCKS[kind]
        if shape is None:
            raise invalid()
        return self.fields(value, shape, {"type": kind})

    def _tool(self, value: Any) -> dict[str, Any]:
        kind = token(value.get("type"), None) if isinstance(value, dict) else None
        return self.fields(value, TOOL, {} if kind is None else {"type": kind})

    def _json_value(self, out: dict[str, Any], key: str, value: Any, tool: Tool | None) -> None:
        """What a model or a tool wrote, as JSON; it is read and restored as the text that it is."""
        if value in ({}, []):
            out[key] = value
            return
        if tool is not None:
            tool.begin()
        self.put(out, key, orjson.dumps(value).decode(), TextPlace(is_json=True, tool=tool))
        self._after.append(partial(_as_json, out, key))


def _as_json(holder: dict[str, Any], key: str) -> None:
    try:
        holder[key] = orjson.loads(holder[key])
    except orjson.JSONDecodeError:
        raise invalid() from None


def named(block: dict[str, Any]) -> Tool:
    """The tool that a block calls."""
    tool = Tool()
    if isinstance(block.get("name"), str):
        tool.more_name(block["name"])
    return tool


def thinking_place(context: AnswerContext) -> TextPlace:
    """Where thinking stands: as it is, unless the client is to read it with its values."""
    return TextPlace(restores=context.thinking is not None and context.thinking.restores)


def sealed(context: AnswerContext, kind: str, text: str, signature: Any) -> str | None:
    """The signature that the client is given for a block: one of ours, where one is needed."""
    given = signature if isinstance(signature, str) and signature else None
    # Thinking comes back masked or not; it must be what it was even where nobody has signed it.
    if context.thinking is None or (given is None and kind != "thinking"):
        return given
    return context.thinking.seal(kept(kind, text, given))


def usage_of(value: Any, context: AnswerContext) -> dict[str, Any]:
    """The figures of a usage object as the client gets them, and its words."""
    if not isinstance(value, dict):
        raise invalid()
    told = figures(value)
    told.pop("fallback_credit", None)  # no figures, and of something that requests cannot use
    shown = shown_usage(told, context)
    if context.hides_cached and "input_tokens" in told:
        # What is left of the input tells as much as what was cached of it.
        shown["input_tokens"] = _read(told)
    for key in _USAGE_WORDS:
        if (word := token(value.get(key), None)) is not None:
            shown[key] = word
    if isinstance(value.get("iterations"), list):
        shown["iterations"] = [
            {"type": token(one.get("type"), "message"), **usage_of(one, context)}
            for one in value["iterations"]
            if isinstance(one, dict)
        ]
    return shown


def _read(told: dict[str, Any]) -> int:
    """How many tokens the provider read, cached or not."""
    counts = (told.get(key) for key in ("input_tokens", *_CACHED))
    return sum(count for count in counts if isinstance(count, int))


def note_usage(facts: AnswerFacts, value: Any) -> None:
    """Keep the figures of a usage object for the record; a later one tells of less or more."""
    told = figures(value)
    if "input_tokens" in told:
        facts.usage["in"] = _read(told)
    if isinstance(cached := told.get("cache_read_input_tokens"), int):
        facts.usage["cached"] = cached
    if "output_tokens" in told:
        facts.usage["out"] = told["output_tokens"]


def message_head(document: dict[str, Any], context: AnswerContext) -> dict[str, Any]:
    """The members of a message that are the same for every answer."""
    return {
        "id": context.answer_id or token(document.get("id"), f"msg_{context.request_id}"),
        "type": "message",
        "role": "assistant",
        "model": context.model,
        "content": [],
    }


def message_end(
    document: dict[str, Any], build: Builder, out: dict[str, Any], facts: AnswerFacts
) -> None:
    """Why a message ended, from a message or from a change to it."""
    build.fields(document, ENDING, out)
    out.setdefault("stop_reason", None)
    out.setdefault("stop_sequence", None)
    reason = token(document.get("stop_reason"), None)
    if reason is not None:
        facts.finish_reasons.append(reason)


def around(document: dict[str, Any], build: Builder, out: dict[str, Any], *, hides: bool) -> None:
    """What the provider did to the request, where it says so."""
    build.fields(document, _AROUND if hides else {**_AROUND, **_DIAGNOSED}, out)


class WholeMessage:
    """The client's answer. `give` is called when all that must be read of it has been read.

    Raises:
        UpstreamFailed: the document is not a message.
    """

    __slots__ = ("_build", "_out")

    def __init__(self, document: Any, context: AnswerContext, facts: AnswerFacts) -> None:
        content = document.get("content") if isinstance(document, dict) else None
        if not isinstance(content, list):
            raise invalid()
        build = self._build = Builder(context, Slots())
        facts.model_served = token(document.get("model"), "") or ""
        out = self._out = message_head(document, context)
        out["content"] = [build.block(block, at) for at, block in enumerate(content)]
        message_end(document, build, out, facts)
        around(document, build, out, hides=context.hides_cached)
        if document.get("usage") is not None:
            out["usage"] = usage_of(document["usage"], context)
            note_usage(facts, document["usage"])

    def __repr__(self) -> str:
        return "WholeMessage()"

    def give(self) -> dict[str, Any]:
        """The answer, with its texts as they are ready."""
        self._build.fill()
        return self._out


class WholeCount:
    """How large a prompt is: figures alone.

    Raises:
        UpstreamFailed: the document is no such figure.
    """

    __slots__ = ("_out",)

    def __init__(self, document: Any, _: AnswerContext, facts: AnswerFacts) -> None:
        self._out = figures(document)
        if not isinstance(self._out.get("input_tokens"), int):
            raise invalid()
        facts.usage["in"] = self._out["input_tokens"]

    def __repr__(self) -> str:
        return "WholeCount()"

    def give(self) -> dict[str, Any]:
        """The answer."""
        return self._out
