"""Stored answers are given once more, restored, to their owner alone; all of it is on record."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.errors import AuditUnavailable, NotFound, UpstreamFailed, VaultUnavailable
from gateway.exchange import Caller
from gateway.ports import Owner
from gateway.retrieving import StoredAnswers
from gateway.vault.memory import MemoryVault
from gateway.wire.families import RESPONSES
from tests.fakes import ScriptedReply
from tests.test_pipeline import CALLER
from tests.test_state import OTHERS, POLICY, StateWorld


@dataclass
class Store:
    """Gives what it is told to."""

    answers: dict[str, Any]
    order: list[str]
    name: str = "fake"
    failure: UpstreamFailed | None = None
    asked: list[str] = field(default_factory=list)

    async def stored(
        self, state_id: str, request_id: str, headers: Mapping[str, str]
    ) -> ScriptedReply:
        self._ask(state_id)
        return ScriptedReply([orjson.dumps(self.answers[state_id])], self.order)

    async def forget(self, state_id: str, request_id: str, headers: Mapping[str, str]) -> None:
        self._ask(state_id)
        del self.answers[state_id]

    def _ask(self, state_id: str) -> None:
        self.asked.append(state_id)
        self.order.append("asked")
        if self.failure is not None:
            raise self.failure
        if state_id not in self.answers:
            raise UpstreamFailed("No.", code="upstream_not_found", status=404)


class RetrievingWorld(StateWorld):
    def __init__(self, tmp_path: Path, vault: Any = None, policy: str = POLICY) -> None:
        super().__init__(tmp_path, vault, policy)
        self.store = Store({}, self.order)
        assert self.pipeline.states is not None
        self.answers = StoredAnswers(
            self.pipeline, self.pipeline.states, {"fake": self.store}, RESPONSES
        )

    async def stored(self, text: str, **fields: Any) -> str:
        """The name of an answer that quotes the text."""
        name, _ = await self.say(text, **fields)
        number = len(self.provider.bodies)
        said = self.provider.bodies[-1]["input"]
        content = [{"type": "output_text", "text": said, "annotations": []}]
        self.store.answers[f"resp_provider{number}"] = {
            "id": f"resp_provider{number}", "object": "response", "created_at": 1,
            "status": "completed", "model": "m", "store": True,
            "metadata": {"who": "masked"}, "instructions": "masked", "surprise": "new",
            "output": [{"id": "msg_1", "type": "message", "role": "assistant",
                        "status": "completed", "content": content}],
        }  # fmt: skip
        self.order.clear()
        self.sink.records.clear()
        return name

    async def get(self, name: str, caller: Caller = CALLER) -> dict[str, Any]:
        found = orjson.loads(await self.answers.get(name, caller))
        assert isinstance(found, dict)
        return found


@pytest.fixture
def world(tmp_path: Path) -> RetrievingWorld:
    return RetrievingWorld(tmp_path)


async def test_an_answer_comes_back_restored_under_its_own_name(world: RetrievingWorld) -> None:
    name = await world.stored(
        "I am Anna Schmidt.", instructions="Serve Anna Schmidt.", metadata={"who": "Anna Schmidt"}
    )
    found = await world.get(name)
    assert found["id"] == name
    assert found["output"][0]["content"][0]["text"] == "I am Anna Schmidt."
    assert found["instructions"] == "Serve Anna Schmidt."
    assert found["metadata"] == {"who": "Anna Schmidt"}
    assert "surprise" not in found
    assert world.store.asked == ["resp_provider1"]
    assert b"provider" not in orjson.dumps(found)


async def test_it_is_on_record_before_and_after(world: RetrievingWorld) -> None:
    name = await world.stored("I am Anna Schmidt.")
    await world.get(name)
    assert world.order == [
        "record request.accepted", "asked", "reply closed", "record request.completed",
    ]  # fmt: skip
    accepted, closed = world.sink.records
    assert (accepted.endpoint, accepted.operation) == ("/v1/responses/:id", "stored_response")
    assert closed.transform is not None
    assert closed.transform.restored == 1
    assert accepted.request_id == closed.request_id == CALLER.request_id


@pytest.mark.parametrize("stranger", OTHERS, ids=["principal", "tenant"])
def test_what_is_anothers_is_not_there(world: RetrievingWorld, stranger: Caller) -> None:
    name = asyncio.run(world.stored("I am Anna Schmidt."))
    told = []
    for work in (world.answers.get, world.answers.delete):
        for one, caller in ((name, stranger), ("resp_" + "0" * 32, CALLER), ("Anna", CALLER)):
            with pytest.raises(NotFound) as caught:
                asyncio.run(work(one, caller))
            told.append((str(caught.value), caught.value.code, caught.value.status))
    assert set(told) == {("There is no such stored response.", "response_not_found", 404)}
    assert world.store.asked == []
    assert world.sink.types == []
    assert asyncio.run(world.get(name))["id"] == name


async def test_after_deleting_it_is_gone_everywhere(world: RetrievingWorld) -> None:
    name = await world.stored("Hi")
    assert orjson.loads(await world.answers.delete(name, CALLER)) == {
        "id": name, "object": "response", "deleted": True,
    }  # fmt: skip
    assert world.store.answers == {}
    assert world.sink.types == ["request.accepted", "request.completed"]
    assert world.sink.records[0].operation == "delete_response"
    with pytest.raises(NotFound):
        await world.get(name)
    with pytest.raises(NotFound):
        await world.say("And?", previous_response_id=name)


async def test_what_its_provider_has_no_longer_is_not_there(world: RetrievingWorld) -> None:
    name = await world.stored("Hi")
    world.store.answers.clear()
    with pytest.raises(NotFound) as caught:
        await world.get(name)
    assert caught.value.code == "response_not_found"
    assert world.sink.types == ["request.accepted", "request.failed"]
    await world.answers.delete(name, CALLER)
    with pytest.raises(NotFound):
        await world.answers.delete(name, CALLER)


async def test_an_upstream_that_is_no_longer_configured_has_nothing(
    world: RetrievingWorld,
) -> None:
    name = await world.stored("Hi")
    with pytest.raises(NotFound):
        await replace(world.answers, stores={}).get(name, CALLER)


async def test_where_the_upstream_fails_so_does_it(world: RetrievingWorld) -> None:
    name = await world.stored("Hi")
    world.store.failure = UpstreamFailed("It is down.", code="upstream_unreachable")
    for work in (world.answers.get, world.answers.delete):
        with pytest.raises(UpstreamFailed):
            await work(name, CALLER)
    assert world.sink.types == ["request.accepted", "request.failed"] * 2
    world.store.failure = None
    assert (await world.get(name))["id"] == name


@pytest.mark.parametrize("answer", [[], {"output": 1}, {"output": [], "error": {"code": "x"}}])
async def test_an_answer_that_is_none_is_withheld(world: RetrievingWorld, answer: Any) -> None:
    name = await world.stored("Hi")
    world.store.answers["resp_provider1"] = answer
    with pytest.raises(UpstreamFailed):
        await world.get(name)
    assert world.sink.types == ["request.accepted", "request.failed"]


async def test_nothing_is_asked_without_a_record_and_nothing_given(
    world: RetrievingWorld,
) -> None:
    name = await world.stored("Hi")
    world.sink.refuses = lambda record: record.type == "request.accepted"
    with pytest.raises(AuditUnavailable):
        await world.get(name)
    assert world.store.asked == []
    world.sink.refuses = lambda record: record.type == "request.completed"
    with pytest.raises(AuditUnavailable):
        await world.get(name)


async def test_an_answer_that_cannot_be_forgotten_here_is_a_failure(tmp_path: Path) -> None:
    class NoDrop(MemoryVault):
        async def drop(self, owner: Owner, kind: str, name: str) -> None:
            raise VaultUnavailable("The vault cannot be used.")

    world = RetrievingWorld(tmp_path, NoDrop())
    name = await world.stored("Hi")
    with pytest.raises(VaultUnavailable):
        await world.answers.delete(name, CALLER)
    assert world.sink.types == ["request.accepted", "request.failed"]


async def test_new_data_is_treated_as_policy_said_when_it_was_made(tmp_path: Path) -> None:
    world = RetrievingWorld(tmp_path, policy=POLICY + "answers: {new_data: mask}\n")
    name = await world.stored("I am Anna Schmidt.")
    content = world.store.answers["resp_provider1"]["output"][0]["content"][0]
    content["text"] += " Card 4111111111111111."
    text = (await world.get(name))["output"][0]["content"][0]["text"]
    assert text.startswith("I am Anna Schmidt. Card ")
    assert "4111" not in text
    transform = world.sink.records[-1].transform
    assert transform is not None
    assert transform.new_data == {"CREDIT_CARD": 1}
