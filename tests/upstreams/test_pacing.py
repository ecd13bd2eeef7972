"""Whose time runs while a body goes out in pieces."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from gateway.settings import Limits
from gateway.upstreams.pacing import Paced

LIMITS = Limits(first_byte_s=1000.0, idle_s=100.0)


class Timeout:
    """Notes how many seconds it is set to; like the real one, it cannot be set once it is over."""

    def __init__(self) -> None:
        self.seconds: float | None = LIMITS.first_byte_s
        self.is_over = False

    def expired(self) -> bool:
        return self.is_over

    def reschedule(self, when: float | None) -> None:
        if self.is_over:
            raise RuntimeError("over")
        now = asyncio.get_running_loop().time()
        self.seconds = None if when is None else round(when - now)


async def test_time_runs_for_the_server_alone() -> None:
    """None while a piece is made, a little for each piece, and more for the answer."""
    timeout: Any = Timeout()
    seen: list[float | None] = []

    async def pieces() -> AsyncIterator[bytes]:
        for piece in (b"a", b"b"):
            seen.append(timeout.seconds)
            yield piece

    body = Paced(pieces(), timeout, LIMITS)
    async for _ in body:
        seen.append(timeout.seconds)
        assert not body.has_ended

    assert seen == [None, 100, None, 100]
    assert timeout.seconds == 1000
    assert body.has_ended


@pytest.mark.parametrize("lets_go", [False, True])
async def test_a_timeout_that_is_over_is_left_alone(lets_go: bool) -> None:
    """Whether it has expired or its block was left."""
    timeout: Any = Timeout()

    async def pieces() -> AsyncIterator[bytes]:
        yield b"a"
        yield b"b"

    body = Paced(pieces(), timeout, LIMITS)
    came = []
    async for piece in body:
        came.append(piece)
        if lets_go:
            body.let_go()
            timeout.seconds = 7.0
        else:
            timeout.is_over = True

    assert came == [b"a", b"b"]
    assert timeout.seconds == (7.0 if lets_go else 100)
