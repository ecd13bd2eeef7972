"""What goes on beside a block of code, and ends with it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress

from gateway import telemetry


@asynccontextmanager
async def beside(work: Coroutine[object, object, None]) -> AsyncIterator[None]:
    """Does this work for as long as the block runs; what it fails with is raised at the end."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def again_and_again(
    work: Callable[[], Awaitable[object]], every_s: float, failed: str
) -> None:
    """Do it, wait, and do it again, for ever.

    What it fails with is logged as the event `failed`, without its words: the next time is another
    try, whatever it was.
    """
    while True:
        try:
            await work()
        except Exception as error:
            telemetry.log(failed, logging.WARNING, error_class=type(error).__name__)
        await asyncio.sleep(every_s)
