"""Text as numbers of its signs: octal, binary, decimal, "U+0041", UTF-7; and in markup. Pure.

Sources: ISO/IEC 9899, section 6.4.4.4 (octal escapes); CSS Syntax Level 3, section 4.3.7
(escapes); RFC 2152 (UTF-7); CommonMark, section 2.4 (backslash escapes).

A list of numbers is read as text only if every one of them is a printable sign's.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator

from gateway.detection.views.view import Edit

_MIN_SIGNS = 7
_OCTAL = re.compile(r"(?:\\[0-3][0-7]{2}){2,}")
_CSS = re.compile(r"(?:\\[0-9A-Fa-f]{2,6}[ ]?(?![0-9A-Fa-f])|\\00[0-9A-Fa-f]{4}){3,}")
_POINTS = re.compile(r"U\+[0-9A-Fa-f]{4,6}(?:[ ,;]{0,2}U\+[0-9A-Fa-f]{4,6}){2,}")
_BINARY = re.compile(r"(?<![0-9A-Za-z])[01]{7,8}(?:[ ,]{0,2}[01]{8}|[ ,]{1,2}[01]{7}){6,}(?![\w])")
_DECIMAL = re.compile(
    r"(?<![\w.,-])[0-9]{2,3}(?:(?:[ ]?[,;][ ]?|[ ])[0-9]{2,3}){6,}(?![\w]|[.,]\d)"
)
_UTF7 = re.compile(r"\+([A-Za-z0-9+/]{2,40})-")
_ONE_OCTAL = re.compile(r"\\([0-3][0-7]{2})")
_ONE_CSS = re.compile(r"\\(00[0-9A-Fa-f]{4}|[0-9A-Fa-f]{2,6})[ ]?")
_ONE_POINT = re.compile(r"U\+([0-9A-Fa-f]{4,6})")
_ONE_BYTE = re.compile(r"([01]{8}|[01]{7}(?![01]))")
_ONE_DECIMAL = re.compile(r"([0-9]{2,3})")
_MARKDOWN = re.compile(r"(?<=\w)\\[-@_+](?=\w)|(?<=\d)\\\.(?=\d)|\\\+(?=\d)")
_MARKDOWN_DOT = re.compile(r"(?<=\w)\\\.(?=\w)")

_INLINE = (
    r"</?(?:a|b|i|u|s|em|strong|span|font|wbr|code|small|big|mark|sub|sup|tt|ins|del|q)\b"
    r"[^<>]{0,60}>"
)
_TAGS = re.compile(
    rf"(?<=[\w@.+-])(?P<inline>(?:{_INLINE}|<!--[^<>]{{0,80}}-->){{1,4}})"
    rf"(?=(?:<[^<>]{{1,60}}>)?[\w@.+-]|[ ][0-9<])"
    rf"|(?<=[0-9>][ ])(?P<within>(?:{_INLINE}|<!--[^<>]{{0,80}}-->){{1,4}})(?=[0-9(])"
    r"|(?<=[\w@. -])(?P<concat>[\"'][ ]?[.+&][ ]?[\"'])(?=[\w@.+ -])"
    r"|(?<=[0-9-])(?P<stars>[ ](?:\*\*|``?|~~)|(?:\*\*|``?|~~)[ ]?)(?=[0-9-])"
    r"|(?<=[0-9])(?P<bold>\*\*)(?=[A-Z])|(?<=[A-Z])(?P<bolder>\*\*)(?=[0-9])"
    rf"|(?<=[0-9A-Z])(?P<block>(?:</?(?:td|th|tr|br|p|div|li|dd|dt)\b[^<>]{{0,60}}>\s{{0,4}}){{1,6}})(?=[0-9A-Z])"
)

_HINT = re.compile(
    r"\\[0-9A-Fa-f]{2}|U\+[0-9A-Fa-f]{4}|[01]{7}[ ,]{1,2}[01]{7}|[01]{56}"
    r"|(?:[0-9]{2,3}[ ,;]{1,3}){6}|\w\+[A-Za-z0-9+/]{2,40}-\w"
)


def code_edits(text: str) -> list[Edit]:
    """What rows of numbers of signs say, sign by sign, in order.

    Where a row may be read in two ways, the first of `_ROWS` counts.
    """
    if _HINT.search(text) is None:
        return []
    edits: dict[int, Edit] = {}
    for shape, one, base, least in _ROWS:
        for match in shape.finditer(text):
            if match.start() not in edits:
                edits.update((edit[0], edit) for edit in _row(match, one, base, least))
    if "+" in text:
        for edit in _utf7(text):
            edits.setdefault(edit[0], edit)
    return sorted(edits.values())


def _row(match: re.Match[str], one: re.Pattern[str], base: int, least: int) -> list[Edit]:
    units = list(one.finditer(match.string, match.start(), match.end()))
    codes = [int(unit[1], base) for unit in units]
    if len(codes) < least or not all(map(_is_printable, codes)):
        return []
    signs = [chr(code) for code in codes]
    if base == 10 and max(codes) > 126:
        return []
    if base == 10 and 3 * sum(map(_is_usual, signs)) < 2 * len(signs):
        return []  # numbers, or bytes in hexadecimal
    starts = [unit.start() for unit in units]
    return list(zip(starts, [*starts[1:], match.end()], signs, strict=True))


def _is_usual(sign: str) -> bool:
    return sign.isalnum() or sign in " @.+-"


def _is_printable(code: int) -> bool:
    return (
        code in (9, 10, 13)
        or 32 <= code < 127
        or (160 <= code < 0xD800 and chr(code).isprintable())
    )


_ROWS = (
    (_OCTAL, _ONE_OCTAL, 8, 2),
    (_CSS, _ONE_CSS, 16, 3),
    (_POINTS, _ONE_POINT, 16, 3),
    (_BINARY, _ONE_BYTE, 2, _MIN_SIGNS),
    (_DECIMAL, _ONE_DECIMAL, 10, _MIN_SIGNS),
)


def _utf7(text: str) -> Iterator[Edit]:
    for match in _UTF7.finditer(text):
        try:
            signs = base64.b64decode(match[1] + "=" * (-len(match[1]) % 4)).decode("utf-16-be")
        except (ValueError, binascii.Error):
            continue
        if signs and signs.isascii() and signs.isprintable():
            yield match.start(), match.end(), signs


# ---------------------------------------------------------------- markup


def markup_edits(text: str) -> Iterator[Edit]:
    """Markup inside words and numbers, taken out; cells and lines of a table as bars."""
    edits: list[Edit] = []
    if any(sign in text for sign in "<*`~\"'"):
        for match in _TAGS.finditer(text):
            edits.append((*match.span(), _IN_PLACE[match.lastgroup or ""](match)))
    if "\\" in text:
        patterns = (_MARKDOWN, _MARKDOWN_DOT) if "@" in text else (_MARKDOWN,)
        for pattern in patterns:
            edits.extend((at.start(), at.end(), at[0][1]) for at in pattern.finditer(text))
    yield from sorted(set(edits))


_IN_PLACE: dict[str, Callable[[re.Match[str]], str]] = {
    "inline": lambda match: "",
    **dict.fromkeys(("within", "concat", "bold", "bolder"), lambda match: ""),
    "stars": lambda match: " " if " " in match[0] else "",
    "block": lambda match: "|",
}
