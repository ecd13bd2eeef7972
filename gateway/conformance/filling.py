"""Puts canaries and tokens into the bodies of rows, and looks for them in what came out. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle
from typing import Any, Final

import orjson

from gateway.conformance.model import JSON, MARKS, NAME, PIECE, PROSE, Event, Split

CANARY: Final = 'Kanari "Zoë" \\ \n\U0001f600 Quill'
"""What the canary is in prose: quotes, an escape, a line break and a letter beyond the BMP."""

CANARY_NAME: Final = "Kanari-7Quill"
"""What it is where only a name is legal."""

_SIZES: Final = (1, 2, 3, 1, 5)


def in_json(text: str) -> str:
    """A text as it stands inside a JSON literal."""
    return orjson.dumps(text).decode()[1:-1]


def filled(value: Any, prose: str, name: str) -> Any:
    """A body with its marks replaced."""
    if isinstance(value, str):
        return value.replace(PROSE, prose).replace(JSON, in_json(prose)).replace(NAME, name)
    if isinstance(value, Mapping):
        return {filled(k, prose, name): filled(v, prose, name) for k, v in value.items()}
    if isinstance(value, Sequence):
        return [filled(one, prose, name) for one in value]
    return value


def has_mark(value: Any) -> bool:
    """Whether a text or a key holds a mark."""
    return isinstance(value, str) and any(mark in value for mark in MARKS)


def marked(value: Any) -> Iterator[tuple[str, str]]:
    """Every marked text of a body, keys included: a pointer and the text."""
    yield from _marked(value, "")


def _marked(value: Any, at: str) -> Iterator[tuple[str, str]]:
    if has_mark(value):
        yield at, value
    elif isinstance(value, Mapping):
        for key, child in value.items():
            if has_mark(key):
                yield f"{at}/{key}", key
            yield from _marked(child, f"{at}/{key}")
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for index, child in enumerate(value):
            yield from _marked(child, f"{at}/{index}")


def at_pointer(document: Any, pointer: str) -> Any:
    """What stands at a JSON pointer without escapes."""
    for step in pointer.split("/")[1:]:
        document = document[int(step)] if isinstance(document, list) else document[step]
    return document


def differences(template: Any, left: Any, ours: frozenset[str]) -> list[str]:
    """Where what left is not what stood in the row's body, its marks aside.

    `ours` are pointers of members that the gateway sets or hashes. An empty list means that not a
    byte beyond the marks has changed.
    """
    return list(_differences(template, left, ours, ""))


def _differences(template: Any, left: Any, ours: frozenset[str], at: str) -> Iterator[str]:
    if at in ours:
        return
    if isinstance(template, str) and has_mark(template):
        if not (isinstance(left, str) and _fits(template, left)):
            yield at
    elif isinstance(template, Mapping) and isinstance(left, dict):
        added = [key for key in left if f"{at}/{key}" not in ours]
        kept = [key for key in template if f"{at}/{key}" not in ours]
        if len(added) != len(kept):
            yield at
            return
        for old, new in zip(kept, added, strict=True):
            if old != new and not (has_mark(old) and _fits(old, new)):
                yield f"{at}/{old}"
            yield from _differences(template[old], left[new], ours, f"{at}/{old}")
    elif isinstance(template, Sequence) and not isinstance(template, str):
        if not isinstance(left, list) or len(left) != len(template):
            yield at
            return
        for index, (old, new) in enumerate(zip(template, left, strict=True)):
            yield from _differences(old, new, ours, f"{at}/{index}")
    elif template != left or type(template) is not type(left):
        yield at


def _fits(template: str, text: str) -> bool:
    """Whether a text is the template with something in place of its one mark."""
    for mark in MARKS:
        before, found, after = template.partition(mark)
        if found:
            return text.startswith(before) and text.endswith(after) and len(text) > len(template)
    return False


def stream_of(events: Sequence[Event | Split], prose: str, name: str) -> Iterator[bytes]:
    """The events as an upstream would send them, framed."""
    for one in events:
        if isinstance(one, Event):
            yield _framed(one.name, filled(one.data, prose, name))
            continue
        for piece in _pieces(filled(one.text, prose, name)):
            data = filled(one.event.data, prose, name)
            yield _framed(one.event.name, _with_piece(data, piece))


def _pieces(text: str) -> Iterator[str]:
    at = 0
    for size in cycle(_SIZES):
        if at >= len(text):
            return
        yield text[at : at + size]
        at += size


def _with_piece(value: Any, piece: str) -> Any:
    if value == PIECE:
        return piece
    if isinstance(value, dict):
        return {key: _with_piece(child, piece) for key, child in value.items()}
    if isinstance(value, list):
        return [_with_piece(child, piece) for child in value]
    return value


def _framed(name: str, data: Any) -> bytes:
    head = f"event: {name}\n".encode() if name else b""
    body = data.encode() if isinstance(data, str) else orjson.dumps(data)
    return head + b"data: " + body + b"\n\n"


def texts_of(documents: Sequence[Any]) -> dict[str, str]:
    """All strings of some documents by their pointers, those of equal pointers joined in order.

    Indexes are left out of pointers of streams' events, where pieces of one text follow each other.
    """
    joined: dict[str, str] = {}
    for document in documents:
        kind = document.get("type", "") if isinstance(document, dict) else ""
        _gather(document, f"{kind}:", joined)
    return joined


def _gather(value: Any, at: str, joined: dict[str, str]) -> None:
    if isinstance(value, str):
        joined[at] = joined.get(at, "") + value
    elif isinstance(value, dict):
        for key, child in value.items():
            joined[f"{at}#keys"] = joined.get(f"{at}#keys", "") + f"{key}\n"
            _gather(child, f"{at}/{key}", joined)
    elif isinstance(value, list):
        for child in value:
            _gather(child, f"{at}/-", joined)
