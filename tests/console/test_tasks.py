"""The first page says what waits for whoever looks at it, and nobody else's."""

from __future__ import annotations

from gateway.console.accounts import Role
from gateway.console.unmasks import LIFESPAN
from tests.console.conftest import World
from tests.console.test_feedback import given
from tests.console.test_unmasking import asked, decide, keep, people


async def words(world: World, name: str) -> str:
    return (await (await world.browser(name)).get("/console")).words


async def test_an_approver_is_told_what_waits_until_it_is_decided(world: World):
    record = await keep(world)
    anna, bert = await people(world)
    assert "wait for you" not in await words(world, "bert")
    first, second = await asked(anna, record), await asked(anna, record)
    said = await given(anna)
    told = await words(world, "bert")
    assert "Requests to unmask that wait for you: 2" in told
    assert "Feedback that waits for you: 1" in told
    await decide(bert, first)
    await decide(bert, second, "refuse")
    await decide(bert, said, "accept")
    told = await words(world, "bert")
    assert "for you" not in told


async def test_nobody_is_told_of_their_own_or_of_other_tenants(world: World):
    record = await keep(world)
    world.account("anna", Role.REVIEWER, Role.APPROVER)
    anna = await world.browser("anna")
    await asked(anna, record)
    await given(anna)
    world.account("dora", Role.APPROVER, tenants=("globex",))
    for name in ("anna", "dora"):
        assert "for you" not in await words(world, name)


async def test_who_asked_is_told_while_the_text_can_be_seen(world: World):
    record = await keep(world)
    anna, bert = await people(world)
    path = await asked(anna, record)
    assert "can be seen" not in await words(world, "anna")
    await decide(bert, path)
    assert "A text that you asked for can be seen until" in await words(world, "anna")
    assert "can be seen" not in await words(world, "bert")
    world.clock.now += LIFESPAN.approved_s
    assert "can be seen" not in await words(world, "anna")
