"""Chat completions, the answer as a stream of events. Pure.

One event goes through in two steps: `take` puts its texts into their filters, `give` makes the
event that goes out from what the filters let go. Between them whoever must may read the texts.
"""

from __future__ import annotations

from typing import Any

import orjson

from gateway.wire.answers import (
    AnswerContext,
    AnswerFacts,
    Slots,
    TextFilter,
    TextPlace,
    Tool,
    figures,
    invalid,
    shown_usage,
    token,
)
from gateway.wire.chat_answer import TEXT_FIELDS, chunk_of, head, note_usage
from gateway.wire.sse import DONE, event


class ChatStream:
    """The events of one streamed answer, with one filter per choice, field and tool call."""

    __slots__ = ("_choices", "_context", "_facts", "_filters", "_out", "_slots", "_tools")

    def __init__(self, context: AnswerContext, facts: AnswerFacts) -> None:
        self._context = context
        self._facts = facts
        self._filters: dict[tuple[int, str, int], TextFilter] = {}
        self._tools: dict[tuple[int, int], Tool] = {}
        self._out: dict[str, Any] = {}  # the event that is being made
        self._choices: list[dict[str, Any]] = []  # its choices
        self._slots = Slots()

    def __repr__(self) -> str:
        return f"ChatStream({len(self._filters)} texts)"

    def take(self, data: bytes) -> bool:
        """Read the data of one event; whether it is `[DONE]`.

        Raises:
            UpstreamFailed: the event is an error, or not a chat chunk.
        """
        if data.strip() == DONE:
            self._end()
            return True
        self._chunk(data)
        return False

    def _chunk(self, data: bytes) -> None:
        chunk = chunk_of(data)
        out = self._out = head(chunk, self._context, "chat.completion.chunk")
        self._facts.model_served = token(chunk.get("model"), "") or ""
        self._choices = [self._choice(choice, at) for at, choice in enumerate(chunk["choices"])]
        usage = chunk.get("usage")
        if isinstance(usage, dict):
            kept = figures(usage)
            note_usage(self._facts, kept)
            if self._context.wants_usage:
                out["usage"] = shown_usage(kept, self._context)

    def _end(self) -> None:
        """The end of the stream: it ends all texts of choices that were never finished."""
        self._out.pop("usage", None)
        self._choices = []
        for place in sorted({place for place, _, _ in self._filters}):
            delta: dict[str, Any] = {}
            self._finish(place, delta)
            self._choices.append({"index": place, "delta": delta, "finish_reason": None})

    def give(self) -> bytes:
        """The event as it goes out, framed; b"" where nothing is to be sent for what was taken."""
        self._slots.fill()
        kept = [choice for choice in self._choices if _says_something(choice)]
        if not kept and "usage" not in self._out:
            return b""
        self._out["choices"] = kept
        return event(orjson.dumps(self._out))

    def last(self) -> bytes:
        """The stream's last event."""
        return event(DONE)

    def _choice(self, choice: Any, at: int) -> dict[str, Any]:
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
        for key in TEXT_FIELDS:
            text = given.get(key)
            if isinstance(text, str):
                self._put(delta, key, text, (place, key, 0), "role" in delta)
        if isinstance(given.get("tool_calls"), list):
            delta["tool_calls"] = [
                self._call(place, number, call) for number, call in enumerate(given["tool_calls"])
            ]
        if isinstance(given.get("function_call"), dict):
            delta["function_call"] = self._function(place, -1, given["function_call"])
        reason = token(choice.get("finish_reason"), None)
        if reason is not None:
            self._facts.finish_reasons.append(reason)
            self._finish(place, delta)
        return {"index": place, "delta": delta, "finish_reason": reason}

    def _call(self, place: int, at: int, call: Any) -> dict[str, Any]:
        if not isinstance(call, dict):
            raise invalid()
        number = call["index"] if isinstance(call.get("index"), int) else at
        out: dict[str, Any] = {"index": number}
        identity = token(call.get("id"), None)
        if identity is not None:
            out["id"] = self._context.restored(identity)
        if call.get("type") in ("function", "custom"):
            out["type"] = call["type"]
        for kind in ("function", "custom"):
            if isinstance(call.get(kind), dict):
                out[kind] = self._function(place, number, call[kind])
        return out

    def _function(self, place: int, number: int, function: dict[str, Any]) -> dict[str, Any]:
        out: dict[str, Any] = {}
        tool = self._tools.setdefault((place, number), Tool())
        if isinstance(function.get("name"), str):
            tool.more_name(function["name"])
            name = self._context.new_filter(TextPlace(is_name=True))
            name.put(function["name"])
            name.end()
            self._slots.add(out, "name", name)
        for key in ("arguments", "input"):
            text = function.get(key)
            if isinstance(text, str):
                if text:
                    tool.begin()
                has_name = isinstance(function.get("name"), str)
                self._put(out, key, text, (place, key, number), has_name)
        return out

    def _put(
        self,
        holder: dict[str, Any],
        key: str,
        text: str,
        name: tuple[int, str, int],
        keeps_empty: bool,
    ) -> None:
        known = self._filters.get(name)
        if known is None:
            known = self._filters[name] = self._context.new_filter(self._where(name))
        known.put(text)
        self._slots.add(holder, key, known, keeps_empty or not text)

    def _where(self, name: tuple[int, str, int]) -> TextPlace:
        place, key, number = name
        if key in TEXT_FIELDS:
            return TextPlace(is_json=key == "content" and self._context.json_content)
        tool = self._tools.setdefault((place, number), Tool())
        return TextPlace(is_json=key == "arguments", tool=tool)

    def _finish(self, place: int, delta: dict[str, Any]) -> None:
        """End every text of a choice; what is left of each goes into its last delta."""
        for name in [name for name in self._filters if name[0] == place]:
            _, key, number = name
            text = self._filters.pop(name)
            text.end()
            holder = delta if key in TEXT_FIELDS else _function_in(delta, key, number)
            self._slots.add(holder, key, text, False)
        for call in [call for call in self._tools if call[0] == place]:
            del self._tools[call]


def _function_in(delta: dict[str, Any], key: str, number: int) -> dict[str, Any]:
    """The object of a delta that holds the arguments or input of a call; made where it is none."""
    if number < 0:
        held: dict[str, Any] = delta.setdefault("function_call", {})
        return held
    kind = "function" if key == "arguments" else "custom"
    calls: list[dict[str, Any]] = delta.setdefault("tool_calls", [])
    for call in calls:
        if call["index"] == number:
            known: dict[str, Any] = call.setdefault(kind, {})
            return known
    made: dict[str, Any] = {}
    calls.append({"index": number, kind: made})
    return made


def _says_something(choice: dict[str, Any]) -> bool:
    """Whether a choice has anything to send; what is empty in its delta goes."""
    delta = choice["delta"]
    if "tool_calls" in delta:
        calls = [call for call in delta["tool_calls"] if _is_call(call)]
        delta["tool_calls"] = calls
        if not calls:
            del delta["tool_calls"]
    if delta.get("function_call") == {}:
        del delta["function_call"]
    return bool(delta) or choice["finish_reason"] is not None


def _is_call(call: dict[str, Any]) -> bool:
    return len(call) > 2 or (len(call) == 2 and {} not in call.values())
