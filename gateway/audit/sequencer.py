"""Gives the records of several writers their places in one tree: a thread beside the writers.

Every process has one. Whichever holds the log's advisory lock leads; the others wait to take
over. The leader checks each writer's chain, number by number and MAC by MAC, before it gives out
leaf indexes, and never goes past a break: what follows stays without a leaf, the process is not
ready, and the break goes on record. Locks, leaves and checkpoints belong to one session, so that
a leader that lost the lock cannot commit.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

import structlog

from gateway.audit import sql, tree
from gateway.audit.chain import Head, Link, extend, writer_key
from gateway.audit.checkpointing import LEAVES, Checkpointer, LogForked, Signing
from gateway.audit.continuing import check_continues
from gateway.audit.postgres import sql as postgres
from gateway.audit.postgres.backend import PostgresBackend
from gateway.errors import ConfigError

_log = structlog.get_logger()

ROLE = "cloakroom_sequencer"
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 5.0
_PENDING = (
    "SELECT r.seq, r.event_id, r.body, r.leaf_hash, r.writer_id, r.writer_seq, "
    "r.prev_writer_hash, r.mac, w.last_seq, w.last_hash FROM audit_writers w CROSS JOIN LATERAL ("
    "SELECT * FROM audit_records o WHERE o.writer_id = w.writer_id AND o.writer_seq > w.last_seq "
    "ORDER BY o.writer_seq LIMIT ?) r WHERE w.writer_id <> ALL(?) ORDER BY r.seq LIMIT ?"
)


class Pending(NamedTuple):
    """A record without a leaf, and how far its writer's chain is sequenced."""

    seq: int
    event_id: str
    body: str
    leaf_hash: bytes
    writer_id: str
    writer_seq: int
    prev_writer_hash: bytes
    mac: bytes
    last_seq: int
    last_hash: bytes


def checked(rows: Iterable[Pending], master: bytes) -> tuple[list[tree.Leaf], dict[str, int]]:
    """What may be sequenced, in order, and by writer the number at which a chain is broken."""
    leaves: list[tree.Leaf] = []
    heads: dict[str, Head] = {}
    keys: dict[str, bytes] = {}
    broken: dict[str, int] = {}
    for row in rows:
        writer = row.writer_id
        if writer in broken:
            continue
        if writer not in keys:
            keys[writer] = writer_key(master, writer)
            heads[writer] = Head(row.last_seq, bytes(row.last_hash))
        (due,) = extend(heads[writer], [row.body.encode()], keys[writer], writer)
        if due != Link(row.writer_seq, row.leaf_hash, row.prev_writer_hash, row.mac):
            broken[writer] = due.writer_seq
            continue
        heads[writer] = Head(due.writer_seq, due.leaf_hash)
        leaves.append(tree.Leaf(row.seq, row.event_id, row.leaf_hash, writer, row.writer_seq))
    return leaves, broken


class Sequencer:
    """The thread of one process.

    Args:
        backend: the database.
        master: the master key, from which writers' MAC keys are derived.
        signing: with what checkpoints are signed; without, none are.
        on_leading: called when this process has become the leader, with the ids of public keys
            that the log got by it.
        on_broken: called with a writer's id when its chain is found broken.
        poll_s: how often the leader looks for records, in seconds.
        wait_s: how often the others try to lead, in seconds.
    """

    def __init__(
        self,
        backend: PostgresBackend,
        master: bytes,
        signing: Signing | None,
        *,
        on_leading: Callable[[list[str]], None],
        on_broken: Callable[[str], None],
        poll_s: float = 0.25,
        wait_s: float = 2.0,
    ) -> None:
        self.broken: dict[str, int] = {}
        self.forked = False
        self.problem: ConfigError | None = None
        self._backend = backend
        self._master = master
        self._keys = signing.keys if signing is not None else None
        self._checkpointer = Checkpointer(signing) if signing is not None else None
        self._on_leading = on_leading
        self._on_broken = on_broken
        self._poll_s = poll_s
        self._wait_s = wait_s
        self._connection: sql.Db | None = None
        self._leads = False
        self._unsigned = False  # our keys are new to the log, and have signed no record of it
        self._failures = 0
        self._failing_since: float | None = None
        self._stopping = threading.Event()
        self._tried = threading.Event()
        self._thread = threading.Thread(target=self._run, name="audit-sequencer", daemon=True)

    @property
    def healthy(self) -> bool:
        """Whether nothing was found that should not be: every chain whole, the tree one tree."""
        return not self.broken and not self.forked and self.problem is None

    @property
    def failing_since(self) -> float | None:
        """Since when it fails at its work, by the monotonic clock in seconds; None: it does not."""
        return self._failing_since

    @property
    def leads(self) -> bool:
        """Whether this process gives out leaf indexes now."""
        return self._leads

    def start(self, patience_s: float) -> None:
        """Start the thread, and wait until it has tried to lead, or for so many seconds.

        Raises:
            ConfigError: it cannot: the log has another name or schema, or is not what was signed.
        """
        self._thread.start()
        self._tried.wait(patience_s)
        if self.problem is not None:
            raise self.problem

    def stop(self) -> None:
        """Sequence and sign what is there, if this process leads, and end the thread."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()

    # ---- the thread --------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._stopping.is_set():
            wait_s = self._turn()
            self._tried.set()
            self._stopping.wait(wait_s)
        self._turn(final=True)
        self._disconnect()

    def _turn(self, *, final: bool = False) -> float:
        """One round; seconds until the next one."""
        try:
            with sql.faults():
                leads = self._lead()
                if leads:
                    while self._sequence() == tree.PAGE:
                        self._sign()
                    self._sign(final=final)
        except LogForked as fault:
            self.forked = True
            _log.error("audit_log_forked", component="audit", error_class=str(fault))
            self._disconnect()
            return LONGEST_PAUSE_S
        except ConfigError as error:
            if self.problem is None:
                _log.error("audit_sequencer_refused", component="audit")
            self.problem = error
            self._disconnect()
            return LONGEST_PAUSE_S
        except Exception as error:  # whatever it was, records must get their leaves
            if self._failures == 0:
                name = sql.class_of(error)
                _log.error("audit_sequencer_failed", component="audit", error_class=name)
            if self._failing_since is None:
                self._failing_since = time.monotonic()
            self._disconnect()
            self._failures += 1
            return float(min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(self._failures, 10)))
        self._failures, self.problem, self._failing_since = 0, None, None
        return self._poll_s if leads else self._wait_s

    def _lead(self) -> bool:
        """Whether this process leads, after trying to."""
        if self._connection is None:
            self._connection = self._backend.connect_as(ROLE)
            raw, place = sql.Raw(self._connection), self._backend.place
            check_continues(raw, place, self._keys)
            if self._checkpointer is not None:
                self._checkpointer.check_name(raw, place)
        if not self._leads:
            raw = sql.Raw(self._connection)
            self._leads = bool(raw.execute(postgres.LEAD).fetchone()[0])
            if self._leads:
                _log.info("audit_sequencer_leads", component="audit")
                new_keys = self._introduce(self._connection)
                self._unsigned = self._unsigned or bool(new_keys)
                self._on_leading(new_keys)
        return self._leads

    def _introduce(self, connection: sql.Db) -> list[str]:
        if self._checkpointer is None:
            return []
        with self._backend.transaction(connection) as raw:
            return self._checkpointer.introduce(raw, self._backend.place)

    def _sequence(self) -> int:
        """Give leaves to the next records; how many were looked at."""
        connection = self._connected()
        values = (tree.PAGE, sorted(self.broken), tree.PAGE)
        # Outside the transaction, which would write even where there is nothing to do. Only a
        # leader moves on what is read here, and a new one leads when our session is no more.
        rows = [Pending(*row) for row in sql.Raw(connection).execute(_PENDING, values).fetchall()]
        leaves, broken = checked(rows, self._master)
        if leaves:
            with self._backend.transaction(connection) as raw:
                tree.append(raw, tree.read(raw, lock=True), leaves)
        if self._checkpointer is not None and leaves:
            # The first records are signed at once: until then nothing vouches for the log.
            self._checkpointer.grew(LEAVES if self._unsigned else len(leaves))
            self._unsigned = False
        for writer_id, number in broken.items():
            _log.error("audit_chain_broken", component="audit", writer=writer_id, number=number)
            self.broken[writer_id] = number
            self._on_broken(writer_id)
        return len(rows)

    def _sign(self, *, final: bool = False) -> None:
        if self._checkpointer is None:
            return
        connection = self._connected()
        signed = self._checkpointer.sign(sql.Raw(connection), final=final)
        if signed is not None:
            with self._backend.transaction(connection) as raw:
                self._checkpointer.store(raw, signed)

    def _connected(self) -> sql.Db:
        if self._connection is None:
            raise sql.DatabaseFault("not connected")
        return self._connection

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        self._leads = False
        if connection is not None:
            sql.discard(connection)
