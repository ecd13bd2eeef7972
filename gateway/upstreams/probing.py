"""Asks a server now and then whether it is there, so that no request has to find out.

Only where the configuration says so: a provider may count such questions, and they tell it when the
gateway runs.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from gateway.background import beside
from gateway.errors import UpstreamFailed
from gateway.routing.asking import Ask, Route
from gateway.routing.balance import IDLE, Load
from gateway.routing.dispatch import DOWN
from gateway.routing.health import Standing
from gateway.routing.reported import Known
from gateway.types import UpstreamClass
from gateway.upstreams.http import JSON, Call, HttpReply, HttpUpstream

if TYPE_CHECKING:
    from gateway.masking.mask import MaskedRequest


class _Member:
    """Implements `asking.Member`: the one server."""

    name = "only"

    def __init__(self, upstream: HttpUpstream) -> None:
        self.known = Known()
        self._upstream = upstream

    @property
    def is_up(self) -> bool:
        return self.known.is_up

    @property
    def load(self) -> Load:
        return IDLE

    async def send(self, ask: Ask, _route: Route) -> HttpReply:
        return await self._upstream.send(ask.request, ask.request_id, ask.headers)


class ProbedUpstream:
    """Implements `ports.Upstream`, `asking.Pool` and `health.Observed`: one server, probed."""

    def __init__(self, upstream: HttpUpstream, every_s: float) -> None:
        self._upstream = upstream
        self._every_s = every_s
        self._member = _Member(upstream)

    @property
    def name(self) -> str:
        """The name in the configuration."""
        return self._upstream.name

    @property
    def upstream_class(self) -> UpstreamClass:
        """Who runs the server."""
        return self._upstream.upstream_class

    def members(self, _model: str) -> Sequence[_Member]:
        """The one server."""
        return (self._member,)

    def standings(self) -> Sequence[Standing]:
        """The one server, as it was last seen."""
        return (Standing(self._member.name, self._member.known.state()),)

    async def send(
        self, request: MaskedRequest, request_id: str, headers: Mapping[str, str]
    ) -> HttpReply:
        """As the upstream behind it."""
        return await self._upstream.send(request, request_id, headers)

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Asks for as long as the block runs."""
        async with beside(self._work()):
            yield

    async def _work(self) -> None:
        while True:
            await self.look()
            await asyncio.sleep(self._every_s)

    async def look(self) -> None:
        """See whether it is there; one that answers that it does not want to is."""
        place, query = self._upstream.target("/models")
        headers = self._upstream.headers("probe", {})
        call = Call(place, headers, method="GET", query=query, types=frozenset({JSON}))
        well = True
        try:
            async with asyncio.timeout(self._every_s):
                reply = await self._upstream.client.send(call)
                await reply.aclose()
        except TimeoutError:
            well = False
        except UpstreamFailed as error:
            well = error.code not in DOWN | {"upstream_error"}
        self._member.known = self._member.known.seen(well=well)

    async def aclose(self) -> None:
        """Close the upstream behind it."""
        await self._upstream.aclose()
