"""JSON inside a string: where its string literals and its long numbers stand. Pure.

The text is never re-formatted: only the literals that are masked are written anew, so that the
decoder sees the caller's own JSON, byte for byte, around them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|-?\d[\d.eE+\-]*', re.DOTALL)
_COLON = re.compile(r"\s*:")
LONG_NUMBER = 7  # digits from which a number may be a card, a phone or an id


@dataclass(frozen=True, slots=True)
class Literal:
    """A string literal or a long number: half-open range in the text, and what it says."""

    start: int
    end: int
    text: str = field(repr=False)
    is_key: bool = False
    is_number: bool = False


def holds_json(text: str) -> bool:
    """Whether a text is a JSON object or array, and can be written back as it was."""
    if text[:1] not in "{[ \t\r\n" or not text.rstrip().endswith(("}", "]")):
        return False
    if not text.lstrip().startswith(("{", "[")):
        return False
    try:
        parsed = json.loads(text)
        if "\\u" in text:  # half of a surrogate pair could not be written back
            json.dumps(parsed, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError):
        return False
    return True


def is_long_number(text: str) -> bool:
    """Whether a number has so many digits that it may be personal."""
    return sum(character.isdigit() for character in text) >= LONG_NUMBER


def literals(text: str) -> Iterator[Literal]:
    """The literals of a text for which `holds_json` is true, in order."""
    for match in _TOKEN.finditer(text):
        start, end = match.span()
        token = match.group()
        if token[0] != '"':
            if is_long_number(token):
                yield Literal(start, end, token, is_number=True)
            continue
        is_key = _COLON.match(text, end) is not None
        yield Literal(start, end, json.loads(token, strict=False), is_key=is_key)


def numbers(text: str) -> Iterator[Literal]:
    """The numbers of a text for which `holds_json` is true, long or short, in order."""
    for match in _TOKEN.finditer(text):
        if not match.group().startswith('"'):
            yield Literal(*match.span(), match.group(), is_number=True)
