"""The demonstration's conversations, held with the official `openai` client.

All people, numbers and keys are invented; the numbers that carry a checksum carry a right one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson

from gateway.upstreams.echo.common import PREFIX

if TYPE_CHECKING:
    from openai import OpenAI

MODEL: Final = "demo"

Line = tuple[str, str]
"""Who speaks, and the text."""


@dataclass(frozen=True, slots=True)
class Held:
    """A conversation as its client saw it. `expected` is what ought to have come back."""

    sent: tuple[Line, ...]
    came_back: tuple[Line, ...]
    expected: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation to hold; `planted` are the values that must not leave."""

    name: str
    title: str
    planted: tuple[str, ...]
    hold: Callable[[OpenAI], Held]


def client(base_url: str) -> OpenAI:
    """The official client, pointed at the gateway: the one change that an application makes."""
    from openai import DefaultHttpxClient, OpenAI  # noqa: PLC0415 -- an extra; slow to import

    direct = DefaultHttpxClient(trust_env=False)  # a proxy of the environment is not for us
    return OpenAI(base_url=base_url, api_key="none", max_retries=0, timeout=30, http_client=direct)


_PLAIN: Final = (
    "Write a short reminder to Anna Schneider (anna.schneider@example.com, +49 30 2345 6789): "
    "the invoice is due, please pay to IBAN DE89 3704 0044 0532 0130 00."
)
_STREAMED: Final = (
    "Summarise this note. My name is John Miller, my social security number is 536-22-8741 and "
    "my card is 4111 1111 1111 1111. The login came from 203.0.113.77; mail me at "
    "j.miller@example.org."
)
_QUESTION: Final = "Look up the customer maria.rossi@example.net and tell me how to reach her."
_RECORD: Final = (
    '{"customer": "Maria Rossi", "email": "maria.rossi@example.net", '
    '"phone": "+39 06 6982 1234", "iban": "IT60X0542811101000000123456"}'
)
_TOOL: Final[dict[str, Any]] = {
    "type": "function",
    "function": {
        "name": "find_customer",
        "description": "Find a customer's record.",
        "parameters": {
            "type": "object",
            "properties": {"query": {"type": "string"}},
            "required": ["query"],
        },
    },
}


def _ask(openai: OpenAI, **arguments: Any) -> Any:
    return openai.chat.completions.create(model=MODEL, **arguments)


def _plain(openai: OpenAI) -> Held:
    answer = _ask(openai, messages=[_user(_PLAIN)])
    return _echoed(_PLAIN, answer.choices[0].message.content or "")


def _streamed(openai: OpenAI) -> Held:
    pieces = _ask(openai, messages=[_user(_STREAMED)], stream=True)
    text = "".join(piece.choices[0].delta.content or "" for piece in pieces if piece.choices)
    return _echoed(_STREAMED, text)


def _tool(openai: OpenAI) -> Held:
    """The model calls a tool, whose result goes back to it."""
    messages: list[Any] = [_user(_QUESTION)]
    first = _ask(openai, messages=messages, tools=[_TOOL]).choices[0].message
    call = first.tool_calls[0]
    query = orjson.loads(call.function.arguments)["query"]
    result = {"role": "tool", "tool_call_id": call.id, "content": _RECORD}
    messages += [first.model_dump(exclude_none=True), result]
    last = _ask(openai, messages=messages, tools=[_TOOL]).choices[0].message
    calls = f"calls {call.function.name}"
    return Held(
        sent=(("user", _QUESTION), ("tool", _RECORD)),
        came_back=((calls, query), ("assistant", last.content or "")),
        expected=((calls, _QUESTION), ("assistant", PREFIX + _RECORD)),
    )


def _user(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}


def _echoed(text: str, answer: str) -> Held:
    expected = (("assistant", PREFIX + text),)
    return Held((("user", text),), (("assistant", answer),), expected)


CONVERSATIONS: Final = (
    Conversation(
        "plain",
        "a question and its answer",
        ("Anna Schneider", "anna.schneider@example.com", "+49 30 2345 6789", "DE89 3704 0044"),
        _plain,
    ),
    Conversation(
        "streamed",
        "an answer that is streamed, in pieces that cut through placeholders",
        (
            "John Miller",
            "536-22-8741",
            "4111 1111 1111 1111",
            "203.0.113.77",
            "j.miller@example.org",
        ),
        _streamed,
    ),
    Conversation(
        "tool",
        "a tool call: arguments come back restored, the result goes out masked",
        (
            "maria.rossi@example.net",
            "Maria Rossi",
            "+39 06 6982 1234",
            "IT60X0542811101000000123456",
        ),
        _tool,
    ),
)
