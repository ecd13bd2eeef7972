"""What one person asks for and another one decides on: who may do what, and when. Pure.

    open ──► approved ──► expired        an approval counts for a while, then expires
      ├────► refused                     nobody decides on what they asked for themselves
      └────► expired                     what nobody decides on does not wait for ever

Every step goes on record, and counts only once it is there. So it is taken in three: it is claimed,
which keeps everybody else from deciding meanwhile; it is recorded; it is settled. A claim whose
record could not be written is released. One that was left behind by a process that died runs out,
and what was claimed stays undecided.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

CLAIM_S: Final = 60.0
"""How long a claim keeps others away: more than a record takes to be written."""


class State(StrEnum):
    """How far it is."""

    OPEN = "open"
    APPROVED = "approved"
    REFUSED = "refused"
    EXPIRED = "expired"


class Act(StrEnum):
    """What is done to it."""

    APPROVE = "approve"
    REFUSE = "refuse"
    EXPIRE = "expire"


class Why(StrEnum):
    """Why something cannot be done. The words are for people."""

    OWN = "You asked for it yourself: somebody else has to decide."
    TAKEN = "Somebody else is deciding on it at this moment."
    DECIDED = "Somebody else has decided on it already."
    OVER = "It has expired."
    NOT_YET = "It has not expired yet."
    NOT_YOURS = "Somebody else asked for it."
    NOT_APPROVED = "Nobody has approved it."


class Refusal(Exception):
    """It cannot be done, and `why`."""

    def __init__(self, why: Why) -> None:
        super().__init__(why.value)
        self.why = why


@dataclass(frozen=True, slots=True)
class Lifespan:
    """Seconds that something waits for a decision, and that an approval counts."""

    open_s: float
    approved_s: float


@dataclass(frozen=True, slots=True)
class Claim:
    """Somebody is about to do it. Nobody, "", is the gateway, which expires what is over."""

    act: Act
    by: str
    at: float


@dataclass(frozen=True, slots=True)
class Matter:
    """What was asked, and what became of it.

    `expires` is the end of the waiting, or of the approval. Times are Unix seconds.
    """

    asked_by: str
    asked: float
    expires: float
    state: State = State.OPEN
    decided_by: str = ""
    decided: float = 0.0
    claim: Claim | None = None

    def is_over(self, now: float) -> bool:
        """Whether its time has passed. A clock that was set back does not give it more."""
        began = self.decided if self.state is State.APPROVED else self.asked
        return self.state in _LIMITED and not began <= now < self.expires


_LIMITED: Final = (State.OPEN, State.APPROVED)


def asked(by: str, now: float, lifespan: Lifespan) -> Matter:
    """Something new that waits for a decision."""
    return Matter(by, now, now + lifespan.open_s)


def claimed(matter: Matter, act: Act, by: str, now: float) -> Matter:
    """The matter with a claim on it.

    Raises:
        Refusal: it is not this one's to do, was done already, or somebody else is at it.
    """
    if act is Act.EXPIRE:
        if matter.state not in _LIMITED:
            raise Refusal(Why.DECIDED)
        if not matter.is_over(now):
            raise Refusal(Why.NOT_YET)
    else:
        if by == matter.asked_by or not by:
            raise Refusal(Why.OWN)
        if matter.state is State.EXPIRED or matter.is_over(now):
            raise Refusal(Why.OVER)
        if matter.state is not State.OPEN:
            raise Refusal(Why.DECIDED)
    held = matter.claim
    if held is not None and held.at <= now < held.at + CLAIM_S:
        raise Refusal(Why.TAKEN)
    return replace(matter, claim=Claim(act, by, now))


def settled(matter: Matter, claim: Claim, now: float, lifespan: Lifespan) -> Matter | None:
    """The matter after what was claimed is on record; None where the claim is no longer held."""
    if matter.claim != claim:
        return None
    if claim.act is Act.EXPIRE:
        return replace(matter, state=State.EXPIRED, claim=None)
    state = State.APPROVED if claim.act is Act.APPROVE else State.REFUSED
    expires = now + lifespan.approved_s
    return replace(
        matter, state=state, decided_by=claim.by, decided=now, expires=expires, claim=None
    )


def released(matter: Matter, claim: Claim) -> Matter:
    """The matter without the claim, where it is still held."""
    return replace(matter, claim=None) if matter.claim == claim else matter


def check_use(matter: Matter, by: str, now: float) -> None:
    """Whether somebody may make use of the approval now.

    Raises:
        Refusal: it is somebody else's, not approved, or over; while it is being expired as well.
    """
    if by != matter.asked_by:
        raise Refusal(Why.NOT_YOURS)
    if matter.state is State.EXPIRED or matter.is_over(now):
        raise Refusal(Why.OVER)
    if matter.state is not State.APPROVED or matter.decided_by in ("", matter.asked_by):
        raise Refusal(Why.NOT_APPROVED)
