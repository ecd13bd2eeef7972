"""Files and batches of the embedded upstream."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from gateway.errors import UpstreamFailed
from gateway.ports import MaskedLine
from gateway.settings import Upstream as Settings
from gateway.types import UpstreamClass
from gateway.upstreams import loopback_files
from gateway.upstreams.loopback import LoopbackUpstream
from gateway.upstreams.loopback_files import LoopbackFiles
from tests.upstreams.test_loopback import Masked

SETTINGS = Settings(name="loopback", kind="loopback", upstream_class=UpstreamClass.ON_PREM)
START = {"endpoint": "/v1/chat/completions", "completion_window": "24h"}


@pytest.fixture
def files() -> LoopbackFiles:
    return LoopbackFiles(LoopbackUpstream(SETTINGS), clock=lambda: 1000.0)


async def lines(*documents: dict[str, Any]) -> AsyncIterator[MaskedLine]:
    for number, document in enumerate(documents):
        request: Any = Masked(document)
        yield MaskedLine(f"l{number}", "/v1/chat/completions", request)


def chat(text: str) -> dict[str, Any]:
    return {"model": "m", "messages": [{"role": "user", "content": text}]}


async def content(files: LoopbackFiles, file_id: str) -> list[dict[str, Any]]:
    reply = await files.content(file_id, "r", {})
    raw = b"".join([piece async for piece in reply.chunks()])
    return [orjson.loads(line) for line in raw.splitlines()]


async def test_a_batch_from_its_file_to_its_answers(files: LoopbackFiles) -> None:
    """Step by step; what cannot be echoed is in the file of errors."""
    made = await files.upload(lines(chat("one"), {"model": "m"}, chat("two")), None, "r", {})
    assert await files.file(made["id"], "r", {}) == made
    batch = await files.start({**START, "input_file_id": made["id"]}, "r", {})
    states = [batch["status"]]
    for _ in range(3):
        batch = await files.batch(batch["id"], "r", {})
        states.append(batch["status"])

    assert states == ["validating", "in_progress", "completed", "completed"]
    assert batch["request_counts"] == {"total": 3, "completed": 2, "failed": 1}
    good = await content(files, batch["output_file_id"])
    assert [one["custom_id"] for one in good] == ["l2", "l0"]
    said = good[1]["response"]["body"]["choices"][0]["message"]["content"]
    assert said == "I received: one"
    (bad,) = await content(files, batch["error_file_id"])
    assert (bad["custom_id"], bad["response"]["status_code"]) == ("l1", 400)


async def test_a_batch_can_be_cancelled_until_it_has_ended(files: LoopbackFiles) -> None:
    """Then no longer."""
    made = await files.upload(lines(chat("one")), None, "r", {})
    batch = await files.start({**START, "input_file_id": made["id"]}, "r", {})
    assert (await files.cancel(batch["id"], "r", {}))["status"] == "cancelling"
    assert (await files.batch(batch["id"], "r", {}))["status"] == "cancelled"
    with pytest.raises(UpstreamFailed):
        await files.cancel(batch["id"], "r", {})


async def test_what_is_not_there(files: LoopbackFiles) -> None:
    """404, for a file that was deleted as well."""
    made = await files.upload(lines(chat("one")), None, "r", {})
    await files.delete(made["id"], "r", {})
    for call in (
        files.file(made["id"], "r", {}),
        files.delete(made["id"], "r", {}),
        files.content(made["id"], "r", {}),
        files.start({**START, "input_file_id": made["id"]}, "r", {}),
        files.batch("batch_1", "r", {}),
        files.cancel("batch_1", "r", {}),
    ):
        with pytest.raises(UpstreamFailed) as caught:
            await call
        assert (caught.value.code, caught.value.status) == ("upstream_not_found", 404)


async def test_memory_is_bounded(files: LoopbackFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of all files together."""
    monkeypatch.setattr(loopback_files, "MAX_BYTES", 100)
    await files.upload(lines(chat("x" * 20)), None, "r", {})
    with pytest.raises(UpstreamFailed):
        await files.upload(lines(chat("x" * 20)), None, "r", {})
