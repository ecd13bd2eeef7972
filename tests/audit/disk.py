"""A small file system of its own for one test: ext4 in a file, mounted through a loop device.

It can be filled, frozen (every write waits, as on a disk that hangs), cut off (every access is an
input/output error) and aborted (the kernel turns it read-only under those who have files open for
writing, which an ordinary remount refuses to do). Needs root, mount and mke2fs.
"""

from __future__ import annotations

import fcntl
import functools
import os
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PROGRAMS = ("mke2fs", "e2fsck", "mount", "umount", "fsfreeze", "sync")
_REPAIRED = (0, 1)  # e2fsck: nothing to do, or corrected
_KIB = 1024
_SHUTDOWN = 0x8004587D  # EXT4_IOC_SHUTDOWN
_SYNCED_FIRST = struct.pack("<I", 0)  # EXT4_GOING_FLAGS_DEFAULT


def _run(*command: str, fine: tuple[int, ...] = (0,)) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode in fine, f"{command}: {done.stderr}"


class Disk:
    """A mounted file system. `folder` is where it is."""

    def __init__(self, image: Path, folder: Path, mib: int) -> None:
        self.folder = folder
        self._image = image
        self._frozen = False
        self._ballast = folder / "ballast"
        with image.open("wb") as file:
            file.truncate(mib * _KIB * _KIB)
        _run("mke2fs", "-q", "-t", "ext4", "-m", "0", str(image))
        self.mount()

    def mount(self) -> None:
        _run("mount", "-o", "loop", str(self._image), str(self.folder))
        self.folder.chmod(0o755)

    def unmount(self) -> None:
        _run("umount", str(self.folder))

    def fill(self) -> None:
        """Until not a byte more goes in."""
        with self._ballast.open("ab", buffering=0) as file:
            for size in (_KIB * _KIB, 4 * _KIB, 1):
                try:
                    while True:
                        file.write(bytes(size))
                except OSError:
                    continue
            try:
                os.fsync(file.fileno())
            except OSError:
                return

    def free(self) -> None:
        """What `fill` took."""
        self._ballast.unlink()

    def freeze(self) -> None:
        """Every write waits from now on."""
        _run("fsfreeze", "-f", str(self.folder))
        self._frozen = True

    def thaw(self) -> None:
        """Writes go on."""
        if self._frozen:
            _run("fsfreeze", "-u", str(self.folder))
            self._frozen = False

    def sync(self) -> None:
        """Make everything durable that is there."""
        _run("sync", "-f", str(self.folder))

    def cut_off(self) -> None:
        """Every access fails from now on. What was synced before is there after `repair`."""
        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.ioctl(descriptor, _SHUTDOWN, _SYNCED_FIRST)
        finally:
            os.close(descriptor)

    def abort(self) -> None:
        """Read-only at once, whoever is writing; what was not synced before is lost.

        So is, now and then, the one sync that is under way: Linux (seen with 6.18) says that it
        went well, and e2fsck has nothing of it. A loop of pwrite and fdatasync shows the same.
        """
        _run("mount", "-o", "remount,abort", str(self.folder))

    def repair(self) -> None:
        """When it has failed and nobody has a file open: check it, mount it to be written to."""
        self.unmount()
        _run("e2fsck", "-f", "-y", str(self._image), fine=_REPAIRED)
        self.mount()


@contextmanager
def disk(mib: int) -> Iterator[Disk]:
    """A file system of so many MiB, gone afterwards."""
    home = Path(tempfile.mkdtemp(prefix="cloakroom-disk-"))
    folder = home / "mounted"
    folder.mkdir()
    home.chmod(0o755)
    try:
        one = Disk(home / "image", folder, mib)
        try:
            yield one
        finally:
            one.thaw()
            subprocess.run(["umount", "--lazy", str(folder)], capture_output=True, check=False)
    finally:
        shutil.rmtree(home, ignore_errors=True)


@functools.cache
def reason_to_skip() -> str:
    """Why there can be no such file system here, "" where there can."""
    if os.geteuid() != 0:
        return "only root may mount a file system"
    missing = [name for name in _PROGRAMS if shutil.which(name) is None]
    if missing:
        return f"no {missing[0]}"
    try:
        with disk(4):
            return ""
    except (AssertionError, OSError):
        return "no loop device, or no right to mount"
