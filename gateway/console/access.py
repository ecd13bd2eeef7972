"""Signing in and out, and whose session a request belongs to."""

from __future__ import annotations

import asyncio
import hmac
import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from gateway.audit.facts import EventType
from gateway.console.accounts import MAX_FAILURES, Account, Lifetime, is_name
from gateway.console.journal import Journal
from gateway.console.passwords import is_right
from gateway.console.store import AccountStore, Kept
from gateway.errors import Overloaded
from gateway.keyring import derive

TOKEN_BYTES: Final = 32
ATTEMPTS: Final = 30
"""Log-ins that one process looks at in a minute, whoever tries: each one costs memory and goes on
record."""

_WINDOW_S: Final = 60.0
_AT_ONCE: Final = 2


@dataclass(frozen=True, slots=True)
class Session:
    """A request's session: who, and the secret that its cookie holds."""

    account: Account
    token: str = field(repr=False)


class Access:
    """Knows people by name and password, and then by the token in a cookie.

    Args:
        store: accounts and sessions.
        journal: where log-ins are recorded, the failed ones too.
        master: the master key; what the table holds of a token is worth nothing without it.
        lifetime: how long a session lasts.
        clock: Unix time in seconds.
    """

    def __init__(
        self,
        store: AccountStore,
        journal: Journal,
        master: bytes,
        lifetime: Lifetime,
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._journal = journal
        self._sessions = derive(master, "console-session")
        self._forms = derive(master, "console-form")
        self._lifetime = lifetime
        self._clock = clock
        self._tried: deque[float] = deque()
        self._hashing = asyncio.Semaphore(_AT_ONCE)

    async def sign_in(self, name: str, password: str) -> str | None:
        """The token of a new session; None where name or password are wrong, or it is locked.

        Raises:
            Overloaded: too many have been trying.
            AuditUnavailable: it could not be put on record, or accounts cannot be read.
        """
        kept = await self._proven(name, password)
        if kept is None:
            return None
        await self._journal.write(EventType.ADMIN_LOGIN, kept.account)
        token = secrets.token_urlsafe(TOKEN_BYTES)
        begin = self._store.begin
        await asyncio.to_thread(begin, kept, self._kept(token), self._lifetime, self._clock())
        return token

    async def is_password_of(self, name: str, password: str) -> bool:
        """Whether this is the account's password. A wrong one counts, as when signing in."""
        kept = await self._proven(name, password)
        if kept is not None:
            await asyncio.to_thread(self._store.forgive, name)
        return kept is not None

    async def _proven(self, name: str, password: str) -> Kept | None:
        """The account that has this name and password; that there is none goes on record."""
        self._throttle()
        kept = None
        if is_name(name):
            kept = await asyncio.to_thread(self._store.attempt, name, self._clock())
        async with self._hashing:
            right = await asyncio.to_thread(is_right, kept.password if kept else None, password)
        if kept is not None and right:
            return kept
        target = "" if kept is None else kept.account.name
        await self._journal.write(EventType.ADMIN_LOGIN_FAILED, None, target)
        if kept is not None and kept.attempts.failures == MAX_FAILURES:
            await self._journal.write(EventType.ADMIN_LOCKED_OUT, None, target)
        return None

    async def session(self, token: str) -> Session | None:
        """The session of a cookie's token; None where there is none, or it is over."""
        if not token or len(token) > 4 * TOKEN_BYTES:
            return None
        read = self._store.session
        account = await asyncio.to_thread(read, self._kept(token), self._lifetime, self._clock())
        return None if account is None else Session(account, token)

    async def sign_out(self, session: Session) -> None:
        """End a session."""
        await self._journal.write(EventType.ADMIN_LOGOUT, session.account)
        await asyncio.to_thread(self._store.end, self._kept(session.token))

    def form_token(self, token: str) -> str:
        """What the forms of a session, or of the log-in page's own cookie, have to carry."""
        return hmac.digest(self._forms, token.encode(), sha256).hex()

    def is_ours(self, token: str, given: str) -> bool:
        """Whether a form is one that was given out with this cookie."""
        return bool(token) and hmac.compare_digest(self.form_token(token).encode(), given.encode())

    def _kept(self, token: str) -> bytes:
        return hmac.digest(self._sessions, token.encode("utf-8", "replace"), sha256)

    def _throttle(self) -> None:
        now = self._clock()
        while self._tried and not now - _WINDOW_S < self._tried[0] <= now:
            self._tried.popleft()
        if len(self._tried) >= ATTEMPTS:
            raise Overloaded("Too many are trying to sign in. Wait a minute.", retry_after=60)
        self._tried.append(now)
