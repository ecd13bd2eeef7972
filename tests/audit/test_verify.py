"""Verifying a log: it holds as it was written, and no change of it goes unseen."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.audit.chain import writer_key
from gateway.audit.checkpoint import Checkpoint, SigningKeys, public_keys, sign
from gateway.audit.checkpointing import Signing
from gateway.audit.merkle import frontier_at
from gateway.audit.notes import NoteError, VerifierKey
from gateway.audit.reading import LogRow, StoredCheckpoint, open_log
from gateway.audit.record import leaf_hash
from gateway.audit.store import SqlAuditStore
from gateway.audit.verdict import WORDS, Fault, Kind, Report
from gateway.audit.verify import MAX_FAULTS, Anchor, read_anchor, verify_log
from tests.audit.logs import BLOCK, MASTER, ORIGIN, Log, attack, bodies, make_log, new_keys
from tests.audit.test_store import begin

SIZE = 300
SIZES = range(50, SIZE + 1, 50)
RECORDS = bodies(SIZE)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Log:
    return make_log(tmp_path_factory.mktemp("original") / "audit.db", RECORDS, SIZES)


@pytest.fixture
def log(original: Log, tmp_path: Path) -> Log:
    """A copy that may be changed."""
    file = tmp_path / "audit.db"
    shutil.copy(original.file, file)
    return replace(original, file=file)


def anchors(log: Log, *sizes: int) -> list[Anchor]:
    return [read_anchor(f"at-{size}", log.notes[size], log.public) for size in sizes]


def check(
    log: Log,
    *,
    keys: Sequence[VerifierKey] | None = None,
    anchors: Sequence[Anchor] = (),
    macs: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Report:
    """The report on a log, as the command makes it."""
    with open_log(log.url) as reader:
        latest = reader.latest_checkpoint()
        newest = latest.size if latest else -1
        size = reader.size
        start = frontier_at(reader.pruned_below, reader.subtree)
        return verify_log(
            reader.rows(start.size, size),
            takewhile(lambda one: one.size <= newest, reader.checkpoints()),
            log.public if keys is None else keys,
            size=size,
            origin=reader.origin,
            start=start,
            anchors=anchors,
            hashes=reader.subtree,
            mac_keys=(lambda writer: writer_key(MASTER, writer)) if macs else None,
            progress=progress,
        )


def kinds(report: Report) -> set[Kind]:
    return {one.kind for one in report.faults}


# --- a log that holds ---------------------------------------------------------------------------


@pytest.mark.parametrize("macs", [False, True])
def test_a_log_as_it_was_written_holds(original: Log, macs: bool):
    done: list[int] = []
    report = check(original, macs=macs, anchors=anchors(original, 100, 300), progress=done.append)
    assert report.holds
    assert report.first_bad is None
    assert (report.size, report.records, report.signed, report.unsigned) == (300, 300, 300, 0)
    assert report.checkpoints == len(SIZES)
    assert report.anchors == ("at-100", "at-300")
    assert report.macs is macs
    assert done == sorted(done)
    assert done[-1] == SIZE


def test_a_log_holds_while_it_is_written(tmp_path: Path):
    """As gateways write it: several at once on one file, records of one turn in one commit."""
    file, keys = tmp_path / "audit.db", new_keys()
    report: list[Report] = []

    async def write(number: int) -> None:
        signing = Signing(keys, origin=ORIGIN)
        store = SqlAuditStore(f"sqlite:///{file}", MASTER, signing=signing)
        await store.start()
        for turn in range(5):
            names = [f"{number}-{turn}-{one}" for one in range(20)]
            await asyncio.gather(*(store.append(begin(name)) for name in names))
            report.append(await asyncio.to_thread(check, Log(file, keys, {}), macs=True))
        await store.aclose()

    async def all_at_once() -> None:
        await asyncio.gather(write(1), write(2))

    asyncio.run(all_at_once())
    report.append(check(Log(file, keys, {}), macs=True))
    young = [one for one in report if not one.signed]  # nothing vouches for it yet
    assert all(kinds(one) <= {Kind.UNSIGNED, Kind.NOT_YET} and not one.holds for one in young)
    assert all(one.holds for one in report if one.signed), [one.faults for one in report]
    assert report[-1].signed
    assert report[-1].records >= 200
    assert report[-1].unsigned == 0


def test_records_behind_the_last_checkpoint_are_counted(tmp_path: Path):
    log = make_log(tmp_path / "audit.db", RECORDS[:75], [50])
    report = check(log)
    assert report.holds
    assert (report.signed, report.unsigned) == (50, 25)


def test_an_empty_log_holds(tmp_path: Path):
    assert check(make_log(tmp_path / "audit.db", [], [])).holds


def test_a_log_that_nobody_signed_does_not_hold(tmp_path: Path):
    report = check(make_log(tmp_path / "audit.db", RECORDS[:20], []))
    assert report.faults == (Fault(Kind.UNSIGNED, 0, 20),)
    assert not report.awaits_signing


def test_records_after_the_checkpoint_of_the_empty_log_wait_for_the_next_one(tmp_path: Path):
    log = make_log(tmp_path / "audit.db", RECORDS[:20], [0])
    report = check(log, macs=True)
    assert report.faults == (Fault(Kind.NOT_YET, 0, 20),)
    assert report.awaits_signing
    assert not report.holds
    assert report.first_bad is None
    assert check(make_log(tmp_path / "later.db", RECORDS[:20], [0, 10])).holds


def test_a_young_log_that_was_changed_is_not_excused(tmp_path: Path):
    log = make_log(tmp_path / "audit.db", RECORDS[:20], [0])
    connection = attack(log.file)
    connection.execute(f"UPDATE audit_records SET body = replace(body, 'chat', 'x') {where(7)}")
    connection.close()
    report = check(log)
    assert not report.awaits_signing
    assert report.first_bad == 7


def test_a_log_that_was_signed_further_once_is_not_taken_for_a_young_one(tmp_path: Path):
    """By an anchor, or by keys that are not known: the later checkpoints were deleted."""
    log = make_log(tmp_path / "audit.db", RECORDS[:20], [0, 10])
    report = check(log, keys=public_keys(new_keys(), ORIGIN))
    assert report.faults == (Fault(Kind.UNSIGNED, 0, 10),)
    connection = attack(log.file)
    connection.execute("DELETE FROM audit_checkpoints WHERE size = 10")
    connection.close()
    assert check(log).awaits_signing
    assert check(log, anchors=anchors(log, 0)).awaits_signing
    report = check(log, anchors=anchors(log, 10))
    assert report.faults == (Fault(Kind.UNSIGNED, 0, 20),)
    assert not check(log, keys=public_keys(new_keys(), ORIGIN)).awaits_signing


# --- what somebody with the file can do ---------------------------------------------------------

Attack = Callable[[sqlite3.Connection], None]
AT = 125  # in the middle of what writer a wrote, between the checkpoints of 100 and 150


def run(*statements: str) -> Attack:
    def act(connection: sqlite3.Connection) -> None:
        for statement in statements:
            connection.execute(statement)

    return act


def where(index: int) -> str:
    return f"WHERE event_id = (SELECT event_id FROM audit_leaves WHERE leaf_index = {index})"


def body_and_hash(connection: sqlite3.Connection) -> None:
    found = connection.execute(f"SELECT body FROM audit_records {where(AT)}").fetchone()[0]
    changed = found.replace('"acme"', '"evil"')
    assert changed != found
    connection.execute(
        f"UPDATE audit_records SET body = ?, leaf_hash = ? {where(AT)}",
        (changed, leaf_hash(changed.encode())),
    )


def renumber(connection: sqlite3.Connection, start: int, by: int) -> None:
    """Move all leaves from `start` on."""
    run(
        f"UPDATE audit_leaves SET leaf_index = -leaf_index - 1 WHERE leaf_index >= {start}",
        f"UPDATE audit_leaves SET leaf_index = {by} - leaf_index - 1 WHERE leaf_index < 0",
    )(connection)
    connection.execute(f"UPDATE audit_tree SET size = size + {by}")


def close_the_gap(connection: sqlite3.Connection) -> None:
    connection.execute(f"DELETE FROM audit_records {where(AT)}")
    connection.execute(f"DELETE FROM audit_leaves WHERE leaf_index = {AT}")
    renumber(connection, AT + 1, -1)


def put_in(index: int) -> Attack:
    """A record of a writer that there never was, with a chain of its own."""

    def act(connection: sqlite3.Connection) -> None:
        body = bodies(SIZE + 1)[-1]
        event_id = body.partition(b'"event_id":"')[2][:36].decode()
        renumber(connection, index, 1)
        connection.execute(
            "INSERT INTO audit_records SELECT 9999, ?, 'x', type, ts, tenant, ?, 1, ?, ?, mac, ? "
            "FROM audit_records WHERE seq = 1",
            (event_id, "e" * 32, leaf_hash(body), bytes(32), body.decode()),
        )
        connection.execute("INSERT INTO audit_leaves VALUES (?, ?)", (index, event_id))

    return act


def swap(first: int) -> Attack:
    second = first + 1
    return run(
        f"UPDATE audit_leaves SET leaf_index = -1 WHERE leaf_index = {first}",
        f"UPDATE audit_leaves SET leaf_index = {first} WHERE leaf_index = {second}",
        f"UPDATE audit_leaves SET leaf_index = {second} WHERE leaf_index = -1",
    )


def cut(to: int, *, checkpoints: bool) -> Attack:
    more = [f"DELETE FROM audit_checkpoints WHERE size > {to}"] if checkpoints else []
    return run(
        f"DELETE FROM audit_records WHERE seq > {to}",
        f"DELETE FROM audit_leaves WHERE leaf_index >= {to}",
        f"UPDATE audit_tree SET size = {to}, last_seq = {to}",
        *more,
    )


ATTACKS: dict[str, tuple[Attack, Kind, Kind, int]] = {
    # what is done, what is seen without and with the master key, the first bad index
    "flip": (
        run(f"UPDATE audit_records SET body = replace(body, 'acme', 'acne') {where(AT)}"),
        Kind.BODY, Kind.BODY, AT,
    ),
    "a byte that is no text": (
        run(
            "UPDATE audit_records SET body = CAST(substr(CAST(body AS BLOB), 1, 50) || x'FF' || "
            f"substr(CAST(body AS BLOB), 52) AS TEXT) {where(AT)}"
        ),
        Kind.BODY, Kind.BODY, AT,
    ),
    "flip the first": (
        run(f"UPDATE audit_records SET body = replace(body, 'chat', 'chot') {where(0)}"),
        Kind.BODY, Kind.BODY, 0,
    ),
    "flip the last": (
        run(f"UPDATE audit_records SET body = replace(body, 'chat', 'chot') {where(SIZE - 1)}"),
        Kind.BODY, Kind.BODY, SIZE - 1,
    ),
    "flip with its hash": (body_and_hash, Kind.CHAIN, Kind.MAC, AT),
    "the stored hash": (
        run(f"UPDATE audit_records SET leaf_hash = randomblob(32) {where(AT)}"),
        Kind.BODY, Kind.MAC, AT,
    ),
    "a stored hash that is none": (
        run(f"UPDATE audit_records SET leaf_hash = 'none' {where(AT)}"),
        Kind.DAMAGED, Kind.DAMAGED, AT,
    ),
    "a number that is none": (
        run(f"UPDATE audit_records SET writer_seq = 'one' {where(AT)}"),
        Kind.DAMAGED, Kind.DAMAGED, AT,
    ),
    "delete": (
        run(f"DELETE FROM audit_records {where(AT)}"), Kind.MISSING, Kind.MISSING, AT,
    ),
    "delete the first": (
        run(f"DELETE FROM audit_records {where(0)}"), Kind.MISSING, Kind.MISSING, 0,
    ),
    "delete the leaf": (
        run(f"DELETE FROM audit_leaves WHERE leaf_index = {AT}"),
        Kind.MISSING, Kind.MISSING, AT,
    ),
    "delete and close the gap": (close_the_gap, Kind.CHAIN, Kind.CHAIN, AT),
    "insert": (put_in(AT), Kind.ROOT, Kind.MAC, AT),
    "swap": (swap(AT), Kind.CHAIN, Kind.CHAIN, AT),
    "swap two writers' records": (swap(129), Kind.ROOT, Kind.ROOT, 129),
    "cut off the end": (cut(280, checkpoints=False), Kind.TRUNCATED, Kind.TRUNCATED, 280),
    "cut off at a checkpoint": (cut(250, checkpoints=False), Kind.TRUNCATED, Kind.TRUNCATED, 250),
    "say that the end is missing": (
        run("DELETE FROM audit_records WHERE seq > 280"), Kind.MISSING, Kind.MISSING, 280,
    ),
    "the link": (
        run(f"UPDATE audit_records SET prev_writer_hash = randomblob(32) {where(AT)}"),
        Kind.CHAIN, Kind.MAC, AT,
    ),
    "the number": (
        run(f"UPDATE audit_records SET writer_seq = 7000 {where(AT)}"), Kind.CHAIN, Kind.MAC, AT,
    ),
    "the writer": (
        run(f"UPDATE audit_records SET writer_id = 'c' {where(AT)}"), Kind.CHAIN, Kind.MAC, AT,
    ),
    "the event id": (
        run(
            f"UPDATE audit_records SET event_id = 'other' {where(AT)}",
            f"UPDATE audit_leaves SET event_id = 'other' WHERE leaf_index = {AT}",
        ),
        Kind.EVENT_ID, Kind.EVENT_ID, AT,
    ),
    "the tree's hashes": (
        run("UPDATE audit_tiles SET hashes = randomblob(32) WHERE level = 1"),
        Kind.TILE, Kind.TILE, 0,
    ),
    "a checkpoint": (
        run("UPDATE audit_checkpoints SET note = replace(note, '150', '151') WHERE size = 150"),
        Kind.NOTE, Kind.NOTE, 100,
    ),
    "a checkpoint's place": (
        run("UPDATE audit_checkpoints SET size = 160 WHERE size = 150"),
        Kind.NOTE, Kind.NOTE, 100,
    ),
    "all checkpoints": (
        run("DELETE FROM audit_checkpoints"), Kind.UNSIGNED, Kind.UNSIGNED, 0,
    ),
}  # fmt: skip


@pytest.mark.parametrize("macs", [False, True], ids=["without", "with macs"])
@pytest.mark.parametrize("name", ATTACKS)
def test_tampering_is_found_and_its_place_named(log: Log, name: str, macs: bool):
    act, without, within, index = ATTACKS[name]
    connection = attack(log.file)
    act(connection)
    connection.close()
    report = check(log, macs=macs)
    assert not report.holds
    assert (within if macs else without) in kinds(report)
    assert report.first_bad is not None
    if report.first_bad != index:
        # No more can be told than between which two checkpoints it is.
        assert kinds(report) <= {Kind.ROOT, Kind.TRUNCATED, Kind.TILE}
        (first, *_) = (one for one in report.faults if one.kind is Kind.ROOT)
        assert report.first_bad == first.index == index // 50 * 50
        assert first.index <= index < first.until


def test_only_the_master_key_shows_a_record_put_in_at_the_end(log: Log):
    """Behind the last checkpoint nothing is signed yet."""
    connection = attack(log.file)
    put_in(SIZE)(connection)
    connection.close()
    without = check(log)
    assert without.holds
    assert without.unsigned == 1
    assert check(log, macs=True).faults == (Fault(Kind.MAC, SIZE, SIZE + 1),)


# --- keys and anchors ---------------------------------------------------------------------------


def test_without_its_checkpoints_a_log_that_was_cut_off_holds_in_itself(log: Log):
    connection = attack(log.file)
    cut(280, checkpoints=True)(connection)
    connection.close()
    report = check(log, macs=True, anchors=anchors(log, 100))
    assert report.holds
    report = check(log, macs=True, anchors=anchors(log, 100, 300))
    assert report.faults == (Fault(Kind.ANCHOR, 280, 300, "at-300"),)
    assert report.anchors == ("at-100",)


def test_an_old_database_put_back_is_known_by_an_anchor(original: Log, tmp_path: Path):
    old = make_log(tmp_path / "audit.db", RECORDS[:200], SIZES, keys=original.keys)
    assert check(old, macs=True, anchors=anchors(original, 50, 200)).holds
    report = check(old, macs=True, anchors=anchors(original, 200, 300))
    assert report.first_bad == 200
    assert kinds(report) == {Kind.ANCHOR}


def rewritten(tmp_path: Path, keys: SigningKeys) -> Log:
    """Another history from leaf 125 on, whole in itself, with MACs, chains, tree and signatures."""
    records = [
        body.replace(b'"acme"', b'"evil"') if index == AT else body
        for index, body in enumerate(RECORDS)
    ]
    assert records != RECORDS
    return make_log(tmp_path / "audit.db", records, SIZES, keys=keys)


def test_against_who_has_database_and_keys_only_an_anchor_tells(original: Log, tmp_path: Path):
    """The holder of the database, the signing keys and the master key rewrites everything."""
    log = rewritten(tmp_path, original.keys)
    assert check(log, keys=original.public, macs=True).holds
    assert check(log, keys=original.public, macs=True, anchors=anchors(original, 100)).holds
    report = check(log, keys=original.public, macs=True, anchors=anchors(original, 100, 200, 300))
    assert report.faults == (Fault(Kind.ANCHOR, 100, 200, "at-200"),)
    assert report.first_bad == 100
    assert report.anchors == ("at-100",)


def test_pinned_keys_tell_a_log_that_others_signed(original: Log, tmp_path: Path):
    log = rewritten(tmp_path, new_keys())
    assert check(log, macs=True).holds  # by the keys that it brings along itself
    assert Kind.UNSIGNED in kinds(check(log, keys=original.public))
    report = check(log, anchors=[read_anchor("mine", original.notes[300], log.public)])
    assert kinds(report) == {Kind.ANCHOR}


def test_a_checkpoint_of_other_keys_vouches_for_nothing(original: Log, log: Log):
    """Whoever can write to the table but has no key can still add a checkpoint of their own."""
    note = sign(Checkpoint(ORIGIN, SIZE, _root(original)), [new_keys()], 2_000_000_000)
    with sqlite3.connect(log.file) as connection:
        connection.execute("UPDATE audit_checkpoints SET note = ? WHERE size = 300", (note,))
    connection.close()
    assert check(log).faults == (Fault(Kind.UNSIGNED, 250, 300),)


def test_earlier_checkpoints_may_be_of_keys_that_were_replaced(original: Log, log: Log):
    newer = new_keys()
    note = sign(Checkpoint(ORIGIN, SIZE, _root(original)), [newer], 2_000_000_000)
    connection = attack(log.file)
    connection.execute("UPDATE audit_checkpoints SET note = ? WHERE size = 300", (note,))
    connection.close()
    report = check(log, keys=public_keys(newer, ORIGIN))
    assert report.holds
    assert report.signed == SIZE


def test_a_signature_left_out_is_as_good_as_a_wrong_one(log: Log):
    lines = log.notes[150].splitlines(keepends=True)
    connection = attack(log.file)
    connection.execute(
        "UPDATE audit_checkpoints SET note = ? WHERE size = 150", ("".join(lines[:-1]),)
    )
    connection.close()
    assert check(log).faults == (Fault(Kind.NOTE, 100, 150),)


def test_a_checkpoint_of_another_log_is_a_fault(original: Log, log: Log):
    note = sign(Checkpoint("example.org/other", SIZE, _root(original)), [log.keys], 2_000_000_000)
    foreign = public_keys(log.keys, "example.org/other")
    connection = attack(log.file)
    connection.execute("UPDATE audit_checkpoints SET note = ? WHERE size = 300", (note,))
    connection.close()
    report = check(log, keys=[*log.public, *foreign])
    assert report.faults == (Fault(Kind.ORIGIN, 250, 300),)
    anchor = read_anchor("other", note, foreign)
    assert Kind.ORIGIN in kinds(check(original, anchors=[anchor]))


def test_an_anchor_with_a_wrong_signature_is_none(original: Log):
    note = original.notes[100].replace("\n100\n", "\n101\n")
    with pytest.raises(NoteError):
        read_anchor("bad", note, original.public)
    anchor = read_anchor("bad", note, public_keys(new_keys(), ORIGIN))
    assert not anchor.signed
    assert not check(original, anchors=[anchor]).holds


def _root(log: Log) -> bytes:
    return check(log).root


# --- retention ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("below", "unchecked"), [(256, 5), (0, 0)])
def test_records_that_retention_took_leave_a_log_that_holds(log: Log, below: int, unchecked: int):
    connection = attack(log.file)
    connection.execute("INSERT INTO audit_pruned VALUES (?, 'ts', 'id')", (below,))
    connection.execute(f"DELETE FROM audit_records WHERE seq <= {below}")
    connection.close()
    report = check(log, macs=True, anchors=anchors(log, 300))
    assert report.holds
    assert (report.start, report.records, report.unchecked) == (below, SIZE - below, unchecked)
    assert report.uncompared == ()
    report = check(log, anchors=anchors(log, 50, 250, 300))
    assert report.holds
    assert report.uncompared == (("at-50", "at-250") if below else ())
    assert report.anchors == (("at-300",) if below else ("at-50", "at-250", "at-300"))
    connection = attack(log.file)
    connection.execute(f"UPDATE audit_records SET body = replace(body, 'chat', 'x') {where(270)}")
    connection.close()
    assert check(log).first_bad == 270


def test_retention_cannot_hide_another_history(original: Log, log: Log):
    """The hashes that stand for what went have to lead to the same roots."""
    connection = attack(log.file)
    connection.execute("INSERT INTO audit_pruned VALUES (256, 'ts', 'id')")
    connection.execute("DELETE FROM audit_records WHERE seq <= 256")
    connection.execute("UPDATE audit_tiles SET hashes = randomblob(32)")
    connection.close()
    report = check(log, anchors=anchors(original, 300))
    assert kinds(report) == {Kind.ROOT, Kind.ANCHOR}


# --- any change at all --------------------------------------------------------------------------


@dataclass(frozen=True)
class Memory:
    rows: list[LogRow]
    checkpoints: list[StoredCheckpoint]
    keys: list[VerifierKey]

    def check(self, rows: list[LogRow]) -> Report:
        return verify_log(
            rows,
            self.checkpoints,
            self.keys,
            size=len(self.rows),
            mac_keys=lambda writer: writer_key(MASTER, writer),
        )


@pytest.fixture(scope="module")
def memory(original: Log) -> Memory:
    with open_log(original.url) as log:
        return Memory(list(log.rows(0)), list(log.checkpoints()), original.public)


COLUMNS = ("body", "leaf_hash", "prev_writer_hash", "mac")


@settings(max_examples=60, deadline=None)
@given(
    index=st.integers(0, SIZE - 1),
    column=st.sampled_from(COLUMNS),
    place=st.integers(0, 10_000),
    bit=st.integers(0, 7),
)
def test_every_bit_counts(memory: Memory, index: int, column: str, place: int, bit: int):
    value = bytearray(getattr(memory.rows[index], column))
    value[place % len(value)] ^= 1 << bit
    rows = list(memory.rows)
    rows[index] = replace(rows[index], **{column: bytes(value)})
    report = memory.check(rows)
    assert report.first_bad == index


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_every_other_order_or_choice_of_records_is_found(memory: Memory, data: st.DataObject):
    order = list(range(SIZE))
    act = data.draw(st.sampled_from(["drop", "repeat", "move", "reverse"]))
    first, second = sorted(
        data.draw(st.lists(st.integers(0, 299), min_size=2, max_size=2, unique=True))
    )
    if act == "drop":
        del order[first:second]
    elif act == "repeat":
        order.insert(second, first)
    elif act == "move":
        order.insert(second, order.pop(first))
    else:
        order[first : second + 1] = reversed(order[first : second + 1])
    rows = [replace(memory.rows[at], leaf_index=index) for index, at in enumerate(order)]
    report = memory.check(rows[:SIZE])
    assert not report.holds
    assert report.first_bad is not None
    changed = next(index for index, at in enumerate([*order, -1]) if at != index)
    # Whole blocks of a writer that are gone show where its next record stands.
    assert report.first_bad <= changed + 2 * BLOCK


def test_a_report_stays_small(memory: Memory):
    rows = [replace(row, body=b"{}") for row in memory.rows]
    report = memory.check(rows)
    assert len(report.faults) == MAX_FAULTS
    assert report.more == SIZE - MAX_FAULTS


def test_a_range_gives_way_to_what_lies_in_it():
    faults = (Fault(Kind.ROOT, 100, 150), Fault(Kind.BODY, 120, 121), Fault(Kind.ANCHOR, 250, 300))
    report = Report(
        size=300, start=0, records=300, root=b"", checkpoints=0, unchecked=0, signed=0,
        anchors=(), macs=False, faults=faults, more=0,
    )  # fmt: skip
    assert report.first_bad == 120
    assert replace(report, faults=faults[::2]).first_bad == 100


def test_every_fault_has_words_for_people():
    assert set(WORDS) == set(Kind)
    assert Fault(Kind.BODY, 7, 8).text.startswith("leaf 7: ")
    assert Fault(Kind.ROOT, 7, 9).text.startswith("leaves 7 to 8: ")
    assert Fault(Kind.ANCHOR, 7, 9, "a.txt").text.endswith("(a.txt)")
