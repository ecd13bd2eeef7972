"""Finds issued tokens that have no form of their own: stand-ins, numbers, ciphertexts.

Theory of operation. All literals of an exchange stand in one tree whose edges are labelled with
what they share. From a position the tree is walked character by character; the longest literal
that ends at a boundary wins. `matcher.py` says which three rules the answers keep. A literal that
ends in a letter or a digit is known to end only with the character after it.

In JSON a character may be written as an escape. It is read as the character that it stands for,
on both sides of a literal too, so that the answers are those of the text that JSON carries.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from gateway.masking.answers import MORE, NO, Answer, Match
from gateway.masking.runs import DIGIT, LETTER, cuts, kind

LOOK_BACK: Final = 64
"""Code points before a position that its answer may depend on."""

_SHORT: Final = {
    "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\", "/": "/",
}  # fmt: skip
_HEX: Final = re.compile(r"[0-9a-fA-F]{0,4}")
_INSIDE: Final = re.compile(r"(?<!\\)(?:\\\\)*\\(?:u[0-9a-fA-F]{0,3})?\Z")
_ESCAPE: Final = re.compile(r"(?<!\\)(?:\\\\)*\\(?:u([0-9a-fA-F]{4})|[bfnrt])\Z")
_AFTER_ESCAPE: Final = r"(?<=\\[bfnrt])|(?<=\\u[0-9a-fA-F]{4})"


@dataclass(slots=True)
class _Node:
    """A place in the tree. `token` is the literal that ends here."""

    token: str | None = field(default=None, repr=False)
    edges: dict[str, tuple[str, _Node]] = field(default_factory=dict, repr=False)


class Literals:
    """The literals of one exchange. Shareable; false where there are none."""

    __slots__ = ("_root",)

    def __init__(self, literals: Iterable[str] = ()) -> None:
        self._root = _grown(sorted(set(literals)), 0)

    def __bool__(self) -> bool:
        return bool(self._root.edges)

    def __repr__(self) -> str:
        return "Literals()"

    def starts(self, *, is_json: bool) -> str:
        """A pattern that matches wherever a literal may begin, and perhaps elsewhere.

        An escape begins with a backslash, which the pattern leaves to the caller.
        """
        by_kind: dict[int, list[str]] = {}
        for first in sorted(self._root.edges):
            by_kind.setdefault(kind(first), []).append(re.escape(first))
        parts = []
        for of_first, members in by_kind.items():
            before = f"(?<!{(LETTER, DIGIT)[of_first - 1]})" if of_first else ""
            if before and is_json:
                before = f"(?:{before}|{_AFTER_ESCAPE})"
            parts.append(f"{before}[{''.join(members)}]")
        return "|".join(parts)

    def at(self, text: str, start: int, *, final: bool, is_json: bool) -> Match:
        """The answer at `start`, by the text after it and at most `LOOK_BACK` before it."""
        may = (is_json or text[start] in self._root.edges) and _may_begin(text, start, is_json)
        node, position, best = self._root if may else None, start, NO
        while node is not None:
            if node.token is not None:
                ended = _ends(node.token[-1], text, position, final, is_json)
                if ended is Answer.MORE:
                    return MORE
                if ended is Answer.YES:
                    best = (Answer.YES, position, node.token)
            node, position = _step(node, text, position, is_json)
        return MORE if position < 0 and not final else best


def _step(node: _Node, text: str, position: int, is_json: bool) -> tuple[_Node | None, int]:
    """The next node and where its edge ends; no node and -1 where the text ends on the edge."""
    character, after = _character(text, position, is_json)
    if after < 0:
        return None, -1 if _may_be(node.edges, text[position:]) else 0
    label, following = node.edges.get(character, ("", None))
    for expected in label[1:]:
        position = after
        character, after = _character(text, position, is_json)
        if after < 0:
            return None, -1 if _may_be((expected,), text[position:]) else 0
        if character != expected:
            return None, 0
    return following, after


def _grown(literals: Sequence[str], depth: int) -> _Node:
    """The tree over sorted literals that share their first `depth` characters."""
    node = _Node()
    at = 0
    if literals and len(literals[0]) == depth:
        node.token = literals[0] if depth else None
        at = 1
    while at < len(literals):
        first, end = literals[at][depth], at + 1
        while end < len(literals) and literals[end][depth] == first:
            end += 1
        shared = _shared(literals[at], literals[end - 1], depth + 1)
        label = literals[at][depth:shared]
        node.edges[first] = (label, _grown(literals[at:end], shared))
        at = end
    return node


def _shared(one: str, other: str, depth: int) -> int:
    """How many characters two literals share, that share `depth`."""
    while depth < min(len(one), len(other)) and one[depth] == other[depth]:
        depth += 1
    return depth


def _character(text: str, at: int, is_json: bool) -> tuple[str, int]:
    """The character at a position and where the next begins: -1 where the text ends too early."""
    if at >= len(text):
        return "", -1
    if not is_json or text[at] != "\\":
        return text[at], at + 1
    following = text[at + 1 : at + 2]
    if following == "u":
        found = _HEX.match(text, at + 2)
        end = found.end() if found else at + 2
        if end == at + 6:
            return chr(int(text[at + 2 : end], 16)), end
        return ("", -1) if end == len(text) else ("\\", at + 1)
    if not following:
        return "", -1
    short = _SHORT.get(following)
    return ("\\", at + 1) if short is None else (short, at + 2)


def _may_be(characters: Iterable[str], begun: str) -> bool:
    """Whether a text that ends in `begun`, nothing or half an escape, may go on as one of these."""
    digits = begun[2:].lower()
    return any(f"{ord(one):04x}".startswith(digits) for one in characters)


def _may_begin(text: str, start: int, is_json: bool) -> bool:
    """Whether a literal that begins at `start` cuts neither a run nor an escape."""
    if start == 0:
        return True
    before = text[start - 1]
    if is_json:
        tail = text[max(0, start - LOOK_BACK) : start]
        if "\\" in tail[-5:] and _INSIDE.search(tail):
            return False
        escape = _ESCAPE.search(tail) if "\\" in tail[-6:] else None
        if escape is not None:
            before = chr(int(escape.group(1), 16)) if escape.group(1) else "\n"
    first, after = _character(text, start, is_json)
    return after < 0 or not cuts(before, first)


def _ends(last: str, text: str, at: int, final: bool, is_json: bool) -> Answer:
    """Whether a literal whose last character is `last` may end at a position."""
    of_last = kind(last)
    if of_last == 0:
        return Answer.YES
    following, after = _character(text, at, is_json)
    if after >= 0:
        return Answer.NO if kind(following) == of_last else Answer.YES
    if final:
        return Answer.YES
    digits = text[at + 2 :]
    if not digits:
        return Answer.MORE
    # Half an escape: it may still be another character than one that would go on with the run.
    wide = 16 ** (4 - len(digits))
    low = int(digits, 16) * wide
    free = any(kind(chr(code)) != of_last for code in range(low, low + wide))
    return Answer.MORE if free else Answer.NO
