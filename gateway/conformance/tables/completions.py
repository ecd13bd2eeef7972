"""Legacy completions: every place of requests, answers and events. Pure data."""

from __future__ import annotations

from typing import Any, Final

from gateway.conformance.model import (
    JSON,
    NAME,
    PIECE,
    PROSE,
    AnswerRow,
    Event,
    Expect,
    RequestRow,
    Split,
    Table,
)
from gateway.wire.families import COMPLETIONS

_TEXT: Final = f"Dear {PROSE}, hello."
_OBJECT: Final = f'{{"to": "{JSON}"}}'


def _answer(text: str, reason: str | None = "stop") -> dict[str, Any]:
    choice = {"index": 0, "text": text, "finish_reason": reason, "logprobs": None}
    return {"id": "c1", "object": "text_completion", "model": "m", "choices": [choice]}


def _events(text: str) -> tuple[Event | Split, ...]:
    return (Split(Event(_answer(PIECE, None)), text), Event(_answer("")), Event("[DONE]"))


_REQUESTS: Final = (
    RequestRow("prompt", {"prompt": _TEXT}),
    RequestRow("prompt, JSON", {"prompt": _OBJECT}),
    RequestRow("prompt[]", {"prompt": ["a", PROSE]}),
    RequestRow("prompt of token ids", {"prompt": [1, 2], "suffix": PROSE}, Expect.REFUSED),
    RequestRow("suffix", {"suffix": PROSE}),
    RequestRow("suffix that is none", {"suffix": {"a": PROSE}}),
    RequestRow("stop", {"stop": PROSE}),
    RequestRow("stop[]", {"stop": ["x", PROSE]}),
    RequestRow("logit_bias, key", {"logit_bias": {NAME: 1}}),
    RequestRow("response_format.json_schema", {"response_format": {
        "type": "json_schema", "json_schema": {"name": NAME, "schema": {"type": "object"}}}}),
    RequestRow("response_format that is text", {"response_format": PROSE}),
    RequestRow("prompt_embeds", {"prompt_embeds": PROSE}),
    RequestRow("user", {"user": PROSE}, Expect.HASHED),
    RequestRow("beside a long number", {"seed": 20_000_000_000_001, "new": PROSE}),
    RequestRow("a figure's place", {"temperature": PROSE}),
    RequestRow("a field that nobody named", {"new": [{"a": PROSE}]}),
    RequestRow("cache_salt", {"cache_salt": PROSE}, Expect.REFUSED),
    RequestRow("priority", {"priority": PROSE}, Expect.REFUSED),
)  # fmt: skip

TABLE: Final = Table(
    COMPLETIONS,
    {"model": "m", "prompt": PROSE},
    "/prompt",
    "",
    tuple(RequestRow(row.place, {"prompt": "Hello.", **row.overlay}, row.expect)
          for row in _REQUESTS),
    (
        AnswerRow("choices[].text", _answer(_TEXT), _events(_TEXT)),
        AnswerRow(
            "choices[].text, JSON", _answer(_OBJECT), _events(_OBJECT),
            {"response_format": {"type": "json_object"}},
        ),
    ),
)  # fmt: skip
