"""Which writers are alive: each holds a lock on a file of its own beside the database.

The kernel lets go of the lock when the process ends, however it ends, so a writer killed with
SIGKILL is known dead at once and one that is merely slow is never taken for dead. As with SQLite
in WAL mode, all processes must be on one machine. A child made by a bare `fork` would keep the
lock; processes that are started (`exec`, `spawn`) do not.
"""

from __future__ import annotations

import fcntl
import os
import re
from pathlib import Path

_WRITER_ID = re.compile(r"[0-9a-f]{32}")


class WriterLocks:
    """The folder of lock files of one database."""

    def __init__(self, database: Path) -> None:
        self.folder = database.with_name(database.name + "-writers")
        self._held: int | None = None

    def hold(self, writer_id: str) -> None:
        """Make this writer's lock file and hold its lock until `release`, or until death.

        Raises:
            OSError: the folder or the file cannot be made.
        """
        self.folder.mkdir(mode=0o700, exist_ok=True)
        path = self._path(writer_id)
        while True:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if _is_at(descriptor, path):
                self._held = descriptor
                return
            os.close(descriptor)  # swept away between the two steps: make it again

    def release(self, writer_id: str) -> None:
        """Remove the lock file and let go.

        Raises:
            OSError: the file cannot be removed; the lock is let go all the same.
        """
        if self._held is not None:
            try:
                self._path(writer_id).unlink(missing_ok=True)
            finally:
                os.close(self._held)
                self._held = None

    def is_alive(self, writer_id: str) -> bool:
        """Whether some process holds this writer's lock.

        Raises:
            OSError: it cannot be told; nothing may then be concluded.
        """
        try:
            descriptor = os.open(self._path(writer_id), os.O_RDWR)
        except FileNotFoundError:
            return False
        try:
            return not _try_lock(descriptor)
        finally:
            os.close(descriptor)

    def sweep(self) -> None:
        """Remove the lock files of the dead.

        Raises:
            OSError: the folder cannot be read or written.
        """
        for path in self.folder.glob("*.lock"):
            try:
                descriptor = os.open(path, os.O_RDWR)
            except FileNotFoundError:
                continue
            try:
                if _try_lock(descriptor):
                    path.unlink(missing_ok=True)
            finally:
                os.close(descriptor)

    def _path(self, writer_id: str) -> Path:
        if _WRITER_ID.fullmatch(writer_id) is None:
            raise OSError("a writer's id is 32 hexadecimal digits")
        return self.folder / f"{writer_id}.lock"


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        there = path.stat()
    except FileNotFoundError:
        return False
    here = os.fstat(descriptor)
    return (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino)
