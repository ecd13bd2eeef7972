"""Batches and files beside their contents: whose they are, what is sent, what is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from openai.types import Batch, FileObject

from gateway.errors import AuditUnavailable, GatewayError, NotFound, RequestError, UpstreamFailed
from tests.batches.world import ANNA, BEN, CHAT, OTHER, World, jsonl, line
from tests.test_pipeline import POLICY

ONE = jsonl(line("a", "hello"))
CANARY = "canary words of the upstream"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


async def test_a_batch_from_its_start_to_its_end(world: World) -> None:
    """All ids are ours, and the same each time; the metadata comes back without having left."""
    file = await world.upload(ONE)
    metadata = {"who": "Anna Schmidt"}
    sent: list[Any] = []
    start = world.files.start

    async def noting(batch: Any, *rest: Any) -> dict[str, Any]:
        sent.append(batch)
        return await start(batch, *rest)

    world.files.start = noting  # type: ignore[method-assign]
    expiry = {"anchor": "created_at", "seconds": 3600}
    batch = await world.start(file["id"], metadata=metadata, output_expires_after=expiry)

    theirs = next(iter(world.files._files))
    assert sent == [
        {"input_file_id": theirs, "endpoint": CHAT, "completion_window": "24h",
         "output_expires_after": expiry}
    ]  # fmt: skip
    assert batch["status"] == "validating"
    assert batch["output_file_id"] is None
    states, files = [], set()
    for _ in range(3):
        batch = await world.batches.batch(batch["id"], ANNA)
        states.append(batch["status"])
        files.add(batch["output_file_id"])
    assert states == ["in_progress", "completed", "completed"]
    assert len(files) == 2
    assert batch["metadata"] == metadata
    assert batch["input_file_id"] == file["id"]
    assert batch["request_counts"] == {"total": 1, "completed": 1, "failed": 0}
    assert not set(world.files._files) & {batch["output_file_id"], batch["input_file_id"]}
    assert batch["endpoint"] == CHAT
    assert set(Batch.model_validate(batch).model_dump()) >= set(batch)


async def test_only_named_fields_of_the_upstream_are_told(world: World) -> None:
    """And of those only what has their form."""
    file = await world.upload(ONE)
    batch = await world.start(file["id"])

    async def asked(*_: Any) -> dict[str, Any]:
        return {
            "status": "failed", "created_at": 7, "endpoint": CANARY, "model": CANARY,
            "failed_at": CANARY, "completed_at": 8, "canary": CANARY, "metadata": {"a": CANARY},
            "errors": {"data": [{"code": "bad_line", "message": CANARY, "line": 3}, CANARY]},
            "request_counts": {"total": CANARY, "failed": 2}, "usage": {"input_tokens": 5},
            "completion_window": CANARY, "output_file_id": "",
        }  # fmt: skip

    world.files.batch = asked  # type: ignore[method-assign]
    told = await world.batches.batch(batch["id"], ANNA)

    assert CANARY not in str(told)
    assert told["status"] == "failed"
    assert (told["completed_at"], told["failed_at"]) == (8, None)
    assert [(e["code"], e["line"]) for e in told["errors"]["data"]] == [("bad_line", 3)]
    assert told["request_counts"] == {"total": 0, "completed": 0, "failed": 2}
    assert told["usage"] == {"input_tokens": 5}


@pytest.mark.parametrize(
    "answer",
    [{}, {"status": "odd", "created_at": 1}, {"status": "completed"},
     {"status": "completed", "created_at": 1, "output_file_id": "../x"},
     {"status": "completed", "created_at": 1, "output_file_id": 7}],
)  # fmt: skip
async def test_what_is_no_batch(world: World, answer: dict[str, Any]) -> None:
    """502."""
    file = await world.upload(ONE)
    batch = await world.start(file["id"])

    async def asked(*_: Any) -> dict[str, Any]:
        return answer

    world.files.batch = asked  # type: ignore[method-assign]
    with pytest.raises(UpstreamFailed) as caught:
        await world.batches.batch(batch["id"], ANNA)
    assert caught.value.code == "upstream_invalid"


@pytest.mark.parametrize(("rule", "shown"), [("shown", True), ("hidden", False)])
async def test_figures_of_caches_are_hidden_where_policy_says_so(
    tmp_path: Path, rule: str, shown: bool
) -> None:
    """A batch has no figures without them."""
    world = World(tmp_path, POLICY + f"answers: {{cached_tokens: {rule}}}\n")
    file = await world.upload(ONE)
    batch = await world.start(file["id"])
    usage = {"input_tokens": 5, "input_tokens_details": {"cached_tokens": 4}}

    async def asked(*_: Any) -> dict[str, Any]:
        return {"status": "completed", "created_at": 7, "usage": usage}

    world.files.batch = asked  # type: ignore[method-assign]
    told = await world.batches.batch(batch["id"], ANNA)
    assert told.get("usage") == (usage if shown else None)


@pytest.mark.parametrize("caller", [BEN, OTHER])
async def test_nobody_else_has_them(world: World, caller: Any) -> None:
    """Another's are not there, in no list either, and cannot be told from those that never were."""
    file = await world.upload(ONE)
    batch = await world.start(file["id"])

    for file_id, batch_id in ((file["id"], batch["id"]), ("file-x", "batch_x"), ("", "../x")):
        for call in (
            world.batches.file(file_id, caller),
            world.batches.delete(file_id, caller),
            world.batches.batch(batch_id, caller),
            world.batches.cancel(batch_id, caller),
        ):
            with pytest.raises(NotFound) as caught:
                await call
            assert caught.value.code in ("file_not_found", "batch_not_found")
    with pytest.raises(NotFound):
        await world.start(file["id"], caller)
    assert (await world.batches.files(caller, "", 10, None, newest_first=True))["data"] == []
    assert (await world.batches.batches(caller, "", 10))["data"] == []
    assert (await world.batches.file(file["id"], ANNA))["id"] == file["id"]


@pytest.mark.parametrize(
    "fields",
    [
        {"input_file_id": None},
        {"endpoint": 7},
        {"endpoint": "/v1/embeddings"},
        {"completion_window": CANARY},
        {"completion_window": None},
        {"metadata": CANARY},
        {"metadata": {"a": 7}},
        {"metadata": {"k" * 65: "v"}},
        {"metadata": {"k": "v" * 513}},
        {"metadata": {str(n): "" for n in range(17)}},
        {"output_expires_after": CANARY},
        {"output_expires_after": {"anchor": "created_at", "seconds": 1}},
        {CANARY: 1},
    ],
)
async def test_what_cannot_be_started(world: World, fields: dict[str, Any]) -> None:
    """400, and the upstream is not asked."""
    file = await world.upload(ONE)
    asked = {"input_file_id": file["id"], "endpoint": CHAT, "completion_window": "24h"}
    with pytest.raises(RequestError) as caught:
        await world.batches.start(orjson.dumps(asked | fields), ANNA)

    assert CANARY not in str(caught.value)
    assert world.files._batches == {}


async def test_results_are_no_requests(world: World) -> None:
    """No batch can be started of them."""
    batch = await world.done(ONE)
    with pytest.raises(RequestError) as caught:
        await world.start(batch["output_file_id"])
    assert caught.value.code == "endpoint_mismatch"


async def test_a_batch_that_could_not_be_kept_does_not_run(world: World) -> None:
    """Nobody could ever find it."""
    file = await world.upload(ONE)
    world.vault.fails_for = "batch"
    with pytest.raises(GatewayError) as caught:
        await world.start(file["id"])

    assert caught.value.code == "vault_unavailable"
    assert [one.status for one in world.files._batches.values()] == ["cancelling"]


async def test_what_changes_something_is_on_record(world: World) -> None:
    """Accepted before the upstream is asked; looking at it is not."""
    file = await world.upload(ONE)
    world.sink.records.clear()
    batch = await world.start(file["id"])
    await world.batches.batch(batch["id"], ANNA)
    await world.batches.cancel(batch["id"], ANNA)
    await world.batches.delete(file["id"], ANNA)

    said = [(record.type.value, record.operation) for record in world.sink.records]
    operations = ("batch", "batch_cancel", "file_delete")
    assert said == [
        (f"request.{end}", name) for name in operations for end in ("accepted", "completed")
    ]
    assert {record.upstream_id for record in world.sink.records} == {"fake"}


async def test_what_cannot_be_recorded_is_not_done(world: World) -> None:
    """The upstream is not asked."""
    file = await world.upload(ONE)
    world.sink.refuses = lambda record: True
    with pytest.raises(AuditUnavailable):
        await world.start(file["id"])
    with pytest.raises(AuditUnavailable):
        await world.batches.delete(file["id"], ANNA)

    assert world.files._batches == {}
    assert world.files.count == 1
    assert len(world.vault.values) == 2


async def test_cancelling(world: World) -> None:
    """Once it has ended, the upstream's refusal is told."""
    file = await world.upload(ONE)
    batch = await world.start(file["id"])
    assert (await world.batches.cancel(batch["id"], ANNA))["status"] == "cancelling"
    assert (await world.batches.batch(batch["id"], ANNA))["status"] == "cancelled"
    with pytest.raises(UpstreamFailed):
        await world.batches.cancel(batch["id"], ANNA)


async def test_files_are_listed_page_by_page(world: World) -> None:
    """Newest first, or oldest first, each once; the upstream is not asked."""
    made = []
    for _ in range(5):
        made.append((await world.upload(ONE))["id"])
        world.now += 1
    world.files._files.clear()

    for newest_first, expected in ((True, made[::-1]), (False, made)):
        found, after = [], ""
        while True:
            page = await world.batches.files(ANNA, after, 2, None, newest_first=newest_first)
            found += [one["id"] for one in page["data"]]
            assert all(FileObject.model_validate(one) for one in page["data"])
            after = page["last_id"]
            if not page["has_more"]:
                break
        assert found == expected


async def test_files_are_listed_by_purpose(world: World) -> None:
    """Those of results as well."""
    batch = await world.done(ONE)
    for purpose, expected in (
        ("batch", [batch["input_file_id"]]),
        ("batch_output", [batch["output_file_id"]]),
        ("vision", []),
    ):
        page = await world.batches.files(ANNA, "", 10, purpose, newest_first=True)
        assert [one["id"] for one in page["data"]] == expected


async def test_batches_are_listed_page_by_page(world: World) -> None:
    """Newest first; one that the upstream has no longer is left out."""
    file = await world.upload(ONE)
    made = []
    for _ in range(4):
        world.now += 1
        made.append((await world.start(file["id"]))["id"])
    first = await world.batches.batches(ANNA, "", 3)
    assert [one["id"] for one in first["data"]] == made[:0:-1]
    assert first["has_more"]
    second = await world.batches.batches(ANNA, first["last_id"], 3)
    assert [one["id"] for one in second["data"]] == made[:1]
    assert not second["has_more"]

    world.files._batches.clear()
    assert (await world.batches.batches(ANNA, "", 3))["data"] == []


async def test_a_deleted_file_leaves_nothing(world: World) -> None:
    """Neither at the upstream nor in the vault, though the upstream may have lost it already."""
    for is_lost in (False, True):
        file = await world.upload(ONE)
        if is_lost:
            world.files._files.clear()
        gone = await world.batches.delete(file["id"], ANNA)
        assert gone == {"id": file["id"], "object": "file", "deleted": True}
        assert world.files.count == 0
        assert world.vault.values == []
        with pytest.raises(NotFound):
            await world.batches.file(file["id"], ANNA)


async def test_a_file_that_the_upstream_will_not_delete_stays(world: World) -> None:
    """What restores its answers stays, too."""
    file = await world.upload(ONE)

    async def delete(*_: Any) -> None:
        raise UpstreamFailed("x")

    world.files.delete = delete  # type: ignore[method-assign]
    with pytest.raises(UpstreamFailed):
        await world.batches.delete(file["id"], ANNA)
    assert len(world.vault.values) == 2


async def test_everything_expires(world: World) -> None:
    """After the days that are set."""
    file = await world.upload(ONE)
    batch = await world.start(file["id"])
    world.now += 30 * 86_400
    for call in (world.batches.file(file["id"], ANNA), world.batches.batch(batch["id"], ANNA)):
        with pytest.raises(NotFound):
            await call
    assert await world.vault.purge(world.now) == 3
