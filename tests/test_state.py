"""Requests go on with stored answers: whose, where, under which names, and what if it fails."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.audit import opening
from gateway.audit.content.index import blind, index_key
from gateway.errors import InternalError, NotFound, RequestError, UpstreamFailed, VaultUnavailable
from gateway.exchange import Caller
from gateway.masking.mask import MaskedRequest
from gateway.ports import Item, Owner, Vault
from gateway.state import KIND, States, Stored
from gateway.types import Subject, UpstreamClass
from gateway.vault.memory import MemoryVault
from gateway.vault.store import SqlVault
from gateway.wire.families import RESPONSES
from tests.fakes import ScriptedReply, ScriptedUpstream
from tests.test_pipeline import CALLER, World

POLICY = """\
version: 1
id: test
handling: {provider_state: on_prem_only}
rules:
  - {name: all, effect: mask}
"""
OTHERS = [
    Caller(Subject("acme", "other"), "req_2"),
    Caller(Subject("other", "app"), "req_2"),
]


class Provider:
    """Stores what it is asked, under ids of its own, as a provider does; and quotes all of it."""

    def __init__(self) -> None:
        self.stored: dict[str, list[str]] = {}
        self.bodies: list[dict[str, Any]] = []
        self.stores = True

    def __call__(self, request: MaskedRequest, order: list[str]) -> ScriptedReply:
        body = orjson.loads(request.body)
        self.bodies.append(body)
        said = [*self.stored.get(body.get("previous_response_id") or "", []), body["input"]]
        name = f"resp_provider{len(self.bodies)}"
        stores = self.stores and body.get("store") is not False
        if stores:
            self.stored[name] = said
        text = " | ".join(said)
        answer = {
            "id": name, "object": "response", "created_at": 1, "status": "completed",
            "model": "m", "store": stores,
            "output": [{"id": "msg_1", "type": "message", "role": "assistant",
                        "status": "completed",
                        "content": [{"type": "output_text", "text": text, "annotations": []}]}],
        }  # fmt: skip
        if not request.stream:
            return ScriptedReply([orjson.dumps(answer)], order)
        pieces = []
        for kind in ("response.created", "response.completed"):
            data = {"type": kind, "sequence_number": len(pieces), "response": answer}
            pieces.append(b"data: " + orjson.dumps(data) + b"\n\n")
        return ScriptedReply(pieces, order, is_stream=True)


class NoVault(MemoryVault):
    """Takes nothing."""

    async def put(self, owner: Owner, items: object) -> None:
        raise VaultUnavailable("The vault cannot be used.")


class StateWorld(World):
    def __init__(self, tmp_path: Path, vault: Vault | None = None, policy: str = POLICY) -> None:
        self.provider = Provider()
        super().__init__(tmp_path, self.provider, policy)
        self.vault = vault or MemoryVault()
        self.pipeline = replace(self.pipeline, states=States(self.vault, 30))

    async def say(self, text: str, caller: Caller = CALLER, **fields: Any) -> tuple[str, str]:
        """The id and the text of the answer."""
        raw = orjson.dumps({"model": "m", "input": text, **fields})
        admitted = await self.pipeline.admit(raw, caller, RESPONSES)
        if fields.get("stream"):
            async with aclosing(self.pipeline.stream(admitted)) as events:
                blocks = b"".join([block async for block in events])
            last = blocks.strip().split(b"\n\n")[-1]
            answer = orjson.loads(last.partition(b"data: ")[2])["response"]
        else:
            answer = orjson.loads(await self.pipeline.complete(admitted))
        return answer["id"], answer["output"][0]["content"][0]["text"]


@pytest.fixture
def world(tmp_path: Path) -> StateWorld:
    return StateWorld(tmp_path)


def refused(world: StateWorld, previous: str, caller: Caller = CALLER) -> NotFound:
    sent = len(world.provider.bodies)
    with pytest.raises(NotFound) as caught:
        asyncio.run(world.say("And?", caller, previous_response_id=previous))
    assert len(world.provider.bodies) == sent
    return caught.value


@pytest.mark.parametrize("stream", [False, True])
async def test_a_conversation_goes_on_where_it_is_stored(world: StateWorld, stream: bool) -> None:
    first, said = await world.say("I am Anna Schmidt.", stream=stream)
    assert said == "I am Anna Schmidt."
    second, said = await world.say(
        "Is Anna Schmidt here?", previous_response_id=first, stream=stream
    )
    assert said == "I am Anna Schmidt. | Is Anna Schmidt here?"
    _, said = await world.say("Who?", previous_response_id=second, stream=stream)
    assert said == "I am Anna Schmidt. | Is Anna Schmidt here? | Who?"
    bodies = world.provider.bodies
    assert [body.get("previous_response_id") for body in bodies] == [
        None, "resp_provider1", "resp_provider2",
    ]  # fmt: skip
    assert bodies[1]["input"] == bodies[0]["input"].replace("I am", "Is").replace(".", " here?")
    assert b"Schmidt" not in orjson.dumps(bodies)
    assert world.sink.types == ["request.accepted", "request.completed"] * 3
    assert len({record.conversation_ref for record in world.sink.records}) == 1


async def test_ids_are_ours(world: StateWorld) -> None:
    first, _ = await world.say("Hi")
    second, _ = await world.say("Hi")
    assert first != second
    for name in (first, second):
        assert name.startswith("resp_")
        assert len(name) == 37
        assert "provider" not in name


@pytest.mark.parametrize("stranger", OTHERS, ids=["principal", "tenant"])
def test_what_is_anothers_is_unknown(world: StateWorld, stranger: Caller) -> None:
    name, _ = asyncio.run(world.say("I am Anna Schmidt."))
    theirs, none = refused(world, name, stranger), refused(world, "resp_" + "0" * 32)
    assert theirs.status == 404
    assert theirs.code == "previous_response_not_found"
    assert (str(theirs), theirs.code, theirs.param) == (str(none), none.code, none.param)


@pytest.mark.parametrize("name", ["resp_provider1", "Anna Schmidt", "x" * 5000, "a/../b", "\x00"])
def test_the_providers_own_ids_and_any_text_are_unknown(world: StateWorld, name: str) -> None:
    asyncio.run(world.say("Hi"))
    assert "Schmidt" not in str(refused(world, name))


@pytest.mark.parametrize(
    ("policy", "fields"),
    [
        (POLICY, {"store": False}),
        (POLICY.replace("on_prem_only", "never"), {}),
        (POLICY.replace("on_prem_only", "never"), {"store": True}),
        (POLICY + "shadow: true\n", {"store": True}),
    ],
    ids=["caller", "default", "policy", "shadow"],
)
async def test_nothing_is_stored_where_caller_or_policy_does_not_want_it(
    tmp_path: Path, policy: str, fields: dict[str, Any]
) -> None:
    world = StateWorld(tmp_path, policy=policy)
    name, _ = await world.say("I am Anna Schmidt.", **fields)
    assert world.provider.stored == {}
    assert list(await world.vault.page(Owner("acme", "app"), KIND, "", "", 9)) == []
    with pytest.raises(NotFound):
        await world.say("And?", previous_response_id=name)


async def test_what_the_provider_does_not_store_is_not_kept(world: StateWorld) -> None:
    world.provider.stores = False
    name, _ = await world.say("Hi", store=True)
    with pytest.raises(NotFound):
        await world.say("And?", previous_response_id=name)


async def test_without_a_vault_every_id_is_unknown(world: StateWorld) -> None:
    world.pipeline = replace(world.pipeline, states=None)
    name, said = await world.say("I am Anna Schmidt.")
    assert said == "I am Anna Schmidt."
    with pytest.raises(NotFound):
        await world.say("And?", previous_response_id=name)


async def test_a_policy_that_keeps_no_state_any_more_lets_none_go_on(
    world: StateWorld, tmp_path: Path
) -> None:
    name, _ = await world.say("Hi")
    later = StateWorld(tmp_path, world.vault, POLICY.replace("on_prem_only", "never"))
    with pytest.raises(NotFound):
        await later.say("And?", previous_response_id=name)
    assert later.provider.bodies == []
    assert later.sink.types == []


async def test_only_the_upstream_that_has_it_is_asked(world: StateWorld) -> None:
    name, _ = await world.say("Hi")
    settings = world.pipeline.settings
    (one,) = settings.upstreams
    other = ScriptedUpstream(Provider(), [], "other")
    world.pipeline = replace(
        world.pipeline,
        settings=replace(settings, upstreams=(replace(one, name="other"), one)),
        upstreams={"other": other, "fake": world.upstream},
    )
    await world.say("And?", previous_response_id=name)
    assert other.sent == []
    await world.say("Hi")
    assert len(other.sent) == 1
    world.pipeline = replace(
        world.pipeline, settings=replace(settings, upstreams=(replace(one, name="other"),))
    )
    with pytest.raises(NotFound):
        await world.say("And?", previous_response_id=name)
    assert len(other.sent) == 1


async def test_state_that_is_no_longer_on_the_premises_is_not_gone_on_with(
    world: StateWorld,
) -> None:
    name, _ = await world.say("Hi")
    world.external()
    world.upstream.upstream_class = UpstreamClass.EXTERNAL
    with pytest.raises(NotFound):
        await world.say("And?", previous_response_id=name)


async def test_the_header_names_the_conversation_first(world: StateWorld) -> None:
    named = replace(CALLER, conversation="c-1")
    name, _ = await world.say("I am Anna Schmidt.", named)
    await world.say("Anna Schmidt", named, previous_response_id=name)
    await world.say("Anna Schmidt", previous_response_id=name)
    first, *rest = (body["input"] for body in world.provider.bodies)
    assert all(f"I am {text}." == first for text in rest)


async def test_the_record_names_the_request_that_it_goes_on_with(world: StateWorld) -> None:
    name, _ = await world.say("Hi", replace(CALLER, request_id="req_a"))
    await world.say("And?", replace(CALLER, request_id="req_b"), previous_response_id=name)
    parents = {one.request_id: one.parent_id for one in world.sink.records}
    assert parents == {"req_a": "", "req_b": "req_a"}


async def test_a_person_of_an_earlier_request_is_found_in_a_later_one(tmp_path: Path) -> None:
    """Its answer may speak of them, and the vault keeps their values for it."""
    world = StateWorld(tmp_path, policy=POLICY + "record: {subjects: [PERSON]}\n")
    first, _ = await world.say("I am Anna Schmidt, 4111111111111111.")
    second, _ = await world.say("And?", previous_response_id=first)
    await world.say("Who?", previous_response_id=second)
    await world.say("Who?")
    subjects = [
        one.beside.subjects
        for one in world.sink.records
        if one.beside is not None and one.type == "request.accepted"
    ]
    anna = blind(index_key(b"k" * 32, "acme"), "PERSON", "Anna Schmidt")
    assert subjects == [(anna,), (anna,), (anna,), ()]


# --- where it fails -------------------------------------------------------------------------------


async def test_an_answer_that_cannot_be_kept_is_withheld(tmp_path: Path) -> None:
    world = StateWorld(tmp_path, NoVault())
    with pytest.raises(VaultUnavailable):
        await world.say("I am Anna Schmidt.")
    assert world.sink.types == ["request.accepted", "request.failed"]
    _, said = await world.say("I am Anna Schmidt.", store=False)
    assert said == "I am Anna Schmidt."


async def test_the_last_event_of_an_answer_that_cannot_be_kept_is_withheld(
    tmp_path: Path,
) -> None:
    world = StateWorld(tmp_path, NoVault())
    raw = orjson.dumps({"model": "m", "input": "Hi", "stream": True})
    admitted = await world.pipeline.admit(raw, CALLER, RESPONSES)
    blocks: list[bytes] = []

    async def read() -> None:
        async for block in world.pipeline.stream(admitted):
            blocks.append(block)

    with pytest.raises(VaultUnavailable):
        await read()
    assert b"response.completed" not in b"".join(blocks)
    assert world.sink.types == ["request.accepted", "request.failed"]


async def test_it_is_kept_before_the_record_is_closed(tmp_path: Path) -> None:
    order: list[str] = []

    class Watched(MemoryVault):
        async def put(self, owner: Owner, items: Any) -> None:
            order.append("kept")
            await super().put(owner, items)

    world = StateWorld(tmp_path, Watched())
    world.sink.order = order
    await world.say("Hi")
    assert order == ["record request.accepted", "kept", "record request.completed"]


async def test_an_answer_that_breaks_off_is_not_kept(world: StateWorld) -> None:
    def broken(request: MaskedRequest, order: list[str]) -> ScriptedReply:
        whole = world.provider(request, order)
        return replace(whole, pieces=whole.pieces[:1])

    world.upstream.script = broken
    with pytest.raises(UpstreamFailed):
        await world.say("Hi", stream=True)
    assert list(await world.vault.page(Owner("acme", "app"), KIND, "", "", 9)) == []


# --- kept in a database ---------------------------------------------------------------------------


@pytest.fixture
def reopened(tmp_path: Path) -> Callable[[], SqlVault]:
    url = f"sqlite:///{tmp_path}/audit.db"
    opening.migrate(url)
    return lambda: SqlVault(url, b"k" * 32)


def everything(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir())


async def test_a_conversation_outlives_a_restart(
    tmp_path: Path, reopened: Callable[[], SqlVault]
) -> None:
    world = StateWorld(tmp_path, reopened())
    name, _ = await world.say("I am Anna Schmidt.")
    await world.vault.aclose()
    assert b"Schmidt" not in everything(tmp_path)

    later = StateWorld(tmp_path, reopened())
    later.provider.stored = world.provider.stored
    _, said = await later.say("Is Anna Schmidt here?", previous_response_id=name)
    assert said == "I am Anna Schmidt. | Is Anna Schmidt here?"
    await later.vault.aclose()


async def test_it_is_kept_for_as_long_as_is_configured(world: StateWorld) -> None:
    now = 1_000_000.0
    vault = MemoryVault(lambda: now)
    world.pipeline = replace(world.pipeline, states=States(vault, 2, lambda: now))
    name, _ = await world.say("Hi")
    now += 2 * 86_400 - 1
    await world.say("And?", previous_response_id=name)
    now += 1
    with pytest.raises(NotFound):
        await world.say("And?", previous_response_id=name)


def pooled(world: StateWorld, *more: str) -> None:
    """Make the upstream a pool of vLLM servers, and add upstreams of other kinds."""
    (own,) = world.pipeline.settings.upstreams
    others = [replace(own, name=kind, kind=kind) for kind in more]
    settings = replace(world.pipeline.settings, upstreams=(replace(own, kind="vllm"), *others))
    upstreams = {**world.pipeline.upstreams, **dict.fromkeys(more, world.upstream)}
    world.pipeline = replace(world.pipeline, settings=settings, upstreams=upstreams)


@pytest.mark.parametrize("stream", [False, True])
async def test_a_pool_stores_nothing_and_says_so(world: StateWorld, stream: bool) -> None:
    pooled(world)
    name, said = await world.say("I am Anna Schmidt.", store=True, stream=stream)
    assert said == "I am Anna Schmidt."
    assert world.pipeline.states is not None
    assert await world.pipeline.states.find(CALLER, name) is None
    with pytest.raises(RequestError) as caught:
        await world.say("And?", previous_response_id=name, stream=stream)
    error = caught.value
    assert (error.status, error.code, error.param) == (
        400, "state_not_stored", "previous_response_id",
    )  # fmt: skip
    assert len(world.provider.bodies) == 1


async def test_beside_a_pool_an_upstream_that_stores_goes_on(world: StateWorld) -> None:
    pooled(world, "openai")
    with pytest.raises(NotFound) as caught:
        await world.say("And?", previous_response_id="resp_none")
    assert caught.value.code == "previous_response_not_found"


@pytest.mark.parametrize("kept", [b"", b"{}", b"[]", b'{"upstream":"a"}', b"\xff"])
async def test_what_cannot_be_read_is_an_error_of_ours(world: StateWorld, kept: bytes) -> None:
    await world.vault.put(Owner("acme", "app"), [Item(KIND, "resp_x", kept, 9e12)])
    with pytest.raises(InternalError):
        await world.say("And?", previous_response_id="resp_x")


async def test_no_value_shows(world: StateWorld) -> None:
    name, _ = await world.say("I am Anna Schmidt.")
    assert world.pipeline.states is not None
    found = await world.pipeline.states.find(CALLER, name)
    assert isinstance(found, Stored)
    assert "Schmidt" not in repr(found)
    assert "input" not in found.asked.document
    assert Stored.unpacked(found.packed()).packed() == found.packed()
