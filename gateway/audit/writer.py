"""The audit log's one writing thread per process: group commit.

It takes everything that is queued, writes it in one transaction, and only then tells those who
wait. So the number of requests at a time, not the disk's fsync, sets the rate.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

import structlog

from gateway.audit import sql
from gateway.audit.backend import Backend
from gateway.audit.checkpointing import LEAVES, Checkpointer, LogForked, Signing
from gateway.audit.ledger import TERMINAL_TYPES, Ledger
from gateway.audit.record import AuditRecord, canonical
from gateway.errors import AuditUnavailable, ConfigError, Problem

_log = structlog.get_logger()

MAX_BATCH = 512  # records in one transaction


@dataclass(slots=True, eq=False)
class Item:
    """A record that somebody waits for."""

    record: AuditRecord
    body: bytes
    loop: asyncio.AbstractEventLoop
    durable: asyncio.Future[None]


@dataclass(slots=True, eq=False)
class Job:
    """Something else for the thread to do, in its turn."""

    work: Callable[[], object]
    done: Future[object]


class GroupWriter:
    """Owns the writing connection. What is not for other threads runs on its own."""

    def __init__(
        self,
        backend: Backend,
        master: bytes,
        signing: Signing | None,
        *,
        queue_size: int,
        reconcile_s: float,
        probe_s: float,
    ) -> None:
        self.ready = False
        self.forked = False  # the tree contradicts what was signed: not to be made good here
        self.new_keys: list[str] = []
        self._ledger = Ledger(backend, master)
        self._keys = signing.keys if signing is not None else None
        self._checkpointer = Checkpointer(signing) if signing is not None else None
        # Where records get their leaves elsewhere, they are signed there too.
        self._signs = backend.inline
        self._unsigned = False  # our keys are new to the log, and have signed no record of it
        self._gathered: dict[asyncio.AbstractEventLoop, list[Item]] = {}
        self._queue: queue.SimpleQueue[list[Item] | Job] = queue.SimpleQueue()
        self._submitted = 0  # counted by the submitters
        self._taken = 0  # counted by the thread
        self._queue_size = queue_size
        self._reconcile_s = reconcile_s
        self._probe_s = probe_s
        self._next_probe = 0.0  # monotonic seconds
        self._abandoned: set[str] = set()
        self._stopping = False
        self._closed = True
        self._thread = threading.Thread(target=self._run, name="audit-writer", daemon=True)
        self._opened: Future[None] = Future()

    @property
    def writer_id(self) -> str:
        """The random id of this writer's chain."""
        return self._ledger.writer_id

    # ---- called from other threads -----------------------------------------------------------

    def start(self) -> Future[None]:
        """Start the thread; the result is there once the log is open and reconciled."""
        self._closed = False
        # Whoever stops waiting for it cannot take it back: the thread says how it went in any case.
        self._opened.set_running_or_notify_cancel()
        self._thread.start()
        return self._opened

    def submit(self, item: Item) -> None:
        """Queue a record, on the thread of its event loop.

        What is submitted in one turn of the loop goes to the writing thread at once: woken by the
        first of them alone, it would write that one alone.

        Raises:
            AuditUnavailable: the queue is full, or nobody works on it.
        """
        if self._closed or self._submitted - self._taken >= self._queue_size:
            raise unavailable()
        self._submitted += 1
        gathered = self._gathered.get(item.loop)
        if gathered is None:
            self._gathered[item.loop] = [item]
            item.loop.call_soon(self._hand_over, item.loop)
        else:
            gathered.append(item)

    def _hand_over(self, loop: asyncio.AbstractEventLoop) -> None:
        items = self._gathered.pop(loop)
        if self._closed:
            _settle(items, durable=False)
        else:
            self._queue.put(items)

    def call(self, work: Callable[[], object]) -> Future[object]:
        """Have the thread do something in its turn.

        Raises:
            AuditUnavailable: there is no thread.
        """
        if self._closed:
            raise unavailable()
        job = Job(work, Future())
        self._queue.put(job)
        return job.done

    def note(self, record: AuditRecord) -> None:
        """Write a record that nobody waits for, if it can be written."""
        if not self._closed:
            self.call(lambda: self._write_note(record))

    def stop(self) -> None:
        """End the thread after what is queued, and wait for it."""
        if not self._closed:
            self._closed = True
            self._queue.put(Job(self._stop, Future()))
        if self._thread.ident is not None:
            self._thread.join()

    def stalled(self) -> None:
        """A write takes too long: not ready until one is done."""
        self._next_probe = time.monotonic() + self._probe_s
        self.ready = False

    def abandon(self, item: Item) -> None:
        """Nobody waits for this record any more: close its request unless that is done."""
        request_id = item.record.request_id
        if request_id:
            # By way of the loop, so that it comes after the record itself.
            item.loop.call_soon(self._give_up, request_id)

    def _give_up(self, request_id: str) -> None:
        if not self._closed:
            self.call(lambda: self._abandoned.add(request_id))

    # ---- the thread --------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            self._open()
        except BaseException as error:
            self._closed = True
            self._ledger.close()
            self._opened.set_exception(error)
            self._refuse_queued()
            return
        self.ready = True
        self._opened.set_result(None)
        try:
            self._loop()
            self._sign(final=True)
        finally:
            self.ready, self._closed = False, True
            self._refuse_queued()
            self._ledger.close()

    def _open(self) -> None:
        try:
            self._ledger.open(self._keys)
            if self._checkpointer is not None and self._signs:
                self.new_keys = self._ledger.introduce(self._checkpointer)
                self._unsigned = bool(self.new_keys)
        except sql.DatabaseFault as fault:
            message = f"the audit log cannot be opened for writing ({fault})"
            hint = "check that the log is there, writable and not locked"
            place = self._ledger.backend.place
            raise ConfigError([Problem(place, 0, "", message, hint)]) from None

    def _loop(self) -> None:
        next_reconcile = time.monotonic() + self._reconcile_s
        while not self._stopping:
            due = next_reconcile if self.ready else min(next_reconcile, self._next_probe)
            wait_s = max(0.0, due - time.monotonic())
            self._work(self._take(min(wait_s, self._until_signing_s())))
            self._sign()
            if not self.ready and time.monotonic() >= self._next_probe:
                self.probe()
            if time.monotonic() >= next_reconcile or (self._abandoned and self.ready):
                self._reconcile_quietly()
                next_reconcile = time.monotonic() + self._reconcile_s

    def _take(self, wait_s: float) -> list[list[Item] | Job]:
        """Everything that is queued, waiting for the first of it."""
        taken: list[list[Item] | Job] = []
        size = 0
        try:
            one = self._queue.get(timeout=wait_s)
            while True:
                taken.append(one)
                size += len(one) if isinstance(one, list) else 1
                if size >= MAX_BATCH:
                    break
                one = self._queue.get_nowait()
        except queue.Empty:
            pass
        return taken

    def _work(self, taken: Sequence[list[Item] | Job]) -> None:
        batch: list[Item] = []
        for one in taken:
            if isinstance(one, list):
                batch += one
                continue
            self._commit(batch)
            batch = []
            if not one.done.set_running_or_notify_cancel():
                continue  # nobody waits for it any more
            try:
                one.done.set_result(one.work())
            except Exception as error:
                self._lost(error)
                one.done.set_exception(unavailable())
        self._commit(batch)

    def _commit(self, batch: Sequence[Item]) -> None:
        if not batch:
            return
        self._taken += len(batch)
        self._commit_all(batch)

    def _commit_all(self, batch: Sequence[Item]) -> None:
        try:
            self._ledger.write([(item.record, item.body) for item in batch])
        except sql.DuplicateRecord:
            if len(batch) > 1:  # one bad record must not take the others with it
                for item in batch:
                    self._commit_all([item])
            else:
                _log.error("audit_duplicate", component="audit")
                _settle(batch, durable=False)
        except Exception as error:
            self._lost(error)
            # Where the commit was under way, the rows may be there although we say they are not.
            self._abandoned.update(
                item.record.request_id
                for item in batch
                if self._ledger.committing or item.record.type in TERMINAL_TYPES
            )
            _settle(batch, durable=False)
        else:
            self._recovered()
            self._grew(len(batch))
            _settle(batch, durable=True)

    def _write_note(self, record: AuditRecord) -> None:
        try:
            self._ledger.write([(record, canonical(record))])
        except Exception as error:
            self._lost(error)
        else:
            self._grew(1)

    def _grew(self, leaves: int) -> None:
        if self._checkpointer is not None:
            # The first records are signed at once: until then nothing vouches for the log.
            self._checkpointer.grew(LEAVES if self._unsigned else leaves)
            self._unsigned = False

    def _lost(self, error: Exception) -> None:
        """The database failed, or we did: start over with a new connection.

        Whatever it was, the thread goes on, and nobody who waits is left waiting.
        """
        if self.ready:
            _log.error("audit_unavailable", component="audit", error_class=sql.class_of(error))
        self.ready = False
        self._next_probe = time.monotonic() + self._probe_s
        self._ledger.disconnect()

    def _recovered(self) -> None:
        if not self.ready:
            _log.info("audit_recovered", component="audit", ready=True)
        self.ready = True

    def _stop(self) -> None:
        self._stopping = True

    def _refuse_queued(self) -> None:
        while taken := self._take(0):
            for one in taken:
                if isinstance(one, list):
                    _settle(one, durable=False)
                elif one.done.set_running_or_notify_cancel():
                    one.done.set_exception(unavailable())

    # ---- upkeep ------------------------------------------------------------------------------

    def probe(self) -> bool:
        """Whether a write goes through; `ready` says so from now on."""
        try:
            self._ledger.probe()
        except Exception as error:
            self._lost(error)
        else:
            self._recovered()
        return self.ready

    def _until_signing_s(self) -> float:
        if self._checkpointer is None or not self._signs or self.forked or not self.ready:
            return threading.TIMEOUT_MAX
        return self._checkpointer.wait_s()

    def _sign(self, *, final: bool = False) -> None:
        """Sign the tree, if that is due."""
        if self._checkpointer is None or (self._until_signing_s() > 0 and not final):
            return
        if not self._signs or self.forked:
            return
        try:
            self._ledger.keep_up(self._checkpointer, final=final)
        except LogForked as fault:
            self.forked = True
            _log.error("audit_log_forked", component="audit", error_class=str(fault))
        except Exception as error:
            self._lost(error)

    def reconcile(self) -> int:
        """Close what nobody will close; how many requests that were.

        Raises:
            DatabaseFault: it could not be done.
        """
        closed = self._ledger.reconcile(self._abandoned)
        self._abandoned.clear()
        if closed:
            _log.warning("audit_reconciled", component="audit", count=closed)
        return closed

    def _reconcile_quietly(self) -> None:
        try:
            self.reconcile()
        except Exception as error:
            self._lost(error)


def unavailable() -> AuditUnavailable:
    """The error of every failure here: what went wrong is for the log."""
    return AuditUnavailable("The audit log cannot be written.")


def _settle(batch: Sequence[Item], *, durable: bool) -> None:
    """Tell those who wait, with one wake-up per event loop."""
    by_loop: dict[asyncio.AbstractEventLoop, list[asyncio.Future[None]]] = {}
    for item in batch:
        by_loop.setdefault(item.loop, []).append(item.durable)
    for loop, futures in by_loop.items():
        try:
            loop.call_soon_threadsafe(_resolve, futures, durable)
        except RuntimeError:  # the loop is closed: nobody waits
            continue


def _resolve(futures: Sequence[asyncio.Future[None]], durable: bool) -> None:
    for future in futures:
        if future.done():
            continue
        if durable:
            future.set_result(None)
        else:
            future.set_exception(unavailable())
