"""Anthropic Messages, what its provider signs and wants back byte for byte. Pure.

That is thinking, and the summary of a conversation that was made shorter. The client is given, in
place of the provider's signature, one that holds the text as the provider wrote it. When it comes
back the block is made what it was. What its provider signed is opaque from then on: it is neither
read nor masked, for it holds only what was masked before.
"""

from __future__ import annotations

from typing import Any, Final

import orjson

from gateway.types import Json
from gateway.wire.family import Open

TEXTS: Final = {"thinking": "thinking", "compaction": "content"}
"""The types of blocks that are signed, with the field that holds the text."""


class Signed(str):
    """A text that goes to the provider just as the provider wrote it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Signed()"


def kept(kind: str, text: str, signature: str | None) -> bytes:
    """What must be sealed of a block of a type, so that it can be put back."""
    return orjson.dumps({TEXTS[kind]: text, "signature": signature})


def opened(document: dict[str, Json], open_: Open) -> dict[str, Json]:
    """A request with its signed blocks as they were made, where they were sealed for the caller."""
    messages = document.get("messages")
    if not isinstance(messages, list):
        return document
    return {**document, "messages": [_message(one, open_) for one in messages]}


def _message(message: Json, open_: Open) -> Json:
    content = message.get("content") if isinstance(message, dict) else None
    if not isinstance(message, dict) or not isinstance(content, list):
        return message
    return {**message, "content": [_block(block, open_) for block in content]}


def _block(block: Json, open_: Open) -> Json:
    kind = block.get("type") if isinstance(block, dict) else None
    if not isinstance(block, dict) or not isinstance(kind, str) or kind not in TEXTS:
        return block
    signature = block.get("signature")
    sealed = open_(signature) if isinstance(signature, str) else None
    made = _original(kind, sealed) if sealed is not None else None
    if made is None:
        return block
    rest = {} if kind == "thinking" else block
    return {**{key: rest[key] for key in rest if key != "signature"}, "type": kind, **made}


def _original(kind: str, sealed: bytes) -> dict[str, Json] | None:
    """The text and the signature as the provider gave them; None where this is not what `kept` made
    of a block of the type."""
    try:
        document: Any = orjson.loads(sealed)
    except orjson.JSONDecodeError:
        return None
    text = document.get(TEXTS[kind]) if isinstance(document, dict) else None
    if not isinstance(text, str):
        return None
    made: dict[str, Json] = {TEXTS[kind]: Signed(text)}
    if isinstance(document.get("signature"), str):
        made["signature"] = Signed(document["signature"])
    return made
