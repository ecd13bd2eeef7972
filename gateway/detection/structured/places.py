"""Patterns that begin with known words, matched only where such a word may stand. Pure.

To look for a word at the speed of memory and match there costs much less than to try a pattern of
many alternatives at every sign of a text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator


def starts(lower: str, stems: Iterable[str]) -> list[int]:
    """Where one of some words or beginnings of words stands in a lower-cased text, in order."""
    found: set[int] = set()
    for stem in stems:
        at = lower.find(stem)
        while at >= 0:
            found.add(at)
            at = lower.find(stem, at + len(stem))
    return sorted(found)


def matches(pattern: re.Pattern[str], text: str, places: Iterable[int]) -> Iterator[re.Match[str]]:
    """What a pattern matches at places in order; as `finditer` has it, no two overlap."""
    done = 0
    for at in places:
        match = pattern.match(text, at) if at >= done else None
        if match is not None:
            done = match.end()
            yield match
