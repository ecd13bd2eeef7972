"""How far each sink has been served, what each anchor holds, and who serves them.

    audit_cursors   by sink: the first leaf that it has not acknowledged; and in rows of their own,
                    with `STATE` at the end of the name, whether the log says of it that it fails
    audit_anchors   by anchor: the sizes of the trees whose checkpoints it holds, and since when

Of several processes that share a log, one serves a sink: the one that holds the sink's lock. On
SQLite that is a lock on a file beside the database, on PostgreSQL an advisory lock of the session.
Both go when the process does.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from gateway.audit import sql
from gateway.audit.opening import is_postgres
from gateway.audit.postgres import sql as postgres
from gateway.audit.sqlite import sql as sqlite

STATE: Final = "#degraded"

_MOVE = (
    "INSERT INTO audit_cursors (sink, leaf_index) VALUES (?, ?) "
    "ON CONFLICT (sink) DO UPDATE SET leaf_index = excluded.leaf_index"
)
_ANCHORED = (
    "INSERT INTO audit_anchors (anchor, size, ts) VALUES (?, ?, ?) "
    "ON CONFLICT (anchor, size) DO UPDATE SET ts = excluded.ts"
)

_LEAD = (
    "SELECT pg_try_advisory_lock(hashtextextended("
    "'cloakroom-sink:' || current_schema() || ':' || CAST(? AS text), 0))"
)


class Books:
    """The tables of cursors and anchors, for one thread. Open until `close`.

    Every method raises `DatabaseFault` where the database fails; then make a new one.

    Args:
        url: the log's URL.
        busy_s: how long to wait for the database, in seconds.
    """

    def __init__(self, url: str, *, busy_s: float = 5.0) -> None:
        self._lock_file = -1
        self._path: Path | None = None
        with sql.faults():
            if is_postgres(url):
                self._begin = postgres.BEGIN
                address = postgres.address(url)
                place = postgres.place(address)
                self._connection = postgres.make_engine(address, busy_s).connect()
            else:
                self._begin = sqlite.BEGIN
                self._path = sqlite.database_file(url)
                place = str(self._path)
                self._connection = sqlite.make_engine(self._path, busy_s).connect()
        try:
            with sql.faults():
                sql.check_version(self._connection, place)
                self._raw = sql.Raw(self._connection)
                if self._path is None:
                    postgres.take_role(self._raw, "cloakroom_sequencer")
                else:
                    # A move that a power cut takes back costs duplicates, not records.
                    self._raw.execute("PRAGMA synchronous=NORMAL")
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the database and of the lock."""
        if self._lock_file >= 0:
            with suppress(OSError):
                os.close(self._lock_file)
            self._lock_file = -1
        try:
            with sql.faults():
                self._connection.close()
        except sql.DatabaseFault:
            self._connection.invalidate()

    def lead(self, name: str) -> bool:
        """Whether this process is the one that serves `name`, from now until `close`."""
        with sql.faults():
            if self._path is None:
                return bool(self._raw.execute(_LEAD, (name,)).fetchone()[0])
            if self._lock_file < 0:
                digest = hashlib.sha256(name.encode()).hexdigest()[:16]
                self._lock_file = _lock(self._path.with_name(f"{self._path.name}.{digest}.lock"))
            return self._lock_file >= 0

    def cursor(self, sink: str) -> int:
        """The first leaf that the sink has not acknowledged."""
        with sql.faults():
            query = "SELECT leaf_index FROM audit_cursors WHERE sink = ?"
            row = self._raw.execute(query, (sink,)).fetchone()
        return int(row[0]) if row else 0

    def move(self, sink: str, leaf_index: int) -> None:
        """Say that the sink has everything before this leaf."""
        with sql.faults(), sql.transaction(self._connection, self._begin) as raw:
            raw.execute(_MOVE, (sink, leaf_index))

    def anchored(self, anchor: str) -> tuple[int, str] | None:
        """What the anchor was given last: the size of a tree, and when."""
        query = "SELECT size, ts FROM audit_anchors WHERE anchor = ? ORDER BY ts DESC LIMIT 1"
        with sql.faults():
            row = self._raw.execute(query, (anchor,)).fetchone()
        return (int(row[0]), str(row[1])) if row else None

    def note_anchored(self, anchor: str, size: int, ts: str) -> None:
        """Say that the anchor holds a checkpoint of this size since `ts`."""
        with sql.faults(), sql.transaction(self._connection, self._begin) as raw:
            raw.execute(_ANCHORED, (anchor, size, ts))


def drop_cursor(raw: sql.Raw, sink: str) -> None:
    """Forget how far a sink was served, inside a transaction: nothing stays for it any more.

    On PostgreSQL it takes the rights of those who see to retention.
    """
    raw.execute("DELETE FROM audit_cursors WHERE sink IN (?, ?)", (sink, sink + STATE))


def _lock(path: Path) -> int:
    """A locked file's descriptor, or -1 where another process has it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return -1
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor
