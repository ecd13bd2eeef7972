"""The tables of the console, beside those of the audit log in the same database.

    console_accounts  name, Argon2id hash, roles, tenants, failed log-ins, and a stamp that changes
                      with the password, the roles and the tenants
    console_sessions  a keyed hash of the session's token, whose it is, the stamp that it was made
                      under, when it began and was last seen

A session counts only while its stamp is that of the account: whoever loses a role is signed out.
All methods block, and open a connection of their own: people look at pages, not machines.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any, Final

from gateway.audit import sql
from gateway.console.accounts import Account, Attempts, Lifetime, Role, attempted, packed
from gateway.console.tables import Tables

TOUCH_S: Final = 30.0
"""How exactly it is known when a session was last seen."""

_COLUMNS: Final = "name, roles, tenants, password, stamp, created, failures, locked_until"
_ALL: Final = f"SELECT {_COLUMNS} FROM console_accounts ORDER BY name"  # noqa: S608 -- ours
_ONE: Final = f"SELECT {_COLUMNS} FROM console_accounts WHERE name = ?"  # noqa: S608 -- ours
_ADD: Final = (
    f"INSERT INTO console_accounts ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, 0, 0) "  # noqa: S608
    "ON CONFLICT (name) DO NOTHING"
)
_TRIED: Final = "UPDATE console_accounts SET failures = ?, locked_until = ? WHERE name = ?"
_SESSION: Final = (
    "SELECT s.created, s.seen, a.name, a.roles, a.tenants FROM console_sessions s "
    "JOIN console_accounts a ON a.name = s.name AND a.stamp = s.stamp WHERE s.token = ?"
)
_BEGIN: Final = (
    "INSERT INTO console_sessions (token, name, stamp, created, seen) VALUES (?, ?, ?, ?, ?)"
)
_DISOWN: Final = (
    "UPDATE console_unmasks SET requested_by = ?, expires = CASE WHEN state IN ('open', 'approved')"
    " THEN 0 ELSE expires END WHERE requested_by = ?",
    "UPDATE console_unmasks SET decided_by = ? WHERE decided_by = ?",
    "UPDATE console_feedback SET given_by = ? WHERE given_by = ?",
    "UPDATE console_feedback SET decided_by = ? WHERE decided_by = ?",
)
_GONE: Final = ":removed-"
"""In what is written for the name of an account that is gone; no account has such a name."""
_LONGEST: Final = 64 - len(_GONE) - 8
_SWEEP: Final = "DELETE FROM console_sessions WHERE created <= ? OR seen <= ?"


@dataclass(frozen=True, slots=True)
class Kept:
    """An account as the table holds it."""

    account: Account
    password: str = field(repr=False)
    stamp: str = field(repr=False)
    created: float
    attempts: Attempts


class AccountStore(Tables):
    """Accounts and sessions in the database of an audit URL. Every method raises as `Tables`."""

    subject = "accounts"

    def accounts(self) -> list[Kept]:
        """All accounts, by name."""
        with self.reading() as raw:
            return [_kept(row) for row in raw.execute(_ALL).fetchall()]

    def account(self, name: str) -> Kept | None:
        """The account of this name."""
        with self.reading() as raw:
            row = raw.execute(_ONE, (name,)).fetchone()
        return None if row is None else _kept(row)

    def add(self, account: Account, password: str, stamp: str, now: float) -> bool:
        """Make an account, of which `password` is the hash; whether its name was free."""
        names = (account.name, packed(account.roles), packed(account.tenants))
        with self.writing() as raw:
            return bool(raw.execute(_ADD, (*names, password, stamp, now)).rowcount)

    def remove(self, name: str) -> bool:
        """Delete an account with its searches, and end its sessions; whether there was one.

        What it asked for and said stays, but is no longer that of its name: who gets the name next
        inherits nothing, and nobody looks at a text by an approval of somebody who is gone.
        """
        with self.writing() as raw:
            _end_sessions(raw, name)
            raw.execute("DELETE FROM console_searches WHERE name = ?", (name,))
            gone = f"{name[:_LONGEST]}{_GONE}{secrets.token_hex(4)}"
            for statement in _DISOWN:
                raw.execute(statement, (gone, name))
            done = raw.execute("DELETE FROM console_accounts WHERE name = ?", (name,))
            return bool(done.rowcount)

    def set_password(self, name: str, password: str, stamp: str) -> bool:
        """Give an account another password, unlock it, and end its sessions."""
        with self.writing() as raw:
            _end_sessions(raw, name)
            done = raw.execute(
                "UPDATE console_accounts SET password = ?, stamp = ?, failures = 0, "
                "locked_until = 0 WHERE name = ?",
                (password, stamp, name),
            )
            return bool(done.rowcount)

    def set_roles(self, account: Account, stamp: str) -> bool:
        """Give an account other roles and tenants, and end its sessions."""
        values = (packed(account.roles), packed(account.tenants), stamp, account.name)
        with self.writing() as raw:
            _end_sessions(raw, account.name)
            done = raw.execute(
                "UPDATE console_accounts SET roles = ?, tenants = ?, stamp = ? WHERE name = ?",
                values,
            )
            return bool(done.rowcount)

    def attempt(self, name: str, now: float) -> Kept | None:
        """Count a log-in as failed before its password is looked at.

        The account with the attempt counted; None where there is none, or it is locked.
        """
        with self.writing() as raw:
            row = raw.execute(_ONE + raw.for_update, (name,)).fetchone()
            if row is None:
                return None
            kept = _kept(row)
            after = attempted(kept.attempts, now)
            if after is None:
                return None
            raw.execute(_TRIED, (after.failures, after.locked_until, name))
            return Kept(kept.account, kept.password, kept.stamp, kept.created, after)

    def forgive(self, name: str) -> None:
        """Forget the failed log-ins of an account."""
        with self.writing() as raw:
            raw.execute(_TRIED, (0, 0.0, name))

    def begin(self, kept: Kept, token: bytes, lifetime: Lifetime, now: float) -> None:
        """Begin a session, forget the failed log-ins, and sweep out what is over."""
        name = kept.account.name
        with self.writing() as raw:
            raw.execute(_SWEEP, (now - lifetime.session_s, now - lifetime.idle_s))
            raw.execute(_TRIED, (0, 0.0, name))
            raw.execute(_BEGIN, (token, name, kept.stamp, now, now))

    def session(self, token: bytes, lifetime: Lifetime, now: float) -> Account | None:
        """Whose session this is, which was seen now; None where it is over."""
        with self.reading() as raw:
            row = raw.execute(_SESSION, (token,)).fetchone()
        if row is None or lifetime.has_ended(float(row[0]), float(row[1]), now):
            return None
        if now - float(row[1]) >= TOUCH_S:
            with self.writing() as raw:
                raw.execute("UPDATE console_sessions SET seen = ? WHERE token = ?", (now, token))
        return _account(row[2:])

    def end(self, token: bytes) -> None:
        """End a session."""
        with self.writing() as raw:
            raw.execute("DELETE FROM console_sessions WHERE token = ?", (token,))


def _end_sessions(raw: sql.Raw, name: str) -> None:
    raw.execute("DELETE FROM console_sessions WHERE name = ?", (name,))


def _kept(row: Any) -> Kept:
    attempts = Attempts(int(row[6]), float(row[7]))
    return Kept(_account(row), str(row[3]), str(row[4]), float(row[5]), attempts)


def _account(row: Any) -> Account:
    """An account of its first three columns. A role that is not known gives nothing."""
    known = {role.value for role in Role}
    roles = frozenset(Role(one) for one in str(row[1]).split() if one in known)
    return Account(str(row[0]), roles, frozenset(str(row[2]).split()))
