"""The audit log as those see it who only read: commands, evidence, sinks.

    with open_log(url) as log:
        for row in log.rows(0):
            ...

Only what has a leaf is seen. Nothing is ever written, and no lock is held between two calls.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, Self

import orjson

from gateway.audit import sql, tree
from gateway.audit.opening import make_reader
from gateway.errors import AuditUnavailable

PAGE = 1000
TREE_SCHEMA: Final = 2  # since when the tables that are read here are there: old copies too


@dataclass(frozen=True, slots=True)
class LogRow:
    """A leaf and its record. `body` is the record's canonical form."""

    leaf_index: int
    event_id: str
    body: bytes = field(repr=False)
    leaf_hash: bytes
    writer_id: str
    writer_seq: int
    prev_writer_hash: bytes
    mac: bytes
    seq: int


@dataclass(frozen=True, slots=True)
class StoredCheckpoint:
    """A signed tree head of this size, made at `ts`, as a C2SP signed note."""

    size: int
    ts: str
    note: str


@dataclass(frozen=True, slots=True)
class LogKey:
    """A public key of the log; `until` is set when it no longer signs."""

    key_id: str
    name: str
    algorithm: str
    public: bytes = field(repr=False)
    since: str
    until: str | None


@dataclass(frozen=True, slots=True)
class Pruning:
    """Records below a leaf that retention took, as the record with this event id says."""

    below: int
    ts: str
    event_id: str


@dataclass(frozen=True, slots=True)
class PolicyFile:
    """A file of a policy as it was when it was in force."""

    name: str
    text: str = field(repr=False)


class OpenLog:
    """A log that is open for reading, until `close` or the end of a `with` block.

    Every method of those that are one raises `AuditUnavailable` where the log cannot be read.
    """

    def __init__(self, connection: sql.Db) -> None:
        self._connection = connection
        self._raw = sql.Raw(connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database."""
        with readable():
            self._connection.close()

    def _all(self, query: str, values: Sequence[object] = ()) -> list[Any]:
        with readable():
            return list(self._raw.execute(query, values).fetchall())


class LogReader(OpenLog):
    """The tree, its records in order, and what is signed of it."""

    def __init__(self, connection: sql.Db) -> None:
        super().__init__(connection)
        self._hashes = tree.hashes(self._raw)
        self._stored = tree.stored(self._raw)

    @property
    def size(self) -> int:
        """How many leaves the tree has."""
        return int(self._one("SELECT size FROM audit_tree"))

    @property
    def pruned_below(self) -> int:
        """The first leaf whose record retention has left."""
        return int(self._one("SELECT max(below) FROM audit_pruned") or 0)

    @property
    def pruned_by(self) -> str:
        """The event id of the record that says so, "" where nothing was taken."""
        found = self._all("SELECT event_id FROM audit_pruned ORDER BY below DESC LIMIT 1")
        return str(found[0][0]) if found else ""

    def prunings(self, limit: int = 20) -> list[Pruning]:
        """What retention took, the newest first."""
        query = (
            "SELECT max(below), max(ts), event_id FROM audit_pruned GROUP BY event_id "
            "ORDER BY max(below) DESC LIMIT ?"
        )
        return [Pruning(*row) for row in self._all(query, (limit,))]

    def anchored(self) -> dict[str, tuple[int, str]]:
        """What each anchor was given last, by its key: the size of a tree, and when."""
        found = self._all("SELECT anchor, size, ts FROM audit_anchors ORDER BY ts")
        return {str(anchor): (int(size), str(ts)) for anchor, size, ts in found}

    def count(self, since: str = "", until: str = "") -> int:
        """How many records of a period there are; "" is no bound, and the second is exclusive."""
        found = self._all(
            "SELECT count(*) FROM audit_records WHERE ts >= ? AND (? = '' OR ts < ?)",
            (since, until, until),
        )
        return int(found[0][0])

    def gaps(self) -> dict[str, int]:
        """Writers of which records are missing between their first and last, and how many."""
        missing = "max(writer_seq) - min(writer_seq) + 1 - count(*)"
        query = (
            f"SELECT writer_id, {missing} FROM audit_records GROUP BY writer_id "  # noqa: S608
            f"HAVING {missing} <> 0 ORDER BY writer_id"
        )
        return {str(writer): int(count) for writer, count in self._all(query)}

    @property
    def origin(self) -> str:
        """The log's name, "" where nothing was signed yet."""
        return str(self._one("SELECT origin FROM audit_meta") or "")

    def rows(self, start: int, stop: int | None = None) -> Iterator[LogRow]:
        """Leaves from index `start` on, below `stop` or as far as there are, in order.

        Those that retention took are left out.
        """
        end = self.size if stop is None else stop
        while start < end:
            page = self._all(
                "SELECT l.leaf_index, r.event_id, r.body, r.leaf_hash, r.writer_id, r.writer_seq, "
                "r.prev_writer_hash, r.mac, r.seq FROM audit_leaves l JOIN audit_records r "
                "ON r.event_id = l.event_id WHERE l.leaf_index >= ? AND l.leaf_index < ? "
                "ORDER BY l.leaf_index LIMIT ?",
                (start, end, PAGE),
            )
            for index, event_id, body, *rest in page:
                # A body that somebody put there as bytes is a damaged record, not an end.
                text = body if isinstance(body, bytes) else body.encode()
                yield LogRow(index, event_id, text, *rest)
            if len(page) < PAGE:
                return
            start = page[-1][0] + 1

    def subtree(self, level: int, index: int) -> bytes:
        """The hash of the complete subtree of 2**level leaves with this number.

        Raises:
            ValueError: the tree has none, or it was pruned.
        """
        with readable():
            return self._hashes(level, index)

    def stored(self, level: int, start: int, count: int) -> list[bytes]:
        """Hashes of a tile level from number `start` on, as many of them as there are.

        They must not cross the edge of a tile.
        """
        with readable():
            found = self._stored(level, start, count)
        return [one for one in found if one]

    def checkpoints(self, since_size: int = 0) -> Iterator[StoredCheckpoint]:
        """Checkpoints of at least this size, the smallest first."""
        while page := self._all(
            "SELECT size, ts, note FROM audit_checkpoints WHERE size >= ? ORDER BY size LIMIT ?",
            (since_size, PAGE),
        ):
            for row in page:
                yield StoredCheckpoint(*row)
            since_size = page[-1][0] + 1

    def latest_checkpoint(self) -> StoredCheckpoint | None:
        """The checkpoint of the largest tree."""
        query = "SELECT size, ts, note FROM audit_checkpoints ORDER BY size DESC LIMIT 1"
        rows = self._all(query)
        return StoredCheckpoint(*rows[0]) if rows else None

    def keys(self) -> list[LogKey]:
        """The log's public keys, the oldest first. A key that a reader trusts is not among them
        because it stands there.
        """
        query = (
            "SELECT key_id, name, algorithm, public, since, until FROM audit_log_keys "
            "ORDER BY since, algorithm"
        )
        return [LogKey(*row) for row in self._all(query)]

    def policy(self, sha256: str) -> list[PolicyFile] | None:
        """The files of the policy with this digest, None where they are not kept."""
        found = self._all("SELECT text FROM audit_policies WHERE sha256 = ?", (sha256,))
        if not found:
            return None
        return [PolicyFile(one["name"], one["text"]) for one in orjson.loads(found[0][0])]

    def cursors(self) -> dict[str, int]:
        """How far each sink was served, and whether it is said to fail: see `sinks/sql.py`."""
        return dict(self._all("SELECT sink, leaf_index FROM audit_cursors ORDER BY sink"))

    def leaf_of(self, event_id: str) -> int | None:
        """The leaf index of a record, None where it has none (yet)."""
        found = self._all("SELECT leaf_index FROM audit_leaves WHERE event_id = ?", (event_id,))
        return int(found[0][0]) if found else None

    def _one(self, query: str) -> Any:
        (row,) = self._all(query)  # none is a damaged log: ValueError
        return row[0]


def open_log(url: str, *, busy_s: float = 5.0) -> LogReader:
    """Open the log at an audit URL for reading: not even its files change.

    Raises:
        ConfigError: the URL names no log, or its schema is not of this version.
        AuditUnavailable: it cannot be read.
    """
    return LogReader(connect(url, busy_s))


def connect(url: str, busy_s: float) -> sql.Db:
    """A connection that cannot write. It is for the caller to close.

    Raises:
        ConfigError: the URL names no log, or its schema is not of this version.
        AuditUnavailable: it cannot be read.
    """
    engine, place = make_reader(url, busy_s)
    with readable():
        connection = engine.connect()
        try:
            sql.check_version(connection, place, least=TREE_SCHEMA)
        except BaseException:
            connection.close()
            raise
        return connection


@contextmanager
def readable() -> Iterator[None]:
    """What the database fails at, as the error of this gateway."""
    try:
        with sql.faults():
            yield
    except sql.DatabaseFault:
        raise AuditUnavailable("The audit log cannot be read.") from None
