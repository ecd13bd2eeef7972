"""The audit log as one process writes it: blocking, for one thread. Chain, connection, upkeep.

After any failure the connection is made anew and the own last row is read again, so that what a
failed commit left unknown is settled before anything else is written.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet

import orjson
import structlog

from gateway.audit import sql
from gateway.audit.backend import Backend, Batch, RecordRow
from gateway.audit.chain import Head, Link, extend, head_of, writer_key
from gateway.audit.checkpoint import SigningKeys
from gateway.audit.checkpointing import Checkpointer
from gateway.audit.content import sql as content
from gateway.audit.continuing import check_continues
from gateway.audit.facts import TERMINAL, EventType
from gateway.audit.record import AuditRecord, canonical, outcome_unknown, timestamp, uuid7
from gateway.errors import ConfigError

_log = structlog.get_logger()

TERMINAL_TYPES = frozenset(TERMINAL.values())


class Ledger:
    """The writing end of one log. Every method raises `DatabaseFault` where the database fails.

    `committing` says, after a failed `write`, whether its commit was under way: the rows may then
    be there.
    """

    def __init__(self, backend: Backend, master: bytes) -> None:
        self.backend = backend
        self.writer_id = secrets.token_hex(16)
        self.committing = False
        self._master = master
        self._key = writer_key(master, self.writer_id)
        self._connection: sql.Db | None = None
        self._head = Head()

    def open(self, own: SigningKeys | None) -> None:
        """Make what is not there, bring the schema up to date where that is due, and reconcile.

        `own` are the keys that will sign the log, if any do.

        Raises:
            ConfigError: the schema is not of this version, or the log is not what was signed.
        """
        with sql.faults():
            self.backend.prepare(self.writer_id)
            self._connection = self.backend.connect(self.writer_id, first=True)
            if self.backend.inline:  # elsewhere writers cannot read this, and the sequencer does
                check_continues(sql.Raw(self._connection), self.backend.place, own)
            self.reconcile(frozenset())

    def write(self, pairs: Sequence[tuple[AuditRecord, bytes]]) -> None:
        """Write records, each with its canonical form, in one transaction.

        The chain moves on only after the commit.
        """
        self.committing = False
        with sql.faults():
            connection = self._connected()
            with self.backend.transaction(connection) as raw:
                links = self._insert(raw, pairs)
                self.committing = True
            self.backend.check()
        self._head = head_of(links, self._head)

    def probe(self) -> None:
        """Write something that does not matter."""
        with sql.faults():
            with self.backend.transaction(self._connected()) as raw:
                sql.touch(raw)
            self.backend.check()

    def keep_up(self, checkpointer: Checkpointer, *, final: bool = False) -> None:
        """Sign the tree as it stands, if that is due.

        Raises:
            LogForked: it contradicts what was signed before.
        """
        with sql.faults():
            connection = self._connected()
            note = checkpointer.sign(sql.Raw(connection), final=final)
            if note is not None:
                with self.backend.transaction(connection) as raw:
                    checkpointer.store(raw, note)
                self.backend.check()

    def introduce(self, checkpointer: Checkpointer) -> list[str]:
        """Put the log's name and public keys into it; the ids of the keys that are new.

        Raises:
            ConfigError: the log has another name.
        """
        with sql.faults(), self.backend.transaction(self._connected()) as raw:
            return checkpointer.introduce(raw, self.backend.place)

    def reconcile(self, abandoned: AbstractSet[str]) -> int:
        """Close the requests of dead writers, and our own `abandoned` ones; how many they were."""
        closed = 0
        with sql.faults():
            connection = self._connected()
            if self._orphans(sql.Raw(connection), abandoned):
                with self.backend.transaction(connection) as raw:
                    self.backend.alone(raw)
                    # Read again under the lock: another process may have been quicker.
                    pairs = _ends(self._orphans(raw, abandoned))
                    links = self._insert(raw, pairs)
                self.backend.check()
                self._head = head_of(links, self._head)
                closed = len(pairs)
            self.backend.sweep()
        return closed

    def disconnect(self) -> None:
        """Let go of the connection; the next use makes a new one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            sql.discard(connection)

    def close(self) -> None:
        """Let go of the connection and of what shows that this writer lives."""
        self.disconnect()
        try:
            self.backend.release(self.writer_id)
        except OSError as error:
            _log.warning("audit_lock_left", component="audit", error_class=type(error).__name__)

    def _insert(self, raw: sql.Raw, pairs: Sequence[tuple[AuditRecord, bytes]]) -> list[Link]:
        links = extend(self._head, (body for _, body in pairs), self._key, self.writer_id)
        found = [record for record, _ in pairs]
        batch = Batch(
            rows=[
                _row(record, body, link, self.writer_id)
                for (record, body), link in zip(pairs, links, strict=True)
            ],
            nonces=list(_nonces(found)),
            opened=[
                (one.request_id, one.event_id, self.writer_id)
                for one in found
                if one.type is EventType.REQUEST_ACCEPTED
            ],
            ended=[(one.request_id,) for one in found if one.type in TERMINAL_TYPES],
        )
        self.backend.insert(raw, batch)
        beside = [one.beside for one in found if one.beside is not None]
        if beside:
            content.insert(raw, beside, self._master, found[0].ts)
        return links

    def _connected(self) -> sql.Db:
        """The writing connection, made anew after any failure."""
        if self._connection is None:
            try:
                connection = self.backend.connect(self.writer_id, first=False)
            except ConfigError:  # somebody has migrated it under us: nothing is written here
                raise sql.DatabaseFault("another schema") from None
            try:
                found = sql.head(sql.Raw(connection), self.writer_id)
            except BaseException:
                sql.discard(connection)
                raise
            # Fewer rows than were acknowledged: keep counting, so that the gap shows.
            if found.writer_seq > self._head.writer_seq:
                self._head = found
            self._connection = connection
        return self._connection

    def _orphans(self, raw: sql.Raw, abandoned: AbstractSet[str]) -> list[str]:
        """The bodies of accepted records whose requests will not be closed by their writers."""
        dead: dict[str, bool] = {}
        found: list[str] = []
        for request_id, writer_id, body in self.backend.still_open(raw):
            if writer_id == self.writer_id:
                orphan = request_id in abandoned
            else:
                if writer_id not in dead:
                    dead[writer_id] = self.backend.is_dead(raw, writer_id)
                orphan = dead[writer_id]
            if orphan:
                found.append(body)
        return found


def _ends(bodies: Iterable[str]) -> list[tuple[AuditRecord, bytes]]:
    """Closing records for these accepted ones, given by their bodies."""
    pairs: list[tuple[AuditRecord, bytes]] = []
    for body in bodies:
        now = time.time_ns()
        event_id = uuid7(now // 1_000_000, secrets.token_bytes(10))
        try:
            stored = orjson.loads(body)
            record = outcome_unknown(stored, event_id=event_id, ts=timestamp(now // 1000))
        except ValueError:
            _log.error("audit_record_unreadable", component="audit")
            continue
        pairs.append((record, canonical(record)))
    return pairs


def _row(record: AuditRecord, body: bytes, link: Link, writer_id: str) -> RecordRow:
    return (
        record.event_id,
        record.request_id or None,
        record.type.value,
        record.ts,
        record.tenant,
        writer_id,
        link.writer_seq,
        link.leaf_hash,
        link.prev_writer_hash,
        link.mac,
        body.decode("ascii"),
    )


def _nonces(found: Iterable[AuditRecord]) -> Iterable[tuple[str, str, bytes]]:
    for record in found:
        if record.masked_request is not None:
            yield record.event_id, "masked_request", bytes.fromhex(record.masked_request.nonce)
        if record.masked_response is not None:
            yield record.event_id, "masked_response", bytes.fromhex(record.masked_response.nonce)
