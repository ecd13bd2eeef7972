"""Passwords of the console's accounts, by Argon2id with the parameters of RFC 9106 for a server
with little memory. Both functions take a tenth of a second on purpose, and block."""

from __future__ import annotations

from functools import cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_HASHER: Final = PasswordHasher()


def hashed(password: str) -> str:
    """What is kept of a password: parameters, salt and hash."""
    return _HASHER.hash(password)


def is_right(kept: str | None, password: str) -> bool:
    """Whether this is the password; without an account the same work is done for nothing."""
    instead = _nobodys()  # at every call: the first one takes longer for whoever it is
    try:
        _HASHER.verify(instead if kept is None else kept, password)
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None


@cache
def _nobodys() -> str:
    return _HASHER.hash("")
