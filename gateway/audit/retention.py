"""Retention: records leave the log as a prefix, and every proof about the rest still holds.

A prefix ends at a multiple of 256 leaves, below a signed tree head: what later proofs need of it
stands in the tiles, whose hashes stay. It goes in steps, so that writers never wait for long; each
step is a row of `audit_pruned`. Records on hold, of open requests, or that a further sink has not
got yet, stay, and with them all that follow.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from gateway.audit.content import sql as content
from gateway.audit.content.store import BATCH, PAUSE_S, ContentStore, now
from gateway.audit.merkle import TILE_WIDTH
from gateway.audit.sinks.sql import STATE
from gateway.audit.sql import Raw

STEP: Final = 20 * TILE_WIDTH
"""Leaves that are taken in one transaction."""


class LimitReached(Exception):
    """Something has come in the way since the plan was made; the message says what."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What can be pruned: leaves from `start` up to but not including `below`.

    `limits` says what stands in the way of more, and from which leaf on.
    """

    start: int
    below: int
    limits: tuple[tuple[str, int], ...]


def plan(store: ContentStore, before: str, *, roughly: bool = False) -> Plan:
    """What can be pruned of the records before a time, which is written as in records.

    Others write meanwhile: `prune` looks again before each step. `roughly` is for those who only
    want to know how much it is: quick, and right where leaves stand in the order of their times.

    Raises:
        AuditUnavailable: the log cannot be read.
    """
    with store.snapshot() as raw:
        start = _one(raw, "SELECT max(below) FROM audit_pruned") or 0
        find = _first_since_in_order if roughly else _first_since
        aged = find(raw, before)
        limits = [(what, leaf) for what, leaf in _limits(raw, aged) if leaf < aged]
    below = min([aged, *(leaf for _, leaf in limits)]) // TILE_WIDTH * TILE_WIDTH
    return Plan(start, max(start, below), tuple(limits))


def prune(store: ContentStore, wanted: Plan, event_id: str) -> Iterator[int]:
    """Carry a plan out; gives how far it has come after each step, as a leaf index.

    `event_id` is that of the record that says so: it is written first.

    Raises:
        LimitReached: the plan no longer holds; what was taken so far is gone.
        AuditUnavailable: the log cannot be written.
    """
    below = wanted.start
    while below < wanted.below:
        below = min(below + STEP, wanted.below)
        with store.transaction() as raw:
            _check(raw, below)
            while found := content.content_below(raw, below, BATCH):
                for one in found:
                    content.delete_content(raw, one)
            if store.is_sqlite:
                _take(raw, below, event_id)
            else:
                raw.execute("SELECT audit_prune(?, ?, ?)", (below, now(), event_id))
        yield below
        if below < wanted.below:
            time.sleep(PAUSE_S)
    store.clean()


def _take(raw: Raw, below: int, event_id: str) -> None:
    """What `audit_prune` does on PostgreSQL; the triggers allow it once the prefix is noted."""
    leaves = "(SELECT event_id FROM audit_leaves WHERE leaf_index < ?)"
    raw.execute(
        "INSERT INTO audit_pruned (below, ts, event_id) VALUES (?, ?, ?)", (below, now(), event_id)
    )
    for table in ("audit_nonces", "audit_records"):
        raw.execute(f"DELETE FROM {table} WHERE event_id IN {leaves}", (below,))  # noqa: S608
    raw.execute("DELETE FROM audit_leaves WHERE leaf_index < ?", (below,))


def _check(raw: Raw, below: int) -> None:
    """A hold or an open request may have come since the plan was made."""
    for what, leaf in _limits(raw, below):
        if leaf < below:
            raise LimitReached(what)


def _first_since(raw: Raw, before: str) -> int:
    """The first leaf whose record is not before a time; the tree's size where all are."""
    found = _one(
        raw,
        "SELECT min(l.leaf_index) FROM audit_leaves l JOIN audit_records r "
        "ON r.event_id = l.event_id WHERE r.ts >= ?",
        (before,),
    )
    return _one(raw, "SELECT size FROM audit_tree") or 0 if found is None else found


def _first_since_in_order(raw: Raw, before: str) -> int:
    """The same by halves, as if no record had an earlier time than one that stands before it."""
    low = _one(raw, "SELECT max(below) FROM audit_pruned") or 0
    high = _one(raw, "SELECT size FROM audit_tree") or 0
    while low < high:
        middle = (low + high) // 2
        row = raw.execute(
            "SELECT r.ts FROM audit_leaves l JOIN audit_records r ON r.event_id = l.event_id "
            "WHERE l.leaf_index = ?",
            (middle,),
        ).fetchone()
        low, high = (middle + 1, high) if row is None or row[0] < before else (low, middle)
    return low


def _limits(raw: Raw, below: int | None = None) -> list[tuple[str, int]]:
    """What records must stay for, and from which leaf on; holds are looked for below an index."""
    signed = _one(raw, "SELECT max(size) FROM audit_checkpoints") or 0
    found: list[tuple[str, int | None]] = [
        ("the last checkpoint", signed),
        ("a legal hold", content.first_held_leaf(raw, below)),
        (
            "an open request",
            _one(
                raw,
                "SELECT min(l.leaf_index) FROM audit_open o "
                "JOIN audit_leaves l ON l.event_id = o.event_id",
            ),
        ),
    ]
    for sink, leaf in raw.execute("SELECT sink, leaf_index FROM audit_cursors").fetchall():
        if not sink.endswith(STATE):
            found.append((f"the sink {sink}", leaf))
    return [(what, leaf) for what, leaf in found if leaf is not None]


def _one(raw: Raw, query: str, values: tuple[object, ...] = ()) -> int | None:
    row = raw.execute(query, values).fetchone()
    return None if row is None or row[0] is None else int(row[0])
