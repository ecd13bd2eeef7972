"""Copies of a text that undo disguises, with maps back to the original. Pure.

A value can be written so that people read it and patterns do not: full-width or Devanagari
digits, a zero-width space inside, percent-encoding. Recognizers therefore also read *views*:
copies without the disguise. A span found in a view is carried back to the code points it came
from, the junk inside included, so that what is masked is what the sender wrote.

Sources: Unicode Standard Annex #15 (NFKC); Unicode general categories Cf, Mn and Me for signs
that do not print by themselves; RFC 3986, section 2.1 for percent-encoding.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from dataclasses import dataclass, field

_NON_ASCII = re.compile(r"[^\x00-\x7f]+")
_PERCENT = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_RIGHT_TO_LEFT = "\u202e"
_OVERRIDE = re.compile("\u202e([^\u202c\u2029\n]+)")
# Signs that print nothing though their category does not say so: Hangul fillers, Braille blank.
_BLANKS = frozenset("\u115f\u1160\u3164\uffa0\u2800\u17b4\u17b5")
_MARKS = frozenset({"Mn", "Me"})
_UNPRINTED = _MARKS | {"Cf"}
_TAG_BASE = 0xE0000
_SMALL_CAPITALS = dict(zip("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnoprstuvwyz", strict=True))
_DASHES = dict.fromkeys("‐‑‒–—―−﹣－", "-")


@dataclass(frozen=True, slots=True)
class View:
    """A copy of a text and, per code point of the copy, the half-open range it stands for.

    The identity view has no maps. `starts` and `ends` hold original offsets in code points.
    """

    text: str = field(repr=False)
    starts: array[int] | None = field(default=None, repr=False)
    ends: array[int] | None = field(default=None, repr=False)

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The range of the original text that a non-empty range of this view stands for."""
        if self.starts is None or self.ends is None or start >= end:
            return start, end
        return min(self.starts[start:end]), max(self.ends[start:end])


class _Builder:
    """Collects the pieces of a view."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.starts = array("q")
        self.ends = array("q")

    def copy(self, base: View, start: int, end: int) -> None:
        """Append a stretch of the base view unchanged."""
        self.parts.append(base.text[start:end])
        if base.starts is None or base.ends is None:
            self.starts.extend(range(start, end))
            self.ends.extend(range(start + 1, end + 1))
        else:
            self.starts.extend(base.starts[start:end])
            self.ends.extend(base.ends[start:end])

    def put(self, base: View, piece: str, start: int, end: int) -> None:
        """Append `piece`, each sign of which stands for the base range."""
        first, last = base.original(start, end)
        self.parts.append(piece)
        self.starts.extend([first] * len(piece))
        self.ends.extend([last] * len(piece))

    def attach(self, base: View, start: int, end: int) -> None:
        """Count a base range, a mark that is dropped, to the sign that it marks."""
        if self.ends:
            first, last = base.original(start, end)
            self.starts[-1] = min(self.starts[-1], first)
            self.ends[-1] = max(self.ends[-1], last)

    def view(self) -> View:
        """What was collected."""
        return View("".join(self.parts), self.starts, self.ends)


def views(text: str) -> tuple[View, ...]:
    """The identity view, then those further views of the text that differ from it.

    Length of a view: at most that of the text in NFKC. Views are: folded (NFKC, digits of all
    scripts as ASCII, unprintable signs dropped), right-to-left overrides turned around, and
    percent-decoded; each builds on the ones before.
    """
    identity = View(text)
    out = [identity]
    base = identity
    if not text.isascii():
        folded = _fold(base)
        if folded.text != text:
            out.append(folded)
            base = folded
        if _RIGHT_TO_LEFT in text:
            out.append(_fold(_turn_around(identity)))
    if "%" in base.text and _PERCENT.search(base.text):
        decoded = _percent_decoded(base)
        if decoded.text != base.text:
            out.append(decoded if decoded.text.isascii() else _fold(decoded))
    return tuple(out)


def _fold(base: View) -> View:
    text = base.text
    builder = _Builder()
    done = 0
    for match in _NON_ASCII.finditer(text):
        start, end = match.span()
        # A combining mark belongs to the ASCII sign before it.
        if start > done and unicodedata.combining(text[start]):
            start -= 1
        builder.copy(base, done, start)
        _fold_stretch(base, start, end, builder)
        done = end
    builder.copy(base, done, len(text))
    return builder.view()


def _fold_stretch(base: View, start: int, end: int, builder: _Builder) -> None:
    text = base.text
    at = start
    while at < end:
        stop = at + 1
        while stop < end and unicodedata.combining(text[stop]):
            stop += 1
        folded = _fold_cluster(text[at:stop])
        if folded or unicodedata.category(text[at]) not in _MARKS:
            builder.put(base, folded, at, stop)
        else:
            builder.attach(base, at, stop)
        at = stop


def _fold_cluster(cluster: str) -> str:
    if len(cluster) == 1 and cluster.isalpha() and cluster.isascii():
        return cluster
    return "".join(_fold_sign(sign) for sign in unicodedata.normalize("NFKC", cluster))


def _fold_sign(sign: str) -> str:
    if sign.isascii():
        return sign
    digit = unicodedata.digit(sign, None)
    if digit is not None:
        return str(digit)
    code = ord(sign)
    if 0x20 <= code - _TAG_BASE <= 0x7E:  # tag characters spell ASCII that nobody sees
        return chr(code - _TAG_BASE)
    if sign in _BLANKS or unicodedata.category(sign) in _UNPRINTED:
        return ""
    return _SMALL_CAPITALS.get(sign) or _DASHES.get(sign) or sign


def _turn_around(base: View) -> View:
    """Text under a right-to-left override in the order in which it is seen."""
    builder = _Builder()
    done = 0
    for match in _OVERRIDE.finditer(base.text):
        start, end = match.span(1)
        builder.copy(base, done, start)
        for at in range(end - 1, start - 1, -1):
            builder.put(base, base.text[at], at, at + 1)
        done = end
    builder.copy(base, done, len(base.text))
    return builder.view()


def _percent_decoded(base: View) -> View:
    builder = _Builder()
    done = 0
    for match in _PERCENT.finditer(base.text):
        start, end = match.span()
        builder.copy(base, done, start)
        at = start
        for sign in bytes.fromhex(match[0].replace("%", "")).decode("utf-8", "replace"):
            # An invalid byte decodes to one replacement sign: it stands for what is left of it.
            width = 3 * (1 if sign == "\ufffd" else len(sign.encode()))
            builder.put(base, sign, at, min(at + width, end))
            at = min(at + width, end)
        if at < end:
            builder.ends[-1] = base.original(start, end)[1]
        done = end
    builder.copy(base, done, len(base.text))
    return builder.view()
