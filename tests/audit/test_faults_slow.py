"""A database that takes its time to commit: refused when patience ends, and closed when it is back.

What `test_faults_disk.py` does with a real disk needs root; this does not.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from gateway.audit import opening, sql
from gateway.audit.postgres.sql import lock_key
from gateway.audit.signing import make_signing_keys
from gateway.audit.store import SqlAuditStore
from tests.audit import pg
from tests.audit.load import Load, stands_still
from tests.audit.test_store_both import Log, check, count, leaves
from tests.waiting import AMPLE_S, eventually

OPTIONS = {"probe_s": 0.02, "reconcile_s": 0.1}


@pytest.fixture
def sqlite_log(tmp_path: Path) -> Log:
    key_file = tmp_path / "signing.key"
    return Log(f"sqlite:///{tmp_path / 'audit.db'}", make_signing_keys(key_file), key_file)


@pytest.fixture
def postgres_log(tmp_path: Path) -> Iterator[Log]:
    key_file = tmp_path / "signing.key"
    with pg.server() as own, pg.fresh(own.url) as url:
        opening.migrate(url)
        yield Log(url, make_signing_keys(key_file), key_file)


async def hold_up(
    log: Log, store: SqlAuditStore, stop: Callable[[], Any], go: Callable[[], Any]
) -> int:
    """Load, a database that stops, and one that goes on: all of it closed, and with its leaf.

    Only what comes while it stands still is in haste. How many requests the log had to close.
    """
    load = Load(store)
    await eventually(lambda: len(load.completed) > 50)
    stop()
    late, before = await stands_still(store, load, go)
    await eventually(lambda: store.ready and len(late.accepted) > before + 50)
    await load.stop()
    await late.stop()
    await store.reconcile()
    await eventually(lambda: leaves(log) == count(log))
    rows = check(log)
    load.check(rows)
    return late.check(rows)["closed_by_the_log"]


async def test_a_commit_that_takes_too_long(sqlite_log: Log):
    gate = threading.Event()
    gate.set()
    async with sqlite_log.store(**OPTIONS) as store:
        backend: Any = store._writer._ledger.backend
        real = backend.transaction

        @contextmanager
        def slow(connection: sql.Db) -> Iterator[sql.Raw]:
            with real(connection) as raw:
                yield raw
                assert gate.wait(AMPLE_S)

        backend.transaction = slow
        assert await hold_up(sqlite_log, store, gate.clear, gate.set) >= 8


async def test_an_answer_to_a_commit_that_takes_too_long(sqlite_log: Log):
    """It is on the disk, but we do not hear of it."""
    gate = threading.Event()
    gate.set()
    async with sqlite_log.store(**OPTIONS) as store:
        backend: Any = store._writer._ledger.backend
        real = backend.check

        def slow() -> None:
            assert gate.wait(AMPLE_S)
            real()

        backend.check = slow
        assert await hold_up(sqlite_log, store, gate.clear, gate.set) >= 8


@pytest.mark.skipif(pg.programs() is None, reason="a server that is not ours is not stopped")
async def test_a_session_of_postgresql_that_stands_still(postgres_log: Log):
    """The server's process for our connection gets no time, as one that waits for its disk."""
    async with postgres_log.store(**OPTIONS) as store:
        key = lock_key(store.writer_id)
        (row,) = pg.query(
            postgres_log.url,
            "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted"
            f" AND ((classid::bigint << 32) | objid::bigint) = {key}",
        )
        session = int(row[0])
        closed = await hold_up(
            postgres_log,
            store,
            lambda: os.kill(session, signal.SIGSTOP),
            lambda: os.kill(session, signal.SIGCONT),
        )
    assert closed > 0
