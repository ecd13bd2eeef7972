"""Texts for the terminal: values with their entity types, placeholders, places.

Text that came from elsewhere may hold escape sequences and marks that turn the writing direction
round. They are shown as signs, one for one, so that offsets stay right.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final
from zlib import crc32

from rich.text import Text

from gateway.types import Path

VALUE: Final = "bold red"
PLACEHOLDER: Final = "bold green"

_HUES: Final = ("red", "magenta", "yellow", "cyan", "blue", "bright_red", "bright_magenta")
_KEPT: Final = "\n\t"
_UNSAFE: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})  # Unicode general categories
_PLACEHOLDER: Final = re.compile(r"<[A-Z][A-Z0-9_]*_[0-9A-HJKMNP-TV-Z]{6}>")


def safe(text: str) -> str:
    """The text with characters that steer a terminal shown as signs; of the same length."""
    return "".join(one if _is_safe(one) else _sign(one) for one in text)


def _is_safe(one: str) -> bool:
    return one in _KEPT or unicodedata.category(one) not in _UNSAFE


def _sign(one: str) -> str:
    return chr(0x2400 + ord(one)) if ord(one) < 0x20 else "\N{REPLACEMENT CHARACTER}"


def hue(entity_type: str) -> str:
    """The colour of an entity type, the same in every run."""
    return _HUES[crc32(entity_type.encode()) % len(_HUES)]


def findings(text: str, spans: Iterable[tuple[int, int, str]]) -> Text:
    """The text with each (start, end, entity type) marked and its type behind it.

    The type stands there as text too, for terminals without colour. Spans must not overlap.
    """
    shown, done = Text(), 0
    for start, end, entity_type in sorted(spans):
        shown.append(safe(text[done:start]))
        shown.append(safe(text[start:end]), style=f"bold {hue(entity_type)}")
        shown.append(f"[{entity_type}]", style=f"dim {hue(entity_type)}")
        done = end
    return shown.append(safe(text[done:]))


def placeholders(text: str, cores: Iterable[str] = ()) -> Text:
    """The text with framed placeholders marked, and the bare ones among `cores`."""
    shown = Text(safe(text))
    shown.highlight_regex(_PLACEHOLDER, PLACEHOLDER)
    shown.highlight_words(list(cores), PLACEHOLDER)
    return shown


def values(text: str, words: Iterable[str]) -> Text:
    """The text with each of these values marked."""
    shown = Text(safe(text))
    shown.highlight_words([safe(word) for word in words], VALUE)
    return shown


def place(path: Path) -> str:
    """A path as people write it: `messages[2].content`."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return "".join(parts).removeprefix(".")
