"""What went wrong at an upstream, in our own words: status or transport error → `UpstreamFailed`.

Nothing that the other side wrote gets further than this file. Callers must raise the returned
error *outside* their `except` block: `raise ... from None` only hides the cause, and the cause of
an HTTP parser's error may quote the answer.
"""

from __future__ import annotations

import re
from typing import Final

import aiohttp
import orjson

from gateway.errors import UpstreamFailed

_REFUSED: Final = ("The upstream refused our credentials.", "upstream_auth", 502)
_OF_STATUS: Final = {  # theirs: our message, code and status
    401: _REFUSED,
    403: _REFUSED,
    404: ("The upstream has no such model.", "upstream_model_not_found", 404),
    407: _REFUSED,
    408: ("The upstream did not answer in time.", "upstream_timeout", 504),
    429: ("The upstream is over its rate limit.", "upstream_rate_limited", 429),
    529: ("The upstream is overloaded.", "upstream_overloaded", 503),  # Anthropic's own status
}
_TRY_LATER: Final = frozenset({429, 529})
# How servers begin their message that have no code for it: Anthropic, and vLLM.
_TOO_LONG: Final = ("prompt is too long", "This model's maximum context length")
_SMALL_INTEGER: Final = re.compile(r"[0-9]{1,4}", re.ASCII)


def unreachable() -> UpstreamFailed:
    """502: no connection, or no trust in the server's certificate."""
    return UpstreamFailed("The upstream cannot be reached.", code="upstream_unreachable")


def timed_out() -> UpstreamFailed:
    """504: connected, but an answer, or its next part, did not come in time."""
    return UpstreamFailed(
        "The upstream did not answer in time.", code="upstream_timeout", status=504
    )


def truncated() -> UpstreamFailed:
    """502: the connection ended before the answer did."""
    return UpstreamFailed("The upstream broke off its answer.", code="upstream_truncated")


def invalid() -> UpstreamFailed:
    """502: not an answer that the API allows (redirect, wrong type, too large, not HTTP)."""
    return UpstreamFailed("The upstream's answer is not valid.", code="upstream_invalid")


def of_transport(error: aiohttp.ClientError | OSError) -> UpstreamFailed:
    """The failure behind an error of the HTTP client; timeouts of ours count as `timed_out`."""
    match error:
        case aiohttp.ConnectionTimeoutError() | aiohttp.ClientHttpProxyError():
            return unreachable()
        case TimeoutError():
            return timed_out()
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientPayloadError():
            return truncated()
        case ConnectionResetError() | BrokenPipeError():
            return truncated()
        case aiohttp.ClientResponseError():
            return invalid()
    return unreachable()


def of_body(error: aiohttp.ClientError | OSError) -> UpstreamFailed:
    """The failure behind an error in the middle of a body."""
    if isinstance(error, TimeoutError):
        return timed_out()
    return truncated()


def of_status(status: int, retry_after: str | None, body: bytes) -> UpstreamFailed:
    """The failure behind an HTTP status other than 200.

    Of `body` only one thing is read, and only of a 4xx: whether `error.code`, or the beginning of
    `error.message`, says that the context is too long. Of `retry_after` only an integer of at most
    four digits, in seconds.
    """
    if status in _OF_STATUS:
        message, code, ours = _OF_STATUS[status]
        seconds = _seconds(retry_after) if status in _TRY_LATER else None
        return UpstreamFailed(message, code=code, status=ours, retry_after=seconds)
    if 400 <= status < 500:
        return _rejected(status, body)
    if status >= 500:
        return UpstreamFailed("The upstream failed.", code="upstream_error")
    return invalid()


def _rejected(status: int, body: bytes) -> UpstreamFailed:
    if _says_context_too_long(body):
        message = "The request is longer than the model's context."
        return UpstreamFailed(message, code="context_length_exceeded", status=400)
    if status == 413:
        message = "The request is too long for the upstream."
        return UpstreamFailed(message, code="upstream_context_too_long", status=413)
    return UpstreamFailed(
        "The upstream rejected the request.", code="upstream_rejected", status=400
    )


def _says_context_too_long(body: bytes) -> bool:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return False  # most servers' errors are not JSON; the status has already decided
    error = document.get("error") if isinstance(document, dict) else None
    if not isinstance(error, dict):
        return False
    message = error.get("message")
    says_so = isinstance(message, str) and message.startswith(_TOO_LONG)
    return says_so or error.get("code") == "context_length_exceeded"


def _seconds(header: str | None) -> int | None:
    return int(header) if header and _SMALL_INTEGER.fullmatch(header) else None
