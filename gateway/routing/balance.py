"""Which server is asked: affinity first, load second. Pure.

A conversation has its favourite server by weighted rendezvous hashing (Thaler and Ravishankar
1998; weights as by Schindelhauer and Schomaker 2005): there its prefix is cached, and when servers
come or go only their share moves. The favourite is passed over while it holds more than its share
of what is under way (bounded loads, Mirrokni, Thorup and Zadimoghaddam 2018), or says that its
cache is full or that requests wait; then the next one in the conversation's own order takes it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

SLACK: Final = 1.25
"""How much more than its share a server may hold before others are asked."""

CACHE_FULL: Final = 0.95
"""The use of the KV cache from which a server is full."""

_2_64: Final = 2.0**64


@dataclass(frozen=True, slots=True)
class Server:
    """One server of a pool; of those that can be asked, the lowest `priority` is."""

    name: str
    weight: float = 1.0
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Load:
    """What is known of a server's load.

    `in_flight` counts our own requests. `waiting`, `running` and `cache` (0 to 1) are what it says
    of itself; None where it has said nothing for a while, so that it is not believed. `since` is
    by how many more are in flight now than when it said so, or fewer: figures that are a second old
    would else send all that comes in that second to one server. `room` is how many ran there when
    some had to wait, or more; None where none ever had to.
    """

    in_flight: int = 0
    waiting: float | None = None
    running: float | None = None
    cache: float | None = None
    since: int = 0
    room: float | None = None

    @property
    def under_way(self) -> float:
        """How many requests run there by now, as far as can be told."""
        running = 0.0 if self.running is None else self.running + self.since
        return max(running, self.in_flight)

    @property
    def queue(self) -> float:
        """How many requests wait there by now."""
        return max(0.0, self.waiting + self.since) if self.waiting else 0.0

    @property
    def is_full(self) -> bool:
        """Whether it says that it cannot begin a request now."""
        is_cache_full = self.cache is not None and self.cache >= CACHE_FULL
        return (
            self.queue > 0
            or is_cache_full
            or (self.room is not None and self.under_way >= self.room)
        )

    @property
    def rank(self) -> tuple[float, float, float]:
        """Orders servers by load: who waits first, then cache, then what runs."""
        return (self.queue, self.cache or 0.0, self.under_way)


IDLE: Final = Load()


def favourites(servers: Sequence[Server], key: bytes) -> list[Server]:
    """The servers in the order in which a key prefers them; the same for the same servers."""
    return sorted(servers, key=lambda one: (-_score(one, key), one.name))


def _score(server: Server, key: bytes) -> float:
    drawn = blake2b(server.name.encode(), digest_size=8, key=key[:64]).digest()
    uniform = (int.from_bytes(drawn) + 1) / (_2_64 + 1)  # in (0, 1), so that its logarithm is there
    return -max(server.weight, 1e-9) / math.log(uniform)


def order(servers: Sequence[Server], loads: Mapping[str, Load], key: bytes) -> list[Server]:
    """All servers, in the order in which they are to be asked for a key's request.

    Of each priority first those below their share in the key's own order, then the others, the
    least loaded first.
    """
    ordered: list[Server] = []
    for priority in sorted({one.priority for one in servers}):
        group = [one for one in servers if one.priority == priority]
        ordered += _within(favourites(group, key), loads)
    return ordered


def _within(group: Sequence[Server], loads: Mapping[str, Load]) -> list[Server]:
    """The servers of one priority, which come in the order of preference."""
    under_way = sum(loads.get(one.name, IDLE).in_flight for one in group) + 1
    weight = sum(max(one.weight, 1e-9) for one in group)

    def is_within(server: Server) -> bool:
        share = under_way * max(server.weight, 1e-9) / weight
        return loads.get(server.name, IDLE).in_flight < math.ceil(SLACK * share)

    within = [one for one in group if is_within(one)]
    free = [one for one in within if not loads.get(one.name, IDLE).is_full]
    if not free:  # what is cached is worth more than ever, and so are queues that are shorter
        queues = {one.name: loads.get(one.name, IDLE).queue for one in group}
        longest = SLACK * min(queues.values()) + 1
        free = [one for one in within if queues[one.name] <= longest]
    busy = [one for one in group if one not in free]
    busy.sort(key=lambda one: loads.get(one.name, IDLE).rank)
    return free + busy
