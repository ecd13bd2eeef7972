"""The endpoints that take text to a model, one per codec.

They speak ASGI directly: the body is parsed once, by the pipeline, and the stream's clean-up runs
whenever the client walks away.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, aclosing
from typing import TypeAlias, TypeVar

import structlog
from starlette.types import Receive, Scope, Send

from gateway import metrics, spans
from gateway.api.body import ClientGone, read_body
from gateway.api.dialects import dialect_of
from gateway.api.replies import Reply, headers_of, unless_gone
from gateway.errors import GatewayError, InternalError, Overloaded, PolicyDenied
from gateway.exchange import Admitted, Caller
from gateway.pipeline import Pipeline
from gateway.tracecontext import begun
from gateway.types import Subject
from gateway.wire.family import Codec

Authenticate = Callable[[Mapping[str, str]], Subject]
Held = TypeVar("Held")
Using: TypeAlias = Callable[[], AbstractContextManager[Held]]
"""Gives what requests are served with now, and has it stay usable for as long as the block runs."""

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
        self,
        codec: Codec,
        using: Using[Pipeline],
        authenticate: Authenticate,
        in_flight: InFlight,
    ) -> None:
        self._codec = codec
        self._dialect = dialect_of(codec.family)
        self._using = using
        self._authenticate = authenticate
        self._in_flight = in_flight

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; every error comes in the family's own envelope."""
        request_id = f"req_{secrets.token_hex(12)}"
        response = Reply(send, request_id, self._dialect)
        try:
            headers = headers_of(scope)
            subject = self._authenticate(headers)
            with self._in_flight, self._using() as pipeline:
                limit = pipeline.settings.limits.body_bytes
                raw = await read_body(receive, scope["headers"], limit, _BODY_TIMEOUT_S)
                conversation = headers.get("x-cloakroom-conversation")
                trace = begun(
                    headers.get("traceparent", ""), secrets.token_bytes, always=spans.wanted()
                )
                caller = Caller(subject, request_id, conversation, headers, trace)
                await unless_gone(receive, self._serve(pipeline, raw, caller, response))
        except ClientGone:
            return
        except GatewayError as error:
            await response.error(error)
        except Exception as error:
            _log.error("unexpected_error", exc_info=error)
            await response.error(InternalError("The gateway failed."))

    async def _serve(self, pipeline: Pipeline, raw: bytes, caller: Caller, response: Reply) -> None:
        admitted = await self._admitted(pipeline, raw, caller)
        if not admitted.parsed.stream:
            response.describe(admitted)
            body = await pipeline.complete(admitted)
            response.describe(admitted)  # anew: what the answer held is known only now
            await response.whole(body)
            return
        response.describe(admitted)
        async with aclosing(pipeline.stream(admitted)) as events:
            async for block in events:
                if not response.started:
                    response.describe(admitted)  # anew: who serves it is known only now
                await response.stream(block)
        await response.end()

    async def _admitted(self, pipeline: Pipeline, raw: bytes, caller: Caller) -> Admitted:
        """The admitted request; of one that is refused, a trace says so."""
        started = time.monotonic()
        try:
            return await pipeline.admit(raw, caller, self._codec)
        except GatewayError as error:
            spans.exchange_ended(
                spans.Exchanged(
                    request_id=caller.request_id,
                    operation=self._codec.operation,
                    trace=caller.trace,
                    policy=error.headers.get("x-cloakroom-policy", ""),
                    outcome="denied" if isinstance(error, PolicyDenied) else "refused",
                    error=error.code,
                    started=started,
                    ended=time.monotonic(),
                )
            )
            raise
