"""The console's tables: connections to them, in the role that may use them. Blocks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from gateway.audit import sql
from gateway.audit.migrations.grants import CONSOLE
from gateway.errors import AuditUnavailable
from gateway.vault.sql import Connection


class Tables:
    """Statements on the database of an audit URL, each time on a connection of its own.

    Both methods raise `AuditUnavailable` where the database fails, and `ConfigError` where the
    URL names none, or its tables are not of this version.
    """

    subject = "tables"
    """What cannot be read where the database fails, in words for people."""

    def __init__(self, url: str, *, busy_s: float = 5.0) -> None:
        self._url = url
        self._busy_s = busy_s

    @contextmanager
    def writing(self) -> Iterator[sql.Raw]:
        """A transaction."""
        with self._connected() as connection, connection.transaction() as raw:
            yield raw

    @contextmanager
    def reading(self) -> Iterator[sql.Raw]:
        """Statements that read."""
        with self._connected() as connection, connection.reading() as raw:
            yield raw

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        try:
            connection = Connection(self._url, CONSOLE, self._busy_s)
            try:
                yield connection
            finally:
                connection.close()
        except sql.DatabaseFault:
            raise AuditUnavailable(f"The console's {self.subject} cannot be read.") from None
