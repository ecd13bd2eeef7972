"""What happens at the console by itself: requests expire, and what is past its time is deleted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from gateway.background import again_and_again, beside
from gateway.console.desk import Desk
from gateway.console.unmasking import expire_due
from gateway.errors import AuditUnavailable, ConfigError

EVERY_S: Final = 20.0
"""Between two looks."""


async def sweep(desk: Desk) -> None:
    """Look once. Raises as `Tables` and `Journal`."""
    await expire_due(desk)
    await asyncio.to_thread(desk.unmasks.sweep, desk.clock())
    await asyncio.to_thread(desk.feedback.sweep, desk.clock())


@asynccontextmanager
async def sweeping(desk: Desk | None) -> AsyncIterator[None]:
    """Looks every few seconds for as long as the block runs; without a console there is nothing.

    Where the database fails, or the console may not use it, the next look is another try: pages
    say so themselves.
    """

    if desk is None:
        yield
        return

    async def look() -> None:
        with suppress(AuditUnavailable, ConfigError):
            await sweep(desk)

    async with beside(again_and_again(look, EVERY_S, "console_not_swept")):
        yield
