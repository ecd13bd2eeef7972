"""Runs of letters and runs of digits: where a token may begin and end, and what a text holds.

A token that begins or ends with a letter or digit stands only where it does not cut a run of the
same kind: "Berg" is not in "Bergen", but "5550" is in "tel5550".
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

LETTER: Final = r"[^\W\d_]"
DIGIT: Final = r"\d"
_RUN: Final = re.compile(rf"{LETTER}+|{DIGIT}+")
_BETWEEN: Final = "\n"  # no token holds a line end, so none is found across two texts


def kind(character: str) -> int:
    """2 for a digit, 1 for a letter, 0 for all else, as `DIGIT` and `LETTER` have it."""
    return 2 if character.isdecimal() else 1 if character.isalnum() else 0


def cuts(left: str, right: str) -> bool:
    """Whether a boundary between two characters cuts a run of letters or of digits."""
    of_left = kind(left)
    return of_left != 0 and of_left == kind(right)


class Words:
    """The runs of an exchange's texts, read at the first question.

    A question costs what the rarest run of the token asked for costs, not the whole text.
    """

    __slots__ = ("_places", "_text", "_texts")

    def __init__(self, texts: Iterable[str]) -> None:
        self._texts = texts
        self._text = ""
        self._places: dict[str, list[int]] | None = None

    def __repr__(self) -> str:
        return "Words()"

    def holds(self, token: str) -> bool:
        """Whether the token stands in one of the texts, cutting no run."""
        places = self._read() if self._places is None else self._places
        rarest: list[int] | None = None
        offset = 0
        for run in _RUN.finditer(token):
            found = places.get(run.group())
            if found is None:
                return False
            if rarest is None or len(found) < len(rarest):
                rarest, offset = found, run.start()
        if rarest is None:
            return token in self._text
        return any(self._stands(token, place - offset) for place in rarest)

    def _stands(self, token: str, start: int) -> bool:
        text, end = self._text, start + len(token)
        return (
            start >= 0
            and text.startswith(token, start)
            and not (start > 0 and cuts(text[start - 1], token[0]))
            and not (end < len(text) and cuts(token[-1], text[end]))
        )

    def _read(self) -> dict[str, list[int]]:
        self._text = _BETWEEN.join(self._texts)
        places: dict[str, list[int]] = {}
        for run in _RUN.finditer(self._text):
            places.setdefault(run.group(), []).append(run.start())
        self._places = places
        return places
