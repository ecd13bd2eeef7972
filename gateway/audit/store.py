"""The audit log: what the pipeline appends to, and what people read.

    store = SqlAuditStore(url, master_key)
    await store.start()          # opens, migrates, closes what a crash left open
    await store.append(record)   # returns once it is durable
    await store.aclose()

Reading needs no `start`. Several processes on one machine may use the same SQLite file, and
several machines the same PostgreSQL database.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

import structlog

from gateway.audit import sql
from gateway.audit.checkpointing import Signing
from gateway.audit.facts import Actor, ActorKind, AuthMethod, EventType, Origin
from gateway.audit.opening import make_backend, make_reader
from gateway.audit.postgres.backend import PostgresBackend
from gateway.audit.record import AuditRecord, canonical, event, timestamp, uuid7
from gateway.audit.sequencer import Sequencer
from gateway.audit.writer import GroupWriter, Item, unavailable
from gateway.errors import AuditUnavailable, ConfigError
from gateway.types import Json

_log = structlog.get_logger()

MAX_LISTED = 1000
PAGE = 2000
SEQUENCER_FAILS_S = 10.0
"""How long the sequencer may fail until somebody has to see to it: a restart of the server."""
LATE_S = 120.0
"""How old the newest checkpoint may be while records wait, whoever should sign them."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some records' bodies in canonical form, oldest first, and how far the reading has come.

    `seq` is the number of the record last looked at, `last` that of the newest when it began.
    """

    bodies: list[str] = field(repr=False)
    seq: int
    last: int


def stream_records(
    url: str,
    *,
    types: Sequence[str],
    tenant: str | None = None,
    since: str | None = None,
    until: str | None = None,
    page: int = PAGE,
    busy_s: float = 5.0,
) -> Iterator[Page]:
    """All records of some types, oldest first, page by page, of those there are when it begins.

    `since` and `until` bound `ts` and are written as it is; the second is exclusive. Each page is
    a reading of its own, so that no long one keeps the log of writes from being folded back.

    Raises:
        ConfigError: the URL names no log, or a newer version wrote it.
        AuditUnavailable: it cannot be read.
    """
    engine, place = make_reader(url, busy_s)
    try:
        with sql.faults(), engine.connect() as connection:
            sql.check_version(connection, place, least=1)
            after, last = 0, sql.last_seq(sql.Raw(connection))
            while after < last:
                rows = sql.select_page(
                    connection, after=after, last=last, limit=page, types=types,
                    tenant=tenant, since=since, until=until,
                )  # fmt: skip
                after = rows[-1][0] if len(rows) == page else last
                yield Page([body for _, body in rows], after, last)
    except sql.DatabaseFault:
        raise unreadable() from None


def _is_late(backend: PostgresBackend, wall: Callable[[], float]) -> bool:
    """Whether records wait too long. That it cannot be told is for the sequencer to say."""
    try:
        return backend.is_late(timestamp(int((wall() - LATE_S) * 1_000_000)))
    except (sql.DatabaseFault, ConfigError):
        return False


def unreadable() -> AuditUnavailable:
    """The error of every failure to read."""
    return AuditUnavailable("The audit log cannot be read.")


class SqlAuditStore:
    """An `AuditSink` on an SQLite file or a PostgreSQL database.

    Args:
        url: an SQLAlchemy URL, for example `sqlite:////var/lib/cloakroom/audit.db` or
            `postgresql://cloakroom@db.internal/audit`.
        master: the master key, from which each writer's MAC key is derived.
        signing: with what checkpoints of the tree are signed. Without it there are none, and on
            PostgreSQL this process leaves it to others to give records their leaves.
        busy_s: how long to wait, in seconds, while another process writes.
        queue_size: how many records may wait; more are refused.
        patience_s: how long a record may wait, in seconds, before its request is refused.
        reconcile_s: how often, in seconds, to look for requests that nobody will close.
        probe_s: how often, in seconds, to try again while the database fails.
        watch_s: how often, in seconds, to look whether records wait too long for their leaves.
        monotonic: the clock by which it is told how long something fails.

    Raises:
        ConfigError: the URL names neither an SQLite file nor a PostgreSQL database.
    """

    def __init__(
        self,
        url: str,
        master: bytes,
        signing: Signing | None = None,
        *,
        busy_s: float = 5.0,
        queue_size: int = 10_000,
        patience_s: float = 15.0,
        reconcile_s: float = 30.0,
        probe_s: float = 1.0,
        watch_s: float = 30.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._busy_s = busy_s
        self._monotonic = monotonic
        self._patience_s = patience_s
        backend = make_backend(url, busy_s)
        self._place = backend.place
        self._writer = GroupWriter(
            backend,
            master,
            signing,
            queue_size=queue_size,
            reconcile_s=reconcile_s,
            probe_s=probe_s,
        )
        self._sequencer: Sequencer | None = None
        self._late = False
        self._watch_s = watch_s
        self._watching: asyncio.Task[None] | None = None
        self._see: Callable[[], bool] = bool
        if isinstance(backend, PostgresBackend) and signing is not None:
            self._see = partial(_is_late, backend, signing.wall)
            self._sequencer = Sequencer(
                backend,
                master,
                signing,
                on_leading=self._leading,
                on_broken=lambda writer_id: self._note(EventType.SELFTEST_FAILED, writer_id),
            )

    def _leading(self, new_keys: list[str]) -> None:
        self._note(EventType.SEQUENCER_LEADER, self.writer_id)
        self._note_keys(new_keys)

    def _note_keys(self, new_keys: list[str]) -> None:
        for key_id in new_keys:
            self._note(EventType.KEY_CREATED, key_id)

    def _note(self, kind: EventType, target: str) -> None:
        """Put on record what a thread of the log has found."""
        now = time.time_ns()
        event_id = uuid7(now // 1_000_000, secrets.token_bytes(10))
        actor = Actor(kind=ActorKind.SYSTEM, method=AuthMethod.NONE)
        ts = timestamp(now // 1000)
        self._writer.note(
            event(kind, event_id=event_id, ts=ts, actor=actor, origin=Origin(), target=target)
        )

    @property
    def place(self) -> str:
        """Where the log is: a file's path, or host and database; never a password."""
        return self._place

    @property
    def writer_id(self) -> str:
        """The random id of this process's chain of records: 32 hexadecimal digits."""
        return self._writer.writer_id

    @property
    def ready(self) -> bool:
        """Whether the log is open, the last write succeeded, and the log holds what it should."""
        healthy = not self._writer.forked and (self._sequencer is None or self._sequencer.healthy)
        return self._writer.ready and healthy

    def warnings(self) -> Sequence[str]:
        """What does not keep records from being written: that nobody, or not we, can sign them."""
        since = self._sequencer.failing_since if self._sequencer is not None else None
        fails = since is not None and self._monotonic() - since >= SEQUENCER_FAILS_S
        return ("audit_sequencer",) if fails or self._late else ()

    async def start(self) -> None:
        """Open the log, bring its schema up to date and close what dead processes left open.

        Raises:
            ConfigError: it cannot be opened for writing, a newer version wrote it, or it is not the
                log that its newest checkpoint signed.
        """
        await asyncio.wrap_future(self._writer.start())
        self._note_keys(self._writer.new_keys)
        if self._sequencer is not None:
            try:
                await asyncio.to_thread(self._sequencer.start, self._busy_s)
            except ConfigError:
                await self.aclose()
                raise
            self._watching = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self._watch_s)  # first: after a pause of all, the newest is old
            self._late = await asyncio.to_thread(self._see)

    async def aclose(self) -> None:
        """Write what is queued and let go of the file; safe to call more than once."""
        if self._watching is not None:
            self._watching.cancel()
        await asyncio.to_thread(self._writer.stop)
        if self._sequencer is not None:
            await asyncio.to_thread(self._sequencer.stop)

    async def append(self, record: AuditRecord) -> None:
        """Return once the record is durable: written, and synced to the disk.

        Raises:
            AuditUnavailable: it is not, it could not be told in time, or the record has no
                canonical form. A request that is on record all the same is closed as
                `outcome_unknown`; so it is where the caller stops waiting.
        """
        loop = asyncio.get_running_loop()
        durable: asyncio.Future[None] = loop.create_future()
        item = Item(record, b"", loop, durable)
        try:
            item.body = canonical(record)
        except Exception as error:  # a fault of ours, which must leave no request open
            name = type(error).__name__
            _log.error("audit_record_unwritable", component="audit", error_class=name)
            self._writer.abandon(item)
            raise unavailable() from None
        self._writer.submit(item)
        try:
            async with asyncio.timeout(self._patience_s):
                await durable
        except TimeoutError:
            self._writer.stalled()
            self._writer.abandon(item)
            raise unavailable() from None
        except asyncio.CancelledError:
            self._writer.abandon(item)
            raise

    async def probe(self) -> bool:
        """Try a write transaction now; whether it succeeded, which is then what `ready` says."""
        try:
            return bool(await asyncio.wrap_future(self._writer.call(self._writer.probe)))
        except AuditUnavailable:
            return False

    async def reconcile(self) -> int:
        """Give each request of a dead process its closing record; how many there were.

        A request is left alone as long as its process lives, however long it takes.

        Raises:
            AuditUnavailable: the log cannot be read or written.
        """
        done = await asyncio.wrap_future(self._writer.call(self._writer.reconcile))
        return done if isinstance(done, int) else 0

    async def list_records(
        self,
        *,
        limit: int = 50,
        before_seq: int | None = None,
        type: str | None = None,  # noqa: A002 -- the field's name in the schema
        tenant: str | None = None,
        request_id: str | None = None,
    ) -> list[dict[str, Json]]:
        """Records, newest first, at most 1,000: their fields and those of their rows.

        `seq` of the last one is the `before_seq` of the next page.

        Raises:
            ConfigError: a newer version wrote the log.
            AuditUnavailable: it cannot be read.
        """

        def read(connection: sql.Db) -> list[dict[str, Json]]:
            return sql.select_records(
                connection,
                limit=max(1, min(limit, MAX_LISTED)),
                before_seq=before_seq,
                type_=type,
                tenant=tenant,
                request_id=request_id,
            )

        return await asyncio.to_thread(lambda: self._read(read))

    async def get(self, name: str) -> list[dict[str, Json]]:
        """The record with this event id, or all records of the request with this id, newest first.

        Empty where there is none. Raises as `list_records`.
        """

        def read(connection: sql.Db) -> list[dict[str, Json]]:
            one = sql.select_one(connection, name)
            return [one] if one is not None else sql.select_request(connection, name)

        return await asyncio.to_thread(lambda: self._read(read))

    def _read(self, work: Callable[[sql.Db], list[dict[str, Json]]]) -> list[dict[str, Json]]:
        engine, place = make_reader(self._url, self._busy_s)
        try:
            with sql.faults(), engine.connect() as connection:
                sql.check_version(connection, place, least=1)
                return work(connection)
        except sql.DatabaseFault:
            raise unreadable() from None
