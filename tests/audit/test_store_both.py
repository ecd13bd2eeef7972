"""What the log promises on either database, with real faults: nothing lost, doubled or forked."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.audit import checkpoint, opening
from gateway.audit.chain import Link, holds, writer_key
from gateway.audit.checkpoint import SigningKeys
from gateway.audit.checkpointing import Signing
from gateway.audit.facts import Closed, Outcome
from gateway.audit.merkle import Frontier
from gateway.audit.notes import Algorithm, VerifierKey
from gateway.audit.reading import LogReader, LogRow, open_log
from gateway.audit.record import accepted, closed, leaf_hash
from gateway.audit.signing import make_signing_keys
from gateway.audit.store import SqlAuditStore, stream_records
from gateway.errors import AuditUnavailable, ConfigError
from tests.audit import pg
from tests.audit.records import facts, stamp
from tests.waiting import AMPLE_S, eventually

MASTER = bytes(32)
ROOT = Path(__file__).parent.parent.parent
PROCESS = Path(__file__).with_name("writer_process.py")


async def begin(store: SqlAuditStore, request_id: str) -> None:
    await store.append(accepted(facts(request_id), **stamp()))


async def end(store: SqlAuditStore, request_id: str) -> None:
    done = Closed(outcome=Outcome.COMPLETED, http_status=200)
    await store.append(closed(facts(request_id), done, **stamp()))


@dataclass
class Log:
    """A log on one of the databases, and what signs it."""

    url: str
    keys: SigningKeys
    key_file: Path

    @property
    def is_postgres(self) -> bool:
        return self.url.startswith("postgresql")

    @asynccontextmanager
    async def store(self, **options: Any) -> AsyncIterator[SqlAuditStore]:
        patient = {"busy_s": AMPLE_S, "patience_s": AMPLE_S}
        one = SqlAuditStore(self.url, MASTER, Signing(self.keys), **{**patient, **options})
        await one.start()
        try:
            yield one
        finally:
            await one.aclose()

    def spawn(self, count: int, *more: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, str(PROCESS), self.url, str(count), f"key={self.key_file}", *more],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )


@pytest.fixture(
    params=[
        "sqlite",
        pytest.param(
            "postgresql",
            marks=pytest.mark.skipif(bool(pg.reason_to_skip()), reason=pg.reason_to_skip() or "-"),
        ),
    ]
)
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Log]:
    key_file = tmp_path / "signing.key"
    keys = make_signing_keys(key_file)
    if request.param == "sqlite":
        yield Log(f"sqlite:///{tmp_path / 'audit.db'}", keys, key_file)
        return
    with pg.fresh(request.getfixturevalue("server")) as url:
        opening.migrate(url)
        yield Log(url, keys, key_file)


def known_keys(log: LogReader) -> list[VerifierKey]:
    stored = log.keys()
    return [VerifierKey(one.name, Algorithm(one.algorithm), one.public) for one in stored]


def check(log: Log) -> list[LogRow]:
    """All chains are whole, all checkpoints hold, and the tree is that of the records."""
    with open_log(log.url) as reader:
        rows = list(reader.rows(0))
        assert [row.leaf_index for row in rows] == list(range(reader.size))
        assert all(leaf_hash(row.body) == row.leaf_hash for row in rows)
        frontier, roots = Frontier(), {0: Frontier().root()}
        for row in rows:
            frontier = frontier.append([row.leaf_hash])
            roots[frontier.size] = frontier.root()
        for one in reader.checkpoints():
            found = checkpoint.verify(one.note, known_keys(reader), list(Algorithm)).checkpoint
            assert (found.origin, found.size) == (reader.origin, one.size)
            assert found.root == roots[one.size]
        for writer in {row.writer_id for row in rows}:
            links = [
                (row.body, Link(row.writer_seq, row.leaf_hash, row.prev_writer_hash, row.mac))
                for row in rows
                if row.writer_id == writer
            ]
            assert holds(links, writer_key(MASTER, writer), writer)
    return rows


def by_request(rows: list[LogRow]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in rows:
        record = orjson.loads(row.body)
        if "request_id" in record:
            found.setdefault(record["request_id"], []).append(record["type"])
    return found


# --- the tree -------------------------------------------------------------------------------------


async def test_every_record_gets_a_leaf_and_the_tree_is_signed_at_the_end(log: Log):
    async with log.store() as store:
        await asyncio.gather(*(begin(store, f"req_{n}") for n in range(700)))
        await asyncio.gather(*(end(store, f"req_{n}") for n in range(700)))
        assert store.ready
    rows = check(log)
    kinds = Counter(orjson.loads(row.body)["type"] for row in rows)
    assert (kinds["request.accepted"], kinds["request.completed"]) == (700, 700)
    assert kinds["key.created"] == 2
    assert kinds["sequencer.leader"] == int(log.is_postgres)
    with open_log(log.url) as reader:
        last = reader.latest_checkpoint()
        assert last is not None
        assert last.size == reader.size == len(rows)
        assert reader.leaf_of(rows[5].event_id) == 5
        assert reader.leaf_of("none") is None
        assert reader.pruned_below == 0
        assert reader.policy("none") is None
        assert [row.leaf_index for row in reader.rows(3, 6)] == [3, 4, 5]
        frontier = Frontier().append(row.leaf_hash for row in rows[:1024])
        assert reader.subtree(10, 0) == frontier.root()


async def test_a_second_start_goes_on_under_the_same_name(log: Log):
    for number in range(2):
        async with log.store() as store:
            await begin(store, f"req_{number}")
    rows = check(log)
    kinds = Counter(orjson.loads(row.body)["type"] for row in rows)
    assert kinds["key.created"] == 2
    with open_log(log.url) as reader:
        assert len(reader.keys()) == 2
        assert reader.origin == checkpoint.default_origin(log.keys)


async def test_a_log_keeps_its_name(log: Log):
    async with log.store() as store:
        await begin(store, "req_1")
    other = SqlAuditStore(log.url, MASTER, Signing(log.keys, "another"))
    with pytest.raises(ConfigError, match="is not the log's"):
        await other.start()
    assert not other.ready


async def test_a_log_that_is_migrated_under_a_gateway_is_not_written_to(log: Log):
    async with log.store(probe_s=3600) as store:
        await begin(store, "req_1")
        _execute(log, "UPDATE audit_meta SET version = version + 1, serves = version + 1")
        # On the thread that owns the connection: it may be in the middle of a checkpoint.
        letting_go = store._writer.call(store._writer._ledger.disconnect)
        await asyncio.wrap_future(letting_go)
        for _ in range(2):
            with pytest.raises(AuditUnavailable):
                await begin(store, "req_2")
        assert not store.ready
        _execute(log, "UPDATE audit_meta SET version = version - 1")
        await begin(store, "req_3")
        await eventually(lambda: leaves(log) == count(log))
    assert set(by_request(check(log))) == {"req_1", "req_3"}


def _execute(log: Log, statement: str) -> None:
    if log.is_postgres:
        pg.query(log.url, statement)
        return
    connection = sqlite3.connect(log.url.removeprefix("sqlite:///"), isolation_level=None)
    connection.execute(statement)
    connection.close()


async def test_records_are_streamed_and_listed(log: Log):
    async with log.store() as store:
        for number in range(3):
            await begin(store, f"req_{number}")
        listed = await store.list_records(type="request.accepted")
        assert [one["request_id"] for one in listed] == ["req_2", "req_1", "req_0"]
    pages = list(stream_records(log.url, types=("request.accepted",), page=2))
    bodies = [orjson.loads(body)["request_id"] for page in pages for body in page.bodies]
    assert bodies == ["req_0", "req_1", "req_2"]


# --- several processes, and those that die --------------------------------------------------------


def test_three_processes_write_one_log(log: Log):
    processes = [log.spawn(150) for _ in range(3)]
    errors = [process.communicate(timeout=120)[1] for process in processes]
    assert errors == [""] * 3
    rows = check_all_sequenced(log)
    assert all(
        kinds == ["request.accepted", "request.completed"] for kinds in by_request(rows).values()
    )
    assert len(by_request(rows)) == 450


def check_all_sequenced(log: Log) -> list[LogRow]:
    """As `check`; whoever ended last may not have led, so a further process takes over first."""

    async def settle() -> None:
        async with log.store() as store:
            await begin(store, "req_settle")
            await end(store, "req_settle")
            await eventually(lambda: leaves(log) >= count(log))

    asyncio.run(settle())
    rows = [row for row in check(log) if b"req_settle" not in row.body]
    assert leaves(log) == count(log)
    return rows


def leaves(log: Log) -> int:
    with open_log(log.url) as reader:
        return reader.size


def count(log: Log) -> int:
    engine, _ = opening.make_reader(log.url, AMPLE_S)
    with engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT count(*) FROM audit_records").scalar_one()
    return int(found)


async def test_processes_killed_in_mid_load_lose_and_double_nothing(log: Log):
    """kill -9 of two writers, one of which may lead; a third closes what they left open."""
    processes = [log.spawn(100_000) for _ in range(2)]
    await eventually(lambda: log_is_there(log) and count(log) > 300)
    for process in processes:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    async with log.store() as store:
        backend: Any = store._writer._ledger.backend
        if log.is_postgres:
            backend.grace_s = 0.0
        await eventually(lambda: count(log) > 0)
        await store.reconcile()
        assert await store.reconcile() == 0
        await begin(store, "req_after")
        await end(store, "req_after")
        await eventually(lambda: leaves(log) == count(log))
    rows = check(log)
    ends = {"request.completed", "request.outcome_unknown"}
    for request_id, kinds in by_request(rows).items():
        assert kinds[0] == "request.accepted", request_id
        assert len(kinds) == 2, request_id
        assert kinds[1] in ends, request_id


def log_is_there(log: Log) -> bool:
    try:
        with open_log(log.url):
            return True
    except (AuditUnavailable, ConfigError):
        return False


# --- time -----------------------------------------------------------------------------------------


class Clock:
    def __init__(self) -> None:
        self.wall = 1_800_000_000.0
        self.monotonic = 100.0

    def signing(self, keys: SigningKeys) -> Signing:
        return Signing(keys, wall=lambda: self.wall, monotonic=lambda: self.monotonic)


async def test_the_first_records_of_a_new_log_are_signed_at_once_and_later_ones_by_time(log: Log):
    signing = Clock().signing(log.keys)  # which stands still

    def signed() -> int:
        with open_log(log.url) as reader:
            latest = reader.latest_checkpoint()
            return latest.size if latest else 0

    store = SqlAuditStore(log.url, MASTER, signing)
    await store.start()
    await eventually(lambda: leaves(log) == count(log) >= 2 and signed() > 0)
    await begin(store, "req_1")
    await eventually(lambda: leaves(log) == count(log))
    assert 0 < signed() < leaves(log)
    await store.aclose()
    assert signed() == leaves(log)
    check(log)


async def test_checkpoints_come_by_time_and_a_clock_that_jumps_back_changes_nothing(log: Log):
    clock = Clock()
    store = SqlAuditStore(log.url, MASTER, clock.signing(log.keys), probe_s=0.05, reconcile_s=0.05)
    await store.start()

    def notes() -> list[tuple[int, str]]:
        with open_log(log.url) as reader:
            return [(one.size, one.ts) for one in reader.checkpoints()]

    await eventually(lambda: leaves(log) == count(log) >= 2 and bool(notes()))
    await begin(store, "req_1")
    await eventually(lambda: leaves(log) == count(log))
    before = notes()
    clock.monotonic += 61
    clock.wall -= 3600
    await begin(store, "req_2")
    await eventually(lambda: len(notes()) > len(before))
    clock.monotonic += 61
    await eventually(lambda: notes()[-1][0] == leaves(log))
    await store.aclose()
    times = [ts for _, ts in notes()]
    assert times == sorted(times)
    check(log)
