"""Upstreams are swapped as a whole; who began with the old ones ends with them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.app import Parts, open_parts
from gateway.config import load
from gateway.errors import ConfigError
from gateway.fleet import Fleet
from gateway.settings import Settings
from gateway.settings import Upstream as UpstreamSettings
from gateway.types import UpstreamClass
from gateway.upstreams.probing import ProbedUpstream


def upstream(name: str, **more: Any) -> UpstreamSettings:
    said = {"kind": "loopback", "upstream_class": UpstreamClass.ON_PREM, **more}
    return UpstreamSettings(name=name, **said)


class World:
    """Parts whose upstreams tell when they are closed."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.closed: list[str] = []
        self.parts: Parts = open_parts(settings, self._wrapped)
        self.serving = self.parts.serving

    def _wrapped(self, one: Any) -> Any:
        world = self

        class Closing:
            name, upstream_class, send = one.name, one.upstream_class, one.send

            async def aclose(self) -> None:
                world.closed.append(one.name)
                await one.aclose()

        return Closing()

    async def swap(self, *upstreams: UpstreamSettings) -> None:
        await self.serving.swap(replace(self.settings, upstreams=upstreams))

    @property
    def names(self) -> list[str]:
        return list(self.serving.current.pipeline.upstreams)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    file = tmp_path / "cloakroom.yaml"
    entry = "{name: a, kind: loopback, class: on_prem}, {name: b, kind: loopback, class: on_prem}"
    file.write_text(f"version: 1\nupstreams: [{entry}]\ndetection: {{profile: patterns}}\n")
    one = World(load(file, os.environ))
    yield one
    await one.parts.aclose()


def whole(fleet: Fleet) -> Fleet:
    return fleet


async def test_what_has_not_changed_stays_what_it_was(world: World):
    before = dict(world.serving.current.pipeline.upstreams)
    await world.swap(world.settings.upstreams[0], upstream("c"))
    now = world.serving.current.pipeline.upstreams
    assert list(now) == ["a", "c"]
    assert now["a"] is before["a"]
    for _ in range(3):
        await asyncio.sleep(0)
    assert world.closed == ["b"]


async def test_all_that_asks_upstreams_has_the_same_ones(world: World):
    await world.swap(upstream("c"))
    fleet = world.serving.current
    assert [one.name for one in fleet.pipeline.settings.upstreams] == ["c"]
    assert fleet.batches.pipeline is fleet.answers.pipeline is fleet.pipeline
    assert list(fleet.batches.stores) == list(fleet.answers.stores) == ["c"]


async def test_who_began_with_the_old_ones_keeps_them_until_the_end(world: World):
    with world.serving.using(whole) as first:
        await world.swap(upstream("c"))
        with world.serving.using(whole) as second:
            await world.swap(upstream("d"))
            assert list(first.pipeline.upstreams) == ["a", "b"]
            assert list(second.pipeline.upstreams) == ["c"]
            assert world.names == ["d"]
            for _ in range(3):
                await asyncio.sleep(0)
            assert world.closed == []
        for _ in range(3):
            await asyncio.sleep(0)
        assert world.closed == ["c"]
    for _ in range(3):
        await asyncio.sleep(0)
    assert sorted(world.closed) == ["a", "b", "c"]


async def test_one_that_cannot_be_opened_changes_nothing(world: World):
    before = world.serving.current
    bad = upstream("bad", kind="openai", base_url="http://127.0.0.1:1", forward_headers=("host",))
    with pytest.raises(ConfigError):
        await world.swap(upstream("c"), bad)
    assert world.serving.current is before
    assert world.closed == ["c"]  # it was opened for nothing


async def test_a_changed_upstream_is_asked_for_what_it_may_be_asked_for_now(world: World):
    dispatcher = world.serving.current.pipeline.dispatcher
    await world.swap(upstream("a", max_concurrent=3), world.settings.upstreams[1])
    assert dispatcher._budgets["a"].at_once == 3
    assert "b" not in dispatcher._budgets
    assert world.serving.current.pipeline.dispatcher is dispatcher


async def test_only_upstreams_in_force_are_looked_at(world: World, monkeypatch: Any):
    looked: list[str] = []

    @asynccontextmanager
    async def watching(self: ProbedUpstream) -> AsyncIterator[None]:
        looked.append(self.name)
        yield
        looked.remove(self.name)

    monkeypatch.setattr(ProbedUpstream, "watching", watching)
    web: Callable[..., UpstreamSettings] = lambda name: upstream(  # noqa: E731
        name, kind="openai", base_url="http://127.0.0.1:1", probe_s=9.0
    )
    async with world.parts.watching():
        await world.swap(web("x"), web("y"))
        assert looked == ["x", "y"]
        await world.swap(web("y"), web("z"))
        assert looked == ["y", "z"]
    assert looked == []


async def test_one_that_cannot_be_closed_keeps_nothing_else_open(tmp_path: Path):
    file = tmp_path / "cloakroom.yaml"
    entry = "{name: a, kind: loopback, class: on_prem}, {name: b, kind: loopback, class: on_prem}"
    file.write_text(f"version: 1\nupstreams: [{entry}]\ndetection: {{profile: patterns}}\n")
    closed: list[str] = []

    def broken(one: Any) -> Any:
        class Broken:
            name, upstream_class, send = one.name, one.upstream_class, one.send

            async def aclose(self) -> None:
                closed.append(one.name)
                raise OSError

        return Broken()

    parts = open_parts(load(file, os.environ), broken)
    await parts.aclose()
    assert sorted(closed) == ["a", "b"]
