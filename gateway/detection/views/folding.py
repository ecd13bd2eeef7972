"""Signs in another guise: full-width, circled, of another script, or unprintable. Pure.

Sources: Unicode Standard Annex #15 (NFKC); the numeric values and general categories of the
Unicode Character Database; Unicode Standard Annex #9 for the right-to-left override.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from gateway.detection.views.confusables import LATIN
from gateway.detection.views.view import Builder, Edit, View

RIGHT_TO_LEFT = "\u202e"
_OVERRIDE = re.compile("\u202e([^\u202c\u2029\n]+)")
_NON_ASCII = re.compile(r"[^\x00-\x7f]+")
_MAX_SIGNS = 3  # NFKC makes 18 of some; a view must not grow like that
_TAG_BASE = 0xE0000
_SMALL_CAPITALS = dict(zip("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnoprstuvwyz", strict=True))
_DASHES = dict.fromkeys("‐‑‒–—―−﹣－", "-")
_OWN_LETTERS = {  # Latin letters in a frame, which NFKC leaves or puts in brackets
    **{0x1F150 + at: chr(65 + at) for at in range(26)},
    **{0x1F170 + at: chr(65 + at) for at in range(26)},
    **{0x1F1E6 + at: chr(65 + at) for at in range(26)},
    **{0x1F110 + at: chr(65 + at) for at in range(26)},
    **{0x249C + at: chr(97 + at) for at in range(26)},
}
_FRAMED_NUMBERS = re.compile(
    "[\u2460-\u249b\u24ea-\u24ff\u2776-\u2793\u2160-\u2168\u2170-\u2178\U0001f100-\U0001f10c]"
)
_LIKE_LETTERS = "ⅠⅤⅰⅴ"  # of the Roman numbers, those that stand for letters in words

# Signs that print nothing though their category does not say so: Hangul fillers, Braille blank.
_BLANKS = "\u115f\u1160\u3164\uffa0\u2800\u17b4\u17b5"
_COMBINING = "\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
_INVISIBLE = (
    f"{_BLANKS}\u00ad\u061c\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f"
    "\ufeff\ufff9-\ufffb\U0001d173-\U0001d17a\U000e0001\U000e007f\U000e0100-\U000e01ef"
)
_SCRIBBLE = re.compile(f"[0-9@.][{_COMBINING}]")  # no letter: such marks are no accents
_UNPRINTED = re.compile(f"[{_COMBINING}{_INVISIBLE}]")

# What may be left as it is unless something else is about: letters, punctuation, pictures.
_PLAIN = (
    "\u0000-\u007f\u00a1-\u00ac\u00ae-\u0250\u0370-\u0482\u048a-\u058f\u05d0-\u05f4\u0621-\u0652"
    "\u0671-\u06d3\u0900-\u0965\u0e01-\u0e4e\u1e00-\u1fff\u2013\u2014\u2018-\u2022\u2026\u20ac"
    "\u2122\u2190-\u2211\u2213-\u22ff\u2500-\u2775\u2794-\u27bf\u2b00-\u2bff\u3001\u3003-\u3020\u3041-\u3096"
    "\u30a0-\u30ff\u4e00-\u9fff\uac00-\ud7a3\uff01-\uff0c\uff0f\uff1a-\uff1f\uff62-\uff9f"
    "\U0001f300-\U0001f6ff\U0001f900-\U0001faff"
)
_UNUSUAL = re.compile(f"[^{_PLAIN}]")
_NUMBER_SIGNS = re.compile(r"\d[–—…]\d|[\d²³¹][²³¹]|[²³¹]\d")
_BASES = "\x21-\x7e\u00a0-\u058f\u2010-\u2015\u2070-\u209c\uff10-\uff5a"
# Compatibility forms of letters and digits.
_FORMS = (
    "\u2024\ufe52\ufe62\ufe63\ufe6b\uff10-\uff19\uff20-\uff3a\uff41-\uff5a\u2070-\u209c\u2102-\u2115\u2117-\u2121\u2123-\u214f"
    "\u2160-\u2188\u2460-\u24ff\u2776-\u2793\u3250-\u325f\u32b1-\u32bf\ufb00-\ufb06"
    "\U0001d400-\U0001d7ff\U0001f100-\U0001f1e5\U0001fbf0-\U0001fbf9\U000e0020-\U000e007e"
    + "".join(_SMALL_CAPITALS)
)
_SPACES = "\u00a0\u2000-\u200a\u202f\u205f\u3000"
_HYPHENS = "\u2010-\u2015\u2212\ufe63\uff0d"
_DISGUISED = re.compile(
    f"[{_FORMS}{_COMBINING}\u202e]|(?![0-9])\\d"
    "|[\U0001f1e6-\U0001f1ff](?:[\U0001f1e6-\U0001f1ff]{2}|(?=[0-9A-Za-z@]))"
    f"|(?<=[{_BASES}])[{_INVISIBLE}]|[{_INVISIBLE}](?=[A-Za-z0-9@+])"
    # Odd spaces matter inside numbers, hyphens also inside words.
    f"|(?<=[0-9])[{_SPACES}{_HYPHENS}][\\w(]"
    f"|(?<=[\\w)+])[{_SPACES}{_HYPHENS}][0-9]|(?<=\\w)[{_HYPHENS}\uff0e\uff0b]\\w"
    "|(?<=[0-9A-Za-z])[\u3002\uff61](?=[0-9A-Za-z])"
)


def is_disguised(text: str) -> bool:
    """Whether a text that is not ASCII holds signs in another guise that may hide a value."""
    if any(sign in text for sign in "–—…²³¹") and _NUMBER_SIGNS.search(text):
        return True
    return any(_DISGUISED.match(text, sign.start()) for sign in _UNUSUAL.finditer(text))


def fold_edits(text: str) -> Iterator[Edit]:
    """NFKC, digits of all scripts as ASCII, unprintable signs dropped."""
    is_scribbled = _SCRIBBLE.search(text) is not None
    for match in _NON_ASCII.finditer(text):
        at, end = match.span()
        # A combining mark belongs to the ASCII sign before it.
        if at and unicodedata.combining(text[at]):
            at -= 1
        while at < end:
            stop = at + 1
            while stop < end and unicodedata.combining(text[stop]):
                stop += 1
            if is_scribbled and stop > at + 1 and text[at].isascii():
                folded = text[at]
            else:
                folded = _fold_cluster(text, at, stop)
            if folded != text[at:stop]:
                yield at, stop, folded
            at = stop


def _fold_cluster(text: str, at: int, stop: int) -> str:
    sign = text[at]
    code = ord(sign)
    if _FRAMED_NUMBERS.match(sign):
        beside_letter = sign in _LIKE_LETTERS and (
            (at > 0 and text[at - 1].isalpha() and text[at - 1].isascii())
            or (stop < len(text) and text[stop].isalpha() and text[stop].isascii())
        )
        if not beside_letter:
            return str(int(unicodedata.numeric(sign)))
    if sign in "\u3002\uff61" and at and stop < len(text):
        between = text[at - 1] + text[stop]
        return "." if between.isascii() and between.isalnum() else sign
    if code in _OWN_LETTERS:
        return _OWN_LETTERS[code]
    cluster = text[at:stop]
    if len(cluster) == 1 and (sign.isascii() or sign in LATIN):
        return cluster
    composed = unicodedata.normalize("NFKC", cluster)
    folded = "".join(map(_fold_sign, composed))
    return folded if len(folded) <= max(_MAX_SIGNS, len(cluster)) else cluster


def _fold_sign(sign: str) -> str:
    if sign.isascii():
        return sign
    digit = unicodedata.digit(sign, None)
    if digit is not None:
        return str(digit)
    code = ord(sign)
    if 0x20 <= code - _TAG_BASE <= 0x7E:  # tag characters spell ASCII that nobody sees
        return chr(code - _TAG_BASE)
    if _UNPRINTED.match(sign) or unicodedata.category(sign) in ("Cf", "Me"):
        return ""
    return _SMALL_CAPITALS.get(sign) or _DASHES.get(sign) or sign


def changes_letters(text: str, edits: list[Edit]) -> bool:
    """Whether a name may read otherwise after the edits; spaces, dashes and digits do not count."""
    for start, end, signs in edits:
        if not signs:
            if text[start - 1 : start].isalpha() and text[end : end + 1].isalpha():
                return True
        elif signs.isalpha() and text[start:end] not in "™ªº№℠":
            return True
    return False


def turned_around(base: View) -> View:
    """Text under a right-to-left override in the order in which it is seen."""
    builder = Builder(base)
    done = 0
    for match in _OVERRIDE.finditer(base.text):
        start, end = match.span(1)
        builder.copy(done, start)
        for at in range(end - 1, start - 1, -1):
            builder.put(base.text[at], at, at + 1)
        done = end
    builder.copy(done, len(base.text))
    return builder.view("turned")
