"""Feedback that people gave on values of a person, found by the blind index and erased with it.

It is found by the value that it is about. Every function works inside a transaction of the caller.
"""

from __future__ import annotations

from collections.abc import Collection

from gateway.audit.sql import Raw


def count(raw: Raw, tenant: str, blinds: Collection[bytes]) -> int:
    """How much feedback there is on these values."""
    query = "SELECT count(*) FROM console_feedback WHERE blind = ? AND tenant = ?"
    return sum(int(raw.execute(query, (one, tenant)).fetchone()[0]) for one in blinds)


def delete(raw: Raw, tenant: str, blinds: Collection[bytes]) -> int:
    """Delete the feedback on these values; how much there was."""
    query = "DELETE FROM console_feedback WHERE blind = ? AND tenant = ?"
    return sum(int(raw.execute(query, (one, tenant)).rowcount) for one in blinds)


def holding(raw: Raw, tenant: str, blinds: Collection[bytes]) -> list[str]:
    """The holds that keep what is kept of these values, whatever request it is of."""
    query = (
        "SELECT hold_id FROM audit_holds WHERE released IS NULL AND request_id IS NULL "
        "AND (tenant = '' OR tenant = ?) AND (blind IS NULL OR blind = ?)"
    )
    return [str(row[0]) for one in blinds for row in raw.execute(query, (tenant, one)).fetchall()]
