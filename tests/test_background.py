"""What goes on beside a block ends with it, however the block ends."""

from __future__ import annotations

import asyncio

import pytest

from gateway.background import beside


async def test_it_goes_on_beside_the_block_and_ends_with_it():
    begun, ended = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async def block() -> None:
        async with beside(work()):
            await begun.wait()
            assert not ended.is_set()
            raise LookupError

    with pytest.raises(LookupError):
        await block()
    assert ended.is_set()


async def test_what_it_fails_with_is_raised_where_the_block_ends():
    failed = asyncio.Event()

    async def work() -> None:
        failed.set()
        raise ArithmeticError

    with pytest.raises(ArithmeticError):
        async with beside(work()):
            await failed.wait()
