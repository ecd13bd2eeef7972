"""Tells Prometheus how the servers of all upstreams are, for as long as the gateway runs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final

from gateway import metrics
from gateway.background import again_and_again, beside
from gateway.routing.health import ServerHealth, State

EVERY_S: Final = 2.0
CIRCUITS: Final = ("closed", "half_open", "open")


class HealthReport:
    """Sets the gauges. What is gone keeps its series, without a state: one can see that it went."""

    __slots__ = ("_health", "_told")

    def __init__(self, health: Callable[[], Sequence[ServerHealth]]) -> None:
        self._health = health
        self._told: set[tuple[str, int]] = set()

    def tell(self) -> None:
        """Set every gauge to what is known now."""
        there = set()
        for one in self._health():
            there.add((one.upstream, one.place))
            load = one.standing.load
            metrics.upstream_replica(
                one.upstream,
                one.place,
                {state.value: state is one.standing.state for state in State},
                CIRCUITS.index(one.circuit),
            )
            metrics.upstream_load(one.upstream, one.place, load.waiting, load.running, load.cache)
        for upstream, place in self._told - there:
            metrics.upstream_replica(upstream, place, {state.value: False for state in State}, 0)
            metrics.upstream_load(upstream, place, None, None, None)
        self._told |= there

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Tells for as long as the block runs."""
        async with beside(again_and_again(self._work, EVERY_S, "health_not_reported")):
            yield

    async def _work(self) -> None:
        self.tell()
