"""What happens at the console by itself, while nobody looks."""

from __future__ import annotations

import asyncio

import pytest

from gateway.console import sweeping
from gateway.console.unmasks import KEEP_S, LIFESPAN
from gateway.errors import AuditUnavailable
from tests.console.conftest import World
from tests.console.test_unmasking import asked, keep, people, steps


async def test_a_request_expires_and_goes_though_nobody_looks_at_it(world: World):
    record = await keep(world)
    anna, _ = await people(world)
    await asked(anna, record)
    await sweeping.sweep(world.desk)
    assert await steps(world) == [("unmask.requested", "anna")]
    world.clock.now += LIFESPAN.open_s
    await sweeping.sweep(world.desk)
    await sweeping.sweep(world.desk)
    assert await steps(world) == [("unmask.requested", "anna"), ("unmask.expired", "")]
    assert world.desk.unmasks.every()
    world.clock.now += KEEP_S
    await sweeping.sweep(world.desk)
    assert world.desk.unmasks.every() == []


async def test_it_goes_on_after_the_database_has_failed(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    looks = 0
    again = asyncio.Event()

    async def look(_: object) -> None:
        nonlocal looks
        looks += 1
        if looks == 1:
            raise AuditUnavailable("The console's tables cannot be read.")
        again.set()

    monkeypatch.setattr(sweeping, "sweep", look)
    monkeypatch.setattr(sweeping, "EVERY_S", 0.0)
    async with sweeping.sweeping(world.desk), asyncio.timeout(120):
        await again.wait()
    assert looks >= 2
