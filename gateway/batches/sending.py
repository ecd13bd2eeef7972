"""An upload on its way: lines go in, the upstream takes them as fast as it can."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

from gateway.errors import GatewayError
from gateway.exchange import Caller
from gateway.ports import FileStore, MaskedLine
from gateway.wire.answers import invalid

WAITING = 4
"""So many lines wait for the upstream; then whoever makes them waits."""


class Sending:
    """One upload. It runs by itself until it is finished or left."""

    __slots__ = ("_queue", "_task")

    def __init__(self, store: FileStore, expires_s: int | None, caller: Caller) -> None:
        self._queue: asyncio.Queue[MaskedLine | None] = asyncio.Queue(WAITING)
        sent = store.upload(self._lines(), expires_s, caller.request_id, caller.headers)
        self._task: asyncio.Task[dict[str, Any]] = asyncio.ensure_future(sent)

    async def put(self, line: MaskedLine | None) -> None:
        """The next line; None after the last.

        Raises:
            UpstreamFailed: the upload has failed.
        """
        putting = asyncio.ensure_future(self._queue.put(line))
        try:
            await asyncio.wait({putting, self._task}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not putting.done():
                putting.cancel()
        if self._task.done():
            self._task.result()
            if line is not None:
                raise invalid()  # the upstream was done before the lines were

    async def finish(self) -> dict[str, Any]:
        """All lines are in: what the upstream says of the file. Raises as `put`."""
        await self.put(None)
        return await self._task

    async def leave(self) -> None:
        """Break the upload off, unless it has ended. The upstream has no file then."""
        self._task.cancel()
        with suppress(asyncio.CancelledError, GatewayError):
            await self._task

    async def _lines(self) -> AsyncIterator[MaskedLine]:
        while (line := await self._queue.get()) is not None:
            yield line
