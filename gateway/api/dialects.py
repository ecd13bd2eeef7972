"""How errors look to the client, in the API that it speaks.

The stable code and the message are ours in every dialect; only their places differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

import orjson

from gateway.errors import GatewayError
from gateway.types import Family
from gateway.wire.sse import event, named_event

_ANTHROPIC_TYPES: Final = {
    400: "invalid_request_error", 401: "authentication_error", 403: "permission_error",
    404: "not_found_error", 413: "request_too_large", 429: "rate_limit_error",
    503: "overloaded_error", 504: "timeout_error",
}  # fmt: skip


class Dialect(Protocol):
    """One API's way to say that something went wrong."""

    @property
    def request_id_headers(self) -> tuple[str, ...]:
        """Further headers in which clients look for the request's id."""
        ...

    def envelope(self, error: GatewayError, request_id: str) -> bytes:
        """The body of an answer that is an error."""
        ...

    def broken(self, error: GatewayError, request_id: str) -> bytes:
        """The last event of a stream that an error ends, framed."""
        ...


@dataclass(frozen=True, slots=True)
class OpenAI:
    """`{"error": {"message", "type", "param", "code"}}`."""

    request_id_headers: tuple[str, ...] = ()

    def envelope(self, error: GatewayError, request_id: str) -> bytes:
        """The envelope of every OpenAI endpoint."""
        return orjson.dumps({"error": _openai_fields(error)})

    def broken(self, error: GatewayError, request_id: str) -> bytes:
        """The envelope as an event without a name."""
        return event(self.envelope(error, request_id))


@dataclass(frozen=True, slots=True)
class OpenAIResponses(OpenAI):
    """As OpenAI's; streams end with an `error` event of their own shape."""

    def broken(self, error: GatewayError, request_id: str) -> bytes:
        """The `error` event of the Responses API."""
        said = {"type": "error", "code": error.code, "message": error.message}
        rest = {"param": error.param, "sequence_number": 0}
        return named_event("error", orjson.dumps({**said, **rest}))


@dataclass(frozen=True, slots=True)
class Anthropic:
    """`{"type": "error", "error": {"type", "message", "code"}, "request_id"}`."""

    request_id_headers: tuple[str, ...] = ("request-id",)

    def envelope(self, error: GatewayError, request_id: str) -> bytes:
        """The envelope of every Anthropic endpoint; our code stands beside its own fields."""
        default = "invalid_request_error" if error.status < 500 else "api_error"
        kind = _ANTHROPIC_TYPES.get(error.status, default)
        said: dict[str, Any] = {"type": kind, "message": error.message, "code": error.code}
        said["details"] = {"error_code": error.code}  # where the SDK looks for some of its own
        if error.param is not None:
            said["param"] = error.param
        return orjson.dumps({"type": "error", "error": said, "request_id": request_id or None})

    def broken(self, error: GatewayError, request_id: str) -> bytes:
        """The envelope as an `error` event."""
        return named_event("error", self.envelope(error, request_id))


_OPENAI: Final = OpenAI()
_ANTHROPIC: Final = Anthropic()
_DIALECTS: Final[Mapping[Family, Dialect]] = {
    Family.RESPONSES: OpenAIResponses(),
    Family.MESSAGES: _ANTHROPIC,
}


def dialect_of(family: Family) -> Dialect:
    """The dialect of a family's endpoints."""
    return _DIALECTS.get(family, _OPENAI)


def dialect_for(headers: Mapping[str, str]) -> Dialect:
    """The dialect of a caller of no particular family's endpoint, by its headers."""
    return _ANTHROPIC if is_anthropic(headers) else _OPENAI


def is_anthropic(headers: Mapping[str, str]) -> bool:
    """Whether a caller with these headers speaks Anthropic's API."""
    return "anthropic-version" in headers


def _openai_fields(error: GatewayError) -> dict[str, Any]:
    return {
        "message": error.message,
        "type": error.kind,
        "param": error.param,
        "code": error.code,
    }
