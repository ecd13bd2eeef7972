"""Policy in the pipeline: what it says is done, and a request keeps the policy it began with."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.detection.spans import disjoint
from gateway.errors import PolicyDenied, RequestError
from gateway.exchange import Caller
from gateway.policy.files import PolicyStore
from gateway.types import Span, Subject
from gateway.wire.families import CHAT
from tests.test_pipeline import World

HEAD = "version: 1\nid: test\n"
REST = "rules: [{name: rest, effect: mask}]\n"
TEXT = "I am Anna Schmidt."


def told(world: World) -> Any:
    """The body that the upstream was last sent."""
    return orjson.loads(world.upstream.sent[-1].body)


# ---- what policy says beside its rules -----------------------------------------------------------


@pytest.mark.parametrize(
    ("handling", "fields", "sent"),
    [
        ("logprobs: drop", {"logprobs": True, "top_logprobs": 2, "seed": 1}, {"seed": 1}),
        ("logprobs: drop", {"prompt_logprobs": 0}, {}),
        ("logprobs: refuse", {"logprobs": False, "seed": 1}, {"logprobs": False, "seed": 1}),
        ("unknown_fields: mask", {"guided_regex": "a+"}, {"guided_regex": "a+"}),
        ("unknown_fields: drop", {"guided_regex": "Anna Schmidt", "seed": 1}, {"seed": 1}),
        ("unknown_fields: refuse", {"seed": 1, "metadata": {"a": "b"}}, None),
        # nobody but the premises may store, and only where the caller asks for it
        ("provider_state: on_prem_only", {"store": True}, {"store": True}),
        ("provider_state: unsafe_pass", {"store": False}, {"store": False}),
        ("provider_state: never", {"store": True}, {"store": False}),
        ("media: on_prem_only", {"store": True}, {"store": False}),
        ("hosted_tools: []", {"web_search_options": {}}, {"web_search_options": {}}),
    ],
)
async def test_what_is_sent(
    tmp_path: Path, handling: str, fields: dict[str, Any], sent: dict[str, Any] | None
) -> None:
    """On the premises; the text is masked in any case."""
    world = World(tmp_path, policy=f"{HEAD}handling: {{{handling}}}\n{REST}")
    assert await world.ask(TEXT, **fields) == TEXT
    body = told(world)
    assert {key: value for key, value in body.items() if key not in ("model", "messages")} == (
        fields if sent is None else sent
    )
    assert b"Anna" not in world.upstream.sent[-1].body


async def test_a_field_that_nobody_named_is_masked(tmp_path: Path) -> None:
    """Unless policy says otherwise."""
    world = World(tmp_path, policy=HEAD + REST)
    await world.ask("hi", guided_regex="Anna Schmidt")
    assert "guided_regex" in told(world)
    assert b"Anna" not in world.upstream.sent[-1].body


@pytest.mark.parametrize(
    ("handling", "fields"),
    [
        ("{}", {"logprobs": True}),
        ("{logprobs: refuse}", {"return_token_ids": True}),
        ("{unknown_fields: drop}", {"prompt_logprobs": 0}),
    ],
)
async def test_pieces_of_masked_text_are_refused(
    tmp_path: Path, handling: str, fields: dict[str, Any]
) -> None:
    """Before anything is on record, with the field's name."""
    world = World(tmp_path, policy=f"{HEAD}handling: {handling}\n{REST}")
    with pytest.raises(RequestError) as caught:
        await world.ask(**fields)
    assert (caught.value.code, caught.value.param) == ("unsupported_parameter", next(iter(fields)))
    assert world.order == []


IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
PICTURE = {"messages": [{"role": "user", "content": [IMAGE]}]}


@pytest.mark.parametrize(
    ("handling", "fields", "external", "code"),
    [
        ("{}", PICTURE, True, "media"),
        ("{media: deny}", PICTURE, False, "media"),
        ("{}", {"web_search_options": {}}, True, "hosted_tool"),
        ("{unknown_fields: refuse}", {"guided_regex": "a+"}, True, "unknown_field"),
        ("{unknown_fields: refuse}", {"guided_regex": "a+"}, False, "unknown_field"),
    ],
)
async def test_what_is_denied(
    tmp_path: Path, handling: str, fields: dict[str, Any], external: bool, code: str
) -> None:
    """With the limit's code on record and nothing sent."""
    world = World(tmp_path, policy=f"{HEAD}handling: {handling}\n{REST}")
    if external:
        world.external()
    with pytest.raises(PolicyDenied):
        await world.ask(**fields)
    assert world.order == ["record request.denied"]
    policy = world.sink.records[0].policy
    assert policy is not None
    assert (policy.reason_code, policy.rule_ids) == (code, ())


async def test_external_providers_store_nothing_unless_policy_passes_it(tmp_path: Path) -> None:
    """What may stay on the premises is not stored by others."""
    for state, stored in (("on_prem_only", False), ("unsafe_pass", True)):
        world = World(tmp_path, policy=f"{HEAD}handling: {{provider_state: {state}}}\n{REST}")
        world.external()
        await world.ask(store=True)
        assert told(world)["store"] is stored


async def test_under_shadow_a_request_goes_as_it_came(tmp_path: Path) -> None:
    """And the record says what would have been done; to others it is denied."""
    text = "rules: [{name: stop, effect: deny, reason: No.}]\n"
    world = World(tmp_path, policy=f"{HEAD}shadow: true\n{text}")
    assert await world.ask(TEXT, guided_regex="Anna Schmidt") == TEXT
    assert told(world)["messages"][0]["content"] == TEXT
    assert told(world)["guided_regex"] == "Anna Schmidt"
    policy = world.sink.records[0].policy
    assert policy is not None
    assert (policy.shadow, policy.rule_ids, policy.action) == (True, ("stop",), "deny")

    world.external()
    with pytest.raises(PolicyDenied, match="shadow"):
        await world.ask(TEXT)
    assert len(world.upstream.sent) == 1


# ---- a policy that is swapped while requests are on their way ------------------------------------

REQUESTS = 1000
POLICIES = {
    "one": "rules: [{name: one, effect: mask, operators: {PERSON: redact}}]\n",
    "two": "rules: [{name: two, effect: mask, operators: {PERSON: hash}}]\n",
    "three": "rules: [{name: three, effect: mask, operators: {PERSON: replace}}]\n",
    "four": "rules: [{name: four, effect: deny, reason: No more.}]\n",
}
DONE = {"one": b"[PERSON]", "two": b"PERSON:", "three": b"<PERSON_"}


async def test_each_request_keeps_the_policy_it_began_with(tmp_path: Path) -> None:
    """Policies are swapped while a thousand requests are between the reading of the policy and the
    decision. Each is decided, masked and recorded by the one that was in force when it began."""
    file = tmp_path / "p.yaml"

    def write(name: str) -> str:
        content = f"version: 1\nid: {name}\n{POLICIES[name]}".encode()
        (tmp_path / "new").write_bytes(content)
        os.replace(tmp_path / "new", file)
        return sha256(len(content).to_bytes(8, "big") + content).hexdigest()

    digests = {"one": write("one")}
    store = PolicyStore([file])
    world = World(tmp_path)
    world.pipeline = replace(world.pipeline, policy=lambda: store.current)
    detect, begun, go = world.detector.detect, asyncio.Semaphore(0), asyncio.Event()

    async def held(texts: Sequence[str], tenant: str) -> Any:
        begun.release()
        await go.wait()
        return await detect(texts, tenant)

    world.detector.detect = held  # type: ignore[method-assign]

    async def ask(number: int) -> None:
        messages = [{"role": "user", "content": f"#{number}# I am Anna Schmidt."}]
        raw = orjson.dumps({"model": "m", "messages": messages})
        admitted = await world.pipeline.admit(
            raw, Caller(Subject("acme", "app"), f"req_{number}"), CHAT
        )
        await world.pipeline.complete(admitted)

    expected: dict[str, str] = {}
    tasks: list[asyncio.Task[None]] = []
    each = REQUESTS // len(POLICIES)
    for name in POLICIES:
        digests[name] = write(name)
        assert store.reload()
        for number in range(len(tasks), len(tasks) + each):
            expected[f"req_{number}"] = name
            tasks.append(asyncio.create_task(ask(number)))
        for _ in range(each):
            await begun.acquire()
    go.set()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)

    for number, outcome in enumerate(outcomes):
        denied = isinstance(outcome, PolicyDenied)
        assert denied == (expected[f"req_{number}"] == "four"), outcome
    records = [one for one in world.sink.records if one.policy is not None]
    assert {one.request_id for one in records} == set(expected)
    for record in records:
        name = expected[record.request_id]
        assert record.policy is not None
        assert (record.policy.id, record.policy.sha256) == (name, digests[name])
        assert record.policy.rule_ids == (name,)
    sent = {int(body.split(b"#")[1]): body for body in (one.body for one in world.upstream.sent)}
    assert len(sent) == each * len(DONE)
    for number, body in sent.items():
        assert DONE[expected[f"req_{number}"]] in body
        assert b"Schmidt" not in body


# ---- what stands in something else ---------------------------------------------------------------


class Nested:
    """A detector of two types, one of which stands in the other: a person in something surer."""

    def __init__(self, outer: str) -> None:
        self._outer = outer

    async def detect(self, texts: Sequence[str], tenant: str) -> list[tuple[Span, ...]]:
        found = []
        for text in texts:
            at, end = text.find("Anna"), text.find("GmbH") + 4
            inner = Span(at, at + 12, "PERSON", 0.6, "b")
            found.append(disjoint([Span(at, end, self._outer, 0.9, "a"), inner] if at >= 0 else []))
        return found


def nested(tmp_path: Path, rules: str, outer: str = "ORGANIZATION") -> World:
    world = World(tmp_path, policy=HEAD + rules)
    world.pipeline = replace(world.pipeline, detector=Nested(outer))
    return world


async def test_a_person_in_what_is_kept_is_masked_and_on_record(tmp_path: Path) -> None:
    rules = "rules: [{name: rest, effect: mask, operators: {ORGANIZATION: keep}}]\n"
    world = nested(tmp_path, rules)
    assert await world.ask("We are Anna Schmidt GmbH.") == "We are Anna Schmidt GmbH."
    assert b"Anna" not in world.upstream.sent[-1].body
    detection = world.sink.records[0].detection
    assert detection is not None
    assert detection.entities == {"ORGANIZATION": 1, "PERSON": 1}
    assert detection.bands == {"ORGANIZATION": (0, 0, 1), "PERSON": (0, 1, 0)}


async def test_a_type_that_is_denied_is_denied_inside_another(tmp_path: Path) -> None:
    rule = "{name: people, when: {any_of: [PERSON]}, effect: deny, reason: a person}"
    world = nested(tmp_path, f"rules: [{rule}, {{name: rest, effect: mask}}]\n")
    with pytest.raises(PolicyDenied):
        await world.ask("We are Anna Schmidt GmbH.")
    assert world.upstream.sent == []


@pytest.mark.parametrize("outer", ["DATE_TIME", "PERSON"])
async def test_a_model_s_name_that_a_person_is_in_is_none(tmp_path: Path, outer: str) -> None:
    """Whatever covers it: a date alone would do."""
    world = nested(tmp_path, REST, outer)
    with pytest.raises(RequestError):
        await world.ask("hi", model="x-Anna Schmidt GmbH")
    assert world.upstream.sent == []
