"""The audit tables in PostgreSQL: connections, roles, locks of sessions, statements of writers.

The driver is in autocommit mode, and transactions are begun by hand. Each connection takes on one
of the roles of `migrations/grants.py`, so that a login that may more uses no more.

Locks are advisory and of a session: PostgreSQL lets go of them when the session ends, however it
ends, and by then what it had under way is committed or gone. A pool that shares sessions between
transactions breaks this: connect to PostgreSQL itself, or through a pool that keeps sessions.
"""

from __future__ import annotations

from typing import Any

import psycopg
from sqlalchemy import create_engine, event
from sqlalchemy.pool import NullPool

from gateway.audit.backend import Batch
from gateway.audit.migrations.run import upgrade
from gateway.audit.sql import (
    SCHEMA,
    Address,
    DbEngine,
    Raw,
    check_version,
    parse,
    transaction,
    version,
)
from gateway.errors import ConfigError, Problem

BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED"
"""Whatever the server's default is: what is read under a lock must be what stands then."""
SNAPSHOT = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"
CONNECT_S = 5
_INSERT = (
    "INSERT INTO audit_records (event_id, request_id, type, ts, tenant, writer_id, writer_seq, "
    "leaf_hash, prev_writer_hash, mac, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_INSERT_NONCE = "INSERT INTO audit_nonces (event_id, kind, nonce) VALUES (?, ?, ?)"
_OPEN = "INSERT INTO audit_open (request_id, event_id, writer_id) VALUES (?, ?, ?)"
_CLOSE = "DELETE FROM audit_open WHERE request_id = ?"
_HOLDERS = (
    "FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1 "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
    "AND classid::bigint = ? AND objid::bigint = ?"
)
_MIGRATE_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('cloakroom-migrate', 0))"
_WAITING = (
    "SELECT coalesce((SELECT max(ts) FROM audit_checkpoints), min(r.ts)), count(*) "
    "FROM audit_writers w CROSS JOIN LATERAL (SELECT o.ts FROM audit_records o "
    "WHERE o.writer_id = w.writer_id AND o.writer_seq > w.last_seq ORDER BY o.writer_seq LIMIT 1) r"
)
ALONE = (
    "SELECT pg_advisory_xact_lock(hashtextextended('cloakroom-reconcile:' || current_schema(), 0))"
)
LEAD = (
    "SELECT pg_try_advisory_lock(hashtextextended('cloakroom-sequencer:' || current_schema(), 0))"
)


def address(url: str) -> Address:
    """A PostgreSQL URL, taken apart, for the driver that we use.

    Raises:
        ConfigError: it is none, or names no database.
    """
    parsed = parse(url.replace("postgres:", "postgresql:", 1) if url[:9] == "postgres:" else url)
    if not parsed.database:
        hint = "write postgresql://user@host/database"
        raise ConfigError([Problem("audit", 0, "url", "names no database", hint)])
    return parsed.set(drivername="postgresql+psycopg")


def place(where: Address) -> str:
    """Where it is, for messages: host and database."""
    host = where.host or "local"
    return f"postgresql://{host}{f':{where.port}' if where.port else ''}/{where.database}"


def make_engine(where: Address, busy_s: float, *, read_only: bool = False) -> DbEngine:
    """An engine whose statements end after `busy_s` seconds, and whose commits are durable."""
    engine = create_engine(
        where,
        poolclass=NullPool,
        hide_parameters=True,
        isolation_level="AUTOCOMMIT",
        connect_args={
            "connect_timeout": CONNECT_S,
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 30_000,  # milliseconds
            "application_name": "cloakroom",
            "client_encoding": "utf8",
        },
    )
    patience = max(1000, int(busy_s * 1000))

    @event.listens_for(engine, "connect")
    def prepare(connection: psycopg.Connection[Any], _: object) -> None:
        connection.autocommit = True
        connection.execute(
            f"SET statement_timeout = {patience}; SET lock_timeout = {patience}; "
            f"SET idle_in_transaction_session_timeout = {patience * 2}; "
            # The server, too, must find out soon that nobody is there any more.
            "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; "
            "SET tcp_keepalives_count = 3; SET client_min_messages = error"
        )
        if read_only:
            connection.execute("SET default_transaction_read_only = on")
        else:
            # Where the server demands more than this, it stays.
            connection.execute(
                "SELECT set_config('synchronous_commit', 'on', false) "
                "WHERE current_setting('synchronous_commit') IN ('off', 'local')"
            )

    return engine


def take_role(raw: Raw, role: str) -> None:
    """Do no more than this role may from now on."""
    raw.execute(f"SET ROLE {role}")


def lock_key(writer_id: str) -> int:
    """The number of the lock that shows that a writer lives."""
    return int.from_bytes(bytes.fromhex(writer_id)[:8], "big", signed=True)


def hold(raw: Raw, writer_id: str) -> None:
    """Hold the writer's lock, by ending an earlier session of this writer if there is one.

    When it is held, whatever that session had under way is committed or gone.
    """
    key = lock_key(writer_id)
    if raw.execute("SELECT pg_try_advisory_lock(?)", (key,)).fetchone()[0]:
        return
    raw.execute(f"SELECT pg_terminate_backend(pid) {_HOLDERS}", _halves(key))
    raw.execute("SELECT pg_advisory_lock(?)", (key,))


def is_held(raw: Raw, writer_id: str) -> bool:
    """Whether some session holds the writer's lock."""
    held = raw.execute(f"SELECT count(*) {_HOLDERS}", _halves(lock_key(writer_id))).fetchone()
    return bool(held[0])


def _halves(key: int) -> tuple[int, int]:
    """A lock's number as the two columns of `pg_locks` show it."""
    unsigned = key & (1 << 64) - 1
    return unsigned >> 32, unsigned & 0xFFFFFFFF


def register(raw: Raw, writer_id: str) -> None:
    """Tell the sequencer of a writer."""
    raw.execute(
        "INSERT INTO audit_writers (writer_id, last_seq, last_hash) VALUES (?, 0, ?) "
        "ON CONFLICT DO NOTHING",
        (writer_id, bytes(32)),
    )


def insert(raw: Raw, batch: Batch) -> None:
    """Insert records with all that belongs to them, inside a transaction."""
    for statement, values in (
        (_INSERT, batch.rows),
        (_INSERT_NONCE, batch.nonces),
        (_OPEN, batch.opened),
        (_CLOSE, batch.ended),
    ):
        if values:
            raw.executemany(statement, values)


def still_open(raw: Raw) -> list[tuple[str, str, str]]:
    """Requests that have no closing record: request id, writer id, the accepted record's body."""
    query = "SELECT request_id, writer_id, body FROM audit_unclosed()"
    return list(raw.execute(query).fetchall())


def is_late(raw: Raw, before: str) -> bool:
    """Whether records wait for their leaves, and nothing was signed since this time.

    Where nothing ever was, the oldest of them counts. Needs the rights of the sequencer.
    """
    since, waiting = raw.execute(_WAITING).fetchone()
    return bool(waiting) and since < before


def migrate(url: str, busy_s: float = 60.0) -> bool:
    """Bring the tables up to this version of Cloakroom; whether there was something to do.

    Raises:
        ConfigError: a newer version made them.
    """
    where = address(url)
    with make_engine(where, busy_s).connect() as connection:
        changed = False
        with transaction(connection, BEGIN) as raw:
            raw.execute(_MIGRATE_LOCK)
            if version(connection) < SCHEMA:
                upgrade(connection)
                changed = True
        check_version(connection, place(where))
    return changed
