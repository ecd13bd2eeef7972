"""The audit log in a PostgreSQL database, which several gateways may share."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager

from gateway.audit import sql
from gateway.audit.backend import Batch
from gateway.audit.postgres import faults
from gateway.audit.postgres import sql as postgres
from gateway.audit.postgres.faults import MIGRATE
from gateway.errors import ConfigError, Problem

WRITER, SEQUENCER = "cloakroom_writer", "cloakroom_sequencer"
GRACE_S = 60.0
"""How long a writer may be without its session: all lose theirs when the server restarts.

A writer with nothing to write finds that out when it looks for open requests of the dead, every
30 seconds, and then has to connect.
"""


class PostgresBackend:
    """A `Backend` on a database. A writer that lives holds an advisory lock.

    Args:
        url: an SQLAlchemy URL, for example `postgresql://cloakroom@db.internal/audit`.
        busy_s: how long a statement may take, in seconds.
        grace_s: how long a writer has to be gone, in seconds, before its requests are closed.
    """

    inline = False

    def __init__(self, url: str, busy_s: float, *, grace_s: float = GRACE_S) -> None:
        self.address = postgres.address(url)
        self.grace_s = grace_s
        self._engine = postgres.make_engine(self.address, busy_s)
        self._gone: dict[str, float] = {}

    @property
    def place(self) -> str:
        """Host and database."""
        return postgres.place(self.address)

    def prepare(self, writer_id: str) -> None:
        """Nothing: the database is there, and the lock belongs to the connection."""

    def connect(self, writer_id: str, *, first: bool) -> sql.Db:
        """A connection as the writing role, when the writer's earlier session has ended.

        Raises:
            ConfigError: the schema is not of this version, or not there; at first also where
                there is no connection, or no right to write.
        """
        try:
            with sql.faults():
                connection = self.connect_as(WRITER, first=first, writer_id=writer_id)
        except sql.DatabaseFault as fault:
            hint = faults.explain(fault, WRITER) if first else ""
            if not hint:
                raise
            message = f"the audit log cannot be opened for writing ({fault})"
            raise ConfigError([Problem(self.place, 0, "", message, hint)]) from None
        try:
            postgres.register(sql.Raw(connection), writer_id)
        except BaseException:
            sql.discard(connection)
            raise
        self._gone.clear()  # others lost their sessions too, perhaps
        return connection

    def connect_as(self, role: str, *, first: bool = False, writer_id: str = "") -> sql.Db:
        """A connection as one of the roles; with `writer_id` it holds that writer's lock."""
        connection = self._engine.connect()
        try:
            if first:
                self._check_there(connection)
            sql.check_version(connection, self.place)
            raw = sql.Raw(connection)
            if writer_id:
                postgres.hold(raw, writer_id)
            postgres.take_role(raw, role)
        except BaseException:
            sql.discard(connection)
            raise
        return connection

    def missing_roles(self, roles: Sequence[str] = (WRITER, SEQUENCER)) -> tuple[str, list[str]]:
        """The login as SQL writes it, and those of these roles that it is no member of.

        Raises:
            DatabaseFault: it cannot be told.
        """
        with sql.faults(), self._engine.connect() as connection:
            raw = sql.Raw(connection)
            (login,) = raw.execute("SELECT quote_ident(session_user)").fetchone()
            query = (
                "SELECT count(*) FROM pg_roles WHERE rolname = ? "
                "AND pg_has_role(session_user, oid, 'MEMBER')"
            )
            held = {one: raw.execute(query, (one,)).fetchone()[0] for one in roles}
        return str(login), [one for one, count in held.items() if not count]

    def is_late(self, before: str) -> bool:
        """Whether records wait for their leaves, and nothing was signed since this time.

        Raises:
            DatabaseFault: it cannot be told.
        """
        with sql.faults():
            connection = self.connect_as(SEQUENCER)
            try:
                return postgres.is_late(sql.Raw(connection), before)
            finally:
                sql.discard(connection)

    def _check_there(self, connection: sql.Db) -> None:
        if sql.version(connection) == 0:
            message = "there is no audit log in this database yet"
            hint = f"make its tables with: {MIGRATE}"
            raise ConfigError([Problem(self.place, 0, "", message, hint)])

    def transaction(self, connection: sql.Db) -> AbstractContextManager[sql.Raw]:
        """A transaction."""
        return sql.transaction(connection, postgres.BEGIN)

    def insert(self, raw: sql.Raw, batch: Batch) -> None:
        """Insert records; the sequencer gives them their leaves."""
        postgres.insert(raw, batch)

    def alone(self, raw: sql.Raw) -> None:
        """Wait for others that close requests of the dead."""
        raw.execute(postgres.ALONE)

    def still_open(self, raw: sql.Raw) -> list[tuple[str, str, str]]:
        """Requests without a closing record."""
        return postgres.still_open(raw)

    def is_dead(self, raw: sql.Raw, writer_id: str) -> bool:
        """Whether the writer's lock has been free, each time we looked, for long enough."""
        if postgres.is_held(raw, writer_id):
            self._gone.pop(writer_id, None)
            return False
        now = time.monotonic()
        return now - self._gone.setdefault(writer_id, now) >= self.grace_s

    def check(self) -> None:
        """Nothing: what was committed is where everybody looks."""

    def sweep(self) -> None:
        """Nothing: locks go with their sessions."""

    def release(self, writer_id: str) -> None:
        """Nothing: the lock goes with the connection."""
