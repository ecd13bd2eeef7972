"""What is kept beside records, for those who look after it: finding, erasing, holds, new epochs.

    with open_content(url, master) as content:
        requests = content.find("acme", "EMAIL_ADDRESS", ["anna@example.com"])
        done = content.erase("acme", requests)

On PostgreSQL all of it is done as `cloakroom_retention`, but for `expire`, which the writing role
may do as well. What is deleted on SQLite is overwritten,
and the write-ahead log is emptied, as far as nobody reads in it; PostgreSQL overwrites deleted rows
when it vacuums, and its write-ahead log when that is recycled.
"""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final

import orjson

from gateway.audit import sql
from gateway.audit.content import figures, said
from gateway.audit.content import sql as rows
from gateway.audit.content.capsule import CapsuleError, CapsuleKind, unseal
from gateway.audit.content.index import blind, index_key
from gateway.audit.content.keys import epoch_key, unwrap
from gateway.audit.content.person import Person
from gateway.audit.opening import is_postgres
from gateway.audit.postgres import sql as postgres
from gateway.audit.postgres.backend import PostgresBackend
from gateway.audit.record import commitment, timestamp
from gateway.audit.sqlite import sql as sqlite
from gateway.errors import AuditUnavailable

BATCH: Final = 200
"""Requests of which the content is deleted or wrapped anew in one transaction."""
PAUSE_S: Final = 0.02
"""Seconds between two transactions, in which others write."""
ROLE: Final = "cloakroom_retention"


class HeldError(Exception):
    """A legal hold is in the way. `holds` are the ids of all that are."""

    def __init__(self, holds: Sequence[str]) -> None:
        super().__init__("a legal hold is in the way")
        self.holds = tuple(holds)


@dataclass(frozen=True, slots=True)
class Opened:
    """A capsule that was opened. `text` is None where it does not open.

    `committed` says whether the record commits to this text; None where that cannot be told.
    """

    event_id: str
    kind: CapsuleKind
    text: bytes | None = field(repr=False)
    complete: bool
    committed: bool | None


@dataclass(frozen=True, slots=True)
class Erased:
    """What was destroyed. `is_clean` is false where bytes may still stand in free space."""

    requests: int
    deleted: rows.Deleted
    is_clean: bool


@dataclass(frozen=True, slots=True)
class Rewrapped:
    """How far a new epoch has come: data keys wrapped anew, damaged ones, and how many in all."""

    done: int
    damaged: int
    total: int


class ContentStore:
    """Open content of a log. Use it in a `with` block; it blocks.

    Every method raises `AuditUnavailable` where the database fails.
    """

    def __init__(self, connection: sql.Db, begin: str, master: bytes) -> None:
        self._connection = connection
        self._begin = begin
        self._master = master
        self.is_sqlite = connection.dialect.name == "sqlite"

    def __enter__(self) -> ContentStore:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with available():
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[sql.Raw]:
        """A transaction that writes."""
        with available(), sql.transaction(self._connection, self._begin) as raw:
            yield raw

    @contextmanager
    def snapshot(self) -> Iterator[sql.Raw]:
        """A transaction that reads one state of the log, while others write."""
        begin = "BEGIN" if self.is_sqlite else postgres.SNAPSHOT
        with available(), sql.transaction(self._connection, begin) as raw:
            yield raw

    # ---- people ------------------------------------------------------------------------------

    def find(self, tenant: str, entity_type: str, values: Sequence[str]) -> list[str]:
        """The requests of a tenant in which one of these values was found."""
        blinds = self._blinds(tenant, entity_type, values)
        with available():
            return rows.find(sql.Raw(self._connection), tenant, blinds)

    def said(self, person: Person) -> int:
        """How much feedback there is on values of a person."""
        with available():
            return said.count(sql.Raw(self._connection), person.tenant, self._of(person))

    def _blinds(self, tenant: str, entity_type: str, values: Sequence[str]) -> set[bytes]:
        key = index_key(self._master, tenant)
        return {blind(key, entity_type, value) for value in values}

    def records(self, request_id: str) -> list[dict[str, Any]]:
        """The records of a request, oldest first."""
        with available():
            found = rows.bodies(sql.Raw(self._connection), request_id)
        return [{"seq": seq, **orjson.loads(body)} for seq, _, body in found]

    def capsules(self, request_id: str) -> list[Opened]:
        """The texts that are kept of a request, oldest first."""
        raw = sql.Raw(self._connection)
        with available():
            found = rows.capsules(raw, request_id, now())
            bodies = {event_id: body for _, event_id, body in rows.bodies(raw, request_id)}
            nonces = {one.event_id: rows.nonces(raw, one.event_id) for one in found}
        return [
            opened(self._master, one, nonces[one.event_id].get(one.kind), bodies.get(one.event_id))
            for one in found
        ]

    def kept(self, request_id: str) -> list[figures.KeptText]:
        """Which texts are kept of a request, without opening them."""
        with available():
            return figures.kept(sql.Raw(self._connection), request_id, now())

    def holding(
        self, tenant: str, requests: Sequence[str], person: Person | None = None
    ) -> list[str]:
        """The holds that these requests, and feedback on a person, are under."""
        blinds = self._of(person)
        with available():
            return _holding(sql.Raw(self._connection), tenant, requests, blinds)

    def _of(self, person: Person | None) -> set[bytes]:
        if person is None:
            return set()
        return self._blinds(person.tenant, person.entity_type, person.values)

    def erase(self, tenant: str, requests: Sequence[str], person: Person | None = None) -> Erased:
        """Destroy what is kept of these requests, the nonces of their records' commitments,
        feedback on the person and on those records, and why somebody wanted to see their texts.

        All of it or, where one of them is on hold, nothing. The records themselves stay, and say
        no more than before: their commitments can no longer be tested against a guess.

        Raises:
            HeldError: a hold is in the way.
        """
        total = rows.Deleted()
        blinds = self._of(person)
        with self.transaction() as raw:
            held = _holding(raw, tenant, requests, blinds)
            if held:
                raise HeldError(held)
            for one in requests:
                total = total.plus(rows.delete_content(raw, one))
                total = total.plus(rows.Deleted(nonces=rows.delete_nonces(raw, one)))
            said.forget_reasons(raw, tenant, requests)
            events, _ = said.about(raw, tenant, requests)
            total = total.plus(rows.Deleted(feedback=said.delete(raw, tenant, blinds, events)))
        return Erased(len(requests), total, self.clean())

    def expire(self) -> int:
        """Delete what has outlived its days and is on no hold; of how many requests."""
        done = 0
        while True:
            with self.transaction() as raw:
                count = rows.expire(raw, now(), BATCH)
            done += count
            if count < BATCH:
                break
            time.sleep(PAUSE_S)
        if done:
            self.clean()
        return done

    def clean(self) -> bool:
        """Empty SQLite's write-ahead log, so that nothing deleted is left in it; whether it is."""
        if not self.is_sqlite:
            return False
        with available():
            raw = sql.Raw(self._connection)
            busy, *_ = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not busy

    def vacuum(self) -> bool:
        """Write SQLite's file anew, without free space; whether it was done.

        Nobody else writes meanwhile, and nobody else may be at it when it begins.
        """
        if not self.is_sqlite:
            return False
        try:
            with available():
                sql.Raw(self._connection).execute("VACUUM")
        except AuditUnavailable:
            return False
        return self.clean()

    def standing(self) -> dict[str, list[figures.Standing]]:
        """How much is kept of each tenant, and until when: `texts`, and the `index` of values."""
        raw = sql.Raw(self._connection)
        with available():
            return {
                "texts": figures.standing(raw, "audit_subject_keys", now()),
                "index": figures.standing(raw, "audit_subject_index", now()),
            }

    # ---- holds -------------------------------------------------------------------------------

    def knows(self, tenant: str, request_id: str | None) -> bool:
        """Whether there is a record of a request of this tenant, or of this request.

        An empty tenant is every tenant.
        """
        query, values = "SELECT 1 FROM audit_records WHERE request_id <> ''", []
        if tenant:
            query, values = f"{query} AND tenant = ?", [tenant]
        if request_id is not None:
            query, values = f"{query} AND request_id = ?", [*values, request_id]
        with available():
            found = sql.Raw(self._connection).execute(f"{query} LIMIT 1", values)
            return found.fetchone() is not None

    def hold(
        self,
        *,
        reason: str,
        tenant: str = "",
        request_id: str | None = None,
        subjects: Sequence[tuple[str, str]] = (),
    ) -> list[str]:
        """Put on hold: a person by pairs of entity type and value, a request, a tenant, or all.

        The ids of the holds: one, or one for each value.
        """
        blinds: list[bytes | None] = [None]
        if subjects:
            key = index_key(self._master, tenant)
            blinds = [blind(key, entity_type, value) for entity_type, value in subjects]
        made = [f"hold-{secrets.token_hex(6)}" for _ in blinds]
        with self.transaction() as raw:
            for hold_id, one in zip(made, blinds, strict=True):
                rows.set_hold(
                    raw, hold_id,
                    tenant=tenant, blind=one, request_id=request_id, reason=reason, ts=now(),
                )  # fmt: skip
        return made

    def release(self, hold_id: str) -> bool:
        """End a hold; whether it was in force."""
        with self.transaction() as raw:
            return rows.release_hold(raw, hold_id, now())

    def holds(self, *, released: bool = False) -> list[rows.Hold]:
        """The holds in force, oldest first; with `released` those that have ended, too."""
        with available():
            return rows.holds(sql.Raw(self._connection), released=released)

    # ---- epochs ------------------------------------------------------------------------------

    def epochs(self) -> list[tuple[int, str, int]]:
        """Every epoch of key-encryption keys: number, since when, data keys under it."""
        with available():
            return rows.epochs(sql.Raw(self._connection))

    def open_epoch(self) -> int:
        """Begin a new epoch. Writers use it from their next record on."""
        with self.transaction() as raw:
            return rows.open_epoch(raw, now())

    def rewrap(self, epoch: int, *, batch: int = BATCH) -> Iterator[Rewrapped]:
        """Wrap all data keys of earlier epochs under this one, some at a time.

        A capsule can be opened at any moment: its key and the epoch of that key are read together.
        """
        with available():
            total = rows.count_below(sql.Raw(self._connection), epoch)
        done = damaged = 0
        after: str | None = ""
        while after is not None:
            with self.transaction() as raw:
                more, bad, after = rows.rewrap(raw, self._master, epoch, after, batch)
            done, damaged = done + more, damaged + bad
            yield Rewrapped(done, damaged, max(total, done + damaged))
            if after is not None:
                time.sleep(PAUSE_S)

    def drop_epochs(self, below: int) -> list[int]:
        """Destroy the salts of earlier epochs that wrap nothing any more; which they were."""
        with self.transaction() as raw:
            dropped = rows.drop_epochs(raw, below)
        if dropped:
            self.clean()
        return dropped


def _holding(raw: sql.Raw, tenant: str, requests: Sequence[str], blinds: set[bytes]) -> list[str]:
    held = {h for one in requests for h in rows.holding(raw, tenant, one)}
    blinds = blinds | said.about(raw, tenant, requests)[1]
    if said.count(raw, tenant, blinds):
        held.update(said.holding(raw, tenant, blinds))
    return sorted(held)


def opened(master: bytes, row: rows.CapsuleRow, nonce: bytes | None, body: str | None) -> Opened:
    """A capsule, opened; `body` is its record's canonical form, `nonce` that of its commitment."""
    kind, text = CapsuleKind(row.kind), None
    with suppress(CapsuleError):
        key = unwrap(epoch_key(master, row.epoch, row.salt), row.wrapped)
        text = unseal(key, row.sealed, tenant=row.tenant, event_id=row.event_id, kind=kind)
    committed = None
    if text is not None and row.complete and nonce is not None and body is not None:
        said = (orjson.loads(body).get("commit") or {}).get(kind, "")
        committed = hmac.compare_digest(said, commitment(nonce, text).digest)
    return Opened(row.event_id, kind, text, bool(row.complete), committed)


def open_content(url: str, master: bytes, *, busy_s: float = 5.0, role: str = ROLE) -> ContentStore:
    """Open what is kept beside the records of the log at an audit URL.

    `role` is that on PostgreSQL; the writing one can do nothing but `expire`.

    Raises:
        ConfigError: the URL names no log, or its schema is not of this version.
        AuditUnavailable: it cannot be opened.
    """
    with available():
        if is_postgres(url):
            backend = PostgresBackend(url, busy_s)
            return ContentStore(backend.connect_as(role, first=True), postgres.BEGIN, master)
        path = sqlite.database_file(url)
        connection = sqlite.make_engine(path, busy_s).connect()
        try:
            sql.check_version(connection, str(path))
            sql.Raw(connection).execute("PRAGMA secure_delete=ON")
            return ContentStore(connection, sqlite.BEGIN, master)
        except BaseException:
            connection.close()
            raise


def now() -> str:
    """The time as records write it."""
    return timestamp(time.time_ns() // 1000)


@contextmanager
def available() -> Iterator[None]:
    """What the database fails at, as the error of this gateway."""
    try:
        with sql.faults():
            yield
    except sql.DatabaseFault:
        raise AuditUnavailable("The audit log cannot be written.") from None
