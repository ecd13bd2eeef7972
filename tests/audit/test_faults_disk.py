"""Disks that are full, hang, or turn read-only under load, for real, on either database."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from gateway.audit import opening
from gateway.audit.reading import LogRow
from gateway.audit.signing import make_signing_keys
from gateway.audit.store import SqlAuditStore
from tests.audit import disk, pg
from tests.audit.load import Load, Step, stands_still
from tests.audit.test_store_both import Log, check, count, leaves
from tests.waiting import eventually

SIZES = {"sqlite": 16, "postgresql": 192}  # MiB


@dataclass
class World:
    """A log whose files are on a disk of their own."""

    disk: disk.Disk
    log: Log
    server: pg.Server | None

    @asynccontextmanager
    async def store(self, **options: Any) -> AsyncIterator[SqlAuditStore]:
        options = {"probe_s": 0.05, "reconcile_s": 0.1, **options}
        async with self.log.store(**options) as store:
            backend: Any = store._writer._ledger.backend
            backend.grace_s = 0.0
            yield store

    async def use_up_wal(self) -> None:
        """The server needs a further file for its write-ahead log, and panics without one."""
        statement = "SELECT pg_logical_emit_message(false, '', ''), pg_switch_wal()"
        with suppress(psycopg.Error):
            for _ in range(10):
                await asyncio.to_thread(pg.query, self.log.url, statement)

    async def start_anew(self) -> None:
        """The server, if there is one and it does not recover by itself, as a supervisor does."""
        server = self.server
        if server is not None:
            await eventually(lambda: answers(server))


def answers(server: pg.Server) -> bool:
    """Whether it does, after a try to start it if not."""
    try:
        return pg.query(server.url, "SELECT 1") == [(1,)]
    except psycopg.Error:
        with suppress(subprocess.CalledProcessError):
            server.start()
        return False


@pytest.fixture(
    params=[
        "sqlite",
        pytest.param(
            "postgresql",
            marks=pytest.mark.skipif(pg.programs() is None, reason="no programs of PostgreSQL"),
        ),
    ]
)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    if reason := disk.reason_to_skip():
        pytest.skip(reason)
    key_file = tmp_path / "signing.key"
    keys = make_signing_keys(key_file)
    with disk.disk(SIZES[request.param]) as own:
        if request.param == "sqlite":
            url = f"sqlite:///{own.folder / 'audit.db'}"
            yield World(own, Log(url, keys, key_file), None)
            return
        folder = own.folder / "pg"
        folder.mkdir(mode=0o755)
        server = pg.Server(folder)
        server.start()
        try:
            opening.migrate(server.url)
            own.sync()  # which `initdb -N` leaves to others
            yield World(own, Log(server.url, keys, key_file), server)
        finally:
            own.thaw()
            halt(server)


def halt(server: pg.Server) -> None:
    """End a server that may have ended by itself: PostgreSQL does so where it cannot sync."""
    with suppress(subprocess.CalledProcessError):
        server.stop("immediate")


async def settled(world: World, store: SqlAuditStore) -> None:
    """Everything is closed that is to be closed, and has its leaf."""
    await store.reconcile()
    await eventually(lambda: leaves(world.log) == count(world.log))


async def test_a_full_disk_lets_nothing_through(world: World):
    async with world.store() as store:
        load = Load(store)
        await eventually(lambda: len(load.completed) > 100)
        await asyncio.to_thread(world.disk.fill)
        if world.server is not None:
            await world.use_up_wal()
        await eventually(lambda: not store.ready and len(load.refused) > 10)
        before = len(load.accepted)
        await asyncio.to_thread(world.disk.free)
        await world.start_anew()
        await eventually(lambda: store.ready and len(load.accepted) > before + 100)
        await load.stop()
        await settled(world, store)
    load.check(check(world.log))


async def test_a_disk_that_hangs_has_requests_refused_and_closed(world: World):
    """What waits for the disk is written after all, when nobody waits for it any more."""
    async with world.store() as store:
        load = Load(store)
        await eventually(lambda: len(load.completed) > 100)
        await asyncio.to_thread(world.disk.freeze)
        late, before = await stands_still(store, load, world.disk.thaw)
        await eventually(lambda: store.ready and len(late.accepted) > before + 100)
        await load.stop()
        await late.stop()
        await settled(world, store)
    rows = check(world.log)
    load.check(rows)
    assert late.check(rows)["closed_by_the_log"] > 0


async def breaks_down(world: World, fail: Callable[[], None]) -> tuple[Load, frozenset[Step]]:
    """Have the disk fail under a load, and end it; what had been acknowledged before it failed."""
    async with world.store() as store:
        load = Load(store)
        await eventually(lambda: len(load.completed) > 100)
        certain = load.acknowledged()
        await asyncio.to_thread(fail)
        await eventually(lambda: not store.ready and len(load.refused) > 10)
        before = len(load.accepted)
        assert not await store.probe()
        await load.stop()
        assert len(load.accepted) == before
    if world.server is not None:
        await asyncio.to_thread(halt, world.server)
    return load, certain


async def goes_on(world: World) -> list[LogRow]:
    """Have the disk repaired, and a gateway started that is to go on where the last one ended."""
    await asyncio.to_thread(world.disk.repair)
    await world.start_anew()
    async with world.store() as store:
        assert store.ready
        later = Load(store, name="later")
        await eventually(lambda: len(later.completed) > 100)
        await later.stop()
        await settled(world, store)
    rows = check(world.log)
    assert later.check(rows)["refused"] == 0
    return rows


@pytest.mark.faults
async def test_a_disk_that_goes_away_lets_nothing_through(world: World):
    load, _ = await breaks_down(world, world.disk.cut_off)
    load.check(await goes_on(world))


@pytest.mark.faults
async def test_a_disk_that_turns_read_only_lets_nothing_through(world: World):
    """But for the one transaction that Linux itself may take back."""
    load, certain = await breaks_down(world, world.disk.abort)
    rows = await goes_on(world)
    load.forgive(rows, since=certain)
    load.check(rows)
