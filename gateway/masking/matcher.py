"""Finds issued tokens in text that arrives in pieces: placeholders however a model has bent them.

Theory of operation. The matcher stands at one position of the text and answers YES (an issued
token begins there), NO, or MORE (the text ends too early to tell). Three rules hold, and they
make a stream give the same text as the whole:

1. An answer of YES or NO never changes when more text follows.
2. MORE is given only where some continuation would make it YES, or YES with another end.
3. With `final`, MORE is never given.

Tolerated are other case, escaped or lost brackets, HTML entities, spaces and line breaks at the
separators; never an absent separator or a changed code. Only cores in `issued` match. Tokens
that have no form of their own match to the letter (`literals.py`). The longest match wins.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from gateway.masking.answers import MORE, NO, Answer, Match
from gateway.masking.literals import Literals
from gateway.masking.placeholders import (
    CLOSERS,
    CODE_LENGTH,
    OPENERS,
    SEPARATOR,
    UNDERSCORE_ENTITY,
)

_BLANKS = re.compile(r"\s{0,2}")
_OPENING_CHARACTERS = "<&\\"
_WORD = re.compile("[A-Za-z0-9]")


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


def _opening(text: str, at: int) -> int:
    """As `_affix`, for the opening bracket and the blanks behind it."""
    end = _affix(text, at, OPENERS)
    blanks = _BLANKS.match(text, end) if end > 0 else None
    return blanks.end() if blanks else end


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
    """Matches the tokens of one exchange. Holds no text but these; shareable.

    `issued` are the cores of placeholders, `literals` the tokens that match to the letter.
    """

    __slots__ = ("_bare", "_by_initial", "_issued", "_json_starts", "_literals", "_starts")

    def __init__(self, issued: Iterable[str], literals: Iterable[str] = ()) -> None:
        self._issued = frozenset(issued)
        self._literals = Literals(literals)
        types = {core[: -CODE_LENGTH - 1] for core in self._issued}
        by_initial: dict[str, list[tuple[str, ...]]] = {}
        for name in sorted(types, key=len, reverse=True):
            by_initial.setdefault(name[0], []).append(tuple(name.split("_")))
        self._by_initial = by_initial
        initials = sorted(by_initial)
        letters = "".join(initials + [letter.lower() for letter in initials])
        self._bare = rf"|(?<![A-Za-z0-9])[{letters}]" if letters else ""
        self._starts: re.Pattern[str] | None = None
        self._json_starts: re.Pattern[str] | None = None

    def __repr__(self) -> str:
        return f"Matcher({len(self._issued)} placeholders)"

    @property
    def issued(self) -> frozenset[str]:
        """The cores of the placeholders."""
        return self._issued

    def starts(self, *, is_json: bool) -> re.Pattern[str]:
        """Matches wherever a token may begin; looks back at most `LOOK_BACK` code points."""
        if not self._literals:
            is_json = False  # the pattern is the same
        known = self._json_starts if is_json else self._starts
        if known is not None:
            return known
        literal = f"|{self._literals.starts(is_json=is_json)}" if self._literals else ""
        made = re.compile(rf"[<&\\]{self._bare}{literal}")
        if is_json:
            self._json_starts = made
        else:
            self._starts = made
        return made

    def matches(self, text: str) -> Iterator[tuple[int, int, str]]:
        """Every token of a whole text that is no JSON: where it stands, and which it is."""
        starts, at = self.starts(is_json=False), 0
        while found := starts.search(text, at):
            answer, end, token = self.at(text, found.start(), final=True)
            at = end if answer is Answer.YES else found.start() + 1
            if answer is Answer.YES:
                yield found.start(), end, token

    def at(self, text: str, start: int, *, final: bool, is_json: bool = False) -> Match:
        """The answer at `start`, with the end of the match and the token for YES.

        The text before `start` counts, up to `LOOK_BACK` code points of it.
        """
        placeholder = self._placeholder(text, start, final=final)
        if not self._literals:
            return placeholder
        literal = self._literals.at(text, start, final=final, is_json=is_json)
        if placeholder[0] is Answer.MORE or literal[0] is Answer.MORE:
            return MORE
        return max(placeholder, literal, key=lambda match: match[1])

    def _placeholder(self, text: str, start: int, *, final: bool) -> Match:
        if not self._issued:
            return NO
        opened = text[start] in _OPENING_CHARACTERS
        position = _opening(text, start) if opened else start
        if position == len(text):
            position = -1
        in_word = not opened and start > 0 and _WORD.match(text, start - 1) is not None
        if in_word or (opened and position == 0):
            return NO
        if position < 0:
            return NO if final else MORE
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
                return NO if lone and closed[0] is Answer.YES else closed
            pending = pending or answer is Answer.MORE
        return MORE if pending and not final else NO

    def _core(self, text: str, at: int, words: tuple[str, ...]) -> Match:
        position = at
        for word in words:
            piece = _upper(text[position : position + len(word)])
            if piece != word:
                ended = position + len(piece) == len(text)
                return MORE if ended and word.startswith(piece) else NO
            position += len(word)
            end = _separator(text, position)
            if end <= 0:
                return MORE if end else NO
            position = end
        name = "_".join(words)
        piece = _upper(text[position : position + CODE_LENGTH])
        core = f"{name}_{piece}"
        if len(piece) == CODE_LENGTH:
            return (Answer.YES, position + CODE_LENGTH, core) if core in self._issued else NO
        return MORE if any(known.startswith(core) for known in self._issued) else NO

    def _close(self, text: str, end: int, core: str, final: bool) -> Match:
        """Take the closing bracket along; a lost one is forgiven."""
        blanks = _BLANKS.match(text, end)
        position = blanks.end() if blanks else end
        closed = _affix(text, position, CLOSERS)
        if closed > 0:
            return (Answer.YES, closed, core)
        if closed < 0 and not final:
            return MORE
        return (Answer.YES, end, core)
