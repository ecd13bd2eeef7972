"""Who may use the console, and what each role may do there. Pure.

operator   runs the gateway: sees how it does and what policy says, tries texts
reviewer   reads the log: searches, looks at records, verifies, exports, asks to see what is kept
approver   reads the log, answers requests to see what was masked, sets and lifts legal holds,
           and erases what is kept of a person
auditor    reads everything there is, the log of the reviewers too
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

MIN_PASSWORD: Final = 12
MAX_PASSWORD: Final = 256
"""How many characters a password has."""

MAX_FAILURES: Final = 5
"""Failed log-ins in a row that lock an account."""

LOCK_S: Final = 900.0
"""For how long."""

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class Role(StrEnum):
    """What somebody is at the console."""

    OPERATOR = "operator"
    REVIEWER = "reviewer"
    APPROVER = "approver"
    AUDITOR = "auditor"


class Right(StrEnum):
    """What a page asks for. `HOME` is everybody's who is signed in."""

    HOME = "home"
    OVERVIEW = "overview"
    RECORDS = "records"
    VERIFY = "verify"
    EXPORT = "export"
    POLICIES = "policies"
    TRY = "try"
    ACCESS = "access"
    APPROVE = "approve"
    UNMASK = "unmask"
    FEEDBACK = "feedback"
    RETENTION = "retention"
    HOLD = "hold"
    SUBJECTS = "subjects"
    ERASE = "erase"


_EVERYBODY: Final = frozenset({Right.HOME, Right.OVERVIEW, Right.POLICIES, Right.RETENTION})
_READERS: Final = _EVERYBODY | {Right.RECORDS, Right.VERIFY, Right.SUBJECTS}
RIGHTS: Final[Mapping[Role, frozenset[Right]]] = MappingProxyType(
    {
        Role.OPERATOR: _EVERYBODY | {Right.TRY, Right.FEEDBACK},
        Role.REVIEWER: _READERS | {Right.EXPORT, Right.UNMASK, Right.FEEDBACK},
        Role.APPROVER: _READERS | {Right.APPROVE, Right.FEEDBACK, Right.HOLD, Right.ERASE},
        Role.AUDITOR: _READERS | {Right.EXPORT, Right.ACCESS},
    }
)


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who may sign in. Without tenants it is bound to none and sees all of them."""

    name: str
    roles: frozenset[Role]
    tenants: frozenset[str] = frozenset()

    def may(self, right: Right) -> bool:
        """Whether one of the roles gives this right."""
        return any(right in RIGHTS[role] for role in self.roles)

    def sees(self, tenant: str) -> bool:
        """Whether what belongs to a tenant, or with "" to the gateway itself, is for its eyes."""
        return not self.tenants or tenant in self.tenants


@dataclass(frozen=True, slots=True)
class Attempts:
    """Log-ins that failed in a row, and until when the account is locked; 0 where it is not."""

    failures: int = 0
    locked_until: float = 0.0


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How long a session lasts, in seconds: without a page, and in all."""

    idle_s: float
    session_s: float

    def has_ended(self, created: float, seen: float, now: float) -> bool:
        """Whether a session is over. One from the future is: the clock cannot be trusted."""
        begun = created <= now + 60.0 and seen <= now + 60.0
        return not begun or now - seen >= self.idle_s or now - created >= self.session_s


def attempted(before: Attempts, now: float) -> Attempts | None:
    """The attempts with one more, counted before the password is looked at; None if locked.

    So many attempts at once are as many as one after the other.
    """
    if now < before.locked_until:
        return None
    failures = 1 if before.locked_until else before.failures + 1
    return Attempts(failures, now + LOCK_S if failures >= MAX_FAILURES else 0.0)


def is_name(text: str) -> bool:
    """Whether an account can have this name."""
    return _NAME.fullmatch(text) is not None


def password_problem(text: str, name: str) -> str:
    """What is wrong with a new password, in words for its owner; "" if nothing is."""
    if len(text) < MIN_PASSWORD:
        return f"A password has {MIN_PASSWORD} characters or more."
    if len(text) > MAX_PASSWORD:
        return f"A password has at most {MAX_PASSWORD} characters."
    if len(set(text)) < 5 or name.lower() in text.lower():
        return "This password is easily guessed."
    return ""


def packed(values: Collection[str]) -> str:
    """Names in one column of the table."""
    return " ".join(sorted(values))
