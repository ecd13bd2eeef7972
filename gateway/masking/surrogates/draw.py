"""Draws that depend on nothing but a key and a value: HMAC-SHA-256 as a stream. Pure.

The same value gives the same stand-in in every message, turn and replica, with no state kept;
nobody without the key can test guesses. HMAC is RFC 2104, FIPS 198-1.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from hashlib import sha256
from typing import TypeVar

T = TypeVar("T")

_NUMBER = 8  # bytes of one draw: the bias of a remainder stays below 2**-40


class Draw:
    """The stream of one value; `attempt` gives another one."""

    __slots__ = ("_at", "_block", "_key", "_message", "_used")

    def __init__(self, key: bytes, entity_type: str, surface: str, attempt: int) -> None:
        if len(key) != 32:
            raise ValueError("a key of stand-ins has 32 bytes")
        value = surface.encode("utf-8", "surrogatepass")
        self._key = key
        self._message = b"\0".join((b"stand-in", entity_type.encode(), value))
        self._message += b"\0" + attempt.to_bytes(4, "big")
        self._at = 0
        self._block = b""
        self._used = 0

    def __repr__(self) -> str:
        return "Draw()"

    def below(self, bound: int) -> int:
        """A number from 0 to `bound` - 1."""
        if self._used + _NUMBER > len(self._block):
            message = self._message + self._at.to_bytes(4, "big")
            self._block = hmac.digest(self._key, message, sha256)
            self._at += 1
            self._used = 0
        number = int.from_bytes(self._block[self._used : self._used + _NUMBER], "big")
        self._used += _NUMBER
        return number % bound

    def pick(self, choices: Sequence[T]) -> T:
        """One of some choices."""
        return choices[self.below(len(choices))]

    def digits(self, count: int) -> str:
        """A string of so many decimal digits."""
        return "".join(str(self.below(10)) for _ in range(count))

    def filled(self, pattern: str) -> str:
        """A pattern with a digit for each `#`."""
        return "".join(str(self.below(10)) if sign == "#" else sign for sign in pattern)


def day_shift(key: bytes) -> int:
    """By how many days the dates of a scope move: 7 to 180 forth or back, one number a key."""
    if len(key) != 32:
        raise ValueError("a key of stand-ins has 32 bytes")
    number = int.from_bytes(hmac.digest(key, b"date shift", sha256)[:8], "big")
    days = 7 + (number >> 1) % 174
    return days if number & 1 else -days


def cased(new: str, old: str) -> str:
    """A word in the capitals of another: all, none, or the first letter."""
    letters = [sign for sign in old if sign.isalpha()]
    if len(letters) > 1 and old.isupper():
        return new.upper()
    if old.islower():
        return new.lower()
    return "-".join(part[:1].upper() + part[1:] for part in new.split("-"))
