"""The sequencer: it checks each chain, one leads at a time, and no break goes unseen."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.audit import opening
from gateway.audit.chain import Head, extend, writer_key
from gateway.audit.sequencer import Pending, checked
from gateway.audit.signing import make_signing_keys
from tests.audit import pg
from tests.audit.test_store_both import (
    MASTER,
    ROOT,
    Log,
    begin,
    by_request,
    check,
    count,
    end,
    leaves,
)
from tests.waiting import eventually

needs_pg = pytest.mark.skipif(bool(pg.reason_to_skip()), reason=pg.reason_to_skip() or "-")
A, B = "a" * 32, "b" * 32


def chain(writer: str, count: int, seq: int = 1) -> list[Pending]:
    bodies = [f"{writer}{n}".encode() for n in range(count)]
    links = extend(Head(), bodies, writer_key(MASTER, writer), writer)
    return [
        Pending(seq + 2 * n, f"{writer}{n}", body.decode(), link.leaf_hash, writer,
                link.writer_seq, link.prev_writer_hash, link.mac, 0, bytes(32))
        for n, (body, link) in enumerate(zip(bodies, links, strict=True))
    ]  # fmt: skip


def test_whole_chains_are_sequenced_in_order():
    rows = sorted(chain(A, 5) + chain(B, 3, seq=2))
    leaves_, broken = checked(rows, MASTER)
    assert [leaf.seq for leaf in leaves_] == [row.seq for row in rows]
    assert broken == {}


@pytest.mark.parametrize(
    "change",
    [
        lambda row: row._replace(body="other"),
        lambda row: row._replace(mac=bytes(32)),
        lambda row: row._replace(leaf_hash=bytes(32)),
        lambda row: row._replace(prev_writer_hash=bytes(32)),
        lambda row: row._replace(writer_seq=9),
    ],
)
def test_nothing_behind_a_break_is_sequenced_and_others_go_on(change):
    mine = chain(A, 5)
    mine[2] = change(mine[2])
    leaves_, broken = checked(sorted(mine + chain(B, 5, seq=2)), MASTER)
    assert [leaf.event_id for leaf in leaves_ if leaf.writer_id == A] == [f"{A}0", f"{A}1"]
    assert len([leaf for leaf in leaves_ if leaf.writer_id == B]) == 5
    assert broken == {A: 3}


@given(st.integers(0, 5))
def test_a_missing_record_is_a_break(gap: int):
    rows = chain(A, 7)
    del rows[gap]
    leaves_, broken = checked(rows, MASTER)
    assert len(leaves_) == gap
    assert broken == {A: gap + 1}


def test_another_master_key_is_a_break():
    assert checked(chain(A, 3), b"\1" * 32) == ([], {A: 1})


# --- on PostgreSQL --------------------------------------------------------------------------------


@needs_pg
async def test_one_leads_and_another_takes_over(log: Log):
    async with log.store() as two:
        pass
    async with log.store() as one, log.store() as two:
        first, second = one._sequencer, two._sequencer
        assert first is not None
        assert second is not None
        assert (first.leads, second.leads) == (True, False)
        await asyncio.gather(*(begin(store, f"req_{store.writer_id}") for store in (one, two)))
        await eventually(lambda: leaves(log) == count(log))
        await one.aclose()
        await begin(two, "req_after")
        await eventually(lambda: second.leads and leaves(log) == count(log))
    check(log)


@needs_pg
async def test_a_leader_whose_session_ends_is_followed_by_one_leader(log: Log):
    async with log.store() as one, log.store() as two:
        for number in range(5):
            pg.query(
                log.url,
                "SELECT pg_terminate_backend(pid) FROM pg_locks l WHERE locktype = 'advisory'"
                " AND (classid::bigint << 32 | objid::bigint) = hashtextextended("
                "'cloakroom-sequencer:' || current_schema(), 0)",
            )
            await asyncio.gather(
                *(begin(store, f"req_{number}_{store.writer_id}") for store in (one, two))
            )
        await eventually(lambda: leaves(log) == count(log))
        assert one.ready
        assert two.ready
    check(log)


@needs_pg
async def test_a_broken_chain_is_told_and_not_sequenced(log: Log):
    async with log.store() as store, log.store() as other:
        await begin(store, "req_1")
        await eventually(lambda: leaves(log) == count(log))
        before = leaves(log)
        pg.query(
            log.url,
            "INSERT INTO audit_records (event_id, type, ts, tenant, writer_id, writer_seq,"
            " leaf_hash, prev_writer_hash, mac, body) SELECT 'forged', type, ts, tenant,"
            f" '{other.writer_id}', 100, leaf_hash, prev_writer_hash, mac, body"
            " FROM audit_records LIMIT 1",
        )
        await eventually(lambda: not store.ready)
        await eventually(lambda: leaves(log) == before + 1)  # what tells of it
        await begin(store, "req_2")
        await eventually(lambda: leaves(log) == before + 2)
    rows = check(log)
    assert "forged" not in {row.event_id for row in rows}
    told = [one for row in rows if (one := orjson.loads(row.body))["type"] == "selftest.failed"]
    assert [one["target"] for one in told] == [other.writer_id]


# --- a log that was put back ----------------------------------------------------------------------


async def test_a_tree_that_contradicts_what_was_signed_is_not_signed(tmp_path: Path):
    """An older copy is put in place of the file under a gateway that goes on."""
    key_file = tmp_path / "signing.key"
    file = tmp_path / "audit.db"
    log = Log(f"sqlite:///{file}", make_signing_keys(key_file), key_file)
    async with log.store() as store:
        await begin(store, "req_1")
    copy = tmp_path / "copy.db"
    _copy(file, copy)
    async with log.store(probe_s=0.02, reconcile_s=0.02) as store:
        await asyncio.gather(*(begin(store, f"req_x{n}") for n in range(1500)))
        with opening.make_reader(log.url, 5.0)[0].connect():
            pass
        await eventually(lambda: _signed(file) > 1000)
        _copy(copy, file)
        await asyncio.gather(
            *(begin(store, f"req_y{n}") for n in range(1500)), return_exceptions=True
        )
        await eventually(lambda: not store.ready and store._writer.forked)
        before = _signed(file)
        assert not store.ready
    assert _signed(file) == before


def _copy(source: Path, target: Path) -> None:
    """Put the content of one database into another, in place."""
    one, two = sqlite3.connect(source), sqlite3.connect(target)
    one.backup(two)
    one.close()
    two.close()


def _signed(file: Path) -> int:
    connection = sqlite3.connect(file)
    (size,) = connection.execute("SELECT max(size) FROM audit_checkpoints").fetchone()
    connection.close()
    return int(size or 0)


# --- a disk that is full --------------------------------------------------------------------------


def test_a_full_disk_ends_nothing_in_half(tmp_path: Path):
    """A process may write no file beyond some size: what it acknowledged is there, and whole."""
    key_file = tmp_path / "signing.key"
    log = Log(f"sqlite:///{tmp_path / 'audit.db'}", make_signing_keys(key_file), key_file)
    limited = f"""
import resource, signal, asyncio, sys
sys.argv = ["w", {log.url!r}, "100000", "key={key_file}"]
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, 3_000_000))
sys.path.insert(0, {str(Path(__file__).parent)!r})
import writer_process
asyncio.run(writer_process.main({log.url!r}, 100000, {str(key_file)!r}, hang=False))
"""
    process = subprocess.run(
        [sys.executable, "-c", limited],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert "AuditUnavailable" in process.stderr
    rows = check(log)
    assert len(rows) > 100

    async def go_on() -> None:
        async with log.store() as store:
            await begin(store, "req_after")
            await end(store, "req_after")

    asyncio.run(go_on())
    found = by_request(check(log))
    assert all(len(kinds) == 2 and kinds[0] == "request.accepted" for kinds in found.values())
