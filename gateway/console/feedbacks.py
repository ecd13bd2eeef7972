"""The table of feedback: what was said of findings, sealed, and what was decided on it. Blocks.

    console_feedback  id, tenant, record, wrong or missed, entity type; a blind index of the value,
                      so that it is found where a person's data is erased; value and text, sealed;
                      who gave it, who decided, until when it is kept

What is rejected loses its value and text at once. What is on legal hold keeps them, and stays,
until the hold is lifted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from gateway.console.deciding import Lifespan, Matter, State
from gateway.console.matters import Matters, matter_of, values_of

LIFESPAN: Final = Lifespan(open_s=90 * 86_400.0, approved_s=365 * 86_400.0)
"""Days that feedback is kept: without a decision, and after one."""

MOST_LISTED: Final = 500
BATCH: Final = 100

_OWN: Final = "feedback_id, tenant, event_id, verdict, entity_type, blind, sealed"
_BARE: Final = "feedback_id, tenant, event_id, verdict, entity_type, blind, blind"
_HELD: Final = (
    "EXISTS (SELECT 1 FROM audit_holds h WHERE h.released IS NULL AND h.request_id IS NULL "
    "AND (h.tenant = '' OR h.tenant = console_feedback.tenant) "
    "AND (h.blind IS NULL OR h.blind = console_feedback.blind))"
)
_REJECTED: Final = f"state = ? AND length(sealed) > 0 AND NOT {_HELD}"


@dataclass(frozen=True, slots=True)
class Feedback:
    """What somebody said of a finding. `sealed` is empty where it was rejected."""

    feedback_id: str
    tenant: str
    event_id: str
    verdict: str
    entity_type: str
    blind: bytes = field(repr=False)
    sealed: bytes = field(repr=False)
    matter: Matter


class Feedbacks(Matters):
    """Feedback. Every method raises as `Tables` says."""

    subject = "feedback"
    table = "console_feedback"
    key = "feedback_id"
    by = "given_by"
    at = "given"
    lifespan = LIFESPAN

    def add(self, one: Feedback) -> None:
        """Write a new one."""
        own = (one.feedback_id, one.tenant, one.event_id, one.verdict, one.entity_type)
        values = (*own, one.blind, one.sealed, *values_of(one.matter))
        marks = ", ".join("?" * len(values))
        with self.writing() as raw:
            raw.execute(
                f"INSERT INTO console_feedback ({_OWN}, {self.columns()}) VALUES ({marks})",  # noqa: S608 -- ours
                values,
            )

    def get(self, which: str) -> Feedback | None:
        """The one of this id."""
        query = f"SELECT {_OWN}, {self.columns()} FROM console_feedback WHERE feedback_id = ?"  # noqa: S608 -- ours
        with self.reading() as raw:
            row = raw.execute(query, (which,)).fetchone()
        return None if row is None else _feedback(row)

    def every(self, tenants: Collection[str] = (), name: str = "") -> list[Feedback]:
        """The newest, without what was said; of these tenants, or of all; of all people, or one."""
        where, values = self.of_tenants(tenants)
        if name:
            where, values = f"{where} AND given_by = ?", [*values, name]
        query = (
            f"SELECT {_BARE}, {self.columns()} FROM console_feedback WHERE {where} "  # noqa: S608 -- ours
            "ORDER BY given DESC, feedback_id LIMIT ?"
        )
        with self.reading() as raw:
            rows = raw.execute(query, (*values, MOST_LISTED)).fetchall()
        return [replace(_feedback(row), sealed=b"") for row in rows]

    def accepted(self, after: tuple[float, str] = (-1.0, "")) -> list[Feedback]:
        """Some of those that were accepted, oldest first, and after the one of this place."""
        query = (
            f"SELECT {_OWN}, {self.columns()} FROM console_feedback "  # noqa: S608 -- ours
            "WHERE state = ? AND (given, feedback_id) > (?, ?) ORDER BY given, feedback_id LIMIT ?"
        )
        with self.reading() as raw:
            rows = raw.execute(query, (State.APPROVED.value, *after, BATCH)).fetchall()
        return [_feedback(row) for row in rows]

    def waiting_for(self, name: str, sees: Callable[[str], bool]) -> int:
        """How many wait for somebody's decision: of the tenants that they see, not their own."""
        query = (
            "SELECT tenant, count(*) FROM console_feedback WHERE state = ? AND given_by <> ? "
            "GROUP BY tenant"
        )
        with self.reading() as raw:
            rows = raw.execute(query, (State.OPEN.value, name)).fetchall()
        return sum(int(count) for tenant, count in rows if sees(str(tenant)))

    def waiting(self, name: str) -> int:
        """How many of somebody wait for a decision."""
        query = "SELECT count(*) FROM console_feedback WHERE given_by = ? AND state = ?"
        with self.reading() as raw:
            return int(raw.execute(query, (name, State.OPEN.value)).fetchone()[0])

    def counts(self, sees: Callable[[str], bool]) -> Counter[tuple[str, str, str]]:
        """How many there are of each entity type, verdict and state, of the tenants one sees."""
        query = (
            "SELECT tenant, entity_type, verdict, state, count(*) FROM console_feedback "
            "GROUP BY tenant, entity_type, verdict, state"
        )
        with self.reading() as raw:
            rows = raw.execute(query).fetchall()
        found: Counter[tuple[str, str, str]] = Counter()
        for tenant, entity_type, verdict, state, count in rows:
            if sees(str(tenant)):
                found[str(entity_type), str(verdict), str(state)] += int(count)
        return found

    def forget(self) -> None:
        """Delete what was said in all that was rejected, and keep that something was."""
        with self.reading() as raw:
            query = f"SELECT 1 FROM console_feedback WHERE {_REJECTED} LIMIT 1"  # noqa: S608 -- ours
            if raw.execute(query, (State.REFUSED.value,)).fetchone() is None:
                return
        with self.writing() as raw:
            raw.execute(
                f"UPDATE console_feedback SET sealed = ?, blind = ? WHERE {_REJECTED}",  # noqa: S608 -- ours
                (b"", b"", State.REFUSED.value),
            )

    def sweep(self, now: float) -> None:
        """Delete what is past its time, and what was said where a hold was in the way of that."""
        self.drop("expires", now, unless=_HELD)
        self.forget()


def _feedback(row: Sequence[Any]) -> Feedback:
    which, tenant, event_id, verdict, entity_type = map(str, row[:5])
    blind, sealed = bytes(row[5]), bytes(row[6])
    matter = matter_of(row[7:])
    return Feedback(which, tenant, event_id, verdict, entity_type, blind, sealed, matter)
