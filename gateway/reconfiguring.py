"""Takes a changed list of upstreams into force while the gateway runs: whole, or not at all.

The configuration is read again when its file changes and on SIGHUP, which also takes in secrets
whose files have changed. A change counts once two looks have read the same. Where anything else
than the upstreams differs, or the file is wrong, nothing changes, and a log line, a metric, a
warning of readiness and an audit record say so: the configuration on record is always the one that
is in force.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeAlias

from gateway import metrics, telemetry
from gateway.audit.facts import EventType
from gateway.background import beside
from gateway.errors import AuditUnavailable, ConfigError, Problem
from gateway.exchange import origin
from gateway.recording import Recorder
from gateway.reloading import INTERVAL_S, SETTLE_S
from gateway.settings import Settings

Apply: TypeAlias = Callable[[Settings], Awaitable[None]]

REJECTED: Final = "config_rejected"
RESTART: Final = "config_needs_restart"


@dataclass(frozen=True, slots=True)
class Source:
    """The file of the configuration, and what reads it. `read` raises `ConfigError`."""

    path: Path
    read: Callable[[], Settings]

    def mark(self) -> tuple[int, int, int] | None:
        """Differs when the file does; links are followed, so that a swapped folder is seen."""
        try:
            state = self.path.stat()
        except OSError:
            return None
        return (state.st_mtime_ns, state.st_size, state.st_ino)


class UpstreamReloader:
    """Keeps the upstreams as the configuration has them.

    `apply` brings settings into force, or raises `ConfigError` and changes nothing. `current` are
    those in force.
    """

    def __init__(
        self,
        source: Source,
        current: Settings,
        apply: Apply,
        recorder: Recorder,
        *,
        interval_s: float = INTERVAL_S,
        settle_s: float = SETTLE_S,
    ) -> None:
        self._source = source
        self._apply = apply
        self._recorder = recorder
        self._interval_s = interval_s
        self._settle_s = settle_s
        self._mark = source.mark()
        self._asked = asyncio.Event()
        self._current = current
        # What the command line has set differs from the file for good: told apart by the file.
        self._began = _rest(source.read())
        self._warning = ""

    def ask(self) -> None:
        """Have it read the file soon, whether or not that has changed."""
        self._asked.set()

    def warnings(self) -> list[str]:
        """Why the file's newest content is not in force; empty where it is."""
        return [self._warning] if self._warning else []

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Looks for as long as the block runs."""
        async with beside(self._watch()):
            yield

    async def _watch(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._interval_s):
                    await self._asked.wait()
            asked = self._asked.is_set()
            self._asked.clear()
            try:
                await self.check(asked=asked)
            except Exception as error:  # whatever it is, the next file may be better
                telemetry.log("config_not_read", logging.ERROR, exc_info=error)
                self._warning = REJECTED

    async def check(self, *, asked: bool = False) -> bool:
        """Look at the file now, and read it if it has changed or `asked`; whether other upstreams
        are in force than before."""
        mark = await asyncio.to_thread(self._source.mark)
        if mark == self._mark and not asked:
            return False
        try:
            settings, self._mark = await self._settled()
        except ConfigError as error:
            self._mark = mark
            return await self._refuse(REJECTED, error.problems)
        if _rest(settings) != self._began:
            return await self._refuse(RESTART)
        said = (settings.upstreams, settings.digest)
        if said == (self._current.upstreams, self._current.digest):
            self._warning = ""
            return False
        taken = replace(self._current, upstreams=settings.upstreams, digest=settings.digest)
        try:
            await self._apply(taken)
        except ConfigError as error:
            return await self._refuse(REJECTED, error.problems)
        self._current, self._warning = taken, ""
        metrics.config_reloaded("accepted")
        telemetry.log(
            "config_changed", logging.INFO, digest=taken.digest, count=len(taken.upstreams)
        )
        await self._record(EventType.CONFIG_CHANGED)
        return True

    async def _settled(self) -> tuple[Settings, tuple[int, int, int] | None]:
        """The settings as two looks in a row have read them. Raises `ConfigError`."""
        last: Settings | None = None
        while True:
            mark = await asyncio.to_thread(self._source.mark)
            settings = await asyncio.to_thread(self._source.read)
            if settings == last:
                return settings, mark
            last = settings
            await asyncio.sleep(self._settle_s)

    async def _refuse(self, why: str, problems: tuple[Problem, ...] = ()) -> bool:
        first = problems[0] if problems else None
        metrics.config_reloaded("rejected" if why == REJECTED else "needs_restart")
        telemetry.log(
            why, logging.ERROR,
            problems=len(problems),
            file="" if first is None else first.file,
            line=0 if first is None else first.line,
            digest=self._current.digest,
        )  # fmt: skip
        self._warning = why
        await self._record(EventType.CONFIG_REJECTED)
        return False

    async def _record(self, kind: EventType) -> None:
        digest = self._current.digest
        # A log that is down refuses every request anyhow, and the next record names the digest.
        with suppress(AuditUnavailable):
            await self._recorder.event(kind, origin(digest), digest)


def _rest(settings: Settings) -> Settings:
    """All that a running gateway cannot change."""
    return replace(settings, upstreams=(), digest="", notices=())
