"""The audit tables in SQLite: WAL mode, `BEGIN IMMEDIATE`, and the tree within the same commit.

The driver is in autocommit mode, and transactions are `BEGIN IMMEDIATE`, so that a writer waits
for the lock before it reads: of several processes on one file, each sees the tree as the one
before it left it.
"""

from __future__ import annotations

import os
import sqlite3
import time
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import create_engine, event
from sqlalchemy.pool import NullPool

from gateway.audit import tree
from gateway.audit.backend import Batch
from gateway.audit.migrations.run import upgrade
from gateway.audit.sql import (
    SCHEMA,
    Db,
    DbEngine,
    Raw,
    check_version,
    last_seq,
    parse,
    transaction,
    version,
)
from gateway.errors import ConfigError, Problem

BEGIN = "BEGIN IMMEDIATE"
_INSERT = "INSERT INTO audit_records VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_INSERT_NONCE = "INSERT INTO audit_nonces VALUES (?, ?, ?)"
_OPEN = "INSERT INTO audit_open VALUES (?, ?, ?)"
_CLOSE = "DELETE FROM audit_open WHERE request_id = ?"


def database_file(url: str) -> Path:
    """The file that an audit URL names.

    Raises:
        ConfigError: it is no SQLAlchemy URL of an SQLite file.
    """
    parsed = parse(url)
    if parsed.get_backend_name() != "sqlite" or parsed.database in (None, "", ":memory:"):
        hint = "write sqlite:////absolute/path/audit.db, or postgresql://user@host/database"
        message = "must name an SQLite file or a PostgreSQL database"
        raise ConfigError([Problem("audit", 0, "url", message, hint)])
    return Path(str(parsed.database))


def make_file(path: Path) -> None:
    """Make an empty database file that only its owner may read, unless there is one.

    Raises:
        OSError: it cannot be made.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def make_engine(path: Path, busy_s: float, *, read_only: bool = False) -> DbEngine:
    """An engine whose connections are never made on a file that is not there.

    A reader that could write would fold what a crash left in the write-ahead log back into the
    database when it closes: that would be a change of the evidence.
    """
    mode = "ro" if read_only else "rw"

    def connect() -> sqlite3.Connection:
        opened = sqlite3.connect(
            f"file:{quote(str(path))}?mode={mode}",
            uri=True,
            isolation_level=None,
            timeout=busy_s,
            check_same_thread=False,
        )
        if read_only:
            # Bytes that are no text are a damaged record, which has a place, not a broken log.
            opened.text_factory = lambda held: held.decode("utf-8", "replace")
        return opened

    engine = create_engine("sqlite://", creator=connect, poolclass=NullPool, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _: object) -> None:
        if read_only:
            connection.execute("PRAGMA query_only=ON")
        else:
            _enter_wal(connection, time.monotonic() + busy_s)
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA foreign_keys=ON")
            connection.execute("PRAGMA recursive_triggers=ON")

    return engine


def _enter_wal(connection: sqlite3.Connection, deadline: float) -> None:
    # SQLite does not wait for the lock that a change of journal mode needs, so we do.
    while True:
        try:
            (mode,) = connection.execute("PRAGMA journal_mode=WAL").fetchone()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() >= deadline:
                raise
            time.sleep(0.01)
        else:
            if mode != "wal":
                raise sqlite3.OperationalError("no WAL mode on this file system")
            return


def migrate(connection: Db, path: Path) -> bool:
    """Bring the schema up to this version; several processes may do so at once.

    Records of a version without a tree get their leaves, in order. Whether there was something
    to do.

    Raises:
        ConfigError: the file was written by a newer version.
    """
    changed = False
    if version(connection) != SCHEMA:
        with transaction(connection, BEGIN) as raw:
            if version(connection) < SCHEMA:
                upgrade(connection)
                tree.sequence_rest(raw, tree.read(raw), last_seq(raw))
                changed = True
    check_version(connection, str(path))
    return changed


def insert(raw: Raw, batch: Batch) -> None:
    """Insert records with all that belongs to them and give them leaves, inside a transaction."""
    if batch.rows:
        before = tree.read(raw)
        last = last_seq(raw)
        if last != before.last_seq:  # an older version has written to this file meanwhile
            before = tree.sequence_rest(raw, before, last)
        # Numbers go on where retention has taken all rows.
        first = max(last, before.last_seq) + 1
        raw.executemany(_INSERT, [(first + at, *row) for at, row in enumerate(batch.rows)])
        leaves = [
            tree.Leaf(first + at, row[0], row[7], row[5], row[6])
            for at, row in enumerate(batch.rows)
        ]
        tree.append(raw, before, leaves)
    for statement, values in (
        (_INSERT_NONCE, batch.nonces),
        (_OPEN, batch.opened),
        (_CLOSE, batch.ended),
    ):
        if values:
            raw.executemany(statement, values)


def still_open(raw: Raw) -> list[tuple[str, str, str]]:
    """Requests that have no closing record: request id, writer id, the accepted record's body."""
    return list(
        raw.execute(
            "SELECT o.request_id, o.writer_id, r.body FROM audit_open o "
            "JOIN audit_records r ON r.event_id = o.event_id"
        ).fetchall()
    )
