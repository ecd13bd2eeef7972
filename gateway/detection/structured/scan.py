"""One look over a text for everything that holds a digit: words, and runs of grouped digits. Pure.

These are the wide candidates. Whatever a number may be (an identifier, a phone, a card), its
validators run on candidates only and never on the text as a whole. Both scans begin at a digit,
so that prose without digits costs one search of a character class.

Why `re` and no matcher of many patterns: both scans together cost 0.2 ms per 1,000 tokens, a
thirtieth of the stage. RE2 took five times as long for the same runs, Hyperscan half as long again
as `re`, since it reports each end of a match to a callback. Neither has lookarounds, so what
follows a scan would be matched a second time in any case.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import cast

from gateway.detection.structured.context import Reading

MAX_WORD = 128
_DIGIT = re.compile(r"[0-9]")
_RIGHT = re.compile(r"[A-Za-z0-9]{1,128}(?:[-./+][A-Za-z0-9]{1,40}){0,8}")
_SIGNS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
_JOINTS = frozenset("-./+")


def words(reading: Reading) -> list[tuple[int, int]]:
    """Where words of letters, digits and single joints stand that hold an ASCII digit, in order.

    A word longer than `MAX_WORD` signs may come in pieces.
    """
    known = reading.memo.get("words")
    if known is None:
        known = reading.memo["words"] = _words(reading.text)
    return cast(list[tuple[int, int]], known)


def _words(text: str) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    at = 0
    search, match = _DIGIT.search, _RIGHT.match
    while (digit := search(text, at)) is not None:
        start = _left(text, digit.start(), max(at, digit.start() - MAX_WORD))
        right = match(text, start)
        at = right.end() if right is not None and right.end() > digit.start() else digit.end()
        found.append((start, at))
    return found


def starts(reading: Reading) -> list[tuple[int, int, int]]:
    """Where values may begin in the words, with where those begin and end.

    At the start of a word, behind a slash, behind letters alone: "FR76.../DE89..." holds two
    accounts, "SSN-536-90-4399" a label and a number.
    """
    known = reading.memo.get("starts")
    if known is None:
        known = reading.memo["starts"] = [
            (at, start, stop)
            for start, stop in words(reading)
            for at in _starts(reading.text, start, stop)
        ]
    return cast(list[tuple[int, int, int]], known)


def _starts(text: str, start: int, stop: int) -> Iterator[int]:
    yield start
    piece = start
    for joint in _JOINT.finditer(text, start, stop):
        if joint[0] == "/" or text[piece : joint.start()].isalpha():
            yield joint.end()
        piece = joint.end()


_JOINT = re.compile(r"[-./+]")


def _left(text: str, start: int, floor: int) -> int:
    """Where the word begins whose first digit stands at `start`."""
    while start > floor:
        sign = text[start - 1]
        if sign in _SIGNS:
            start -= 1
        elif sign in _JOINTS and start - 1 > floor and text[start - 2] in _SIGNS:
            start -= 2
        else:
            break
    return start


_RUN = re.compile(r"[0-9](?:[ \t().\-/\u00a0\u2011\u2013_]{0,3}+[0-9])*+")


def runs(reading: Reading) -> list[tuple[int, int]]:
    """Where digits follow each other with up to three separators between, in order."""
    known = reading.memo.get("runs")
    if known is None:
        known = reading.memo["runs"] = [match.span() for match in _RUN.finditer(reading.text)]
    return cast(list[tuple[int, int]], known)
