"""Responses, the answer: what both ways of giving it share, and the whole one. Pure.

Only fields that are named here reach the client. What an answer repeats of its request comes from
the client's own request, not from the upstream, which has seen it masked.
"""

from __future__ import annotations

from typing import Any, Final

from gateway.types import Json
from gateway.wire.answers import (
    AnswerContext,
    AnswerFacts,
    broke_off,
    figures,
    invalid,
    shown_usage,
    token,
)
from gateway.wire.responses_maker import Maker

_FIGURES: Final = (
    "temperature", "top_p", "max_output_tokens", "max_tool_calls", "parallel_tool_calls",
    "completed_at", "store",
)  # fmt: skip
_WORDS: Final = ("truncation", "service_tier", "prompt_cache_retention")
_ASKED: Final[dict[str, Json]] = {
    "instructions": None, "metadata": {}, "text": {"format": {"type": "text"}},
    "tool_choice": "auto", "tools": [], "reasoning": None, "prompt": None,
    "previous_response_id": None, "prompt_cache_key": None, "safety_identifier": None,
    "user": None,
}  # fmt: skip
_SECRET: Final = frozenset({"authorization", "headers"})  # of servers that a provider calls
_CALLS: Final = frozenset({"function_call", "custom_tool_call"})
_REASONS: Final = {"max_output_tokens": "length", "content_filter": "content_filter"}


class Answer:
    """What is made of one upstream's answer, however it comes."""

    __slots__ = ("_context", "_facts", "maker")

    def __init__(self, context: AnswerContext, facts: AnswerFacts) -> None:
        self.maker = Maker(context)
        self._context = context
        self._facts = facts

    def __repr__(self) -> str:
        return f"Answer({self.maker!r})"

    def response(self, document: Any, *, is_last: bool) -> dict[str, Any]:
        """The client's response object.

        Raises:
            UpstreamFailed: it is none, or says that it failed.
        """
        items = document.get("output") if isinstance(document, dict) else None
        if not isinstance(items, list):
            raise invalid()
        if document.get("error") is not None or document.get("status") == "failed":
            raise broke_off()
        out = self._head(document)
        out["output"] = [self.maker.item(item, index) for index, item in enumerate(items)]
        out["usage"] = self._usage(document.get("usage"))
        if is_last:
            self._facts.finish_reasons.append(_reason(out))
        return out

    def _head(self, document: dict[str, Any]) -> dict[str, Any]:
        context, facts = self._context, self._facts
        served = token(document.get("id"), "") or ""
        facts.model_served = token(document.get("model"), "") or ""
        if document.get("store") is not False:  # vLLM does not say
            facts.state_id = served
        created = document.get("created_at")
        out: dict[str, Any] = {
            "id": context.answer_id or served or f"resp_{context.request_id}",
            "object": "response",
            "created_at": created if _is_number(created) else context.created,
            "status": token(document.get("status"), "completed"),
            "background": False,
            "error": None,
            "incomplete_details": _incomplete(document.get("incomplete_details")),
            "model": context.model,
            "parallel_tool_calls": True, "temperature": None, "top_p": None,
        }  # fmt: skip
        for key in _FIGURES:
            value = document.get(key)
            if _is_number(value) or isinstance(value, bool):
                out[key] = value
        for key in _WORDS:
            word = token(document.get(key), None)
            if word is not None:
                out[key] = word
        for key, default in _ASKED.items():
            asked = context.asked.get(key)
            out[key] = default if asked is None else asked
        out["tools"] = [_without_secrets(tool) for tool in out["tools"]]
        return out

    def _usage(self, given: Any) -> dict[str, Any] | None:
        if not isinstance(given, dict):
            return None
        usage = figures(given)
        details = usage.get("input_tokens_details")
        found = {
            "in": usage.get("input_tokens"),
            "out": usage.get("output_tokens"),
            "cached": details.get("cached_tokens") if isinstance(details, dict) else 0,
        }
        self._facts.usage = {
            name: figure if isinstance(figure, int) else 0 for name, figure in found.items()
        }
        return shown_usage(usage, self._context)


class WholeResponse:
    """The client's answer. `give` is called when all that must be read of it has been read.

    Raises:
        UpstreamFailed: the document is no response, or one that failed.
    """

    __slots__ = ("_answer", "_out")

    def __init__(self, document: Any, context: AnswerContext, facts: AnswerFacts) -> None:
        self._answer = Answer(context, facts)
        self._out = self._answer.response(document, is_last=True)

    def __repr__(self) -> str:
        return "WholeResponse()"

    def give(self) -> dict[str, Any]:
        """The answer, with its texts as they are ready."""
        self._answer.maker.texts.fill()
        return self._out


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _incomplete(given: Any) -> dict[str, Any] | None:
    if not isinstance(given, dict):
        return None
    return {"reason": token(given.get("reason"), None)}


def _without_secrets(tool: Any) -> Any:
    if not isinstance(tool, dict):
        return tool
    return {key: value for key, value in tool.items() if key not in _SECRET}


def _reason(out: dict[str, Any]) -> str:
    """Why the model stopped, in the words of the record."""
    details = out["incomplete_details"]
    if details is not None:
        return _REASONS.get(details["reason"], "other")
    if out["status"] != "completed":
        return "other"
    return "tool_calls" if any(item["type"] in _CALLS for item in out["output"]) else "stop"
