"""Responses, the answer as a stream of events. Pure.

One event goes through in two steps: `take` puts its texts into their filters, `give` makes the
events that go out from what the filters let go. What is still held of a text goes out as one more
piece, before the event that ends the text. Events are numbered anew.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from gateway.errors import UpstreamFailed
from gateway.types import Path
from gateway.wire.answers import AnswerContext, AnswerFacts, broke_off, invalid, token
from gateway.wire.responses_answer import Answer
from gateway.wire.responses_events import (
    ENDS,
    FAILED,
    ITEMS,
    KEPT_ALIVE,
    NUMBERS,
    PARTS,
    RESPONSES,
    SHELL_OUTPUT_DELTA,
    SHELL_OUTPUT_DONE,
    STATES,
    TEXTS,
    TextEvents,
)
from gateway.wire.responses_items import ANNOTATION, BYTES, PART, SHELL_OUTPUT, What
from gateway.wire.sse import DONE, named_event

_ANNOTATION: Final = "response.output_text.annotation.added"
_PICTURE: Final = "response.image_generation_call.partial_image"


@dataclass(slots=True)
class _Out:
    """An event that goes out; one of pieces only where a piece is let go, or was empty."""

    name: str
    body: dict[str, Any] = field(repr=False)
    is_kept: bool = True

    def says_something(self) -> bool:
        delta = self.body.get("delta")
        if isinstance(delta, dict):
            return self.is_kept or any(delta.values())
        return self.is_kept or bool(delta)


class ResponseStream:
    """The events of one streamed answer, with one filter per text of an item."""

    __slots__ = ("_answer", "_ends", "_heads", "_last", "_maker", "_number", "_out")

    def __init__(self, context: AnswerContext, facts: AnswerFacts) -> None:
        self._answer = Answer(context, facts)
        self._maker = self._answer.maker
        self._heads: dict[Path, tuple[str, dict[str, Any]]] = {}  # of the pieces of open texts
        self._out: list[_Out] = []  # what is being made of an event
        self._number = 0
        self._ends = False
        self._last = b""

    def __repr__(self) -> str:
        return f"ResponseStream({self._maker!r})"

    def take(self, data: bytes) -> bool:
        """Read the data of one event; whether it ends the response.

        Raises:
            UpstreamFailed: the event is an error, or none of a response.
        """
        if data.strip() == DONE:
            raise UpstreamFailed("The upstream broke the answer off.", code="upstream_truncated")
        try:
            given = orjson.loads(data)
        except orjson.JSONDecodeError:
            raise invalid() from None
        name = given.get("type") if isinstance(given, dict) else None
        if not isinstance(name, str):
            raise broke_off() if isinstance(given, dict) and "error" in given else invalid()
        self._event(name, given)
        return self._ends

    def give(self) -> bytes:
        """The events as they go out, framed; b"" where nothing is to be sent for what was taken."""
        self._maker.texts.fill()
        framed = [self._framed(one) for one in self._out if one.says_something()]
        self._out = []
        if self._ends:
            self._last = framed.pop()
        return b"".join(framed)

    def last(self) -> bytes:
        """The event that ends the response."""
        return self._last

    def _framed(self, one: _Out) -> bytes:
        one.body["sequence_number"] = self._number
        self._number += 1
        return named_event(one.name, orjson.dumps(one.body))

    def _event(self, name: str, given: dict[str, Any]) -> None:
        if name in RESPONSES:
            self._ends = name in ENDS
            if self._ends:
                self._flush(())
            response = self._answer.response(given.get("response"), is_last=self._ends)
            self._out.append(_Out(name, {"type": name, "response": response}))
        elif name in FAILED:
            raise broke_off()
        elif name in ITEMS:
            self._item(name, given)
        elif name in PARTS:
            self._part(name, given)
        elif name in TEXTS:
            self._text(name, given, TEXTS[name])
        elif name in (SHELL_OUTPUT_DELTA, SHELL_OUTPUT_DONE):
            self._shell_output(name, given)
        elif name == _ANNOTATION:
            self._annotation(name, given)
        elif name in STATES or name in KEPT_ALIVE:
            self._out.append(_Out(name, self._head(name, given)))
        elif name == _PICTURE:
            self._picture(name, given)
        else:
            raise invalid()

    def _head(self, name: str, given: dict[str, Any]) -> dict[str, Any]:
        """The members of an event that say of what it is."""
        head: dict[str, Any] = {"type": name}
        item = token(given.get("item_id"), None)
        if item is not None:
            head["item_id"] = self._maker.texts.identity(item)
        for key in NUMBERS:
            if key in given:
                head[key] = _number(given, key)
        padding = token(given.get("obfuscation"), None)
        if padding is not None:
            head["obfuscation"] = padding
        return head

    def _item(self, name: str, given: dict[str, Any]) -> None:
        index = _number(given, "output_index")
        if name.endswith(".done"):
            self._flush((index,))
        head = self._head(name, given)
        self._out.append(_Out(name, {**head, "item": self._maker.item(given.get("item"), index)}))

    def _part(self, name: str, given: dict[str, Any]) -> None:
        key, counted = PARTS[name]
        index = _number(given, "output_index")
        place: Path = (index, key, _number(given, counted))
        if name.endswith(".done"):
            self._flush(place)
        if not isinstance(given.get("part"), dict):
            raise invalid()
        body = self._head(name, given)
        self._maker.put(body, "part", given["part"], PART, place)
        status = token(given.get("status"), None)
        if status is not None:
            body["status"] = status
        self._out.append(_Out(name, body))

    def _text(self, name: str, given: dict[str, Any], events: TextEvents) -> None:
        index = _number(given, "output_index")
        place = (index, *(_step(given, step) for step in events.steps))
        body = self._head(name, given)
        if name.endswith(".delta"):
            self._piece(body, "delta", given.get("delta"), events.what, place)
            if events.has_logprobs:
                body["logprobs"] = []
            self._heads[place] = (name, _again(body))
            self._out.append(_Out(name, body, is_kept=not given.get("delta")))
            return
        if name.endswith(".done"):
            self._flush(place)
        if not isinstance(given.get(events.key), (str, dict)):
            raise invalid()
        if isinstance(given.get("name"), str):
            self._maker.put(body, "name", given["name"], What.NAME, (index, "name"))
        self._maker.put(body, events.key, given[events.key], events.what, place)
        if events.has_logprobs:
            body["logprobs"] = []
        self._out.append(_Out(name, body))

    def _piece(self, holder: dict[str, Any], key: str, text: Any, what: What, place: Path) -> None:
        """The next piece of a text."""
        if not isinstance(text, str):
            raise invalid()
        holder[key] = ""
        if not text:
            return
        index = int(place[0])
        self._maker.begin(what, index)
        told = self._maker.texts.begun(place, self._maker.where(what, index))
        told.put(text)
        self._maker.texts.put(holder, key, told.piece)

    def _flush(self, place: Path) -> None:
        """End the texts at or below a place; what is left of each goes out as one more piece."""
        for path, told in list(self._maker.texts.open_below(place)):
            told.end()
            name, head = self._heads.pop(path)
            body = _again(head)
            holder, key = (body, "delta") if "delta" not in body else (body["delta"], str(path[-1]))
            self._maker.texts.put(holder, key, told.piece)
            self._out.append(_Out(name, body, is_kept=False))

    def _shell_output(self, name: str, given: dict[str, Any]) -> None:
        place: Path = (
            _number(given, "output_index"), "output", _number(given, "command_index"),
        )  # fmt: skip
        body = self._head(name, given)
        if name == SHELL_OUTPUT_DONE:
            self._flush(place)
            outputs = given.get("output")
            if not isinstance(outputs, list):
                raise invalid()
            made: list[Any] = [None] * len(outputs)
            for at, output in enumerate(outputs):
                self._maker.put(made, at, output, SHELL_OUTPUT, (*place[:2], int(place[2]) + at))
            self._out.append(_Out(name, {**body, "output": made}))
            return
        delta = given.get("delta")
        if not isinstance(delta, dict):
            raise invalid()
        body["delta"] = {}
        for key in ("stdout", "stderr"):
            if delta.get(key) is not None:
                self._heads[*place, key] = (name, {**body, "delta": {}})
                self._piece(body["delta"], key, delta[key], What.TEXT, (*place, key))
        self._out.append(_Out(name, body, is_kept=not any(delta.values())))

    def _annotation(self, name: str, given: dict[str, Any]) -> None:
        place: Path = (
            _number(given, "output_index"), "content", _number(given, "content_index"),
            "annotations", _number(given, "annotation_index"),
        )  # fmt: skip
        body = self._head(name, given)
        self._maker.put(body, "annotation", given.get("annotation"), ANNOTATION, place)
        self._out.append(_Out(name, body))

    def _picture(self, name: str, given: dict[str, Any]) -> None:
        picture = given.get("partial_image_b64")
        if not isinstance(picture, str) or not BYTES.fullmatch(picture):
            raise invalid()
        body = {**self._head(name, given), "partial_image_b64": picture}
        for key in ("background", "output_format", "quality", "size"):
            word = token(given.get(key), None)
            if word is not None:
                body[key] = word
        self._out.append(_Out(name, body))


def _number(given: dict[str, Any], key: str) -> int:
    value = given.get(key)
    if not isinstance(value, int) or isinstance(value, bool):
        raise invalid()
    return value


def _step(given: dict[str, Any], step: str) -> str | int:
    return _number(given, step) if step.endswith("_index") else step


def _again(body: dict[str, Any]) -> dict[str, Any]:
    """The members of an event for one more like it."""
    return {
        key: dict(value) if isinstance(value, dict) else value
        for key, value in body.items()
        if key != "obfuscation" and (key != "delta" or isinstance(value, dict))
    }
