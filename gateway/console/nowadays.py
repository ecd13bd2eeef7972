"""How the gateway is now: its servers, as this process sees them, and what anchors hold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from gateway.audit.reading import open_log
from gateway.audit.sinks.service import make_anchor
from gateway.routing.health import ServerHealth, State
from gateway.settings import Anchor


@dataclass(frozen=True, slots=True)
class Anchored:
    """What an anchor was given last: the size of a tree, and when; "" where never."""

    name: str
    size: int
    ts: str


@dataclass(frozen=True, slots=True)
class ServerRow:
    """A server for people. `tone` is how it looks."""

    upstream: str
    server: str
    words: str
    tone: str
    in_flight: int


_WORDS: Final = {
    State.UP: "up",
    State.STALE: "up, but silent about its load",
    State.DOWN: "down",
    State.OTHER_MODEL: "not asked: it serves another model than root says",
    State.DRAINING: "leaving its pool",
}


def anchored(url: str, anchors: Sequence[Anchor]) -> list[Anchored]:
    """What each configured anchor holds. Blocks.

    Raises:
        ConfigError, AuditUnavailable: the log cannot be read.
    """
    if not anchors:
        return []
    with open_log(url) as log:
        held = log.anchored()
    return [Anchored(one.name, *held.get(make_anchor(one).key, (0, ""))) for one in anchors]


def servers(found: Iterable[ServerHealth]) -> list[ServerRow]:
    """The servers in words, those of which nobody is sent anything first."""
    rows = [_row(one) for one in found]
    return sorted(rows, key=lambda row: (row.tone == "good", row.upstream, row.server))


def _row(one: ServerHealth) -> ServerRow:
    words, tone = _WORDS[one.standing.state], "good"
    if one.standing.state in (State.DOWN, State.OTHER_MODEL):
        tone = "bad"
    elif one.circuit == "open":
        words, tone = "not asked for a while: it failed", "bad"
    elif one.circuit == "half_open":
        words, tone = "being tried again after it failed", "warn"
    elif one.standing.state is not State.UP:
        tone = "warn"
    return ServerRow(one.upstream, one.standing.name, words, tone, one.in_flight)
