"""Vectors in place of a model's: equal texts have equal ones, and nothing else is said. Pure."""

from __future__ import annotations

import math
import struct
from base64 import b64encode
from collections.abc import Iterator
from hashlib import shake_128
from typing import Any, Final

from gateway.types import Json
from gateway.upstreams.echo.common import rejected, tokens

_DIMENSIONS: Final = 64
_MOST_DIMENSIONS: Final = 4096


def whole(document: dict[str, Json], request_id: str, created: int) -> dict[str, Json]:
    """The vectors of all inputs.

    Raises:
        UpstreamFailed: not a request for embeddings.
    """
    given: Any = document.get("input")
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or not all(isinstance(one, str) for one in texts):
        raise rejected("The loopback upstream was sent no text.")
    size = document.get("dimensions")
    size = _DIMENSIONS if size is None else size
    if not isinstance(size, int) or not 1 <= size <= _MOST_DIMENSIONS:
        raise rejected("The loopback upstream gives vectors of 1 to 4096 figures.")
    packed = document.get("encoding_format") == "base64"
    data: list[Json] = [
        {"object": "embedding", "index": index, "embedding": _vector(text, size, packed=packed)}
        for index, text in enumerate(texts)
    ]
    count = sum(map(tokens, texts))
    return {
        "object": "list",
        "data": data,
        "model": str(document.get("model", "")),
        "usage": {"prompt_tokens": count, "total_tokens": count},
    }


def events(document: dict[str, Json], request_id: str, created: int) -> Iterator[bytes]:
    """Raises `UpstreamFailed`: vectors are no stream."""
    raise rejected("The loopback upstream gives vectors in one piece.")


def _vector(text: str, size: int, *, packed: bool) -> Json:
    """A vector of length 1 that follows from the text, as figures or as packed floats."""
    digest = shake_128(text.encode()).digest(4 * size)
    drawn = [one / 2**31 - 1 for one in struct.unpack(f"<{size}I", digest)]
    length = math.hypot(*drawn) or 1.0
    figures = [one / length for one in drawn]
    if packed:
        return b64encode(struct.pack(f"<{size}f", *figures)).decode()
    return list[Json](figures)
