"""Addresses made harmless, as reports write them: "hxxps://a[.]example", "192[.]0[.]2[.]1". Pure.

Each sign stands in brackets, or in words between the four numbers of an IPv4 address.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.detection.views.view import Edit

BRACKETS = ("[.", "(.)", "{.}", "[dot]", "(dot)", "[:", ":[")
SCHEMES = ("hxxp", "h**p")
"""Of both, one stands, in lower case, in every text with a disguise of this kind but "1 dot 2"."""

_BRACKETED = re.compile(
    r"(?<=\w)(?:\[(?P<sign>[.:])\]|[({](?P<dot>[.])[)}]|[\[(](?P<word>dot)[\])])(?=\w)"
    r"|(?<=[A-Za-z])(?P<slashes>\[://\]|\[:\]//|:\[//\])(?=[\w\[])"
    r"|(?<![A-Za-z])h(?P<scheme>xx|\*\*)ps?(?=://|\[:)",
    re.IGNORECASE,
)
_WORDS = re.compile(
    r"(?<![\w.])\d{1,3}(?P<dot>[ ](?:dot|punkt|punto|point|ponto|punt)[ ])"
    r"\d{1,3}(?P=dot)\d{1,3}(?P=dot)\d{1,3}(?![\w.])",
    re.IGNORECASE,
)


def has_dots_in_words(text: str) -> bool:
    """Whether four numbers stand with a word for the dot between them."""
    return _WORDS.search(text) is not None


def defanged_edits(text: str) -> Iterator[Edit]:
    """The signs themselves in place of what stands for them, in order."""
    edits = [_sign(match) for match in _BRACKETED.finditer(text)]
    for match in _WORDS.finditer(text):
        dot = match["dot"]
        at = text.find(dot, match.start())
        while 0 <= at < match.end():
            edits.append((at, at + len(dot), "."))
            at = text.find(dot, at + len(dot))
    yield from sorted(edits)


def _sign(match: re.Match[str]) -> Edit:
    if match["scheme"]:
        return *match.span("scheme"), "tt"
    if match["slashes"]:
        return *match.span(), "://"
    return *match.span(), match["sign"] or "."
