"""Every error that a client can meet comes in the OpenAI envelope, without a word of its own."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from fastapi import FastAPI
from structlog.testing import capture_logs

from gateway.api.dialects import OpenAI
from gateway.api.errors import error_response, install_error_handlers
from gateway.errors import Overloaded, PolicyDenied, RequestError

CANARY = "canary-4471"


async def call(app: FastAPI, method: str, path: str) -> tuple[int, dict[str, str], Any]:
    """One request to an ASGI app: status, headers, parsed body."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"limit=" + CANARY.encode(),
        "root_path": "",
        "headers": [(b"host", b"gateway")],
        "server": ("gateway", 80),
        "client": ("127.0.0.1", 1),
    }
    try:
        await app(scope, receive, send)  # type: ignore[arg-type]
    except ZeroDivisionError:
        assert path == "/fails"  # the framework hands it on to the server after answering
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    body = b"".join(message.get("body", b"") for message in sent[1:])
    assert CANARY.encode() not in body
    assert headers["content-type"] == "application/json"
    return sent[0]["status"], headers, orjson.loads(body)


@pytest.fixture
def app() -> FastAPI:
    app = FastAPI(openapi_url=None)
    install_error_handlers(app)

    @app.get("/denied")
    async def denied() -> None:
        raise PolicyDenied("No.", param="messages[0].content")

    @app.get("/busy")
    async def busy() -> None:
        raise Overloaded("Later.", retry_after=3)

    @app.get("/fails")
    async def fails() -> None:
        raise ZeroDivisionError(CANARY)

    @app.get("/typed")
    async def typed(limit: int) -> None:
        raise AssertionError(limit)

    return app


def test_the_envelope():
    error = RequestError("Say what.", code="c", param="p")
    assert orjson.loads(OpenAI().envelope(error, "")) == {
        "error": {
            "message": "Say what.",
            "type": "invalid_request_error",
            "param": "p",
            "code": "c",
        }
    }


def test_the_response():
    response = error_response(Overloaded("Later.", retry_after=0))
    assert (response.status_code, response.headers["retry-after"]) == (429, "0")
    assert "retry-after" not in error_response(Overloaded("Later.")).headers


@pytest.mark.parametrize(
    ("headers", "places"),
    [({}, ["x-request-id"]), ({"anthropic-version": "2023-06-01"}, ["x-request-id", "request-id"])],
)
def test_an_error_has_an_id_that_can_be_asked_about(headers: dict[str, str], places: list[str]):
    response = error_response(RequestError("No."), headers)
    found = {response.headers.get(one) for one in ("x-request-id", "request-id")} - {None}
    (request_id,) = found
    assert [one for one in ("x-request-id", "request-id") if one in response.headers] == places
    assert request_id.startswith("req_")
    body = orjson.loads(response.body)
    assert body.get("request_id") == (request_id if headers else None)
    assert error_response(RequestError("No."), headers).headers["x-request-id"] != request_id


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/denied", 403, "policy_denied"),
        ("GET", "/busy", 429, "overloaded"),
        ("GET", f"/{CANARY}", 404, "unknown_endpoint"),
        ("DELETE", "/denied", 405, "method_not_allowed"),
        ("GET", "/typed", 400, "invalid_request"),
        ("GET", "/fails", 500, "internal_error"),
    ],
)
async def test_every_error_has_the_envelope(app, method, path, status, code):
    with capture_logs() as logs:
        got, headers, body = await call(app, method, path)
    assert (got, body["error"]["code"]) == (status, code)
    assert set(body["error"]) == {"message", "type", "param", "code"}
    assert headers.get("retry-after") == ("3" if path == "/busy" else None)
    assert headers.get("allow") == ("GET" if status == 405 else None)
    assert [log["event"] for log in logs] == (["unexpected_error"] if path == "/fails" else [])
