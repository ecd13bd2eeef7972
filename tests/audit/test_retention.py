"""Retention takes a prefix, as far as nothing must stay, and proofs of what stays still hold."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner

from gateway.audit import retention
from gateway.audit.checkpoint import parse_checkpoint, sign
from gateway.audit.checkpointing import Checkpointer, LogForked, Signing
from gateway.audit.content.store import ContentStore, open_content
from gateway.audit.facts import Actor, ActorKind, AuthMethod, EventType, Origin
from gateway.audit.merkle import (
    consistency,
    frontier_at,
    inclusion,
    verify_consistency,
    verify_inclusion,
)
from gateway.audit.notes import parse_note
from gateway.audit.reading import LogReader, open_log
from gateway.audit.record import event, timestamp
from gateway.audit.sinks.sql import STATE, Books
from gateway.audit.sql import Raw
from gateway.audit.sqlite import sql as sqlite
from gateway.audit.store import SqlAuditStore
from gateway.cli import audit
from tests.audit.content.kept import (
    LATER,
    MASTER,
    TENANT,
    begun,
    ended,
    event_id,
    keeping,
    now,
    store,
)
from tests.audit.logs import MASTER as LOG_MASTER
from tests.audit.logs import START_MS, STEP_MS, attack, bodies, make_log, new_keys

ANNA = "anna@example.com"
PAIRS = 310  # 620 leaves: two whole blocks of 256


@pytest.fixture
def url(empty_url: str, tmp_path: Path) -> str:
    fill(empty_url, tmp_path)
    return empty_url


def fill(
    url: str, folder: Path, *, signed: bool = True, first: int = 0, pairs: int = PAIRS
) -> None:
    """Write the exchanges, and wait until all have leaves and a signature."""

    async def work() -> None:
        log = store(url, folder if signed else None)
        await log.start()
        for number in range(first, first + pairs):
            kept = keeping(f"r{number:03}", ANNA)
            start, end = begun(kept, b"text"), ended(kept, b"text")
            await asyncio.gather(log.append(start), log.append(end))
            last = end.event_id
        while leaf_of(url, last) is None:  # noqa: ASYNC110 -- the other side is a database
            await asyncio.sleep(0.05)
        await log.aclose()

    asyncio.run(work())


def leaf_of(url: str, event_id: str) -> int | None:
    with open_log(url) as log:
        return log.leaf_of(event_id)


def requests(url: str) -> dict[str, int]:
    """The first leaf of each request that has records."""
    found: dict[str, int] = {}
    with open_log(url) as log:
        for row in log.rows(0):
            request_id = orjson.loads(row.body).get("request_id")
            if request_id:
                found.setdefault(request_id, row.leaf_index)
    return found


def taken(content: ContentStore, before: str = LATER) -> retention.Plan:
    plan = retention.plan(content, before)
    list(retention.prune(content, plan, event_id()))
    return plan


def check_proofs(log: LogReader, first: int) -> None:
    """Every leaf that is left is in the signed tree, which goes on from a tree that is gone."""
    latest = log.latest_checkpoint()
    assert latest is not None
    root = parse_checkpoint(parse_note(latest.note).text).root
    rows = list(log.rows(0))
    assert rows[0].leaf_index == first
    for row in (rows[0], rows[1], rows[-1]):
        if row.leaf_index < latest.size:
            proof = inclusion(row.leaf_index, latest.size, log.subtree)
            verify_inclusion(row.leaf_hash, row.leaf_index, latest.size, proof, root)
    old = frontier_at(256, log.subtree)
    verify_consistency(
        256, old.root(), latest.size, root, consistency(256, latest.size, log.subtree)
    )


def test_a_prefix_of_whole_blocks_goes(url: str):
    leaves = requests(url)
    with open_content(url, MASTER) as content:
        plan = taken(content)
        assert (plan.start, plan.below) == (0, 512)
        with open_log(url) as log:
            assert log.pruned_below == 512
            check_proofs(log, 512)
        assert content.records("r000") == []
        assert content.capsules("r000") == []
        assert content.find(TENANT, "EMAIL_ADDRESS", [ANNA]) == sorted(
            one for one, leaf in leaves.items() if leaf >= 512
        )
        again = retention.plan(content, LATER)
        assert (again.start, again.below) == (512, 512)
        assert list(retention.prune(content, again, event_id())) == []


def say_so(url: str, below: int) -> str:
    """Put on record that records go, as `audit prune` does; gives the event id."""
    actor = Actor(kind=ActorKind.OPERATOR, method=AuthMethod.LOCAL)
    known = {"event_id": event_id(), "ts": now(), "actor": actor, "origin": Origin()}
    record = event(EventType.RETENTION_PRUNED, target=str(below), **known)

    async def work() -> None:
        log = SqlAuditStore(url, MASTER)
        await log.start()
        await log.append(record)
        await log.aclose()

    asyncio.run(work())
    return record.event_id


def test_the_log_goes_on_and_verifies_as_a_whole(url: str, tmp_path: Path):
    with open_content(url, MASTER) as content:
        plan = retention.plan(content, LATER)
        list(retention.prune(content, plan, say_so(url, plan.below)))
    fill(url, tmp_path, first=1000, pairs=3)
    done = CliRunner().invoke(audit.app, ["verify", "--url", url, "--json"])
    assert done.exit_code == 0, done.output
    said = orjson.loads(done.stdout)
    assert said["pruned_below"] == 512
    assert said["signed"] == said["size"] > 2 * PAIRS


def test_only_what_is_old_enough_goes(url: str):
    with open_log(url) as log:
        rows = list(log.rows(299, 301))
    with open_content(url, MASTER) as content:
        assert retention.plan(content, "2001-01-01T00:00:00.000000Z").below == 0
        plan = taken(content, orjson.loads(rows[0].body)["ts"])
        assert plan.below == 256
    with open_log(url) as log:
        check_proofs(log, 256)


@pytest.mark.parametrize("second", [0, 1, 255, 256, 300, 511, 512, 599, 600, 10_000])
def test_a_rough_plan_of_a_log_in_order_is_the_plan(tmp_path: Path, second: int):
    made = make_log(tmp_path / "ordered.db", bodies(600), [600])
    moment = timestamp((START_MS + second * STEP_MS) * 1000)
    with open_content(made.url, LOG_MASTER) as content:
        assert retention.plan(content, moment, roughly=True) == retention.plan(content, moment)
        [_] = content.hold(reason="case", request_id="req_100")
        rough = retention.plan(content, moment, roughly=True)
        assert rough == retention.plan(content, moment)
        assert rough.below == 0


def test_what_is_on_hold_stays_with_all_after_it(url: str):
    leaf = requests(url)["r150"]
    assert 256 < leaf < 512
    with open_content(url, MASTER) as content:
        (hold_id,) = content.hold(reason="case-1", request_id="r150")
        plan = taken(content)
        assert plan.below == 256
        assert ("a legal hold", leaf) in plan.limits
        content.release(hold_id)
        assert taken(content).below == 512


@pytest.mark.parametrize(
    ("rows", "below"),
    [
        ([("jsonl:x", 600)], 512),
        ([("jsonl:x", 300)], 256),
        # what is kept of how a sink does is no place that it has come to
        ([("jsonl:x", 600), ("jsonl:x" + STATE, 0)], 512),
        ([("jsonl:x", 600), ("jsonl:x" + STATE, 1)], 512),
    ],
)
def test_what_a_sink_has_not_got_yet_stays(url: str, rows: list[tuple[str, int]], below: int):
    books = Books(url)
    for sink, leaf in rows:
        books.move(sink, leaf)
    books.close()
    with open_content(url, MASTER) as content:
        plan = taken(content)
    assert plan.below == below
    assert {what for what, leaf in plan.limits if leaf == rows[0][1]} == {"the sink jsonl:x"}


def test_a_hold_set_after_the_plan_is_seen(url: str):
    with open_content(url, MASTER) as content:
        plan = retention.plan(content, LATER)
        content.hold(reason="case-1", tenant=TENANT)
        with pytest.raises(retention.LimitReached, match="a legal hold"):
            list(retention.prune(content, plan, event_id()))
        assert len(content.records("r000")) == 2


def test_others_write_while_a_plan_is_made(url: str, monkeypatch: pytest.MonkeyPatch):
    """A plan of a large log takes its time: no writer waits for it, and `prune` looks again."""
    limits = retention._limits

    def meanwhile(raw: Raw, below: int | None = None) -> list[tuple[str, int]]:
        with open_content(url, MASTER, busy_s=0) as other:
            other.hold(reason="case-1", tenant=TENANT)
        return limits(raw, below)

    with open_content(url, MASTER) as content:
        with monkeypatch.context() as patched:
            patched.setattr(retention, "_limits", meanwhile)
            plan = retention.plan(content, LATER)
        assert plan.below > 0
        with pytest.raises(retention.LimitReached, match="a legal hold"):
            list(retention.prune(content, plan, event_id()))
        assert len(content.records("r000")) == 2


def test_without_a_checkpoint_nothing_goes(tmp_path: Path):
    url = f"sqlite:///{tmp_path}/audit.db"
    fill(url, tmp_path, signed=False)
    with open_content(url, MASTER) as content:
        plan = retention.plan(content, LATER)
        assert plan.below == 0
        assert ("the last checkpoint", 0) in plan.limits


def test_steps_end_where_the_plan_does(url: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(retention, "STEP", 256)
    with open_content(url, MASTER) as content:
        plan = retention.plan(content, LATER)
        assert list(retention.prune(content, plan, event_id())) == [256, 512]
    with open_log(url) as log:
        check_proofs(log, 512)


# --- what signs the tree afterwards ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("last", "below", "trouble", "forked"),
    [
        (100, 512, "", False),  # led long ago; the leaves beside its last one are gone
        (256, 512, "", False),  # whole blocks stand in the tiles
        (100, 512, "signer", True),
        (100, 768, "", True),  # beyond what was signed
        (256, 512, "root", True),
    ],
)
def test_a_leader_of_long_ago_goes_on_signing(
    tmp_path: Path, last: int, below: int, trouble: str, forked: bool
):
    log = make_log(tmp_path / "audit.db", bodies(620), [last, 600])
    found = {size: parse_checkpoint(parse_note(note).text) for size, note in log.notes.items()}
    checkpointer = Checkpointer(Signing(log.keys))
    checkpointer._last = replace(found[last], root=bytes(32)) if trouble == "root" else found[last]
    note = sign(found[600], [new_keys() if trouble == "signer" else log.keys], 1)
    connection = attack(log.file)
    connection.execute("UPDATE audit_checkpoints SET note = ? WHERE size = 600", (note,))
    connection.execute("INSERT INTO audit_pruned VALUES (?, 'ts', 'id')", (below,))
    connection.execute("DELETE FROM audit_records WHERE seq <= 512")
    connection.execute("DELETE FROM audit_leaves WHERE leaf_index < 512")
    connection.close()
    with sqlite.make_engine(log.file, 1.0).connect() as one:
        checkpointer.introduce(Raw(one), "")
        with pytest.raises(LogForked) if forked else nullcontext():
            signed = checkpointer.sign(Raw(one))
            assert signed is not None
            assert signed.checkpoint.size == 620
