"""The vault in the audit log's database: sealed, durable, and for all processes that share it.

    vault = SqlVault(url, master_key)
    await vault.put(owner, items)   # returns once they are durable
    await vault.aclose()

One thread writes, another reads, each with a connection that is made at need and again after a
failure. Whatever waits to be written goes into one transaction.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from queue import Empty, SimpleQueue
from typing import TypeVar

import structlog

from gateway import metrics
from gateway.audit.postgres.backend import WRITER
from gateway.audit.sql import DatabaseFault, class_of
from gateway.errors import ConfigError, VaultUnavailable
from gateway.keyring import derive
from gateway.ports import Item, Owner
from gateway.vault import sql
from gateway.vault.names import check, is_name, is_prefix
from gateway.vault.sealing import SALT_BYTES, Sealer, context

_log = structlog.get_logger()
_Result = TypeVar("_Result")


class _Session:
    """One thread with one connection."""

    def __init__(self, name: str, connect: Callable[[], sql.Connection]) -> None:
        self._connect = connect
        self._connection: sql.Connection | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)

    def submit(self, job: Callable[[], _Result]) -> Future[_Result]:
        """Have the thread do something.

        Raises:
            VaultUnavailable: it was closed.
        """
        try:
            return self._thread.submit(job)
        except RuntimeError:
            raise sql.unavailable() from None

    async def run(self, work: Callable[[sql.Connection], _Result]) -> _Result:
        """Have the thread do something with the connection, and wait for it."""
        return await asyncio.wrap_future(self.submit(partial(self.do, work)))

    def close(self) -> None:
        """End the thread after what is queued, and let go of the connection."""
        self._thread.shutdown(wait=True)
        self._discard()

    def do(self, work: Callable[[sql.Connection], _Result]) -> _Result:
        """On the thread: something with the connection, which is made anew where it was lost. So
        what is done must come to the same if it is done twice.

        Raises:
            VaultUnavailable: it cannot be done.
        """
        try:
            if self._connection is not None:
                try:
                    return work(self._connection)
                except DatabaseFault:  # perhaps it is the connection alone
                    self._discard()
            self._connection = self._connect()
            return work(self._connection)
        except (DatabaseFault, ConfigError) as error:
            self._discard()
            _log.warning("vault_failed", error_class=class_of(error))
            failure = sql.unavailable()
        metrics.failed_closed(failure.code)
        raise failure

    def _discard(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    """Items that somebody waits for, and who is told."""

    owner: Owner
    items: Sequence[Item] = field(repr=False)
    durable: Future[None] = field(default_factory=Future)


class SqlVault:
    """A `Vault` on the SQLite file or PostgreSQL database of an audit log.

    Its table is made by the migrations of the log.

    Args:
        url: the audit URL.
        master: the master key.
        clock: the time in seconds since 1970.
        busy_s: how long to wait, in seconds, while others write.
    """

    def __init__(
        self,
        url: str,
        master: bytes,
        *,
        clock: Callable[[], float] = time.time,
        busy_s: float = 5.0,
    ) -> None:
        self._master = master
        self._clock = clock
        self._waiting: SimpleQueue[_Waiting] = SimpleQueue()
        connect = partial(sql.Connection, url, WRITER, busy_s)
        self._writing = _Session("vault-writer", connect)
        self._reading = _Session("vault-reader", connect)

    def __repr__(self) -> str:
        return "SqlVault()"

    async def put(self, owner: Owner, items: Sequence[Item]) -> None:
        """Keep these, all or none; an item of that kind and name is replaced.

        Raises:
            InternalError: a kind or a name is none.
            VaultUnavailable: they are not durable.
        """
        check(items)
        one = _Waiting(owner, items)
        one.durable.set_running_or_notify_cancel()  # whoever stops waiting takes nothing back
        self._waiting.put(one)
        self._writing.submit(self._flush)
        await asyncio.wrap_future(one.durable)

    async def get(self, owner: Owner, kind: str, name: str) -> bytes | None:
        """The value of an item; None where there is none, or it has expired, or it is another
        owner's. Raises `VaultUnavailable`."""
        if not is_name(name):
            return None
        key = self._owner(owner)

        def work(connection: sql.Connection) -> bytes | None:
            with connection.reading() as raw:
                sealed = sql.get(raw, key, kind, name, self._clock())
            return None if sealed is None else self._opened(owner, kind, name, sealed)

        return await self._reading.run(work)

    async def page(
        self, owner: Owner, kind: str, prefix: str, after: str, limit: int
    ) -> Sequence[tuple[str, bytes]]:
        """Names and values of the next items whose names begin so and follow `after`, by name.

        Raises `VaultUnavailable`.
        """
        if not is_prefix(prefix) or not is_prefix(after):
            return ()
        key = self._owner(owner)

        def work(connection: sql.Connection) -> Sequence[tuple[str, bytes]]:
            with connection.reading() as raw:
                found = sql.page(raw, key, kind, prefix, after, limit, self._clock())
            return [(name, self._opened(owner, kind, name, sealed)) for name, sealed in found]

        return await self._reading.run(work)

    async def drop(self, owner: Owner, kind: str, name: str) -> None:
        """Delete an item, and all whose names go on with a slash after its name.

        Raises `VaultUnavailable`.
        """
        if not is_name(name):
            return
        key = self._owner(owner)

        def some(connection: sql.Connection) -> int:
            with connection.transaction() as raw:
                return sql.drop_below(raw, key, kind, name)

        def last(connection: sql.Connection) -> None:
            with connection.transaction() as raw:
                sql.drop(raw, key, kind, name)

        # Some at a time, so that what others put need not wait; the name itself comes last.
        while await self._writing.run(some) == sql.BATCH:
            pass
        await self._writing.run(last)

    async def purge(self, now: float) -> int:
        """Delete, of all owners, what has expired; how many items. Raises `VaultUnavailable`."""

        def some(connection: sql.Connection) -> int:
            with connection.transaction() as raw:
                return sql.purge_some(raw, now)

        done, taken = 0, sql.BATCH
        while taken == sql.BATCH:
            taken = await self._writing.run(some)
            done += taken
        if done:
            await self._writing.run(lambda connection: connection.clean())
        return done

    async def aclose(self) -> None:
        """Write what waits, and let go of the connections."""
        await asyncio.to_thread(self._writing.close)
        await asyncio.to_thread(self._reading.close)

    def _flush(self) -> None:
        """Write all that waits. It may be that an earlier turn has done so."""
        taken: list[_Waiting] = []
        with suppress(Empty):
            while True:
                taken.append(self._waiting.get_nowait())
        if not taken:
            return
        try:
            self._writing.do(partial(self._put, taken))
        except Exception as error:
            failure = sql.unavailable() if isinstance(error, VaultUnavailable) else error
            for one in taken:
                one.durable.set_exception(failure)
        else:
            for one in taken:
                one.durable.set_result(None)

    def _put(self, taken: Sequence[_Waiting], connection: sql.Connection) -> None:
        created = self._clock()
        with connection.transaction() as raw:
            for one in taken:
                sql.put(raw, [self._row(one.owner, item, created) for item in one.items])

    def _row(self, owner: Owner, item: Item, created: float) -> sql.Row:
        sealer = self._sealer(owner, item.kind, item.name)
        sealed = sealer.seal(item.value, secrets.token_bytes(SALT_BYTES))
        place = (self._owner(owner), item.kind, item.name)
        return *place, owner.tenant, item.request_id, created, item.expires, sealed

    def _opened(self, owner: Owner, kind: str, name: str, sealed: bytes) -> bytes:
        value = self._sealer(owner, kind, name).open(sealed)
        if value is None:
            _log.error("vault_item_does_not_open", component=kind)
            raise sql.unavailable()
        return value

    def _owner(self, owner: Owner) -> bytes:
        key = derive(self._master, "vault-owner", owner.tenant)
        return hmac.digest(key, context(owner.tenant, owner.principal), sha256)

    def _sealer(self, owner: Owner, kind: str, name: str) -> Sealer:
        key = derive(self._master, "vault", owner.tenant)
        return Sealer(key, context("vault", owner.tenant, owner.principal, kind, name))
