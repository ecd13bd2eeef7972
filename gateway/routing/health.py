"""How each server of each upstream is, as far as this process knows. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable

from gateway.routing.balance import IDLE, Load


class State(StrEnum):
    """What looks at a server have shown."""

    UP = "up"  # it is well, or nobody looks at it
    STALE = "stale"  # it is well, and has told nothing of its load for a while
    DOWN = "down"  # it is not well
    OTHER_MODEL = "other_model"  # it is well, and runs another model than it should: it gets none
    DRAINING = "draining"  # it is gone from its pool; what it has begun is let end


@dataclass(frozen=True, slots=True)
class Standing:
    """One server, as whoever looks at it sees it. `name` is its name in the pool."""

    name: str = ""
    state: State = State.UP
    load: Load = IDLE


@runtime_checkable
class Observed(Protocol):
    """An upstream whose servers are looked at."""

    def standings(self) -> Sequence[Standing]:
        """All its servers, those that are drained included."""
        ...


@dataclass(frozen=True, slots=True)
class ServerHealth:
    """One server of an upstream, and what asking it has shown.

    `place` is its number in the upstream, from 0: it keeps it for as long as it is there, and a
    later server may have it again. `circuit` is `closed`, `half_open` or `open`; where it is open,
    nobody is sent there. `in_flight` counts the requests of this process alone.
    """

    upstream: str
    place: int
    standing: Standing
    circuit: str = "closed"
    in_flight: int = 0


class Places:
    """Gives the servers of one upstream their numbers."""

    __slots__ = ("_taken",)

    def __init__(self) -> None:
        self._taken: dict[str, int] = {}

    def of(self, names: Iterable[str]) -> dict[str, int]:
        """The number of each server that there is now; those that are gone lose theirs."""
        there = list(names)
        self._taken = {name: at for name, at in self._taken.items() if name in there}
        for name in there:
            if name not in self._taken:
                used = set(self._taken.values())
                self._taken[name] = next(at for at in range(len(used) + 1) if at not in used)
        return dict(self._taken)
