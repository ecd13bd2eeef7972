"""Legacy completions, the answer: whole, and as a stream of events. Pure.

Only fields that are named here reach the client. Each choice is one text.
"""

from __future__ import annotations

from typing import Any, Final

import orjson

from gateway.wire.answers import (
    AnswerContext,
    AnswerFacts,
    Slots,
    TextFilter,
    TextPlace,
    figures,
    invalid,
    shown_usage,
    token,
)
from gateway.wire.chat_answer import chunk_of, head, note_usage
from gateway.wire.sse import DONE, event

_KIND: Final = "text_completion"


class WholeCompletion:
    """The client's answer.

    Raises:
        UpstreamFailed: the document is not a completion.
    """

    __slots__ = ("_out", "_slots")

    def __init__(self, document: Any, context: AnswerContext, facts: AnswerFacts) -> None:
        choices = document.get("choices") if isinstance(document, dict) else None
        if not isinstance(choices, list):
            raise invalid()
        self._slots = Slots()
        facts.model_served = token(document.get("model"), "") or ""
        out = self._out = head(document, context, _KIND, "cmpl")
        out["choices"] = []
        for at, choice in enumerate(choices):
            place, text = _read(choice, at)
            if text is None:
                raise invalid()
            reason = token(choice.get("finish_reason"), "stop") or "stop"
            facts.finish_reasons.append(reason)
            made = context.new_filter(TextPlace(is_json=context.json_content))
            made.put(text)
            made.end()
            kept = {"index": place, "text": "", "finish_reason": reason}
            out["choices"].append(kept)
            self._slots.add(kept, "text", made)
        if isinstance(document.get("usage"), dict):
            usage = figures(document["usage"])
            note_usage(facts, usage)
            out["usage"] = shown_usage(usage, context)

    def __repr__(self) -> str:
        return "WholeCompletion()"

    def give(self) -> dict[str, Any]:
        """The answer, with its texts as they are ready."""
        self._slots.fill()
        return self._out


class CompletionStream:
    """The events of one streamed answer, with one filter per choice."""

    __slots__ = ("_choices", "_context", "_facts", "_filters", "_out", "_slots")

    def __init__(self, context: AnswerContext, facts: AnswerFacts) -> None:
        self._context = context
        self._facts = facts
        self._filters: dict[int, TextFilter] = {}
        self._out: dict[str, Any] = {}  # the event that is being made
        self._choices: list[dict[str, Any]] = []  # its choices
        self._slots = Slots()

    def __repr__(self) -> str:
        return f"CompletionStream({len(self._filters)} texts)"

    def take(self, data: bytes) -> bool:
        """Read the data of one event; whether it is `[DONE]`.

        Raises:
            UpstreamFailed: the event is an error, or no piece of a completion.
        """
        if data.strip() == DONE:
            # It ends the texts of choices that were never finished.
            self._out.pop("usage", None)
            self._choices = [self._made(place, None) for place in sorted(self._filters)]
            return True
        self._event(chunk_of(data))
        return False

    def give(self) -> bytes:
        """The event as it goes out, framed; b"" where nothing is to be sent for what was taken."""
        self._slots.fill()
        kept = [one for one in self._choices if one["text"] or one["finish_reason"] is not None]
        if not kept and "usage" not in self._out:
            return b""
        self._out["choices"] = kept
        return event(orjson.dumps(self._out))

    def last(self) -> bytes:
        """The stream's last event."""
        return event(DONE)

    def _event(self, document: dict[str, Any]) -> None:
        out = self._out = head(document, self._context, _KIND, "cmpl")
        self._facts.model_served = token(document.get("model"), "") or ""
        self._choices = [self._choice(choice, at) for at, choice in enumerate(document["choices"])]
        if isinstance(document.get("usage"), dict):
            usage = figures(document["usage"])
            note_usage(self._facts, usage)
            if self._context.wants_usage:
                out["usage"] = shown_usage(usage, self._context)

    def _choice(self, choice: Any, at: int) -> dict[str, Any]:
        place, text = _read(choice, at)
        known = self._filters.get(place)
        if known is None:
            where = TextPlace(is_json=self._context.json_content)
            known = self._filters[place] = self._context.new_filter(where)
        known.put(text or "")
        reason = token(choice.get("finish_reason"), None)
        if reason is not None:
            self._facts.finish_reasons.append(reason)
            return self._made(place, reason)
        return self._slot(place, known, None)

    def _made(self, place: int, reason: str | None) -> dict[str, Any]:
        """The last piece of a choice, with all that is left of its text."""
        text = self._filters.pop(place)
        text.end()
        return self._slot(place, text, reason)

    def _slot(self, place: int, text: TextFilter, reason: str | None) -> dict[str, Any]:
        kept = {"index": place, "text": "", "finish_reason": reason}
        self._slots.add(kept, "text", text)
        return kept


def _read(choice: Any, at: int) -> tuple[int, str | None]:
    """The index and the text of a choice; None where it has none."""
    if not isinstance(choice, dict) or not isinstance(choice.get("text"), (str, type(None))):
        raise invalid()
    index = choice.get("index")
    return index if isinstance(index, int) else at, choice.get("text")
