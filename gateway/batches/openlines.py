"""The lines of an upload whose records are open, in little memory. Pure.

A closing record repeats what was accepted. Most of that is the same for all lines of a file: so
of each line only what differs from an earlier one is kept, as JSON.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any, Final

import orjson

from gateway.audit.facts import Accepted

MOST_PATTERNS: Final = 4  # that a line is held against


class OpenLines:
    """What was accepted, line by line."""

    __slots__ = ("_lines", "_patterns")

    def __init__(self) -> None:
        self._patterns: list[Accepted] = []
        self._lines: list[bytes] = []

    def __len__(self) -> int:
        return len(self._lines)

    def __repr__(self) -> str:
        return f"OpenLines({len(self)})"

    def add(self, accepted: Accepted) -> None:
        """One more."""
        first = max(0, len(self._patterns) - MOST_PATTERNS)
        for at in range(len(self._patterns) - 1, first - 1, -1):
            try:
                changes = _changes(accepted, self._patterns[at])
            except _OtherKind:
                continue
            break
        else:
            at, changes = len(self._patterns), {}
            self._patterns.append(accepted)
        # What orjson gives lies in a buffer of 4 KiB; a copy is as long as it is.
        self._lines.append(bytes(memoryview(orjson.dumps([at, changes]))))

    def last(self, count: int) -> list[Accepted]:
        """The last few of them, as they were accepted."""
        found = map(orjson.loads, self._lines[-count:])
        return [_changed(self._patterns[at], changes) for at, changes in found]

    def drop(self, count: int, keeping: Sequence[bool]) -> None:
        """Forget the last few of them, but for those of which `keeping` says so."""
        some = self._lines[-count:]
        self._lines[-count:] = [one for one, kept in zip(some, keeping, strict=True) if kept]


class _OtherKind(Exception):
    """What differs cannot be told in JSON."""


def _changes(new: Any, old: Any) -> dict[str, Any]:
    """What differs between two values of one dataclass."""
    found: dict[str, Any] = {}
    for one in fields(new):
        value, other = getattr(new, one.name), getattr(old, one.name)
        if value == other:
            continue
        if is_dataclass(value):
            if type(value) is not type(other):
                raise _OtherKind
            found[one.name] = _changes(value, other)
        else:
            found[one.name] = _plain(value)
    return found


def _plain(value: Any) -> Any:
    """A value as JSON tells it, where it can be told from others."""
    if isinstance(value, Mapping):
        return {key: _plain(child) for key, child in value.items()}
    if isinstance(value, tuple):
        return [_plain(child) for child in value]
    if isinstance(value, Enum) or not isinstance(value, str | int | None):
        raise _OtherKind
    return value


def _changed(old: Any, changes: Mapping[str, Any]) -> Any:
    new = {
        name: _changed(getattr(old, name), value)
        if is_dataclass(getattr(old, name)) and value is not None
        else _frozen(value)
        for name, value in changes.items()
    }
    return replace(old, **new)


def _frozen(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _frozen(child) for key, child in value.items()}
    return tuple(map(_frozen, value)) if isinstance(value, list) else value
