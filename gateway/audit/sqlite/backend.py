"""The audit log in an SQLite file, for the processes of one machine."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TypeAlias

from gateway.audit import sql
from gateway.audit.backend import Batch
from gateway.audit.liveness import WriterLocks
from gateway.audit.sqlite import sql as sqlite

FileId: TypeAlias = tuple[int, int, int, int]
"""Device and inode of the database and of its write-ahead log."""


class SqliteBackend:
    """A `Backend` on a file. Writers that live hold locks on files beside it.

    Args:
        path: the database.
        busy_s: how long to wait, in seconds, while another process writes.
    """

    inline = True

    def __init__(self, path: Path, busy_s: float) -> None:
        self.path = path
        self._engine = sqlite.make_engine(path, busy_s)
        self._locks = WriterLocks(path)
        self._file_id: FileId | None = None

    @property
    def place(self) -> str:
        """The file's path."""
        return str(self.path)

    def prepare(self, writer_id: str) -> None:
        """Make the file where there is none, and hold this writer's lock."""
        sqlite.make_file(self.path)
        self._locks.hold(writer_id)

    def connect(self, writer_id: str, *, first: bool) -> sql.Db:
        """A new connection; the first one migrates."""
        connection = self._engine.connect()
        try:
            if first:
                sqlite.migrate(connection, self.path)
            else:
                sql.check_version(connection, self.place)
            self._file_id = _file_id(self.path)
        except BaseException:
            sql.discard(connection)
            raise
        return connection

    def transaction(self, connection: sql.Db) -> AbstractContextManager[sql.Raw]:
        """A transaction that waits for the lock before it reads."""
        return sql.transaction(connection, sqlite.BEGIN)

    def insert(self, raw: sql.Raw, batch: Batch) -> None:
        """Insert records and give them leaves."""
        sqlite.insert(raw, batch)

    def alone(self, raw: sql.Raw) -> None:
        """Nothing: whoever is in a transaction is alone."""

    def still_open(self, raw: sql.Raw) -> list[tuple[str, str, str]]:
        """Requests without a closing record."""
        return sqlite.still_open(raw)

    def is_dead(self, raw: sql.Raw, writer_id: str) -> bool:
        """Whether nobody holds the writer's lock."""
        return not self._locks.is_alive(writer_id)

    def check(self) -> None:
        """Make sure that the files are still at their places.

        SQLite goes on writing to a file that was deleted or replaced under it.
        """
        if _file_id(self.path) != self._file_id:
            raise sql.DatabaseFault("replaced")

    def sweep(self) -> None:
        """Remove the lock files of the dead."""
        self._locks.sweep()

    def release(self, writer_id: str) -> None:
        """Remove the own lock file."""
        self._locks.release(writer_id)


def _file_id(path: Path) -> FileId:
    """Which files are at the places of the database and its write-ahead log."""
    name = os.fspath(path)
    try:
        main, wal = os.stat(name), os.stat(name + "-wal")
    except FileNotFoundError:
        raise sql.DatabaseFault("missing") from None
    return main.st_dev, main.st_ino, wal.st_dev, wal.st_ino
