"""Files and batches beside their contents: started, watched, listed, cancelled, deleted."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from typing import Any, Final

from gateway.batches.fields import expiry_of
from gateway.batches.kept import BATCH, INPUT, OUTPUT, KeptBatch, KeptFile, result_id
from gateway.batches.objects import (
    batch_object,
    file_object,
    listed,
    their_id,
    their_optional_id,
)
from gateway.batches.onrecord import on_record
from gateway.batches.parts import BatchParts
from gateway.errors import GatewayError, RequestError, UpstreamFailed
from gateway.exchange import Caller
from gateway.recording import without_text
from gateway.types import Json
from gateway.wire.body import parse_body

MOST_METADATA: Final = 16
AT_A_TIME: Final = 8  # batches of a list that are asked for

_WINDOW: Final = re.compile(r"[0-9]{1,4}[mhd]", re.ASCII)
_FIELDS: Final = frozenset(
    {"input_file_id", "endpoint", "completion_window", "metadata", "output_expires_after"}
)


@dataclass(frozen=True, slots=True)
class Batches:
    """What can be done with files and batches, each time for one caller.

    What changes something is on record as an exchange of its own.

    Raises:
        NotFound: it is not there; another's is not there either.
        UpstreamFailed, VaultUnavailable: it cannot be done.
    """

    parts: BatchParts

    async def start(self, raw: bytes, caller: Caller) -> dict[str, Any]:
        """Start a batch. Metadata is kept here, and not sent.

        Raises:
            RequestError: the request has what no batch has.
        """
        asked = parse_body(raw, self.parts.pipeline.settings.limits.depth)
        file_id, endpoint = _text(asked, "input_file_id"), _text(asked, "endpoint")
        sent, metadata = _checked(asked), _metadata(asked)
        owner = self.parts.owner(caller)
        file = await self.parts.shelf.file(owner, file_id)
        if file.purpose != INPUT or file.urls != (endpoint,):
            message = "All lines of the file must be for the batch's endpoint."
            raise RequestError(message, code="endpoint_mismatch", param="endpoint")
        store = self.parts.store(file.upstream)
        sent = {"input_file_id": file.upstream_id, "endpoint": endpoint, **sent}
        batch_id = self.parts.shelf.new_id(BATCH)
        async with self._on_record(caller, "/v1/batches", "batch", file.upstream):
            answer = await store.start(sent, caller.request_id, caller.headers)
            kept = KeptBatch(
                file.upstream, their_id(answer), file_id, endpoint, file.hides_cached, metadata
            )
            try:
                await self.parts.shelf.keep_batch(owner, batch_id, kept)
            except BaseException:
                # nobody could ever find it: it must not run
                with suppress(GatewayError):
                    await store.cancel(kept.upstream_id, caller.request_id, caller.headers)
                raise
        return await self._shown(batch_id, kept, answer, caller)

    async def batch(self, batch_id: str, caller: Caller) -> dict[str, Any]:
        """How far a batch is."""
        kept = await self.parts.shelf.batch(self.parts.owner(caller), batch_id)
        return await self._asked(batch_id, kept, caller)

    async def cancel(self, batch_id: str, caller: Caller) -> dict[str, Any]:
        """Cancel a batch."""
        kept = await self.parts.shelf.batch(self.parts.owner(caller), batch_id)
        store = self.parts.store(kept.upstream)
        async with self._on_record(caller, "/v1/batches/:id/cancel", "batch_cancel", kept.upstream):
            answer = await store.cancel(kept.upstream_id, caller.request_id, caller.headers)
        return await self._shown(batch_id, kept, answer, caller)

    async def batches(self, caller: Caller, after: str, limit: int) -> dict[str, Any]:
        """The next batches, newest first. One that the upstream has no longer is left out."""
        owner = self.parts.owner(caller)
        found = await self.parts.shelf.batches(owner, after, limit + 1)
        turns = asyncio.Semaphore(AT_A_TIME)

        async def shown(batch_id: str, kept: KeptBatch) -> dict[str, Any] | None:
            async with turns:
                try:
                    return await self._asked(batch_id, kept, caller)
                except UpstreamFailed as error:
                    if error.code != "upstream_not_found":
                        raise
                    return None

        page = await asyncio.gather(*(shown(*one) for one in found[:limit]))
        return listed([one for one in page if one is not None], has_more=len(found) > limit)

    async def file(self, file_id: str, caller: Caller) -> dict[str, Any]:
        """What there is to know of a file."""
        kept = await self.parts.shelf.file(self.parts.owner(caller), file_id)
        store = self.parts.store(kept.upstream)
        answer = await store.file(kept.upstream_id, caller.request_id, caller.headers)
        return file_object(file_id, kept, answer)

    async def files(
        self, caller: Caller, after: str, limit: int, purpose: str | None, *, newest_first: bool
    ) -> dict[str, Any]:
        """The next files; asks no upstream."""
        owner, found = self.parts.owner(caller), list[tuple[str, KeptFile]]()
        start = after if newest_first else ""
        while page := await self.parts.shelf.files(owner, start, 1000):
            found += [one for one in page if purpose in (None, one[1].purpose)]
            start = page[-1][0]
            if newest_first and len(found) > limit:
                break
        if not newest_first:
            found = [one for one in reversed(found) if not after or one[0] < after]
        shown = [file_object(name, kept, {}) for name, kept in found[:limit]]
        return listed(shown, has_more=len(found) > limit)

    async def delete(self, file_id: str, caller: Caller) -> dict[str, Any]:
        """Delete a file with all that restores its answers."""
        owner = self.parts.owner(caller)
        kept = await self.parts.shelf.file(owner, file_id)
        store = self.parts.store(kept.upstream)
        async with self._on_record(caller, "/v1/files/:id", "file_delete", kept.upstream):
            try:
                await store.delete(kept.upstream_id, caller.request_id, caller.headers)
            except UpstreamFailed as error:
                if error.code != "upstream_not_found":
                    raise
            await self.parts.shelf.drop_file(owner, file_id)
        return {"id": file_id, "object": "file", "deleted": True}

    def _on_record(
        self, caller: Caller, endpoint: str, operation: str, upstream: str
    ) -> AbstractAsyncContextManager[None]:
        settings = self.parts.pipeline.settings
        known = without_text(settings, caller, endpoint, operation, upstream)
        return on_record(self.parts.pipeline.recorder, known)

    async def _asked(self, batch_id: str, kept: KeptBatch, caller: Caller) -> dict[str, Any]:
        store = self.parts.store(kept.upstream)
        answer = await store.batch(kept.upstream_id, caller.request_id, caller.headers)
        return await self._shown(batch_id, kept, answer, caller)

    async def _shown(
        self, batch_id: str, kept: KeptBatch, answer: Mapping[str, Any], caller: Caller
    ) -> dict[str, Any]:
        files = [
            await self._result(batch_id, kept, answer, key, caller)
            for key in ("output_file_id", "error_file_id")
        ]
        return batch_object(batch_id, kept, answer, *files)

    async def _result(
        self,
        batch_id: str,
        kept: KeptBatch,
        answer: Mapping[str, Any],
        key: str,
        caller: Caller,
    ) -> str | None:
        """Our id of a file of results, under which it can be found from now on."""
        theirs = their_optional_id(answer, key)
        if theirs is None:
            return None
        ours, owner = result_id(batch_id, theirs), self.parts.owner(caller)
        file = KeptFile(
            upstream=kept.upstream,
            upstream_id=theirs,
            purpose=OUTPUT,
            created=int(self.parts.shelf.clock()),
            size=0,
            filename=f"{batch_id}_{key.removesuffix('_file_id')}.jsonl",
            lines_of=kept.file,
        )
        await self.parts.shelf.keep_new_file(owner, ours, file)
        return ours


def _checked(asked: Mapping[str, Json]) -> dict[str, Any]:
    """What of a request to start a batch is sent on, beside what it is about."""
    if not _FIELDS.issuperset(asked):
        message = "The request has a field that no batch has."
        raise RequestError(message, code="unsupported_parameter")
    window = _text(asked, "completion_window")
    if not _WINDOW.fullmatch(window):
        message = "completion_window must be a time such as 24h."
        raise RequestError(message, param="completion_window")
    sent: dict[str, Any] = {"completion_window": window}
    expiry = asked.get("output_expires_after")
    if expiry is not None:
        said = expiry if isinstance(expiry, dict) else {}
        seconds = expiry_of(said.get("anchor"), said.get("seconds"))
        sent["output_expires_after"] = {"anchor": "created_at", "seconds": seconds}
    return sent


def _metadata(asked: Mapping[str, Json]) -> dict[str, str] | None:
    said = asked.get("metadata")
    if said is None:
        return None
    is_good = isinstance(said, dict) and len(said) <= MOST_METADATA
    pairs = said.items() if isinstance(said, dict) else ()
    found = {k: v for k, v in pairs if isinstance(v, str) and len(k) <= 64 and len(v) <= 512}
    if not is_good or len(found) != len(pairs):
        raise RequestError(
            f"metadata is at most {MOST_METADATA} short strings under short keys.", param="metadata"
        )
    return found


def _text(asked: Mapping[str, Json], name: str) -> str:
    found = asked.get(name)
    if not isinstance(found, str) or not found:
        raise RequestError(f"{name} is missing, or no string.", param=name)
    return found
