"""Content on real databases: kept with its record, found, opened, erased, held, wrapped anew."""

from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import Future
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.audit.content.capsule import CapsuleKind
from gateway.audit.content.index import blind, index_key
from gateway.audit.content.keys import epoch_key, unwrap
from gateway.audit.content.store import ContentStore, HeldError, open_content
from gateway.audit.reading import open_log
from gateway.audit.record import canonical
from gateway.audit.sinks.base import SinkFault
from gateway.audit.sinks.gate import Gate
from gateway.errors import AuditUnavailable
from tests.audit import pg
from tests.audit.content.kept import (
    EARLIER,
    MASTER,
    TENANT,
    begun,
    ended,
    exchange,
    keeping,
    store,
    write,
)
from tests.waiting import AMPLE_S

ANNA, BEN = "anna@example.com", "ben@example.com"
TEXT = b'{"messages": ["canary-4711"]}'


@pytest.fixture
def url(empty_url: str) -> str:
    return empty_url


def test_what_is_kept_is_found_and_opens(url: str):
    exchange(url, "r1", ANNA, BEN, text=TEXT)
    exchange(url, "r2", BEN, text=b"two")
    with open_content(url, MASTER) as content:
        assert content.find(TENANT, "EMAIL_ADDRESS", [ANNA.upper()]) == ["r1"]
        assert content.find(TENANT, "EMAIL_ADDRESS", [ANNA, BEN]) == ["r1", "r2"]
        assert content.find("other", "EMAIL_ADDRESS", [ANNA]) == []
        assert content.find(TENANT, "PERSON", [ANNA]) == []
        opened = content.capsules("r1")
    assert [(one.kind, one.text, one.committed) for one in opened] == [
        (CapsuleKind.MASKED_REQUEST, TEXT, True),
        (CapsuleKind.MASKED_RESPONSE, TEXT, True),
    ]


def test_with_another_master_key_nothing_is_found_or_opens(url: str):
    exchange(url, "r1", ANNA, text=TEXT)
    with open_content(url, b"x" * 32) as content:
        assert content.find(TENANT, "EMAIL_ADDRESS", [ANNA]) == []
        assert [one.text for one in content.capsules("r1")] == [None, None]


def test_an_index_without_text(url: str):
    kept = keeping("r1", ANNA)
    record = begun(kept, TEXT)
    write(url, replace(record, beside=replace(kept.denial(), capsules=())))
    with open_content(url, MASTER) as content:
        assert content.find(TENANT, "EMAIL_ADDRESS", [ANNA]) == ["r1"]
        assert content.capsules("r1") == []


def test_erasure_takes_all_of_one_person_and_nothing_else(url: str):
    exchange(url, "r1", ANNA, BEN, text=TEXT)
    exchange(url, "r2", BEN, text=b"two")
    with open_content(url, MASTER) as content:
        done = content.erase(TENANT, content.find(TENANT, "EMAIL_ADDRESS", [ANNA]))
        assert (done.requests, *done.deleted) == (1, 2, 1, 2, 2, 0)
        assert content.find(TENANT, "EMAIL_ADDRESS", [ANNA]) == []
        assert content.find(TENANT, "EMAIL_ADDRESS", [BEN]) == ["r2"]
        assert content.capsules("r1") == []
        assert [one.text for one in content.capsules("r2")] == [b"two", b"two"]
        assert len(content.records("r1")) == 2


async def test_an_answer_that_comes_after_the_erasure_is_not_kept(url: str):
    kept = keeping("r1", ANNA)
    log = store(url)
    await log.start()
    with open_content(url, MASTER) as content:
        await log.append(begun(kept, TEXT))
        content.erase(TENANT, ["r1"])
        await log.append(ended(kept, b"late canary"))
        await log.aclose()
        assert content.capsules("r1") == []
        assert len(content.records("r1")) == 2
        assert content.erase(TENANT, ["r1"]).deleted == (0, 0, 0, 1, 0)


@pytest.mark.parametrize(
    ("tenant", "request_id", "is_known"),
    [
        ("", None, True),
        (TENANT, None, True),
        ("other", None, False),
        ("", "r1", True),
        ("", "r9", False),
        ("", "", False),
        (TENANT, "r1", True),
        ("other", "r1", False),
    ],
)
def test_what_the_log_knows(url: str, tenant: str, request_id: str | None, is_known: bool):
    exchange(url, "r1", ANNA, text=TEXT)
    with open_content(url, MASTER) as content:
        assert content.knows(tenant, request_id) is is_known


@pytest.mark.parametrize(
    "what",
    [
        {"tenant": TENANT, "subjects": [("EMAIL_ADDRESS", ANNA)]},
        {"request_id": "r1"},
        {"tenant": TENANT},
        {},
    ],
)
def test_a_hold_blocks_erasure_whole(url: str, what: dict):
    exchange(url, "r1", ANNA, text=TEXT)
    exchange(url, "r2", ANNA, text=TEXT)
    with open_content(url, MASTER) as content:
        (hold_id,) = content.hold(reason="case-1", **what)
        with pytest.raises(HeldError) as refused:
            content.erase(TENANT, ["r1", "r2"])
        assert refused.value.holds == (hold_id,)
        assert len(content.capsules("r1") + content.capsules("r2")) == 4
        assert content.release(hold_id)
        assert not content.release(hold_id)
        assert content.holds() == []
        assert content.erase(TENANT, ["r1", "r2"]).deleted.keys == 2


@pytest.mark.parametrize(
    "what",
    [
        {"tenant": TENANT, "subjects": [("EMAIL_ADDRESS", BEN)]},
        {"request_id": "r9"},
        {"tenant": "other"},
    ],
)
def test_a_hold_on_something_else_does_not(url: str, what: dict):
    exchange(url, "r1", ANNA, text=TEXT)
    with open_content(url, MASTER) as content:
        content.hold(reason="case-1", **what)
        assert content.erase(TENANT, ["r1"]).deleted.keys == 1


def test_content_expires_unless_it_is_held(url: str):
    exchange(url, "r1", ANNA, text=TEXT, expires=EARLIER)
    exchange(url, "r2", BEN, text=TEXT, expires=EARLIER)
    exchange(url, "r3", BEN, text=TEXT)
    with open_content(url, MASTER) as content:
        assert content.capsules("r1") == []  # closed by its time, not by the clean-up
        (hold_id,) = content.hold(
            reason="case-1", tenant=TENANT, subjects=[("EMAIL_ADDRESS", ANNA)]
        )
        assert content.expire() == 1
        assert content.find(TENANT, "EMAIL_ADDRESS", [ANNA, BEN]) == ["r1", "r3"]
        content.release(hold_id)
        assert content.expire() == 1
        assert content.expire() == 0
        assert content.find(TENANT, "EMAIL_ADDRESS", [ANNA, BEN]) == ["r3"]


def test_a_new_epoch_wraps_every_key_and_the_old_one_is_destroyed(url: str):
    for number in range(7):
        exchange(url, f"r{number}", ANNA, text=TEXT)
    with open_content(url, MASTER) as content:
        assert [(epoch, count) for epoch, _, count in content.epochs()] == [(1, 7)]
        epoch = content.open_epoch()
        exchange(url, "r7", ANNA, text=TEXT)  # a writer uses it at once
        assert content.drop_epochs(epoch) == []
        steps = list(content.rewrap(epoch, batch=3))
        assert [one.done for one in steps] == [3, 6, 7]
        assert content.drop_epochs(epoch) == [1]
        assert [(epoch, count) for epoch, _, count in content.epochs()] == [(2, 8)]
        for number in range(8):
            assert [one.text for one in content.capsules(f"r{number}")] == [TEXT, TEXT]


def patient(url: str) -> ContentStore:
    """Content that waits for as long as others write."""
    return open_content(url, MASTER, busy_s=AMPLE_S)


def test_rotation_under_load_loses_nothing(url: str):
    """Writers write and readers read while epochs come and go."""
    write(url, begun(keeping("r0", ANNA), TEXT))
    failures: list[BaseException] = []

    def load(writer: int) -> None:
        try:
            for number in range(6):
                exchange(url, f"w{writer}-{number}", ANNA, text=TEXT)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=load, args=(writer,)) for writer in range(3)]
    for one in threads:
        one.start()
    with patient(url) as content, patient(url) as reader:
        while any(one.is_alive() for one in threads):
            epoch = content.open_epoch()
            for _ in content.rewrap(epoch, batch=2):
                assert reader.capsules("r0")[0].text == TEXT
            content.drop_epochs(epoch)
        for one in threads:
            one.join()
        assert failures == []
        found = content.find(TENANT, "EMAIL_ADDRESS", [ANNA])
        assert len(found) == 19
        assert all(one.text == TEXT for name in found for one in content.capsules(name))


def test_a_damaged_key_keeps_its_epoch(tmp_path: Path):
    url = f"sqlite:///{tmp_path}/audit.db"
    exchange(url, "r1", ANNA, text=TEXT)
    exchange(url, "r2", ANNA, text=TEXT)
    with closing(sqlite3.connect(tmp_path / "audit.db")) as attacker:
        attacker.execute("UPDATE audit_subject_keys SET wrapped = x'00' WHERE request_id = 'r1'")
        attacker.commit()
    with open_content(url, MASTER) as content:
        epoch = content.open_epoch()
        (step,) = content.rewrap(epoch)
        assert (step.done, step.damaged) == (1, 1)
        assert content.drop_epochs(epoch) == []
        assert [one.text for one in content.capsules("r1")] == [None, None]
        assert [one.text for one in content.capsules("r2")] == [TEXT, TEXT]


# ---- the canary --------------------------------------------------------------------------------


def bytes_of(folder: Path) -> bytes:
    """Everything that stands in the files of a log: tables, free space, write-ahead log."""
    return b"".join(one.read_bytes() for one in sorted(folder.rglob("*")) if one.is_file())


def secrets_of(file: Path) -> list[bytes]:
    """What would let somebody read or find r1: sealed bytes, wrapped key, index, nonces."""
    with closing(sqlite3.connect(file)) as log:
        queries = (
            "SELECT sealed FROM audit_capsules WHERE request_id = 'r1'",
            "SELECT wrapped FROM audit_subject_keys WHERE request_id = 'r1'",
            "SELECT blind FROM audit_subject_index WHERE request_id = 'r1'",
            "SELECT nonce FROM audit_nonces n JOIN audit_records r USING (event_id) "
            "WHERE r.request_id = 'r1'",
        )
        return [bytes(row[0]) for query in queries for row in log.execute(query)]


def data_key(file: Path) -> bytes:
    with closing(sqlite3.connect(file)) as log:
        wrapped, epoch, salt = log.execute(
            "SELECT wrapped, epoch, salt FROM audit_subject_keys JOIN audit_key_epochs "
            "USING (epoch) WHERE request_id = 'r1'"
        ).fetchone()
    return unwrap(epoch_key(MASTER, epoch, salt), wrapped)


@pytest.mark.parametrize("vacuum", [False, True])
def test_after_an_erasure_nothing_of_it_is_left(tmp_path: Path, vacuum: bool):
    folder = tmp_path / "log"
    folder.mkdir()
    url, file = f"sqlite:///{folder}/audit.db", folder / "audit.db"
    for number in range(30):  # so that it stands among others, on pages that they share
        exchange(url, f"r{number}", ANNA if number == 1 else BEN, text=TEXT + b" " * number)
    canaries, key = secrets_of(file), data_key(file)
    assert len(canaries) == 6
    before = bytes_of(folder)
    assert all(one in before for one in canaries)
    for text in (b"canary-4711", ANNA.encode(), key):
        assert text not in before

    with open_content(url, MASTER) as content:
        done = content.erase(TENANT, content.find(TENANT, "EMAIL_ADDRESS", [ANNA]))
        assert done.is_clean
        if vacuum:
            content.vacuum()
        after = bytes_of(folder)
    backup = tmp_path / "backup.db"
    with closing(sqlite3.connect(file)) as log, closing(sqlite3.connect(backup)) as copy:
        log.backup(copy)
    index = blind(index_key(MASTER, TENANT), "EMAIL_ADDRESS", ANNA)
    for place in (after, bytes_of(folder), backup.read_bytes()):
        assert not [one for one in (*canaries, key, index) if one in place]
        assert b"canary-4711" not in place
    with open_content(url, MASTER) as content:  # the others are untouched
        assert [one.text for one in content.capsules("r2")] == [TEXT + b"  "] * 2


def test_a_backup_from_before_is_out_of_reach(tmp_path: Path):
    """An erasure cannot reach copies that were made before it, and a new epoch cannot, either."""
    url = f"sqlite:///{tmp_path}/audit.db"
    exchange(url, "r1", ANNA, text=TEXT)
    (tmp_path / "backup").mkdir()
    backup = tmp_path / "backup" / "audit.db"
    file = tmp_path / "audit.db"
    with closing(sqlite3.connect(file)) as log, closing(sqlite3.connect(backup)) as copy:
        log.backup(copy)
    with open_content(url, MASTER) as content:
        content.erase(TENANT, ["r1"])
        epoch = content.open_epoch()
        list(content.rewrap(epoch))
        assert content.drop_epochs(epoch) == [1]
    with open_content(f"sqlite:///{backup}", MASTER) as old:
        assert [one.text for one in old.capsules("r1")] == [TEXT, TEXT]


def test_a_copy_without_its_salts_opens_nothing(tmp_path: Path):
    """What a destroyed epoch is good for: keys and texts without the salt are noise."""
    url = f"sqlite:///{tmp_path}/audit.db"
    exchange(url, "r1", ANNA, text=TEXT)
    with closing(sqlite3.connect(tmp_path / "audit.db")) as log:
        log.execute("DELETE FROM audit_key_epochs")
        log.commit()
    with open_content(url, MASTER) as content:
        assert content.capsules("r1") == []


def test_the_log_knows_nothing_of_an_erasure(url: str, tmp_path: Path):
    """Leaves, their hashes and the tree stay as they are, so every proof still verifies."""
    exchange(url, "r1", ANNA, text=TEXT)
    if url.startswith("sqlite"):
        with open_log(url) as log:
            before = [(one.leaf_hash, one.body, one.mac) for one in log.rows(0)]
            root = log.subtree(1, 0)
        with open_content(url, MASTER) as content:
            content.erase(TENANT, ["r1"])
        with open_log(url) as log:
            assert [(one.leaf_hash, one.body, one.mac) for one in log.rows(0)] == before
            assert log.subtree(1, 0) == root
    else:
        query = "SELECT seq, leaf_hash, body, mac FROM audit_records ORDER BY seq"
        found = pg.query(url, query)
        with open_content(url, MASTER) as content:
            content.erase(TENANT, ["r1"])
        assert pg.query(url, query) == found


def test_sealed_texts_and_ended_holds_are_not_changed(tmp_path: Path):
    url = f"sqlite:///{tmp_path}/audit.db"
    exchange(url, "r1", ANNA, text=TEXT)
    with open_content(url, MASTER) as content:
        (hold_id,) = content.hold(reason="case-1")
        content.release(hold_id)
    with closing(sqlite3.connect(tmp_path / "audit.db")) as attacker:
        for statement in (
            "UPDATE audit_capsules SET sealed = x''",
            "UPDATE audit_key_epochs SET salt = x''",
            "UPDATE audit_holds SET released = NULL",
            "DELETE FROM audit_holds",
        ):
            with pytest.raises(sqlite3.IntegrityError):
                attacker.execute(statement)


def test_a_reader_that_is_at_it_keeps_the_write_ahead_log(tmp_path: Path):
    """The erasure stands all the same, and says that bytes are left."""
    url = f"sqlite:///{tmp_path}/audit.db"
    exchange(url, "r1", ANNA, text=TEXT)
    with (
        closing(sqlite3.connect(tmp_path / "audit.db", isolation_level=None)) as reader,
        open_content(url, MASTER, busy_s=0.05) as content,
    ):
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM audit_capsules").fetchone()
        assert not content.erase(TENANT, ["r1"]).is_clean
        assert not content.vacuum()
        reader.execute("COMMIT")
        assert content.capsules("r1") == []
        assert content.clean()


def test_a_record_holds_nothing_of_what_is_beside_it():
    """So neither does anything that copies of records go to."""
    kept = keeping("r1", ANNA)
    record = begun(kept, TEXT)
    bare = replace(record, beside=None)
    assert record.beside is not None
    assert canonical(record) == canonical(bare)
    assert record == bare


async def test_a_request_that_a_further_sink_did_not_get_is_closed(url: str):
    """Though its content stands already: it is not written a second time."""

    class Missing:
        down = False

        def delivered(self, event_id: str) -> Future[None]:
            failed: Future[None] = Future()
            failed.set_exception(SinkFault("down"))
            return failed

    log = store(url)
    await log.start()
    kept = keeping("r1", ANNA)
    with pytest.raises(AuditUnavailable):
        await Gate(log, [Missing()]).append(begun(kept, TEXT))
    await log.aclose()
    with open_content(url, MASTER) as content:
        types = [one["type"] for one in content.records("r1")]
        assert types == ["request.accepted", "request.failed"]
