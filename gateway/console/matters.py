"""Tables of what somebody asks for and somebody else decides on, by the rules of `deciding.py`.

Such a table has a column for each field of a `Matter`, whatever else it holds. Blocks.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, ClassVar, Final

from gateway.audit import sql
from gateway.console.deciding import (
    Act,
    Claim,
    Lifespan,
    Matter,
    State,
    claimed,
    released,
    settled,
)
from gateway.console.tables import Tables

_BATCH: Final = 100


class Matters(Tables):
    """A table, its key, the columns that say who asked and when, and how long things last.

    Every method raises as `Tables` says.
    """

    table: ClassVar[str]
    key: ClassVar[str]
    by: ClassVar[str]
    at: ClassVar[str]
    lifespan: ClassVar[Lifespan]

    @classmethod
    def columns(cls) -> str:
        """The columns of a matter, in the order of `matter_of`."""
        return (
            f"{cls.by}, {cls.at}, expires, state, decided_by, decided, claim, claimed_by, claimed"
        )

    def claim(self, which: str, act: Act, by: str, now: float) -> Matter | None:
        """Claim a step; None where there is no such matter.

        Raises:
            Refusal: it cannot be done.
        """
        with self.writing() as raw:
            before = self._locked(raw, which)
            if before is None:
                return None
            after = claimed(before, act, by, now)
            self._write(raw, which, after)
            return after

    def settle(self, which: str, claim: Claim, now: float) -> Matter | None:
        """Carry out what was claimed and recorded; None where the claim is no longer held."""
        with self.writing() as raw:
            before = self._locked(raw, which)
            after = None if before is None else settled(before, claim, now, self.lifespan)
            if after is not None:
                self._write(raw, which, after)
            return after

    def release(self, which: str, claim: Claim) -> None:
        """Let go of a claim of which nothing came."""
        with self.writing() as raw:
            before = self._locked(raw, which)
            if before is not None:
                self._write(raw, which, released(before, claim))

    def due(self, now: float) -> list[str]:
        """Those whose time has passed, though nobody has said so yet."""
        query = (
            f"SELECT {self.key} FROM {self.table} WHERE state IN (?, ?) AND expires <= ? "  # noqa: S608 -- ours
            "ORDER BY expires LIMIT ?"
        )
        values = (State.OPEN.value, State.APPROVED.value, now, _BATCH)
        with self.reading() as raw:
            return [str(row[0]) for row in raw.execute(query, values).fetchall()]

    def drop(self, column: str, value: float, unless: str = "") -> None:
        """Delete what has no more than a value in a column; locks nothing where there is none.

        What meets the condition `unless` stays.
        """
        named = f"FROM {self.table} WHERE {column} <= ?"
        named += f" AND NOT {unless}" if unless else ""
        with self.reading() as raw:
            if raw.execute(f"SELECT 1 {named} LIMIT 1", (value,)).fetchone() is None:
                return
        with self.writing() as raw:
            raw.execute(f"DELETE {named}", (value,))

    @staticmethod
    def of_tenants(tenants: Collection[str]) -> tuple[str, list[object]]:
        """A condition, and its values: of one of these tenants; of any where none is named."""
        if not tenants:
            return "1 = 1", []
        return f"tenant IN ({', '.join('?' * len(tenants))})", [*sorted(tenants)]

    def _locked(self, raw: sql.Raw, which: str) -> Matter | None:
        query = f"SELECT {self.columns()} FROM {self.table} WHERE {self.key} = ?{raw.for_update}"  # noqa: S608 -- ours
        row = raw.execute(query, (which,)).fetchone()
        return None if row is None else matter_of(row)

    def _write(self, raw: sql.Raw, which: str, matter: Matter) -> None:
        query = (
            f"UPDATE {self.table} SET expires = ?, state = ?, decided_by = ?, decided = ?, "  # noqa: S608 -- ours
            f"claim = ?, claimed_by = ?, claimed = ? WHERE {self.key} = ?"
        )
        raw.execute(query, (*values_of(matter)[2:], which))


def matter_of(row: Sequence[Any]) -> Matter:
    """The matter that stands in the columns of `Matters.columns`.

    A state that is none of ours, which somebody else wrote there, lets nobody do anything.
    """
    by, at, expires, state, decided_by, decided, claim, claimed_by, claimed_at = row
    known = State(state) if state in set(State) else State.REFUSED
    held = Claim(Act(claim), str(claimed_by), float(claimed_at)) if claim in set(Act) else None
    return Matter(str(by), float(at), float(expires), known, str(decided_by), float(decided), held)


def values_of(matter: Matter) -> tuple[object, ...]:
    """The values of those columns."""
    held = matter.claim
    return (
        matter.asked_by,
        matter.asked,
        matter.expires,
        matter.state.value,
        matter.decided_by,
        matter.decided,
        *(("", "", 0.0) if held is None else (held.act.value, held.by, held.at)),
    )
