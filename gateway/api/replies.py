"""How endpoints that speak ASGI directly answer: late, and in the caller's own dialect."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from typing import Any

from starlette.types import Receive, Scope, Send

from gateway import metrics
from gateway.api.body import ClientGone
from gateway.api.dialects import Dialect
from gateway.errors import GatewayError
from gateway.exchange import Admitted


class Reply:
    """One HTTP response, started late: until the first byte an error can still be an error."""

    def __init__(self, send: Send, request_id: str, dialect: Dialect) -> None:
        self._send = send
        self._dialect = dialect
        self._request_id = request_id
        self._headers = {"x-request-id": request_id}
        self._started = False

    @property
    def started(self) -> bool:
        """Whether anything has gone out."""
        return self._started

    def describe(self, admitted: Admitted) -> None:
        """Say in the headers what was done with the request."""
        self._headers = admitted.headers()

    async def whole(self, body: bytes, status: int = 200) -> None:
        """A JSON answer in one piece."""
        headers = {"content-type": "application/json", "content-length": str(len(body))}
        await self._start(status, headers)
        await self._send({"type": "http.response.body", "body": body})

    async def stream(self, block: bytes, kind: str = "text/event-stream; charset=utf-8") -> None:
        """Some complete events, or other pieces of a body of this type."""
        if not self._started:
            await self._start(200, {"content-type": kind})
        await self._send({"type": "http.response.body", "body": block, "more_body": True})

    async def end(self) -> None:
        """The end of a stream."""
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def error(self, error: GatewayError) -> None:
        """An error: a status where there is still time, else the stream's last event."""
        metrics.error_answered(error.status, error.code)
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


async def unless_gone(receive: Receive, work: Coroutine[Any, Any, None]) -> None:
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


def headers_of(scope: Scope) -> dict[str, str]:
    """The headers of a request, with names in small letters."""
    return {
        name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
    }
