"""How long the next piece of a body may take, with one timer for all pieces of a body.

A timer of its own for each would cost more than half of what reading and restoring an event costs.
"""

from __future__ import annotations

import asyncio

import aiohttp


class Idling:
    """Reads one body. A wait for a piece is bounded; how long its reader is busy is not."""

    __slots__ = ("_content", "_loop", "_seconds", "_since", "_timer")

    def __init__(
        self, content: aiohttp.StreamReader, seconds: float, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._content = content
        self._seconds = seconds
        self._loop = loop
        self._since: float | None = None  # when the wait began that goes on now
        self._timer: asyncio.TimerHandle | None = None

    async def next(self) -> bytes:
        """The next piece; b"" at the end of the body.

        Raises:
            TimeoutError: it took too long. Nothing more can be read then.
            aiohttp.ClientError, OSError: the body broke off.
        """
        self._since = self._loop.time()
        if self._timer is None:
            self._timer = self._loop.call_at(self._since + self._seconds, self._look)
        try:
            return await self._content.readany()
        finally:
            self._since = None

    def let_go(self) -> None:
        """No more pieces are wanted."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        """End a wait that is too long; look again when the one that goes on would be."""
        self._timer = None
        if self._since is None:
            return
        due = self._since + self._seconds
        if self._loop.time() >= due:
            self._content.set_exception(TimeoutError())
        else:
            self._timer = self._loop.call_at(due, self._look)
