"""The further sinks and the anchors of one gateway, and the look at its newest checkpoint: made
from its settings, started, stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import CancelledError
from functools import partial
from typing import Any, Final, TypeAlias

from gateway.audit.aging import CheckpointAge
from gateway.audit.anchors import Anchor, Anchoring, FileAnchor, WebhookAnchor
from gateway.audit.facts import EventType
from gateway.audit.reading import LogReader, open_log
from gateway.audit.sinks import ocsf
from gateway.audit.sinks.base import Sink, SinkFault
from gateway.audit.sinks.delivery import Delivery
from gateway.audit.sinks.folder import FolderSink
from gateway.audit.sinks.gate import Gate
from gateway.audit.sinks.jsonl import JsonlSink
from gateway.audit.sinks.sql import Books
from gateway.audit.sinks.syslog import Server, SyslogSink
from gateway.errors import AuditUnavailable, ConfigError, Problem
from gateway.ports import AuditSink
from gateway.settings import Anchor as AnchorSettings
from gateway.settings import Audit
from gateway.settings import Sink as SinkSettings

Record: TypeAlias = Callable[[EventType, str], Coroutine[Any, Any, None]]
"""Puts an event of the gateway itself on record, with its target."""

_RECORD_S: Final = 20.0
_HINTS: Final = {
    "EACCES": "let the gateway's user write there",
    "EPERM": "let the gateway's user write there",
    "ENOSPC": "make room",
    "EROFS": "it is on a read-only file system",
    "ECONNREFUSED": "nobody listens at this host and port",
    "end_unanswered": "set answers_end: false for a server that never answers the end of a TLS "
    "connection, as rsyslog with its driver gtls",
    "certificate_refused": "set ca_file to the authority that signed the server's certificate",
}


def make_sink(settings: SinkSettings) -> Sink:
    """The sink of the configured kind."""
    path = settings.path
    if settings.kind == "syslog" or path is None:
        server = Server(
            settings.host,
            settings.port,
            settings.ca_file,
            settings.client_cert_file,
            settings.client_key_file,
            settings.answers_end,
        )
        return SyslogSink(server)
    if settings.kind == "folder":
        return FolderSink(path, hold_s=settings.hold_s)
    if settings.kind == "ocsf":
        return JsonlSink(path, line=ocsf.line_of, rotate_bytes=settings.rotate_bytes)
    return JsonlSink(path, rotate_bytes=settings.rotate_bytes)


def cursor_key(settings: SinkSettings) -> str:
    """What the sink's cursor goes by: one that is moved elsewhere gets the whole log there."""
    where = f"{settings.host}:{settings.port}" if settings.path is None else str(settings.path)
    return f"{settings.kind}:{where}"


def make_anchor(settings: AnchorSettings) -> Anchor:
    """The anchor of the configured kind."""
    if settings.path is not None:
        return FileAnchor(settings.name, settings.path)
    return WebhookAnchor(settings.name, settings.url, settings.ca_file)


def probe(settings: SinkSettings) -> str:
    """Why a sink would not take records now, as a code; "" where it would."""
    sink = make_sink(settings)
    try:
        sink.probe()
    except SinkFault as fault:
        return fault.code
    finally:
        sink.close()
    return ""


def check_sinks(audit: Audit) -> None:
    """Make sure that records can be written: to files always, to servers if they are required.

    Raises:
        ConfigError: a sink does not take any; all of them.
    """
    problems = [
        Problem(
            one.place.file,
            one.place.line,
            one.place.key,
            f"the sink {one.name} cannot be written ({code})",
            _HINTS.get(code, ""),
        )
        for one in audit.sinks
        if (audit.require_all or one.path is not None) and (code := probe(one))
    ]
    if problems:
        raise ConfigError(problems)


class Outlets:
    """Everything that leaves the log's database, and how old its newest checkpoint is.

    Without settings for it, nothing leaves.

    Raises:
        ConfigError: a sink that must be written cannot be.
    """

    def __init__(self, audit: Audit, store: AuditSink) -> None:
        check_sinks(audit)
        self._audit = audit
        self._store = store
        self._loop: asyncio.AbstractEventLoop | None = None
        self._record: Record | None = None
        self._deliveries = [
            Delivery(
                one.name,
                cursor_key(one),
                make_sink(one),
                open_log=self._open_log,
                open_cursors=partial(Books, audit.url),
                report=self._report,
                required=audit.require_all,
            )
            for one in audit.sinks
        ]
        self._age = CheckpointAge(self._open_log)
        self._anchoring: Anchoring | None = None
        if audit.anchors:
            self._anchoring = Anchoring(
                [make_anchor(one) for one in audit.anchors],
                open_log=self._open_log,
                open_books=partial(Books, audit.url),
                every_s=audit.anchor_every_s,
                warn_s=audit.anchor_warn_s,
            )

    @property
    def sink(self) -> AuditSink:
        """Where the pipeline's records go: the store, or a gate in front of it."""
        if self._audit.require_all and self._deliveries:
            return Gate(self._store, self._deliveries)
        return self._store

    def start(self, record: Record) -> None:
        """Begin, once the store is open."""
        self._loop = asyncio.get_running_loop()
        self._record = record
        self._age.start()
        for one in self._deliveries:
            one.start()
        if self._anchoring is not None:
            self._anchoring.start()

    async def aclose(self) -> None:
        """Deliver what there is, the last checkpoint too: after the store is closed."""
        self._record = None
        stops = [self._age.stop, *(one.stop for one in self._deliveries)]
        if self._anchoring is not None:
            stops.append(self._anchoring.stop)
        await asyncio.gather(*(asyncio.to_thread(stop) for stop in stops))

    def warnings(self) -> Sequence[str]:
        """What is not as it should be: sinks that fail, anchors that are too old."""
        found = [f"audit_sink:{one.name}" for one in self._deliveries if one.down]
        if self._anchoring is not None:
            found += [f"audit_anchor:{name}" for name in self._anchoring.stale()]
        return found

    def _open_log(self) -> LogReader:
        return open_log(self._audit.url)

    def _report(self, kind: EventType, name: str) -> bool:
        """For the threads of sinks: put on record how one does."""
        record, loop = self._record, self._loop
        if record is None or loop is None:
            return False
        try:
            asyncio.run_coroutine_threadsafe(record(kind, name), loop).result(_RECORD_S)
        except (AuditUnavailable, CancelledError, TimeoutError):
            return False
        return True
