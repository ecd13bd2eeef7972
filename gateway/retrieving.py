"""Stored answers once more: fetched from the upstream that has them, and restored; or deleted.

Each is on record as an exchange of its own. What is not this caller's is not there.
"""

from __future__ import annotations

import secrets
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import orjson

from gateway import metrics
from gateway.audit import record as audit
from gateway.audit.facts import Accepted, Closed, Latency, Outcome, TransformFacts
from gateway.errors import NotFound, UpstreamFailed
from gateway.exchange import Caller, Progress
from gateway.pipeline import Pipeline
from gateway.ports import Reply, StateStore
from gateway.recording import Ending, without_text
from gateway.state import States, Stored, unknown
from gateway.types import NewData
from gateway.wire.answers import invalid
from gateway.wire.family import Codec

NOT_FOUND: Final = "response_not_found"
ENDPOINT: Final = "/v1/responses/:id"
_GONE: Final = "upstream_not_found"
OPERATIONS: Final = ("stored_response", "delete_response")


@dataclass(frozen=True, slots=True)
class StoredAnswers:
    """What can be done with stored answers, each time for one caller.

    Raises:
        NotFound: there is none of this name that is the caller's, or its upstream has it no
            longer.
        UpstreamFailed, DetectionUnavailable: it cannot be fetched, or not restored.
        VaultUnavailable, AuditUnavailable: it cannot be told whose it is, or put on record.
    """

    pipeline: Pipeline
    states: States
    stores: Mapping[str, StateStore]
    codec: Codec

    async def get(self, name: str, caller: Caller) -> bytes:
        """A stored answer, restored as it was when it was made."""
        stored, store = await self._find(name, caller)
        reads = stored.asked.answers.new_data is not NewData.KEEP
        progress = _progress(Counter() if reads else None)
        async with await self._on_record(OPERATIONS[0], caller, stored, progress):
            try:
                reply = await store.stored(stored.state_id, caller.request_id, caller.headers)
            except UpstreamFailed as error:
                if error.code != _GONE:
                    raise
                reply = None
            if reply is None:
                raise _unknown()
            answer = await _read(reply, progress)
            asked = replace(stored.asked, answer_id=name)
            restored = await self.pipeline.restored(answer, self.codec, asked, caller, progress)
        return orjson.dumps(restored)

    async def delete(self, name: str, caller: Caller) -> bytes:
        """Delete a stored answer, here and where it is stored."""
        stored, store = await self._find(name, caller)
        async with await self._on_record(OPERATIONS[1], caller, stored, _progress()):
            try:
                await store.forget(stored.state_id, caller.request_id, caller.headers)
            except UpstreamFailed as error:
                if error.code != _GONE:
                    raise
            await self.states.drop(caller, name)
        return orjson.dumps({"id": name, "object": "response", "deleted": True})

    async def _find(self, name: str, caller: Caller) -> tuple[Stored, StateStore]:
        stored = await self.states.find(caller, name)
        store = None if stored is None else self.stores.get(stored.upstream)
        if stored is None or store is None:
            raise _unknown()
        return stored, store

    async def _on_record(
        self, operation: str, caller: Caller, stored: Stored, progress: Progress
    ) -> Ending:
        """Put it on record; what it gives does so with its end."""
        known = without_text(self.pipeline.settings, caller, ENDPOINT, operation, stored.upstream)
        known = replace(known, parent_id=stored.request_id)
        await self.pipeline.recorder.accepted(known)
        return Ending(partial(self._close, known, progress))

    async def _close(
        self, known: Accepted, progress: Progress, outcome: Outcome, status: int, code: str
    ) -> None:
        tally = progress.tally
        metrics.placeholders(restored=tally.restored, damaged=tally.damaged, blocked=tally.blocked)
        end = Closed(
            outcome=outcome,
            http_status=status,
            error_code=code,
            transform=TransformFacts(
                restored=tally.restored,
                damaged=tally.damaged,
                blocked_sinks=tally.blocked,
                new_data=progress.new_data,
            ),
            latency_ms=Latency(total=max(0, round((time.monotonic() - progress.sent) * 1000))),
            masked_response=progress.commitment.value() if progress.commitment else None,
        )
        await self.pipeline.recorder.ended(known, end)


async def _read(reply: Reply, progress: Progress) -> Any:
    """The answer as JSON."""
    pieces: list[bytes] = []
    try:
        async for chunk in reply.chunks():
            progress.note(chunk, time.monotonic())
            pieces.append(chunk)
    finally:
        await reply.aclose()
    try:
        return orjson.loads(b"".join(pieces))
    except orjson.JSONDecodeError:
        raise invalid() from None


def _progress(new_data: Counter[str] | None = None) -> Progress:
    return Progress(secrets.token_bytes(audit.NONCE_BYTES), time.monotonic(), new_data=new_data)


def _unknown() -> NotFound:
    return unknown("response_id", NOT_FOUND)
