"""The audit tables as both databases have them: how they are read, and what a failure becomes.

    audit_records      insert-only, by triggers; `body` is the canonical form of the record
    audit_nonces       the nonces of commitments, apart, so that they can be destroyed
    audit_open         requests accepted and not yet closed: what a crash leaves behind
    audit_meta         one row: the schema's version, the oldest that its tables do for as well, a
                       counter of probes, the log's name
    audit_leaves       which record is which leaf of the Merkle tree
    audit_tree         one row: the tree's size and frontier
    audit_tiles        hashes of complete subtrees of 256**level leaves
    audit_writers      how far each writer's chain is in the tree
    audit_checkpoints  signed tree heads
    audit_log_keys     the public keys of the log
    audit_anchors, audit_cursors, audit_pruned, audit_policies
    audit_capsules and others of what may be erased: see content/sql.py

The tables are made by `migrations/`. All functions block.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TypeAlias

import orjson
import psycopg
from sqlalchemy import Connection, Engine, Row, column, make_url, select, table
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, IntegrityError, SQLAlchemyError

from gateway.audit.chain import Head
from gateway.errors import ConfigError, Problem
from gateway.types import Json

SCHEMA = 8

records = table(
    "audit_records",
    column("seq"),
    column("event_id"),
    column("request_id"),
    column("type"),
    column("ts"),
    column("tenant"),
    column("writer_id"),
    column("writer_seq"),
    column("leaf_hash"),
    column("prev_writer_hash"),
    column("mac"),
    column("body"),
)

Db: TypeAlias = Connection
DbEngine: TypeAlias = Engine
Address: TypeAlias = URL


class DatabaseFault(Exception):
    """The database did not do what it was asked. Holds no statement and no value."""


class DuplicateRecord(DatabaseFault):
    """A record with this event id, or a closing record of this request, stands already."""


@contextmanager
def faults() -> Iterator[None]:
    """Turn whatever the driver raises into a `DatabaseFault` without its text."""
    try:
        yield
    except (IntegrityError, sqlite3.IntegrityError, psycopg.errors.UniqueViolation):
        raise DuplicateRecord("the record stands already") from None
    except (SQLAlchemyError, sqlite3.Error, psycopg.Error, OSError) as error:
        raise DatabaseFault(type(error).__name__) from None


def class_of(error: Exception) -> str:
    """What may be said of a failure: its class, or what a `DatabaseFault` says."""
    return str(error) if isinstance(error, DatabaseFault) else type(error).__name__


def discard(connection: Db) -> None:
    """Let go of a connection, in whatever state it is. What it had under way is rolled back."""
    failures = (SQLAlchemyError, sqlite3.Error, psycopg.Error)
    with suppress(*failures):
        connection.invalidate()
    with suppress(*failures):
        connection.close()


class Raw:
    """The driver's own connection: for the hot path, at a third of the cost.

    Parameters are written `?` for both databases; the statements hold no other `?` or `%`.
    """

    __slots__ = ("_driver", "_is_sqlite", "for_update")

    def __init__(self, connection: Db) -> None:
        found: Any = connection.connection.driver_connection
        if not isinstance(found, sqlite3.Connection | psycopg.Connection):
            raise DatabaseFault("not connected")
        self._driver: Any = found
        self._is_sqlite = isinstance(found, sqlite3.Connection)
        self.for_update = "" if self._is_sqlite else " FOR UPDATE"
        """What makes a reading statement lock its rows, where the transaction does not do so."""

    def execute(self, statement: str, values: Sequence[object] = ()) -> Any:
        """A cursor with the statement's rows."""
        if self._is_sqlite:
            return self._driver.execute(statement, values)
        return self._driver.execute(statement.replace("?", "%s"), values or None)

    def executemany(self, statement: str, rows: Iterable[Sequence[object]]) -> None:
        """The statement once for each row."""
        if self._is_sqlite:
            self._driver.executemany(statement, rows)
        else:
            with self._driver.cursor() as cursor:
                cursor.executemany(statement.replace("?", "%s"), rows)

    def in_transaction(self) -> bool:
        """Whether a transaction is open, failed ones included."""
        if self._is_sqlite:
            return bool(self._driver.in_transaction)
        status = self._driver.info.transaction_status
        return bool(status != psycopg.pq.TransactionStatus.IDLE)


@contextmanager
def transaction(connection: Db, begin: str) -> Iterator[Raw]:
    """A transaction begun with these words; whatever is raised inside rolls it back."""
    raw = Raw(connection)
    raw.execute(begin)
    try:
        yield raw
        raw.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error, psycopg.Error):  # what went wrong first is what counts
            if raw.in_transaction():
                raw.execute("ROLLBACK")
        raise


def parse(url: str) -> Address:
    """An SQLAlchemy URL, taken apart.

    Raises:
        ConfigError: it is none.
    """
    try:
        return make_url(url)
    except (ArgumentError, ValueError):  # the latter's text may be part of a password
        raise ConfigError([Problem("audit", 0, "url", "is not an SQLAlchemy URL")]) from None


def version(connection: Db) -> int:
    """The schema's version, 0 where there is none."""
    there = connection.dialect.has_table(connection, "audit_meta")
    if not there:
        return 0
    return int(connection.exec_driver_sql("SELECT max(version) FROM audit_meta").scalar_one())


def serves_us(connection: Db, found: int) -> bool:
    """Whether tables of the next schema are said to do for this version as well.

    While gateways are replaced one after another, and when a release is taken back, those of this
    version work on what the next one has migrated.
    """
    if found != SCHEMA + 1:
        return False
    least = connection.exec_driver_sql("SELECT max(serves) FROM audit_meta").scalar_one()
    return int(least) <= SCHEMA


def check_version(connection: Db, place: str, *, least: int = SCHEMA) -> None:
    """Make sure that the tables are there and ours, or do for us.

    Raises:
        ConfigError: a newer version wrote the log, or it has to be migrated first.
        DatabaseFault: there is no audit log.
    """
    found = version(connection)
    if found == 0:
        raise DatabaseFault("no audit log")
    message = f"the audit log has schema {found}; this version of Cloakroom knows {SCHEMA}"
    if found > SCHEMA and not serves_us(connection, found):
        raise ConfigError([Problem(place, 0, "", message, "use the newer Cloakroom")])
    if found < least:
        hint = "bring it up to date with: cloakroom audit migrate"
        raise ConfigError([Problem(place, 0, "", message, hint)])


def head(raw: Raw, writer_id: str) -> Head:
    """The last row of a writer."""
    row = raw.execute(
        "SELECT writer_seq, leaf_hash FROM audit_records WHERE writer_id = ? "
        "ORDER BY writer_seq DESC LIMIT 1",
        (writer_id,),
    ).fetchone()
    return Head() if row is None else Head(row[0], row[1])


def touch(raw: Raw) -> None:
    """Write something that does not matter, inside a transaction."""
    raw.execute("UPDATE audit_meta SET probes = probes + 1")


def select_records(
    connection: Db,
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
    for place, value in (
        (records.c.type, type_),
        (records.c.tenant, tenant),
        (records.c.request_id, request_id),
    ):
        if value is not None:
            query = query.where(place == value)
    return [_document(row) for row in connection.execute(query)]


def select_one(connection: Db, event_id: str) -> dict[str, Json] | None:
    """The record with this event id."""
    row = connection.execute(select(records).where(records.c.event_id == event_id)).first()
    return None if row is None else _document(row)


def select_request(connection: Db, request_id: str) -> list[dict[str, Json]]:
    """All records of one request, newest first."""
    query = select(records).where(records.c.request_id == request_id).order_by(records.c.seq.desc())
    return [_document(row) for row in connection.execute(query)]


def last_seq(raw: Raw) -> int:
    """The number of the newest record, 0 where there is none."""
    return int(raw.execute("SELECT max(seq) FROM audit_records").fetchone()[0] or 0)


def select_page(
    connection: Db,
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


def _document(row: Row[Any]) -> dict[str, Json]:
    """The record's own fields, and those of its row; hashes in hex."""
    columns = row._mapping
    body: dict[str, Json] = orjson.loads(columns["body"])
    hashes = {name: columns[name].hex() for name in ("leaf_hash", "prev_writer_hash", "mac")}
    place = {name: columns[name] for name in ("seq", "writer_id", "writer_seq")}
    return {"request_id": "", "tenant": ""} | body | place | hashes
