"""A labelled text, and its lines in the corpora's format (JSONL, compressed or not)."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

Mark: TypeAlias = tuple[int, int, str]
"""Start, end (code points, end exclusive) and label."""

Piece: TypeAlias = tuple[str, str | None]
"""A stretch of text and its label, if it has one."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """A text with disjoint spans in order; `source` says which part of the generator made it."""

    text: str = field(repr=False)
    spans: tuple[Mark, ...]
    lang: str
    source: str


def joined(pieces: Iterable[Piece]) -> tuple[str, list[Mark]]:
    """The text of some pieces, and the spans of those that have a label."""
    texts: list[str] = []
    marks: list[Mark] = []
    at = 0
    for text, label in pieces:
        if label is not None and text:
            marks.append((at, at + len(text), label))
        texts.append(text)
        at += len(text)
    return "".join(texts), marks


def line(one: Labelled) -> str:
    """One line of the corpora's format, without the line break."""
    record = {
        "text": one.text,
        "spans": [{"start": start, "end": end, "label": label} for start, end, label in one.spans],
        "source": one.source,
        "lang": one.lang,
        "split": "train",
        "licence": "Apache-2.0",
        "quality": "generated",
    }
    return json.dumps(record, ensure_ascii=False)


def write(texts: Iterable[Labelled], file: Path) -> int:
    """Writes texts, compressed where the name ends in .gz; says how many.

    Raises:
        OSError: the file cannot be written.
    """
    count = 0
    opener = gzip.open if file.suffix == ".gz" else open
    with opener(file, "wt", encoding="utf-8") as out:
        for one in texts:
            out.write(line(one) + "\n")
            count += 1
    return count
