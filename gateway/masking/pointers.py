"""Where in a JSON document that is still being written a value may come back. Pure.

Theory of operation. `Pointers` reads JSON in any pieces and knows the place of the value that
stands, or would stand, at the end of what it has read: the steps of an RFC 6901 pointer. It reads
by the grammar of RFC 8259. Text that breaks the grammar has no places, from there to its end.

A guard says whether values may be restored at all where a restorer stands. It reads the masked
text, so that what was restored earlier cannot move the place.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Final, Protocol, TypeAlias

Steps: TypeAlias = tuple[str, ...]
"""The steps of a JSON pointer: keys, and array indexes in decimal."""

DEEPEST: Final = 512
"""Nested arrays and objects that are followed; below there are no places."""

_BLANKS: Final = re.compile(r"[ \t\r\n]+")
_PLAIN: Final = re.compile(r'[^"\\\x00-\x1f]+')
_WORDS: Final = re.compile(r"[-+.0-9A-Za-z]+")
_SCALAR: Final = re.compile(r"true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_HEX: Final = frozenset("0123456789abcdefABCDEF")


class _At(Enum):
    """What is expected, or what is being read."""

    VALUE = 1
    FIRST_ITEM = 2  # a value, or the end of the array
    FIRST_KEY = 3  # a key, or the end of the object
    KEY = 4
    COLON = 5
    NEXT = 6  # a comma, or the end of what is open
    IN_KEY = 7
    IN_STRING = 8
    IN_WORD = 9
    BROKEN = 10


class Pointers:
    """Follows one JSON text. Holds the keys of what is open, and no values."""

    __slots__ = ("_at", "_escape", "_is_object", "_piece", "_steps")

    def __init__(self) -> None:
        self._at = _At.VALUE
        self._is_object: list[bool] = []  # of each array or object that is open
        self._steps: list[str | int] = []  # the key or index in each of them
        self._escape = ""  # of a string, as far as it has come
        self._piece: list[str] = []  # of a key or a word

    def __repr__(self) -> str:
        return f"Pointers(depth={len(self._steps)}, {self._at.name})"

    @property
    def here(self) -> Steps | None:
        """The place of the value at the end of the text; None where no value can stand."""
        if self._at in (_At.VALUE, _At.FIRST_ITEM) or (
            self._at is _At.IN_STRING and not self._escape
        ):
            return tuple(map(str, self._steps))
        return None

    @property
    def is_in_string(self) -> bool:
        """Whether a value's string is open."""
        return self._at is _At.IN_STRING

    def feed(self, text: str) -> None:
        """Read the next piece."""
        at, size = 0, len(text)
        while at < size and self._at is not _At.BROKEN:
            if self._at in (_At.IN_STRING, _At.IN_KEY):
                at = self._string(text, at)
            elif self._at is _At.IN_WORD:
                at = self._word(text, at)
            else:
                blanks = _BLANKS.match(text, at)
                at = blanks.end() if blanks else self._mark(text, at)

    def _break(self) -> None:
        self._at = _At.BROKEN
        self._piece = []

    def _string(self, text: str, at: int) -> int:
        """Read on in a string, at most to its end."""
        character = text[at]
        if self._escape:
            self._escape += character
            self._go_on_escape()
            return at + 1
        plain = _PLAIN.match(text, at)
        if plain:
            if self._at is _At.IN_KEY:
                self._piece.append(plain.group())
            return plain.end()
        if character == "\\":
            self._escape = character
        elif character != '"':
            self._break()
        elif self._at is _At.IN_KEY:
            self._steps[-1] = json.loads(f'"{"".join(self._piece)}"')
            self._piece = []
            self._at = _At.COLON
        else:
            self._at = _At.NEXT
        return at + 1

    def _go_on_escape(self) -> None:
        escape = self._escape
        if escape[1] == "u":
            if not _HEX.issuperset(escape[2:]):
                self._break()
            elif len(escape) < 6:
                return
        elif escape[1] not in '"\\/bfnrt':
            self._break()
        if self._at is _At.IN_KEY:
            self._piece.append(escape)
        self._escape = ""

    def _word(self, text: str, at: int) -> int:
        """Read on in a number or a name, at most to its end."""
        word = _WORDS.match(text, at)
        if word:
            self._piece.append(word.group())
            return word.end()
        if _SCALAR.fullmatch("".join(self._piece)):
            self._piece = []
            self._at = _At.NEXT
        else:
            self._break()
        return at

    def _mark(self, text: str, at: int) -> int:
        """Read one sign of the grammar, or begin a string or a word."""
        sign = text[at]
        if self._at in (_At.VALUE, _At.FIRST_ITEM) and sign != "]":
            return self._begin(sign, at)
        if sign == '"' and self._at in (_At.KEY, _At.FIRST_KEY):
            self._at = _At.IN_KEY
        elif sign == ":" and self._at is _At.COLON:
            self._at = _At.VALUE
        elif sign == "," and self._at is _At.NEXT and self._steps:
            self._go_on()
        elif (
            sign in "]}"
            and self._steps
            and self._is_object[-1] == (sign == "}")
            and self._at in (_At.NEXT, _At.FIRST_KEY if sign == "}" else _At.FIRST_ITEM)
        ):
            self._steps.pop()
            self._is_object.pop()
            self._at = _At.NEXT
        else:
            self._break()
        return at + 1

    def _begin(self, sign: str, at: int) -> int:
        if sign in "{[" and len(self._steps) < DEEPEST:
            self._is_object.append(sign == "{")
            self._steps.append("" if sign == "{" else 0)
            self._at = _At.FIRST_KEY if sign == "{" else _At.FIRST_ITEM
        elif sign == '"':
            self._at = _At.IN_STRING
        elif _WORDS.match(sign):
            self._at = _At.IN_WORD
            return at
        else:
            self._break()
        return at + 1

    def _go_on(self) -> None:
        last = self._steps[-1]
        if isinstance(last, int):
            self._steps[-1] = last + 1
            self._at = _At.VALUE
        else:
            self._at = _At.KEY


def steps(pointer: str) -> Steps:
    """The steps of a JSON pointer (RFC 6901, section 4)."""
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:])


def is_below(place: Steps, pointers: Sequence[Steps]) -> bool:
    """Whether a place is that of one of some pointers or below it; a step `*` is any one step."""
    return any(
        len(pointer) <= len(place)
        and all(wanted in ("*", step) for wanted, step in zip(pointer, place, strict=False))
        for pointer in pointers
    )


class Guard(Protocol):
    """Says where a restorer may put values. It reads all that the restorer lets go."""

    def feed(self, masked: str) -> None:
        """The next piece of masked text."""
        ...

    def permits(self) -> bool:
        """Whether a value may stand here."""
        ...

    def skip(self) -> None:
        """A token was restored here."""
        ...


class ToolGuard:
    """Guards the arguments of one tool call.

    `is_open` says whether values may come back in them at all, `pointers` below which pointers
    they may: None for everywhere. Both are asked where a token stands, for a stream tells a
    tool's name late.
    """

    __slots__ = ("_is_open", "_place", "_pointers")

    def __init__(
        self,
        is_open: Callable[[], bool],
        pointers: Callable[[], Sequence[Steps] | None],
    ) -> None:
        self._is_open = is_open
        self._pointers = pointers
        self._place = Pointers()

    def __repr__(self) -> str:
        return "ToolGuard()"

    def feed(self, masked: str) -> None:
        """The next piece of masked text."""
        self._place.feed(masked)

    def permits(self) -> bool:
        """Whether a value may stand here."""
        if not self._is_open():
            return False
        pointers = self._pointers()
        if pointers is None:
            return True
        here = self._place.here
        return here is not None and is_below(here, pointers)

    def skip(self) -> None:
        """A token was restored here: it is part of a string, or a whole value."""
        if not self._place.is_in_string:
            self._place.feed("0")
