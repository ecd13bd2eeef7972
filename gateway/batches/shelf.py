"""Files, lines and batches in the vault, by owner."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from gateway.batches.kept import (
    BATCH,
    FILE,
    NOISE_BYTES,
    KeptBatch,
    KeptFile,
    KeptLine,
    new_id,
    pack,
    pack_line,
    unpack,
    unpack_line,
)
from gateway.errors import NotFound
from gateway.ports import Item, Owner, Vault

_FILES: Final = "file"
_LINES: Final = "file_line"
_BATCHES: Final = "batch"
_DAY_S: Final = 86_400


@dataclass(frozen=True, slots=True)
class Shelf:
    """What is kept of files and batches, for so many days. Raises `VaultUnavailable`."""

    vault: Vault
    days: int
    clock: Callable[[], float] = time.time

    def new_id(self, prefix: str) -> str:
        """An id that was never given before."""
        return new_id(prefix, int(self.clock() * 1000), secrets.token_bytes(NOISE_BYTES))

    async def keep_file(self, owner: Owner, file_id: str, kept: KeptFile) -> None:
        """Keep a file."""
        await self._keep(owner, _FILES, file_id, pack(kept))

    async def keep_new_file(self, owner: Owner, file_id: str, kept: KeptFile) -> None:
        """Keep a file, unless it is kept already."""
        if await self.vault.get(owner, _FILES, file_id) is None:
            await self.keep_file(owner, file_id, kept)

    async def keep_line(
        self, owner: Owner, file_id: str, line: str, kept: KeptLine, request_id: str
    ) -> None:
        """Keep a line of a file, which is on record as a request of its own."""
        await self._keep(owner, _LINES, f"{file_id}/{line}", pack_line(kept), request_id)

    async def keep_batch(self, owner: Owner, batch_id: str, kept: KeptBatch) -> None:
        """Keep a batch."""
        await self._keep(owner, _BATCHES, batch_id, pack(kept))

    async def file(self, owner: Owner, file_id: str) -> KeptFile:
        """A file of this owner's.

        Raises:
            NotFound: there is none; another's is none.
        """
        raw = await self.vault.get(owner, _FILES, file_id)
        if raw is None:
            raise NotFound("There is no such file.", code="file_not_found", param="file_id")
        return unpack(KeptFile, raw)

    async def line(self, owner: Owner, file_id: str, line: str) -> KeptLine | None:
        """A line of a file, or None."""
        raw = await self.vault.get(owner, _LINES, f"{file_id}/{line}")
        return None if raw is None else unpack_line(raw)

    async def batch(self, owner: Owner, batch_id: str) -> KeptBatch:
        """A batch of this owner's. Raises as `file`."""
        raw = await self.vault.get(owner, _BATCHES, batch_id)
        if raw is None:
            raise NotFound("There is no such batch.", code="batch_not_found", param="batch_id")
        return unpack(KeptBatch, raw)

    async def files(self, owner: Owner, after: str, limit: int) -> list[tuple[str, KeptFile]]:
        """The next files, newest first."""
        page = await self.vault.page(owner, _FILES, FILE, after, limit)
        return [(name, unpack(KeptFile, raw)) for name, raw in page]

    async def batches(self, owner: Owner, after: str, limit: int) -> list[tuple[str, KeptBatch]]:
        """The next batches, newest first."""
        page = await self.vault.page(owner, _BATCHES, BATCH, after, limit)
        return [(name, unpack(KeptBatch, raw)) for name, raw in page]

    async def drop_file(self, owner: Owner, file_id: str) -> None:
        """Forget a file with its lines: the answers to them can no longer be restored."""
        await self.vault.drop(owner, _LINES, file_id)
        await self.vault.drop(owner, _FILES, file_id)

    async def _keep(
        self, owner: Owner, kind: str, name: str, value: bytes, request_id: str = ""
    ) -> None:
        expires = self.clock() + self.days * _DAY_S
        await self.vault.put(owner, [Item(kind, name, value, expires, request_id)])
