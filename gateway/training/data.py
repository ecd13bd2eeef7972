"""The generator's word lists: one file a language under `data/`, in sections."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "pt")
_HEADING = re.compile(r"\[([a-z_0-9]+)(:lines)?\]")
_FOLDER = Path(__file__).parent / "data"


@cache
def sections(name: str) -> Mapping[str, tuple[str, ...]]:
    """The sections of a file: entries of a line are separated by " | "; `#` starts a comment.

    In a section [name:lines] a line is one entry, as it stands.

    Raises:
        OSError: no such file.
        ValueError: a line before the first section.
    """
    found: dict[str, list[str]] = {}
    entries: list[str] | None = None
    whole = False
    lines = (_FOLDER / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines, 1):
        text = line if whole else line.strip()
        heading = _HEADING.fullmatch(line)
        if heading:
            entries = found.setdefault(heading[1], [])
            whole = heading[2] is not None
        elif not text or (text.startswith("# ") and not whole):
            continue
        elif entries is None:
            raise ValueError(f"{name}.txt, line {number}: an entry before the first section")
        elif whole:
            entries.append(text)
        else:
            entries.extend(entry.strip() for entry in text.split(" | "))
    return {section: tuple(entry for entry in all_ if entry) for section, all_ in found.items()}


def words(name: str, section: str) -> tuple[str, ...]:
    """One section of a file.

    Raises:
        KeyError: no such section.
    """
    return sections(name)[section]
