"""What somebody does from the command line goes on record before it is in force."""

from __future__ import annotations

import asyncio
import secrets
import time

import typer

from gateway.audit import record as audit
from gateway.audit.checkpointing import configured_signing
from gateway.audit.content.facts import ErasureFacts
from gateway.audit.facts import Actor, ActorKind, AuthMethod, EventType, Origin
from gateway.audit.store import SqlAuditStore
from gateway.cli.common import errors, fail
from gateway.errors import AuditUnavailable, ConfigError
from gateway.settings import Settings
from gateway.version import __version__


def put_on_record(
    settings: Settings,
    kind: EventType,
    *,
    tenant: str = "",
    target: str = "",
    erasure: ErasureFacts | None = None,
    was_done: bool = False,
) -> str:
    """Append an event of a local operator to the audit log; exits with 1 where that fails.

    Gives the event id. `was_done` says that what it is about has happened already.
    """
    event_id = audit.uuid7(time.time_ns() // 1_000_000, secrets.token_bytes(10))
    record = audit.event(
        kind,
        event_id=event_id,
        ts=audit.timestamp(time.time_ns() // 1000),
        actor=Actor(kind=ActorKind.OPERATOR, method=AuthMethod.LOCAL),
        origin=Origin(config_sha256=settings.digest, build=__version__),
        tenant=tenant,
        target=target,
        erasure=erasure,
    )

    async def append() -> None:
        signing = configured_signing(settings.audit)
        store = SqlAuditStore(settings.audit.url, settings.master_key, signing)
        await store.start()
        try:
            await store.append(record)
        finally:
            await store.aclose()

    try:
        asyncio.run(append())
    except ConfigError as error:
        fail(error)
    except AuditUnavailable as error:
        outcome = "though it was done" if was_done else "so it was not done"
        errors.print(f"This could not be put on record, {outcome}: {error.message}")
        raise typer.Exit(1) from None
    return event_id
