"""Whether a text may hold a disguise at all: a few passes at the speed of memory. Pure.

Most texts hold none, and reading every text for each disguise with a regex would cost more than
finding what is in it. So a text is turned into one byte per code point that says what kind of
sign stands there, and telling rows of bytes are looked for.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from gateway.detection.structured.context import Reading, holds
from gateway.detection.views.atdot import AT_WORDS, DOT_WORDS
from gateway.detection.views.defanged import BRACKETS, SCHEMES, has_dots_in_words
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
# The same with letters of one case, and with all signs but spaces alike.
_CASELESS = _table(
    ord("."),
    {_LOWER + _OTHER_LETTERS + _UPPER: ord("a"), _DIGITS: ord("0"), _SPACES: ord(" ")},
)
_FILLED = _table(ord("x"), {_SPACES: ord(" ")})
_NUMBERS = _table(
    ord("a"), {_DIGITS: ord("0"), b" -.": ord(" "), b",;:|/*_~#+\t\r\n>\"'()[]": ord(",")}
)
_BLOB = _table(ord(" "), {_LOWER + _UPPER + _DIGITS + b"+/_-=": ord("x")})
_WORDS = _table(
    ord(" "),
    {bytes([sign]): sign for sign in [*_LOWER, *range(0x80, 0x100)]}
    | {bytes([sign]): sign + 32 for sign in _UPPER},
)

_TIME = re.compile(rb"(?:0{1,8},)?0000 00 00[ ,]00,00,00[ ,]{0,3}0{0,6}[ ,]{0,3}")
_NUMBER_RUN = re.compile(rb"0[0 ,]{9,}")
_ANY_NUMBER = ANY_NUMBER | {word for words in REPEATS.values() for word in words} | {"x", "ray"}
_NUMBER_WORDS = frozenset(word.encode() for word in _ANY_NUMBER)
_LINKS = frozenset(
    word.encode() for words in [SIGNS, *AND.values(), *HUNDREDS.values()] for word in words
)
_LINK_LENGTHS = frozenset({1, 2, 4})  # of words that may stand between, whatever they are
_FARTHEST = 7  # words from one number word to the next
_NATO = frozenset(word.encode() for word in NATO)
# A search is fast where the first sign of the pattern stands outside a repeat.
_SPACED = re.compile(rb" [a.0](?: [a.0]){3,}(?= )")
_AS_IN = re.compile(
    r"[A-ZÄÖÜ](?<!\w.),? (?:wie|for|as in|like|comme|como|come|van|de) (?=[^\W\d_])"
)
_AS_WORDS = frozenset("wie for as like comme como come van de".split())
_CAPITALS = (b" A aa", b".A aa")
# One pattern each: a search for alternatives knows no first sign to look for.
_CODES = (
    re.compile(r"[0-9][0-9]{1,2}[,; ][ ,]{0,2}[0-9]{2,3}[ ,;]{1,3}(?:[0-9]{2,3}[ ,;]{1,3}){4}"),
    re.compile(r"[01][01]{6}(?:[ ,]{1,2}[01]{7}|[01]{49})"),
)
_UTF7 = re.compile(r"\+(?<=\w\+)[A-Za-z0-9+/]{2,8}-\w")
_ESCAPED = re.compile(r"\\[-@_+.](?=\w)")
_TAG_INSIDE = re.compile(r"<(?:(?<=[\w@.+-]<)|(?<=[\w@.+-][ ]<))[!/A-Za-z][^<>]{0,80}>")
_CONCAT_INSIDE = re.compile(r"[\"'][ ]?[.+&][ ]?[\"'][\w@.+ -]")
_STARS_INSIDE = re.compile(
    r"[0-9A-Z-](?:(?<=[0-9-])[ ]?(?:\*\*|``?|~~)[ ]?[0-9A-Z-]|(?<=[A-Z])\*\*[0-9])"
)
_AT_DOMAIN = re.compile(r" at [a-z0-9-]{2,63}\.[a-z]{2}")
_BRACKETED = re.compile(r"[(\[{<|*] ?(?:at|ät|@|a\)|a\]|\.|arro|chio|aro|klam|apen)")
_ODD_IBAN = re.compile(
    rb"00(?:(?<=aa00)|(?<=aa[ ,]00)|(?<=aa[ ,]{2}00)|(?<=aa[ ,]{3}00))"
    rb"(?:(?:,{1,4}|[ ,]{2,5})[0a]{4}(?:,|[ ,]{2,5})| [0a]{4} ?,[ ,]{0,3}[0a]{4}"
    rb"|(?: [0a]{4}){2,6} ?,[ ,]{0,3}[0a])"
)
_SPREAD_PLUS = re.compile(
    r"\+(?:[._][0-9]|[._ /*-]{0,2}[0-9]{1,3}[ ]{0,2}[._/*~,;|\u2013\u2014\n-][ ]{0,2}[0-9])"
)
_SPREAD = (
    re.compile(r"[0-9]-(?:[0-9]-){7}[0-9](?![0-9])"),
    re.compile(
        r"[0-9](?:[ ][0-9]){2}[ ]{0,2}[-\u2013\u2014][ ]{0,2}[0-9][ ][0-9][ ]{0,2}[-\u2013\u2014]"
    ),
    re.compile(r"[0-9][0-9]{2}[ ]{1,2}[-\u2013\u2014][ ]{1,2}[0-9]{2}[ ]{1,2}[-\u2013\u2014]"),
)
_MISREAD = re.compile(r"[0-9](?:(?=[OolISB])|(?<=[OolISB][0-9]))")


def _plain_signs(text: str) -> str:
    """The text with an ASCII sign for those signs that people put between others."""
    if not text.isascii():
        for sign in "–—…·•\u00a0\u2003\u2009":
            if sign in text:
                text = text.replace(sign, "*" if sign in "–—…·•" else " ")
    return text


class Triggers:
    """Which disguises a text may hold."""

    __slots__ = ("_number_runs", "_numbers", "_raw", "_reading")

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        plain = _plain_signs(reading.text)
        self._raw = plain.encode("utf-8", "replace")
        if not plain.isascii():
            self._raw = self._raw.translate(None, _CONTINUATION)
        self._numbers = self._raw.translate(_NUMBERS) if reading.has_digit else b""
        self._number_runs = [run.span() for run in _NUMBER_RUN.finditer(self._numbers)]

    def _words(self) -> list[bytes]:
        """The words in lower case, one after the other; signs that are not ASCII are letters."""
        lower = _plain_signs(self._reading.text.lower())
        return lower.encode("utf-8", "replace").translate(_WORDS).split()

    def has_escapes(self) -> bool:
        """Percent, HTML, backslash or quoted-printable escapes."""
        return holds(self._reading.text, "%&\\=")

    def has_blobs(self) -> bool:
        """Sixteen signs of base64 in a row, or bytes in hex."""
        blob = self._raw.translate(_BLOB)
        return (
            b"x" * 16 in blob
            or b"xx xx xx xx xx xx xx" in blob
            or self._reading.text.count("0x") >= 10
        )

    def has_codes(self) -> bool:
        """Numbers of signs in a row, octal, hexadecimal, binary or decimal."""
        text = self._reading.text
        if "\\" in text or "U+" in text or ("+" in text and _UTF7.search(text)):
            return True
        return self._in_runs(_CODES)

    def has_markup(self) -> bool:
        """Tags, or signs of markdown, inside a word or a number."""
        text = self._reading.text
        if "\\" in text and _ESCAPED.search(text):
            return True
        if ("'" in text or '"' in text) and _CONCAT_INSIDE.search(text):
            return True
        if "<" in text and _TAG_INSIDE.search(text):
            return True
        return holds(text, ("**", "`", "~~")) and _STARS_INSIDE.search(text) is not None

    def has_defanged(self) -> bool:
        """Signs of an address in brackets, or dots between its numbers in words."""
        lower = self._reading.lower
        if holds(lower, SCHEMES) or (holds(lower, "[({") and holds(lower, BRACKETS)):
            return True
        reading = self._reading
        return (
            reading.has_digit
            and not DOT_WORDS.isdisjoint(reading.vocabulary)
            and has_dots_in_words(reading.text)
        )

    def has_letters_apart(self) -> bool:
        """Single letters in a row, or words of a spelling alphabet."""
        raw = b" %b " % self._raw
        shape = raw.translate(_SHAPE)
        lower = raw.translate(_CASELESS)
        vocabulary = self._reading.vocabulary
        return (
            (
                b" x x x x " in raw.translate(_FILLED)
                and any(run[0].count(b"a") >= 2 for run in _SPACED.finditer(lower))
            )
            or b"a.a.a.a" in lower
            or (b"0.0.0" in lower and (b"a.a" in lower or b"a.0" in lower))
            or (
                not _AS_WORDS.isdisjoint(vocabulary)
                and shape.count(b"A aa") >= 3
                and sum(map(shape.count, _CAPITALS)) >= 3
                and len(_AS_IN.findall(self._reading.text)) >= 3
            )
            or (not NATO.isdisjoint(vocabulary) and sum(w in _NATO for w in self._words()) >= 4)
        )

    def has_number_words(self) -> bool:
        """Three number words side by side, or with words that link them."""
        if _ANY_NUMBER.isdisjoint(self._reading.vocabulary):
            return False
        words = self._words()
        places = [at for at, word in enumerate(words) if word in _NUMBER_WORDS]
        joined = [
            right - left <= _FARTHEST
            and all(one in _LINKS or len(one) in _LINK_LENGTHS for one in words[left + 1 : right])
            for left, right in pairwise(places)
        ]
        return any(one and two for one, two in pairwise(joined))

    def has_glued_words(self) -> bool:
        """A word as long as seven number words."""
        return max(map(len, self._reading.vocabulary), default=0) >= 20

    def has_address_words(self) -> bool:
        """A sign for at in words, or apart from what it joins."""
        lower = self._reading.lower
        words = self._reading.vocabulary
        if "@" in lower and (holds(lower, ("@ ", " @", "dot")) or not DOT_WORDS.isdisjoint(words)):
            return True
        if _BRACKETED.search(lower) or " AT " in self._reading.text:
            return True
        if AT_WORDS.isdisjoint(words):
            return False
        return (
            not DOT_WORDS.isdisjoint(words)
            or _AT_DOMAIN.search(lower) is not None
            or any(word in AT_WORDS and word != "at" for word in words)
        )

    def has_numbers_apart(self) -> bool:
        """Digits in a row with separators that numbers do not usually have."""
        text, numbers = self._reading.text, self._numbers
        if "+" in text and _SPREAD_PLUS.search(text):
            return True
        if self._number_runs and holds(text, "-–—") and self._in_runs(_SPREAD):
            return True
        return _ODD_IBAN.search(numbers) is not None or any(
            numbers.find(b",", *run) >= 0
            and numbers.count(b"0", *run) >= 9
            and not _TIME.fullmatch(numbers, *run)
            for run in self._number_runs
        )

    def _in_runs(self, forms: Sequence[re.Pattern[str]]) -> bool:
        text = self._reading.text
        return any(form.search(text, *run) for run in self._number_runs for form in forms)

    def has_misread_digits(self) -> bool:
        """Letters that look like digits beside digits."""
        return self._reading.has_digit and _MISREAD.search(self._reading.text) is not None
