"""The store on real SQLite: durable, insert-only, chained, and closed where it fails."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import Engine, event

from gateway.audit.chain import Link, holds, writer_key
from gateway.audit.facts import Closed, Outcome
from gateway.audit.record import AuditRecord, accepted, closed, commitment
from gateway.audit.store import Page, SqlAuditStore, stream_records
from gateway.errors import AuditUnavailable, ConfigError
from tests.audit.records import FACTS, event_id, facts, now, stamp
from tests.waiting import AMPLE_S, eventually

MASTER = bytes(32)
ROOT = Path(__file__).parent.parent.parent
PROCESS = Path(__file__).with_name("writer_process.py")


def begin(request_id: str, tenant: str = "acme") -> AuditRecord:
    return accepted(facts(request_id, tenant), **stamp())


def end(request_id: str, outcome: Outcome = Outcome.COMPLETED, tenant: str = "acme") -> AuditRecord:
    return closed(facts(request_id, tenant), Closed(outcome=outcome, http_status=200), **stamp())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "audit.db"


def make(file: Path, **options: Any) -> SqlAuditStore:
    patient = {"busy_s": AMPLE_S, "patience_s": AMPLE_S}
    return SqlAuditStore(f"sqlite:///{file}", MASTER, **{**patient, **options})


@asynccontextmanager
async def opened(file: Path, **options: Any) -> AsyncIterator[SqlAuditStore]:
    store = make(file, **options)
    await store.start()
    try:
        yield store
    finally:
        await store.aclose()


def rows(file: Path, query: str = "SELECT * FROM audit_records ORDER BY seq") -> list[sqlite3.Row]:
    connection = sqlite3.connect(file, isolation_level=None)
    connection.row_factory = sqlite3.Row
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def contents(file: Path) -> bytes:
    return file.read_bytes()


def write(file: Path, data: bytes) -> None:
    file.write_bytes(data)


def mode(file: Path) -> int:
    return file.stat().st_mode


def files(folder: Path) -> set[Path]:
    return {one for one in folder.iterdir() if one.is_file()}


def remove(file: Path) -> None:
    """The database with what SQLite keeps beside it."""
    for suffix in ("", "-wal", "-shm"):
        file.with_name(file.name + suffix).unlink(missing_ok=True)


def move(file: Path, to: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        here = file.with_name(file.name + suffix)
        if here.exists():
            here.rename(to.with_name(to.name + suffix))


def check_chains(file: Path) -> dict[str, int]:
    """Every writer's rows are contiguous from 1 and chained; how many each has."""
    counts = {}
    for (writer_id,) in rows(file, "SELECT DISTINCT writer_id FROM audit_records"):
        mine = rows(
            file, f"SELECT * FROM audit_records WHERE writer_id = '{writer_id}' ORDER BY seq"
        )
        links = [
            (
                row["body"].encode(),
                Link(row["writer_seq"], row["leaf_hash"], row["prev_writer_hash"], row["mac"]),
            )
            for row in mine
        ]
        assert holds(links, writer_key(MASTER, writer_id), writer_id)
        counts[writer_id] = len(mine)
    assert [row["seq"] for row in rows(file)] == list(range(1, len(rows(file)) + 1))
    return counts


# --- appending and reading ------------------------------------------------------------------------


async def test_append_then_read(file: Path):
    async with opened(file) as store:
        assert store.ready
        await store.append(begin("req_1"))
        await store.append(begin("req_2", tenant="other"))
        await store.append(end("req_1"))
        listed = await store.list_records()
        assert [one["type"] for one in listed] == [
            "request.completed",
            "request.accepted",
            "request.accepted",
        ]
        assert [one["seq"] for one in listed] == [3, 2, 1]
        assert [one["writer_seq"] for one in listed] == [3, 2, 1]
        assert {one["writer_id"] for one in listed} == {store.writer_id}
        assert listed[0]["http_status"] == 200
    assert check_chains(file) == {store.writer_id: 3}


async def test_an_appended_record_is_in_the_file_when_append_returns(file: Path):
    async with opened(file) as store:
        await store.append(begin("req_1"))
        assert [row["request_id"] for row in rows(file)] == ["req_1"]


async def test_filters_and_pages(file: Path):
    async with opened(file) as store:
        for n in range(5):
            await store.append(begin(f"req_{n}", tenant="a" if n % 2 else "b"))
        await store.append(end("req_3", tenant="a"))

        async def ids(**options: Any) -> list[object]:
            return [one["request_id"] for one in await store.list_records(**options)]

        assert await ids(tenant="a") == ["req_3", "req_3", "req_1"]
        assert await ids(type="request.completed") == ["req_3"]
        assert await ids(request_id="req_3") == ["req_3", "req_3"]
        assert await ids(limit=2) == ["req_3", "req_4"]
        assert await ids(limit=2, before_seq=5) == ["req_3", "req_2"]
        assert await ids(tenant="nobody") == []


async def test_get_by_event_and_by_request(file: Path):
    async with opened(file) as store:
        first = begin("req_1")
        await store.append(first)
        await store.append(end("req_1"))
        (one,) = await store.get(first.event_id)
        assert one["event_id"] == first.event_id
        assert [r["type"] for r in await store.get("req_1")] == [
            "request.completed",
            "request.accepted",
        ]
        assert await store.get("nothing") == []


async def test_reading_needs_no_writer(file: Path):
    async with opened(file) as store:
        await store.append(begin("req_1"))
    assert len(await make(file).list_records()) == 1


async def test_there_is_nothing_to_read_without_a_file(file: Path):
    with pytest.raises(AuditUnavailable):
        await make(file).list_records()
    assert file not in files(file.parent)


async def test_many_at_once_share_commits(file: Path):
    async with opened(file) as store:
        await asyncio.gather(*(store.append(begin(f"req_{n}")) for n in range(700)))
    assert check_chains(file) == {store.writer_id: 700}


async def test_nonces_stand_apart_and_can_go(file: Path):
    nonce = secrets.token_bytes(32)
    facts = replace(FACTS, masked_request=commitment(nonce, b"x"))
    async with opened(file) as store:
        await store.append(accepted(facts, event_id=event_id(), ts=now()))
    assert [bytes(row["nonce"]) for row in rows(file, "SELECT nonce FROM audit_nonces")] == [nonce]
    assert nonce.hex() not in rows(file)[0]["body"]
    rows(file, "DELETE FROM audit_nonces")
    check_chains(file)


async def test_only_the_owner_may_read_the_file(file: Path):
    async with opened(file):
        assert mode(file) & 0o077 == 0


async def test_durability_settings(file: Path):
    connections: list[sqlite3.Connection] = []
    with listening(lambda connection, _: connections.append(connection)):
        async with opened(file):
            (writing,) = connections
            names = ("journal_mode", "synchronous", "foreign_keys")
            found = [writing.execute(f"PRAGMA {name}").fetchone()[0] for name in names]
    assert found == ["wal", 2, 1]


# --- insert-only ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_records SET tenant = 'x'",
        "DELETE FROM audit_records",
        "INSERT OR REPLACE INTO audit_records SELECT * FROM audit_records",
        "REPLACE INTO audit_records SELECT seq + 100, event_id, request_id, type, ts, tenant,"
        " writer_id, writer_seq + 100, leaf_hash, prev_writer_hash, mac, '{}' FROM audit_records",
    ],
)
async def test_what_is_written_stays(file: Path, statement: str):
    async with opened(file) as store:
        await store.append(begin("req_1"))
    before = [tuple(row) for row in rows(file)]
    with pytest.raises(sqlite3.IntegrityError, match="insert-only"):
        rows(file, statement)
    assert [tuple(row) for row in rows(file)] == before


async def test_one_bad_record_does_not_take_others_with_it(file: Path):
    async with opened(file) as store:
        await store.append(end("req_1"))
        found = await asyncio.gather(
            store.append(begin("req_2")),
            store.append(end("req_1", Outcome.FAILED)),
            store.append(begin("req_3")),
            return_exceptions=True,
        )
        assert [type(one) for one in found] == [type(None), AuditUnavailable, type(None)]
        assert store.ready
    assert [row["request_id"] for row in rows(file)] == ["req_1", "req_2", "req_3"]
    assert check_chains(file) == {store.writer_id: 3}


# --- failures -------------------------------------------------------------------------------------


@contextmanager
def listening(note: Callable[[sqlite3.Connection, object], None]) -> Iterator[None]:
    event.listen(Engine, "connect", note)
    try:
        yield
    finally:
        event.remove(Engine, "connect", note)


async def test_before_the_start_and_after_the_end_nothing_is_taken(file: Path):
    store = make(file)
    with pytest.raises(AuditUnavailable):
        await store.append(begin("req_1"))
    assert not await store.probe()
    await store.aclose()
    async with opened(file) as store:
        pass
    await store.aclose()
    assert not store.ready
    with pytest.raises(AuditUnavailable):
        await store.append(begin("req_1"))


async def test_locked_by_another_process(file: Path):
    async with opened(file, busy_s=0.1, probe_s=3600) as store:
        await store.append(begin("req_1"))
        holder = sqlite3.connect(file, isolation_level=None)
        holder.execute("BEGIN EXCLUSIVE")
        with pytest.raises(AuditUnavailable):
            await store.append(begin("req_2"))
        assert not store.ready
        assert not await store.probe()
        holder.execute("ROLLBACK")
        holder.close()
        assert await store.probe()
        assert store.ready
        await store.append(begin("req_3"))
    assert [row["request_id"] for row in rows(file)] == ["req_1", "req_3"]
    assert check_chains(file) == {store.writer_id: 2}


async def test_whoever_stops_waiting_does_not_stop_the_writing_thread(file: Path):
    async with opened(file) as store:
        began, go_on = threading.Event(), threading.Event()
        store._writer.call(lambda: (began.set(), go_on.wait(AMPLE_S)))
        assert await asyncio.to_thread(began.wait, AMPLE_S)
        waiting = [asyncio.create_task(one) for one in (store.probe(), store.reconcile())]
        await asyncio.sleep(0)
        for one in waiting:
            one.cancel()
        await asyncio.wait(waiting)
        go_on.set()
        await store.append(begin("req_1"))
        assert await store.probe()
    assert check_chains(file) == {store.writer_id: 1}


async def test_a_start_that_is_given_up_ends_in_a_thread_that_can_be_stopped(file: Path):
    store = make(file)
    starting = asyncio.create_task(store.start())
    await asyncio.sleep(0)
    starting.cancel()
    await asyncio.wait([starting])
    await store.aclose()
    assert not store.ready


@pytest.mark.parametrize("error", [ValueError("secret"), TypeError("secret"), KeyError("secret")])
async def test_what_no_database_raises_refuses_and_the_thread_goes_on(
    file: Path, error: Exception, capsys: pytest.CaptureFixture[str]
):
    async with opened(file, probe_s=0.01) as store:
        await store.append(begin("req_1"))
        backend: Any = store._writer._ledger.backend
        insert = backend.insert

        def fail(*_: object) -> None:
            backend.insert = insert
            raise error

        backend.insert = fail
        with pytest.raises(AuditUnavailable):
            await store.append(begin("req_2"))
        with pytest.raises(AuditUnavailable):
            await asyncio.wrap_future(store._writer.call(fail))
        await store.append(begin("req_3"))
        await eventually(lambda: store.ready)
    assert [row["request_id"] for row in rows(file)] == ["req_1", "req_3"]
    assert check_chains(file) == {store.writer_id: 2}
    assert "secret" not in "".join(capsys.readouterr())


async def test_closing_records_of_unknown_outcome_double_no_number(file: Path):
    """A commit that was told as failed to who asked for it, on a connection that lives."""
    async with opened(file) as dead:
        await dead.append(begin("req_1"))
        async with opened(file, probe_s=3600) as store:
            backend: Any = store._writer._ledger.backend
            check, is_dead = backend.check, backend.is_dead

            def fail() -> None:
                backend.check = check
                raise OSError("gone for a moment")

            backend.check, backend.is_dead = fail, lambda *_: True
            with pytest.raises(AuditUnavailable):
                await store.reconcile()
            backend.is_dead = is_dead
            await store.append(begin("req_2"))
            assert store.ready
            assert check_chains(file) == {dead.writer_id: 1, store.writer_id: 2}


async def test_it_recovers_by_itself(file: Path):
    async with opened(file, busy_s=0.05, probe_s=0.01) as store:
        holder = sqlite3.connect(file, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(AuditUnavailable):
            await store.append(begin("req_1"))
        holder.execute("ROLLBACK")
        holder.close()
        await eventually(lambda: store.ready)


async def test_full_disk(file: Path):
    def small(connection: sqlite3.Connection, _: object) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {max(pages, 40)}")

    async with opened(file):
        pass
    written = 0
    with listening(small):
        store = make(file, probe_s=3600)
        await store.start()
        while store.ready:
            with suppress(AuditUnavailable):
                await store.append(begin(f"req_{written}"))
                written += 1
    assert len(rows(file)) == written
    await store.append(begin("req_after"))
    assert store.ready
    await store.aclose()
    assert check_chains(file) == {store.writer_id: written + 1}


async def test_deleted_file_is_noticed_and_not_made_again(file: Path):
    async with opened(file, probe_s=3600) as store:
        await store.append(begin("req_1"))
        aside = file.with_name("aside.db")
        move(file, aside)
        with pytest.raises(AuditUnavailable):
            await store.append(begin("req_2"))
        assert not store.ready
        assert not await store.probe()
        assert file not in files(file.parent)
        move(aside, file)
        assert await store.probe()
        await store.append(begin("req_3"))
    assert rows(file)[-1]["request_id"] == "req_3"
    check_chains(file)


async def test_an_empty_file_in_its_place_is_no_audit_log(file: Path):
    async with opened(file, probe_s=3600) as store:
        await store.append(begin("req_1"))
        remove(file)
        write(file, b"")
        for _ in range(2):
            with pytest.raises(AuditUnavailable):
                await store.append(begin("req_2"))
        assert not store.ready
    assert contents(file) == b"" or rows(file, "SELECT * FROM sqlite_schema") == []


async def test_an_older_copy_in_its_place_leaves_a_visible_gap(file: Path):
    async with opened(file) as store:
        await store.append(begin("req_1"))
        await store.append(end("req_1"))
    copy = contents(file)
    async with opened(file) as store:
        await store.append(begin("req_2"))
        await store.append(begin("req_3"))
        remove(file)
        write(file, copy)
        with pytest.raises(AuditUnavailable):
            await store.append(begin("req_4"))
        await store.append(begin("req_5"))
    mine = [row["writer_seq"] for row in rows(file) if row["writer_id"] == store.writer_id]
    assert mine == [3]


@contextmanager
def powerless(folder: Path) -> Iterator[None]:
    """Run without the right to write in a folder, also where the tests run as root."""
    folder.chmod(0o555)
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
        folder.chmod(0o755)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that another user can reach."""
    folder = Path(tempfile.mkdtemp(prefix="cloakroom-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


async def test_read_only_file(open_folder: Path):
    file = open_folder / "audit.db"
    async with opened(file):
        pass
    file.chmod(0o444)
    with powerless(open_folder), pytest.raises(ConfigError, match="cannot be opened for writing"):
        await make(file).start()
    store = make(file)
    await store.start()  # the refusal broke nothing
    await store.aclose()


async def test_a_folder_that_cannot_be_written(open_folder: Path):
    with powerless(open_folder), pytest.raises(ConfigError, match="cannot be opened for writing"):
        await make(open_folder / "sub" / "audit.db").start()


async def test_read_only_while_running(file: Path):
    """A connection that turns read-only fails closed; a new one is made and goes on."""
    connections: list[sqlite3.Connection] = []
    with listening(lambda connection, _: connections.append(connection)):
        async with opened(file) as store:
            await store.append(begin("req_1"))
            connections[-1].execute("PRAGMA query_only = ON")
            with pytest.raises(AuditUnavailable):
                await store.append(begin("req_2"))
            assert not store.ready
            await store.append(begin("req_3"))
            assert store.ready
    assert [row["request_id"] for row in rows(file)] == ["req_1", "req_3"]
    check_chains(file)


async def test_a_full_queue_refuses(file: Path):
    async with opened(file, queue_size=3) as store:
        found = await asyncio.gather(
            *(store.append(begin(f"req_{n}")) for n in range(10)), return_exceptions=True
        )
        refused = [one for one in found if isinstance(one, AuditUnavailable)]
        assert len(refused) == 7
        await store.append(begin("req_later"))
    assert len(rows(file)) == 4


async def test_a_write_that_takes_too_long_is_refused_and_its_request_closed(file: Path):
    async with opened(file, patience_s=0.05, probe_s=0.01) as store:
        holder = sqlite3.connect(file, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(AuditUnavailable):
            await store.append(begin("req_1"))
        assert not store.ready
        holder.execute("ROLLBACK")
        holder.close()
        await eventually(lambda: len(rows(file)) == 2)
        assert [row["type"] for row in rows(file)] == [
            "request.accepted",
            "request.outcome_unknown",
        ]
        await eventually(lambda: store.ready)
    check_chains(file)


async def test_a_cancelled_accept_is_closed(file: Path):
    """The caller went away while its record was on its way: it is closed all the same."""
    async with opened(file) as store:
        holder = sqlite3.connect(file, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        task = asyncio.create_task(store.append(begin("req_1")))
        await asyncio.wait({task}, timeout=0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        holder.execute("ROLLBACK")
        holder.close()
        await eventually(lambda: len(rows(file)) == 2)
    assert rows(file)[1]["type"] == "request.outcome_unknown"


async def test_a_closing_record_that_failed_is_made_good(file: Path):
    async with opened(file, busy_s=0.05, probe_s=0.01) as store:
        await store.append(begin("req_1"))
        await store.append(begin("req_alive"))
        holder = sqlite3.connect(file, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(AuditUnavailable):
            await store.append(end("req_1"))
        holder.execute("ROLLBACK")
        holder.close()
        await eventually(lambda: len(rows(file)) == 3)
        last = rows(file)[-1]
        assert (last["request_id"], last["type"]) == ("req_1", "request.outcome_unknown")
        with pytest.raises(AuditUnavailable):
            await store.append(end("req_1"))  # one closing record, not two
        await store.append(end("req_alive"))
    check_chains(file)


async def test_a_commit_of_unknown_outcome_keeps_the_chain(
    file: Path, monkeypatch: pytest.MonkeyPatch
):
    """The rows are there, but we were told that they are not."""
    async with opened(file, probe_s=3600, reconcile_s=3600) as store:
        await store.append(begin("req_1"))
        ledger = store._writer._ledger
        check = ledger.backend.check

        def broken() -> None:
            monkeypatch.setattr(ledger.backend, "check", check)
            raise sqlite3.OperationalError("disk I/O error")

        monkeypatch.setattr(ledger.backend, "check", broken)
        with pytest.raises(AuditUnavailable):
            await store.append(begin("req_2"))
        await store.append(begin("req_3"))
        await store.append(end("req_1"))
        await eventually(lambda: len(rows(file)) == 5)
    kinds = {(row["request_id"], row["type"]) for row in rows(file)}
    assert ("req_2", "request.outcome_unknown") in kinds
    assert ("req_3", "request.outcome_unknown") not in kinds
    assert check_chains(file) == {store.writer_id: 5}


# --- start-up -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    ["", "nonsense", "sqlite://", "sqlite:///:memory:", "postgresql://localhost", "mysql://h/d"],
)
def test_the_url_names_an_sqlite_file(url: str):
    with pytest.raises(ConfigError, match="audit"):
        SqlAuditStore(url, MASTER)


async def test_a_newer_schema_is_refused(file: Path):
    async with opened(file):
        pass
    rows(file, "UPDATE audit_meta SET version = 99")
    with pytest.raises(ConfigError, match="schema 99"):
        await make(file).start()
    with pytest.raises(ConfigError, match="schema 99"):
        await make(file).list_records()


async def test_a_file_that_is_no_database_is_refused(file: Path):
    write(file, b"not a database at all" * 100)
    with pytest.raises(ConfigError, match="cannot be opened"):
        await make(file).start()
    assert contents(file).startswith(b"not a database")


# --- several processes ----------------------------------------------------------------------------


def spawn(file: Path, count: int, *more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(PROCESS), str(file), str(count), *more],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def test_three_processes_write_one_file(file: Path):
    """All start on a file that is not there yet."""
    processes = [spawn(file, 200) for _ in range(3)]
    errors = [process.communicate(timeout=AMPLE_S)[1] for process in processes]
    assert errors == [""] * 3
    assert [process.returncode for process in processes] == [0] * 3
    assert sorted(check_chains(file).values()) == [400] * 3
    assert rows(file, "SELECT * FROM audit_open") == []


async def test_a_killed_process_leaves_nothing_open(file: Path):
    """kill -9 with a request in flight; of two that reconcile at once, one closes it."""
    process = spawn(file, 3, "hang")
    assert process.stdout is not None
    request_id = process.stdout.readline().strip()
    async with opened(file) as one, opened(file) as two:
        assert await one.reconcile() == 0  # alive, however long it takes
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert sorted(await asyncio.gather(one.reconcile(), two.reconcile())) == [0, 1]
        assert await one.reconcile() == 0
    mine = [row["type"] for row in rows(file) if row["request_id"] == request_id]
    assert mine == ["request.accepted", "request.outcome_unknown"]
    assert rows(file, "SELECT * FROM audit_open") == []
    check_chains(file)


async def test_the_next_start_closes_what_a_killed_process_left(file: Path):
    process = spawn(file, 0, "hang")
    assert process.stdout is not None
    request_id = process.stdout.readline().strip()
    process.send_signal(signal.SIGKILL)
    process.communicate()
    async with opened(file) as store:
        (last, _) = await store.get(request_id)
        assert last["type"] == "request.outcome_unknown"
        assert last["tenant"] == "acme"


# --- reading all of it ----------------------------------------------------------------------------

ALL = ("request.accepted", "request.completed", "request.denied")


def streamed(file: Path, **options: Any) -> list[Page]:
    return list(stream_records(f"sqlite:///{file}", **{"types": ALL, **options}))


def requests_of(pages: list[Page]) -> list[str]:
    return [orjson.loads(body)["request_id"] for page in pages for body in page.bodies]


async def fill(file: Path, count: int) -> None:
    async with opened(file) as store:
        for number in range(count):
            tenant = "acme" if number % 2 else "globex"
            await store.append(begin(f"req_{number}", tenant))
            await store.append(end(f"req_{number}", tenant=tenant))


@pytest.mark.parametrize("page", [1, 2, 3, 10, 11, 100])
async def test_all_records_come_once_and_in_order(file: Path, page: int):
    await fill(file, 5)
    pages = streamed(file, page=page)
    assert requests_of(pages) == [f"req_{number}" for number in range(5) for _ in range(2)]
    assert all(len(one.bodies) <= page for one in pages)
    assert [one.last for one in pages] == [10] * len(pages)
    assert [one.seq for one in pages] == sorted({one.seq for one in pages})
    assert pages[-1].seq == 10


async def test_a_stream_can_be_narrowed(file: Path):
    await fill(file, 4)
    accepted_ = streamed(file, types=("request.accepted",), page=2)
    assert requests_of(accepted_) == ["req_0", "req_1", "req_2", "req_3"]
    assert requests_of(streamed(file, tenant="acme")) == ["req_1", "req_1", "req_3", "req_3"]
    times = [row["ts"] for row in rows(file)]
    since = streamed(file, since=times[2])
    assert len(requests_of(since)) == sum(one >= times[2] for one in times)
    until = streamed(file, until=times[6])
    assert len(requests_of(until)) == sum(one < times[6] for one in times)
    assert requests_of(streamed(file, tenant="nobody")) == []


async def test_a_stream_ends_where_the_log_ended_when_it_began(file: Path):
    await fill(file, 2)
    pages = stream_records(f"sqlite:///{file}", types=ALL, page=1)
    first = next(pages)
    async with opened(file) as store:
        await store.append(begin("req_late"))
        await store.append(end("req_late"))
    assert requests_of([first, *pages]) == ["req_0", "req_0", "req_1", "req_1"]


async def test_a_stream_goes_through_no_index_that_would_sort(file: Path):
    await fill(file, 1)
    plans: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith("SELECT audit_records.seq"):
            plan = cursor.connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            plans.extend(row[3] for row in plan)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        streamed(file)
        streamed(file, tenant="acme")
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    assert len(plans) == 2
    assert not any("TEMP B-TREE" in one for one in plans)


async def test_a_stream_of_an_empty_log(file: Path):
    async with opened(file):
        assert streamed(file) == []


async def test_what_is_no_log_cannot_be_streamed(file: Path):
    with pytest.raises(AuditUnavailable):
        streamed(file)
    write(file, b"no database" * 100)
    with pytest.raises(AuditUnavailable):
        streamed(file)


async def test_a_page_does_not_show_what_it_holds(file: Path):
    await fill(file, 1)
    assert "req_0" not in repr(streamed(file))
