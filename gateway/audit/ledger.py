"""The audit log as one process writes it: blocking, for one thread. Chain, connection, upkeep.

After any failure the connection is made anew and the own last row is read again, so that what a
failed commit left unknown is settled before anything else is written.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import TypeAlias

import orjson
import structlog

from gateway.audit import sql
from gateway.audit.chain import Head, Link, extend, head_of, writer_key
from gateway.audit.facts import TERMINAL, EventType
from gateway.audit.liveness import WriterLocks
from gateway.audit.record import AuditRecord, canonical, outcome_unknown, timestamp, uuid7

_log = structlog.get_logger()

TERMINAL_TYPES = frozenset(TERMINAL.values())
FileId: TypeAlias = tuple[int, int, int, int]
"""Device and inode of the database and of its write-ahead log."""


class Ledger:
    """The writing end of one log. Every method raises `DatabaseFault` where the database fails.

    `committing` says, after a failed `write`, whether its commit was under way: the rows may then
    be there.
    """

    def __init__(self, path: Path, master: bytes, busy_s: float) -> None:
        self.path = path
        self.writer_id = secrets.token_hex(16)
        self.committing = False
        self._key = writer_key(master, self.writer_id)
        self._engine = sql.make_engine(path, busy_s)
        self._locks = WriterLocks(path)
        self._connection: sql.Db | None = None
        self._file_id: FileId | None = None
        self._head = Head()

    def open(self) -> None:
        """Make the file where there is none, bring the schema up to date, and reconcile.

        Raises:
            ConfigError: a newer version wrote the file.
        """
        with sql.faults():
            sql.make_file(self.path)
            self._locks.hold(self.writer_id)
            sql.migrate(self._connected(fresh=True), self.path)
            self._file_id = _file_id(self.path)
            self.reconcile(frozenset())

    def write(self, pairs: Sequence[tuple[AuditRecord, bytes]]) -> None:
        """Write records, each with its canonical form, in one transaction.

        The chain moves on only after the commit.
        """
        self.committing = False
        with sql.faults():
            connection = self._connected()
            with sql.transaction(connection):
                links = self._insert(connection, pairs)
                self.committing = True
            self._check_files()
        self._head = head_of(links, self._head)

    def probe(self) -> None:
        """Write something that does not matter."""
        with sql.faults():
            sql.touch(self._connected())
            self._check_files()

    def reconcile(self, abandoned: AbstractSet[str]) -> int:
        """Close the requests of dead writers, and our own `abandoned` ones; how many they were."""
        closed = 0
        with sql.faults():
            connection = self._connected()
            if self._orphans(connection, abandoned):
                with sql.transaction(connection):
                    # Read again under the lock: another process may have been quicker.
                    pairs = _ends(self._orphans(connection, abandoned))
                    links = self._insert(connection, pairs)
                self._check_files()
                self._head = head_of(links, self._head)
                closed = len(pairs)
            self._locks.sweep()
        return closed

    def disconnect(self) -> None:
        """Let go of the connection; the next use makes a new one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                with sql.faults():
                    connection.close()
            except sql.DatabaseFault:
                connection.invalidate()

    def close(self) -> None:
        """Let go of the connection and of this writer's lock."""
        self.disconnect()
        try:
            self._locks.release(self.writer_id)
        except OSError as error:
            _log.warning("audit_lock_left", component="audit", error_class=type(error).__name__)

    def _insert(self, connection: sql.Db, pairs: Sequence[tuple[AuditRecord, bytes]]) -> list[Link]:
        links = extend(self._head, (body for _, body in pairs), self._key, self.writer_id)
        found = [record for record, _ in pairs]
        sql.insert(
            connection,
            [
                _row(record, body, link, self.writer_id)
                for (record, body), link in zip(pairs, links, strict=True)
            ],
            list(_nonces(found)),
            [
                (one.request_id, one.event_id, self.writer_id)
                for one in found
                if one.type is EventType.REQUEST_ACCEPTED
            ],
            [(one.request_id,) for one in found if one.type in TERMINAL_TYPES],
        )
        return links

    def _connected(self, *, fresh: bool = False) -> sql.Db:
        """The writing connection, made anew after any failure."""
        if self._connection is None:
            connection = self._engine.connect()
            try:
                if not fresh:
                    sql.check_version(connection, self.path)
                    found = sql.head(connection, self.writer_id)
                    # Fewer rows than were acknowledged: keep counting, so that the gap shows.
                    if found.writer_seq > self._head.writer_seq:
                        self._head = found
                    self._file_id = _file_id(self.path)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def _check_files(self) -> None:
        """Make sure that what was written is where the next process will look for it.

        SQLite goes on writing to a file that was deleted or replaced under it.
        """
        if _file_id(self.path) != self._file_id:
            raise sql.DatabaseFault("replaced")

    def _orphans(self, connection: sql.Db, abandoned: AbstractSet[str]) -> list[str]:
        """The bodies of accepted records whose requests will not be closed by their writers."""
        alive: dict[str, bool] = {}
        found: list[str] = []
        for request_id, writer_id, body in sql.still_open(connection):
            if writer_id == self.writer_id:
                orphan = request_id in abandoned
            else:
                if writer_id not in alive:
                    alive[writer_id] = self._locks.is_alive(writer_id)
                orphan = not alive[writer_id]
            if orphan:
                found.append(body)
        return found


def _ends(bodies: Iterable[str]) -> list[tuple[AuditRecord, bytes]]:
    """Closing records for these accepted ones, given by their bodies."""
    pairs: list[tuple[AuditRecord, bytes]] = []
    for body in bodies:
        now = time.time_ns()
        event_id = uuid7(now // 1_000_000, secrets.token_bytes(10))
        try:
            stored = orjson.loads(body)
            record = outcome_unknown(stored, event_id=event_id, ts=timestamp(now // 1000))
        except ValueError:
            _log.error("audit_record_unreadable", component="audit")
            continue
        pairs.append((record, canonical(record)))
    return pairs


def _row(record: AuditRecord, body: bytes, link: Link, writer_id: str) -> sql.RecordRow:
    return (
        record.event_id,
        record.request_id or None,
        record.type.value,
        record.ts,
        record.tenant,
        writer_id,
        link.writer_seq,
        link.leaf_hash,
        link.prev_writer_hash,
        link.mac,
        body.decode("ascii"),
    )


def _nonces(found: Iterable[AuditRecord]) -> Iterable[tuple[str, str, bytes]]:
    for record in found:
        if record.masked_request is not None:
            yield record.event_id, "masked_request", bytes.fromhex(record.masked_request.nonce)
        if record.masked_response is not None:
            yield record.event_id, "masked_response", bytes.fromhex(record.masked_response.nonce)


def _file_id(path: Path) -> FileId:
    """Which files are at the places of the database and its write-ahead log."""
    name = os.fspath(path)
    try:
        main, wal = os.stat(name), os.stat(name + "-wal")
    except FileNotFoundError:
        raise sql.DatabaseFault("missing") from None
    return main.st_dev, main.st_ino, wal.st_dev, wal.st_ino
