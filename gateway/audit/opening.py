"""Which database an audit URL names, for writing and for reading."""

from __future__ import annotations

from gateway.audit import sql
from gateway.audit.backend import Backend
from gateway.audit.postgres import sql as postgres
from gateway.audit.postgres.backend import PostgresBackend
from gateway.audit.sqlite import sql as sqlite
from gateway.audit.sqlite.backend import SqliteBackend
from gateway.errors import ConfigError, Problem


def is_postgres(url: str) -> bool:
    """Whether the URL is one of PostgreSQL."""
    return url.partition(":")[0].partition("+")[0] in {"postgresql", "postgres"}


def make_backend(url: str, busy_s: float) -> Backend:
    """What writes to the log at this URL.

    Raises:
        ConfigError: the URL names neither an SQLite file nor a PostgreSQL database.
    """
    if is_postgres(url):
        return PostgresBackend(url, busy_s)
    return SqliteBackend(sqlite.database_file(url), busy_s)


def make_reader(url: str, busy_s: float) -> tuple[sql.DbEngine, str]:
    """An engine that only reads, and where the log is, as messages may name it.

    Raises:
        ConfigError: as `make_backend`.
    """
    if is_postgres(url):
        address = postgres.address(url)
        return postgres.make_engine(address, busy_s, read_only=True), postgres.place(address)
    path = sqlite.database_file(url)
    return sqlite.make_engine(path, busy_s, read_only=True), str(path)


def migrate(url: str, busy_s: float = 60.0) -> bool:
    """Bring the tables of a log up to this version, or make them; whether they changed.

    Raises:
        ConfigError: a newer version made them, or it cannot be done.
    """
    place = ""
    try:
        with sql.faults():
            if is_postgres(url):
                place = postgres.place(postgres.address(url))
                return postgres.migrate(url, busy_s)
            path = sqlite.database_file(url)
            place = str(path)
            sqlite.make_file(path)
            with sqlite.make_engine(path, busy_s).connect() as connection:
                return sqlite.migrate(connection, path)
    except sql.DatabaseFault as fault:
        message = f"the audit log cannot be migrated ({fault})"
        hint = "the login must own the tables; to make roles it needs CREATEROLE"
        raise ConfigError([Problem(place, 0, "", message, hint)]) from None
