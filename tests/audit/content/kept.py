"""Logs with content for tests: exchanges as the pipeline writes them, on a real database."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import replace
from pathlib import Path

from gateway.audit.checkpointing import Signing
from gateway.audit.content.capsule import KEY_BYTES
from gateway.audit.content.index import blind, index_key
from gateway.audit.facts import Closed, Outcome
from gateway.audit.record import AuditRecord, accepted, closed, commitment
from gateway.audit.signing import load_or_make_signing_keys
from gateway.audit.store import SqlAuditStore
from gateway.keeping import Keeping
from tests.audit.records import FACTS, event_id, now
from tests.waiting import AMPLE_S

MASTER = b"m" * 32
TENANT = "acme"
LATER = "2999-01-01T00:00:00.000000Z"
EARLIER = "2001-01-01T00:00:00.000000Z"


def keeping(request_id: str, *emails: str, expires: str = LATER, original: bool = False) -> Keeping:
    key = index_key(MASTER, TENANT)
    return Keeping(
        request_id=request_id,
        tenant=TENANT,
        expires=expires,
        original=original,
        key=secrets.token_bytes(KEY_BYTES),
        subjects=tuple(blind(key, "EMAIL_ADDRESS", one) for one in emails),
    )


def begun(kept: Keeping, text: bytes, raw: bytes = b"") -> AuditRecord:
    facts = replace(
        FACTS,
        request_id=kept.request_id,
        masked_request=commitment(secrets.token_bytes(32), text),
    )
    one = event_id()
    record = accepted(facts, event_id=one, ts=now())
    return replace(record, beside=kept.request(one, raw, text))


def ended(kept: Keeping, text: bytes) -> AuditRecord:
    facts = replace(FACTS, request_id=kept.request_id)
    end = Closed(
        outcome=Outcome.COMPLETED,
        http_status=200,
        masked_response=commitment(secrets.token_bytes(32), text),
    )
    one = event_id()
    record = closed(facts, end, event_id=one, ts=now())
    return replace(record, beside=kept.answer(one, text))


def signing(folder: Path) -> Signing:
    keys, _ = load_or_make_signing_keys(folder / "signing.key")
    return Signing(keys, None)


def store(url: str, folder: Path | None = None) -> SqlAuditStore:
    signs = None if folder is None else signing(folder)
    return SqlAuditStore(url, MASTER, signs, busy_s=AMPLE_S, patience_s=AMPLE_S)


def write(url: str, *records: AuditRecord, folder: Path | None = None) -> None:
    """Write records through a store of their own, which signs the tree where it has a folder."""

    async def work() -> None:
        one = store(url, folder)
        await one.start()
        try:
            await asyncio.gather(*(one.append(record) for record in records))
        finally:
            await one.aclose()

    asyncio.run(work())


def exchange(url: str, request_id: str, *emails: str, text: bytes, **options: str) -> Keeping:
    """One whole exchange, with the text as request and as answer."""
    kept = keeping(request_id, *emails, **options)
    write(url, begun(kept, text), ended(kept, text))
    return kept
