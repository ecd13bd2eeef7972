"""A file of JSON lines that others read: it grows, is synced, and is set aside when it is large."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from gateway.audit.sinks.base import Note, Row, SinkFault, fault_of, line_of

ROTATE_BYTES = 256 * 1024 * 1024
_BLOCK = 65536
_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC


class JsonlSink:
    """A `Sink` that appends to a file, one line for a record, and syncs it.

    A file that has grown to `rotate_bytes` is renamed to `NAME.000001` and so on, never removed.
    One that somebody else renames or removes is made anew. A line that was cut off, by a crash or
    a full disk, is taken back before anything else is written: its record comes again.

    Args:
        path: the file; its folder must be there.
        line: what stands for a record, line end included.
        rotate_bytes: how large a file may become before it is set aside.
    """

    hold_s = 0.0

    def __init__(
        self,
        path: Path,
        *,
        line: Callable[[Row], bytes] = line_of,
        rotate_bytes: int = ROTATE_BYTES,
    ) -> None:
        self.path = path
        self._line = line
        self._rotate_bytes = rotate_bytes
        self._file = -1
        self._size = 0

    def probe(self) -> None:
        """Open the file for writing, or see whether it can be made. Nothing is changed."""
        try:
            try:
                os.close(os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC))
            except FileNotFoundError:
                # Not made now: whoever asks may be another user than the one who will write.
                self.path.parent.stat()
                if not os.access(self.path.parent, os.W_OK | os.X_OK):
                    raise SinkFault("EACCES") from None
        except OSError as error:
            raise fault_of(error) from None

    def deliver(self, rows: Sequence[Row]) -> None:
        """Append the records' lines and sync the file."""
        data = b"".join(map(self._line, rows))
        try:
            self._open()
            if self._size and self._size + len(data) > self._rotate_bytes:
                self._rotate()
            self._append(data)
        except OSError as error:
            self.close()
            raise fault_of(error) from None

    def checkpoint(self, note: Note) -> None:
        """Nothing: the file holds records alone."""

    def close(self) -> None:
        """Close the file."""
        descriptor, self._file = self._file, -1
        if descriptor >= 0:
            with suppress(OSError):
                os.close(descriptor)

    def _open(self) -> None:
        if self._file >= 0:
            if self._is_in_place():
                return
            self.close()
        self._file = os.open(self.path, _FLAGS, 0o600)
        sync_folder(self.path.parent)
        self._size = _whole_lines(self._file)
        if self._size != os.fstat(self._file).st_size:
            os.ftruncate(self._file, self._size)
            os.fsync(self._file)

    def _is_in_place(self) -> bool:
        """Whether the open file is still the one with this name, as we left it."""
        try:
            there = os.stat(self.path)
        except FileNotFoundError:
            return False
        ours = os.fstat(self._file)
        same = (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino)
        return same and ours.st_size == self._size

    def _append(self, data: bytes) -> None:
        try:
            _write_all(self._file, data)
            os.fsync(self._file)
        except OSError:
            # Half a line is worse than none. Where this fails too, the next opening sees to it.
            with suppress(OSError):
                os.ftruncate(self._file, self._size)
            raise
        self._size += len(data)

    def _rotate(self) -> None:
        self.close()
        self.path.rename(self.path.with_name(f"{self.path.name}.{_next_number(self.path):06d}"))
        self._open()


def _next_number(path: Path) -> int:
    pattern = re.compile(re.escape(path.name) + r"\.([0-9]{6,})")
    found = [pattern.fullmatch(one) for one in os.listdir(path.parent)]
    return max((int(one[1]) for one in found if one), default=0) + 1


def _whole_lines(descriptor: int) -> int:
    """How many bytes there are up to the end of the last whole line."""
    end = os.fstat(descriptor).st_size
    while end > 0:
        start = max(0, end - _BLOCK)
        at = os.pread(descriptor, end - start, start).rfind(b"\n")
        if at >= 0:
            return start + at + 1
        end = start
    return 0


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        written = os.write(descriptor, view)
        if written == 0:
            raise SinkFault("EIO")
        view = view[written:]


def sync_folder(folder: Path) -> None:
    """Make names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
