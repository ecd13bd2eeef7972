"""A file of results on its way out: each line under its own custom id, restored as its request was.

A download is on record as an exchange of its own. It never holds more than a few lines, and its
last bytes wait for the closing record. What cannot be told to the client in a line of its own ends
it before its time.
"""

from __future__ import annotations

import secrets
import time
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any, Final

from gateway import metrics
from gateway.audit import record as audit
from gateway.audit.facts import Closed, Latency, Outcome, TransformFacts, Usage
from gateway.batches.kept import OUTPUT, KeptFile
from gateway.batches.lines import LineReader
from gateway.batches.objects import read_result, result_line
from gateway.batches.onrecord import on_record
from gateway.batches.parts import BatchParts
from gateway.errors import NotFound, RequestError, UpstreamFailed
from gateway.exchange import Caller, Progress
from gateway.recording import without_text
from gateway.types import NewData
from gateway.wire.answers import invalid

LONGEST: Final = 64 * 2**20
"""The most bytes that one result may have: those of any answer."""

ENDPOINT: Final = "/v1/files/:id/content"
OPERATION: Final = "file_content"


@dataclass(slots=True)
class _Sum:
    """What all lines come to."""

    progress: Progress
    input: int = 0
    output: int = 0
    cached: int = 0
    started: float = field(default_factory=time.monotonic)

    def add(self, line: Progress) -> None:
        """One more line."""
        tally, usage = self.progress.tally, line.facts.usage
        tally.restored += line.tally.restored
        tally.damaged += line.tally.damaged
        tally.blocked += line.tally.blocked
        if line.new_data is not None:
            self.progress.new_data = (self.progress.new_data or Counter()) + line.new_data
        self.input += max(0, usage.get("in", 0))
        self.output += max(0, usage.get("out", 0))
        self.cached += max(0, usage.get("cached", 0))

    def closed(self, outcome: Outcome, status: int, code: str) -> Closed:
        """The closing facts."""
        progress, now = self.progress, time.monotonic()
        tally = progress.tally
        return Closed(
            outcome=outcome,
            http_status=status,
            error_code=code,
            transform=TransformFacts(
                restored=tally.restored,
                damaged=tally.damaged,
                blocked_sinks=tally.blocked,
                new_data=progress.new_data,
            ),
            usage=Usage(input=self.input, output=self.output, cached=self.cached),
            latency_ms=Latency(total=max(0, round((now - self.started) * 1000))),
            masked_response=progress.commitment.value() if progress.commitment else None,
        )


@dataclass(frozen=True, slots=True)
class Download:
    """One download of a file of results."""

    parts: BatchParts
    caller: Caller
    file_id: str

    async def lines(self) -> AsyncGenerator[bytes, None]:
        """The lines as they come, restored. Nothing comes before the upstream has answered.

        Raises:
            NotFound: there is no such file of this caller's, or its requests are gone.
            RequestError: it is a file of requests.
            UpstreamFailed: the upstream does not give it, or gives what are no results.
            DetectionUnavailable, VaultUnavailable: an answer could not be restored.
            AuditUnavailable: the download could not be put on record.
        """
        kept = await self.parts.shelf.file(self.parts.owner(self.caller), self.file_id)
        if kept.purpose != OUTPUT:
            raise RequestError("Only files of results can be downloaded.", code="no_content")
        await self._check_requests(kept)
        settings = self.parts.pipeline.settings
        known = without_text(settings, self.caller, ENDPOINT, OPERATION, kept.upstream)
        total = _Sum(Progress(secrets.token_bytes(audit.NONCE_BYTES), time.monotonic()))
        held = b""
        async with (
            on_record(self.parts.pipeline.recorder, known, total.closed),
            aclosing(self._restored(kept, total)) as lines,
        ):
            async for line in lines:
                if held:
                    yield held
                held = line
            tally = total.progress.tally
            metrics.placeholders(
                restored=tally.restored, damaged=tally.damaged, blocked=tally.blocked
            )
        if held:
            yield held

    async def _check_requests(self, kept: KeptFile) -> None:
        """Results can be restored only as long as their requests are kept."""
        try:
            await self.parts.shelf.file(self.parts.owner(self.caller), kept.lines_of)
        except NotFound:
            pass
        else:
            return
        message = "The file of the requests was deleted or has expired."
        raise NotFound(message, code="requests_gone", param="file_id")

    async def _restored(self, kept: KeptFile, total: _Sum) -> AsyncGenerator[bytes, None]:
        store, caller = self.parts.store(kept.upstream), self.caller
        reply = await store.content(kept.upstream_id, caller.request_id, caller.headers)
        reader = LineReader(LONGEST)
        try:
            async for chunk in reply.chunks():
                total.progress.note(chunk, time.monotonic())
                for _, raw in _read(reader, chunk):
                    yield await self._line(kept, raw, total)
            for _, raw in reader.end():
                yield await self._line(kept, raw, total)
        finally:
            await reply.aclose()

    async def _line(self, kept: KeptFile, raw: bytes, total: _Sum) -> bytes:
        result = read_result(raw)
        owner = self.parts.owner(self.caller)
        line = await self.parts.shelf.line(owner, kept.lines_of, result.line)
        codec = None if line is None else self.parts.codecs.get(line.url)
        if line is None or codec is None:
            raise invalid()  # whose answer it is cannot be told
        if result.status != 200:
            return result_line(result, line.custom_id, None)
        reads = line.asked.answers.new_data is not NewData.KEEP
        progress = Progress(b"", time.monotonic(), new_data=Counter() if reads else None)
        body: dict[str, Any] | None = None
        try:
            body = await self.parts.pipeline.restored(
                result.body, codec, line.asked, self.caller, progress
            )
        except UpstreamFailed:
            # one answer that is none of its family does not keep the others back
            result = replace(result, status=None, error="upstream_invalid")
        total.add(progress)
        if usage := progress.facts.usage:
            metrics.tokens_used(
                codec.operation, kept.upstream,
                prompt=usage.get("in", 0), completion=usage.get("out", 0),
            )  # fmt: skip
        return result_line(result, line.custom_id, body)


def _read(reader: LineReader, chunk: bytes) -> list[tuple[int, bytes]]:
    """The lines that end in a chunk; one that is too long is the upstream's failure."""
    try:
        return list(reader.feed(chunk))
    except RequestError:
        pass
    raise invalid()
