"""Deletes what is kept of requests once its days are over, while the gateway runs.

On PostgreSQL the gateway's role may not delete: there a function does it, which takes nothing
before its time and nothing that is on hold. What has expired is not opened in any case.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from gateway import telemetry
from gateway.audit.content.store import open_content
from gateway.audit.postgres.backend import WRITER
from gateway.errors import AuditUnavailable, ConfigError

FIRST_S = 30.0
EVERY_S = 3600.0
BUSY_S = 0.5
"""Seconds to wait for others at the database: nobody waits for us longer than that."""


class Expirer:
    """Deletes expired content of one log, from time to time.

    Args:
        url: the audit URL.
        master: the master key.
        first_s: seconds until the first time.
        every_s: seconds between two times.
    """

    def __init__(
        self, url: str, master: bytes, *, first_s: float = FIRST_S, every_s: float = EVERY_S
    ) -> None:
        self._url = url
        self._master = master
        self._first_s = first_s
        self._every_s = every_s

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Goes on for as long as the block runs."""
        working = asyncio.create_task(self._work())
        try:
            yield
        finally:
            working.cancel()
            with suppress(asyncio.CancelledError):
                await working

    async def _work(self) -> None:
        await asyncio.sleep(self._first_s)
        while True:
            await asyncio.to_thread(self.expire)
            await asyncio.sleep(self._every_s)

    def expire(self) -> int:
        """Delete what has expired now; of how many requests. Where that fails, it is tried again
        the next time."""
        try:
            with open_content(self._url, self._master, busy_s=BUSY_S, role=WRITER) as content:
                done = content.expire()
        except (AuditUnavailable, ConfigError) as error:
            telemetry.log("content_not_expired", logging.WARNING, error_class=type(error).__name__)
            return 0
        if done:
            telemetry.log("content_expired", logging.INFO, count=done)
        return done
