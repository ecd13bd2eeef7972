"""Brings the log's records to a further sink: in order, at least once, for as long as it takes.

Each sink has a thread. It reads on from the sink's cursor, hands over up to 1,000 records, and
moves the cursor only once the sink has said that they are there to stay. What comes between the
two, a crash or a kill, makes duplicates and never a gap.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import islice
from typing import Final, Protocol

import structlog

from gateway import metrics
from gateway.audit.facts import EventType
from gateway.audit.sinks.base import Note, Row, Sink, SinkFault
from gateway.audit.sinks.sql import STATE
from gateway.audit.sql import DatabaseFault
from gateway.errors import AuditUnavailable, ConfigError

BATCH: Final = 1000
POLL_S: Final = 0.5
_FIRST_WAIT_S: Final = 0.5
_LONGEST_WAIT_S: Final = 30.0
_LAST_ROUND_S: Final = 10.0

_log = structlog.get_logger()


class Log(Protocol):
    """What is read: `reading.LogReader`."""

    @property
    def size(self) -> int:
        """How many leaves there are."""

    def rows(self, start: int, stop: int | None = None) -> Iterator[Row]:
        """Leaves in order."""

    def leaf_of(self, event_id: str) -> int | None:
        """The leaf index of a record, None where it has none yet."""

    def latest_checkpoint(self) -> Note | None:
        """The checkpoint of the largest tree."""

    def close(self) -> None:
        """Let go of the database."""


class Cursors(Protocol):
    """Where the cursor is kept: `sinks.sql.Books`."""

    def lead(self, name: str) -> bool:
        """Whether this process is to serve `name`."""

    def cursor(self, sink: str) -> int:
        """The first leaf that the sink has not acknowledged."""

    def move(self, sink: str, leaf_index: int) -> None:
        """Say that the sink has everything before this leaf."""

    def close(self) -> None:
        """Let go of the database and of the lock."""


@dataclass(slots=True)
class _Waiter:
    """Somebody who needs to know when a record is in the sink."""

    event_id: str
    done: Future[None]
    leaf_index: int | None = None


class Delivery:
    """Serves one sink, on a thread of its own.

    Args:
        name: the sink's name in events, metrics and warnings.
        key: what its cursor goes by: another place is another sink, and gets the whole log.
        sink: where the records go.
        open_log: opens the log for reading.
        open_cursors: opens the tables that say how far the sink is.
        report: puts it on record that the sink fails, or works again; whether that was done.
            It may block.
        required: requests wait for this sink, so records are not gathered and it is tried often.
        poll_s: how often to look for records, in seconds.
    """

    def __init__(
        self,
        name: str,
        key: str,
        sink: Sink,
        *,
        open_log: Callable[[], Log],
        open_cursors: Callable[[], Cursors],
        report: Callable[[EventType, str], bool],
        required: bool = False,
        poll_s: float = POLL_S,
    ) -> None:
        self.name = name
        self.down = False
        """Whether the last try failed."""
        self._key = key
        self._sink = sink
        self._open_log = open_log
        self._open_cursors = open_cursors
        self._report = report
        self._hold_s = 0.0 if required else sink.hold_s
        self._poll_s = poll_s
        self._longest_s = 2.0 if required else _LONGEST_WAIT_S
        self._log: Log | None = None
        self._cursors: Cursors | None = None
        self._leads = False
        self._position = 0
        self._tried = False
        self._failures = 0
        self._on_record = False  # whether the log says of the sink that it fails
        self._since: float | None = None  # monotonic: the oldest record that is held
        self._last_checkpoint = ""
        self._waiters: list[_Waiter] = []
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"audit-sink-{name}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Deliver what there is, for some seconds at most, and end the thread."""
        self._stop.set()
        self._wake.set()
        if self._thread.ident is not None:
            self._thread.join(_LAST_ROUND_S * 2)

    def delivered(self, event_id: str) -> Future[None]:
        """Done once the sink has this record; cancel it to stop waiting.

        It ends in a `SinkFault` where the sink fails meanwhile.
        """
        waiter = _Waiter(event_id, Future())
        with self._lock:
            self._waiters.append(waiter)
        self._wake.set()
        return waiter.done

    # ---- the thread --------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            stopping = self._stop.is_set()
            pause = self.turn(final=stopping)
            if stopping:
                break
            if self._failures:
                self._stop.wait(pause)  # a new record is no reason to try a broken sink sooner
            else:
                self._wake.wait(pause)
            self._wake.clear()
        self._sink.close()
        self._let_go()

    def turn(self, *, final: bool) -> float:
        """Do what there is to do; how long to wait then, in seconds."""
        try:
            log, cursors = self._opened()
            if not self._leads:
                self._leads = cursors.lead(self._key)
                if self._leads:
                    self._position = cursors.cursor(self._key)
                    self._on_record = bool(cursors.cursor(self._state_key))
            if self._leads:
                self._serve(log, cursors, final=final)
            else:  # another process serves the sink
                self._on_record = bool(cursors.cursor(self._state_key))
                self.down = self._on_record
            self._settle(log)
            if self.down:
                self._refuse(SinkFault("down"))
        except SinkFault as fault:
            return self._failed(fault)
        except (DatabaseFault, AuditUnavailable, ConfigError):
            # The log's own trouble: the store says so itself. The sink is opened anew with it.
            self._let_go()
        except Exception as error:  # of a formatter, say: the sink is not served, so it is down
            return self._failed(SinkFault(type(error).__name__))
        return self._poll_s

    def _opened(self) -> tuple[Log, Cursors]:
        if self._log is None:
            self._log = self._open_log()
        if self._cursors is None:
            self._cursors = self._open_cursors()
        return self._log, self._cursors

    def _let_go(self) -> None:
        parts = (self._log, self._cursors)
        self._log = self._cursors = None
        self._leads = False
        for part in parts:
            if part is not None:
                try:
                    part.close()
                except AuditUnavailable as error:
                    _log.warning("audit_reader_left", component="audit", error_code=error.code)

    def _serve(self, log: Log, cursors: Cursors, *, final: bool) -> None:
        checkpoint = log.latest_checkpoint()  # first, so that its records are delivered before it
        size = log.size
        if self._failures or not self._tried:
            self._tried = True
            self._sink.probe()
        # What failed before has to be taken before the sink is said to work.
        now = final or self._failures > 0
        if size > self._position and (now or self._is_due(size - self._position)):
            self._deliver(log, cursors, size, final=final)
        if checkpoint is not None and checkpoint.size <= self._position:
            stamp = f"{checkpoint.size} {checkpoint.ts}"
            if stamp != self._last_checkpoint:
                self._sink.checkpoint(checkpoint)
                self._last_checkpoint = stamp
        self._works(cursors)

    def _is_due(self, waiting: int) -> bool:
        now = time.monotonic()
        if self._since is None:
            self._since = now
        return waiting >= BATCH or now - self._since >= self._hold_s

    def _deliver(self, log: Log, cursors: Cursors, size: int, *, final: bool) -> None:
        deadline = time.monotonic() + _LAST_ROUND_S
        rows = log.rows(self._position, size)
        while batch := list(islice(rows, BATCH)):
            self._sink.deliver(batch)
            self._moved(cursors, batch[-1].leaf_index + 1)
            if (final or self._stop.is_set()) and time.monotonic() > deadline:
                return  # the next process goes on
        if self._position < size:  # retention has taken the rest
            self._moved(cursors, size)
        self._since = None

    def _moved(self, cursors: Cursors, position: int) -> None:
        cursors.move(self._key, position)
        self._position = position

    def _settle(self, log: Log) -> None:
        """Tell those whose records the sink has."""
        with self._lock:
            waiting, self._waiters = self._waiters, []
        if waiting and not self._leads and self._cursors is not None:
            self._position = self._cursors.cursor(self._key)
        try:
            for waiter in waiting:
                if waiter.leaf_index is None:
                    waiter.leaf_index = log.leaf_of(waiter.event_id)
                known = waiter.leaf_index is not None and waiter.leaf_index < self._position
                if known and waiter.done.set_running_or_notify_cancel():
                    waiter.done.set_result(None)
        finally:
            left = [waiter for waiter in waiting if not waiter.done.done()]
            with self._lock:
                self._waiters = left + self._waiters

    def _refuse(self, fault: SinkFault) -> None:
        """Tell all who wait that the sink fails."""
        with self._lock:
            waiting, self._waiters = self._waiters, []
        for waiter in waiting:
            if waiter.done.set_running_or_notify_cancel():
                waiter.done.set_exception(fault)

    # ---- how the sink does -------------------------------------------------------------------

    @property
    def _state_key(self) -> str:
        """Where it is kept what the log says of the sink, so that each change is recorded once."""
        return self._key + STATE

    def _failed(self, fault: SinkFault) -> float:
        if not self.down:
            _log.error(
                "audit_sink_degraded", component="audit", key_id=self.name, reason=fault.code
            )
        self.down = True
        self._failures += 1
        self._refuse(fault)
        self._sink.close()
        metrics.audit_sink(self.name, up=False)
        self._tell(degraded=True)
        return float(min(self._longest_s, _FIRST_WAIT_S * 2 ** min(self._failures - 1, 16)))

    def _works(self, cursors: Cursors) -> None:
        if self.down:
            _log.info("audit_sink_recovered", component="audit", key_id=self.name)
        self.down = False
        self._failures = 0
        metrics.audit_sink(self.name, up=True)
        self._tell(degraded=False)

    def _tell(self, *, degraded: bool) -> None:
        """Put a change on record, once, even over a restart."""
        if self._on_record is degraded or self._cursors is None:
            return
        kind = EventType.SINK_DEGRADED if degraded else EventType.SINK_RECOVERED
        if self._report(kind, self.name):
            self._on_record = degraded
            try:
                self._cursors.move(self._state_key, int(degraded))
            except DatabaseFault:
                self._let_go()
