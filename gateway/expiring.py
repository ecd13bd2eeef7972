"""Deletes what is kept, beside the log and in the vault, once its days are over, while it runs.

On PostgreSQL the gateway's role may not delete: there a function does it, which takes nothing
before its time and nothing that is on hold. What has expired is not opened in any case.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gateway import telemetry
from gateway.audit.content.store import open_content
from gateway.audit.postgres.backend import WRITER
from gateway.background import again_and_again, beside
from gateway.errors import AuditUnavailable, ConfigError, VaultUnavailable
from gateway.ports import Vault

FIRST_S = 30.0
EVERY_S = 3600.0
BUSY_S = 0.5
"""Seconds to wait for others at the database: nobody waits for us longer than that."""


class Expirer:
    """Deletes expired content of one log, and what has expired in the vault, from time to time.

    Args:
        url: the audit URL.
        master: the master key.
        vault: the vault.
        first_s: seconds until the first time.
        every_s: seconds between two times.
    """

    def __init__(
        self,
        url: str,
        master: bytes,
        vault: Vault | None = None,
        *,
        first_s: float = FIRST_S,
        every_s: float = EVERY_S,
    ) -> None:
        self._url = url
        self._master = master
        self._vault = vault
        self._first_s = first_s
        self._every_s = every_s

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Goes on for as long as the block runs."""
        async with beside(self._work()):
            yield

    async def _work(self) -> None:
        await asyncio.sleep(self._first_s)
        await again_and_again(self._round, self._every_s, "expiry_failed")

    async def _round(self) -> None:
        await asyncio.to_thread(self.expire)
        await self.purge()

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

    async def purge(self) -> int:
        """Delete what has expired in the vault; how many items. It is tried again as `expire`."""
        if self._vault is None:
            return 0
        try:
            done = await self._vault.purge(time.time())
        except VaultUnavailable as error:
            telemetry.log("vault_not_purged", logging.WARNING, error_class=type(error).__name__)
            return 0
        if done:
            telemetry.log("vault_purged", logging.INFO, count=done)
        return done
