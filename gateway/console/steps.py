"""A step in a matter, in its order: claimed, put on record, settled."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from gateway.console.deciding import Act, Matter, Refusal, Why
from gateway.console.matters import Matters
from gateway.errors import AuditUnavailable, ConfigError

_UNAVAILABLE: Final = (AuditUnavailable, ConfigError)


async def take(
    table: Matters,
    which: str,
    act: Act,
    by: str,
    clock: Callable[[], float],
    record: Callable[[Matter], Awaitable[None]],
) -> Matter | None:
    """Take a step; the matter after it, None where there is no such matter.

    Raises:
        Refusal: it cannot be taken; nothing is on record.
        AuditUnavailable: it could not be put on record, and was not taken.
    """
    matter = await asyncio.to_thread(table.claim, which, act, by, clock())
    if matter is None or matter.claim is None:
        return None
    try:
        await record(matter)
    except BaseException:
        with suppress(*_UNAVAILABLE):  # or else the claim runs out
            await asyncio.to_thread(table.release, which, matter.claim)
        raise
    done = await asyncio.to_thread(table.settle, which, matter.claim, clock())
    if done is None:
        raise Refusal(Why.TAKEN)
    return done
