"""A file of requests on its way in: read, admitted and sent on line by line, or refused as a whole.

Each line is a request of its own: detected, decided, masked and on record before it leaves, and
what restores its answer is in the vault before that. All lines go to one upstream, which policy
must allow for each. Where one is refused, or anything fails, the upload breaks off before its end,
so that the upstream has no file; what the vault holds of it is dropped, and the records of all
lines say that they failed. A file has an id only once all is done.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Final

import structlog

from gateway import metrics
from gateway.audit.facts import Accepted, Closed, Outcome
from gateway.batches.fields import UploadFields
from gateway.batches.form import FileBegins, FilePiece, FormEvent, FormField, invalid_form
from gateway.batches.kept import FILE, INPUT, KeptFile, KeptLine, line_id
from gateway.batches.lines import CustomIds, Line, LineReader, at_line, parse_line
from gateway.batches.objects import file_object, their_id
from gateway.batches.openlines import OpenLines
from gateway.batches.parts import BatchParts
from gateway.batches.sending import Sending
from gateway.detecting import aside
from gateway.errors import GatewayError, RequestError
from gateway.exchange import Caller
from gateway.ports import FileStore, MaskedLine, Owner
from gateway.recording import CLIENT_GONE

WINDOW: Final = 32
WINDOW_BYTES: Final = 1_000_000
"""So many lines, or lines of so many bytes, are worked on at a time."""

MAX_FILE_BYTES: Final = 200_000_000
CLOSING: Final = 64  # records that are closed at a time

_log = structlog.get_logger()


@dataclass(slots=True)
class Upload:
    """One upload: the events of its form go in, and at its end there is a file or there is none.

    Whoever makes one must come to `finish` or to `leave`.
    """

    parts: BatchParts
    caller: Caller
    id: str = ""
    _started: float = field(default_factory=time.monotonic)
    _fields: UploadFields = field(default_factory=UploadFields)
    _expires_s: int | None = None
    _name: str = field(default="", repr=False)
    _size: int = 0
    _ids: CustomIds = field(default_factory=CustomIds)
    _reader: LineReader | None = None
    _window: list[tuple[int, bytes]] = field(default_factory=list, repr=False)
    _waiting: int = 0  # bytes
    _urls: set[str] = field(default_factory=set)
    _hides_cached: bool = False
    _store: FileStore | None = None
    _sending: Sending | None = None
    _theirs: str = ""  # the upstream's id, once it has the file
    _open: OpenLines = field(default_factory=OpenLines)

    def __post_init__(self) -> None:
        self.id = self.parts.shelf.new_id(FILE)

    @property
    def _owner(self) -> Owner:
        return self.parts.owner(self.caller)

    async def take(self, event: FormEvent) -> None:
        """What the form brings next.

        Raises:
            RequestError: the form, a line or the purpose cannot be served, or policy denies one.
            UpstreamFailed, Unavailable: nothing more can be sent.
        """
        if isinstance(event, FormField):
            self._fields.note(event.name, event.value, is_late=self._reader is not None)
        elif isinstance(event, FileBegins):
            self._name = event.name
            self._expires_s = self._fields.expiry()
            self._reader = LineReader(self.parts.pipeline.settings.limits.body_bytes)
        elif isinstance(event, FilePiece) and self._reader is not None:
            self._size += len(event.data)
            if self._size > MAX_FILE_BYTES:
                message = f"The file is larger than {MAX_FILE_BYTES} bytes."
                raise RequestError(message, code="file_too_large", status=413)
            for number, raw in self._reader.feed(event.data):
                await self._take_line(number, raw)
        elif self._reader is not None:
            for number, raw in self._reader.end():
                await self._take_line(number, raw)

    async def finish(self) -> dict[str, Any]:
        """The form has ended: the file. Raises as `take`."""
        if self._reader is None:
            raise invalid_form("The form has no file.")
        self._fields.check_purpose()
        await self._flush()
        if self._sending is None or self._store is None:
            raise RequestError("The file has no lines.", code="empty_file", param="file")
        answer = await self._sending.finish()
        self._theirs = their_id(answer)
        kept = KeptFile(
            upstream=self._store.name,
            upstream_id=self._theirs,
            purpose=INPUT,
            created=int(self.parts.shelf.clock()),
            size=self._size,
            filename=self._name,
            lines_of=self.id,
            urls=tuple(sorted(self._urls)),
            hides_cached=self._hides_cached,
        )
        await self.parts.shelf.keep_file(self._owner, self.id, kept)
        await self._close(Outcome.COMPLETED, 200, "")
        return file_object(self.id, kept, answer)

    async def leave(self, error: BaseException, *, is_gone: bool) -> None:
        """Undo what was done so far; `is_gone` says that the client has walked away."""
        if self._sending is not None:
            await self._sending.leave()
        with suppress(GatewayError):
            await self.parts.shelf.drop_file(self._owner, self.id)
        if self._theirs and self._store is not None:
            with suppress(GatewayError):
                caller = self.caller
                await self._store.delete(self._theirs, caller.request_id, caller.headers)
        outcome, status, code = Outcome.FAILED, 500, "internal_error"
        if isinstance(error, GatewayError):
            status, code = error.status, error.code
        elif is_gone or not isinstance(error, Exception):
            outcome, status, code = Outcome.ABORTED, CLIENT_GONE, "client_gone"
        try:
            await self._close(outcome, status, code)
        except GatewayError as failure:  # the next start closes them
            _log.warning("upload_not_closed", error_class=type(failure).__name__)

    async def _take_line(self, number: int, raw: bytes) -> None:
        self._window.append((number, raw))
        self._waiting += len(raw)
        if len(self._window) >= WINDOW or self._waiting >= WINDOW_BYTES or self._sending is None:
            await self._flush()

    async def _flush(self) -> None:
        """Admit the lines that wait, and hand them on in their order."""
        window, self._window, self._waiting = self._window, [], 0
        lines = [(number, await self._parsed(number, raw)) for number, raw in window]
        made = await asyncio.gather(
            *(self._admitted(number, line) for number, line in lines), return_exceptions=True
        )
        for one in made:
            if isinstance(one, BaseException):
                raise one
            if self._sending is not None:
                await self._sending.put(one)

    async def _parsed(self, number: int, raw: bytes) -> Line:
        try:
            depth = self.parts.pipeline.settings.limits.depth
            line = await aside(len(raw), parse_line, raw, depth, self.parts.codecs)
            self._ids.add(line.custom_id)
        except GatewayError as error:
            failure = error
        else:
            self._urls.add(line.url)
            return line
        raise at_line(failure, number)

    async def _admitted(self, number: int, line: Line) -> MaskedLine:
        parts, store = self.parts, self._store
        codec = parts.codecs[line.url]
        caller = replace(self.caller, request_id=f"req_{secrets.token_hex(12)}")
        among = set(parts.stores) if store is None else {store.name}
        try:
            admitted = await parts.pipeline.admit(line.body, caller, codec, among=among)
            self._open.add(admitted.accepted)
            if self._store is None:  # the first line says where all go
                self._store = parts.stores[admitted.upstream]
                self._sending = Sending(self._store, self._expires_s, self.caller)
            asked = replace(admitted.asked(), answer_id="")  # an answer has no name in a batch
            kept = KeptLine(line.custom_id, line.url, asked)
            self._hides_cached = self._hides_cached or asked.answers.hides_cached
            name, request_id = line_id(number), caller.request_id
            await parts.shelf.keep_line(self._owner, self.id, name, kept, request_id)
        except GatewayError as error:
            failure = error
        else:
            return MaskedLine(line_id(number), line.url, admitted.masked)
        raise at_line(failure, number)

    async def _close(self, outcome: Outcome, status: int, code: str) -> None:
        """Write the closing records of all lines; once begun, to their end."""
        writing = asyncio.ensure_future(self._write(outcome, status, code))
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:
            await writing
            raise

    async def _write(self, outcome: Outcome, status: int, code: str) -> None:
        recorder, seconds = self.parts.pipeline.recorder, time.monotonic() - self._started
        while self._open:
            some = self._open.last(CLOSING)
            ends = (_closed(one, outcome, status, code) for one in some)
            written = await asyncio.gather(
                *(recorder.ended(*both) for both in zip(some, ends, strict=True)),
                return_exceptions=True,
            )
            failed = [isinstance(one, BaseException) for one in written]
            self._open.drop(len(some), failed)
            for result in written:
                if isinstance(result, BaseException):
                    raise result
            for one in some:
                family = one.context.family if one.context else ""
                effect = one.policy.action.value if one.policy else ""
                metrics.request_ended(family, effect, outcome.value, seconds)


def _closed(accepted: Accepted, outcome: Outcome, status: int, code: str) -> Closed:
    transform = accepted.transform
    return Closed(outcome=outcome, http_status=status, error_code=code, transform=transform)
