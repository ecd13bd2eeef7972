"""The audit tables and every statement on them: SQLite in WAL mode, through SQLAlchemy Core.

    audit_records   insert-only, by triggers; `body` is the canonical form of the record
    audit_nonces    the nonces of commitments, apart, so that they can be destroyed
    audit_open      requests accepted and not yet closed: what a crash leaves behind
    audit_meta      one row: the schema's version, and a counter that readiness probes write to

All functions block; they run on the store's own thread. The driver is in autocommit mode, and
transactions are `BEGIN IMMEDIATE`, so that a writer waits for the lock before it reads.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias
from urllib.parse import quote

import orjson
from sqlalchemy import (
    BLOB,
    Column,
    Connection,
    Engine,
    Index,
    Integer,
    MetaData,
    Row,
    Table,
    Text,
    create_engine,
    event,
    make_url,
    select,
    text,
)
from sqlalchemy.exc import ArgumentError, IntegrityError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from gateway.audit.chain import Head
from gateway.audit.facts import TERMINAL
from gateway.errors import ConfigError, Problem
from gateway.types import Json

SCHEMA = 1
TERMINAL_TYPES = ", ".join(f"'{kind.value}'" for kind in TERMINAL.values())

_metadata = MetaData()
records = Table(
    "audit_records",
    _metadata,
    Column("seq", Integer, primary_key=True),
    Column("event_id", Text, nullable=False, unique=True),
    Column("request_id", Text),
    Column("type", Text, nullable=False),
    Column("ts", Text, nullable=False),
    Column("tenant", Text, nullable=False),
    Column("writer_id", Text, nullable=False),
    Column("writer_seq", Integer, nullable=False),
    Column("leaf_hash", BLOB, nullable=False),
    Column("prev_writer_hash", BLOB, nullable=False),
    Column("mac", BLOB, nullable=False),
    Column("body", Text, nullable=False),
)
Index("audit_records_writer", records.c.writer_id, records.c.writer_seq, unique=True)
Index("audit_records_tenant", records.c.tenant, records.c.seq)
Index("audit_records_type", records.c.type, records.c.seq)
Index("audit_records_request", records.c.request_id)
Index(
    "audit_records_one_end",
    records.c.request_id,
    unique=True,
    sqlite_where=text(f"type IN ({TERMINAL_TYPES})"),
)
nonces = Table(
    "audit_nonces",
    _metadata,
    Column("event_id", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("nonce", BLOB, nullable=False),
    sqlite_with_rowid=False,
)
open_requests = Table(
    "audit_open",
    _metadata,
    Column("request_id", Text, primary_key=True),
    Column("event_id", Text, nullable=False),
    Column("writer_id", Text, nullable=False),
    sqlite_with_rowid=False,
)
meta = Table(
    "audit_meta",
    _metadata,
    Column("version", Integer, nullable=False),
    Column("probes", Integer, nullable=False),
)
_TRIGGERS = (
    "CREATE TRIGGER audit_records_no_update BEFORE UPDATE ON audit_records "
    "BEGIN SELECT RAISE(ABORT, 'audit_records is insert-only'); END",
    "CREATE TRIGGER audit_records_no_delete BEFORE DELETE ON audit_records "
    "BEGIN SELECT RAISE(ABORT, 'audit_records is insert-only'); END",
    # INSERT OR REPLACE deletes without a delete trigger.
    "CREATE TRIGGER audit_records_no_replace BEFORE INSERT ON audit_records WHEN EXISTS "
    "(SELECT 1 FROM audit_records WHERE seq = NEW.seq OR event_id = NEW.event_id) "
    "BEGIN SELECT RAISE(ABORT, 'audit_records is insert-only'); END",
)

Db: TypeAlias = Connection

RecordRow: TypeAlias = tuple[str, str | None, str, str, str, str, int, bytes, bytes, bytes, str]
"""A row of `audit_records` without its `seq`, in the order of the columns."""

_INSERT = "INSERT INTO audit_records VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_INSERT_NONCE = "INSERT INTO audit_nonces VALUES (?, ?, ?)"
_OPEN = "INSERT INTO audit_open VALUES (?, ?, ?)"
_CLOSE = "DELETE FROM audit_open WHERE request_id = ?"


class DatabaseFault(Exception):
    """The database did not do what it was asked. Holds no statement and no value."""


class DuplicateRecord(DatabaseFault):
    """A record with this event id, or a closing record of this request, stands already."""


@contextmanager
def faults() -> Iterator[None]:
    """Turn whatever the driver raises into a `DatabaseFault` without its text."""
    try:
        yield
    except (IntegrityError, sqlite3.IntegrityError):
        raise DuplicateRecord("the record stands already") from None
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise DatabaseFault(type(error).__name__) from None
    except OSError as error:
        raise DatabaseFault(type(error).__name__) from None


def database_file(url: str) -> Path:
    """The file that an audit URL names.

    Raises:
        ConfigError: it is no SQLAlchemy URL of an SQLite file.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise ConfigError([Problem("audit", 0, "url", "is not an SQLAlchemy URL")]) from None
    if parsed.get_backend_name() != "sqlite" or parsed.database in (None, "", ":memory:"):
        hint = "write sqlite:////absolute/path/audit.db"
        raise ConfigError([Problem("audit", 0, "url", "must name an SQLite file", hint)])
    return Path(str(parsed.database))


def make_file(path: Path) -> None:
    """Make an empty database file that only its owner may read, unless there is one.

    Raises:
        OSError: it cannot be made.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def make_engine(path: Path, busy_s: float, *, read_only: bool = False) -> Engine:
    """An engine whose connections are never made on a file that is not there."""

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(
            f"file:{quote(str(path))}?mode=rw",
            uri=True,
            isolation_level=None,
            timeout=busy_s,
            check_same_thread=False,
        )

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


def driver(connection: Connection) -> sqlite3.Connection:
    """The driver's connection: for the hot path, at a third of the cost."""
    found = connection.connection.driver_connection
    if not isinstance(found, sqlite3.Connection):
        raise DatabaseFault("not connected")
    return found


@contextmanager
def transaction(connection: Connection) -> Iterator[None]:
    """A write transaction; whatever is raised inside rolls it back."""
    raw = driver(connection)
    raw.execute("BEGIN IMMEDIATE")
    try:
        yield
        raw.execute("COMMIT")
    except BaseException:
        if raw.in_transaction:
            raw.execute("ROLLBACK")
        raise


def migrate(connection: Connection, path: Path) -> None:
    """Bring the schema up to this version; several processes may do so at once.

    Raises:
        ConfigError: the file was written by a newer version.
    """
    with transaction(connection):
        if _version(connection) == 0:
            _metadata.create_all(connection)
            for trigger in _TRIGGERS:
                connection.exec_driver_sql(trigger)
            connection.exec_driver_sql("INSERT INTO audit_meta VALUES (?, 0)", (SCHEMA,))
    check_version(connection, path)


def check_version(connection: Connection, path: Path) -> None:
    """Make sure that the tables are there and ours.

    Raises:
        ConfigError: the file was written by a newer version.
        DatabaseFault: there is no audit log in this file.
    """
    version = _version(connection)
    if version == 0:
        raise DatabaseFault("no audit log")
    if version > SCHEMA:
        message = f"the audit log has schema {version}; this version of Cloakroom knows {SCHEMA}"
        raise ConfigError([Problem(str(path), 0, "", message, "use the newer Cloakroom")])


def _version(connection: Connection) -> int:
    """The schema's version, 0 where there is none."""
    there = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'audit_meta'"
    if connection.exec_driver_sql(there).scalar_one() == 0:
        return 0
    return int(connection.exec_driver_sql("SELECT max(version) FROM audit_meta").scalar_one())


def insert(
    connection: Connection,
    rows: Sequence[RecordRow],
    nonce_rows: Sequence[tuple[str, str, bytes]],
    opened: Sequence[tuple[str, str, str]],
    ended: Sequence[tuple[str]],
) -> None:
    """Insert records with all that belongs to them, inside a transaction."""
    raw = driver(connection)
    for statement, values in (
        (_INSERT, rows),
        (_INSERT_NONCE, nonce_rows),
        (_OPEN, opened),
        (_CLOSE, ended),
    ):
        if values:
            raw.executemany(statement, values)


def head(connection: Connection, writer_id: str) -> Head:
    """The last row of a writer."""
    query = (
        select(records.c.writer_seq, records.c.leaf_hash)
        .where(records.c.writer_id == writer_id)
        .order_by(records.c.writer_seq.desc())
        .limit(1)
    )
    row = connection.execute(query).first()
    return Head() if row is None else Head(row[0], row[1])


def touch(connection: Connection) -> None:
    """A write transaction that changes nothing that matters."""
    with transaction(connection):
        driver(connection).execute("UPDATE audit_meta SET probes = probes + 1")


def still_open(connection: Connection) -> list[tuple[str, str, str]]:
    """Requests that have no closing record: request id, writer id, the accepted record's body."""
    query = select(open_requests.c.request_id, open_requests.c.writer_id, records.c.body).join(
        records, records.c.event_id == open_requests.c.event_id
    )
    return [(row[0], row[1], row[2]) for row in connection.execute(query)]


def select_records(
    connection: Connection,
    *,
    limit: int,
    before_seq: int | None,
    type_: str | None,
    tenant: str | None,
    request_id: str | None,
) -> list[dict[str, Json]]:
    """Records, newest first."""
    query = select(records).order_by(records.c.seq.desc()).limit(limit)
    if before_seq is not None:
        query = query.where(records.c.seq < before_seq)
    for column, value in (
        (records.c.type, type_),
        (records.c.tenant, tenant),
        (records.c.request_id, request_id),
    ):
        if value is not None:
            query = query.where(column == value)
    return [_document(row) for row in connection.execute(query)]


def select_one(connection: Connection, event_id: str) -> dict[str, Json] | None:
    """The record with this event id."""
    row = connection.execute(select(records).where(records.c.event_id == event_id)).first()
    return None if row is None else _document(row)


def select_request(connection: Connection, request_id: str) -> list[dict[str, Json]]:
    """All records of one request, newest first."""
    query = select(records).where(records.c.request_id == request_id).order_by(records.c.seq.desc())
    return [_document(row) for row in connection.execute(query)]


def last_seq(connection: Connection) -> int:
    """The number of the newest record, 0 where there is none."""
    found = driver(connection).execute("SELECT max(seq) FROM audit_records").fetchone()[0]
    return int(found or 0)


def select_page(
    connection: Connection,
    *,
    after: int,
    last: int,
    limit: int,
    types: Sequence[str],
    tenant: str | None,
    since: str | None,
    until: str | None,
) -> list[tuple[int, str]]:
    """The next records with `after` < seq <= `last`, oldest first: seq and body.

    `since` and `until` are bounds of `ts` in its own form, the second one exclusive.
    """
    query = (
        select(records.c.seq, records.c.body)
        .where(records.c.seq > after, records.c.seq <= last)
        # Through no index, which would sort all that is left for each page.
        .where(records.c.type.concat("").in_(types))
        .order_by(records.c.seq)
        .limit(limit)
    )
    if tenant is not None:
        query = query.where(records.c.tenant == tenant)
    if since is not None:
        query = query.where(records.c.ts >= since)
    if until is not None:
        query = query.where(records.c.ts < until)
    return [(row[0], row[1]) for row in connection.execute(query)]


def _document(row: Row[tuple[object, ...]]) -> dict[str, Json]:
    """The record's own fields, and those of its row; hashes in hex."""
    columns = row._mapping
    body: dict[str, Json] = orjson.loads(columns["body"])
    hashes = {name: columns[name].hex() for name in ("leaf_hash", "prev_writer_hash", "mac")}
    place = {name: columns[name] for name in ("seq", "writer_id", "writer_seq")}
    return {"request_id": "", "tenant": ""} | body | place | hashes
