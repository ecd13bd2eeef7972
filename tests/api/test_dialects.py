"""One error in each API's own words; the stable code is in all of them."""

from __future__ import annotations

import orjson
import pytest

from gateway.api.dialects import dialect_for, dialect_of
from gateway.errors import GatewayError, PolicyDenied, RequestError, UpstreamFailed
from gateway.types import Family

ERROR = RequestError("`a` is wrong.", code="wrong", param="a")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ERROR, "invalid_request_error"),
        (PolicyDenied("no"), "permission_error"),
        (UpstreamFailed("no", code="x", status=418), "invalid_request_error"),
        (UpstreamFailed("no", code="x", status=429), "rate_limit_error"),
        (UpstreamFailed("no", code="x", status=502), "api_error"),
        (UpstreamFailed("no", code="x", status=503), "overloaded_error"),
    ],
)
def test_anthropics_envelope(error: GatewayError, kind: str) -> None:
    """With the code where its SDK looks for those that it acts on, too."""
    said = orjson.loads(dialect_of(Family.MESSAGES).envelope(error, "req_1"))

    assert (said["type"], said["request_id"]) == ("error", "req_1")
    assert said["error"]["type"] == kind
    assert said["error"]["message"] == error.message
    assert said["error"]["code"] == said["error"]["details"]["error_code"] == error.code
    assert said["error"].get("param") == error.param


def test_a_broken_stream_ends_in_the_words_of_its_api() -> None:
    """Anthropic's and the Responses API's events have names."""
    chat, responses, messages = (
        dialect_of(family).broken(ERROR, "req_1")
        for family in (Family.CHAT, Family.RESPONSES, Family.MESSAGES)
    )

    assert chat.startswith(b'data: {"error":')
    assert responses.startswith(b'event: error\ndata: {"type":"error","code":"wrong"')
    assert messages.startswith(b'event: error\ndata: {"type":"error","error":{')


def test_callers_of_no_endpoint_are_told_apart_by_their_headers() -> None:
    assert dialect_for({"anthropic-version": "2023-06-01"}) is dialect_of(Family.MESSAGES)
    assert dialect_for({}) is dialect_of(Family.CHAT)
