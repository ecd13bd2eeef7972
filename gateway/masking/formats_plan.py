"""How one value is encrypted: which signs move within which alphabets, which are computed. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import prod
from typing import Final

DIGITS: Final = "0123456789"
LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

Complete = Callable[[str], str | None]
"""Sets the check signs of a number anew. None where no sign fits, or the number is never issued."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What happens to each sign of a value, its letters taken as capitals.

    `alphabets` has an entry a sign: the signs that may take its place, or nothing where it stays
    or is a check sign. `checks` are the places that `complete` computes. Two values with equal
    plans and equal kept signs are of one set, which encryption permutes.
    """

    variant: str
    alphabets: tuple[str, ...]
    checks: tuple[int, ...] = ()
    complete: Complete = field(default=str, compare=False)

    @property
    def size(self) -> int:
        """How many values the moving signs can take."""
        return prod(map(len, filter(None, self.alphabets)))

    def rank(self, signs: str) -> int:
        """The number of a value among them, in mixed radix."""
        number = 0
        for sign, alphabet in zip(signs, self.alphabets, strict=True):
            if alphabet:
                number = number * len(alphabet) + alphabet.index(sign)
        return number

    def placed(self, number: int, signs: str) -> str | None:
        """The value of a number: `signs` with the moving and the check signs replaced.

        None where `complete` says that there is none.
        """
        placed = list(signs)
        for at in range(len(signs) - 1, -1, -1):
            alphabet = self.alphabets[at]
            if alphabet:
                number, rest = divmod(number, len(alphabet))
                placed[at] = alphabet[rest]
        return self.complete("".join(placed))

    def kept(self, signs: str) -> str:
        """What encryption leaves as it is: the kept signs, and a mark for each other's kind."""
        marks = [
            ("\1" if alphabet[0] in DIGITS else "\2") if alphabet else sign
            for sign, alphabet in zip(signs, self.alphabets, strict=True)
        ]
        for at in self.checks:
            marks[at] = "\3"
        return "".join(marks)


def of_kind(sign: str, alphabet: str = DIGITS + LETTERS) -> str:
    """The digits of an alphabet for a digit, its letters for a letter."""
    kind = DIGITS if sign in DIGITS else LETTERS
    return "".join(one for one in alphabet if one in kind)
