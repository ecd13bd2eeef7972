"""An upload is masked line by line and all or nothing; before a line leaves it is on record."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.audit.facts import EventType, Outcome
from gateway.batches import uploading
from gateway.batches.form import FileBegins, FileEnds, FilePiece, FormField
from gateway.batches.uploading import Upload
from gateway.errors import (
    AuditUnavailable,
    DetectionUnavailable,
    GatewayError,
    InternalError,
    PolicyDenied,
    RequestError,
    UpstreamFailed,
)
from tests.batches.world import ANNA, CHAT, Files, World, jsonl, line

NAMED = jsonl(line("Anna Schmidt 1", "I am Anna Schmidt."), line("b", "hello"))


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


async def refused(world: World, data: bytes, kind: type[GatewayError] = RequestError) -> Any:
    """An upload that fails leaves nothing behind, and all its records are closed."""
    with pytest.raises(kind) as caught:
        await world.upload(data)
    assert world.files.count == 0
    assert world.vault.values == []
    accepted = [r.request_id for r in world.sink.records if r.type == EventType.REQUEST_ACCEPTED]
    closed = [r.request_id for r in world.sink.records if r.outcome == Outcome.FAILED]
    assert sorted(accepted) == sorted(closed)
    return caught.value


async def test_what_is_sent_and_what_is_told(world: World) -> None:
    """Neither values nor custom ids leave; the file is told as the client sent it."""
    made = await world.upload(NAMED)

    bodies = b"".join(one.request.body for one in world.files.sent)
    names = [one.custom_id for one in world.files.sent]
    assert b"Anna" not in bodies
    assert names == ["line-00000001", "line-00000002"]
    assert {one.endpoint for one in world.files.sent} == {CHAT}
    assert made == {
        "id": made["id"], "object": "file", "bytes": len(NAMED), "created_at": 1_700_000_000,
        "filename": "anna-schmidt.jsonl", "purpose": "batch", "status": "processed",
    }  # fmt: skip
    assert made["id"].startswith("file-")
    assert await world.batches.file(made["id"], ANNA) == made


async def test_a_line_is_erased_with_its_request(world: World) -> None:
    """Each is kept under the request as which it is on record."""
    await world.upload(NAMED)

    accepted = {r.request_id for r in world.sink.records if r.type == EventType.REQUEST_ACCEPTED}
    kept = {item.request_id for item in world.vault.kept if item.kind == "file_line"}
    assert kept == accepted
    assert len(kept) == 2


async def test_a_line_is_on_record_and_kept_before_it_leaves(world: World) -> None:
    """And closed once the file is there; the client has its id only then."""
    await world.upload(NAMED)

    for number, name in enumerate(["line-00000001", "line-00000002"], 1):
        before = Counter(world.order[: world.order.index(f"sent {name}")])
        assert before["record request.accepted"] >= number
        assert before["kept file_line"] >= number
    assert world.order[-3:] == ["kept file", *["record request.completed"] * 2]
    ids = [record.request_id for record in world.sink.records]
    assert Counter(Counter(ids).values()) == {2: 2}  # each its own, accepted and closed
    assert ANNA.request_id not in ids


@pytest.mark.parametrize("cut", [1, 7, 10_000])
@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n\r\n"])
async def test_however_the_bytes_come(world: World, cut: int, end: bytes) -> None:
    """With a byte order mark, carriage returns, and an end of the last line or none."""
    data = b"\xef\xbb\xbf" + NAMED.replace(b"\n", b"\r\n").strip() + end
    await world.upload(data, cut=cut)

    assert len(world.files.sent) == 2


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15, deadline=None
)
@given(count=st.integers(1, 60))
async def test_lines_keep_their_order(tmp_path: Path, count: int) -> None:
    """However many are worked on at a time."""
    world = World(tmp_path)
    await world.upload(jsonl(*(line(str(n), f"text {n}") for n in range(count))), cut=10_000)

    texts = [orjson.loads(one.request.body)["messages"][0]["content"] for one in world.files.sent]
    assert texts == [f"text {n}" for n in range(count)]


async def test_a_line_that_policy_denies_refuses_the_whole(world: World) -> None:
    """With the rule's reason and the line's number; the denial itself is on record as one."""
    data = jsonl(line("a"), line("b", "card 4111111111111111"), *(line(str(n)) for n in range(40)))
    error = await refused(world, data, PolicyDenied)

    assert error.message == "Line 2: No cards."
    assert error.param == "lines[2]"
    assert "request.denied" in world.sink.types


@pytest.mark.parametrize(
    ("second", "code"),
    [
        (line("a"), "duplicate_custom_id"),
        (line("b", stream=True), "invalid_line"),
        (line("b", logprobs=True), "unsupported_parameter"),
        ({**line("b"), "url": "/v1/moderations"}, "invalid_line"),
        ({**line("b"), "method": "GET"}, "invalid_line"),
        (line("b", model="unknown"), "model_not_found"),
        ({**line("b"), "body": {"model": "m"}}, None),
    ],
)
async def test_a_line_that_cannot_be_served(
    world: World, second: dict[str, Any], code: str | None
) -> None:
    """Refuses the whole, and says which it is."""
    error = await refused(world, jsonl(line("a"), second))

    assert error.message.startswith("Line 2: ")
    assert error.param.startswith("lines[2]")
    assert code in (error.code, None)


@pytest.mark.parametrize("data", [b"", b"\n\n", b"\xef\xbb\xbf\r\n"])
async def test_a_file_without_lines(world: World, data: bytes) -> None:
    """Is none."""
    assert (await refused(world, data)).code == "empty_file"
    assert world.order == []


async def test_a_line_longer_than_a_body_may_be(world: World) -> None:
    """Is told before it is there as a whole."""
    limits = replace(world.parts.pipeline.settings.limits, body_bytes=300)
    pipeline = world.parts.pipeline
    pipeline = replace(pipeline, settings=replace(pipeline.settings, limits=limits))
    world.parts = replace(world.parts, pipeline=pipeline)

    assert (await refused(world, jsonl(line("a"), line("b", "x" * 400)))).code == "line_too_large"


async def test_a_file_that_is_too_large(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """413."""
    monkeypatch.setattr(uploading, "MAX_FILE_BYTES", 200)
    assert (await refused(world, NAMED)).code == "file_too_large"


async def test_an_upstream_that_fails_on_the_way(world: World) -> None:
    """Its error is the upload's; what was admitted is closed as failed."""
    world.files.failure, world.files.fails_at = UpstreamFailed("x", code="upstream_error"), 3
    data = jsonl(*(line(str(n)) for n in range(60)))

    assert (await refused(world, data, UpstreamFailed)).code == "upstream_error"


async def test_an_upstream_that_answers_without_an_id(world: World) -> None:
    """Made no file that anybody could use."""

    async def upload(lines: Any, *_: Any) -> dict[str, Any]:
        async for _ in lines:
            pass
        return {"id": "../x"}

    world.files.upload = upload  # type: ignore[method-assign]
    assert (await refused(world, NAMED, UpstreamFailed)).code == "upstream_invalid"


@pytest.mark.parametrize("kind", ["file_line", "file"])
async def test_a_vault_that_fails(world: World, kind: str) -> None:
    """503; a file that the upstream had already is deleted there."""
    world.vault.fails_for = kind

    assert (await refused(world, NAMED, GatewayError)).code == "vault_unavailable"
    if kind == "file_line":
        assert world.files.sent == []


async def test_a_detector_that_fails(world: World) -> None:
    """503, with the line."""
    world.detector.failure = ValueError("Anna Schmidt")
    with pytest.raises(DetectionUnavailable, match="Line 1: "):
        await world.upload(NAMED)
    assert world.files.sent == []


async def test_a_log_that_fails(world: World) -> None:
    """Nothing leaves."""
    world.sink.refuses = lambda record: True
    with pytest.raises(AuditUnavailable):
        await world.upload(NAMED)
    assert world.files.sent == []
    assert world.vault.values == []


async def test_a_log_that_fails_at_the_end(world: World) -> None:
    """The file is taken back; no id is given."""
    world.sink.refuses = lambda record: record.type == EventType.REQUEST_COMPLETED
    with pytest.raises(AuditUnavailable):
        await world.upload(NAMED)

    assert world.files.count == 0
    assert world.vault.values == []
    assert Counter(world.sink.types) == {"request.accepted": 2, "request.failed": 2}


async def test_an_upload_that_is_cancelled(world: World) -> None:
    """Its records say that the client has gone."""
    upload = Upload(world.parts, ANNA)
    data = jsonl(*(line(str(n)) for n in range(40)))
    for event in (FormField("purpose", "batch"), FileBegins(""), FilePiece(data)):
        await upload.take(event)
    await upload.leave(asyncio.CancelledError(), is_gone=True)

    assert world.files.count == 0
    assert world.vault.values == []
    accepted = world.sink.types.count("request.accepted")
    assert accepted > 16
    assert world.sink.types.count("request.aborted") == accepted


@pytest.mark.parametrize(
    ("events", "code"),
    [
        ([FormField("purpose", "fine-tune")], "unsupported_purpose"),
        ([FileBegins(""), FilePiece(NAMED), FileEnds()], "unsupported_purpose"),
        ([FileBegins(""), FilePiece(NAMED), FileEnds(), FormField("purpose", "vision")],
         "unsupported_purpose"),
        ([FormField("purpose", "batch")], "invalid_form"),
        ([FormField("Anna Schmidt", "x")], "unsupported_parameter"),
        ([FormField("expires_after[anchor]", "created_at"), FileBegins("")], "invalid_request"),
        ([FormField("expires_after[seconds]", "7200"), FileBegins("")], "invalid_request"),
        ([FormField("expires_after[anchor]", "created_at"),
          FormField("expires_after[seconds]", "9" * 5000), FileBegins("")], "invalid_request"),
        ([FileBegins(""), FormField("expires_after[seconds]", "7200")], "invalid_form"),
    ],
)  # fmt: skip
async def test_forms_that_are_no_upload(world: World, events: list[Any], code: str) -> None:
    """Nothing is left of them."""
    with pytest.raises(RequestError) as caught:
        await world.take(events)

    assert caught.value.code == code
    assert "Anna" not in str(caught.value)
    assert world.files.count == 0
    assert world.vault.values == []


async def test_a_purpose_behind_the_file_and_an_expiry_before_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both are as good as the other way round; the expiry is the upstream's affair."""
    seen: list[int | None] = []
    upload = Files.upload

    async def noting(self: Files, lines: Any, expires_s: int | None, *rest: Any) -> dict[str, Any]:
        seen.append(expires_s)
        return await upload(self, lines, expires_s, *rest)

    monkeypatch.setattr(Files, "upload", noting)
    made = await world.take(
        [
            FormField("expires_after[anchor]", "created_at"),
            FormField("expires_after[seconds]", "7200"),
            FileBegins("a"), FilePiece(NAMED), FileEnds(), FormField("purpose", "batch"),
        ]
    )  # fmt: skip

    assert made["purpose"] == "batch"
    assert seen == [7200]


async def test_all_lines_go_where_the_first_goes(world: World) -> None:
    """A line that only another upstream serves is refused, whatever the order of these."""
    pipeline = world.parts.pipeline
    (fake,) = pipeline.settings.upstreams
    others = (replace(fake, name="none", models=("*",)), replace(fake, name="two", models=("n",)))
    settings = replace(pipeline.settings, upstreams=(*others, fake))
    world.parts = replace(
        world.parts,
        pipeline=replace(pipeline, settings=settings),
        stores={"fake": world.files, "two": Files("two", world.order)},
    )

    await world.upload(NAMED)  # not to "none", which keeps no files
    assert len(world.files.sent) == 2
    with pytest.raises(RequestError, match="Line 2"):
        await world.upload(jsonl(line("a"), line("b", model="n")))


async def test_an_upstream_that_is_done_before_the_lines_are(world: World) -> None:
    """Has not read them."""

    async def upload(lines: Any, *_: Any) -> dict[str, Any]:
        return {"id": "file-1"}

    world.files.upload = upload  # type: ignore[method-assign]
    with pytest.raises(UpstreamFailed):
        await world.upload(jsonl(*(line(str(n)) for n in range(60))))


async def test_a_fault_of_ours(world: World) -> None:
    """Closes the records, too."""
    upload = Upload(world.parts, ANNA)
    for event in (FormField("purpose", "batch"), FileBegins(""), FilePiece(NAMED)):
        await upload.take(event)
    await upload.leave(InternalError("x"), is_gone=False)

    failed = [r for r in world.sink.records if r.outcome == Outcome.FAILED]
    assert {record.error_code for record in failed} == {"internal_error"}
