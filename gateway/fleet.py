"""The upstreams in force, with all that asks them; swapped as a whole while the gateway runs.

A request holds the fleet that it began with. What a newer one no longer has stays open until the
last request that may use it has ended.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from typing import Final, TypeAlias, TypeVar

from gateway.batches.parts import BatchParts
from gateway.pipeline import Pipeline
from gateway.ports import FileStore, StateStore, Upstream
from gateway.retrieving import StoredAnswers
from gateway.settings import Limits, Settings
from gateway.settings import Upstream as UpstreamSettings
from gateway.types import Family
from gateway.upstreams.anthropic import anthropic_upstream
from gateway.upstreams.azure import azure_upstream
from gateway.upstreams.files import AZURE_ENDPOINTS, AZURE_URLS, HttpFiles
from gateway.upstreams.http import HttpUpstream
from gateway.upstreams.loopback import LoopbackStates, LoopbackUpstream
from gateway.upstreams.loopback_files import LoopbackFiles
from gateway.upstreams.openai import openai_upstream
from gateway.upstreams.probing import ProbedUpstream
from gateway.upstreams.states import HttpStates
from gateway.upstreams.vllm import VllmPool

Wrap: TypeAlias = Callable[[Upstream], Upstream]
Part = TypeVar("Part")

HTTP_UPSTREAMS: Final[Mapping[str, Callable[[UpstreamSettings, Limits], HttpUpstream]]] = {
    "openai": openai_upstream,
    "anthropic": anthropic_upstream,
    "azure_openai": azure_upstream,
}
"""The servers that are reached over HTTP, by the kind that the configuration names."""

FILES_OVER_HTTP: Final = ("openai", "azure_openai")
"""Those of them that may take files of requests."""


def make_upstream(settings: UpstreamSettings, limits: Limits, master_key: bytes = b"") -> Upstream:
    """The upstream of the configured kind."""
    if settings.kind == "vllm":
        return VllmPool(settings, limits, master_key)
    if settings.kind == "loopback":
        return LoopbackUpstream(settings)
    return HTTP_UPSTREAMS[settings.kind](settings, limits)


def make_files(settings: UpstreamSettings, upstream: Upstream) -> FileStore | None:
    """What keeps files of requests at an upstream; None where its kind has no such thing."""
    if isinstance(upstream, LoopbackUpstream):
        return LoopbackFiles(upstream)
    if not isinstance(upstream, HttpUpstream) or settings.kind not in FILES_OVER_HTTP:
        return None
    if settings.kind == "azure_openai":
        return HttpFiles(upstream, settings.model_map, AZURE_URLS, AZURE_ENDPOINTS)
    return HttpFiles(upstream, settings.model_map)


def make_states(settings: UpstreamSettings, upstream: Upstream) -> StateStore | None:
    """What gives stored answers back; None where the upstream's kind has no such thing."""
    if isinstance(upstream, LoopbackUpstream):
        return LoopbackStates(upstream)
    if isinstance(upstream, HttpUpstream) and Family.RESPONSES in settings.families:
        return HttpStates(upstream)
    return None


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """One upstream with what belongs to it. `watched` is looked at while it is in force."""

    settings: UpstreamSettings
    upstream: Upstream
    files: FileStore | None
    states: StateStore | None
    watched: VllmPool | ProbedUpstream | None


def open_upstream(
    settings: UpstreamSettings, limits: Limits, master_key: bytes, wrap: Wrap | None
) -> Opened:
    """Open it. Raises `ConfigError` where it cannot be."""
    made = make_upstream(settings, limits, master_key)
    files, states = make_files(settings, made), make_states(settings, made)
    asked: Upstream = made
    if settings.probe_s and isinstance(made, HttpUpstream):
        asked = ProbedUpstream(made, settings.probe_s)
    watched = asked if isinstance(asked, VllmPool | ProbedUpstream) else None
    return Opened(settings, asked if wrap is None else wrap(asked), files, states, watched)


def by_name(opened: Sequence[Opened]) -> dict[str, Upstream]:
    """The upstreams by the names that the configuration gives them."""
    return {one.settings.name: one.upstream for one in opened}


@dataclass(frozen=True, slots=True, eq=False)
class Fleet:
    """Upstreams, and what requests are served with: all of one configuration."""

    opened: tuple[Opened, ...]
    pipeline: Pipeline
    batches: BatchParts
    answers: StoredAnswers

    def with_upstreams(self, settings: Settings, opened: tuple[Opened, ...]) -> Fleet:
        """The same, but for the upstreams."""
        pipeline = replace(self.pipeline, settings=settings, upstreams=by_name(opened))
        stores = {one.settings.name: one.files for one in opened if one.files is not None}
        states = {one.settings.name: one.states for one in opened if one.states is not None}
        batches = replace(self.batches, pipeline=pipeline, stores=stores)
        answers = replace(self.answers, pipeline=pipeline, stores=states)
        return Fleet(opened, pipeline, batches, answers)


@dataclass(slots=True, eq=False)
class _Generation:
    fleet: Fleet
    users: int = 0


class Serving:
    """Holds the fleet in force, and closes what no request can use any more."""

    def __init__(self, fleet: Fleet, wrap: Wrap | None = None) -> None:
        self._wrap = wrap
        self._generations = [_Generation(fleet)]  # the newest last
        self._watches: dict[Opened, AsyncExitStack] = {}
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def current(self) -> Fleet:
        """The fleet in force."""
        return self._generations[-1].fleet

    @contextmanager
    def using(self, part: Callable[[Fleet], Part]) -> Iterator[Part]:
        """A part of the fleet in force, which stays open for as long as the block runs."""
        generation = self._generations[-1]
        generation.users += 1
        try:
            yield part(generation.fleet)
        finally:
            generation.users -= 1
            self._let_go()

    async def swap(self, settings: Settings) -> None:
        """Have the upstreams of these settings in force; what has not changed stays as it is.

        Raises:
            ConfigError: one cannot be opened, so all is as before.
        """
        known = {one.settings.name: one for one in self.current.opened}
        limits, master = settings.limits, settings.master_key
        made: list[Opened] = []
        opened: list[Opened] = []
        try:
            for one in settings.upstreams:
                before = known.get(one.name)
                if before is not None and before.settings == one:
                    opened.append(before)
                    continue
                made.append(open_upstream(one, limits, master, self._wrap))
                opened.append(made[-1])
            for new in made:
                await self._watch(new)
        except BaseException:
            for new in made:
                await self._unwatch(new)
                await new.upstream.aclose()
            raise
        fleet = self.current.with_upstreams(settings, tuple(opened))
        fleet.pipeline.dispatcher.renew([one.settings for one in made])
        gone = [one for one in self.current.opened if one not in opened]
        self._generations.append(_Generation(fleet))
        for old in gone:
            await self._unwatch(old)
        self._let_go()

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Looks at the servers of pools, and at others, for as long as the block runs."""
        try:
            for one in self.current.opened:
                await self._watch(one)
            yield
        finally:
            for watched in list(self._watches):
                await self._unwatch(watched)

    async def aclose(self) -> None:
        """Close all that is open."""
        every = {one for each in self._generations for one in each.fleet.opened}
        closing = [*self._closing, *(opened.upstream.aclose() for opened in every)]
        # One that cannot be closed must not keep the others, or the log, from being closed.
        await asyncio.gather(*closing, return_exceptions=True)

    def _let_go(self) -> None:
        """Close the upstreams that only fleets have which nobody uses."""
        *old, current = self._generations
        over = [one for one in old if not one.users]
        if not over:
            return
        self._generations = [one for one in old if one.users] + [current]
        kept = {one for each in self._generations for one in each.fleet.opened}
        for opened in {one for each in over for one in each.fleet.opened} - kept:
            task = asyncio.get_running_loop().create_task(opened.upstream.aclose())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    async def _watch(self, opened: Opened) -> None:
        if opened.watched is not None:
            stack = AsyncExitStack()
            await stack.enter_async_context(opened.watched.watching())
            self._watches[opened] = stack

    async def _unwatch(self, opened: Opened) -> None:
        stack = self._watches.pop(opened, None)
        if stack is not None:
            await stack.aclose()
