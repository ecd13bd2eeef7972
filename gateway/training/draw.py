"""Random choice, seeded: what the generator asks for again and again, kept cheap."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import accumulate
from string import Formatter
from typing import TypeVar

T = TypeVar("T")


class Draw:
    """A source of choices that is the same for the same seed."""

    __slots__ = ("_next",)

    def __init__(self, seed: int | str) -> None:
        self._next = random.Random(seed).random  # noqa: S311 - training text, not a secret

    def pick(self, items: Sequence[T]) -> T:
        """One of the items."""
        return items[int(self._next() * len(items))]

    def below(self, count: int) -> int:
        """A whole number from 0, below `count`."""
        return int(self._next() * count)

    def between(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        return low + int(self._next() * (high - low + 1))

    def chance(self, share: float) -> bool:
        """True in this share of calls."""
        return self._next() < share

    def some(self, items: Sequence[T], count: int) -> list[T]:
        """Some of the items, each at most once, in random order."""
        rest = list(items)
        taken = []
        for _ in range(min(count, len(rest))):
            taken.append(rest.pop(int(self._next() * len(rest))))
        return taken

    def weighted(self, table: Sequence[tuple[float, T]]) -> T:
        """One of the items of (running total, item), as `running` makes them."""
        point = self._next() * table[-1][0]
        for total, item in table:
            if point < total:
                return item
        return table[-1][1]

    def digits(self, count: int) -> str:
        """A string of digits."""
        return str(int(self._next() * 10**count)).zfill(count)

    def letters(self, count: int, alphabet: str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ") -> str:
        """A string of letters of an alphabet."""
        return "".join(alphabet[int(self._next() * len(alphabet))] for _ in range(count))

    def mask(self, pattern: str) -> str:
        """A pattern with # for a digit, % for one from 1 to 9, ? for a capital letter."""
        return "".join(
            "0123456789"[int(self._next() * 10)]
            if sign == "#"
            else "123456789"[int(self._next() * 9)]
            if sign == "%"
            else "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[int(self._next() * 26)]
            if sign == "?"
            else sign
            for sign in pattern
        )


def running(weights: Sequence[tuple[float, T]]) -> tuple[tuple[float, T], ...]:
    """Weights with items as running totals with items, for `Draw.weighted`."""
    totals = accumulate(weight for weight, _ in weights)
    return tuple((total, item) for total, (_, item) in zip(totals, weights, strict=True))


@lru_cache(maxsize=20_000)
def fields(pattern: str) -> tuple[tuple[str, str | None], ...]:
    """A pattern as (literal text, name of the field that follows or None)."""
    return tuple((text, name) for text, name, _, _ in Formatter().parse(pattern))


def filled(pattern: str, value: Callable[[str], str]) -> str:
    """A pattern with each {name} replaced by a value."""
    parts: list[str] = []
    for text, name in fields(pattern):
        parts.append(text)
        if name is not None:
            parts.append(value(name))
    return "".join(parts)
