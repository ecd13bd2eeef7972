"""Results come back under the client's own custom ids, restored, and only to their owner."""

from __future__ import annotations

from contextlib import aclosing
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.audit.facts import EventType
from gateway.batches import downloading
from gateway.batches.downloading import Download
from gateway.errors import (
    AuditUnavailable,
    DetectionUnavailable,
    GatewayError,
    NotFound,
    RequestError,
    Unavailable,
)
from tests.batches.world import ANNA, BEN, OTHER, World, jsonl, line
from tests.test_pipeline import POLICY

NAMED = jsonl(line("Anna Schmidt 1", "I am Anna Schmidt."), line("b", "hello"))
CANARY = "canary words of the upstream"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def said(one: dict[str, Any]) -> str:
    return str(one["response"]["body"]["choices"][0]["message"]["content"])


def result(number: int, **fields: Any) -> bytes:
    body = {"choices": [{"index": 0, "message": {"content": CANARY}, "finish_reason": "stop"}]}
    made = {
        "id": "batch_req_1",
        "custom_id": f"line-{number:08d}",
        "response": {"status_code": 200, "request_id": "r", "body": body},
        "error": None,
    }
    return orjson.dumps({**made, **fields}) + b"\n"


async def given(world: World, *pieces: bytes) -> tuple[str, list[dict[str, Any]]]:
    """What comes of these results for a batch of two lines."""
    batch = await world.done(NAMED)
    world.files.downloads = list(pieces)
    world.order.clear()
    world.sink.records.clear()
    return batch["output_file_id"], await world.download(batch["output_file_id"])


async def broken(world: World, *pieces: bytes) -> tuple[list[bytes], GatewayError]:
    """What comes of results that cannot be given whole, and how it ends."""
    batch = await world.done(NAMED)
    world.files.downloads = list(pieces)
    world.sink.records.clear()
    out: list[bytes] = []
    with pytest.raises(GatewayError) as caught:
        async with aclosing(Download(world.parts, ANNA, batch["output_file_id"]).lines()) as lines:
            out.extend([one async for one in lines])
    assert world.sink.types == ["request.accepted", "request.failed"]
    return out, caught.value


async def test_answers_are_restored_under_their_own_ids(world: World) -> None:
    """In the order in which the upstream gives them."""
    batch = await world.done(NAMED)
    lines = await world.download(batch["output_file_id"])

    assert [one["custom_id"] for one in lines] == ["b", "Anna Schmidt 1"]
    assert [said(one) for one in lines] == ["I received: hello", "I received: I am Anna Schmidt."]
    assert all(one["error"] is None for one in lines)
    assert await world.download(batch["output_file_id"]) == lines  # as often as one likes


async def test_what_was_kept_restores_after_a_restart(world: World) -> None:
    """The values are in the vault and nowhere else."""
    batch = await world.done(NAMED)
    kept = [value for value in world.vault.values if b"Anna Schmidt" in value]
    assert len(kept) == 1
    assert orjson.loads(kept[0])["custom_id"] == "Anna Schmidt 1"
    assert said((await world.download(batch["output_file_id"]))[1]).endswith("Anna Schmidt.")


async def test_a_download_is_an_exchange_on_record(world: World) -> None:
    """Accepted before the upstream is asked, closed before the last bytes go out."""
    batch = await world.done(NAMED)
    world.sink.records.clear()
    world.order.clear()
    async with aclosing(Download(world.parts, ANNA, batch["output_file_id"]).lines()) as lines:
        async for _ in lines:
            world.order.append("out")

    assert world.order == ["record request.accepted", "out", "record request.completed", "out"]
    accepted, closed = world.sink.records
    assert accepted.request_id == closed.request_id == ANNA.request_id
    assert (closed.endpoint, closed.operation) == ("/v1/files/:id/content", "file_content")
    assert closed.upstream_id == "fake"
    assert closed.transform is not None
    assert closed.transform.restored == 1
    assert closed.usage is not None
    assert closed.usage.output > 0
    assert closed.masked_response is not None


@pytest.mark.parametrize("caller", [BEN, OTHER])
async def test_nobody_else_has_them(world: World, caller: Any) -> None:
    """As if there were none: neither another principal nor another tenant."""
    batch = await world.done(NAMED)
    world.sink.records.clear()
    for file_id in (batch["output_file_id"], batch["input_file_id"], "file-x", "../x", ""):
        with pytest.raises(NotFound) as caught:
            await world.download(file_id, caller)
        assert caught.value.code == "file_not_found"
    assert world.sink.records == []


async def test_requests_are_not_given_back(world: World) -> None:
    """They are at the upstream, masked."""
    batch = await world.done(NAMED)
    with pytest.raises(RequestError) as caught:
        await world.download(batch["input_file_id"])
    assert caught.value.code == "no_content"


@pytest.mark.parametrize("size", [1, 7, 100_000])
async def test_however_the_bytes_come(world: World, size: int) -> None:
    """A last line without its end included."""
    raw = (result(1) + result(2)).rstrip()
    _, lines = await given(world, *(raw[at : at + size] for at in range(0, len(raw), size)))

    assert [one["custom_id"] for one in lines] == ["Anna Schmidt 1", "b"]


async def test_no_results_at_all(world: World) -> None:
    """Is a file of none."""
    _, lines = await given(world)
    assert lines == []
    assert world.sink.types == ["request.accepted", "request.completed"]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"response": None, "error": {"code": "batch_expired", "message": CANARY}},
         {"response": None, "code": "batch_expired"}),
        ({"response": None, "error": None}, {"response": None, "code": "upstream_error"}),
        ({"response": None, "error": {"code": CANARY}},
         {"response": None, "code": "upstream_error"}),
        ({"response": {"status_code": 429, "body": {"error": {"message": CANARY, "code": "x_1"}}}},
         {"status": 429, "error": "x_1"}),
        ({"response": {"status_code": 500, "body": CANARY}},
         {"status": 500, "error": "upstream_error"}),
        ({"response": {"status_code": 200, "body": CANARY}},
         {"response": None, "code": "upstream_invalid"}),
    ],
)  # fmt: skip
async def test_errors_are_told_by_their_code_alone(
    world: World, fields: dict[str, Any], expected: dict[str, Any]
) -> None:
    """The upstream's words are not, and other lines come all the same."""
    _, lines = await given(world, result(1, **fields), result(2))

    one = lines[0]
    assert CANARY not in str(one)
    assert one["custom_id"] == "Anna Schmidt 1"
    if "status" in expected:
        assert one["response"]["status_code"] == expected["status"]
        assert one["response"]["body"]["error"]["code"] == expected["error"]
    else:
        assert one["response"] is None
        assert one["error"]["code"] == expected["code"]
    assert said(lines[1]) == CANARY


@pytest.mark.parametrize(
    "bad",
    [
        b"no json\n",
        b"[]\n",
        b"{}\n",
        result(3),
        result(1, custom_id="../../x"),
        result(1, custom_id=None),
        result(1, response=[]),
        result(1, response={"status_code": "200"}),
        result(1, response={"status_code": True}),
        result(1, response={"status_code": 99}),
    ],
)
async def test_what_are_no_results_breaks_off(world: World, bad: bytes) -> None:
    """What came before may have gone out; nothing of the rest does."""
    out, error = await broken(world, result(2) + bad + result(1))

    assert error.code == "upstream_invalid"
    assert out == []  # the last good line waits for the closing record


async def test_a_line_without_an_end_is_bounded(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The upstream cannot fill the memory."""
    monkeypatch.setattr(downloading, "LONGEST", 1000)
    _, error = await broken(world, *[b"x" * 100] * 20)
    assert error.code == "upstream_invalid"


async def test_a_client_that_leaves(world: World) -> None:
    """Is on record as gone, and the upstream's connection is closed."""
    batch = await world.done(NAMED)
    world.files.downloads = [result(1), result(2), result(1), result(2)]
    world.order.clear()
    lines = Download(world.parts, ANNA, batch["output_file_id"]).lines()
    await anext(lines)
    await lines.aclose()

    assert world.order == ["record request.accepted", "reply closed", "record request.aborted"]


async def test_a_log_that_fails(world: World) -> None:
    """Before: the upstream is not asked. After: the last bytes are withheld."""
    batch = await world.done(NAMED)
    world.sink.refuses = lambda record: record.type == EventType.REQUEST_ACCEPTED
    with pytest.raises(AuditUnavailable):
        await world.download(batch["output_file_id"])

    world.sink.refuses = lambda record: record.type == EventType.REQUEST_COMPLETED
    lines = Download(world.parts, ANNA, batch["output_file_id"]).lines()
    await anext(lines)
    with pytest.raises(AuditUnavailable):
        await anext(lines)


async def test_new_data_is_masked_as_policy_said_when_the_file_came(tmp_path: Path) -> None:
    """In each line; where detection fails, nothing more goes out."""
    world = World(tmp_path, POLICY + "answers: {new_data: mask}\n")
    body = {"choices": [{"index": 0, "message": {"content": "Ask Anna Schmidt."}}]}
    made = {"status_code": 200, "request_id": "r", "body": body}
    batch = await world.done(jsonl(line("a", "hello"), line("b", "hello")))
    world.files.downloads = [result(1, response=made), result(2)]
    lines = await world.download(batch["output_file_id"])

    assert said(lines[0]) == "Ask [PERSON]."
    closed = world.sink.records[-1]
    assert closed.transform is not None
    assert dict(closed.transform.new_data or {}) == {"PERSON": 1}

    world.detector.failure = ValueError("Anna Schmidt")
    with pytest.raises(DetectionUnavailable):
        await world.download(batch["output_file_id"])


async def test_what_has_expired_or_was_deleted_cannot_be_restored(world: World) -> None:
    """A file of results outlives its requests at the upstream alone."""
    batch = await world.done(NAMED)
    await world.batches.delete(batch["input_file_id"], ANNA)
    with pytest.raises(NotFound) as caught:
        await world.download(batch["output_file_id"])
    assert caught.value.code == "requests_gone"

    world.now += 31 * 86_400
    with pytest.raises(NotFound):
        await world.download(batch["output_file_id"])


async def test_an_upstream_that_is_no_longer_configured(world: World) -> None:
    """503."""
    batch = await world.done(NAMED)
    object.__setattr__(world.parts, "stores", {})
    with pytest.raises(Unavailable) as caught:
        await world.download(batch["output_file_id"])
    assert caught.value.code == "upstream_not_configured"
