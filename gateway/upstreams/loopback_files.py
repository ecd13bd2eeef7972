"""Files and batches of the embedded upstream, in memory: each request is answered with its echo.

A batch takes its time as a real one does: it is validated, then in progress, then completed, one
step each time that somebody looks. Its answers come in the reverse order of the requests, and in
irregular pieces.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from gateway.errors import UpstreamFailed
from gateway.ports import MaskedLine
from gateway.upstreams.echo.common import recut, rejected
from gateway.upstreams.loopback import LoopbackReply, LoopbackUpstream, echoed

MAX_BYTES: Final = 64 * 2**20
"""All files together may have so many."""

_PIECE_BYTES: Final = 4093
_STEPS: Final = {"validating": "in_progress", "in_progress": "completed", "cancelling": "cancelled"}


@dataclass(slots=True)
class _File:
    id: str
    created: int
    purpose: str = "batch"
    size: int = 0
    lines: list[tuple[str, str, bytes]] = field(default_factory=list, repr=False)
    failed: bool = False  # whether it holds the answers of requests that failed

    def said(self) -> dict[str, Any]:
        return {
            "id": self.id, "object": "file", "bytes": self.size, "created_at": self.created,
            "filename": "batch.jsonl", "purpose": self.purpose, "status": "processed",
        }  # fmt: skip


@dataclass(slots=True)
class _Batch:
    id: str
    created: int
    file: _File
    fields: Mapping[str, Any]
    status: str = "validating"
    output: _File | None = None
    errors: _File | None = None

    def said(self) -> dict[str, Any]:
        failed = len(self.errors.lines) if self.errors else 0
        done = len(self.output.lines) if self.output else 0
        counts = {"total": len(self.file.lines), "completed": done, "failed": failed}
        return {
            "id": self.id, "object": "batch", "created_at": self.created, "status": self.status,
            "endpoint": self.fields["endpoint"], "input_file_id": self.file.id,
            "completion_window": self.fields["completion_window"], "request_counts": counts,
            "output_file_id": self.output.id if self.output else None,
            "error_file_id": self.errors.id if self.errors else None,
        }  # fmt: skip


class LoopbackFiles:
    """Implements `ports.FileStore` for the embedded upstream."""

    def __init__(
        self, upstream: LoopbackUpstream, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._name = upstream.name
        self._clock = clock
        self._files: dict[str, _File] = {}
        self._batches: dict[str, _Batch] = {}

    @property
    def name(self) -> str:
        """The upstream's name in the configuration."""
        return self._name

    async def upload(
        self,
        lines: AsyncIterator[MaskedLine],
        expires_s: int | None,
        request_id: str,
        headers: Mapping[str, str],
    ) -> dict[str, Any]:
        """Keep the lines once all have come."""
        made = _File(_new("file-"), int(self._clock()))
        held = sum(file.size for file in self._files.values())
        async for line in lines:
            body = bytes(memoryview(line.request.body))  # a copy, without orjson's large buffer
            made.lines.append((line.custom_id, line.endpoint, body))
            made.size += len(body)
            if held + made.size > MAX_BYTES:
                raise rejected("The loopback upstream keeps no more files.")
        self._files[made.id] = made
        return made.said()

    async def file(
        self, file_id: str, request_id: str, headers: Mapping[str, str]
    ) -> dict[str, Any]:
        """What there is to know of a file."""
        return self._file(file_id).said()

    async def delete(self, file_id: str, request_id: str, headers: Mapping[str, str]) -> None:
        """Forget a file."""
        del self._files[self._file(file_id).id]

    async def content(
        self, file_id: str, request_id: str, headers: Mapping[str, str]
    ) -> LoopbackReply:
        """The answers, made as they are read."""
        file = self._file(file_id)
        return LoopbackReply(recut(_results(file), file_id.encode(), _PIECE_BYTES), False)

    async def start(
        self, batch: Mapping[str, Any], request_id: str, headers: Mapping[str, str]
    ) -> dict[str, Any]:
        """Begin a batch."""
        file = self._file(batch["input_file_id"])
        made = _Batch(_new("batch_"), int(self._clock()), file, batch)
        self._batches[made.id] = made
        return made.said()

    async def batch(
        self, batch_id: str, request_id: str, headers: Mapping[str, str]
    ) -> dict[str, Any]:
        """One step further, and how far that is."""
        batch = self._batch(batch_id)
        batch.status = _STEPS.get(batch.status, batch.status)
        if batch.status == "completed" and batch.output is batch.errors is None:
            self._finish(batch)
        return batch.said()

    async def cancel(
        self, batch_id: str, request_id: str, headers: Mapping[str, str]
    ) -> dict[str, Any]:
        """Stop a batch that has not ended."""
        batch = self._batch(batch_id)
        if batch.status not in _STEPS:
            raise rejected("The batch has ended.")
        batch.status = "cancelling"
        return batch.said()

    def _finish(self, batch: _Batch) -> None:
        files = [_File(_new("file-"), int(self._clock()), "batch_output") for _ in range(2)]
        for line in reversed(batch.file.lines):
            file = files[_fails(line)]
            file.lines.append(line)
            file.size += len(line[2])
        files[1].failed = True
        output, errors = files
        batch.output = output if output.lines else None
        batch.errors = errors if errors.lines else None
        self._files.update((file.id, file) for file in files if file.lines)

    def _file(self, file_id: str) -> _File:
        found = self._files.get(file_id)
        if found is None:
            raise _not_found()
        return found

    def _batch(self, batch_id: str) -> _Batch:
        found = self._batches.get(batch_id)
        if found is None:
            raise _not_found()
        return found


def _results(file: _File) -> Iterator[bytes]:
    if file.purpose == "batch":
        return (body + b"\n" for _, _, body in file.lines)
    return (_result(line, file) for line in file.lines)


def _result(line: tuple[str, str, bytes], file: _File) -> bytes:
    custom_id, endpoint, body = line
    if file.failed:
        status: int = 400
        answer: dict[str, Any] = {"error": {"message": "no echo", "code": "invalid_request"}}
    else:
        status = 200
        document = orjson.loads(body)
        answer = echoed(endpoint.removeprefix("/v1"), document, f"b{custom_id}", file.created)
    response = {"status_code": status, "request_id": f"req_{custom_id}", "body": answer}
    said = {"id": f"batch_req_{custom_id}", "custom_id": custom_id, "response": response}
    return orjson.dumps({**said, "error": None}) + b"\n"


def _fails(line: tuple[str, str, bytes]) -> bool:
    _, endpoint, body = line
    try:
        echoed(endpoint.removeprefix("/v1"), orjson.loads(body), "b", 0)
    except UpstreamFailed:
        return True
    return False


def _new(prefix: str) -> str:
    return prefix + secrets.token_hex(12)


def _not_found() -> UpstreamFailed:
    return UpstreamFailed(
        "The upstream has no such file or batch.", code="upstream_not_found", status=404
    )
