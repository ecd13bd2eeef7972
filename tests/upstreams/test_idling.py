"""A bounded wait for each piece of a body, on a clock of the test's own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest

from gateway.upstreams.idling import Idling

SECONDS = 10.0


class Timer:
    def __init__(self, at: float, call: Callable[[], None]) -> None:
        self.at = at
        self.call = call
        self.is_cancelled = False

    def cancel(self) -> None:
        self.is_cancelled = True


class Clock:
    """Stands for the event loop: time that moves on when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0
        self.timers: list[Timer] = []
        self.made = 0

    def time(self) -> float:
        return self.now

    def call_at(self, at: float, call: Callable[[], None]) -> Timer:
        self.made += 1
        self.timers.append(Timer(at, call))
        return self.timers[-1]

    def go_on(self, seconds: float) -> None:
        self.now += seconds
        due = [one for one in self.timers if one.at <= self.now]
        self.timers = [one for one in self.timers if one not in due]
        for one in due:
            if not one.is_cancelled:
                one.call()


class Content:
    """Stands for a body: a piece comes when the test says so."""

    def __init__(self) -> None:
        self.waiter: asyncio.Future[bytes] | None = None

    async def readany(self) -> bytes:
        self.waiter = asyncio.get_running_loop().create_future()
        return await self.waiter

    def set_exception(self, error: BaseException) -> None:
        assert self.waiter is not None
        self.waiter.set_exception(error)


class Body:
    def __init__(self) -> None:
        self.clock = Clock()
        self.content = Content()
        self.idling = Idling(cast(Any, self.content), SECONDS, cast(Any, self.clock))

    async def wait(self) -> asyncio.Task[bytes]:
        """Someone who waits for the next piece."""
        task = asyncio.create_task(self.idling.next())
        await asyncio.sleep(0)
        return task

    def come(self, piece: bytes = b"piece") -> None:
        assert self.content.waiter is not None
        self.content.waiter.set_result(piece)


async def test_a_wait_that_is_too_long_is_ended() -> None:
    body = Body()
    waiting = await body.wait()

    body.clock.go_on(SECONDS)

    with pytest.raises(TimeoutError):
        await waiting


@pytest.mark.parametrize("before", [0.0, 0.1, 4.0, 9.9])
async def test_each_wait_is_counted_from_its_own_beginning(before: float) -> None:
    body = Body()
    waiting = await body.wait()
    body.clock.go_on(before)
    body.come()
    assert await waiting == b"piece"

    waiting = await body.wait()
    body.clock.go_on(SECONDS - 0.1)
    await asyncio.sleep(0)
    assert not waiting.done()
    body.clock.go_on(0.1)

    with pytest.raises(TimeoutError):
        await waiting


async def test_a_reader_may_be_busy_for_as_long_as_it_likes() -> None:
    body = Body()
    waiting = await body.wait()
    body.come()
    await waiting

    body.clock.go_on(SECONDS * 3)
    waiting = await body.wait()
    body.clock.go_on(SECONDS - 0.1)
    body.come(b"later")

    assert await waiting == b"later"


async def test_many_pieces_need_one_timer() -> None:
    body = Body()
    for _ in range(100):
        waiting = await body.wait()
        body.clock.go_on(0.05)
        body.come()
        await waiting

    assert body.clock.made == 1


async def test_a_body_that_was_let_go_leaves_no_timer_behind() -> None:
    body = Body()
    waiting = await body.wait()
    body.come()
    await waiting

    body.idling.let_go()
    body.idling.let_go()

    assert all(one.is_cancelled for one in body.clock.timers)


async def test_a_body_that_nobody_reads_any_more_sets_no_new_timer() -> None:
    body = Body()
    waiting = await body.wait()
    body.come()
    await waiting

    body.clock.go_on(SECONDS)

    assert not body.clock.timers
