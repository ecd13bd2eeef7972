"""What the pipeline asks of an API family. Pure.

A codec says where text stands in a family's requests and answers. The pipeline takes a request
apart with `parse`, and turns an answer into the client's with `whole` or `stream`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from gateway.types import Family, Json, Parsed
from gateway.wire.answers import AnswerContext, AnswerFacts

Open: TypeAlias = Callable[[str], bytes | None]
"""Opens a text that was sealed for this caller; None where it was not."""


class Whole(Protocol):
    """An answer in one piece. Making it puts its texts into their filters."""

    def give(self) -> dict[str, Any]:
        """The client's answer, with its texts as the filters let them go."""
        ...


class Stream(Protocol):
    """The events of one streamed answer.

    One event goes through in two steps, between which whoever must may read its texts. At the
    last event `give` gives what still goes out before the closing record, `last` what goes out
    after it.
    """

    def take(self, data: bytes) -> bool:
        """Read the data of one event; whether it is the last one.

        Raises:
            UpstreamFailed: the event is an error, or none that the family knows.
        """
        ...

    def give(self) -> bytes:
        """The events that can go out now, framed; b"" where there is none."""
        ...

    def last(self) -> bytes:
        """The events that end the stream, framed."""
        ...


def _as_it_is(document: dict[str, Json], _: Open) -> dict[str, Json]:
    return document


@dataclass(frozen=True, slots=True)
class Codec:
    """One endpoint of an API family.

    `path` stands below the API's base URL; `operation` is OpenTelemetry's name for what the
    model does. `opened` gives a document in which what we sealed for the caller is open again.
    Without `stream` the endpoint has no streamed answers.
    """

    family: Family
    path: str
    operation: str
    parse: Callable[[dict[str, Json]], Parsed]
    whole: Callable[[Any, AnswerContext, AnswerFacts], Whole]
    stream: Callable[[AnswerContext, AnswerFacts], Stream] | None = None
    opened: Callable[[dict[str, Json], Open], dict[str, Json]] = _as_it_is

    @property
    def endpoint(self) -> str:
        """The path at which clients find it."""
        return "/v1" + self.path
