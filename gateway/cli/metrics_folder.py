"""The folder in which several processes of a gateway share their metrics, and what is left of one.

Whoever uses a folder holds a lock on it, which ends with the process however that ends. So a folder
that nobody holds is of a gateway that was killed, and goes when the next one starts: numbers of
processes would say less, as containers that share a disk have the same ones.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

PREFIX: Final = "cloakroom-workers-"
"""Folders of earlier versions, which held no lock, were named otherwise: those are left alone."""

_FILES: Final = ".db"
_OPEN: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


@contextmanager
def metrics_folder() -> Iterator[str]:
    """A new folder for as long as the block runs; those of gateways that are gone are deleted."""
    sweep(tempfile.gettempdir())
    folder, held = _made()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(held)


def hold(folder: str) -> int:
    """Keep a folder from being swept, until the descriptor is closed or this process ends.

    Raises:
        OSError: there is none.
    """
    held = os.open(folder, _OPEN)
    with suppress(OSError):  # where there are no locks, nothing can be swept either
        fcntl.flock(held, fcntl.LOCK_SH)
    return held


def _made() -> tuple[str, int]:
    """A folder of our own that is held: until it is, somebody else's sweep may take it."""
    while True:
        folder = tempfile.mkdtemp(prefix=PREFIX)
        with suppress(FileNotFoundError):
            held = hold(folder)
            if _is_there(folder, held):
                return folder, held
            os.close(held)


def _is_there(folder: str, held: int) -> bool:
    try:
        return os.path.samestat(os.stat(folder), os.fstat(held))
    except FileNotFoundError:
        return False


def sweep(parent: str) -> None:
    """Delete the folders of this user's gateways that no process holds; what fails is left."""
    with suppress(OSError):
        for name in os.listdir(parent):
            if name.startswith(PREFIX):
                with suppress(OSError):
                    _sweep_one(os.path.join(parent, name))


def _sweep_one(folder: str) -> None:
    """Delete one folder, if it holds files of metrics alone. Raises `OSError` where it may not."""
    opened = os.open(folder, _OPEN)
    try:
        if os.fstat(opened).st_uid != os.geteuid():
            return
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for name in os.listdir(opened):
            kind = os.stat(name, dir_fd=opened, follow_symlinks=False).st_mode
            if not (name.endswith(_FILES) and stat.S_ISREG(kind)):
                return
        for name in os.listdir(opened):
            os.unlink(name, dir_fd=opened)
        os.rmdir(folder)
    finally:
        os.close(opened)
