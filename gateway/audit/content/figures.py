"""How much is kept beside the records, and until when: nothing is opened.

Every function works inside a transaction of the caller and blocks.
"""

from __future__ import annotations

from typing import NamedTuple

from gateway.audit.sql import Raw


class Standing(NamedTuple):
    """How many requests of a tenant something is kept of, how many of them have outlived their
    days, and when the next one will have; "" where none is kept."""

    tenant: str
    requests: int
    expired: int
    next_expiry: str


class KeptText(NamedTuple):
    """A capsule, without what is in it."""

    event_id: str
    kind: str
    complete: bool
    expires: str


def standing(raw: Raw, table: str, now: str) -> list[Standing]:
    """What a table keeps, `audit_subject_keys` or `audit_subject_index`, by tenant."""
    rows = raw.execute(
        "SELECT tenant, count(*), sum(CASE WHEN expires < ? THEN 1 ELSE 0 END), "  # noqa: S608
        f"min(expires) FROM (SELECT DISTINCT tenant, request_id, expires FROM {table}) AS kept "
        "GROUP BY tenant ORDER BY tenant",
        (now,),
    ).fetchall()
    return [Standing(str(row[0]), int(row[1]), int(row[2]), str(row[3])) for row in rows]


def kept(raw: Raw, request_id: str, now: str) -> list[KeptText]:
    """Which capsules of a request have not expired, oldest first."""
    rows = raw.execute(
        "SELECT event_id, kind, complete, expires FROM audit_capsules "
        "WHERE request_id = ? AND expires >= ? ORDER BY capsule_id",
        (request_id, now),
    ).fetchall()
    return [KeptText(str(row[0]), str(row[1]), bool(row[2]), str(row[3])) for row in rows]
