"""The table of requests to unmask, and the sealed texts that an approved one leads to. Blocks.

    console_unmasks  id, whose tenant, which request and record, which texts; why: a code, a ticket,
                     and sealed words; how often it was used; who asked, who decided, until when

On PostgreSQL the console's role cannot read sealed texts but through `console_unsealed`, which
looks for itself whether the request was approved by somebody else and has not expired.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from gateway.audit import sql
from gateway.audit.content.sql import CapsuleRow
from gateway.console.deciding import Lifespan, Matter, State
from gateway.console.matters import Matters, matter_of, values_of

LIFESPAN: Final = Lifespan(open_s=86_400.0, approved_s=900.0)
"""A day to decide, a quarter of an hour to look."""

KEEP_S: Final = 400 * 86_400.0
"""How long it stays in the table after it was asked; the audit log has its own retention."""

MOST_LISTED: Final = 200

_OWN: Final = "unmask_id, tenant, request_id, event_id, kinds, code, ticket, reason, views"
_KEPT: Final = (
    "SELECT event_id, kind, complete, expires FROM audit_capsules "
    "WHERE request_id = ? AND tenant = ? AND expires >= ? ORDER BY event_id, kind"
)
_SEALED: Final = (
    "SELECT c.request_id, c.event_id, c.kind, c.tenant, c.complete, c.sealed, k.wrapped, "
    "e.epoch, e.salt, n.nonce FROM audit_capsules c "
    "JOIN audit_subject_keys k ON k.request_id = c.request_id "
    "JOIN audit_key_epochs e ON e.epoch = k.epoch "
    "LEFT JOIN audit_nonces n ON n.event_id = c.event_id AND n.kind = c.kind "
    "WHERE c.request_id = ? AND c.tenant = ? AND c.expires >= ? ORDER BY c.capsule_id"
)


@dataclass(frozen=True, slots=True)
class Unmask:
    """A request to unmask. `reason` is sealed; empty where what was kept has been erased."""

    unmask_id: str
    tenant: str
    request_id: str
    event_id: str
    kinds: tuple[str, ...]
    code: str
    ticket: str
    reason: bytes = field(repr=False)
    views: int
    matter: Matter


class KeptText(NamedTuple):
    """A text that is kept, without the text; `expires` is a time as records write it."""

    event_id: str
    kind: str
    complete: bool
    expires: str


class Sealed(NamedTuple):
    """A sealed text, its record's canonical form, and the nonce of the commitment in that."""

    row: CapsuleRow
    nonce: bytes | None
    body: str | None


class Unmasks(Matters):
    """Requests to unmask. Every method raises as `Tables` says."""

    subject = "requests to unmask"
    table = "console_unmasks"
    key = "unmask_id"
    by = "requested_by"
    at = "requested"
    lifespan = LIFESPAN

    def add(self, unmask: Unmask) -> None:
        """Write a new one."""
        own = (
            unmask.unmask_id, unmask.tenant, unmask.request_id, unmask.event_id,
            " ".join(unmask.kinds), unmask.code, unmask.ticket, unmask.reason, unmask.views,
        )  # fmt: skip
        values = (*own, *values_of(unmask.matter))
        marks = ", ".join("?" * len(values))
        with self.writing() as raw:
            raw.execute(
                f"INSERT INTO console_unmasks ({_OWN}, {self.columns()}) VALUES ({marks})",  # noqa: S608 -- ours
                values,
            )

    def get(self, which: str) -> Unmask | None:
        """The one of this id."""
        found = self._found("unmask_id = ?", (which,))
        return found[0] if found else None

    def of_request(self, request_id: str) -> list[Unmask]:
        """Those of a request, newest first."""
        return self._found("request_id = ?", (request_id,))

    def of(self, name: str, tenants: Collection[str] = ()) -> list[Unmask]:
        """Those that somebody has asked for, newest first; of these tenants, or of all."""
        where, values = self.of_tenants(tenants)
        return self._found(f"requested_by = ? AND {where}", (name, *values))

    def every(self, tenants: Collection[str] = ()) -> list[Unmask]:
        """The newest; of these tenants, or of all."""
        return self._found(*self.of_tenants(tenants))

    def waiting(self, tenants: Collection[str] = ()) -> list[Unmask]:
        """Those that wait for a decision, newest first; of these tenants, or of all."""
        where, values = self.of_tenants(tenants)
        return self._found(f"state = ? AND {where}", (State.OPEN.value, *values))

    def waiting_of(self, name: str) -> int:
        """How many of somebody wait for a decision."""
        query = "SELECT count(*) FROM console_unmasks WHERE requested_by = ? AND state = ?"
        with self.reading() as raw:
            return int(raw.execute(query, (name, State.OPEN.value)).fetchone()[0])

    def count_view(self, which: str) -> None:
        """One more view."""
        with self.writing() as raw:
            raw.execute(
                "UPDATE console_unmasks SET views = views + 1 WHERE unmask_id = ?", (which,)
            )

    def sweep(self, now: float) -> None:
        """Delete what is past its time."""
        self.drop("requested", now - KEEP_S)

    def kept(self, request_id: str, tenant: str, now: str) -> list[KeptText]:
        """Which texts are kept of a request."""
        with self.reading() as raw:
            rows = raw.execute(_KEPT, (request_id, tenant, now)).fetchall()
        return [KeptText(str(a), str(b), bool(c), str(d)) for a, b, c, d in rows]

    def sealed(self, unmask: Unmask, now: str) -> list[Sealed]:
        """The sealed texts that an approved request leads to."""
        with self.reading() as raw:
            if raw.for_update:
                rows = raw.execute(
                    "SELECT request_id, event_id, kind, tenant, complete, sealed, wrapped, epoch, "
                    "salt, nonce FROM console_unsealed(?)",
                    (unmask.unmask_id,),
                ).fetchall()
            else:
                rows = raw.execute(_SEALED, (unmask.request_id, unmask.tenant, now)).fetchall()
            wanted = [row for row in rows if row[2] in unmask.kinds]
            return [_sealed(row, _body_of(raw, str(row[1]))) for row in wanted]

    def _found(self, where: str, values: Sequence[object]) -> list[Unmask]:
        query = (
            f"SELECT {_OWN}, {self.columns()} FROM console_unmasks WHERE {where} "  # noqa: S608 -- ours
            "ORDER BY requested DESC, unmask_id LIMIT ?"
        )
        with self.reading() as raw:
            rows = raw.execute(query, (*values, MOST_LISTED)).fetchall()
        return [_unmask(row) for row in rows]


def _unmask(row: Sequence[Any]) -> Unmask:
    unmask_id, tenant, request_id, event_id, kinds, code, ticket = map(str, row[:7])
    return Unmask(
        unmask_id,
        tenant,
        request_id,
        event_id,
        tuple(kinds.split()),
        code,
        ticket,
        bytes(row[7]),
        int(row[8]),
        matter_of(row[9:]),
    )


def _body_of(raw: sql.Raw, event_id: str) -> str | None:
    row = raw.execute("SELECT body FROM audit_records WHERE event_id = ?", (event_id,)).fetchone()
    return None if row is None else str(row[0])


def _sealed(row: Sequence[Any], body: str | None) -> Sealed:
    *rest, sealed, wrapped, epoch, salt, nonce = row
    made = CapsuleRow._make([*rest, bytes(sealed), bytes(wrapped), int(epoch), bytes(salt)])
    return Sealed(made, None if nonce is None else bytes(nonce), body)
