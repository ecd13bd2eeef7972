"""Takes changed policy files into force while the gateway runs: whole, or not at all.

The files are looked at every few seconds and on SIGHUP. A change counts once two looks, some time
apart, have read the same: a file that is being written may read well and yet lack the denials at
its end. What the files say is then in force with one assignment; an exchange keeps the policy that
it began with. Files that are wrong change nothing: the old policy stays, and a log line, a metric
and an audit record say so. Where they are put back to what is in force, a log line says that, too.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from gateway import metrics, telemetry
from gateway.audit.facts import EventType, Origin
from gateway.background import beside
from gateway.errors import AuditUnavailable
from gateway.policy.files import Look, PolicyStore
from gateway.recording import Recorder

INTERVAL_S = 2.0
SETTLE_S = 1.0  # between the two looks that must agree


class PolicyReloader:
    """Keeps a `PolicyStore` up to date. `origin` gives what is running, for the record.

    `keep` is called with the digest of a policy that comes into force, on another thread: it
    keeps what the files say. `on_signal` is called at SIGHUP, for whoever reads other files.
    """

    def __init__(
        self,
        policies: PolicyStore,
        recorder: Recorder,
        origin: Callable[[], Origin],
        *,
        interval_s: float = INTERVAL_S,
        settle_s: float = SETTLE_S,
        keep: Callable[[str], object] = lambda digest: None,
        on_signal: Callable[[], object] = lambda: None,
    ) -> None:
        self._policies = policies
        self._recorder = recorder
        self._origin = origin
        self._interval_s = interval_s
        self._settle_s = settle_s
        self._keep = keep
        self._on_signal = on_signal
        self._asked = asyncio.Event()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Watches for as long as the block runs; SIGHUP makes it look at once."""
        loop = asyncio.get_running_loop()
        # Only the main thread may take signals: a server in another thread just has none.
        with suppress(NotImplementedError, RuntimeError, ValueError):
            loop.add_signal_handler(signal.SIGHUP, self._hung_up)
        try:
            async with beside(self._watch()):
                yield
        finally:
            with suppress(NotImplementedError, RuntimeError, ValueError):
                loop.remove_signal_handler(signal.SIGHUP)

    def warnings(self) -> list[str]:
        """That what the files say now is not in force; empty where it is."""
        return ["policy_rejected"] if self._policies.problems else []

    def _hung_up(self) -> None:
        self._asked.set()
        self._on_signal()

    async def _watch(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._interval_s):
                    await self._asked.wait()
            self._asked.clear()
            await self.check()

    async def check(self) -> bool:
        """Look at the files now; whether another policy is in force than before."""
        look = await self._settled()
        if look is None:
            await self._restored()
            return False
        before = self._policies.current.digest
        accepted = await asyncio.to_thread(self._policies.reload, look)
        policy = self._policies.current
        metrics.policy_reloaded(accepted=accepted)
        if accepted:
            telemetry.log(
                "policy_changed", logging.INFO, policy_id=policy.id, policy_digest=policy.digest
            )
            kind, target = EventType.POLICY_CHANGED, policy.digest
            with suppress(AuditUnavailable):
                await asyncio.to_thread(self._keep, policy.digest)
        else:
            problems = self._policies.problems
            telemetry.log(
                "policy_rejected",
                logging.ERROR,
                problems=len(problems),
                file=problems[0].file if problems else "",
                line=problems[0].line if problems else 0,
                policy_digest=policy.digest,
            )
            kind, target = EventType.POLICY_REJECTED, policy.digest
        # A log that is down refuses every request anyhow, and the next record names the policy.
        with suppress(AuditUnavailable):
            await self._recorder.event(kind, self._origin(), target)
        return accepted and policy.digest != before

    async def _restored(self) -> None:
        """Say so where files that were rejected are again what is in force."""
        if not self._policies.problems:
            return
        look = await asyncio.to_thread(self._policies.look)
        policy = self._policies.current
        # Taken again, so that the same mistake, made again, is rejected again.
        if look.digest == policy.digest and await asyncio.to_thread(self._policies.reload, look):
            telemetry.log(
                "policy_restored", logging.INFO, policy_id=policy.id, policy_digest=policy.digest
            )

    async def _settled(self) -> Look | None:
        """The files as two looks in a row have read them; None where nothing has changed."""
        last = ""
        while True:
            look = await asyncio.to_thread(self._policies.look)
            if not self._policies.changed(look):
                return None
            if look.digest == last:
                return look
            last = look.digest
            await asyncio.sleep(self._settle_s)
