"""Anthropic Messages, the thinking: its provider signs it, and wants it back byte for byte. Pure.

The client is given, in place of the provider's signature, one that holds the thinking as the
provider wrote it. When it comes back the block is put back as it was. What its provider signed is
opaque from then on: it is neither read nor masked, for it holds only what was masked before.
"""

from __future__ import annotations

from typing import Any

import orjson

from gateway.types import Json
from gateway.wire.family import Open


class Signed(str):
    """A text that goes to the provider just as the provider wrote it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Signed()"


def kept(thinking: str, signature: str | None) -> bytes:
    """What must be sealed of a thinking block, so that it can be put back."""
    return orjson.dumps([thinking, signature])


def opened(document: dict[str, Json], open_: Open) -> dict[str, Json]:
    """A request with the thinking as its provider wrote it, where it was sealed for the caller."""
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
    if not isinstance(block, dict) or block.get("type") != "thinking":
        return block
    signature = block.get("signature")
    sealed = open_(signature) if isinstance(signature, str) else None
    made = _original(sealed) if sealed is not None else None
    return block if made is None else made


def _original(sealed: bytes) -> dict[str, Json] | None:
    """The block as the provider made it; None where the bytes are not those of `kept`."""
    try:
        document: Any = orjson.loads(sealed)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(document, list) or len(document) != 2 or not isinstance(document[0], str):
        return None
    block: dict[str, Json] = {"type": "thinking", "thinking": Signed(document[0])}
    if isinstance(document[1], str):
        block["signature"] = Signed(document[1])
    return block
