"""The files of an evidence pack, and how they are taken back where it is not finished."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO


class Output:
    """A file of the pack; its size and SHA-256 are entered once it is written."""

    def __init__(self, folder: Path, name: str, files: dict[str, dict[str, Any]]) -> None:
        self._path = folder / name
        self._name = name
        self._files = files
        self._digest = hashlib.sha256()
        self._size = 0
        self._file: BinaryIO | None = None

    def __enter__(self) -> Output:
        self._path.parent.mkdir(mode=0o700, exist_ok=True)
        self._file = self._path.open("xb")
        return self

    def write(self, content: bytes) -> None:
        """Append. Raises `OSError`."""
        if self._file is not None:
            self._file.write(content)
            self._digest.update(content)
            self._size += len(content)

    def __exit__(self, *_: object) -> None:
        try:
            if self._file is not None:
                self._file.close()
        finally:
            self._files[self._name] = {"bytes": self._size, "sha256": self._digest.hexdigest()}


def remove(folder: Path, files: Iterable[str], missing: Iterable[Path]) -> None:
    """Take back what was written into an empty folder, and folders that were `missing` before."""
    for name in files:
        with suppress(OSError):
            (folder / name).unlink(missing_ok=True)
    for one in (*folder.iterdir(), *missing):  # where something else is in one, it stays
        with suppress(OSError):
            one.rmdir()
