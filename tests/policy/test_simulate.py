"""Replaying records: what is read of one, what is made of it, and that the sums are right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.audit.facts import (
    Accepted,
    Actor,
    ActorKind,
    AuthMethod,
    Closed,
    ContextFacts,
    DetectionFacts,
    EventType,
    Origin,
    Outcome,
)
from gateway.audit.record import accepted, canonical, closed, timestamp, uuid7
from gateway.exchange import policy_facts
from gateway.policy.decide import decide, in_force
from gateway.policy.model import Policy, Shadow
from gateway.policy.order import difference
from gateway.policy.schema import parse
from gateway.policy.simulate import (
    LESS,
    MORE,
    NO_RULE,
    NOWHERE,
    OTHERS,
    REPLAYED,
    Kind,
    Simulated,
    Simulation,
    facts_of,
)
from gateway.strictyaml import loads
from gateway.types import Candidate, Effect, Family, RequestFacts, UpstreamClass
from tests.policy.strategies import CLOUD, CLOUD_2, LOCAL, offers, policies, requests

EVENT_ID, TS = uuid7(1_700_000_000_000, bytes(10)), timestamp(1)
SURE = (0, 0, 1)
EVERY_SHADOW = st.sampled_from(Shadow)


def test_the_records_that_are_read_go_by_the_names_that_are_written():
    read = {EventType.REQUEST_ACCEPTED, EventType.REQUEST_DENIED, EventType.REQUEST_FAILED}
    assert set(REPLAYED) == {one.value for one in read}


def policy(rules: str, more: str = "") -> Policy:
    return parse([(loads(f"version: 1\nid: p\n{more}\nrules:\n{rules}\n".encode(), "p.yaml"),)])


def rules(*lines: str) -> Policy:
    return policy("".join(f"  - {{name: r{at}, {line}}}\n" for at, line in enumerate(lines)))


def request(*types: str, **more: Any) -> RequestFacts:
    base = RequestFacts(
        tenant="acme", family=Family.CHAT, model="m", entities=dict.fromkeys(types, SURE)
    )
    return replace(base, **more)


def record(
    old: Policy, facts: RequestFacts, offered: Sequence[Candidate], number: int = 1
) -> dict[str, Any]:
    """The record that says what a policy decided, read back from its canonical form."""
    decision = decide(old, facts, offered)
    known = Accepted(
        request_id=f"req_{number}",
        tenant=facts.tenant,
        actor=Actor(kind=ActorKind.CLIENT, method=AuthMethod.API_KEY),
        origin=Origin(),
        endpoint="/v1/chat/completions",
        operation="chat",
        stream=False,
        model_requested=facts.model,
        context=ContextFacts(
            family=facts.family,
            roles=tuple(sorted(facts.roles)),
            tags=tuple(sorted(facts.tags)),
            has_media=facts.has_media,
            has_unknown_fields=facts.has_unknown_fields,
            hosted_tools=tuple(sorted(facts.hosted_tools)),
            offered=tuple((one.name, one.upstream_class) for one in offered),
        ),
        policy=policy_facts(decision, facts.entities),
        detection=DetectionFacts(
            engine="e",
            languages=tuple(sorted(facts.languages)),
            unsupported_languages=tuple(sorted(facts.unsupported_languages)),
            entities={name: sum(bands) for name, bands in facts.entities.items()},
            bands=facts.entities,
        ),
    )
    if decision.candidates:
        sent = replace(
            known,
            upstream_id=decision.candidates[0].name,
            upstream_class=decision.upstream_class,
        )
        made = accepted(sent, event_id=EVENT_ID, ts=TS)
    else:
        end = Closed(outcome=Outcome.DENIED, http_status=403)
        made = closed(known, end, event_id=EVENT_ID, ts=TS)
    read: dict[str, Any] = orjson.loads(canonical(made))
    return read


def simulated(new: Policy, *records: Mapping[str, Any], **bounds: int) -> Simulated:
    simulation = Simulation(new, **bounds)
    for one in records:
        simulation.feed(one)
    return simulation.result()


# --- what is read of a record --------------------------------------------------------------------


@given(old=policies(shadows=EVERY_SHADOW), facts=requests, offered=offers)
def test_everything_that_policy_knew_is_read_back(
    old: Policy, facts: RequestFacts, offered: list[Candidate]
):
    past = facts_of(record(old, facts, offered))
    decision = decide(old, facts, offered)
    assert past is not None
    assert past.facts == facts
    assert past.candidates == tuple(offered)
    assert past.effect is decision.effect
    assert past.upstream_class is decision.upstream_class
    assert past.upstream == (decision.candidates[0].name if decision.candidates else "")
    assert past.shadow is decision.shadow
    assert past.policy_digest == old.digest
    if decision.effect is not Effect.DENY:
        for one in facts.entities:
            assert past.operator_for(one).name == decision.operator_for(one).name


MASK = rules("effect: mask")
SENT = record(MASK, request("PERSON"), [CLOUD])


def without(path: str) -> dict[str, Any]:
    """The record without one member, as one of an earlier version is."""
    group, _, name = path.rpartition(".")
    if not group:
        return {key: value for key, value in SENT.items() if key != path}
    return {**SENT, group: {key: value for key, value in SENT[group].items() if key != name}}


@pytest.mark.parametrize(
    "path",
    [
        "context", "detection", "model_requested", "policy.operators", "policy.action",
        "policy.sha256", "detection.bands", "detection.languages",
        "detection.unsupported_languages", "context.roles", "context.tags", "context.family",
        "context.has_media", "context.has_unknown_fields", "context.hosted_tools",
        "context.offered",
    ],
)  # fmt: skip
def test_a_record_that_lacks_something_is_counted_and_not_guessed_at(path: str):
    assert facts_of(without(path)) is None
    found = simulated(MASK, without(path), SENT)
    assert (found.read, found.replayed, found.incomplete) == (2, 1, 1)


@pytest.mark.parametrize(
    "changed",
    [
        {"policy": []},
        {"policy": {**SENT["policy"], "action": "perhaps"}},
        {"detection": {**SENT["detection"], "bands": {"PERSON": [1, 2]}}},
        {"detection": {**SENT["detection"], "bands": {"PERSON": None}}},
        {"context": {**SENT["context"], "offered": [["cloud", "nowhere"]]}},
        {"context": {**SENT["context"], "offered": ["cloud"]}},
        {"context": "all of it"},
        {"upstream_class": "elsewhere"},
    ],
)
def test_what_is_no_record_of_ours_is_not_guessed_at(changed: dict[str, Any]):
    found = simulated(MASK, {**SENT, **changed})
    assert (found.read, found.replayed, found.incomplete) == (1, 0, 1)


def test_only_requests_are_counted_and_each_once():
    failed = {**SENT, "type": "request.failed"}
    early = {"type": "request.failed", "request_id": "req_9", "tenant": "acme"}
    ends = [{**SENT, "type": f"request.{one}"} for one in ("completed", "aborted")]
    found = simulated(MASK, SENT, failed, early, *ends, {"type": "policy.loaded"})
    assert (found.read, found.replayed, found.incomplete, found.undecided) == (2, 1, 0, 1)


# --- what is made of it --------------------------------------------------------------------------

ALLOW = rules('effect: unsafe_allow, reason: "Yes."')
DENY = rules('effect: deny, reason: "No."')
INSIDE = rules("effect: route, to: on_prem", "effect: mask")
SHADOW = policy("  - {name: r0, effect: mask}", "shadow: true\nunsafe_shadow_external: true")
HASH = rules("effect: mask, default_operator: hash")
ENCRYPT = rules("effect: mask, default_operator: encrypt")
SECOND = rules("effect: route, to: [cloud-2]", "effect: mask")
MIXED = rules("effect: mask, operators: {PERSON: hash, IBAN: redact}")
BOTH = ("IBAN", "PERSON")


@pytest.mark.parametrize(
    ("old", "new", "kind", "more", "less"),
    [
        (MASK, MASK, Kind.SAME, (), ()),
        (DENY, DENY, Kind.SAME, (), ()),
        (DENY, MASK, Kind.ALLOWED, BOTH, ()),
        (INSIDE, MASK, Kind.FARTHER, BOTH, ()),
        (MASK, HASH, Kind.EXPOSED, BOTH, ()),
        (MASK, ALLOW, Kind.EXPOSED, BOTH, ()),
        (MASK, MIXED, Kind.EXPOSED, ("PERSON",), ("IBAN",)),
        (MASK, SHADOW, Kind.EXPOSED, BOTH, ()),
        (MASK, DENY, Kind.DENIED, (), BOTH),
        (MASK, INSIDE, Kind.NEARER, (), BOTH),
        (HASH, MASK, Kind.COVERED, (), BOTH),
        (SHADOW, MASK, Kind.COVERED, (), BOTH),
        (SHADOW, ALLOW, Kind.SAME, (), ()),
        (MASK, SECOND, Kind.OTHERWISE, (), ()),
        (HASH, ENCRYPT, Kind.OTHERWISE, (), ()),
    ],
)
def test_what_changes(
    old: Policy, new: Policy, kind: Kind, more: tuple[str, ...], less: tuple[str, ...]
):
    found = simulated(new, record(old, request(*BOTH), [CLOUD, CLOUD_2, LOCAL]))
    assert found.kinds == {one: int(one is kind) for one in Kind}
    assert (found.more, found.less) == (int(kind in MORE), int(kind in LESS))
    assert tuple(name for name, row in found.types.items() if row.get("more")) == more
    assert tuple(name for name, row in found.types.items() if row.get("less")) == less
    assert {name: row["found"] for name, row in found.types.items()} == dict.fromkeys(BOTH, 1)


def test_the_tables():
    old = rules('effect: deny, reason: "No.", when: {any_of: [IBAN]}', "effect: mask")
    new = rules("effect: route, to: on_prem, when: {any_of: [IBAN]}", "effect: mask")
    offered = [CLOUD, LOCAL]
    found = simulated(
        new,
        record(old, request("IBAN"), offered),
        record(old, request("PERSON"), offered),
        record(old, request("PERSON", tenant="globex"), offered),
        record(old, request("PERSON", has_media=True, tenant="globex"), [CLOUD]),
    )
    assert found.kinds[Kind.ALLOWED] == 1
    assert found.kinds[Kind.SAME] == 3
    assert found.tenants == {
        "acme": {"newly_allowed": 1, "unchanged": 1}, "globex": {"unchanged": 2},
    }  # fmt: skip
    assert found.upstreams == {
        "cloud": {"before": 2, "after": 2},
        "local": {"after": 1},
        NOWHERE: {"before": 2, "after": 1},
    }
    assert found.rules == {
        "r1": {"newly_allowed": 1, "unchanged": 2}, "(media)": {"unchanged": 1},
    }  # fmt: skip
    assert found.policies == {old.digest: 4}


def test_a_request_that_no_rule_decides():
    found = simulated(rules("effect: mask, when: {any_of: [IBAN]}"), SENT)
    assert found.rules == {NO_RULE: {"unchanged": 1}}


def test_nothing_makes_nothing():
    found = simulated(MASK)
    assert (found.read, found.more, found.less, dict(found.types)) == (0, 0, 0, {})


# --- promises ------------------------------------------------------------------------------------

CASES = st.lists(st.tuples(requests, offers), min_size=1, max_size=8)


@given(own=policies(shadows=EVERY_SHADOW), cases=CASES)
def test_the_policy_in_force_changes_nothing(
    own: Policy, cases: list[tuple[RequestFacts, list[Candidate]]]
):
    found = simulated(own, *(record(own, facts, offered) for facts, offered in cases))
    assert found.kinds[Kind.SAME] == found.replayed == found.read == len(cases)
    assert not any(row.get("more") or row.get("less") for row in found.types.values())


@given(
    old=policies(shadows=EVERY_SHADOW),
    new=policies(shadows=EVERY_SHADOW),
    facts=requests,
    offered=offers,
)
def test_it_says_what_both_decisions_say(
    old: Policy, new: Policy, facts: RequestFacts, offered: list[Candidate]
):
    before, after = decide(old, facts, offered), decide(new, facts, offered)
    found = simulated(new, record(old, facts, offered))
    expected = difference(before, after, facts.entities)
    assert bool(found.more) is expected.sends_more
    assert bool(found.less) is (expected.sends_less and not expected.sends_more)
    named = {name for name, row in found.types.items() if row.get("more")}
    assert named == set(expected.more)
    if found.kinds[Kind.SAME]:
        one, other = in_force(before), in_force(after)
        assert one.candidates[:1] == other.candidates[:1]
        assert not one.candidates or all(
            one.operator_for(name).name == other.operator_for(name).name for name in facts.entities
        )


@settings(max_examples=40)
@given(old=policies(), new=policies(), cases=CASES, held=st.integers(1, 3))
def test_what_is_held_at_once_makes_no_difference(
    old: Policy, new: Policy, cases: list[tuple[RequestFacts, list[Candidate]]], held: int
):
    records = [record(old, facts, offered) for facts, offered in [*cases, *cases]]
    assert simulated(new, *records, most_equal=held) == simulated(new, *records)


def test_many_names_are_counted_together():
    records = [record(MASK, request("PERSON", tenant=f"t{at}"), [CLOUD], at) for at in range(9)]
    found = simulated(MASK, *records, most_names=3)
    assert set(found.tenants) == {"t0", "t1", "t2", OTHERS}
    assert found.tenants[OTHERS] == {"unchanged": 6}


def test_the_result_can_be_asked_for_in_between():
    simulation = Simulation(DENY)
    simulation.feed(SENT)
    first = simulation.result()
    simulation.feed(SENT)
    assert (first.less, simulation.result().less) == (1, 2)
    assert first.upstreams == {"cloud": {"before": 1}, NOWHERE: {"after": 1}}


def test_the_class_of_the_record_counts_and_not_that_of_the_offer():
    """What was sent is what the record says, even where the rules would say otherwise."""
    moved = {**SENT, "upstream_id": "local", "upstream_class": UpstreamClass.ON_PREM.value}
    assert simulated(MASK, moved).kinds[Kind.FARTHER] == 1
