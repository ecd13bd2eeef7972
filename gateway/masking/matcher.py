"""Finds issued placeholders in text that arrives in pieces, however a model has bent them.

Theory of operation. The matcher stands at one position of the text and answers YES (an issued
placeholder ends there), NO, or MORE (the text ends too early to tell). Three rules hold, and
they make a stream give the same text as the whole:

1. An answer of YES or NO never changes when more text follows.
2. MORE is given only where some continuation would make it YES, or YES with another end.
3. With `final`, MORE is never given.

Tolerated are other case, escaped or lost brackets, HTML entities, spaces and line breaks at the
separators; never an absent separator or a changed code. Only cores in `issued` match.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import Enum

from gateway.masking.placeholders import (
    CLOSERS,
    CODE_LENGTH,
    OPENERS,
    SEPARATOR,
    UNDERSCORE_ENTITY,
)


class Answer(Enum):
    """What the matcher says at one position."""

    YES = 1
    NO = 2
    MORE = 3


_NO = (Answer.NO, 0, "")
_MORE = (Answer.MORE, 0, "")
_BLANKS = re.compile(r"\s{0,2}")
_OPENING_CHARACTERS = "<&\\"


def _affix(text: str, at: int, spellings: tuple[str, ...]) -> int:
    """The end of the spelling that stands at `at`; 0 for none; -1 where the text ends in one."""
    rest = text[at : at + 6].lower()
    for spelling in spellings:
        if rest.startswith(spelling):
            return at + len(spelling)
    if at + len(rest) == len(text):
        for spelling in spellings:
            if spelling.startswith(rest):
                return -1
    return 0


def _separator(text: str, at: int) -> int:
    """As `_affix`, for the separator between the words of a placeholder."""
    matched = SEPARATOR.match(text, at)
    end = matched.end() if matched else at
    if end == len(text):
        return -1
    rest = text[end : end + 5]
    if end + len(rest) == len(text) and (
        rest in ("\\", "\\\\") or UNDERSCORE_ENTITY.startswith(rest)
    ):
        return -1
    return 0 if end == at else end


def _upper(text: str) -> str:
    """Upper case for ASCII only: Unicode would turn a dotless i or a long s into A-Z."""
    return text.upper() if text.isascii() else "?" * len(text)


class Matcher:
    """Matches the cores of one exchange. Holds no text of its own; shareable."""

    __slots__ = ("_by_initial", "_issued", "starts")

    def __init__(self, issued: Iterable[str]) -> None:
        self._issued = frozenset(issued)
        types = {core[: -CODE_LENGTH - 1] for core in self._issued}
        by_initial: dict[str, list[tuple[str, ...]]] = {}
        for name in sorted(types, key=len, reverse=True):
            by_initial.setdefault(name[0], []).append(tuple(name.split("_")))
        self._by_initial = by_initial
        initials = sorted(by_initial)
        letters = "".join(initials + [letter.lower() for letter in initials])
        bare = rf"|(?<![A-Za-z0-9])[{letters}]" if letters else ""
        # Where a placeholder may begin; the caller checks the character before position 0.
        self.starts = re.compile(rf"[<&\\]{bare}")

    def at(self, text: str, start: int, *, final: bool) -> tuple[Answer, int, str]:
        """The answer at `start`, with the end of the match and the core for YES."""
        opened = text[start] in _OPENING_CHARACTERS
        position = start
        if opened:
            position = _affix(text, start, OPENERS)
            if position == 0:
                return _NO
            if position < 0:
                return _NO if final else _MORE
            blanks = _BLANKS.match(text, position)
            position = blanks.end() if blanks else position
        if position == len(text):
            return _NO if final else _MORE
        pending = False
        for words in self._by_initial.get(_upper(text[position]), ()):
            answer, end, core = self._core(text, position, words)
            if answer is Answer.YES:
                if not opened:
                    return (answer, end, core)
                closed = self._close(text, end, core, final)
                # A backslash is part of the placeholder only if the other bracket has one too:
                # else it is the caller's own, as in a path.
                lone = text.startswith("\\<", start) and not text[: closed[1]].endswith("\\>")
                return _NO if lone and closed[0] is Answer.YES else closed
            pending = pending or answer is Answer.MORE
        return _MORE if pending and not final else _NO

    def _core(self, text: str, at: int, words: tuple[str, ...]) -> tuple[Answer, int, str]:
        position = at
        for word in words:
            piece = _upper(text[position : position + len(word)])
            if piece != word:
                ended = position + len(piece) == len(text)
                return _MORE if ended and word.startswith(piece) else _NO
            position += len(word)
            end = _separator(text, position)
            if end <= 0:
                return _MORE if end else _NO
            position = end
        name = "_".join(words)
        piece = _upper(text[position : position + CODE_LENGTH])
        core = f"{name}_{piece}"
        if len(piece) == CODE_LENGTH:
            return (Answer.YES, position + CODE_LENGTH, core) if core in self._issued else _NO
        return _MORE if any(known.startswith(core) for known in self._issued) else _NO

    def _close(self, text: str, end: int, core: str, final: bool) -> tuple[Answer, int, str]:
        """Take the closing bracket along; a lost one is forgiven."""
        blanks = _BLANKS.match(text, end)
        position = blanks.end() if blanks else end
        closed = _affix(text, position, CLOSERS)
        if closed > 0:
            return (Answer.YES, closed, core)
        if closed < 0 and not final:
            return _MORE
        return (Answer.YES, end, core)
