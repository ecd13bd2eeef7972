"""Watermarks: who was shown a text, and when, between its lines, so that a copy says so. Pure."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

LINES: Final = 15
CHARACTERS: Final = 1_200
"""How much of a text stands between two marks, at most."""

PART: Final = 50_000
"""Characters that one page shows."""

_LINE: Final = re.compile(r"[^\n]*\n|[^\n]+\Z")


class Piece(NamedTuple):
    """A piece of a text, or a mark."""

    text: str
    is_mark: bool


def parts(text: str) -> int:
    """On how many pages a text is shown."""
    return max(1, -(-len(text) // PART))


def part(text: str, number: int) -> str:
    """What stands on a page; they are counted from 1."""
    return text[(number - 1) * PART : number * PART]


def marked(text: str, mark: str) -> list[Piece]:
    """The text in pieces, with a mark before, after and between all of them."""
    pieces = [Piece(mark, True)]
    for one in _cut(text):
        pieces += [Piece(one, False), Piece(mark, True)]
    return pieces


def _cut(text: str) -> list[str]:
    """The text in pieces that are short enough, at the ends of lines where that is possible."""
    found: list[str] = []
    piece, lines = "", 0
    for line in _LINE.findall(text):
        while len(line) > CHARACTERS:
            found += [piece] if piece else []
            piece, lines = "", 0
            found.append(line[:CHARACTERS])
            line = line[CHARACTERS:]  # noqa: PLW2901 -- what is left of it
        if lines == LINES or len(piece) + len(line) > CHARACTERS:
            found += [piece] if piece else []
            piece, lines = "", 0
        piece, lines = piece + line, lines + 1
    return [*found, piece] if piece else found
