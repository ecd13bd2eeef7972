"""What becomes of feedback: an entry for the allow or the deny list, and a labelled line. Pure.

Lists stand in the configuration, under `detection`. An entry is as narrow as what was said: one
text, one entity type, one tenant.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

import orjson

from gateway.audit.reading import PolicyFile
from gateway.console.differing import FileChange, compared
from gateway.detection.spans import compile_lists, denied, without_allowed
from gateway.evaluation.labels import label_of
from gateway.settings import ListEntry
from gateway.types import Span

FILE: Final = "detection"
MAX_VALUE: Final = 500
MAX_TEXT: Final = 50_000
MAX_SPANS: Final = 2_000

_NAMED: Final = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}


class Verdict(StrEnum):
    """What somebody says of a finding."""

    WRONG = "wrong"  # it was found, and is none
    MISSED = "missed"  # it was not found, and is one


class Stretch(NamedTuple):
    """A stretch of a text, in code points, and its entity type."""

    start: int
    end: int
    entity_type: str


@dataclass(frozen=True, slots=True)
class Said:
    """What was said. `value` is "" where only the type was named; `text` is what it stood in.

    `stretches` are all findings that are right, where somebody says that of the whole text.
    """

    verdict: Verdict
    entity_type: str
    tenant: str
    value: str = field(default="", repr=False)
    text: str = field(default="", repr=False)
    stretches: tuple[Stretch, ...] | None = None
    language: str = ""


@dataclass(frozen=True, slots=True)
class ListsOf:
    """The allow and the deny list of a configuration."""

    allow: tuple[ListEntry, ...] = ()
    deny: tuple[ListEntry, ...] = ()


def entry_of(said: Said) -> ListEntry:
    """The entry that is proposed."""
    return ListEntry(text=said.value, entity_type=said.entity_type, tenant=said.tenant or None)


def with_entry(lists: ListsOf, said: Said) -> ListsOf:
    """The lists with the entry that is proposed, at the end; unchanged where it stands there."""
    entry = entry_of(said)
    if said.verdict is Verdict.WRONG:
        return lists if entry in lists.allow else ListsOf((*lists.allow, entry), lists.deny)
    return lists if entry in lists.deny else ListsOf(lists.allow, (*lists.deny, entry))


def rendered(lists: ListsOf) -> str:
    """The lists as the configuration writes them."""
    lines = ["detection:"]
    for name, entries in (("allow", lists.allow), ("deny", lists.deny)):
        if entries:
            lines.append(f"  {name}:")
            lines += [f"    - {_entry(one)}" for one in entries]
    return "\n".join(lines) + "\n" if len(lines) > 1 else ""


def _entry(entry: ListEntry) -> str:
    named = (
        ("text", entry.text),
        ("pattern", entry.pattern),
        ("entity_type", entry.entity_type),
        ("tenant", entry.tenant),
    )
    shown = (f"{name}: {quoted(value)}" for name, value in named if value is not None)
    return "{" + ", ".join(shown) + "}"


def quoted(text: str) -> str:
    """A text as YAML writes it between double quotes, on one line and in printable characters."""
    return '"' + "".join(_escaped(one) for one in text) + '"'


def _escaped(one: str) -> str:
    if one in _NAMED:
        return _NAMED[one]
    if one.isprintable() and one != "\ufeff":
        return one
    code = ord(one)
    if code > 0xFFFF:
        return f"\\U{code:08x}"
    return f"\\u{code:04x}" if code > 0xFF else f"\\x{code:02x}"


def change(lists: ListsOf, said: Said) -> FileChange:
    """The proposal as a comparison of the lists before and after."""
    before, after = rendered(lists), rendered(with_entry(lists, said))
    (found,) = compared([PolicyFile(FILE, before)], [PolicyFile(FILE, after)])
    return found


def patch(lists: ListsOf, said: Said) -> str:
    """The same as a file."""
    marks = "".join(
        f"{one.mark}{one.text}\n" if one.mark != "@" else f"@{one.text}\n"
        for one in change(lists, said).lines
    )
    return f"--- {FILE} in force\n+++ {FILE} proposed\n{marks}"


def acts(said: Said, time_left: Callable[[], float]) -> bool:
    """Whether the entry does what was meant, in the text that it was said of.

    Lists name whole words: an entry for a piece of one does nothing.

    Raises:
        TimeoutError: it took longer than `time_left()`.
        ValueError: the entry cannot be one.
    """
    text = said.text if said.value in said.text and said.value else said.value
    lists = with_entry(ListsOf(), said)
    compiled = compile_lists(lists.allow, lists.deny)
    start = text.find(said.value)
    meant = Span(start, start + len(said.value), said.entity_type, 1.0, "")
    if said.verdict is Verdict.WRONG:
        return not without_allowed([meant], text, said.tenant, compiled, time_left)
    found = denied(text, said.tenant, compiled, time_left)
    return any(one.start <= meant.start and meant.end <= one.end for one in found)


def occurrences(text: str, value: str) -> list[tuple[int, int]]:
    """Where a value stands in a text, without overlap."""
    found, at = [], text.find(value)
    while at >= 0 and value:
        found.append((at, at + len(value)))
        at = text.find(value, at + len(value))
    return found


def right_ones(
    verdict: Verdict, entity_type: str, value: str, text: str, found: Sequence[Stretch]
) -> tuple[Stretch, ...]:
    """The stretches of a text that are right, after what was said of what was found.

    What was missed takes the place of findings that it overlaps.
    """
    places = occurrences(text, value)
    if verdict is Verdict.WRONG:
        wrong = {Stretch(start, end, entity_type) for start, end in places}
        return tuple(one for one in found if one not in wrong)
    kept = [one for one in found if all(one.end <= a or b <= one.start for a, b in places)]
    return tuple(sorted([*kept, *(Stretch(a, b, entity_type) for a, b in places)]))


def labelled(which: str, said: Said) -> bytes:
    """A line of a corpus, as `cloakroom detector evaluate` reads it; b"" where there is none."""
    if not said.text or said.stretches is None:
        return b""
    line = {
        "id": which,
        "text": said.text,
        "lang": said.language or None,
        "spans": [
            {"start": one.start, "end": one.end, "label": label_of(one.entity_type)}
            for one in said.stretches
        ],
        "source": f"feedback/{said.verdict.value}",
    }
    return orjson.dumps(line) + b"\n"
