"""The conformance matrix: where text can stand in a family's requests and answers. Pure.

A row is a body with one place marked. The canary goes there on the way out, its token on the way
back. `PROSE` marks free text, `JSON` the inside of a literal in a string that holds JSON, `NAME` a
place where only `[A-Za-z0-9_-]` is legal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, TypeAlias

from gateway.wire.family import Codec

PROSE: Final = "\ue000"
JSON: Final = "\ue001"
NAME: Final = "\ue002"
PIECE: Final = "\ue003"
"""Stands for one piece of a text that a stream brings in many; see `Split`."""

MARKS: Final = (PROSE, JSON, NAME)

Body: TypeAlias = Mapping[str, Any]


class Expect(StrEnum):
    """What must become of the canary in a request."""

    MASKED = "masked"
    HASHED = "hashed"  # it names a person: a keyed hash goes out
    UNTOUCHED = "untouched"  # the provider wants it back byte for byte
    REFUSED = "refused"  # nothing is sent


@dataclass(frozen=True, slots=True)
class RequestRow:
    """One place in a request: its name, and what the base body is overlaid with."""

    place: str
    overlay: Body
    expect: Expect = Expect.MASKED


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a stream: its data, and its name where the family gives events names."""

    data: Body | str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Split:
    """An event that comes once for every few characters of a text, which stand at `PIECE`."""

    event: Event
    text: str


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """One place in an answer, in one piece or in events, or both.

    `overlay` is that of the request that is answered so. `comes_as` is the mark as which the value
    comes back where it is another than it was given as. With `stays_masked` it is the token that
    the client must get.
    """

    place: str
    whole: Body | None = None
    events: Sequence[Event | Split] = ()
    overlay: Body = field(default_factory=dict)
    comes_as: str = ""
    stays_masked: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """All rows of one endpoint. Where no answer holds text there are no rows of answers.

    `base` is a request with a `PROSE` mark and, where the family has names, a `NAME` mark: the
    tokens of answers are issued there, each at the pointer that names its place.
    """

    codec: Codec
    base: Body
    prose_at: str
    name_at: str
    requests: tuple[RequestRow, ...]
    answers: tuple[AnswerRow, ...]
