"""What somebody does from the command line goes on record before it is in force."""

from __future__ import annotations

import asyncio
import secrets
import time

import typer

from gateway.audit import record as audit
from gateway.audit.checkpointing import Signing, configured_signing
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
    try:
        signing = configured_signing(settings.audit)
        url = settings.audit.url
        return append(settings, kind, url, signing, tenant=tenant, target=target, erasure=erasure)
    except ConfigError as error:
        fail(error)
    except AuditUnavailable as error:
        outcome = "though it was done" if was_done else "so it was not done"
        errors.print(f"This could not be put on record, {outcome}: {error.message}")
        raise typer.Exit(1) from None


def append(
    settings: Settings,
    kind: EventType,
    url: str,
    signing: Signing | None,
    *,
    tenant: str = "",
    target: str = "",
    erasure: ErasureFacts | None = None,
) -> str:
    """Append an event of a local operator to the log at an audit URL; its event id.

    Raises:
        ConfigError: the log cannot be opened for writing.
        AuditUnavailable: it cannot be written.
    """

    async def write() -> str:
        store = SqlAuditStore(url, settings.master_key, signing)
        await store.start()
        try:
            now = time.time_ns()  # after the log opened, which may add records of its own
            record = audit.event(
                kind,
                event_id=audit.uuid7(now // 1_000_000, secrets.token_bytes(10)),
                ts=audit.timestamp(now // 1000),
                actor=Actor(kind=ActorKind.OPERATOR, method=AuthMethod.LOCAL),
                origin=Origin(config_sha256=settings.digest, build=__version__),
                tenant=tenant,
                target=target,
                erasure=erasure,
            )
            await store.append(record)
        finally:
            await store.aclose()
        return record.event_id

    return asyncio.run(write())
