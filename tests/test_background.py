"""What goes on beside a block ends with it, however the block ends."""

from __future__ import annotations

import asyncio
import logging

import pytest

from gateway import telemetry
from gateway.background import again_and_again, beside


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


async def test_what_is_done_again_and_again_goes_on_after_it_has_failed(
    monkeypatch: pytest.MonkeyPatch,
):
    said: list[tuple[str, int, dict[str, object]]] = []
    monkeypatch.setattr(telemetry, "log", lambda *told, **fields: said.append((*told, fields)))
    tries, again = 0, asyncio.Event()

    async def work() -> None:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise ArithmeticError("canary-4711")
        again.set()

    async with beside(again_and_again(work, 0.0, "work_failed")):
        await again.wait()
    assert said == [("work_failed", logging.WARNING, {"error_class": "ArithmeticError"})]
