"""What the answers of all API families are made of: their texts, their places, their facts. Pure.

A family names the fields that reach the client; nothing else of an answer does. It asks for a
filter per text, puts the text in, and fills the places once the filters let go.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from gateway.errors import UpstreamFailed
from gateway.types import Json

_TOKEN: Final = re.compile(r"[A-Za-z0-9._:/\-]{1,128}")
_USAGE: Final = re.compile(r"[a-z0-9_]{1,40}")
_DEEPEST_USAGE: Final = 3
_MOST: Final = 2**53 - 1  # the largest integer that every JSON reader holds exactly


class TextFilter(Protocol):
    """Turns one masked text into what the client is given, piece by piece.

    What is put in may become ready later than it came: whoever reads answers for new data does
    so between.
    """

    def put(self, text: str) -> None:
        """The next piece in."""
        ...

    def end(self) -> None:
        """No more pieces come."""
        ...

    def ready(self) -> str:
        """What can be let go now; each piece is given once."""
        ...


@dataclass(slots=True)
class Tool:
    """The tool of one call. `name` is masked, as far as it has come.

    It is not sure where arguments came before the name, or more of the name after them.
    """

    name: str = ""
    is_sure: bool = True
    has_begun: bool = False

    def more_name(self, text: str) -> None:
        """The name, or its next piece."""
        self.name += text
        self.is_sure = self.is_sure and not self.has_begun

    def begin(self) -> None:
        """Arguments come."""
        self.is_sure = self.is_sure and self.name != ""
        self.has_begun = True


@dataclass(frozen=True, slots=True)
class TextPlace:
    """Where a text of an answer stands. `tool` is set for a call's arguments or input.

    Where it does not `restore`, the text keeps its placeholders; new data in it is read all the
    same.
    """

    is_json: bool = False
    is_name: bool = False  # of a tool: only [A-Za-z0-9_-] is legal
    tool: Tool | None = None
    restores: bool = True


@dataclass(frozen=True, slots=True)
class Thinking:
    """What becomes of reasoning that its provider has signed, and wants back byte for byte.

    `seal` makes, of what the provider wrote, the signature that the client is given; `restores`
    says whether the client reads the reasoning with its values in it.
    """

    seal: Callable[[bytes], str]
    restores: bool = False


@dataclass(frozen=True, slots=True)
class AnswerContext:
    """What an answer needs to know of its request.

    `restored` restores an id, which the upstream made and no model wrote. `answer_id` is the
    name under which the client finds an answer that the provider stores. With `hides_cached` the
    usage does not say how much of the prompt was cached, which tells of others' prompts. `asked` is
    the client's own request, for answers that repeat it.
    """

    model: str
    request_id: str
    created: int  # seconds since 1970, where the upstream gives none
    json_content: bool
    wants_usage: bool
    new_filter: Callable[[TextPlace], TextFilter]
    restored: Callable[[str], str]
    answer_id: str = ""
    hides_cached: bool = False
    thinking: Thinking | None = None
    asked: Mapping[str, Json] = field(default_factory=dict, repr=False)


@dataclass(slots=True)
class AnswerFacts:
    """What is kept of an answer: figures and words of the protocol for the record, and ids."""

    usage: dict[str, int] = field(default_factory=dict)
    finish_reasons: list[str] = field(default_factory=list)
    model_served: str = ""
    state_id: str = ""  # under which the provider stores the answer, where it does


def invalid() -> UpstreamFailed:
    """The upstream's answer is none of its API family."""
    return UpstreamFailed("The upstream's answer could not be read.", code="upstream_invalid")


def broke_off() -> UpstreamFailed:
    """The upstream says that it failed; what it says of it stays here."""
    return UpstreamFailed("The upstream broke off with an error.", code="upstream_error")


def token(value: Any, default: str | None) -> str | None:
    """A word of the protocol as it came, or the default where it is none."""
    return value if isinstance(value, str) and _TOKEN.fullmatch(value) else default


def figures(value: Any, depth: int = 0) -> dict[str, Any]:
    """The whole numbers of a usage object, nested as they came; nothing else of it."""
    kept: dict[str, Any] = {}
    if not isinstance(value, dict) or depth >= _DEEPEST_USAGE:
        return kept
    for key, child in value.items():
        if not _USAGE.fullmatch(key):
            continue
        if isinstance(child, int) and not isinstance(child, bool) and 0 <= child <= _MOST:
            kept[key] = child
        elif isinstance(child, dict):
            kept[key] = figures(child, depth + 1)
    return kept


def shown_usage(usage: dict[str, Any], context: AnswerContext) -> dict[str, Any]:
    """The figures as the client is given them: without those of caches, where they are hidden."""
    if not context.hides_cached:
        return usage
    return {
        key: shown_usage(child, context) if isinstance(child, dict) else child
        for key, child in usage.items()
        if "cache" not in key
    }


class Slots:
    """The places of an answer or an event where texts go, once they are ready."""

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting: list[tuple[dict[str, Any], str, TextFilter, bool]] = []

    def add(
        self, holder: dict[str, Any], key: str, text: TextFilter, keeps_empty: bool = True
    ) -> None:
        """A text goes under a key; where it is empty, only if `keeps_empty`."""
        self._waiting.append((holder, key, text, keeps_empty))

    def fill(self) -> None:
        """Put what is ready in its place, and forget the places."""
        for holder, key, text, keeps_empty in self._waiting:
            ready = text.ready()
            if ready or keeps_empty:
                holder[key] = ready
        self._waiting.clear()
