"""Uploads, batches and downloads in this process: the real parts over fakes of the outside."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

import orjson

from gateway.batches.downloading import Download
from gateway.batches.form import FileBegins, FileEnds, FilePiece, FormEvent, FormField
from gateway.batches.parts import BatchParts
from gateway.batches.running import Batches
from gateway.batches.shelf import Shelf
from gateway.batches.uploading import Upload
from gateway.errors import VaultUnavailable
from gateway.exchange import Caller
from gateway.ports import Item, MaskedLine, Owner
from gateway.settings import Upstream as UpstreamSettings
from gateway.types import Subject, UpstreamClass
from gateway.upstreams.loopback import LoopbackUpstream
from gateway.upstreams.loopback_files import LoopbackFiles
from gateway.vault.memory import MemoryVault
from gateway.wire.families import CODECS
from tests.test_pipeline import POLICY
from tests.test_pipeline import World as PipelineWorld

ANNA = Caller(Subject("acme", "anna"), "req_anna")
BEN = Caller(Subject("acme", "ben"), "req_ben")
OTHER = Caller(Subject("other", "anna"), "req_other")
CHAT = "/v1/chat/completions"


def line(custom_id: str, text: str = "hi", **fields: Any) -> dict[str, Any]:
    body = {"model": "m", "messages": [{"role": "user", "content": text}], **fields}
    return {"custom_id": custom_id, "method": "POST", "url": CHAT, "body": body}


def jsonl(*lines: dict[str, Any]) -> bytes:
    return b"".join(orjson.dumps(one) + b"\n" for one in lines)


class Files(LoopbackFiles):
    """Notes what happens in `order`, and fails at the line that it is told to."""

    def __init__(self, name: str, order: list[str]) -> None:
        settings = UpstreamSettings(
            name=name, kind="loopback", upstream_class=UpstreamClass.ON_PREM
        )
        super().__init__(LoopbackUpstream(settings))
        self.order = order
        self.sent: list[MaskedLine] = []
        self.failure: Exception | None = None
        self.fails_at = 0
        self.downloads: list[bytes] | None = None  # what is given instead of results

    async def upload(self, lines: AsyncIterator[MaskedLine], *rest: Any) -> dict[str, Any]:
        async def noted() -> AsyncIterator[MaskedLine]:
            async for one in lines:
                self.order.append(f"sent {one.custom_id}")
                self.sent.append(one)
                if self.failure is not None and len(self.sent) == self.fails_at:
                    raise self.failure
                yield one

        return await super().upload(noted(), *rest)

    async def content(self, file_id: str, request_id: str, headers: Mapping[str, str]) -> Any:
        if self.downloads is None:
            return await super().content(file_id, request_id, headers)
        return Pieces(self.downloads, self.order)

    @property
    def count(self) -> int:
        return len(self._files)


class Pieces:
    """A reply in these pieces."""

    is_stream = False

    def __init__(self, pieces: Sequence[bytes], order: list[str]) -> None:
        self.pieces = pieces
        self.order = order

    async def chunks(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            yield piece

    async def aclose(self) -> None:
        self.order.append("reply closed")


class NotingVault(MemoryVault):
    """Notes what is kept in `order`; fails when it is told to."""

    def __init__(self, order: list[str]) -> None:
        super().__init__()
        self.order = order
        self.fails_for = ""

    async def put(self, owner: Owner, items: Sequence[Item]) -> None:
        for item in items:
            if item.kind == self.fails_for:
                raise VaultUnavailable("The vault is away.")
            self.order.append(f"kept {item.kind}")
        await super().put(owner, items)

    @property
    def kept(self) -> list[Item]:
        return [item for held in self._items.values() for item in held.values()]

    @property
    def values(self) -> list[bytes]:
        return [item.value for item in self.kept]


class World:
    def __init__(self, tmp_path: Path, policy: str = POLICY) -> None:
        base = PipelineWorld(tmp_path, policy=policy)
        self.order, self.sink, self.detector = base.order, base.sink, base.detector
        self.vault = NotingVault(self.order)
        self.files = Files("fake", self.order)
        self.now = 1_700_000_000.0
        self.parts = BatchParts(
            pipeline=base.pipeline,
            stores={"fake": self.files},
            shelf=Shelf(self.vault, 30, clock=lambda: self.now),
            codecs={codec.endpoint: codec for codec in CODECS},
        )
        self.vault._clock = lambda: self.now
        self.batches = Batches(self.parts)

    async def upload(
        self, data: bytes, caller: Caller = ANNA, purpose: str = "batch", cut: int = 50
    ) -> dict[str, Any]:
        pieces = [FilePiece(data[at : at + cut]) for at in range(0, len(data), cut)]
        begin = [FormField("purpose", purpose), FileBegins("anna-schmidt.jsonl")]
        return await self.take([*begin, *pieces, FileEnds()], caller)

    async def take(self, events: Sequence[FormEvent], caller: Caller = ANNA) -> dict[str, Any]:
        upload = Upload(self.parts, caller)
        try:
            for event in events:
                await upload.take(event)
            return await upload.finish()
        except BaseException as error:
            await upload.leave(error, is_gone=False)
            raise

    async def start(self, file_id: str, caller: Caller = ANNA, **fields: Any) -> dict[str, Any]:
        asked = {"input_file_id": file_id, "endpoint": CHAT, "completion_window": "24h", **fields}
        return await self.batches.start(orjson.dumps(asked), caller)

    async def done(self, data: bytes, caller: Caller = ANNA) -> dict[str, Any]:
        """A batch of this file, completed."""
        made = await self.upload(data, caller)
        batch = await self.start(made["id"], caller)
        for _ in range(2):
            batch = await self.batches.batch(batch["id"], caller)
        assert batch["status"] == "completed"
        return batch

    async def download(self, file_id: str, caller: Caller = ANNA) -> list[dict[str, Any]]:
        async with aclosing(Download(self.parts, caller, file_id).lines()) as lines:
            return [orjson.loads(one) async for one in lines]
