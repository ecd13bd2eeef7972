"""Reading a request body from raw ASGI, with a bound on everything."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, Final, TypeAlias

from gateway.errors import RequestError

Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
"""An ASGI `receive`."""

RawHeaders: TypeAlias = Iterable[tuple[bytes, bytes]]
"""Headers as ASGI gives them: names in lower case."""

_JSON: Final = re.compile(rb'application/json(\s*;\s*charset="?utf-?8"?)?\s*', re.IGNORECASE)


_MOST_DRAINED: Final = 64 * 1024 * 1024


class ClientGone(Exception):
    """The client closed the connection before its request was complete."""


async def read_body(receive: Receive, headers: RawHeaders, limit: int, timeout_s: float) -> bytes:
    """The whole body: JSON, not encoded, at most `limit` bytes, read within `timeout_s` seconds.

    Raises:
        RequestError: 413 `body_too_large`, 415 `unsupported_encoding` or
            `unsupported_media_type`, 408 `body_timeout`, 400 `invalid_content_length`.
        ClientGone: the client went away.
    """
    try:
        async with asyncio.timeout(timeout_s):
            try:
                _check_headers(headers, limit)
                return await _read(receive, limit)
            except RequestError:
                await drain(receive)
                raise
    except TimeoutError:
        message = f"The request body did not arrive within {timeout_s:g} seconds."
        raise RequestError(message, code="body_timeout", status=408) from None


async def _read(receive: Receive, limit: int) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        body += message.get("body", b"")
        if len(body) > limit:
            raise _too_large(limit)
        if not message.get("more_body", False):
            return bytes(body)


async def drain(receive: Receive) -> None:
    """Take in the rest of a refused body, to a bound, and forget it.

    A client that is still sending when the connection closes never sees the answer.
    """
    left = _MOST_DRAINED
    while left > 0:
        message = await receive()
        left -= len(message.get("body", b"")) + 1
        if message["type"] == "http.disconnect" or not message.get("more_body", False):
            return


def _check_headers(headers: RawHeaders, limit: int) -> None:
    pairs = list(headers)
    for length in _values(pairs, b"content-length"):
        if not length.isdigit():
            message = "The content-length header is not a number."
            raise RequestError(message, code="invalid_content_length")
        # compared by digits first: int() of a very long number is slow, and raises
        if len(length.lstrip(b"0")) > len(str(limit)) or int(length) > limit:
            raise _too_large(limit)
    if any(value.strip().lower() != b"identity" for value in _values(pairs, b"content-encoding")):
        message = "Encoded bodies are not accepted; send the JSON as it is."
        raise RequestError(message, code="unsupported_encoding", status=415)
    types = _values(pairs, b"content-type")
    if len(types) != 1 or not _JSON.fullmatch(types[0].strip()):
        message = "The content type must be application/json, in UTF-8."
        raise RequestError(message, code="unsupported_media_type", status=415)


def _values(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> list[bytes]:
    return [value for key, value in headers if key.lower() == name]


def _too_large(limit: int) -> RequestError:
    message = f"The request body is larger than {limit} bytes."
    return RequestError(message, code="body_too_large", status=413)
