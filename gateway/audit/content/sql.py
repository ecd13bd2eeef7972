"""The tables of what may be erased: capsules, data keys, blind index, epochs, legal holds.

    audit_key_epochs     epochs of key-encryption keys: number and salt
    audit_subject_keys   one data key per request, wrapped under the key of an epoch
    audit_capsules       sealed texts
    audit_subject_index  which requests a person's values stand in, by blind index
    audit_holds          what must not be erased, expire or be pruned

Every function works inside a transaction of the caller and blocks.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from gateway.audit.content.capsule import Beside, CapsuleError
from gateway.audit.content.keys import SALT_BYTES, epoch_key, unwrap, wrap
from gateway.audit.sql import Raw

_EPOCHS_LOCK = "hashtextextended('cloakroom-epochs:' || current_schema(), 0)"
_HELD = (
    "EXISTS (SELECT 1 FROM audit_holds h WHERE h.released IS NULL "
    "AND (h.tenant = '' OR h.tenant = {0}.tenant) "
    "AND (h.request_id IS NULL OR h.request_id = {0}.request_id) "
    "AND (h.blind IS NULL OR EXISTS (SELECT 1 FROM audit_subject_index s "
    "WHERE s.blind = h.blind AND s.request_id = {0}.request_id)))"
)


class CapsuleRow(NamedTuple):
    """A capsule with its wrapped data key and the epoch that it is wrapped under."""

    request_id: str
    event_id: str
    kind: str
    tenant: str
    complete: int
    sealed: bytes
    wrapped: bytes
    epoch: int
    salt: bytes


class Deleted(NamedTuple):
    """How many rows of each sort were deleted."""

    capsules: int = 0
    keys: int = 0
    index_rows: int = 0
    nonces: int = 0
    feedback: int = 0

    def plus(self, other: Deleted) -> Deleted:
        """Both together."""
        return Deleted(*(one + two for one, two in zip(self, other, strict=True)))


class Hold(NamedTuple):
    """A legal hold. An empty tenant is every tenant; `subject` says whether it is on a person."""

    hold_id: str
    tenant: str
    subject: bool
    request_id: str | None
    reason: str
    ts: str
    released: str | None


def insert(raw: Raw, found: Sequence[Beside], master: bytes, ts: str) -> None:
    """Write what stands beside records, in their transaction.

    A capsule that comes later than the erasure of its request is not written: its key is gone.
    """
    keyed = [one for one in found if one.key is not None]
    if keyed:
        _share_epochs(raw)
        epoch, key = _current(raw, master, ts)
        raw.executemany(
            "INSERT INTO audit_subject_keys (request_id, tenant, epoch, expires, wrapped) "
            "VALUES (?, ?, ?, ?, ?)",
            [
                (one.request_id, one.tenant, epoch, one.expires, wrap(key, one.key or b""))
                for one in keyed
            ],
        )
    capsules = [
        (one.request_id, sealed.event_id, sealed.kind.value, one.tenant, one.expires,
         int(sealed.complete), sealed.sealed, one.request_id)
        for one in found for sealed in one.capsules
    ]  # fmt: skip
    if capsules:
        raw.executemany(
            "INSERT INTO audit_capsules "
            "(request_id, event_id, kind, tenant, expires, complete, sealed) "
            "SELECT ?, ?, ?, ?, ?, ?, ? "
            "WHERE EXISTS (SELECT 1 FROM audit_subject_keys WHERE request_id = ?)",
            capsules,
        )
    subjects = [
        (blind, one.request_id, one.tenant, one.expires) for one in found for blind in one.subjects
    ]
    if subjects:
        raw.executemany(
            "INSERT INTO audit_subject_index (blind, request_id, tenant, expires) "
            "VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
            subjects,
        )


def _share_epochs(raw: Raw) -> None:
    """On PostgreSQL: whoever opens an epoch waits for those that still use the one before."""
    if raw.for_update:
        raw.execute(f"SELECT pg_advisory_xact_lock_shared({_EPOCHS_LOCK})")


def _current(raw: Raw, master: bytes, ts: str) -> tuple[int, bytes]:
    query = "SELECT epoch, salt FROM audit_key_epochs ORDER BY epoch DESC LIMIT 1"
    row = raw.execute(query).fetchone()
    if row is None:
        # Of two that are first at once on PostgreSQL, both use what one of them writes.
        raw.execute(
            "INSERT INTO audit_key_epochs (epoch, salt, since) VALUES (1, ?, ?) "
            "ON CONFLICT DO NOTHING",
            (secrets.token_bytes(SALT_BYTES), ts),
        )
        row = raw.execute(query).fetchone()
    return row[0], epoch_key(master, row[0], bytes(row[1]))


# ---- epochs ----------------------------------------------------------------------------------


def open_epoch(raw: Raw, ts: str) -> int:
    """Begin a new epoch; its number. Whatever is written from now on is wrapped under its key."""
    if raw.for_update:
        raw.execute(f"SELECT pg_advisory_xact_lock({_EPOCHS_LOCK})")
    epoch = int(raw.execute("SELECT max(epoch) FROM audit_key_epochs").fetchone()[0] or 0) + 1
    raw.execute(
        "INSERT INTO audit_key_epochs (epoch, salt, since) VALUES (?, ?, ?)",
        (epoch, secrets.token_bytes(SALT_BYTES), ts),
    )
    return epoch


def epochs(raw: Raw) -> list[tuple[int, str, int]]:
    """Every epoch: its number, since when, and how many data keys it wraps."""
    return list(
        raw.execute(
            "SELECT e.epoch, e.since, (SELECT count(*) FROM audit_subject_keys k "
            "WHERE k.epoch = e.epoch) FROM audit_key_epochs e ORDER BY e.epoch"
        ).fetchall()
    )


def count_below(raw: Raw, epoch: int) -> int:
    """How many data keys are wrapped under earlier epochs."""
    query = "SELECT count(*) FROM audit_subject_keys WHERE epoch < ?"
    return int(raw.execute(query, (epoch,)).fetchone()[0])


def rewrap(
    raw: Raw, master: bytes, epoch: int, after: str, limit: int
) -> tuple[int, int, str | None]:
    """Wrap the next data keys of earlier epochs under the key of this one.

    How many were wrapped, how many are damaged, and the request of the last one, for `after` of
    the next call; None where there are no more.
    """
    (salt,) = raw.execute("SELECT salt FROM audit_key_epochs WHERE epoch = ?", (epoch,)).fetchone()
    new = epoch_key(master, epoch, bytes(salt))
    rows = raw.execute(
        "SELECT k.request_id, k.wrapped, e.epoch, e.salt FROM audit_subject_keys k "
        "JOIN audit_key_epochs e ON e.epoch = k.epoch "
        "WHERE k.epoch < ? AND k.request_id > ? ORDER BY k.request_id LIMIT ?",
        (epoch, after, limit),
    ).fetchall()
    changed: list[tuple[int, bytes, str, int]] = []
    for request_id, wrapped, old, old_salt in rows:
        try:
            key = unwrap(epoch_key(master, old, bytes(old_salt)), bytes(wrapped))
        except CapsuleError:
            continue
        changed.append((epoch, wrap(new, key), request_id, old))
    raw.executemany(
        "UPDATE audit_subject_keys SET epoch = ?, wrapped = ? WHERE request_id = ? AND epoch = ?",
        changed,
    )
    return len(changed), len(rows) - len(changed), rows[-1][0] if len(rows) == limit else None


def drop_epochs(raw: Raw, below: int) -> list[int]:
    """Delete the earlier epochs that wrap nothing any more, salts and all; which they were."""
    empty = [
        row[0]
        for row in raw.execute(
            "SELECT e.epoch FROM audit_key_epochs e WHERE e.epoch < ? AND NOT EXISTS "
            "(SELECT 1 FROM audit_subject_keys k WHERE k.epoch = e.epoch) ORDER BY e.epoch",
            (below,),
        ).fetchall()
    ]
    # A row that uses it after all is in the way of this, by its foreign key.
    raw.executemany("DELETE FROM audit_key_epochs WHERE epoch = ?", [(one,) for one in empty])
    return empty


# ---- subjects --------------------------------------------------------------------------------


def find(raw: Raw, tenant: str, blinds: Iterable[bytes]) -> list[str]:
    """The requests in which one of these values stands, in order of their ids."""
    found: set[str] = set()
    for one in blinds:
        rows = raw.execute(
            "SELECT request_id FROM audit_subject_index WHERE blind = ? AND tenant = ?",
            (one, tenant),
        )
        found.update(row[0] for row in rows.fetchall())
    return sorted(found)


def bodies(raw: Raw, request_id: str) -> list[tuple[int, str, str]]:
    """The records of a request, oldest first: seq, event id and body."""
    query = "SELECT seq, event_id, body FROM audit_records WHERE request_id = ? ORDER BY seq"
    return list(raw.execute(query, (request_id,)).fetchall())


def nonces(raw: Raw, event_id: str) -> dict[str, bytes]:
    """The nonces of a record's commitments, by kind."""
    rows = raw.execute("SELECT kind, nonce FROM audit_nonces WHERE event_id = ?", (event_id,))
    return {row[0]: bytes(row[1]) for row in rows.fetchall()}


def capsules(raw: Raw, request_id: str, now: str) -> list[CapsuleRow]:
    """The capsules of a request that have not expired, oldest first."""
    rows = raw.execute(
        "SELECT c.request_id, c.event_id, c.kind, c.tenant, c.complete, c.sealed, "
        "k.wrapped, e.epoch, e.salt FROM audit_capsules c "
        "JOIN audit_subject_keys k ON k.request_id = c.request_id "
        "JOIN audit_key_epochs e ON e.epoch = k.epoch "
        "WHERE c.request_id = ? AND c.expires >= ? ORDER BY c.capsule_id",
        (request_id, now),
    ).fetchall()
    return [CapsuleRow._make(row) for row in rows]


def delete_content(raw: Raw, request_id: str) -> Deleted:
    """Delete a request's capsules, data key and index rows."""
    counts = [
        raw.execute(f"DELETE FROM {table} WHERE request_id = ?", (request_id,)).rowcount  # noqa: S608 -- ours
        for table in ("audit_capsules", "audit_subject_keys", "audit_subject_index")
    ]
    return Deleted(*counts)


def delete_nonces(raw: Raw, request_id: str) -> int:
    """Delete the nonces of the commitments in a request's records; how many there were."""
    query = "SELECT event_id FROM audit_records WHERE request_id = ?"
    found = [row[0] for row in raw.execute(query, (request_id,)).fetchall()]
    return sum(
        raw.execute("DELETE FROM audit_nonces WHERE event_id = ?", (one,)).rowcount for one in found
    )


def expired(raw: Raw, now: str, limit: int) -> list[str]:
    """Requests whose content has outlived its days and is on no hold."""
    rows = raw.execute(
        "SELECT k.request_id FROM audit_subject_keys k WHERE k.expires < ? "  # noqa: S608 -- ours
        f"AND NOT {_HELD.format('k')} UNION "
        "SELECT i.request_id FROM audit_subject_index i WHERE i.expires < ? "
        f"AND NOT {_HELD.format('i')} LIMIT ?",
        (now, now, limit),
    )
    return [row[0] for row in rows.fetchall()]


def expire(raw: Raw, now: str, limit: int) -> int:
    """Delete what `expired` finds; of how many requests.

    PostgreSQL goes by its own clock, in a function that the writing role may call: that role may
    neither read nor delete by itself.
    """
    if raw.for_update:
        return int(raw.execute("SELECT audit_expire(?)", (limit,)).fetchone()[0])
    found = expired(raw, now, limit)
    for one in found:
        delete_content(raw, one)
    return len(found)


def content_below(raw: Raw, leaf_index: int, limit: int) -> list[str]:
    """Requests that have content and a record among the leaves below an index."""
    rows = raw.execute(
        "SELECT r.request_id FROM audit_records r JOIN audit_leaves l ON l.event_id = r.event_id "
        "WHERE l.leaf_index < ? AND (EXISTS (SELECT 1 FROM audit_subject_keys k "
        "WHERE k.request_id = r.request_id) OR EXISTS (SELECT 1 FROM audit_subject_index i "
        "WHERE i.request_id = r.request_id)) LIMIT ?",
        (leaf_index, limit),
    )
    return sorted({row[0] for row in rows.fetchall()})


# ---- holds -----------------------------------------------------------------------------------


def set_hold(
    raw: Raw,
    hold_id: str,
    *,
    tenant: str,
    blind: bytes | None,
    request_id: str | None,
    reason: str,
    ts: str,
) -> None:
    """Put what fits all that is given on hold."""
    raw.execute(
        "INSERT INTO audit_holds (hold_id, tenant, blind, request_id, reason, ts) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        (hold_id, tenant, blind, request_id, reason, ts),
    )


def release_hold(raw: Raw, hold_id: str, ts: str) -> bool:
    """End a hold; whether there was one in force."""
    done: Any = raw.execute(
        "UPDATE audit_holds SET released = ? WHERE hold_id = ? AND released IS NULL",
        (ts, hold_id),
    )
    return bool(done.rowcount)


def holds(raw: Raw, *, released: bool = False) -> list[Hold]:
    """The holds in force, oldest first; with `released` those that have ended, too."""
    rows = raw.execute(
        "SELECT hold_id, tenant, CASE WHEN blind IS NULL THEN 0 ELSE 1 END, request_id, reason, "
        "ts, released FROM audit_holds ORDER BY ts, hold_id"
    ).fetchall()
    found = [Hold(row[0], row[1], bool(row[2]), *row[3:]) for row in rows]
    return [one for one in found if released or one.released is None]


def holding(raw: Raw, tenant: str, request_id: str) -> list[str]:
    """The holds that a request is under."""
    rows = raw.execute(
        "SELECT h.hold_id FROM audit_holds h WHERE h.released IS NULL "
        "AND (h.tenant = '' OR h.tenant = ?) AND (h.request_id IS NULL OR h.request_id = ?) "
        "AND (h.blind IS NULL OR EXISTS (SELECT 1 FROM audit_subject_index s "
        "WHERE s.blind = h.blind AND s.request_id = ?)) ORDER BY h.hold_id",
        (tenant, request_id, request_id),
    )
    return [row[0] for row in rows.fetchall()]


def first_held_leaf(raw: Raw, below: int | None = None) -> int | None:
    """The lowest leaf whose record is on hold, of those below an index."""
    if raw.execute("SELECT 1 FROM audit_holds WHERE released IS NULL LIMIT 1").fetchone() is None:
        return None
    narrowed, values = ("", ()) if below is None else ("l.leaf_index < ? AND ", (below,))
    row = raw.execute(
        "SELECT min(l.leaf_index) FROM audit_leaves l "  # noqa: S608 -- ours
        f"JOIN audit_records r ON r.event_id = l.event_id WHERE {narrowed}{_HELD.format('r')}",
        values,
    ).fetchone()
    return None if row[0] is None else int(row[0])
