"""Whose time runs while a request goes out piece by piece: the server's, never its caller's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator

from gateway.settings import Limits


class Paced:
    """A body in pieces under one timeout.

    No time runs while the next piece is made. The server has `idle_s` to take each, and
    `first_byte_s` to answer after the last.
    """

    def __init__(
        self, pieces: AsyncIterable[bytes], timeout: asyncio.Timeout, limits: Limits
    ) -> None:
        self._pieces = pieces
        self._timeout = timeout
        self._limits = limits
        self._is_watched = True
        self.has_ended = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The pieces."""
        self._set(None)
        async for piece in self._pieces:
            self._set(self._limits.idle_s)
            yield piece
            self._set(None)
        self.has_ended = True
        self._set(self._limits.first_byte_s)

    def let_go(self) -> None:
        """The timeout is over; it must not be set any more."""
        self._is_watched = False

    def _set(self, seconds: float | None) -> None:
        if self._is_watched and not self._timeout.expired():
            now = asyncio.get_running_loop().time()
            self._timeout.reschedule(None if seconds is None else now + seconds)
