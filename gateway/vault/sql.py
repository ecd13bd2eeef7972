"""The vault's table, beside those of the audit log in the same database. All functions block.

    vault_items  one row for each item: a keyed hash of the owner, kind, name, tenant, the request
                 that left it, when it was made and expires in seconds since 1970, and the sealed
                 value

Whoever reads the table learns how much each tenant keeps and until when, but of no person whose it
is, and none of the values. A row that is moved to another place does not open there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from math import inf
from typing import Final, NamedTuple, TypeAlias

from gateway.audit import sql
from gateway.audit.opening import is_postgres
from gateway.audit.postgres import sql as postgres
from gateway.audit.postgres.backend import PostgresBackend
from gateway.audit.sqlite import sql as sqlite
from gateway.errors import VaultUnavailable
from gateway.vault.names import FIRST, LAST, below

RETENTION: Final = "cloakroom_retention"
BATCH: Final = 500
"""Items that are deleted in one transaction."""

Row: TypeAlias = tuple[bytes, str, str, str, str, float, float, bytes]
"""A row in the order of the columns: owner, kind, name, tenant, request id, created, expires,
sealed."""

_PUT: Final = (
    "INSERT INTO vault_items (owner, kind, name, tenant, request_id, created, expires, sealed) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (owner, kind, name) DO UPDATE SET "
    "request_id = excluded.request_id, created = excluded.created, expires = excluded.expires, "
    "sealed = excluded.sealed"
)
_GET: Final = (
    "SELECT sealed FROM vault_items WHERE owner = ? AND kind = ? AND name = ? AND expires > ?"
)
_PAGE: Final = (
    "SELECT name, sealed FROM vault_items WHERE owner = ? AND kind = ? AND name >= ? AND name < ? "
    "AND name > ? AND expires > ? ORDER BY name LIMIT ?"
)
_DROP_BELOW: Final = (
    "DELETE FROM vault_items WHERE owner = ? AND kind = ? AND name IN (SELECT name "
    "FROM vault_items WHERE owner = ? AND kind = ? AND name >= ? AND name < ? LIMIT ?)"
)
_DROP: Final = "DELETE FROM vault_items WHERE owner = ? AND kind = ? AND name = ?"
_ERASE: Final = "DELETE FROM vault_items WHERE request_id = ? AND tenant = ?"
_PURGE: Final = (
    "DELETE FROM vault_items WHERE (owner, kind, name) IN (SELECT owner, kind, name "
    "FROM vault_items WHERE expires <= ? AND created <= ? AND tenant >= ? AND tenant < ? LIMIT ?)"
)
_STATS: Final = (
    "SELECT tenant, kind, count(*), sum(CASE WHEN expires <= ? THEN 1 ELSE 0 END), "
    "sum(length(sealed)), min(expires) FROM vault_items GROUP BY tenant, kind "
    "ORDER BY tenant, kind"
)


class Kept(NamedTuple):
    """What a tenant keeps of one kind; bytes are those of the sealed values."""

    tenant: str
    kind: str
    items: int
    expired: int
    bytes: int
    next_expiry: float


class Connection:
    """A connection to the table, as one of the roles where the database has any."""

    def __init__(self, url: str, role: str, busy_s: float) -> None:
        """Open it.

        Raises:
            DatabaseFault: it cannot be opened.
            ConfigError: the URL names no database, or its tables are not of this version.
        """
        with sql.faults():
            if is_postgres(url):
                self._begin = postgres.BEGIN
                self._connection = PostgresBackend(url, busy_s).connect_as(role)
            else:
                self._begin = sqlite.BEGIN
                self._connection = _on_sqlite(url, busy_s)
        self._is_sqlite = self._connection.dialect.name == "sqlite"

    @contextmanager
    def transaction(self) -> Iterator[sql.Raw]:
        """A transaction that writes. Raises `DatabaseFault`."""
        with sql.faults(), sql.transaction(self._connection, self._begin) as raw:
            yield raw

    @contextmanager
    def reading(self) -> Iterator[sql.Raw]:
        """Statements that read. Raises `DatabaseFault`."""
        with sql.faults():
            yield sql.Raw(self._connection)

    def clean(self) -> None:
        """Empty SQLite's write-ahead log, as far as nobody reads in it, of what was deleted."""
        if self._is_sqlite:
            with self.reading() as raw:
                raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()

    def close(self) -> None:
        """Let go of it."""
        sql.discard(self._connection)


def _on_sqlite(url: str, busy_s: float) -> sql.Db:
    path = sqlite.database_file(url)
    connection = sqlite.make_engine(path, busy_s).connect()
    try:
        sql.check_version(connection, str(path))
        sql.Raw(connection).execute("PRAGMA secure_delete=ON")
    except BaseException:
        sql.discard(connection)
        raise
    return connection


@contextmanager
def kept(url: str, *, busy_s: float = 5.0) -> Iterator[Connection]:
    """A connection for whoever looks after the vault.

    Raises:
        ConfigError: the URL names no database, or its tables are not of this version.
        VaultUnavailable: the database fails.
    """
    try:
        connection = Connection(url, RETENTION, busy_s)
        try:
            yield connection
        finally:
            connection.close()
    except sql.DatabaseFault:
        raise unavailable() from None


def unavailable() -> VaultUnavailable:
    """The error of every failure."""
    return VaultUnavailable("The vault cannot be used.")


def put(raw: sql.Raw, rows: Iterable[Row]) -> None:
    """Insert rows, or replace those of the same places."""
    raw.executemany(_PUT, rows)


def get(raw: sql.Raw, owner: bytes, kind: str, name: str, now: float) -> bytes | None:
    """The sealed value of a row that has not expired."""
    row = raw.execute(_GET, (owner, kind, name, now)).fetchone()
    return None if row is None else bytes(row[0])


def page(
    raw: sql.Raw, owner: bytes, kind: str, prefix: str, after: str, limit: int, now: float
) -> list[tuple[str, bytes]]:
    """Names and sealed values of rows whose names begin so and follow `after`, by name."""
    values = (owner, kind, prefix, prefix + LAST, after, now, limit)
    return [(name, bytes(sealed)) for name, sealed in raw.execute(_PAGE, values).fetchall()]


def drop_below(raw: sql.Raw, owner: bytes, kind: str, name: str) -> int:
    """Delete some of the rows whose names go on with a slash after this one; how many."""
    bounds = below(name)
    return int(raw.execute(_DROP_BELOW, (owner, kind, owner, kind, *bounds, BATCH)).rowcount)


def drop(raw: sql.Raw, owner: bytes, kind: str, name: str) -> None:
    """Delete one row."""
    raw.execute(_DROP, (owner, kind, name))


def purge_some(
    raw: sql.Raw, now: float, *, tenant: str | None = None, before: float | None = None
) -> int:
    """Delete some of what has expired, or of what was made before a time; how many rows."""
    ends = (now, inf) if before is None else (inf, before)
    tenants = ("", LAST) if tenant is None else (tenant, tenant + FIRST)
    return int(raw.execute(_PURGE, (*ends, *tenants, BATCH)).rowcount)


def purge(
    connection: Connection, now: float, *, tenant: str | None = None, before: float | None = None
) -> int:
    """Delete all of that, some at a time, so that others can write meanwhile; how many rows.

    Raises `DatabaseFault`.
    """
    done, taken = 0, BATCH
    while taken == BATCH:
        with connection.transaction() as raw:
            taken = purge_some(raw, now, tenant=tenant, before=before)
        done += taken
    if done:
        connection.clean()
    return done


def erase(connection: Connection, tenant: str, requests: Iterable[str]) -> int:
    """Delete all that these requests of a tenant have left; how many rows.

    Raises `DatabaseFault`.
    """
    done = 0
    for one in requests:
        with connection.transaction() as raw:
            done += int(raw.execute(_ERASE, (one, tenant)).rowcount)
    if done:
        connection.clean()
    return done


def stats(connection: Connection, now: float) -> Sequence[Kept]:
    """What every tenant keeps, by kind. Raises `DatabaseFault`."""
    with connection.reading() as raw:
        rows = raw.execute(_STATS, (now,)).fetchall()
    return [
        Kept(tenant, kind, int(items), int(expired), int(size), float(first))
        for tenant, kind, items, expired, size, first in rows
    ]
