"""The endpoints that take text to a model, one per codec.

They speak ASGI directly: the body is parsed once, by the pipeline, and the stream's clean-up runs
whenever the client walks away.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Coroutine, Mapping
from contextlib import aclosing, suppress
from typing import Any

import structlog
from starlette.types import Receive, Scope, Send

from gateway import metrics
from gateway.api.body import ClientGone, read_body
from gateway.api.dialects import Dialect, dialect_of
from gateway.errors import GatewayError, InternalError, Overloaded
from gateway.exchange import Admitted, Caller
from gateway.pipeline import Pipeline
from gateway.types import Subject
from gateway.wire.family import Codec

Authenticate = Callable[[Mapping[str, str]], Subject]

_BODY_TIMEOUT_S = 60.0
_log = structlog.get_logger()


class InFlight:
    """Counts the requests that are being served, up to a limit."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.count = 0

    def __enter__(self) -> None:
        if self.count >= self._limit:
            raise Overloaded("Too many requests are being served; try again.", retry_after=1)
        self.count += 1
        metrics.IN_FLIGHT.inc()

    def __exit__(self, *_: object) -> None:
        self.count -= 1
        metrics.IN_FLIGHT.dec()


class Endpoint:
    """`POST` to one codec's path, as an ASGI application."""

    def __init__(
        self, codec: Codec, pipeline: Pipeline, authenticate: Authenticate, in_flight: InFlight
    ) -> None:
        self._codec = codec
        self._dialect = dialect_of(codec.family)
        self._pipeline = pipeline
        self._authenticate = authenticate
        self._in_flight = in_flight

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; every error comes in the family's own envelope."""
        request_id = f"req_{secrets.token_hex(12)}"
        response = _Reply(send, request_id, self._dialect)
        try:
            headers = _headers(scope)
            subject = self._authenticate(headers)
            with self._in_flight:
                limit = self._pipeline.settings.limits.body_bytes
                raw = await read_body(receive, scope["headers"], limit, _BODY_TIMEOUT_S)
                conversation = headers.get("x-cloakroom-conversation")
                caller = Caller(subject, request_id, conversation, headers)
                await _unless_gone(receive, self._serve(raw, caller, response))
        except ClientGone:
            return
        except GatewayError as error:
            await response.error(error)
        except Exception as error:
            _log.error("unexpected_error", exc_info=error)
            await response.error(InternalError("The gateway failed."))

    async def _serve(self, raw: bytes, caller: Caller, response: _Reply) -> None:
        admitted = await self._pipeline.admit(raw, caller, self._codec)
        if not admitted.parsed.stream:
            response.describe(admitted)
            body = await self._pipeline.complete(admitted)
            response.describe(admitted)  # anew: what the answer held is known only now
            await response.whole(body)
            return
        response.describe(admitted)
        async with aclosing(self._pipeline.stream(admitted)) as events:
            async for block in events:
                await response.stream(block)
        await response.end()


class _Reply:
    """One HTTP response, started late: until the first byte an error can still be an error."""

    def __init__(self, send: Send, request_id: str, dialect: Dialect) -> None:
        self._send = send
        self._dialect = dialect
        self._request_id = request_id
        self._headers = {"x-request-id": request_id}
        self._started = False

    def describe(self, admitted: Admitted) -> None:
        """Say in the headers what was done with the request."""
        self._headers = admitted.headers()

    async def whole(self, body: bytes, status: int = 200) -> None:
        """A JSON answer in one piece."""
        headers = {"content-type": "application/json", "content-length": str(len(body))}
        await self._start(status, headers)
        await self._send({"type": "http.response.body", "body": body})

    async def stream(self, block: bytes) -> None:
        """Some complete events."""
        if not self._started:
            headers = {"content-type": "text/event-stream; charset=utf-8"}
            await self._start(200, headers)
        await self._send({"type": "http.response.body", "body": block, "more_body": True})

    async def end(self) -> None:
        """The end of a stream."""
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def error(self, error: GatewayError) -> None:
        """An error: a status where there is still time, else the stream's last event."""
        if self._started:
            await self.stream(self._dialect.broken(error, self._request_id))
            await self.end()
            return
        self._headers.update(error.headers)
        if error.retry_after is not None:
            self._headers["retry-after"] = str(error.retry_after)
        await self.whole(self._dialect.envelope(error, self._request_id), error.status)

    async def _start(self, status: int, headers: Mapping[str, str]) -> None:
        self._started = True
        named = dict.fromkeys(self._dialect.request_id_headers, self._request_id)
        every = {"cache-control": "no-store", **named, **self._headers, **headers}
        raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in every.items()]
        await self._send({"type": "http.response.start", "status": status, "headers": raw})


async def _unless_gone(receive: Receive, work: Coroutine[Any, Any, None]) -> None:
    """Do the work, but stop it as soon as the client has gone.

    Raises:
        ClientGone: the client went first; the work has ended its business all the same.
    """
    task = asyncio.ensure_future(work)
    watcher = asyncio.ensure_future(_gone(receive))
    try:
        await asyncio.wait({task, watcher}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
    finally:
        watcher.cancel()
        if not task.done():
            task.cancel()
            with suppress(asyncio.CancelledError, GatewayError):
                await task
    if task.cancelled():
        raise ClientGone


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _headers(scope: Scope) -> dict[str, str]:
    return {
        name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
    }
