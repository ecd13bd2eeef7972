"""Anthropic Messages, the answer as a stream of events. Pure.

The events go out by the names, in the order and at the pace of those that come in. What the
filter of a block holds back goes out before the event that ends the block; a piece of which
nothing can go out yet is left out. What the client gets as the signature of a block is made when
the block ends, for only then is known what must be sealed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from gateway.wire.answers import (
    AnswerContext,
    AnswerFacts,
    Slots,
    TextFilter,
    TextPlace,
    Tool,
    broke_off,
    invalid,
    token,
)
from gateway.wire.messages_answer import (
    Builder,
    around,
    message_end,
    message_head,
    named,
    note_usage,
    sealed,
    thinking_place,
    usage_of,
)
from gateway.wire.messages_shapes import Kind, Shape
from gateway.wire.sse import named_event

# The blocks that come in pieces: the type of the piece, and its field that holds the text.
_PIECES: Final = {
    "text": ("text_delta", "text"),
    "thinking": ("thinking_delta", "thinking"),
    "tool_use": ("input_json_delta", "partial_json"),
    "server_tool_use": ("input_json_delta", "partial_json"),
    "mcp_tool_use": ("input_json_delta", "partial_json"),
}
_CITATION: Final[Shape] = {"citation": Kind.PARTS}
_SUMMARY: Final = ("content", "encrypted_content", "signature")


@dataclass(slots=True)
class _Block:
    """A block that has begun and not ended."""

    kind: str
    tool: Tool
    text: TextFilter | None = None  # of what comes in pieces
    thinking: list[str] = field(default_factory=list, repr=False)  # as it came
    signature: str | None = field(default=None, repr=False)
    summary: dict[str, Any] = field(default_factory=dict, repr=False)  # as it came


@dataclass(slots=True)
class _Event:
    """An event that is being made; where it `must_say` something, it is left out if it does not."""

    name: str
    out: dict[str, Any] = field(repr=False)
    must_say: str = ""  # the field of the delta


class MessagesStream:
    """The events of one streamed answer, with one filter per block."""

    __slots__ = ("_blocks", "_build", "_context", "_facts", "_out", "_slots")

    def __init__(self, context: AnswerContext, facts: AnswerFacts) -> None:
        self._context = context
        self._facts = facts
        self._slots = Slots()
        self._build = Builder(context, self._slots)
        self._blocks: dict[int, _Block] = {}
        self._out: list[_Event] = []

    def __repr__(self) -> str:
        return f"MessagesStream({len(self._blocks)} blocks)"

    def take(self, data: bytes) -> bool:
        """Read the data of one event; whether it is `message_stop`.

        Raises:
            UpstreamFailed: the event is an error, or none of the Messages API.
        """
        try:
            event = orjson.loads(data)
        except orjson.JSONDecodeError:
            raise invalid() from None
        name = event.get("type") if isinstance(event, dict) else None
        if name == "error":
            raise broke_off()
        if name == "message_stop":
            for index in sorted(self._blocks):
                self._end(index)
            return True
        handler = _HANDLERS.get(name) if isinstance(name, str) else None
        if handler is None:
            raise invalid()
        handler(self, event)
        return False

    def give(self) -> bytes:
        """The events that can go out now, framed."""
        self._build.fill()
        said = [one for one in self._out if not one.must_say or one.out["delta"].get(one.must_say)]
        self._out = []
        return b"".join(named_event(one.name, orjson.dumps(one.out)) for one in said)

    def last(self) -> bytes:
        """The stream's last event."""
        return named_event("message_stop", b'{"type":"message_stop"}')

    # ---- the events ----------------------------------------------------------------------------

    def _ping(self, _: dict[str, Any]) -> None:
        self._add("ping", {})

    def _message_start(self, event: dict[str, Any]) -> None:
        message = event.get("message")
        if not isinstance(message, dict):
            raise invalid()
        self._facts.model_served = token(message.get("model"), "") or ""
        out = message_head(message, self._context)
        message_end(message, self._build, out, self._facts)
        around(message, self._build, out, hides=self._context.hides_cached)
        out["usage"] = self._usage(message)
        self._add("message_start", {"message": out})

    def _message_delta(self, event: dict[str, Any]) -> None:
        delta = event.get("delta")
        if not isinstance(delta, dict):
            raise invalid()
        out: dict[str, Any] = {"delta": {}}
        message_end(delta, self._build, out["delta"], self._facts)
        around(event, self._build, out, hides=self._context.hides_cached)
        out["usage"] = self._usage(event)
        self._add("message_delta", out)

    def _usage(self, holder: dict[str, Any]) -> dict[str, Any]:
        usage = holder.get("usage")
        if usage is None:
            return {}
        note_usage(self._facts, usage)
        return usage_of(usage, self._context)

    def _block_start(self, event: dict[str, Any]) -> None:
        index, given = _index(event), event.get("content_block")
        if not isinstance(given, dict) or index in self._blocks:
            raise invalid()
        kind = str(given.get("type"))
        delta, key = _PIECES.get(kind, ("", ""))
        # What of its text a block begins with goes out as its first piece.
        begun = given.get(key)
        block = self._blocks[index] = _Block(kind, named(given))
        if kind == "compaction":
            block.summary = given
            return
        if kind == "thinking":
            out: dict[str, Any] = {"type": kind, "thinking": "", "signature": ""}
            self._sign(block, given)
        else:
            out = self._build.block({**given, key: ""} if kind == "text" else given, index)
        self._add("content_block_start", {"index": index, "content_block": out})
        if isinstance(begun, str) and begun:
            self._piece(index, block, {"type": delta, key: begun})

    def _block_delta(self, event: dict[str, Any]) -> None:
        index, given = _index(event), event.get("delta")
        block = self._blocks.get(index)
        if block is None or not isinstance(given, dict):
            raise invalid()
        kind = given.get("type")
        out: dict[str, Any] = {"type": kind}
        if kind == "signature_delta" and block.kind == "thinking":
            self._sign(block, given)
        elif kind == "citations_delta" and block.kind == "text":
            self._build.fields(given, _CITATION, out)
            self._add("content_block_delta", {"index": index, "delta": out})
        elif kind == "compaction_delta" and block.kind == "compaction":
            told = {key: given[key] for key in _SUMMARY if given.get(key) is not None}
            block.summary = {**block.summary, **told}
        elif block.kind in _PIECES and kind == _PIECES[block.kind][0]:
            self._piece(index, block, given)
        else:
            raise invalid()

    def _block_stop(self, event: dict[str, Any]) -> None:
        index = _index(event)
        if index not in self._blocks:
            raise invalid()
        self._end(index)

    # ---- blocks that come in pieces --------------------------------------------------------------

    def _sign(self, block: _Block, given: dict[str, Any]) -> None:
        """The signature of thinking, or its next piece; none of it goes to the client."""
        if isinstance(given.get("signature"), str) and given["signature"]:
            block.signature = (block.signature or "") + given["signature"]

    def _piece(self, index: int, block: _Block, given: dict[str, Any]) -> None:
        delta, key = _PIECES[block.kind]
        text = given.get(key)
        if not isinstance(text, str):
            raise invalid()
        if block.text is None:
            block.text = self._context.new_filter(self._place(block))
        if block.kind == "thinking":
            block.thinking.append(text)
        elif text and delta == "input_json_delta":
            block.tool.begin()
        block.text.put(text)
        out: dict[str, Any] = {"type": delta}
        estimated = given.get("estimated_tokens")
        if isinstance(estimated, int):
            out["estimated_tokens"] = estimated
        self._slots.add(out, key, block.text)
        # What came empty goes out empty, as does what says something beside the text.
        must_say = key if text and len(out) == 1 else ""
        self._add("content_block_delta", {"index": index, "delta": out}, must_say)

    def _place(self, block: _Block) -> TextPlace:
        if block.kind == "text":
            return TextPlace(is_json=self._context.json_content)
        if block.kind == "thinking":
            return thinking_place(self._context)
        return TextPlace(is_json=True, tool=block.tool)

    def _end(self, index: int) -> None:
        """The end of a block: what its filter held, the signature of thinking, the event."""
        block = self._blocks.pop(index)
        if block.text is not None:
            block.text.end()
            delta, key = _PIECES[block.kind]
            out: dict[str, Any] = {"type": delta}
            self._slots.add(out, key, block.text)
            self._add("content_block_delta", {"index": index, "delta": out}, key)
        if block.kind == "thinking":
            thinking = "".join(block.thinking)
            signature = sealed(self._context, block.kind, thinking, block.signature)
            out = {"type": "signature_delta", "signature": signature}
            self._add("content_block_delta", {"index": index, "delta": out}, "signature")
        elif block.kind == "compaction":
            self._summary(index, block.summary)
        self._add("content_block_stop", {"index": index})

    def _summary(self, index: int, given: dict[str, Any]) -> None:
        """A summary, which comes in one piece: its signature goes out with its beginning."""
        out = self._build.block(given, index)
        delta: dict[str, Any] = {"type": "compaction_delta"}
        begun = {**out, "content": None}
        self._add("content_block_start", {"index": index, "content_block": begun})
        self._add("content_block_delta", {"index": index, "delta": delta})
        self._build.after(lambda: delta.update({key: out.get(key) for key in _SUMMARY[:2]}))

    def _add(self, name: str, members: dict[str, Any], must_say: str = "") -> None:
        self._out.append(_Event(name, {"type": name, **members}, must_say))


def _index(event: dict[str, Any]) -> int:
    index = event.get("index")
    if not isinstance(index, int) or isinstance(index, bool):
        raise invalid()
    return index


_HANDLERS: Final[dict[str, Callable[[MessagesStream, dict[str, Any]], None]]] = {
    "ping": MessagesStream._ping,
    "message_start": MessagesStream._message_start,
    "message_delta": MessagesStream._message_delta,
    "content_block_start": MessagesStream._block_start,
    "content_block_delta": MessagesStream._block_delta,
    "content_block_stop": MessagesStream._block_stop,
}
