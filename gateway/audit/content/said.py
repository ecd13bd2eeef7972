"""What people wrote at the console, of a person or a request, and is erased with what is kept.

Feedback is found by the value that it is about, by the blind index; what was said of a request's
records goes with what is kept of that request, for its text may be of the same person. Every
function works inside a transaction of the caller.
"""

from __future__ import annotations

from collections.abc import Collection

from gateway.audit.sql import Raw


def count(raw: Raw, tenant: str, blinds: Collection[bytes]) -> int:
    """How much feedback there is on these values."""
    query = "SELECT count(*) FROM console_feedback WHERE blind = ? AND tenant = ?"
    return sum(int(raw.execute(query, (one, tenant)).fetchone()[0]) for one in blinds)


def about(raw: Raw, tenant: str, requests: Collection[str]) -> tuple[set[str], set[bytes]]:
    """The records of these requests that there is feedback on, and the values that it is about."""
    rows = raw.execute(
        "SELECT DISTINCT f.event_id, f.blind, r.request_id FROM console_feedback f "
        "JOIN audit_records r ON r.event_id = f.event_id WHERE f.tenant = ?",
        (tenant,),
    ).fetchall()
    wanted = frozenset(requests)
    found = [(str(event_id), bytes(blind)) for event_id, blind, one in rows if one in wanted]
    return {event_id for event_id, _ in found}, {blind for _, blind in found}


def delete(raw: Raw, tenant: str, blinds: Collection[bytes], events: Collection[str] = ()) -> int:
    """Delete the feedback on these values, and on these records; how much there was."""
    count = 0
    for column, values in (("blind", blinds), ("event_id", events)):
        query = f"DELETE FROM console_feedback WHERE {column} = ? AND tenant = ?"  # noqa: S608
        count += sum(int(raw.execute(query, (one, tenant)).rowcount) for one in values)
    return count


def forget_reasons(raw: Raw, tenant: str, requests: Collection[str]) -> None:
    """Delete the sealed words for which somebody wanted to see these requests' texts.

    The requests to see them stay, with the code of the reason: who looked is still known.
    """
    query = "UPDATE console_unmasks SET reason = ? WHERE request_id = ? AND tenant = ?"
    for one in requests:
        raw.execute(query, (b"", one, tenant))


def holding(raw: Raw, tenant: str, blinds: Collection[bytes]) -> list[str]:
    """The holds that keep what is kept of these values, whatever request it is of."""
    query = (
        "SELECT hold_id FROM audit_holds WHERE released IS NULL AND request_id IS NULL "
        "AND (tenant = '' OR tenant = ?) AND (blind IS NULL OR blind = ?)"
    )
    return [str(row[0]) for one in blinds for row in raw.execute(query, (tenant, one)).fetchall()]
