"""What the pipeline keeps beside its records: nothing, unless policy asks; and then in one step."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.audit.content.capsule import CapsuleKind, unseal
from gateway.audit.content.index import blind, index_key
from gateway.errors import AuditUnavailable, PolicyDenied
from gateway.exchange import Caller
from gateway.types import Subject
from tests.test_pipeline import World

CALLER = Caller(Subject("acme", "app"), "req_1")
MASTER = b"k" * 32
KEPT = "record: {content: %s, subjects: [PERSON], retention_days: 7}\n"
MASK = "version: 1\nid: test\n%srules: [{name: rest, effect: mask}]\n"
OPEN = "version: 1\nid: test\n%srules: [{name: rest, effect: unsafe_allow, reason: Why.}]\n"
SHADOW = "version: 1\nid: test\nshadow: true\n%srules: [{name: rest, effect: mask}]\n"


def texts(world: World) -> dict[CapsuleKind, bytes]:
    """The texts beside the records, opened with the key that is beside the first."""
    found: dict[CapsuleKind, bytes] = {}
    key = None
    for record in world.sink.records:
        if record.beside is None:
            continue
        key = record.beside.key or key
        for one in record.beside.capsules:
            assert key is not None
            assert one.event_id == record.event_id
            found[one.kind] = unseal(
                key, one.sealed, tenant="acme", event_id=record.event_id, kind=one.kind
            )
    return found


async def test_nothing_is_kept_by_itself(tmp_path: Path):
    world = World(tmp_path)
    await world.ask()
    assert [record.beside for record in world.sink.records] == [None, None]


@pytest.mark.parametrize("fields", [{}, {"stream": True}])
async def test_masked_content_is_what_left_and_what_came_back(tmp_path: Path, fields: Any):
    world = World(tmp_path, policy=MASK % (KEPT % "masked"))
    await world.ask(**fields)
    found = texts(world)
    assert set(found) == {CapsuleKind.MASKED_REQUEST, CapsuleKind.MASKED_RESPONSE}
    assert found[CapsuleKind.MASKED_REQUEST] == world.upstream.sent[0].body
    assert b"Anna" not in found[CapsuleKind.MASKED_REQUEST] + found[CapsuleKind.MASKED_RESPONSE]
    first, last = world.sink.records
    assert first.beside is not None
    assert last.beside is not None
    assert first.beside.subjects == (blind(index_key(MASTER, "acme"), "PERSON", "anna schmidt"),)
    assert last.beside.key is None
    assert first.beside.expires == last.beside.expires
    assert b"Anna" not in repr(world.sink.records).encode()


async def test_original_content_is_what_the_caller_sent_too(tmp_path: Path):
    world = World(tmp_path, policy=MASK % (KEPT % "original"))
    await world.ask()
    found = texts(world)
    assert len(found) == 3
    original = orjson.loads(found[CapsuleKind.ORIGINAL_REQUEST])
    assert original["messages"][0]["content"] == "I am Anna Schmidt."


@pytest.mark.parametrize("policy", [OPEN, SHADOW])
async def test_what_left_unmasked_is_not_kept_as_masked(tmp_path: Path, policy: str):
    world = World(tmp_path, policy=policy % (KEPT % "masked"))
    await world.ask()
    assert b"Anna" in world.upstream.sent[0].body
    assert texts(world) == {}
    first = world.sink.records[0].beside
    assert first is not None
    assert len(first.subjects) == 1


async def test_of_a_denied_request_only_the_index_is_kept(tmp_path: Path):
    deny = "version: 1\nid: test\n%srules: [{name: shut, effect: deny, reason: Shut.}]\n"
    world = World(tmp_path, policy=deny % (KEPT % "original"))
    with pytest.raises(PolicyDenied):
        await world.ask()
    (record,) = world.sink.records
    assert record.beside is not None
    assert (len(record.beside.subjects), record.beside.capsules, record.beside.key) == (1, (), None)


async def test_nothing_is_sent_where_it_cannot_be_kept(tmp_path: Path):
    world = World(tmp_path, policy=MASK % (KEPT % "masked"))
    world.sink.refuses = lambda record: record.beside is not None
    with pytest.raises(AuditUnavailable):
        await world.ask()
    assert world.upstream.sent == []
