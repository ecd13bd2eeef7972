"""A PostgreSQL whose machine is switched off, and the standby that takes its place."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from gateway.audit import opening
from gateway.audit.signing import make_signing_keys
from tests.audit import pg, replica
from tests.audit.load import Load
from tests.audit.replica import Pair
from tests.audit.test_store_both import Log, check, count, leaves
from tests.waiting import eventually

no_pair = replica.reason_to_skip()
pytestmark = pytest.mark.skipif(bool(no_pair), reason=no_pair or "-")


@pytest.fixture
def pair() -> Iterator[Pair]:
    with replica.pair() as both:
        yield both


@pytest.fixture
def log(pair: Pair, tmp_path: Path) -> Log:
    opening.migrate(pair.url)
    key_file = tmp_path / "signing.key"
    return Log(pair.url, make_signing_keys(key_file), key_file)


async def test_a_failover_in_mid_load_loses_and_doubles_nothing(pair: Pair, log: Log):
    """Two gateways go on at the standby; one of them leads there, and the tree is one tree."""
    await eventually(pair.is_in_step)
    options = {"probe_s": 0.1, "reconcile_s": 0.2}
    async with log.store(**options) as one, log.store(**options) as two:
        load = Load(one, two)
        await eventually(lambda: len(load.completed) > 300 and leaves(log) > 100)
        replica.kill(pair.primary)
        await eventually(lambda: not one.ready and not two.ready)
        before = len(load.accepted)
        await asyncio.to_thread(pair.standby.promote)
        assert len(load.accepted) == before
        await asyncio.to_thread(pair.switch.move, pair.standby.port)
        await eventually(lambda: one.ready and two.ready and len(load.accepted) > before + 200)
        await load.stop()
        for store in (one, two):
            await store.reconcile()
        await eventually(lambda: leaves(log) == count(log))
    rows = check(log)
    load.check(rows)
    kinds = [orjson.loads(row.body)["type"] for row in rows]
    assert kinds.count("sequencer.leader") >= 2


async def test_what_the_standby_lacks_nobody_was_told_of(pair: Pair, log: Log):
    """The line is cut first: the primary writes what the standby never gets, and then it is gone.

    That a statement's time is over makes no commit durable.
    """
    await eventually(pair.is_in_step)
    async with log.store(busy_s=1.0, patience_s=2.0, probe_s=0.1, reconcile_s=0.2) as store:
        load = Load(store)
        await eventually(lambda: len(load.completed) > 100)
        await asyncio.to_thread(pair.line.move)
        await eventually(lambda: not store.ready and len(load.refused) >= 8)
        before = len(load.accepted)
        replica.kill(pair.primary)
        await asyncio.to_thread(pair.standby.promote)
        assert len(load.accepted) == before
        await asyncio.to_thread(pair.switch.move, pair.standby.port)
        await eventually(lambda: store.ready and len(load.accepted) > before + 100)
        await load.stop()
        await store.reconcile()
        await eventually(lambda: leaves(log) == count(log))
    load.check(check(log))
    assert pg.query(log.url, "SELECT pg_is_in_recovery()") == [(False,)]
