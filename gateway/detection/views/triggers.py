"""Whether a text may hold a disguise at all: a few passes at the speed of memory. Pure.

Most texts hold none, and reading every text for each disguise with a regex would cost more than
finding what is in it. So a text is turned into one byte per code point that says what kind of
sign stands there, and telling rows of bytes are looked for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property

from gateway.detection.views.atdot import AT_WORDS, DOT_WORDS
from gateway.detection.views.spoken_words import AND, ANY_NUMBER, HUNDREDS, NATO, REPEATS, SIGNS

_CONTINUATION = bytes(range(0x80, 0xC0))  # of UTF-8: without them, a byte is a code point
_LOWER = b"abcdefghijklmnopqrstuvwxyz"
_UPPER = _LOWER.upper()
_DIGITS = b"0123456789"
_SPACES = b" \t\n\r\v\f"


def _table(default: int, classes: dict[bytes, int]) -> bytes:
    table = bytearray([default]) * 256
    for signs, kind in classes.items():
        for sign in signs:
            table[sign] = kind
    return bytes(table)


_OTHER_LETTERS = bytes(range(0xC0, 0x100))
_SHAPE = _table(
    ord("."),
    {_LOWER + _OTHER_LETTERS: ord("a"), _UPPER: ord("A"), _DIGITS: ord("0"), _SPACES: ord(" ")},
)
_NUMBERS = _table(ord("a"), {_DIGITS: ord("0"), b" -.": ord(" "), b",;:|/*_~#\t\r\n>": ord(",")})
_BLOB = _table(ord(" "), {_LOWER + _UPPER + _DIGITS + b"+/_-=": ord("x")})
_WORDS = _table(
    ord(" "),
    {bytes([sign]): sign for sign in [*_LOWER, *range(0x80, 0x100)]}
    | {bytes([sign]): sign + 32 for sign in _UPPER},
)

_TIME = re.compile(rb"(?:0{1,8},)?0000 00 00[ ,]00,00,00[ ,]{0,3}0{0,6}[ ,]{0,3}")
_NUMBER_RUN = re.compile(rb"0[0 ,]{9,}")
_NUMBER_WORDS = frozenset(
    word.encode()
    for word in ANY_NUMBER | {word for words in REPEATS.values() for word in words} | {"x", "ray"}
)
_LINKS = frozenset(
    word.encode() for words in [SIGNS, *AND.values(), *HUNDREDS.values()] for word in words
)
_NUMBER_WORD_RUN = re.compile(rb"\x01\x02{0,2}\x01\x02{0,2}\x01")
_NATO = frozenset(word.encode() for word in NATO)
_AT_WORDS = frozenset(word.encode() for word in AT_WORDS)
_DOT_WORDS = frozenset(word.encode() for word in DOT_WORDS)
_SPACED = (b" a a ", b" a . a ")
_CAPITALS = (b" A aa", b".A aa", b" A, aa", b".A, aa")
_BRACKETED = re.compile(r"[(\[{<|*] ?(?:at|ät|@|a\)|a\]|\.|arro|chio|aro|klam|apen)")
_ODD_IBAN = (b",0000,0000", b", 0000, 0000", b" , 0000 , 0000")


def _plain_signs(text: str) -> str:
    """The text with an ASCII sign for those signs that people put between others."""
    if not text.isascii():
        for sign in "–—…·•":
            if sign in text:
                text = text.replace(sign, "*")
    return text


@dataclass(frozen=True)
class Triggers:
    """Which disguises a text may hold."""

    text: str = field(repr=False)

    @cached_property
    def _raw(self) -> bytes:
        return _plain_signs(self.text).encode("utf-8", "replace")

    @cached_property
    def _words(self) -> list[bytes]:
        raw = self._raw
        if not self.text.isascii():
            raw = _plain_signs(self.text.lower()).encode("utf-8", "replace")
        return raw.translate(_WORDS).split()

    @cached_property
    def _vocabulary(self) -> frozenset[bytes]:
        return frozenset(self._words)

    def has_escapes(self) -> bool:
        """Percent, HTML, backslash or quoted-printable escapes."""
        return any(sign in self.text for sign in "%&\\=")

    def has_blobs(self) -> bool:
        """Sixteen signs of base64 in a row, or bytes in hex."""
        blob = self._raw.translate(_BLOB, _CONTINUATION)
        return b"x" * 16 in blob or b"xx xx xx xx xx xx xx" in blob or self.text.count("0x") >= 12

    def has_letters_apart(self) -> bool:
        """Single letters in a row, or words of a spelling alphabet."""
        shape = b" %b " % self._raw.translate(_SHAPE, _CONTINUATION)
        lower = shape.lower()
        return (
            any(row in lower for row in _SPACED)
            or b"a.a.a.a" in lower
            or (b"0.0.0" in lower and (b"a.a" in lower or b"a.0" in lower))
            or sum(map(shape.count, _CAPITALS)) >= 3
            or (
                not _NATO.isdisjoint(self._vocabulary) and sum(w in _NATO for w in self._words) >= 4
            )
        )

    def has_number_words(self) -> bool:
        """Three number words side by side, or with words that link them."""
        if _NUMBER_WORDS.isdisjoint(self._vocabulary):
            return False
        flags = bytes((word in _NUMBER_WORDS) or 2 * (word in _LINKS) for word in self._words)
        return _NUMBER_WORD_RUN.search(flags) is not None

    def has_address_words(self) -> bool:
        """A sign for at in words, or apart from what it joins."""
        lower = self.text.lower()
        words = self._vocabulary
        if "@" in lower and (
            "@ " in lower or " @" in lower or "dot" in lower or not _DOT_WORDS.isdisjoint(words)
        ):
            return True
        if _BRACKETED.search(lower) or " AT " in self.text:
            return True
        if _AT_WORDS.isdisjoint(words):
            return False
        return not _DOT_WORDS.isdisjoint(words) or any(
            word in _AT_WORDS and word != b"at" for word in words
        )

    def has_numbers_apart(self) -> bool:
        """Digits in a row with separators that numbers do not usually have."""
        numbers = self._raw.translate(_NUMBERS, _CONTINUATION)
        return any(row in numbers for row in _ODD_IBAN) or any(
            b"," in run[0] and run[0].count(b"0") >= 9 and not _TIME.fullmatch(run[0])
            for run in _NUMBER_RUN.finditer(numbers)
        )
