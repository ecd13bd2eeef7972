"""What somebody does at the console goes on record before it is done."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from gateway.audit import record as audit
from gateway.audit.content.facts import ErasureFacts, FeedbackFacts, UnmaskFacts
from gateway.audit.facts import Actor, ActorKind, AuthMethod, EventType
from gateway.audit.grammar import IDENTIFIER, TENANT
from gateway.console.accounts import Account
from gateway.exchange import origin, reference
from gateway.ports import AuditSink

_GATEWAY: Final = Actor(kind=ActorKind.SYSTEM, method=AuthMethod.NONE)
_NOBODY: Final = Actor(kind=ActorKind.ANONYMOUS, method=AuthMethod.PASSWORD)


@dataclass(frozen=True, slots=True)
class Journal:
    """Writes the records. Its targets are words and ids of ours, never what somebody typed."""

    sink: AuditSink
    master: bytes = field(repr=False)
    config_sha256: Callable[[], str]

    async def write(
        self,
        kind: EventType,
        account: Account | None,
        target: str = "",
        tenant: str = "",
        *,
        erasure: ErasureFacts | None = None,
        unmask: UnmaskFacts | None = None,
        feedback: FeedbackFacts | None = None,
        by_gateway: bool = False,
    ) -> str:
        """The record's event id, once it is on record. Raises `AuditUnavailable`.

        Target and tenant may come from a log that somebody has changed: what could not stand in a
        record is left out, so that such a log can be looked at.
        """
        now = time.time_ns()
        record = audit.event(
            kind,
            event_id=audit.uuid7(now // 1_000_000, secrets.token_bytes(10)),
            ts=audit.timestamp(now // 1000),
            actor=_GATEWAY if by_gateway else self._actor(account),
            origin=origin(self.config_sha256()),
            tenant=tenant if TENANT.fullmatch(tenant) else "",
            target=target if IDENTIFIER.fullmatch(target) else "",
            erasure=erasure,
            unmask=unmask,
            feedback=feedback,
        )
        await self.sink.append(record)
        return record.event_id

    def _actor(self, account: Account | None) -> Actor:
        if account is None:
            return _NOBODY
        ref = reference(self.master, "console-ref", "", account.name.encode())
        return Actor(
            kind=ActorKind.ACCOUNT, method=AuthMethod.PASSWORD, ref=ref, key_id=account.name
        )
