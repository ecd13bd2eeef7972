"""`/v1/files` and `/v1/batches`: files of requests in, files of results out, and what lies between.

Uploads and downloads speak ASGI directly: neither is ever held as a whole.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeAlias, TypeVar

import orjson
import structlog
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from gateway.api.body import ClientGone, drain, read_body
from gateway.api.dialects import dialect_for, is_anthropic
from gateway.api.exchanges import Authenticate, InFlight, Using
from gateway.api.replies import Reply, headers_of, unless_gone
from gateway.batches.downloading import Download
from gateway.batches.form import FormReader
from gateway.batches.parts import BatchParts
from gateway.batches.running import Batches
from gateway.batches.uploading import Upload
from gateway.errors import GatewayError, InternalError, NotFound, RequestError
from gateway.exchange import Caller

IDLE_S: Final = 60.0
"""So long an upload may pause."""

MOST_FILES: Final = 10_000
MOST_BATCHES: Final = 100

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Asked:
    """One request to an endpoint of files or batches."""

    scope: Scope
    receive: Receive
    caller: Caller
    reply: Reply

    @property
    def id(self) -> str:
        """The id in the path."""
        return str(self.scope["path_params"]["id"])

    @property
    def query(self) -> Mapping[str, str]:
        """What the query says."""
        return Request(self.scope).query_params


Held = TypeVar("Held")
Handle: TypeAlias = Callable[[Held, Asked], Coroutine[Any, Any, None]]


class Endpoint(Generic[Held]):
    """One method of one path, as an ASGI application."""

    def __init__(
        self,
        using: Using[Held],
        handle: Handle[Held],
        authenticate: Authenticate,
        in_flight: InFlight,
    ) -> None:
        self._using = using
        self._handle = handle
        self._authenticate = authenticate
        self._in_flight = in_flight

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; an error in the middle of a download cuts it off."""
        request_id = f"req_{secrets.token_hex(12)}"
        headers = headers_of(scope)
        reply = Reply(send, request_id, dialect_for(headers))
        if is_anthropic(headers):
            # That API has paths of these names too, and objects of other shapes behind them.
            await reply.error(NotFound("There is no such endpoint.", code="unknown_endpoint"))
            return
        failure: GatewayError
        try:
            subject = self._authenticate(headers)
            with self._in_flight, self._using() as held:
                conversation = headers.get("x-cloakroom-conversation")
                caller = Caller(subject, request_id, conversation, headers)
                await self._handle(held, Asked(scope, receive, caller, reply))
                return
        except ClientGone:
            return
        except GatewayError as error:
            failure = error
        except Exception as error:
            _log.error("unexpected_error", exc_info=error)
            failure = InternalError("The gateway failed.")
        if reply.started:
            # No line of a file says that it is not whole: the connection must.
            _log.warning("download_broken_off", error_code=failure.code)
            return
        await reply.error(failure)


def batch_routes(
    using: Using[BatchParts], authenticate: Authenticate, in_flight: InFlight
) -> list[Route]:
    """Every endpoint of files and batches."""

    async def start(parts: BatchParts, asked: Asked) -> dict[str, Any]:
        limit = parts.pipeline.settings.limits.body_bytes
        raw = await read_body(asked.receive, asked.scope["headers"], limit, IDLE_S)
        return await Batches(parts).start(raw, asked.caller)

    async def files(parts: BatchParts, asked: Asked) -> dict[str, Any]:
        query = asked.query
        order = query.get("order", "desc")
        if order not in ("asc", "desc"):
            raise RequestError("order must be asc or desc.", param="order")
        return await Batches(parts).files(
            asked.caller,
            query.get("after", ""),
            _limit(query, MOST_FILES, MOST_FILES),
            query.get("purpose"),
            newest_first=order == "desc",
        )

    async def batches(parts: BatchParts, asked: Asked) -> dict[str, Any]:
        query = asked.query
        return await Batches(parts).batches(
            asked.caller, query.get("after", ""), _limit(query, 20, MOST_BATCHES)
        )

    def route(path: str, method: str, handle: Handle[BatchParts]) -> Route:
        endpoint = Endpoint(using, handle, authenticate, in_flight)
        return Route(path, endpoint, methods=[method], include_in_schema=False)

    def file(parts: BatchParts, asked: Asked) -> Awaitable[dict[str, Any]]:
        return Batches(parts).file(asked.id, asked.caller)

    def delete(parts: BatchParts, asked: Asked) -> Awaitable[dict[str, Any]]:
        return Batches(parts).delete(asked.id, asked.caller)

    def batch(parts: BatchParts, asked: Asked) -> Awaitable[dict[str, Any]]:
        return Batches(parts).batch(asked.id, asked.caller)

    def cancel(parts: BatchParts, asked: Asked) -> Awaitable[dict[str, Any]]:
        return Batches(parts).cancel(asked.id, asked.caller)

    return [
        route("/v1/files", "POST", _upload),
        route("/v1/files", "GET", _json(files)),
        route("/v1/files/{id}", "GET", _json(file)),
        route("/v1/files/{id}", "DELETE", _json(delete)),
        route("/v1/files/{id}/content", "GET", _download),
        route("/v1/batches", "POST", _json(start)),
        route("/v1/batches", "GET", _json(batches)),
        route("/v1/batches/{id}", "GET", _json(batch)),
        route("/v1/batches/{id}/cancel", "POST", _json(cancel)),
    ]


def _json(
    work: Callable[[BatchParts, Asked], Awaitable[dict[str, Any]]],
) -> Handle[BatchParts]:
    async def handle(parts: BatchParts, asked: Asked) -> None:
        await asked.reply.whole(orjson.dumps(await work(parts, asked)))

    return handle


async def _upload(parts: BatchParts, asked: Asked) -> None:
    upload = Upload(parts, asked.caller)
    form = FormReader(asked.caller.headers.get("content-type", ""))
    body = _Body(asked.receive)
    try:
        async for chunk in body.chunks():
            for event in form.feed(chunk):
                await upload.take(event)
        form.end()
        made = await upload.finish()
    except BaseException as error:
        is_gone = isinstance(error, ClientGone)
        await asyncio.shield(asyncio.ensure_future(upload.leave(error, is_gone=is_gone)))
        if isinstance(error, GatewayError):
            await body.drop()
        raise
    await asked.reply.whole(orjson.dumps(made))


class _Body:
    """The body of an upload, as it arrives."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._more = True

    async def chunks(self) -> AsyncIterator[bytes]:
        """Its pieces.

        Raises:
            RequestError: it pauses for too long.
            ClientGone: the client went away.
        """
        while self._more:
            try:
                async with asyncio.timeout(IDLE_S):
                    message = await self._receive()
            except TimeoutError:
                message = {"type": "timeout"}
            if message["type"] == "timeout":
                raise RequestError(
                    "The upload paused for too long.", code="body_timeout", status=408
                )
            if message["type"] == "http.disconnect":
                raise ClientGone
            self._more = message.get("more_body", False)
            yield message.get("body", b"")

    async def drop(self) -> None:
        """Let a client that is still sending see why its upload is refused."""
        if not self._more:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(IDLE_S):
                await drain(self._receive)


async def _download(parts: BatchParts, asked: Asked) -> None:
    async def send() -> None:
        async with aclosing(Download(parts, asked.caller, asked.id).lines()) as lines:
            async for line in lines:
                await asked.reply.stream(line, "application/jsonl")
        if not asked.reply.started:
            await asked.reply.stream(b"", "application/jsonl")
        await asked.reply.end()

    await unless_gone(asked.receive, send())


def _limit(query: Mapping[str, str], default: int, most: int) -> int:
    said = query.get("limit", str(default))
    is_number = said.isascii() and said.isdecimal() and len(said) <= 6
    if not is_number or not 1 <= int(said) <= most:
        raise RequestError(f"limit must be a number from 1 to {most}.", param="limit")
    return int(said)
