"""The grammar of placeholders, and the issuing of them.

A placeholder is `<PERSON_7K2QX9>`: the entity type and six Crockford base-32 characters, 30 bits
of HMAC-SHA-256 over (type, exact text) under the key of the scope. It is a function of the value
alone, so that the same value has the same placeholder in every message, turn and replica, with
no state kept; and it is keyed, so that nobody without the key can test guesses against it.

A code always holds a digit and a letter, so that no ordinary word and no ordinary number is one.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from hashlib import sha256

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford base 32: no I, L, O, U
CODE_LENGTH = 6
LITERAL = "LITERAL"

# What models make of a placeholder's parts. Longer spellings come first.
OPENERS = ("\\u003c", "&#x3c;", "&#60;", "&lt;", "\\<", "<")
CLOSERS = ("\\u003e", "&#x3e;", "&#62;", "&gt;", "\\>", "/>", ">")
SEPARATOR = re.compile(r"\s{0,3}(?:\\{0,2}_|&#95;|-)?\s{0,3}")
UNDERSCORE_ENTITY = "&#95;"

_CODE = re.compile(
    r"(?<=[_;\-\s])(?=[0-9A-Za-z]{0,5}[0-9])(?=[0-9]{0,5}[A-Za-z])"
    r"[0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{6}"
)
_CLOSE = re.compile(r"\s{0,2}(?:" + "|".join(map(re.escape, CLOSERS)) + ")", re.IGNORECASE)
_LAST_WORD = re.compile(r"([A-Za-z0-9]+)\s{0,3}(?:\\{0,2}_|&#95;|-|\s)\s{0,3}\Z")
_LONGEST_HEAD = 120


def code(key: bytes, entity_type: str, surface: str, counter: int = 0) -> str:
    """The six-character code of a value. `counter` steps on where a code is already taken."""
    message = b"\0".join((entity_type.encode(), surface.encode("utf-8", "surrogatepass")))
    attempt = 0
    while True:
        suffix = counter.to_bytes(4, "big") + attempt.to_bytes(4, "big")
        digest = hmac.digest(key, message + b"\0" + suffix, sha256)
        bits = int.from_bytes(digest[:4], "big") >> 2
        text = "".join(ALPHABET[(bits >> shift) & 31] for shift in range(25, -1, -5))
        if not text.isdigit() and not text.isalpha():
            return text
        attempt += 1


def framed(core: str) -> str:
    """A placeholder as it stands in prose: `<PERSON_7K2QX9>`."""
    return f"<{core}>"


class Issuer:
    """Hands out the placeholders of one exchange: one value, one placeholder, and back.

    The first entity type that a value is issued under holds for the rest of the exchange.
    """

    __slots__ = ("_by_surface", "_key", "surfaces")

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._by_surface: dict[str, str] = {}
        self.surfaces: dict[str, str] = {}  # PERSON_7K2QX9 -> the value

    def __repr__(self) -> str:
        return f"Issuer({len(self.surfaces)} issued)"

    def resume(self, surfaces: Mapping[str, str]) -> None:
        """Go on from what was issued earlier: cores and their values."""
        for core, surface in surfaces.items():
            self._by_surface.setdefault(surface, core)
        self.surfaces.update(surfaces)

    def issue(self, entity_type: str, surface: str) -> str:
        """The core `PERSON_7K2QX9` of the value's placeholder."""
        known = self._by_surface.get(surface)
        if known is not None:
            return known
        counter = 0
        core = f"{entity_type}_{code(self._key, entity_type, surface)}"
        while core in self.surfaces:
            counter += 1
            core = f"{entity_type}_{code(self._key, entity_type, surface, counter)}"
        self._by_surface[surface] = core
        self.surfaces[core] = surface
        return core


@lru_cache(maxsize=64)
def _heads(types: frozenset[str]) -> dict[str, re.Pattern[str]]:
    """What may stand before a code, by the last word of the entity type: an opener perhaps, the
    type, a separator."""
    separator = r"\s{0,3}(?:\\{0,2}_|&#95;|-|\s)\s{0,3}"
    opener = "(?:(?:" + "|".join(map(re.escape, OPENERS)) + r")\s{0,2})?"
    by_last: dict[str, list[str]] = {}
    for name in sorted(types, reverse=True):
        pattern = separator.join(map(re.escape, name.split("_")))
        by_last.setdefault(name.rpartition("_")[2], []).append(pattern)
    return {
        last: re.compile(rf"{opener}(?:{'|'.join(patterns)}){separator}\Z", re.IGNORECASE)
        for last, patterns in by_last.items()
    }


def look_alikes(text: str, types: Iterable[str]) -> list[tuple[int, int]]:
    """Where a text holds what the tolerant matcher could take for a placeholder.

    Half-open ranges of code points. Every text that `restore` would replace lies in one.
    """
    found: list[tuple[int, int]] = []
    heads: dict[str, re.Pattern[str]] | None = None
    for match in _CODE.finditer(text):
        if heads is None:
            heads = _heads(frozenset(types) | {LITERAL})
        start = max(0, match.start() - _LONGEST_HEAD)
        before = text[start : match.start()]
        word = _LAST_WORD.search(before)
        head = _head_of(word.group(1).upper(), before, heads) if word else None
        if head is None:
            continue
        close = _CLOSE.match(text, match.end())
        found.append((start + head.start(), close.end() if close else match.end()))
    return found


def _head_of(word: str, before: str, heads: dict[str, re.Pattern[str]]) -> re.Match[str] | None:
    """The longest head that ends where `before` ends, and whose last word ends `word`."""
    found = [heads[last].search(before) for last in heads if word.endswith(last)]
    return min((one for one in found if one), key=lambda one: one.start(), default=None)
