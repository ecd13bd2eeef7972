"""Labelled text: files of JSON lines, plain or compressed.

A line is `{"text": …, "spans": [{"start", "end", "label"}], "lang": …}` with whatever else the
owner keeps there; `findings` have the same shape. Offsets are code points, half-open.
"""

from __future__ import annotations

import gzip
import os
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson

from gateway.errors import ConfigError, Problem
from gateway.evaluation.labels import label_of
from gateway.evaluation.score import UNKNOWN_LANGUAGE, Case, Found, Gold
from gateway.types import Span

MOST_PROBLEMS: Final = 20
STANDARD: Final = Path("-")

_GZIP: Final = b"\x1f\x8b"
_SUFFIXES: Final = (".gz", ".jsonl", ".ndjson", ".json")
_KEPT_MASK: Final = "NO_MASK"

Note = Callable[[str, str], None]
"""Takes down what is wrong with a key of a line."""


@dataclass(frozen=True, slots=True)
class Record:
    """A line as it was read."""

    number: int
    fields: dict[str, Any] = field(repr=False)

    @property
    def text(self) -> str:
        """The text itself."""
        text: str = self.fields["text"]
        return text

    @property
    def language(self) -> str:
        """The language that the line names, if it does."""
        return self.fields.get("lang") or UNKNOWN_LANGUAGE


def name_of(path: Path) -> str:
    """What a corpus is called: its file's name without the endings."""
    name = "stdin" if path == STANDARD else path.name
    for suffix in _SUFFIXES:
        name = name.removesuffix(suffix)
    return name


def read(path: Path, wanted: Sequence[str] = ()) -> list[Record]:
    """The lines of a file; "-" is standard input. Empty lines are passed over.

    `wanted` are the keys with spans that each line must have.

    Raises:
        ConfigError: the file cannot be read, or lines are not as they should be: the first
            problems, with line numbers and without any text.
    """
    name = str(path)
    problems: list[Problem] = []
    records: list[Record] = []
    for number, line in enumerate(_content(path).split(b"\n"), 1):
        if not line.strip():
            continue

        def note(key: str, message: str, number: int = number) -> None:
            problems.append(Problem(name, number, key, message))

        record = _record(number, line, wanted, note)
        if record is not None:
            records.append(record)
        if len(problems) >= MOST_PROBLEMS:
            break
    if not records and not problems:
        problems.append(Problem(name, 0, "", "holds no line"))
    if problems:
        raise ConfigError(problems[:MOST_PROBLEMS])
    return records


def _content(path: Path) -> bytes:
    try:
        raw = sys.stdin.buffer.read() if path == STANDARD else path.read_bytes()
        return gzip.decompress(raw) if raw.startswith(_GZIP) else raw
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or "it is not a whole gzip file"
        raise ConfigError([Problem(str(path), 0, "", f"cannot be read: {reason}")]) from None


def _record(number: int, line: bytes, wanted: Sequence[str], note: Note) -> Record | None:
    try:
        fields = orjson.loads(line)
    except orjson.JSONDecodeError:
        note("", "is not JSON")
        return None
    if not isinstance(fields, dict):
        note("", "must be an object")
        return None
    text = fields.get("text")
    if not isinstance(text, str):
        note("text", "must be text")
        return None
    if not isinstance(fields.get("lang"), str | None):
        note("lang", "must be text, null or absent")
        return None
    for key in wanted:
        if not isinstance(fields.get(key), list):
            note(key, "must be a list of spans")
            return None
    for key in ("spans", "findings"):
        spans = fields.get(key)
        for index, span in enumerate(spans if isinstance(spans, list) else ()):
            _check_span(span, len(text), f"{key}[{index}]", note)
    return Record(number, fields)


def _check_span(span: object, length: int, key: str, note: Note) -> None:
    if not isinstance(span, dict):
        note(key, "must be an object")
        return
    start, end, label = span.get("start"), span.get("end"), span.get("label")
    if type(start) is not int or type(end) is not int:
        note(key, "start and end must be whole numbers")
    elif not 0 <= start < end <= length:
        note(key, f"start and end must be a stretch of the text, which has {length} code points")
    if not isinstance(label, str) or not label:
        note(f"{key}.label", "must be text")


def case(corpus: str, record: Record, found: Iterable[Found] | None = None) -> Case:
    """A line as a case; what was found stands in the line where it is not given.

    Marked spans and findings go by the same labels, also where a line names an entity type.
    """
    return Case(
        corpus,
        record.number,
        record.text,
        tuple(
            Gold(one["start"], one["end"], label_of(one["label"]), one.get("mask") != _KEPT_MASK)
            for one in record.fields.get("spans") or ()
        ),
        tuple(_found(record) if found is None else found),
        record.language,
    )


def _found(record: Record) -> Iterable[Found]:
    for one in record.fields.get("findings") or ():
        score = one.get("score")
        yield Found(
            one["start"],
            one["end"],
            label_of(one["label"]),
            str(one.get("entity_type") or one["label"]),
            float(score) if isinstance(score, int | float) else 1.0,
            str(one.get("recognizer") or ""),
        )


def findings(spans: Iterable[Span]) -> list[Found]:
    """What a detector found, under the corpora's labels."""
    return [
        Found(
            one.start,
            one.end,
            label_of(one.entity_type),
            one.entity_type,
            one.score,
            one.recognizer,
        )
        for one in spans
    ]


def annotated(record: Record, found: Iterable[Found]) -> bytes:
    """The line with its findings: all else that it held stays."""
    shown = [
        {
            "start": one.start,
            "end": one.end,
            "label": one.label,
            "entity_type": one.entity_type,
            "score": one.score,
            "recognizer": one.recognizer,
        }
        for one in found
    ]
    return orjson.dumps({**record.fields, "findings": shown}) + b"\n"


def write(path: Path, content: bytes) -> None:
    """Write a file in one step, compressed where its name says so; "-" is standard output.

    Raises:
        ConfigError: it cannot be written; what stood there before still does.
    """
    if path == STANDARD:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    if path.suffix == ".gz":
        content = gzip.compress(content, 6, mtime=0)
    try:
        handle, temporary = tempfile.mkstemp(dir=path.absolute().parent, prefix=f".{path.name}.")
    except OSError as error:
        raise _unwritable(path, error) from None
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except OSError as error:
        with suppress(OSError):
            Path(temporary).unlink()
        raise _unwritable(path, error) from None


def _unwritable(path: Path, error: OSError) -> ConfigError:
    return ConfigError([Problem(str(path), 0, "", f"cannot be written: {error.strerror}")])
