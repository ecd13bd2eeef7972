"""Legacy completions, echoed. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import orjson

from gateway.types import Json
from gateway.upstreams.echo.common import PREFIX, pieces, rejected, tokens

_MOST_CHOICES: Final = 128


def whole(document: dict[str, Json], request_id: str, created: int) -> dict[str, Json]:
    """The answer in one piece.

    Raises:
        UpstreamFailed: not a request for a completion.
    """
    choices: list[Json] = [
        {"index": index, "text": text, "logprobs": None, "finish_reason": "stop"}
        for index, text in enumerate(_texts(document))
    ]
    head = _head(document, request_id, created)
    return {**head, "choices": choices, "usage": _usage(document)}


def events(document: dict[str, Json], request_id: str, created: int) -> Iterator[bytes]:
    """The answer as framed events. Raises as `whole`, before the first of them."""
    return _events(document, _texts(document), _head(document, request_id, created))


def _events(document: dict[str, Json], texts: list[str], head: dict[str, Json]) -> Iterator[bytes]:
    for index, text in enumerate(texts):
        for piece in pieces(text):
            choice: Json = {"index": index, "text": piece, "finish_reason": None}
            yield _event({**head, "choices": [choice]})
        last: Json = {"index": index, "text": "", "finish_reason": "stop"}
        yield _event({**head, "choices": [last]})
    options = document.get("stream_options")
    if isinstance(options, dict) and options.get("include_usage") is True:
        yield _event({**head, "choices": [], "usage": _usage(document)})
    yield b"data: [DONE]\n\n"


def _prompts(document: dict[str, Json]) -> list[str]:
    given: Any = document.get("prompt")
    prompts = [given] if isinstance(given, str) else given
    if not isinstance(prompts, list) or not all(isinstance(one, str) for one in prompts):
        raise rejected("The loopback upstream was sent no prompt.")
    return prompts


def _texts(document: dict[str, Json]) -> list[str]:
    """What each choice says: `n` times what was received, for each prompt."""
    count = document.get("n")
    count = 1 if count is None else count
    prompts = _prompts(document)
    if not isinstance(count, int) or not 1 <= count * len(prompts) <= _MOST_CHOICES:
        raise rejected("The loopback upstream gives 1 to 128 choices.")
    suffix = document.get("suffix")
    after = suffix if isinstance(suffix, str) else ""
    return [PREFIX + prompt + after for prompt in prompts for _ in range(count)]


def _usage(document: dict[str, Json]) -> dict[str, Json]:
    prompt = sum(map(tokens, _prompts(document)))
    completion = sum(map(tokens, _texts(document)))
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }


def _head(document: dict[str, Json], request_id: str, created: int) -> dict[str, Json]:
    return {
        "id": f"cmpl-{request_id}",
        "object": "text_completion",
        "created": created,
        "model": str(document.get("model", "")),
    }


def _event(document: dict[str, Json]) -> bytes:
    return b"data: " + orjson.dumps(document) + b"\n\n"
