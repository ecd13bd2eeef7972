"""Files that hold keys: made whole, for their owner alone, and never over one that is there; and
who else may read one that was brought."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from collections.abc import Collection
from pathlib import Path


def make_once(path: Path, content: bytes) -> None:
    """Make a file of mode 0600, durably.

    It is written in full to a file of its own that is then linked to `path`: of processes that
    start at once, all find the file of one, and none ever reads half of it.

    Raises:
        FileExistsError: there is a file at `path`.
        OSError: it cannot be made.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.link(temporary, path)
        _sync(path.parent)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def own_groups() -> frozenset[int]:
    """The groups that this process is in."""
    return frozenset((os.getegid(), *os.getgroups()))


def is_exposed(about: os.stat_result, user: int, groups: Collection[int]) -> bool:
    """Whether others than its owner have any right to a file.

    Root may lend a file to a service: it stays root's, and a group that the service is in may read
    it. So Kubernetes hands a Secret to a pod that does not run as root (`fsGroup`). Who else is in
    that group is for root to say, so that such a file counts as the service's own. Files of any
    other owner, and those of the group root, do not: they are open by mistake.
    """
    rights = stat.S_IMODE(about.st_mode) & (stat.S_IRWXG | stat.S_IRWXO)
    is_lent = about.st_uid == 0 and user != 0 and about.st_gid != 0 and about.st_gid in groups
    return bool(rights) and not (is_lent and rights == stat.S_IRGRP)


def _sync(folder: Path) -> None:
    """Make a new name durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
