"""Chat completions, the request: where text stands in `POST /v1/chat/completions`. Pure.

The fields named here are those of the OpenAI API and of vLLM's additions to it. A field that is
not named is walked whole and read like prose.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import orjson

from gateway.errors import RequestError
from gateway.types import Family, Json, Parsed, Path
from gateway.wire.jsontext import is_long_number
from gateway.wire.leaves import Collector
from gateway.wire.media import MEDIA_KEYS, MEDIA_PARTS, media_part
from gateway.wire.numbers import short_numbers
from gateway.wire.openai_fields import (
    FIGURES,
    IDENTITIES,
    LOGPROBS,
    check_common,
    hosted_tools,
    identities,
    is_off,
    json_answer,
    logprobs,
    own_fields,
    response_format,
    wants_usage,
)

PATH = "/chat/completions"

_ROLES = frozenset({"system", "developer", "user", "assistant", "tool", "function"})
_PLAIN = FIGURES.union({"max_completion_tokens", "parallel_tool_calls", "store"})
_WORDS = {
    "reasoning_effort": frozenset({"none", "minimal", "low", "medium", "high", "xhigh"}),
    "verbosity": frozenset({"low", "medium", "high"}),
    "service_tier": frozenset({"auto", "default", "flex", "priority", "scale"}),
    "prompt_cache_retention": frozenset({"in_memory", "24h"}),
}
_MESSAGE_TEXT = frozenset({"refusal", "reasoning", "reasoning_content"})
_KNOWN = _PLAIN.union(
    _WORDS,
    IDENTITIES,
    "model messages stream_options tools functions tool_choice function_call response_format "
    "modalities prediction audio metadata stop logit_bias web_search_options".split(),
)
_MESSAGE_KNOWN = _MESSAGE_TEXT.union(
    "role content name tool_call_id tool_calls function_call audio".split()
)
_TEXT_PARTS = ("text", "refusal", "input_text", "output_text")


def parse(document: dict[str, Json]) -> Parsed:
    """Take a chat request apart.

    Raises:
        RequestError: a field has the wrong shape, or is the gateway's own.
    """
    messages = _checked(document)
    collector = Collector()
    media = "audio" in document
    for key, value in document.items():
        if key == "messages":
            for index, message in enumerate(messages):
                media = _message(collector, ("messages", index), message) or media
        else:
            media = _field(collector, key, value) or media
    return Parsed(
        family=Family.CHAT,
        document=document,
        leaves=tuple(collector.leaves),
        model=str(document["model"]),
        stream=bool(document.get("stream")),
        wants_usage=wants_usage(document),
        has_media=media,
        json_answer=json_answer(document),
        identities=identities(document),
        fields=own_fields(document),
        opening=_opening(messages),
        unknown=tuple(collector.unknown),
        logprobs=logprobs(document),
        short_numbers=partial(short_numbers, document, ("messages",)),
        hosted_tools=hosted_tools(document),
    )


def _checked(document: dict[str, Json]) -> list[dict[str, Json]]:
    check_common(document)
    messages = document.get("messages")
    if not isinstance(messages, list) or not messages:
        raise RequestError("`messages` must be a non-empty array.", param="messages")
    for index, message in enumerate(messages):
        if not isinstance(message, dict) or not isinstance(message.get("role"), str):
            place = f"messages[{index}]"
            raise RequestError(f"`{place}` must be an object with a `role`.", param=place)
    return messages  # type: ignore[return-value]


def _opening(messages: list[dict[str, Json]]) -> bytes:
    upto: list[Any] = []
    for message in messages:
        upto.append(message)
        if message.get("role") == "user":
            break
    return orjson.dumps(upto)


def _field(collector: Collector, key: str, value: Json) -> bool:
    """One top-level field; true if it holds media."""
    path: Path = (key,)
    if key in _PLAIN and isinstance(value, (bool, int, float)):
        if is_long_number(str(value)):
            collector.anything(path, value)
        return False
    if key in _KNOWN and value is None:
        return False
    if key in IDENTITIES and isinstance(value, str):
        return False  # sent as a keyed hash
    if key in _WORDS:
        collector.word(path, value, _WORDS[key])
        return False
    handler = _HANDLERS.get(key)
    if handler is not None:
        return handler(collector, path, value)
    if key not in LOGPROBS or not is_off(value):
        collector.member(path, value, known=key in _KNOWN)
    return False


def _model(collector: Collector, path: Path, value: Json) -> bool:
    collector.model(path, str(value))
    return False


def _replaced(_: Collector, __: Path, ___: Json) -> bool:
    return False  # a field that `own_fields` sets


def _tools(collector: Collector, path: Path, value: Json) -> bool:
    if isinstance(value, list):
        for index, tool in enumerate(value):
            _tool(collector, (*path, index), tool)
    else:
        collector.anything(path, value)
    return False


def _functions(collector: Collector, path: Path, value: Json) -> bool:
    if not isinstance(value, list):
        collector.anything(path, value)
        return False
    for index, item in enumerate(value):
        collector.described((*path, index), item)
    return False


def _function_call(collector: Collector, path: Path, value: Json) -> bool:
    if isinstance(value, dict):
        _members(collector, path, value, {"name": "identifier"})
    else:
        collector.word(path, value, ("auto", "none"))
    return False


def _modalities(collector: Collector, path: Path, value: Json) -> bool:
    if not isinstance(value, list):
        collector.anything(path, value)
        return False
    for index, item in enumerate(value):
        collector.word((*path, index), item, ("text", "audio"))
    return "audio" in value


def _prediction(collector: Collector, path: Path, value: Json) -> bool:
    if not isinstance(value, dict):
        collector.anything(path, value)
        return False
    media = False
    for key, child in value.items():
        if key == "type":
            collector.word((*path, key), child, ("content",))
        elif key == "content":
            media = _content(collector, (*path, key), child, "") or media
        else:
            collector.member((*path, key), child)
    return media


def _tool(collector: Collector, path: Path, tool: Json) -> None:
    if not isinstance(tool, dict):
        collector.anything(path, tool)
        return
    for key, value in tool.items():
        here = (*path, key)
        if key == "type":
            if value not in ("function", "custom"):
                raise RequestError(
                    "Only tools of type `function` and `custom` can be used here.",
                    code="unsupported_tool",
                    param=f"tools[{path[1]}].type",
                )
        elif key in ("function", "custom"):
            collector.described(here, value)
        else:
            collector.member(here, value)


def _tool_choice(collector: Collector, path: Path, value: Json) -> bool:
    if not isinstance(value, dict):
        collector.word(path, value, ("none", "auto", "required"))
        return False
    for key, child in value.items():
        here = (*path, key)
        if key == "type":
            collector.word(here, child, ("function", "custom", "allowed_tools"))
        elif key in ("function", "custom") and isinstance(child, dict):
            _members(collector, here, child, {"name": "identifier"})
        elif key == "allowed_tools":
            collector.schema(here, child)
        else:
            collector.member(here, child)
    return False


def _members(
    collector: Collector, path: Path, value: dict[str, Json], known: dict[str, str], role: str = ""
) -> None:
    """The members of an object of which some are known as identifiers or prose."""
    for key, child in value.items():
        here = (*path, key)
        if known.get(key) == "identifier":
            collector.identifier(here, child, role)
        elif known.get(key) == "prose" and isinstance(child, str):
            collector.prose(here, child, role)
        else:
            collector.member(here, child, role)


def _message(collector: Collector, path: Path, message: dict[str, Json]) -> bool:
    """One message; true if it holds media."""
    role = message["role"] if message["role"] in _ROLES else ""
    media = False
    for key, value in message.items():
        here = (*path, key)
        if value is None and key in _MESSAGE_KNOWN:
            continue
        if key == "role":
            collector.word(here, value, _ROLES)
        elif key == "content":
            media = _content(collector, here, value, str(role)) or media
        elif key in ("name", "tool_call_id"):
            collector.identifier(here, value, str(role))
        elif key == "tool_calls" and isinstance(value, list):
            for index, call in enumerate(value):
                _tool_call(collector, (*here, index), call, str(role))
        elif key == "function_call" and isinstance(value, dict):
            _members(
                collector, here, value, {"name": "identifier", "arguments": "prose"}, str(role)
            )
        elif key == "audio" or key in MEDIA_KEYS:
            media = True
            collector.member(here, value, str(role), known=True)
        elif key in _MESSAGE_TEXT and isinstance(value, str):
            collector.prose(here, value, str(role))
        else:
            collector.member(here, value, str(role))
    return media


def _tool_call(collector: Collector, path: Path, call: Json, role: str) -> None:
    if not isinstance(call, dict):
        collector.anything(path, call, role)
        return
    for key, value in call.items():
        here = (*path, key)
        if key == "type":
            collector.word(here, value, ("function", "custom"), role)
        elif key == "id":
            collector.identifier(here, value, role)
        elif key in ("function", "custom") and isinstance(value, dict):
            known = {"name": "identifier", "arguments": "prose", "input": "prose"}
            _members(collector, here, value, known, role)
        elif key != "index" or not isinstance(value, int) or is_long_number(str(value)):
            collector.member(here, value, role, known=key == "index")


def _content(collector: Collector, path: Path, content: Json, role: str) -> bool:
    if isinstance(content, str):
        collector.prose(path, content, role)
        return False
    if not isinstance(content, list):
        collector.anything(path, content, role)
        return False
    group = collector.group()
    media = False
    for index, part in enumerate(content):
        here = (*path, index)
        kind = part.get("type") if isinstance(part, dict) else None
        if isinstance(part, dict) and isinstance(kind, str) and kind in MEDIA_PARTS:
            media = True
            group = collector.group()
            media_part(collector, here, part, kind, role)
        elif isinstance(part, dict):
            # What is not plainly text counts as media: it cannot be read for what it is.
            media = media or kind not in _TEXT_PARTS or not MEDIA_KEYS.isdisjoint(part)
            _text_part(collector, here, part, role, group)
        else:
            collector.anything(here, part, role)
    return media


def _text_part(
    collector: Collector, path: Path, part: dict[str, Json], role: str, group: int
) -> None:
    for key, value in part.items():
        here = (*path, key)
        if key == "type":
            collector.word(here, value, _TEXT_PARTS, role)
        elif key in ("text", "refusal") and isinstance(value, str):
            collector.prose(here, value, role, group)
        else:
            collector.member(here, value, role)


_HANDLERS: dict[str, Callable[[Collector, Path, Json], bool]] = {
    "model": _model,
    "stream_options": _replaced,
    "tools": _tools,
    "tool_choice": _tool_choice,
    "functions": _functions,
    "function_call": _function_call,
    "response_format": response_format,
    "modalities": _modalities,
    "prediction": _prediction,
}
