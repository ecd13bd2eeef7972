"""Several processes on one socket: who starts them, tells them of signals, and ends with them.

SIGHUP is handed on to all of them, SIGTERM ends them, each when what it has in flight has ended.
One that dies is replaced. Where the process that looks after them is gone, they end by themselves:
nobody would replace them, and nobody would end them.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import threading
import time
from contextlib import suppress
from typing import Final

import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from gateway import metrics

NOTICE: Final = signal.SIGUSR1
"""Tells a worker to say that it is not ready: it is going to end."""


class Supervisor(Multiprocess):
    """Uvicorn's, which would start all workers anew at a SIGHUP, and forget those that died.

    `notice_s` is how long workers say that they are not ready before they stop listening.
    """

    def __init__(
        self, config: uvicorn.Config, sockets: list[socket.socket], notice_s: float
    ) -> None:
        super().__init__(config, sockets)
        self._notice_s = notice_s
        self._ends_at: float | None = None

    @property
    def has_failed(self) -> bool:
        """Whether a worker could not start, so that all were ended."""
        return any(one.exitcode == STARTUP_FAILURE for one in self.processes)

    def handle_hup(self) -> None:
        """Hand it on to those that have started; the others read what there is now anyhow."""
        for one in self.processes:
            if one.is_ready():
                self._tell(one.pid, signal.SIGHUP)

    def handle_term(self) -> None:
        """Have workers say that they are not ready, then end them; at a second signal, at once."""
        if self._notice_s and self._ends_at is None:
            self._ends_at = time.monotonic() + self._notice_s
            for one in self.processes:
                if one.is_ready(timeout=1):
                    self._tell(one.pid, NOTICE)
        else:
            self.should_exit.set()

    handle_int = handle_term

    def keep_subprocess_alive(self) -> None:
        """Replace those that died, and count what they had in flight no longer."""
        if self._ends_at is not None:
            if time.monotonic() >= self._ends_at:
                self.should_exit.set()
            return
        before = [one.pid for one in self.processes]
        super().keep_subprocess_alive()
        for pid in before:
            if pid is not None and pid not in [one.pid for one in self.processes]:
                metrics.worker_ended(pid)

    @staticmethod
    def _tell(pid: int | None, number: signal.Signals) -> None:
        if pid is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, number)


def end_with_parent() -> None:
    """Have this process told to end as soon as the one that started it is gone."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def wait() -> None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True).start()
