"""A folder of files that never change: records in numbered files, and the checkpoints over them.

    records-00000000000000000000-00000000000000000999.jsonl    leaves 0 to 999
    checkpoint-00000000000000001000.txt                        signed, over 1,000 leaves

Each file is written under another name, synced, and then renamed, so that what has its name is
whole. It suits a bucket that is mounted or mirrored with object lock, and any write-once store.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from gateway.audit.sinks.base import Note, Row, SinkFault, fault_of, line_of
from gateway.audit.sinks.jsonl import sync_folder

EVERY_S = 60.0


class FolderSink:
    """A `Sink` that writes each delivery to a file of its own.

    After a crash some records may be in two files, with ranges that overlap.

    Args:
        path: the folder, which must be there.
        hold_s: how long to gather records for a file, in seconds, unless there are 1,000.
    """

    def __init__(self, path: Path, *, hold_s: float = EVERY_S) -> None:
        self.path = path
        self.hold_s = hold_s
        self._checkpoint = 0
        self._swept = False

    def probe(self) -> None:
        """Make a file and remove it."""
        try:
            make_file(_unnamed(self.path), b"").unlink()
        except OSError as error:
            raise fault_of(error) from None

    def deliver(self, rows: Sequence[Row]) -> None:
        """Write the records to a file of their own."""
        if rows:
            self._sweep()
            first, last = rows[0].leaf_index, rows[-1].leaf_index
            self._put(f"records-{first:020d}-{last:020d}.jsonl", b"".join(map(line_of, rows)))

    def checkpoint(self, note: Note) -> None:
        """Write the note to a file, one for each size of the tree."""
        if note.size != self._checkpoint:
            put_once(self.path / f"checkpoint-{note.size:020d}.txt", note.note.encode())
            self._checkpoint = note.size

    def close(self) -> None:
        """Nothing: no file is open between two calls."""

    def _sweep(self) -> None:
        """Remove what a crash left of this sink, once: only one process delivers."""
        if not self._swept:
            try:
                for left in self.path.glob(".*.part"):
                    left.unlink(missing_ok=True)
            except OSError as error:
                raise fault_of(error) from None
            self._swept = True

    def _put(self, name: str, content: bytes) -> None:
        try:
            there = (self.path / name).read_bytes()
        except FileNotFoundError:
            there = None
        except OSError as error:
            raise fault_of(error) from None
        if there == content:  # written before a crash that came before the cursor moved
            return
        if there is not None:
            raise SinkFault("changed")
        put_once(self.path / name, content)


def _unnamed(folder: Path) -> Path:
    return folder / f".{secrets.token_hex(8)}.part"


def make_file(path: Path, content: bytes) -> Path:
    """Write a new file that only its owner may read, and sync it.

    Raises:
        OSError: it cannot be made; then it is not there.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o400)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
    except OSError:
        with suppress(OSError):
            path.unlink()
        raise
    return path


def put_once(path: Path, content: bytes) -> None:
    """Put a whole file at a name, durably. One that has the name already stays as it is.

    Raises:
        SinkFault: it cannot be done.
    """
    part = _unnamed(path.parent)
    try:
        if path.exists():
            return
        make_file(part, content)
        try:
            part.rename(path)
        except OSError:
            with suppress(OSError):
                part.unlink()
            raise
        sync_folder(path.parent)
    except OSError as error:
        raise fault_of(error) from None
