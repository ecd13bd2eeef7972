"""Stands between the pipeline and its parts, and notes what passes and when."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from gateway.audit.record import AuditRecord
from gateway.masking.mask import MaskedRequest
from gateway.ports import AuditSink, Detector, Reply, Upstream
from gateway.routing.asking import Ask, Member, Pool, Route
from gateway.routing.balance import Load
from gateway.types import Span, UpstreamClass

TOP: int = 5
"""Candidates that the model is asked for with each token."""


@dataclass(slots=True)
class Stopwatch:
    """When what began and ended, in milliseconds from the start; several of a name add up."""

    started: float = field(default_factory=time.perf_counter)
    begun: dict[str, float] = field(default_factory=dict)
    took: dict[str, float] = field(default_factory=dict)

    def now(self) -> float:
        """Milliseconds since the start."""
        return (time.perf_counter() - self.started) * 1000

    def note(self, name: str, begun: float) -> None:
        """Something that began then has ended now."""
        self.begun.setdefault(name, begun)
        self.took[name] = self.took.get(name, 0.0) + self.now() - begun


@dataclass(frozen=True, slots=True)
class WatchedDetector:
    """Implements `ports.Detector`."""

    inner: Detector
    watch: Stopwatch

    async def detect(self, texts: Sequence[str], tenant: str) -> Sequence[tuple[Span, ...]]:
        """As the inner one."""
        begun = self.watch.now()
        try:
            return await self.inner.detect(texts, tenant)
        finally:
            self.watch.note("detect", begun)


@dataclass(slots=True)
class WatchedSink:
    """Implements `ports.AuditSink`."""

    inner: AuditSink
    watch: Stopwatch
    records: int = 0

    @property
    def ready(self) -> bool:
        """As the inner one."""
        return self.inner.ready

    async def append(self, record: AuditRecord) -> None:
        """As the inner one."""
        self.records += 1
        begun = self.watch.now()
        try:
            await self.inner.append(record)
        finally:
            self.watch.note("record" if self.records == 1 else "close", begun)


@dataclass(slots=True)
class WatchedUpstream:
    """Implements `ports.Upstream`: asks for probabilities, and notes each chunk of the answer.

    `server` is the name of the one that answered, where there are several.
    """

    inner: Upstream
    watch: Stopwatch
    sent: float = 0.0
    first: float = 0.0
    chunks: list[tuple[float, bytes]] = field(default_factory=list, repr=False)
    server: str = ""

    @property
    def name(self) -> str:
        """As the inner one."""
        return self.inner.name

    @property
    def upstream_class(self) -> UpstreamClass:
        """As the inner one."""
        return self.inner.upstream_class

    async def send(
        self, request: MaskedRequest, request_id: str, headers: Mapping[str, str]
    ) -> Reply:
        """As the inner one."""
        return await self.noted(self.inner.send(_telling(request), request_id, headers))

    async def noted(self, sending: Awaitable[Reply]) -> Reply:
        """An answer, from whichever server it comes."""
        self.sent = self.watch.now()
        reply = await sending
        self.first = self.watch.now()
        return _WatchedReply(reply, self)

    async def aclose(self) -> None:
        """As the inner one."""
        await self.inner.aclose()


@dataclass(slots=True)
class WatchedPool(WatchedUpstream):
    """Implements `asking.Pool`, too."""

    def members(self, model: str) -> Sequence[Member]:
        """The servers of the inner one, watched."""
        pool = self.inner
        each = pool.members(model) if isinstance(pool, Pool) else ()
        return [_WatchedMember(one, self) for one in each]


@dataclass(frozen=True, slots=True)
class _WatchedMember:
    inner: Member
    pool: WatchedPool

    @property
    def name(self) -> str:
        return self.inner.name

    @property
    def is_up(self) -> bool:
        return self.inner.is_up

    @property
    def load(self) -> Load:
        return self.inner.load

    async def send(self, ask: Ask, route: Route) -> Reply:
        telling = replace(ask, request=_telling(ask.request))
        self.pool.server = self.name
        return await self.pool.noted(self.inner.send(telling, route))


def watched(upstream: Upstream, watch: Stopwatch) -> WatchedUpstream:
    """An upstream, or a pool of servers, that is watched."""
    kind = WatchedPool if isinstance(upstream, Pool) else WatchedUpstream
    return kind(upstream, watch)


def _telling(request: MaskedRequest) -> MaskedRequest:
    return request.with_fields(logprobs=True, top_logprobs=TOP)


@dataclass(frozen=True, slots=True)
class _WatchedReply:
    inner: Reply
    upstream: WatchedUpstream

    @property
    def is_stream(self) -> bool:
        return self.inner.is_stream

    async def chunks(self) -> AsyncIterator[bytes]:
        async for chunk in self.inner.chunks():
            self.upstream.chunks.append((self.upstream.watch.now(), chunk))
            yield chunk

    async def aclose(self) -> None:
        await self.inner.aclose()
