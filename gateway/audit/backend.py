"""What the writing end of the audit log needs of a database. SQLite and PostgreSQL provide it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from gateway.audit.sql import Db, Raw

RecordRow: TypeAlias = tuple[str, str | None, str, str, str, str, int, bytes, bytes, bytes, str]
"""A row of `audit_records` without its `seq`, in the order of the columns."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows that are written in one transaction.

    `nonces` are event id, kind and nonce; `opened` are request, event and writer id; `ended` are
    request ids.
    """

    rows: list[RecordRow] = field(repr=False)
    nonces: list[tuple[str, str, bytes]] = field(repr=False)
    opened: list[tuple[str, str, str]]
    ended: list[tuple[str]]


class Backend(Protocol):
    """One database. All methods block, and are called on the writing thread.

    Whatever the driver raises is turned into a `DatabaseFault` by the caller.
    """

    @property
    def place(self) -> str:
        """Where the log is, as messages may name it: without a password."""

    @property
    def inline(self) -> bool:
        """Whether records get their leaves in the transaction that writes them."""

    def prepare(self, writer_id: str) -> None:
        """Before the first connection: make what must be there, show that this writer lives."""

    def connect(self, writer_id: str, *, first: bool) -> Db:
        """A connection to write with. When it is there, no earlier one of this writer is at work.

        The first one brings the schema up to date, where that is done at start.

        Raises:
            ConfigError: the schema is not of this version.
        """

    def transaction(self, connection: Db) -> AbstractContextManager[Raw]:
        """A transaction; whatever is raised inside rolls it back."""

    def insert(self, raw: Raw, batch: Batch) -> None:
        """Insert records with all that belongs to them, inside a transaction."""

    def alone(self, raw: Raw) -> None:
        """Wait, in a transaction, until no other process is closing requests of the dead."""

    def still_open(self, raw: Raw) -> list[tuple[str, str, str]]:
        """Requests without a closing record: request id, writer id, the accepted record's body."""

    def is_dead(self, raw: Raw, writer_id: str) -> bool:
        """Whether another writer is gone for good, so that its requests are for us to close."""

    def check(self) -> None:
        """Make sure that what was committed is where the next process will look for it."""

    def sweep(self) -> None:
        """Remove what dead writers left."""

    def release(self, writer_id: str) -> None:
        """Let go of what shows that this writer lives."""
