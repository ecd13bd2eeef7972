"""Text in blobs: base64, base32, hex. Pure.

A blob is read only if all of it decodes to printable text; then every sign of the text stands
for the whole blob, which is masked whole. Source of the alphabets: RFC 4648.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Iterator

from gateway.detection.views.view import Edit, Range

_SIGN64 = r"[A-Za-z0-9+/_-]"
_BASE64 = re.compile(
    rf"(?<![A-Za-z0-9+/_-])(?:(?:{_SIGN64}{{60,76}}\r?\n)+{_SIGN64}{{1,76}}|{_SIGN64}{{15,}})"
    r"={0,2}"
)
_HEX = re.compile(
    r"(?<![0-9A-Za-z])(?:0x)?(?:[0-9A-Fa-f]{20,}|(?:[0-9A-Fa-f]{2}[ :,]){9,}[0-9A-Fa-f]{2}"
    r"|(?:0x[0-9A-Fa-f]{2},? ?){10,})(?![0-9A-Za-z])"
)
_BASE32 = re.compile(r"(?<![A-Za-z0-9])(?:[A-Z2-7]{16,}|[a-z2-7]{16,})={0,6}(?![A-Za-z0-9])")
# What stands in hex that reaches over white space.
# A search is fast where it begins with a rare sign.
_HEX_APART = re.compile(r"[ :,](?<=[0-9A-Fa-f]{2}.)[0-9A-Fa-f]{2}[ :,][0-9A-Fa-f]{2}[ :,]")
_LONG_WORD, _LONG_LINE = 15, 60
_NOT_HEX = re.compile(r"0x|[ :,]")
_SPACE = re.compile(r"\s")
_PROBE = 64
_MIN_SIGNS = 10


def blob_edits(text: str) -> list[Edit]:
    """The blobs of a text with what they say, in order."""
    words = list(_long_words(text))
    whole = [(0, len(text))]
    # Base64 may go on below a long line.
    has_lines = any(end - start >= _LONG_LINE for start, end in words)
    edits = list(_find(text, whole if has_lines else words, _BASE64, _b64))
    is_apart = "0x" in text or _HEX_APART.search(text) is not None
    edits += _find(text, whole if is_apart else words, _HEX, _hex)
    edits += _find(text, words, _BASE32, _base32)
    return sorted(edits)


def _long_words(text: str) -> Iterator[Range]:
    """Where what is not white space is long enough for a blob."""
    at = 0
    for word in text.split():
        if len(word) >= _LONG_WORD:
            start = text.find(word, at)
            at = start + len(word)
            yield start, at


def _find(
    text: str,
    places: Iterable[Range],
    shape: re.Pattern[str],
    decode: Callable[[str], bytes | None],
) -> Iterator[Edit]:
    for match in (match for place in places for match in shape.finditer(text, *place)):
        start = match.start()
        for part in _parts(match[0]):
            signs = _text(part, decode)
            if signs is not None:
                at = text.index(part, start, match.end())
                yield at, at + len(part), signs
                break


def _parts(blob: str) -> Iterator[str]:
    """The blob; without its last line, which may be prose; the parts of a path."""
    yield blob
    if "\n" in blob:
        yield blob.rpartition("\n")[0].rstrip("\r")
    elif "/" in blob:
        yield from blob.split("/")


def _text(blob: str, decode: Callable[[str], bytes | None]) -> str | None:
    probe = _as_utf8(decode(blob[:_PROBE]))
    if len(blob) < 15 or not _is_printable(probe, is_whole=len(blob) <= _PROBE):
        return None
    raw = _as_utf8(decode(blob))
    if raw is None or not _is_printable(raw, is_whole=True):
        return None
    return raw.decode("utf-8", "replace")


def _as_utf8(raw: bytes | None) -> bytes | None:
    """The bytes; those of UTF-16, in which every other byte of Latin text is zero, as UTF-8."""
    if raw is None or b"\0" not in raw:
        return raw
    half = len(raw) // 2
    for first, name in ((1, "utf-16-le"), (0, "utf-16-be")):
        if 4 * raw[first::2].count(0) >= 3 * half:
            return raw[: 2 * half].decode(name, "replace").lstrip("\ufeff").encode()
    return raw


def _is_printable(raw: bytes | None, *, is_whole: bool) -> bool:
    """Whether bytes are text: UTF-8, nearly all of it printable, and not all marks."""
    if not raw:
        return False
    try:
        signs = raw.decode()
    except UnicodeDecodeError as error:
        # The probe may have cut a sign.
        if is_whole or error.start < len(raw) - 3:
            return False
        signs = raw[: error.start].decode()
    odd = sum(not (sign.isprintable() or sign in "\n\r\t") for sign in signs)
    words = sum(sign.isalnum() or sign in " @.%&#;\\" for sign in signs)
    return len(signs) >= _MIN_SIGNS and odd * 20 <= len(signs) and words * 3 >= len(signs) * 2


def _b64(blob: str) -> bytes | None:
    bare = _SPACE.sub("", blob).rstrip("=").replace("-", "+").replace("_", "/")
    if len(bare) % 4 == 1:
        bare = bare[:-1]
    try:
        return base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except (ValueError, binascii.Error):
        return None


def _base32(blob: str) -> bytes | None:
    bare = blob.rstrip("=").upper()
    bare = bare[: len(bare) - {1: 1, 3: 1, 6: 1}.get(len(bare) % 8, 0)]
    try:
        return base64.b32decode(bare + "=" * (-len(bare) % 8))
    except (ValueError, binascii.Error):
        return None


def _hex(blob: str) -> bytes | None:
    bare = _NOT_HEX.sub("", blob)
    try:
        return bytes.fromhex(bare[: len(bare) // 2 * 2])
    except ValueError:
        return None
