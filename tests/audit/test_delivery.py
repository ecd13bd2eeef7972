"""Delivery from real logs: in order, at least once, whatever breaks, and never a gap."""

from __future__ import annotations

import asyncio
import os
import secrets
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import orjson
import pytest

from gateway.audit.facts import EventType
from gateway.audit.reading import open_log
from gateway.audit.sinks.base import Note, Row, SinkFault
from gateway.audit.sinks.delivery import Delivery
from gateway.audit.sinks.folder import FolderSink
from gateway.audit.sinks.gate import Gate
from gateway.audit.sinks.jsonl import JsonlSink
from gateway.audit.sinks.sql import Books
from gateway.audit.sql import DatabaseFault
from gateway.audit.store import SqlAuditStore
from gateway.errors import AuditUnavailable
from gateway.metrics import AUDIT_SINK_UP
from tests.waiting import AMPLE_S, eventually

from .logs import Log, attack, bodies, make_log
from .test_store import begin, end

PROCESS = Path(__file__).with_name("deliver_process.py")
ROOT = Path(__file__).parent.parent.parent


class Memory:
    """A sink that keeps what it gets, and fails as often as it is told."""

    hold_s = 0.0

    def __init__(self, *, fails: int = 0, error: Exception | None = None) -> None:
        self.got: list[int] = []
        self.notes: list[int] = []
        self.fails = fails
        self.probes = 0
        self._error = error or SinkFault("ENOSPC")

    def probe(self) -> None:
        self.probes += 1

    def deliver(self, rows: Sequence[Row]) -> None:
        assert 1 <= len(rows) <= 1000
        self.got += [row.leaf_index for row in rows]
        if self.fails:  # after it has taken them: it does not know
            self.fails -= 1
            raise self._error

    def checkpoint(self, note: Note) -> None:
        self.notes.append(note.size)

    def close(self) -> None:
        pass


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return make_log(tmp_path / "audit.db", bodies(20), [10, 20])


class Reports(list[tuple[str, str]]):
    """What is put on record; `refuse` as long as it cannot be."""

    refuse = False

    def __call__(self, kind: EventType, name: str) -> bool:
        if not self.refuse:
            self.append((kind.value, name))
        return not self.refuse


def delivery(log: Log, sink: object, reports: Reports | None = None, **more) -> Delivery:
    return Delivery(
        more.pop("name", "memory"),
        "memory",
        sink,  # type: ignore[arg-type]
        open_log=lambda: open_log(log.url),
        open_cursors=more.pop("open_cursors", lambda: Books(log.url)),
        report=Reports() if reports is None else reports,
        **more,
    )


def cursor(log: Log, sink: str = "memory") -> int:
    books = Books(log.url)
    found = books.cursor(sink)
    books.close()
    return found


def stopped(one: Delivery) -> None:
    """End one whose thread was never started."""
    one._let_go()


# --- in order, at least once -------------------------------------------------------------------


def test_everything_is_delivered_once_where_nothing_breaks(log: Log):
    sink = Memory()
    one = delivery(log, sink)
    one.turn(final=False)
    one.turn(final=False)
    stopped(one)
    assert sink.got == list(range(20))
    assert sink.notes == [20]
    assert cursor(log) == 20


def test_the_next_process_goes_on_where_the_last_one_ended(log: Log):
    books = Books(log.url)
    books.move("memory", 15)
    books.close()
    sink = Memory()
    one = delivery(log, sink)
    one.turn(final=False)
    stopped(one)
    assert sink.got == [15, 16, 17, 18, 19]


def test_what_was_not_acknowledged_comes_again(log: Log):
    sink = Memory(fails=2)
    one = delivery(log, sink)
    for _ in range(3):
        one.turn(final=False)
    stopped(one)
    assert sink.got == list(range(20)) * 3
    assert cursor(log) == 20


def test_memory_stays_bounded_by_batches(tmp_path: Path):
    log = make_log(tmp_path / "audit.db", bodies(2500), [])
    sink = Memory()
    one = delivery(log, sink)
    one.turn(final=False)
    stopped(one)
    assert sink.got == list(range(2500))


def test_a_log_that_retention_has_cut_is_delivered_from_there(log: Log):
    with attack(log.file) as connection:
        connection.execute(
            "DELETE FROM audit_records WHERE event_id IN "
            "(SELECT event_id FROM audit_leaves WHERE leaf_index < 8 OR leaf_index >= 18)"
        )
    connection.close()
    sink = Memory()
    one = delivery(log, sink)
    one.turn(final=False)
    stopped(one)
    assert sink.got == list(range(8, 18))
    assert cursor(log) == 20


@pytest.mark.parametrize("kill_at", [1, 2, 3])
def test_a_kill_between_sync_and_cursor_makes_duplicates_and_no_gap(tmp_path: Path, kill_at: int):
    log = make_log(tmp_path / "audit.db", bodies(2500), [])
    file = tmp_path / "a.jsonl"
    command = [sys.executable, str(PROCESS), str(log.file), str(file), str(kill_at)]
    environ = os.environ | {"PYTHONPATH": str(ROOT)}
    killed = subprocess.run(command, env=environ, check=False, capture_output=True)
    assert killed.returncode == -9, killed.stderr
    again = [*command[:-1], "0"]
    assert subprocess.run(again, env=environ, check=False).returncode == 0
    got = [orjson.loads(line)["leaf_index"] for line in file.read_bytes().splitlines()]
    doubled = [*range((kill_at - 1) * 1000, min(kill_at * 1000, 2500))]
    assert sorted(got) == sorted([*range(2500), *doubled])
    assert cursor(log, "jsonl") == 2500


def test_one_of_several_processes_serves_a_sink(log: Log):
    first, second = Memory(), Memory()
    one, two = delivery(log, first), delivery(log, second)
    one.turn(final=False)
    two.turn(final=False)
    assert (len(first.got), second.got) == (20, [])
    stopped(one)
    append_to(log, 1)
    two.turn(final=False)
    stopped(two)
    assert second.got == [20]


def append_to(log: Log, count: int) -> None:
    """More records, by a real store."""

    async def write() -> None:
        store = SqlAuditStore(log.url, bytes(32))
        await store.start()
        for _ in range(count):
            await store.append(end(f"req_{secrets.token_hex(8)}"))
        await store.aclose()

    asyncio.run(write())


# --- broken sinks --------------------------------------------------------------------------------


def test_a_failing_sink_is_on_record_once_and_so_is_its_recovery(log: Log):
    reports = Reports()
    sink = Memory(fails=3)
    one = delivery(log, sink, reports, name="siem")
    waits = [one.turn(final=False) for _ in range(3)]
    assert one.down
    assert waits == sorted(set(waits))
    assert AUDIT_SINK_UP.labels("siem")._value.get() == 0
    one.turn(final=False)
    one.turn(final=False)
    stopped(one)
    assert not one.down
    assert AUDIT_SINK_UP.labels("siem")._value.get() == 1
    assert reports == [("sink.degraded", "siem"), ("sink.recovered", "siem")]


def test_a_restart_does_not_put_it_on_record_again(log: Log):
    reports = Reports()
    for _ in range(2):
        one = delivery(log, Memory(fails=1), reports)
        one.turn(final=False)
        stopped(one)
    one = delivery(log, Memory(), reports)
    one.turn(final=False)
    stopped(one)
    assert reports == [("sink.degraded", "memory"), ("sink.recovered", "memory")]


def test_what_could_not_be_recorded_is_recorded_later(log: Log):
    reports = Reports()
    reports.refuse = True
    one = delivery(log, Memory(fails=2), reports)
    one.turn(final=False)
    reports.refuse = False
    one.turn(final=False)
    stopped(one)
    assert reports == [("sink.degraded", "memory")]


def test_a_formatter_that_raises_is_a_failing_sink(log: Log):
    sink = Memory(fails=1, error=ZeroDivisionError("canary"))
    one = delivery(log, sink)
    one.turn(final=False)
    assert one.down
    one.turn(final=False)
    assert not one.down
    stopped(one)


def test_a_database_that_fails_is_no_fault_of_the_sink(log: Log):
    broken = [True]

    def books() -> Books:
        if broken.pop() if broken else False:
            raise DatabaseFault("OperationalError")
        return Books(log.url)

    sink = Memory()
    one = delivery(log, sink, open_cursors=books)
    one.turn(final=False)
    assert (one.down, sink.got) == (False, [])
    one.turn(final=False)
    stopped(one)
    assert sink.got == list(range(20))


def test_a_sink_gathers_records_until_there_are_enough_or_it_ends(log: Log):
    sink = Memory()
    sink.hold_s = 3600.0
    one = delivery(log, sink)
    one.turn(final=False)
    assert (sink.got, sink.notes) == ([], [])
    one.turn(final=True)
    stopped(one)
    assert (sink.got, sink.notes) == (list(range(20)), [20])


def test_a_sink_that_failed_works_again_only_when_it_takes_what_it_did_not(log: Log):
    sink = Memory(fails=2)
    sink.hold_s = 3600.0
    one = delivery(log, sink)
    one.turn(final=True)
    one.turn(final=False)
    assert one.down
    one.turn(final=False)
    stopped(one)
    assert not one.down
    assert cursor(log) == 20


def test_nothing_is_gathered_where_requests_wait(log: Log):
    sink = Memory()
    sink.hold_s = 3600.0
    one = delivery(log, sink, required=True)
    one.turn(final=False)
    stopped(one)
    assert sink.got == list(range(20))


def test_a_folder_gets_the_log_and_the_checkpoint_over_it(log: Log, tmp_path: Path):
    folder = tmp_path / "out"
    folder.mkdir()
    one = delivery(log, FolderSink(folder))
    one.turn(final=True)
    stopped(one)
    assert sorted(file.name for file in folder.iterdir()) == [
        f"checkpoint-{20:020d}.txt",
        f"records-{0:020d}-{19:020d}.jsonl",
    ]
    assert (folder / f"checkpoint-{20:020d}.txt").read_text() == log.notes[20]


def test_a_thread_delivers_what_is_appended_and_the_rest_when_it_ends(log: Log, tmp_path: Path):
    file = tmp_path / "a.jsonl"
    one = delivery(log, JsonlSink(file))
    one.start()
    append_to(log, 5)
    one.stop()
    got = [orjson.loads(line)["leaf_index"] for line in file.read_bytes().splitlines()]
    assert got == list(range(25))


# --- require: all --------------------------------------------------------------------------------


class Blocked(Memory):
    """A sink that takes nothing until it may."""

    def __init__(self) -> None:
        super().__init__()
        self.may = threading.Event()

    def deliver(self, rows: Sequence[Row]) -> None:
        if not self.may.is_set():
            raise SinkFault("timeout")
        super().deliver(rows)


def stored(log: Log, request_id: str) -> list[str]:
    async def read() -> list[str]:
        found = await SqlAuditStore(log.url, bytes(32)).get(request_id)
        return [str(one["type"]) for one in reversed(found)]

    return asyncio.run(read())


def through_gate(log: Log, sinks: Sequence[Memory], work) -> None:
    async def run() -> None:
        store = SqlAuditStore(log.url, bytes(32), busy_s=AMPLE_S, patience_s=AMPLE_S)
        await store.start()
        served = [
            Delivery(
                f"s{index}", f"s{index}", sink, required=True, poll_s=0.05, report=Reports(),
                open_log=lambda: open_log(log.url), open_cursors=lambda: Books(log.url),
            )
            for index, sink in enumerate(sinks)
        ]  # fmt: skip
        for one in served:
            one.start()
        try:
            await work(Gate(store, served, AMPLE_S))
        finally:
            for one in served:
                await asyncio.to_thread(one.stop)
            await store.aclose()

    asyncio.run(run())


def test_a_request_is_taken_on_when_every_sink_has_its_record(log: Log):
    sinks = [Memory(), Memory()]

    async def work(gate: Gate) -> None:
        assert gate.ready
        await gate.append(begin("req_all"))
        assert [sink.got[-1] for sink in sinks] == [20, 20]
        await gate.append(end("req_all"))

    through_gate(log, sinks, work)
    assert [sink.got[-1] for sink in sinks] == [21, 21]
    assert stored(log, "req_all") == ["request.accepted", "request.completed"]


def test_a_request_whose_record_a_sink_lacks_is_refused_and_closed(log: Log):
    blocked = Blocked()

    async def work(gate: Gate) -> None:
        slow = Gate(gate.primary, [Held(gate.deliveries[0])], 0.2)
        with pytest.raises(AuditUnavailable):
            await slow.append(begin("req_none"))

    through_gate(log, [blocked], work)
    assert stored(log, "req_none") == ["request.accepted", "request.failed"]


class Held:
    """A delivery that has not noticed yet that its sink fails."""

    down = False

    def __init__(self, delivery: Delivery) -> None:
        self.delivered = delivery.delivered


def test_no_request_is_begun_while_a_sink_fails(log: Log):
    blocked = Blocked()

    async def work(gate: Gate) -> None:
        await eventually(lambda: not gate.ready)
        with pytest.raises(AuditUnavailable):
            await gate.append(begin("req_down"))
        blocked.may.set()
        await eventually(lambda: gate.ready)
        await gate.append(begin("req_up"))
        await gate.append(end("req_up"))

    through_gate(log, [blocked], work)
    assert stored(log, "req_down") == []
    assert stored(log, "req_up") == ["request.accepted", "request.completed"]


# --- the tables ----------------------------------------------------------------------------------


def test_cursors_and_anchors_are_kept(log: Log):
    books = Books(log.url)
    assert (books.cursor("a"), books.anchored("a")) == (0, None)
    books.move("a", 5)
    books.move("a", 7)
    books.note_anchored("a", 10, "2026-01-01T00:00:00.000000Z")
    books.note_anchored("a", 10, "2026-01-02T00:00:00.000000Z")
    assert books.cursor("a") == 7
    assert books.anchored("a") == (10, "2026-01-02T00:00:00.000000Z")
    books.close()


def test_a_log_that_is_not_there_is_not_made(tmp_path: Path):
    with pytest.raises(DatabaseFault):
        Books(f"sqlite:///{tmp_path}/none.db")
    assert list(tmp_path.iterdir()) == []
