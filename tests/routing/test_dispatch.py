"""Requests go to one of the upstreams that were decided on, and to the next where one fails."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import pytest

from gateway.errors import GatewayError, Overloaded, Unavailable, UpstreamFailed
from gateway.routing.asking import Choice, Route
from gateway.routing.balance import Load
from gateway.routing.circuit import FAILURES
from gateway.routing.dispatch import DOWN, LONGEST_REST_S, MAX_ATTEMPTS, RETRIED, Dispatcher
from tests.routing.servers import Pool, Replica, Reply, ask, choice, failing, settings


class World:
    """Servers whose failures a test sets, a clock, and a dispatcher."""

    def __init__(self) -> None:
        self.now = 100.0
        self.asked: list[str] = []
        self.failures: dict[str, UpstreamFailed] = {}
        self.breaks: dict[str, UpstreamFailed] = {}
        self.replies: list[Reply] = []
        self.dispatcher = Dispatcher(lambda: self.now)
        self.route = Route()

    def script(self, name: str) -> Reply:
        if name in self.failures:
            raise self.failures[name]
        self.replies.append(Reply(self.breaks.get(name)))
        return self.replies[-1]

    def choices(self, *names: str, **fields: Any) -> list[Choice]:
        return [choice(name, self.script, self.asked, **fields) for name in names]

    def pool(self, *names: str, **fields: Any) -> Choice:
        replicas = [Replica(name, self.script, self.asked, **fields) for name in names]
        return Choice(settings("pool"), Pool("pool", self.script, self.asked, replicas=replicas))

    async def ask(
        self, choices: list[Choice], key: bytes = b"c", used: int = 0
    ) -> GatewayError | None:
        """Ask and read the answer; the error that came of it."""
        self.asked.clear()
        self.route = Route()
        try:
            async with self.dispatcher.asking(ask(key), choices, self.route, lambda: used) as reply:
                async for _ in reply.chunks():
                    pass
        except GatewayError as error:
            return error
        return None


@pytest.fixture
def world() -> World:
    return World()


async def test_without_priorities_the_order_decides(world: World):
    choices = world.choices("a", "b", "c")
    for number in range(20):
        assert await world.ask(choices, b"%d" % number) is None
        assert world.asked == ["a"]
    assert world.route.served == choices[0].settings


async def test_the_lowest_priority_comes_first_and_equals_share(world: World):
    last = world.choices("last", priority=2)
    first = world.choices("b", "c", priority=1)
    served = set()
    for number in range(40):
        await world.ask(last + first, b"%d" % number)
        served |= set(world.asked)
    assert served == {"b", "c"}


async def test_a_conversation_stays_where_it_is(world: World):
    choices = world.choices("a", "b", "c", priority=1)
    for number in range(10):
        await world.ask(choices, b"%d" % number)
        first = list(world.asked)
        await world.ask(choices, b"%d" % number)
        assert world.asked == first


@pytest.mark.parametrize("code", sorted(RETRIED))
async def test_the_next_one_is_asked_before_the_first_byte(code: str, world: World):
    choices = world.choices("a", "b")
    world.failures["a"] = failing(code)
    assert await world.ask(choices) is None
    assert world.asked == ["a", "b"]
    assert (world.route.attempts, world.route.served) == (2, choices[1].settings)


@pytest.mark.parametrize(
    "code",
    ["upstream_timeout", "upstream_rejected", "upstream_auth", "upstream_invalid",
     "context_length_exceeded"],
)  # fmt: skip
async def test_what_another_would_not_do_better_is_not_tried_again(code: str, world: World):
    world.failures["a"] = failing(code)
    error = await world.ask(world.choices("a", "b"))
    assert error is world.failures["a"]
    assert world.asked == ["a"]


@pytest.mark.parametrize("code", sorted(DOWN | RETRIED))
async def test_nobody_else_is_asked_after_the_first_byte(code: str, world: World):
    world.breaks["a"] = failing(code)
    error = await world.ask(world.choices("a", "b"))
    assert error is world.breaks["a"]
    assert world.asked == ["a"]
    assert world.replies[0].closed


async def test_there_are_so_many_attempts_and_no_more(world: World):
    names = "abcdef"
    world.failures = {name: failing("upstream_unreachable") for name in names}
    error = await world.ask(world.choices(*names))
    assert world.asked == list(names[:MAX_ATTEMPTS])
    assert isinstance(error, Unavailable)
    assert error.code == "upstreams_down"
    assert world.route.served is None


async def test_the_failure_of_an_only_upstream_is_told(world: World):
    world.failures["a"] = failing("upstream_unreachable")
    assert await world.ask(world.choices("a")) is world.failures["a"]


async def test_a_limit_of_the_last_is_told(world: World):
    world.failures = {
        "a": failing("upstream_unreachable"), "b": failing("upstream_rate_limited", 7),
    }  # fmt: skip
    error = await world.ask(world.choices("a", "b"))
    assert error is world.failures["b"]


async def test_who_fails_again_and_again_is_not_asked_and_then_asked_once(world: World):
    choices = world.choices("a", "b")
    world.failures["a"] = failing("upstream_unreachable")
    for _ in range(FAILURES):
        await world.ask(choices)
        assert world.asked == ["a", "b"]
    await world.ask(choices)
    assert world.asked == ["b"]
    world.now += 1.0
    await world.ask(choices)
    assert world.asked == ["a", "b"]
    await world.ask(choices)
    assert world.asked == ["b"]
    world.failures.clear()
    world.now += 2.0
    for _ in range(2):
        await world.ask(choices)
        assert world.asked == ["a"]


async def test_all_down_is_unavailable_and_nobody_is_asked(world: World):
    choices = world.choices("a", "b")
    world.failures = {name: failing("upstream_unreachable") for name in "ab"}
    for _ in range(FAILURES):
        await world.ask(choices)
    error = await world.ask(choices)
    assert (world.asked, error and (error.status, error.code)) == ([], (503, "upstreams_down"))


async def test_answers_that_break_off_open_the_circuit_as_well(world: World):
    choices = world.choices("a", "b")
    world.breaks["a"] = failing("upstream_truncated")
    for _ in range(FAILURES):
        await world.ask(choices)
        assert world.asked == ["a"]
    assert await world.ask(choices) is None
    assert world.asked == ["b"]


async def test_a_request_that_a_server_chokes_on_does_not_close_it_to_others(world: World):
    choices = world.choices("a")
    world.failures["a"] = failing("upstream_error")
    for _ in range(3 * FAILURES):
        await world.ask(choices)
    world.failures.clear()
    assert await world.ask(choices) is None


async def test_who_asks_to_be_left_alone_is(world: World):
    choices = world.choices("a", "b")
    world.failures["a"] = failing("upstream_rate_limited", 30)
    await world.ask(choices)
    world.failures.clear()
    await world.ask(choices)
    assert world.asked == ["b"]
    world.now += 30.0
    await world.ask(choices)
    assert world.asked == ["a"]


async def test_nobody_is_left_alone_for_hours(world: World):
    choices = world.choices("a")
    world.failures["a"] = failing("upstream_rate_limited", 9_999)
    await world.ask(choices)
    world.failures.clear()
    error = await world.ask(choices)
    assert isinstance(error, Overloaded)
    assert (error.code, error.retry_after) == ("upstream_busy", LONGEST_REST_S)
    world.now += LONGEST_REST_S
    assert await world.ask(choices) is None


async def test_so_many_at_a_time_and_no_more(world: World):
    choices = world.choices("a", max_concurrent=1) + world.choices("b", max_concurrent=1)
    async with world.dispatcher.asking(ask(), choices, Route(), int):
        assert await world.ask(choices) is None
        assert world.asked == ["b"]
        async with world.dispatcher.asking(ask(), choices, Route(), int):
            error = await world.ask(choices)
            assert isinstance(error, Overloaded)
            assert (error.status, error.code, error.retry_after) == (429, "upstream_busy", 1)
    await world.ask(choices)
    assert world.asked == ["a"]


async def test_so_many_tokens_per_minute_and_no_more(world: World):
    choices = world.choices("a", tokens_per_minute=600)
    assert await world.ask(choices, used=700) is None
    error = await world.ask(choices)
    assert isinstance(error, Overloaded)
    assert error.retry_after == 10
    world.now += 10.5
    assert await world.ask(choices) is None


async def test_the_guess_counts_where_nothing_was_counted(world: World):
    choices = world.choices("a", tokens_per_minute=1)
    assert await world.ask(choices, used=0) is None
    assert isinstance(await world.ask(choices), Overloaded)


@pytest.mark.parametrize("broken", [None, "upstream_truncated"])
async def test_who_walks_away_leaves_nothing_behind(broken: str | None, world: World):
    """Neither a request in flight nor a probe that nobody ends."""
    (one,) = choices = world.choices("a", max_concurrent=1)
    if broken:
        world.failures["a"] = failing(broken)
        for _ in range(FAILURES):
            await world.ask(choices)
        world.failures.clear()
        world.now += 1.0
    waiting = asyncio.Event()

    async def never(*_: object) -> Reply:
        waiting.set()
        await asyncio.Event().wait()
        raise AssertionError

    sends, one.upstream.send = one.upstream.send, never  # type: ignore[method-assign]
    task = asyncio.ensure_future(world.ask(choices))
    await waiting.wait()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    one.upstream.send = sends  # type: ignore[method-assign]
    assert await world.ask(choices) is None
    assert world.asked == ["a"]


async def test_the_servers_of_a_pool_are_asked_one_after_the_other(world: World):
    pool = world.pool("r1", "r2", "r3")
    await world.ask([pool])
    (first,) = world.asked
    world.failures[first] = failing("upstream_unreachable")
    assert await world.ask([pool]) is None
    assert world.asked[0] == first
    assert len(world.asked) == 2
    assert world.route.served is pool.settings


async def test_servers_that_are_not_up_are_not_asked(world: World):
    pool = world.pool("r1", "r2", is_up=False)
    error = await world.ask([pool])
    assert (world.asked, error and error.code) == ([], "upstreams_down")


async def test_a_pool_without_servers_is_down(world: World):
    error = await world.ask([world.pool()])
    assert error is not None
    assert error.code == "upstreams_down"
    assert await world.ask([world.pool(), *world.choices("b")]) is None
    assert world.asked == ["b"]


async def test_a_full_pool_comes_after_one_of_the_same_priority_that_is_not(world: World):
    full = world.pool("r1", "r2", load=Load(waiting=5.0))
    choices = [*world.choices("b", priority=1), full]
    choices[1] = Choice(settings("pool", priority=1), full.upstream)
    for number in range(20):
        await world.ask(choices, b"%d" % number)
        assert world.asked == ["b"]


async def test_conversations_spill_over_to_the_next_server_of_a_pool(world: World):
    pool = world.pool("r1", "r2")
    await world.ask([pool])
    (first,) = world.asked
    async with (
        world.dispatcher.asking(ask(b"c"), [pool], Route(), int),
        world.dispatcher.asking(ask(b"c"), [pool], Route(), int),
    ):
        world.asked.clear()
        await world.ask([pool])
    assert world.asked != [first]
