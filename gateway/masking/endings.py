"""Where a sentence or a line has ended, so that no value goes on beyond it. Pure.

A full stop ends a sentence only after a word that is no abbreviation, and before a blank; after a
digit it may be a date's. A line that ends in code may go on in the next.
"""

from __future__ import annotations

import re
from typing import Final

_LETTER: Final = r"[^\W\d_]"
_WORD: Final = rf"(?<!{_LETTER})(?P<word>{_LETTER}{{4,40}})[.]|(?<![^\W_])[.]|[!?…]"
_WIDE: Final = "[。！？]"
_PLAIN: Final = re.compile(rf"(?:{_WORD})[\"'”’»)\]*_]*(?=\s)|{_WIDE}|(?=\n)")
_JSON: Final = re.compile(
    rf"(?:{_WORD})['”’»)\]*_]*(?=\s|\\[nrt])|{_WIDE}|(?<!\\)(?=(?:\\\\)*\\[nr])"
)
_ABBREVIATIONS: Final = frozenset({"prof", "corp", "capt", "dott", "frau", "herr", "sres", "mmes"})
_CODE_LINE: Final = re.compile(r"(?:[A-Za-z0-9+/=_\-]{20}|=)\r?\Z")
_REACH: Final = 64  # code points before a place that say whether it is an end


def last_ending(text: str, start: int, end: int, *, is_json: bool = False) -> int:
    """The last place in a range of a text where a sentence or line has ended; `start` for none.

    In JSON the range lies in one string literal, and the line ends are escapes.
    """
    place = start
    for found in (_JSON if is_json else _PLAIN).finditer(text, max(0, start - _REACH), end):
        if found.end() > place and _is_ending(text, found):
            place = found.end()
    return place


def _is_ending(text: str, found: re.Match[str]) -> bool:
    if not found.group():
        first = max(0, found.start() - _REACH)
        return _CODE_LINE.search(text, first, found.start()) is None
    word = found.group("word")
    return word is None or word.lower() not in _ABBREVIATIONS
