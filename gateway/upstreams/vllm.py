"""A pool of vLLM servers that run the same model: who there is, and how each is.

Which of them is asked is up to `routing/dispatch`, which sees them as members.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final, TypeAlias

from gateway import telemetry
from gateway.background import beside
from gateway.routing.asking import Ask, Route
from gateway.routing.health import Standing, State
from gateway.settings import Limits, Vllm
from gateway.settings import Upstream as UpstreamSettings
from gateway.types import UpstreamClass
from gateway.upstreams import failures
from gateway.upstreams.http import HttpReply
from gateway.upstreams.vllm_replica import Replica

if TYPE_CHECKING:
    from gateway.masking.mask import MaskedRequest

LOOK_EVERY_S: Final = 1.5
RESOLVE_EVERY_S: Final = 5.0
RETIRED_S: Final = 3_600.0
"""How long the connections of a server that is gone from the DNS are kept: no answer is longer."""

Resolve: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]
"""Gives the addresses of a name, for URLs. Raises `OSError`."""


async def resolve(name: str, port: int) -> list[str]:
    """The addresses of a name, each once."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    hosts = {str(one[4][0]) for one in found}
    return sorted(f"[{host}]" if ":" in host else host for host in hosts)


class VllmPool:
    """Implements `ports.Upstream`, `asking.Pool` and `health.Observed`.

    Raises:
        ConfigError: as `HttpUpstream`.
    """

    def __init__(
        self,
        settings: UpstreamSettings,
        limits: Limits,
        master: bytes,
        *,
        resolve: Resolve = resolve,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._limits = limits
        self._master = master
        self._resolve = resolve
        self._clock = clock
        self._pool = settings.vllm or Vllm()
        self._resolved = -RESOLVE_EVERY_S
        self._retired: dict[str, tuple[Replica, float]] = {}
        self._replicas = {url: self._made(url) for url in self._pool.replicas}

    @property
    def name(self) -> str:
        """The name in the configuration."""
        return self._settings.name

    @property
    def upstream_class(self) -> UpstreamClass:
        """Who runs the servers."""
        return self._settings.upstream_class

    def members(self, model: str) -> Sequence[Replica]:
        """The servers that have a model; where none says so, those without another of its name: one
        may have it all the same."""
        every = [one for one in self._replicas.values() if not one.has_other(model)]
        return [one for one in every if one.serves(model)] or every

    def standings(self) -> Sequence[Standing]:
        """All servers, and those that are gone from the DNS and may still have something to end."""
        there = [Standing(url, one.state, one.load) for url, one in self._replicas.items()]
        gone = [Standing(url, State.DRAINING) for url in self._retired]
        return [*there, *gone]

    async def send(
        self, request: MaskedRequest, request_id: str, headers: Mapping[str, str]
    ) -> HttpReply:
        """Send a request of nobody to any server that is up; it shares no cache with others."""
        nobody = secrets.token_hex(16)
        ask = Ask(request, request_id, headers, nobody, nobody, nobody.encode())
        for one in self.members(request.model):
            if one.is_up:
                return await one.send(ask, Route())
        raise failures.unreachable()

    async def tokens(self, request: MaskedRequest) -> Sequence[tuple[int, str]]:
        """The tokens of a request, as one of the servers that are up makes them."""
        for one in self.members(request.model):
            if one.is_up:
                return await one.tokens(request)
        return ()

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Looks at the servers for as long as the block runs; once before it begins."""
        await self.look()
        async with beside(self._work()):
            yield

    async def _work(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                await self.look()
            except Exception as error:  # whatever it is, the next look may see more
                telemetry.log("pool_not_seen", logging.ERROR, error_class=type(error).__name__)

    async def look(self) -> None:
        """See who there is, and how each is."""
        now = self._clock()
        if self._pool.dns_name and now - self._resolved >= RESOLVE_EVERY_S:
            self._resolved = now
            await self._look_up(now)
        await asyncio.gather(*(one.look() for one in self._replicas.values()))

    async def _look_up(self, now: float) -> None:
        """Take in the servers that the name has now; where it cannot be told, those of before."""
        name, port = self._pool.dns_name, self._pool.dns_port
        try:
            hosts = await self._resolve(name, port)
        except OSError:
            return
        scheme = "https" if self._pool.dns_tls else "http"
        urls = [f"{scheme}://{host}:{port}" for host in hosts]
        for url in [one for one in self._replicas if one not in urls]:
            self._retired[url] = (self._replicas.pop(url), now)
        for url in urls:
            if url not in self._replicas:
                known, _ = self._retired.pop(url, (None, now))
                self._replicas[url] = known or self._made(url)
        for url, (one, since) in list(self._retired.items()):
            if now - since > RETIRED_S:
                del self._retired[url]
                await one.aclose()

    def _made(self, url: str) -> Replica:
        named = self._pool.dns_name if self._pool.dns_tls and self._pool.dns_name else None
        return Replica(self._settings, self._limits, self._master, url, named)

    async def aclose(self) -> None:
        """Close all connections."""
        for one in [*self._replicas.values(), *(one for one, _ in self._retired.values())]:
            await one.aclose()
