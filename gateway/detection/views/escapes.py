"""Text in escapes: percent, HTML, backslash, quoted-printable, encoded words. Pure.

Sources: RFC 3986, section 2.1 (percent-encoding); HTML Standard, section 13.2.5.72 (character
references); RFC 8259, section 7 (JSON escapes); RFC 2045, section 6.7 (quoted-printable);
RFC 2047 (encoded words).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from html import unescape

from gateway.detection.views.view import Edit

_REPLACEMENT = "\ufffd"
_UNIT = r"\\u\{[0-9A-Fa-f]{1,6}\}|\\u[0-9A-Fa-f]{4}|\\U[0-9A-Fa-f]{8}|%u[0-9A-Fa-f]{4}"
_BYTE = r"\\x[0-9A-Fa-f]{2}"
_ESCAPES = re.compile(
    r"(?P<percent>%[0-9A-Fa-f]{2}(?:%[0-9A-Fa-f]{2})*)"
    r"|(?P<entity>&(?:#[0-9]{1,12}(?![0-9])|#[xX][0-9A-Fa-f]{1,6});?|&[A-Za-z][A-Za-z0-9]{1,30};)"
    rf"|(?P<bytes>{_BYTE}(?:{_BYTE})*)"
    rf"|(?P<units>(?:{_UNIT})+)"
    r"|(?P<sign>\\[nrtbf\"'/\\])"
    r"|(?P<word>=\?[\w-]{1,20}\?[QqBb]\?[^?\s]{1,200}\?=)"
    r"|(?P<break>(?<!=)=\r?\n(?=\S))"
    r"|(?P<quoted>=[0-9A-F]{2}(?:=[0-9A-F]{2})*)"
)
_FIRST_SIGN = re.compile(r"[%&\\=]")
_ONE_UNIT = re.compile(_UNIT)
_SIGNS = {"n": "\n", "r": "\n", "t": "\t", "b": " ", "f": " "}
# A backslash sign alone hides nothing unless it is glued to what follows.
_GLUED = re.compile(r"\\[nrt][^\W_]|\\[nrt][+(<@]")
_QUOTED_TEXT = re.compile(
    r"[Qq]uoted-printable|=3D|=20\r?\n|[\w.]=40\w|=C3=[89AB][0-9A-F]|=E2=80=|(?:=[0-9A-F]{2}){6}|[\w.@]=\r?\n[\w.@]"
)
_FORM_FIELD = re.compile(r"(?:(?<=[?&])|(?<![^\s\"']))[\w.%\[\]-]{1,40}=[^\s&#\"'<>]{1,2000}")
_CHARSETS = {"iso-8859-1": "cp1252", "latin1": "cp1252", "windows-1252": "cp1252"}


def escape_edits(text: str) -> list[Edit]:
    """What each escape stands for; an escape of several bytes stays whole per sign."""
    quoted = "=" in text and _QUOTED_TEXT.search(text) is not None
    edits: list[Edit] = []
    for match in _escapes(text):
        kind = match.lastgroup
        if kind in ("quoted", "break") and not quoted:
            continue
        edits.extend(_READERS[kind or ""](match))
    if "+" in text and "=" in text and ("%" in text or "?" in text or "&" in text):
        edits.extend(_form_edits(text))
        edits.sort()
    return edits


def hides_text(text: str) -> bool:
    """Whether an escape in the text may hide more than a line break or a quotation mark."""
    quoted = "=" in text and _QUOTED_TEXT.search(text) is not None
    return any(_hides(match, quoted=quoted) for match in _escapes(text))


def _hides(match: re.Match[str], *, quoted: bool) -> bool:
    if match.lastgroup == "sign":
        return match[0] == "\\\\" or _GLUED.match(match.string, match.start()) is not None
    return quoted or match.lastgroup not in ("quoted", "break")


def _escapes(text: str) -> Iterator[re.Match[str]]:
    """What a search for any escape would find; looking for its first sign first is faster."""
    at = 0
    while (start := _FIRST_SIGN.search(text, at)) is not None:
        match = _ESCAPES.match(text, start.start())
        at = match.end() if match else start.end()
        if match:
            yield match


def _form_edits(text: str) -> Iterator[Edit]:
    """A plus sign between words in a form field is a space (URL Standard, section 5.1)."""
    for field in _FORM_FIELD.finditer(text):
        for at in range(field.start(), field.end()):
            if text[at] == "+" and text[at - 1].isalnum() and text[at + 1 : at + 2].isalnum():
                yield at, at + 1, " "


def _percent(match: re.Match[str]) -> Iterator[Edit]:
    yield from _bytes(match, 3, match[0].replace("%", ""))


def _hex_bytes(match: re.Match[str]) -> Iterator[Edit]:
    yield from _bytes(match, 4, match[0].replace("\\x", ""))


def _quoted(match: re.Match[str]) -> Iterator[Edit]:
    yield from _bytes(match, 3, match[0].replace("=", ""))


def _bytes(match: re.Match[str], width: int, digits: str) -> Iterator[Edit]:
    at, end = match.span()
    raw = bytes.fromhex(digits)
    signs = raw.decode("utf-8", "replace")
    if _REPLACEMENT in signs and len(raw) == 1:
        signs = raw.decode("cp1252", "replace")
        yield at, end, signs
        return
    for index, sign in enumerate(signs):
        # An invalid byte decodes to one replacement sign: it stands for what is left of it.
        stop = min(at + width * (1 if sign == _REPLACEMENT else len(sign.encode())), end)
        if index == len(signs) - 1:
            stop = end
        if stop > at:
            yield at, stop, sign
        at = stop


def _entity(match: re.Match[str]) -> Iterator[Edit]:
    signs = unescape(match[0])
    if signs != match[0]:
        yield match.start(), match.end(), signs.replace("\0", _REPLACEMENT) or _REPLACEMENT


def _units(match: re.Match[str]) -> Iterator[Edit]:
    """Escapes of code points or of UTF-16 units, a surrogate pair as one sign."""
    high: re.Match[str] | None = None
    for unit in _ONE_UNIT.finditer(match[0]):
        code = int(unit[0][2:].strip("{}"), 16)
        start = match.start() + unit.start()
        if high is not None:
            lead = int(high[0][2:], 16)
            first = match.start() + high.start()
            high = None
            if 0xDC00 <= code < 0xE000:
                pair = 0x10000 + ((lead - 0xD800) << 10) + code - 0xDC00
                yield first, match.start() + unit.end(), chr(pair)
                continue
            yield first, start, _REPLACEMENT
        if 0xD800 <= code < 0xDC00 and len(unit[0]) == 6:
            high = unit
        else:
            yield start, match.start() + unit.end(), _sign_of(code)
    if high is not None:
        yield match.start() + high.start(), match.end(), _REPLACEMENT


def _sign_of(code: int) -> str:
    return _REPLACEMENT if 0xD800 <= code < 0xE000 or code > 0x10FFFF else chr(code)


def _sign(match: re.Match[str]) -> Iterator[Edit]:
    yield match.start(), match.end(), _SIGNS.get(match[0][1], match[0][1])


def _break(match: re.Match[str]) -> Iterator[Edit]:
    yield match.start(), match.end(), ""


def _word(match: re.Match[str]) -> Iterator[Edit]:
    charset, coding, body = match[0][2:-2].split("?")
    try:
        if coding in "Bb":
            raw = base64.b64decode(body + "=" * (-len(body) % 4), validate=True)
        else:
            raw = binascii.a2b_qp(body, header=True)
        signs = raw.decode(_CHARSETS.get(charset.lower(), "utf-8"), "replace")
    except (ValueError, binascii.Error):
        return
    if signs:
        yield match.start(), match.end(), signs


_READERS = {
    "percent": _percent,
    "entity": _entity,
    "bytes": _hex_bytes,
    "units": _units,
    "sign": _sign,
    "word": _word,
    "break": _break,
    "quoted": _quoted,
}
