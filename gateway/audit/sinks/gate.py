"""An audit sink that takes a request on only when every further sink has its record, too."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from gateway.audit.facts import EventType, Outcome
from gateway.audit.record import AuditRecord, timestamp, uuid7
from gateway.audit.sinks.base import SinkFault
from gateway.audit.sinks.delivery import Delivery
from gateway.errors import AuditUnavailable
from gateway.ports import AuditSink

PATIENCE_S = 10.0
_STATUS = 503


@dataclass(frozen=True, slots=True)
class Gate:
    """An `AuditSink` in front of another: with `audit.require: all`.

    Only accepted records wait: no byte leaves before they are everywhere. Others follow as fast.
    """

    primary: AuditSink
    deliveries: Sequence[Delivery]
    patience_s: float = PATIENCE_S

    @property
    def ready(self) -> bool:
        """Whether the primary's last write succeeded, and every sink's."""
        return self.primary.ready and not any(one.down for one in self.deliveries)

    async def append(self, record: AuditRecord) -> None:
        """Return once the record is durable; an accepted one, once every sink has it.

        Raises:
            AuditUnavailable: it is not. Where only a sink is missing, the request is closed as
                failed.
        """
        if record.type is not EventType.REQUEST_ACCEPTED:
            await self.primary.append(record)
            return
        if any(one.down for one in self.deliveries):
            raise _unavailable()
        await self.primary.append(record)
        waiting = [asyncio.wrap_future(one.delivered(record.event_id)) for one in self.deliveries]
        try:
            async with asyncio.timeout(self.patience_s):
                await asyncio.gather(*waiting)
        except (TimeoutError, SinkFault):
            await self.primary.append(_given_up(record))
            raise _unavailable() from None


def _given_up(accepted: AuditRecord) -> AuditRecord:
    """The closing record of a request that was accepted, but not everywhere: nothing was sent."""
    return replace(
        accepted,
        event_id=uuid7(time.time_ns() // 1_000_000, secrets.token_bytes(10)),
        ts=timestamp(time.time_ns() // 1000),
        type=EventType.REQUEST_FAILED,
        outcome=Outcome.FAILED,
        http_status=_STATUS,
        error_code=AuditUnavailable.code,
        beside=None,  # it stands there once, with the accepted record
    )


def _unavailable() -> AuditUnavailable:
    return AuditUnavailable("A sink of the audit log cannot be written.")
