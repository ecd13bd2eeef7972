"""Puts exchanges on record: one accepted record, one closing record, however it ends."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from types import TracebackType
from typing import TypeAlias
from urllib.parse import urlsplit

from gateway import meters, metrics, spans
from gateway.audit import record as audit
from gateway.audit.content.capsule import Beside
from gateway.audit.facts import (
    Accepted,
    Actor,
    ActorKind,
    AuthMethod,
    Closed,
    EventType,
    Origin,
    Outcome,
    finish_reason,
)
from gateway.audit.record import AuditRecord
from gateway.errors import AuditUnavailable, GatewayError, InternalError
from gateway.exchange import Admitted, Caller, Progress, actor, closing, origin, reference
from gateway.genai import Measured
from gateway.ports import AuditSink
from gateway.settings import Settings

MakeBeside: TypeAlias = Callable[[str], Beside]

CLIENT_GONE = 499  # the status on record where the caller walked away


@dataclass(frozen=True, slots=True)
class Recorder:
    """Makes the records of requests and hands them to the sink."""

    sink: AuditSink

    async def accepted(self, known: Accepted, beside: MakeBeside | None = None) -> str:
        """Record that a request may go upstream; gives the record's event id.

        `beside` makes, of that id, what is written beside the record.

        Raises:
            AuditUnavailable: the record is not durable, so nothing may be sent.
        """
        event_id = _event_id()
        record = audit.accepted(known, event_id=event_id, ts=_now())
        if beside is not None:
            record = replace(record, beside=beside(event_id))
        writing = asyncio.ensure_future(self._append(record))
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:
            # The caller left while the record was being written: it must not stay open.
            await writing
            gone = Closed(
                outcome=Outcome.ABORTED, http_status=CLIENT_GONE, error_code="client_gone"
            )
            await self.ended(known, gone)
            raise
        return event_id

    async def ended(self, known: Accepted, end: Closed, beside: MakeBeside | None = None) -> str:
        """Record how a request ended; gives the event id. Raises `AuditUnavailable`."""
        event_id = _event_id()
        record = audit.closed(known, end, event_id=event_id, ts=_now())
        if beside is not None:
            record = replace(record, beside=beside(event_id))
        await self._append(record)
        return event_id

    async def event(self, kind: EventType, origin: Origin, target: str) -> None:
        """Record something that happened to the gateway itself. Raises `AuditUnavailable`."""
        actor = Actor(kind=ActorKind.SYSTEM, method=AuthMethod.NONE)
        record = audit.event(
            kind, event_id=_event_id(), ts=_now(), actor=actor, origin=origin, target=target
        )
        await self._append(record)

    async def close(
        self, admitted: Admitted, progress: Progress, outcome: Outcome, status: int, code: str
    ) -> None:
        """Write the closing record of an admitted request, and count it."""
        now = time.monotonic()
        _count(admitted, progress, outcome, code, now)
        if spans.wanted():
            spans.exchange_ended(_told(admitted, progress, outcome, code, now))
        end = closing(admitted, progress, outcome, status, code, now)
        await self.ended(admitted.accepted, end, _answer_beside(admitted, progress))

    async def _append(self, record: AuditRecord) -> None:
        begun = time.monotonic()
        try:
            await self.sink.append(record)
        except AuditUnavailable as error:
            metrics.failed_closed(error.code)
            raise
        metrics.AUDIT_APPEND_SECONDS.observe(time.monotonic() - begun)


class Ending:
    """Has exactly one closing record written for a block of work, however the block is left.

    `close` writes it: an outcome, a status and the code of an error.
    """

    __slots__ = ("_write",)

    def __init__(self, close: Callable[[Outcome, int, str], Awaitable[None]]) -> None:
        self._write = close

    async def __aenter__(self) -> None:
        return None

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            await self._close(Outcome.COMPLETED, 200, "")
        elif isinstance(error, GatewayError):
            await self._close(Outcome.FAILED, error.status, error.code)
        elif isinstance(error, Exception):
            await self._close(Outcome.FAILED, 500, "internal_error")
            raise InternalError("The gateway failed.") from None
        else:
            # Cancelled, or the iterator was left: the caller is gone, the record must not be.
            await self._close(Outcome.ABORTED, CLIENT_GONE, "client_gone")

    async def _close(self, outcome: Outcome, status: int, code: str) -> None:
        """Once begun, the record is written to its end, whoever leaves meanwhile."""
        writing = asyncio.ensure_future(self._write(outcome, status, code))
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:
            await writing
            raise


class Closing(Ending):
    """Writes exactly one closing record of an admitted request, however the block is left."""

    __slots__ = ()

    def __init__(self, recorder: Recorder, admitted: Admitted, progress: Progress) -> None:
        super().__init__(partial(recorder.close, admitted, progress))


def without_text(
    settings: Settings, caller: Caller, endpoint: str, operation: str, upstream: str
) -> Accepted:
    """What goes on record of a request that sends no text to an upstream."""
    subject = caller.subject
    principal = subject.principal.encode()
    classes = {one.name: one.upstream_class for one in settings.upstreams}
    return Accepted(
        request_id=caller.request_id,
        tenant=subject.tenant,
        actor=actor(
            subject, reference(settings.master_key, "actor-ref", subject.tenant, principal)
        ),
        origin=origin(settings.digest),
        endpoint=endpoint,
        operation=operation,
        stream=False,
        model_requested="",
        upstream_id=upstream,
        upstream_class=classes.get(upstream),
    )


def _count(admitted: Admitted, progress: Progress, outcome: Outcome, code: str, now: float) -> None:
    effect, trace = admitted.decision.effect.value, admitted.caller.trace
    trace_id = trace.trace_id if trace is not None and trace.is_sampled else ""
    metrics.request_ended(
        admitted.parsed.family.value, effect, outcome.value, now - admitted.started, trace_id
    )
    meters.exchange_ended(
        Measured(
            operation=admitted.codec.operation,
            provider=admitted.upstream,
            error=code,
            stream=admitted.accepted.stream,
            started=admitted.started,
            sent=progress.sent,
            first_byte=progress.first_byte,
            last_byte=progress.last_byte,
            ended=now,
            usage=progress.facts.usage or {},
        )
    )
    tally, usage = progress.tally, progress.facts.usage
    metrics.placeholders(restored=tally.restored, damaged=tally.damaged, blocked=tally.blocked)
    if progress.first_byte:
        metrics.upstream_phase(
            admitted.upstream, "first_byte", progress.first_byte - progress.sent, trace_id
        )
    if progress.last_byte:
        metrics.upstream_phase(admitted.upstream, "total", progress.last_byte - progress.sent)
    if usage:
        operation = admitted.codec.operation
        metrics.tokens_used(
            operation, admitted.upstream, prompt=usage["in"], completion=usage.get("out", 0)
        )


def _told(
    admitted: Admitted, progress: Progress, outcome: Outcome, code: str, now: float
) -> spans.Exchanged:
    known, decision = admitted.accepted, admitted.decision
    where = decision.upstream_class
    return spans.Exchanged(
        request_id=known.request_id,
        operation=admitted.codec.operation,
        trace=admitted.caller.trace,
        upstream=admitted.upstream,
        upstream_class="" if where is None else where.value,
        address=_address(admitted),
        policy=decision.policy_id,
        effect=decision.effect.value,
        outcome=outcome.value,
        error=code,
        stream=known.stream,
        findings=sum(admitted.entities.values()),
        restored=progress.tally.restored,
        damaged=progress.tally.damaged,
        detect_ms=admitted.detect_ms,
        usage=progress.facts.usage or {},
        finish_reasons=tuple(map(finish_reason, progress.facts.finish_reasons[:64])),
        started=admitted.started,
        sent=progress.sent,
        first_byte=progress.first_byte,
        last_byte=progress.last_byte,
        ended=now,
    )


def _address(admitted: Admitted) -> str:
    """The host of the upstream that served the request, as it is configured."""
    served = admitted.route.served
    return "" if served is None else urlsplit(served.base_url).hostname or ""


def _answer_beside(admitted: Admitted, progress: Progress) -> MakeBeside | None:
    keeping, kept = admitted.keeping, progress.kept
    if keeping is None or not kept:
        return None
    return lambda event_id: keeping.answer(event_id, bytes(kept))


def _event_id() -> str:
    return audit.uuid7(time.time_ns() // 1_000_000, secrets.token_bytes(10))


def _now() -> str:
    return audit.timestamp(time.time_ns() // 1000)
