"""Anthropic's count of tokens, in the echo's rough way. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.types import Json
from gateway.upstreams.echo.common import rejected
from gateway.upstreams.echo.messages import count


def whole(document: dict[str, Json], request_id: str, created: int) -> dict[str, Json]:
    """How many tokens the request is.

    Raises:
        UpstreamFailed: not a request for a message.
    """
    if not isinstance(document.get("messages"), list):
        raise rejected("The loopback upstream was sent no messages.")
    return {"input_tokens": count(document)}


def events(document: dict[str, Json], request_id: str, created: int) -> Iterator[bytes]:
    """Raises `UpstreamFailed`: a figure is no stream."""
    raise rejected("The loopback upstream counts tokens in one piece.")
