"""What the echoes of all API families share: how they cut, count and refuse. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import shake_128
from itertools import cycle
from typing import Final

import orjson

from gateway.errors import UpstreamFailed
from gateway.types import Json

PREFIX: Final = "I received: "

_PIECE_CHARACTERS: Final = 7
_CHARACTERS_PER_TOKEN: Final = 4  # there is no tokenizer here; a rough usage is enough


def recut(parts: Iterable[bytes], seed: bytes, longest: int) -> Iterator[bytes]:
    """The same bytes in pieces of 1 to `longest` bytes, whose sizes follow from `seed`."""
    lengths = sizes(seed, longest)
    size, buffer = next(lengths), bytearray()
    for part in parts:
        buffer += part
        while len(buffer) >= size:
            yield bytes(buffer[:size])
            del buffer[:size]
            size = next(lengths)
    if buffer:
        yield bytes(buffer)


def sizes(seed: bytes, longest: int) -> Iterator[int]:
    """Sizes of 1 to `longest`, without end, that follow from `seed`."""
    digest = shake_128(seed).digest(2 * 1021)
    return cycle(
        int.from_bytes(digest[at : at + 2]) % longest + 1 for at in range(0, len(digest), 2)
    )


def pieces(text: str) -> Iterator[str]:
    """A text in pieces of one to seven characters, whose sizes follow from the text."""
    at = 0
    for size in sizes(text.encode(), _PIECE_CHARACTERS):
        if at >= len(text):
            return
        yield text[at : at + size]
        at += size


def rejected(message: str) -> UpstreamFailed:
    """The refusal of a request that cannot be echoed, in constant words."""
    return UpstreamFailed(message, code="upstream_rejected", status=400)


def items(value: Json) -> list[Json]:
    """A list's items; none where it is no list."""
    return value if isinstance(value, list) else []


def tokens(text: str) -> int:
    """About how many tokens a text would be."""
    return -(-len(text) // _CHARACTERS_PER_TOKEN)


def arguments(schema: Json, received: str) -> str:
    """A JSON object with the received text in the schema's first string property, if any."""
    properties = schema.get("properties") if isinstance(schema, dict) else None
    for name, value in (properties if isinstance(properties, dict) else {}).items():
        kind = value.get("type") if isinstance(value, dict) else None
        if kind == "string" or "string" in items(kind):
            return orjson.dumps({name: received}).decode()
    return "{}"
