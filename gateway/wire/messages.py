"""Anthropic Messages, the request: where text stands in `POST /v1/messages`. Pure.

The fields named here and in `messages_shapes.py` are those of the Anthropic API, its betas, and
of vLLM's server for it. A field that is not named is walked whole and read like prose.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from functools import partial
from typing import Final

import orjson

from gateway.errors import RequestError
from gateway.types import Family, Json, Leaf, Parsed, Path
from gateway.wire.jsontext import is_long_number
from gateway.wire.leaves import Collector
from gateway.wire.messages_shapes import (
    ASKED_BLOCKS,
    BLOCKS,
    CACHE,
    MEDIA,
    PARTS,
    TEXT_SOURCE,
    TOOL,
    WORDS,
    Kind,
    Shape,
    is_blob,
    is_provider_id,
    is_stamp,
)
from gateway.wire.messages_thinking import Signed
from gateway.wire.numbers import short_numbers

PATH: Final = "/messages"
COUNT_PATH: Final = "/messages/count_tokens"

_FORMAT: Final[Shape] = {"type": Kind.WORD, "schema": Kind.SCHEMA, "name": Kind.NAME}
_THINKING: Final[Shape] = {
    "type": Kind.WORD,
    "budget_tokens": Kind.FIGURE,
    "display": Kind.WORD,
    "block_binding": {"prefix_mismatch_behavior": Kind.WORD},
}
_OUTPUT: Final[Shape] = {
    "effort": Kind.WORD,
    "format": _FORMAT,
    "task_budget": {"type": Kind.WORD, "total": Kind.FIGURE, "remaining": Kind.FIGURE},
}
REQUEST: Final[Shape] = {
    "model": Kind.MODEL,
    "system": Kind.PARTS,
    "messages": {
        "role": Kind.WORD,
        "content": Kind.PARTS,
        "clear_at": Kind.WORD,
        "output_config": _OUTPUT,
    },
    "max_tokens": Kind.FIGURE,
    "temperature": Kind.FIGURE,
    "top_p": Kind.FIGURE,
    "top_k": Kind.FIGURE,
    "stream": Kind.FIGURE,
    "stop_sequences": Kind.TEXT,
    "metadata": {"user_id": Kind.ID},
    "tools": Kind.TOOL,
    "tool_choice": {
        "type": Kind.WORD,
        "name": Kind.NAME,
        "disable_parallel_tool_use": Kind.FIGURE,
    },
    "thinking": _THINKING,
    "output_config": _OUTPUT,
    "output_format": _FORMAT,
    "cache_control": CACHE,
    "service_tier": Kind.WORD,
    "speed": Kind.WORD,
    "inference_geo": Kind.WORD,
    "billing_policy": {"type": Kind.WORD, "bill_to": Kind.WORD},
    "container": {
        "id": Kind.ID,
        "skills": {"skill_id": Kind.ID, "type": Kind.WORD, "version": Kind.NAME},
    },
    "context_management": {"edits": Kind.PARTS},
    "compaction": {"type": Kind.WORD, "instructions": Kind.TEXT},
    "diagnostics": {"previous_message_id": Kind.ID},
    "mcp_servers": {
        "type": Kind.WORD,
        "name": Kind.NAME,
        "url": Kind.TEXT,
        "authorization_token": Kind.OPAQUE,
        "tool_configuration": {"allowed_tools": Kind.NAME, "enabled": Kind.FIGURE},
    },
}
REFUSED: Final[Mapping[str, str]] = {
    "cache_salt": "is set by the gateway; leave it out.",
    "priority": "is set by the gateway; leave it out.",
    "fallbacks": "cannot be used: another model than the requested one would answer.",
    "fallback_credit_token": "cannot be used: another model than the requested one would answer.",
    "thread": "cannot be used: the provider would keep the conversation.",
}
"""Fields that no request may have, and why."""

# By this code the SDK knows that it must send the whole conversation, and does so by itself.
_UNTHREADED: Final = "thread_unsupported_request"

# Tools by the beginning of their `type`, with the kind where the provider runs them itself.
_TOOL_TYPES: Final[Mapping[str, str]] = {
    "custom": "", "bash": "", "text_editor": "", "computer": "", "computer_toolset": "",
    "browser_toolset": "", "memory": "",
    "web_search": "web_search", "web_fetch": "web_fetch", "code_execution": "code_interpreter",
    "tool_search_tool_bm25": "tool_search", "tool_search_tool_regex": "tool_search",
    "advisor": "advisor", "mcp_toolset": "mcp",
}  # fmt: skip
_VERSION: Final = re.compile(r"_\d{8}\Z", re.ASCII)
_LEFT_OPEN: Final[tuple[Json, ...]] = (None, [], {}, "")


def parse(document: dict[str, Json]) -> Parsed:
    """Take a request for a message apart.

    Raises:
        RequestError: a field has the wrong shape, cannot be used, or is the gateway's own.
    """
    messages = _checked(document)
    reader = _Reader()
    for key, value in document.items():
        reader.field((key,), value, REQUEST.get(key))
    hosted = set(reader.hosted)
    for key, kind in (("mcp_servers", "mcp"), ("container", "code_interpreter")):
        if document.get(key) not in _LEFT_OPEN:
            hosted.add(kind)
    return Parsed(
        family=Family.MESSAGES,
        document=document,
        leaves=tuple(reader.collector.leaves),
        model=str(document["model"]),
        stream=bool(document.get("stream")),
        wants_usage=True,
        has_media=reader.has_media,
        json_answer=_json_answer(document),
        identities=tuple(reader.identities),
        fields={},
        opening=_opening(document, messages),
        unknown=tuple(reader.collector.unknown),
        hosted_tools=frozenset(hosted),
        short_numbers=partial(_numbers, document, frozenset(reader.signed)),
    )


def parse_count(document: dict[str, Json]) -> Parsed:
    """Take a request for the size of a prompt apart.

    Raises:
        RequestError: as `parse`, or it asks for a stream.
    """
    if document.get("stream"):
        raise RequestError("`stream` cannot be used here.", param="stream")
    return parse(document)


def _checked(document: dict[str, Json]) -> list[dict[str, Json]]:
    model = document.get("model")
    if not isinstance(model, str) or not model:
        raise RequestError("`model` must be a non-empty string.", param="model")
    messages = document.get("messages")
    if not isinstance(messages, list) or not messages:
        raise RequestError("`messages` must be a non-empty array.", param="messages")
    for index, message in enumerate(messages):
        if not isinstance(message, dict) or not isinstance(message.get("role"), str):
            place = f"messages[{index}]"
            raise RequestError(f"`{place}` must be an object with a `role`.", param=place)
    if document.get("stream") not in (None, True, False):
        raise RequestError("`stream` must be true or false.", param="stream")
    for key, reason in REFUSED.items():
        if key in document:
            code = _UNTHREADED if key == "thread" else "unsupported_parameter"
            raise RequestError(f"`{key}` {reason}", code=code, param=key)
    return messages  # type: ignore[return-value]


def _json_answer(document: dict[str, Json]) -> bool:
    config = document.get("output_config")
    wanted = config.get("format") if isinstance(config, dict) else None
    formats = (wanted, document.get("output_format"))
    return any(isinstance(one, dict) and one.get("type") == "json_schema" for one in formats)


def _opening(document: dict[str, Json], messages: list[dict[str, Json]]) -> bytes:
    upto: list[Json] = [document.get("system")]
    for message in messages:
        upto.append(message)
        if message.get("role") == "user":
            break
    return orjson.dumps(upto)


def _numbers(
    document: dict[str, Json], signed: frozenset[Path], wanted: Collection[str]
) -> Iterator[Leaf]:
    """The `NumberFinder`: what its provider signed holds no numbers of the caller's."""
    found = short_numbers(document, ("system", "messages"), wanted)
    return (leaf for leaf in found if leaf.path not in signed)


class _Reader:
    """Walks one request by its shapes."""

    def __init__(self) -> None:
        self.collector = Collector()
        self.has_media = False
        self.hosted: set[str] = set()
        self.identities: list[Path] = []
        self.signed: list[Path] = []

    def field(
        self, path: Path, value: Json, kind: Kind | Shape | None, role: str = "", group: int = -1
    ) -> None:
        """A member of an object, of a kind or of none that is known."""
        if kind is None:
            self.collector.member(path, value, role)
        elif value is None:
            return
        elif isinstance(value, Signed):
            self.signed.append(path)
        elif path == ("metadata", "user_id") and isinstance(value, str):
            self.identities.append(path)
        elif kind is Kind.PARTS:
            self._parts(path, value, role)
        elif kind is Kind.JSON:
            self.collector.anything(path, value, role)
        elif kind is Kind.SCHEMA:
            self.collector.schema(path, value)
        elif isinstance(value, list):
            for index, item in enumerate(value):
                self.field((*path, index), item, kind, role, group)
        elif isinstance(kind, Kind):
            self._leaf(path, value, kind, role, group)
        else:
            self._object(path, value, kind, role)

    def _leaf(self, path: Path, value: Json, kind: Kind, role: str, group: int) -> None:
        """A value that is no list."""
        if kind is Kind.TOOL and isinstance(value, dict):
            self._tool(path, value)
        elif kind is Kind.WORD:
            self.collector.word(path, value, WORDS, role)
        elif kind in (Kind.NAME, Kind.ID) and isinstance(value, str):
            if kind is Kind.NAME or not is_provider_id(value):
                self.collector.identifier(path, value, role)
        elif kind is Kind.MODEL and isinstance(value, str):
            self.collector.model(path, value)
        elif not isinstance(value, str):
            if not isinstance(value, (bool, int, float)) or is_long_number(str(value)):
                self.collector.anything(path, value, role)
        elif not _is_opaque(kind, value):
            self.collector.prose(path, value, role, group)

    def _object(
        self, path: Path, value: Json, shape: Shape, role: str, group: int = -1, skip: str = ""
    ) -> None:
        if not isinstance(value, dict):
            # A container may be named in place of being described, and other things by a word.
            is_named = isinstance(value, str) and "id" in shape
            self._leaf(path, value, Kind.ID if is_named else Kind.WORD, role, group)
            return
        given = value.get("role")
        if isinstance(given, str) and shape is REQUEST["messages"]:
            role = given if given in ("user", "assistant", "system") else ""
        for key, child in value.items():
            if key != skip:
                self.field((*path, key), child, shape.get(key), role, group)

    def _parts(self, path: Path, value: Json, role: str) -> None:
        """A text, an object that says its type, or a list of them; neighbours are one text."""
        if isinstance(value, str):
            self.collector.prose(path, value, role)
        elif isinstance(value, dict):
            self._typed(path, value, role, -1)
        elif isinstance(value, list):
            group = self.collector.group()
            for index, item in enumerate(value):
                here = (*path, index)
                if not isinstance(item, dict):
                    self.collector.anything(here, item, role)
                    continue
                if item.get("type") != "text":
                    group = self.collector.group()
                self._typed(here, item, role, group)
        else:
            self.collector.anything(path, value, role)

    def _typed(self, path: Path, value: dict[str, Json], role: str, group: int) -> None:
        kind = value.get("type")
        shape: Shape | None = None
        if isinstance(kind, str):
            shape = BLOCKS.get(kind) or ASKED_BLOCKS.get(kind) or PARTS.get(kind)
            if kind == "text" and path[-1] == "source":
                shape = TEXT_SOURCE
        # What is not plainly text counts as media: it cannot be read for what it is.
        self.has_media = self.has_media or shape is None or kind in MEDIA
        role = "tool" if kind == "tool_result" else role
        if shape is None:
            for key, child in value.items():
                self.collector.member((*path, key), child, role)
        else:
            self._object(path, value, shape, role, group if kind == "text" else -1, skip="type")

    def _tool(self, path: Path, tool: dict[str, Json]) -> None:
        kind = tool.get("type")
        if kind is not None:
            hosted = _TOOL_TYPES.get(_VERSION.sub("", kind)) if isinstance(kind, str) else None
            if hosted is None:
                raise RequestError(
                    "Only tools of the types that the Messages API has can be used here.",
                    code="unsupported_tool",
                    param=_place(path) + ".type",
                )
            self.hosted.update({hosted} - {""})
        self._object(path, tool, TOOL, "", skip="type")


def _is_opaque(kind: Kind, text: str) -> bool:
    """Whether a text goes as it came, because only machines read it."""
    return (
        kind is Kind.BYTES
        or (kind is Kind.OPAQUE and is_blob(text))
        or (kind is Kind.STAMP and is_stamp(text))
    )


def _place(path: Path) -> str:
    """A path as errors name it: fields of the protocol and indexes."""
    return "".join(f"[{one}]" if isinstance(one, int) else f".{one}" for one in path).lstrip(".")
