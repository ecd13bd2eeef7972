"""The generator's word lists: one file a language under `data/`, in sections."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "pt")
_FOLDER = Path(__file__).parent / "data"


@cache
def sections(name: str) -> Mapping[str, tuple[str, ...]]:
    """The sections of a file: entries of a line are separated by " | "; `#` starts a comment.

    Raises:
        OSError: no such file.
        ValueError: a line before the first section.
    """
    found: dict[str, list[str]] = {}
    entries: list[str] | None = None
    lines = (_FOLDER / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        if text.startswith("[") and text.endswith("]"):
            entries = found.setdefault(text[1:-1], [])
        elif entries is None:
            raise ValueError(f"{name}.txt, line {number}: an entry before the first section")
        else:
            entries.extend(entry.strip() for entry in text.split(" | "))
    return {section: tuple(entry for entry in all_ if entry) for section, all_ in found.items()}


def words(name: str, section: str) -> tuple[str, ...]:
    """One section of a file.

    Raises:
        KeyError: no such section.
    """
    return sections(name)[section]
