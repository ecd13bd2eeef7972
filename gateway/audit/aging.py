"""How old the log's newest checkpoint is, told to Prometheus by every process that serves.

Whoever signs the log may be another process, or gone: so it is read in the log, and not asked.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import closing
from typing import Final

from gateway import metrics
from gateway.audit.anchors import Log, seconds_of
from gateway.errors import AuditUnavailable, ConfigError

EVERY_S: Final = 15.0
_STOP_S: Final = 10.0


class CheckpointAge:
    """Looks now and then, on a thread of its own.

    Args:
        open_log: opens the log for reading.
        wall: seconds since 1970.
    """

    def __init__(
        self, open_log: Callable[[], Log], *, wall: Callable[[], float] = time.time
    ) -> None:
        self._open_log = open_log
        self._wall = wall
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="audit-age", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(_STOP_S)

    def _run(self) -> None:
        while not self._stop.is_set():
            self.look()
            self._stop.wait(EVERY_S)

    def look(self) -> None:
        """Note the age. A log that cannot be read keeps the last: the store says so itself."""
        try:
            with closing(self._open_log()) as log:
                newest = log.latest_checkpoint()
        except (AuditUnavailable, ConfigError):
            return
        if newest is not None:
            metrics.audit_age("checkpoint", max(0.0, self._wall() - seconds_of(newest.ts)))
