"""What a further sink of the audit log is, and what it is handed.

The database is the first sink, and the only one that a record must be in. Further ones get copies
of the records, in the order of the leaves, at least once: the id of an event tells whether it was
seen before.
"""

from __future__ import annotations

import errno
import ssl
from collections.abc import Sequence
from typing import Protocol


class Row(Protocol):
    """A leaf of the log, as `reading.LogRow` has it."""

    @property
    def leaf_index(self) -> int:
        """The leaf's number, from 0."""

    @property
    def event_id(self) -> str:
        """The record's id."""

    @property
    def body(self) -> bytes:
        """The record's canonical form: JSON in ASCII, without line ends."""


class Note(Protocol):
    """A signed checkpoint, as `reading.StoredCheckpoint` has it."""

    @property
    def size(self) -> int:
        """How many leaves it is about."""

    @property
    def ts(self) -> str:
        """When it was made, as records write times."""

    @property
    def note(self) -> str:
        """The signed note."""


class SinkFault(Exception):
    """A sink did not take what it was given. Holds a code such as ENOSPC, and no text of others."""

    @property
    def code(self) -> str:
        """What went wrong, in one word."""
        return str(self)


class Sink(Protocol):
    """One destination of records. All methods block, and are called from one thread."""

    @property
    def hold_s(self) -> float:
        """How long to gather records, in seconds, where nobody waits for them."""

    def probe(self) -> None:
        """See whether records would be taken now, without giving it any.

        Raises:
            SinkFault: they would not.
        """

    def deliver(self, rows: Sequence[Row]) -> None:
        """Return once all these records, at most 1,000, are there to stay.

        Raises:
            SinkFault: it cannot be told of all of them. They are given again.
        """

    def checkpoint(self, note: Note) -> None:
        """Take a checkpoint over records that were delivered, where the sink keeps such.

        Raises:
            SinkFault: it is not there to stay. It is given again.
        """

    def close(self) -> None:
        """Let go of everything; the next use opens it anew."""


def fault_of(error: OSError) -> SinkFault:
    """An operating system's or TLS library's error, without its words."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return SinkFault("certificate_refused")
    if isinstance(error, ssl.SSLError):
        return SinkFault("tls_failed")
    if isinstance(error, TimeoutError):
        return SinkFault("timeout")
    return SinkFault(errno.errorcode.get(error.errno or 0, type(error).__name__))


def line_of(row: Row) -> bytes:
    """A record and its place in the log as one line of JSON.

    The record is written in its canonical form, so that its leaf hash can be computed from the
    bytes behind `"record":`.
    """
    return b'{"leaf_index":%d,"record":%b}\n' % (row.leaf_index, row.body)
