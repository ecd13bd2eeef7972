"""What changed between two kept policies, line by line. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from gateway.audit.reading import PolicyFile

MOST_LINES: Final = 5_000
"""Lines of a file that are compared; files that are longer are said to differ, or not."""

_CONTEXT: Final = 3


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a comparison: `mark` is + or - or a space, or @ where lines are left out."""

    mark: str
    text: str


@dataclass(frozen=True, slots=True)
class FileChange:
    """How a file differs: `what` is added, removed, changed or the same."""

    name: str
    what: str
    lines: tuple[Line, ...] = ()


def compared(old: Sequence[PolicyFile], new: Sequence[PolicyFile]) -> list[FileChange]:
    """Each file of both, in the order of the new ones, then those that are gone."""
    before, after = _named(old), _named(new)
    names = [*after, *(name for name in before if name not in after)]
    return [_change(name, before.get(name), after.get(name)) for name in names]


def _named(files: Sequence[PolicyFile]) -> dict[str, str]:
    """Texts by name; files of one name in several folders are numbered."""
    found: dict[str, str] = {}
    for one in files:
        name, number = one.name, 2
        while name in found:
            name, number = f"{one.name} ({number})", number + 1
        found[name] = one.text
    return found


def _change(name: str, old: str | None, new: str | None) -> FileChange:
    if old == new:
        return FileChange(name, "the same")
    before, after = (old or "").splitlines(), (new or "").splitlines()
    what = "added" if old is None else "removed" if new is None else "changed"
    if max(len(before), len(after)) > MOST_LINES:
        return FileChange(name, what)
    lines = list(difflib.unified_diff(before, after, n=_CONTEXT, lineterm=""))[2:]
    return FileChange(name, what, tuple(Line(one[:1], one[1:]) for one in lines))
