"""Stricter never sends more, on random policies and requests.

"More" is a further upstream, or an operator that tells an upstream more of some type.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gateway.operator_kinds import OPERATOR_KINDS, exposure
from gateway.policy.decide import decide
from gateway.policy.model import (
    Embeddings,
    Handling,
    Media,
    Policy,
    ProviderState,
    Rule,
    UnknownFields,
    UnsupportedLanguages,
    When,
)
from gateway.policy.schema import parse
from gateway.strictyaml import loads
from gateway.types import (
    Candidate,
    Effect,
    OperatorUse,
    RequestFacts,
)
from tests.policy.strategies import (
    CANDIDATES,
    CLOUD,
    TYPES,
    allows,
    blind_whens,
    counts,
    denies,
    masks,
    no_more,
    offers,
    policies,
    requests,
    routes,
    sent,
    with_rules,
)


def inserted(policy: Policy, rule: Rule, index: int) -> Policy:
    return with_rules(policy, [*policy.rules[:index], rule, *policy.rules[index:]])


def changed(policy: Policy, index: int, rule: Rule) -> Policy:
    return with_rules(policy, [*policy.rules[:index], rule, *policy.rules[index + 1 :]])


@given(policies(), requests, denies() | routes(), st.integers(0, 4))
def test_a_denial_or_a_route_more_never_sends_more(
    policy: Policy, facts: RequestFacts, rule: Rule, index: int
):
    """Wherever it stands: what it does not close is decided as before."""
    stricter, old = sent(inserted(policy, rule, index), facts), sent(policy, facts)
    assert no_more(stricter, old)
    assert all(stricter[name] == old[name] for name in stricter)


@given(policies(), requests, denies() | routes(), offers)
def test_and_a_request_reaches_only_what_was_open(
    policy: Policy, facts: RequestFacts, rule: Rule, offer: list[Candidate]
):
    decision = decide(inserted(policy, rule, 0), facts, offer)
    old = sent(policy, facts)
    for one in decision.candidates:
        assert old[one.name] == {name: exposure(decision.operator_for(name).name) for name in TYPES}


@given(policies(), requests, st.data())
def test_an_operator_that_tells_less_never_sends_more(
    policy: Policy, facts: RequestFacts, data: st.DataObject
):
    masking = [index for index, rule in enumerate(policy.rules) if rule.effect is Effect.MASK]
    assume(masking)
    index = data.draw(st.sampled_from(masking))
    rule = policy.rules[index]
    which = data.draw(st.sampled_from(["", *rule.operators]))
    old = rule.operators[which] if which else rule.default_operator
    less = data.draw(
        st.sampled_from([one for one in OPERATOR_KINDS if exposure(one) <= exposure(old.name)])
    )
    use = OperatorUse(less)
    if which:
        stricter = replace(rule, operators={**rule.operators, which: use})
    else:
        stricter = replace(rule, default_operator=use)
    new = sent(changed(policy, index, stricter), facts)
    assert no_more(new, sent(policy, facts))
    assert set(new) == set(sent(policy, facts))


def with_types(when: When, key: str, more: str) -> When:
    """The same, with a type more in what is written under a key."""
    given_ = getattr(when, key)
    name, types = next(iter(given_.items()))
    if key == "at_least":
        members, least = types
        wider = (None if members is None else members | {more}, least)
        return replace(when, at_least={**given_, name: wider})
    return replace(when, **{key: {**given_, name: types | {more}}})


@given(policies(denies() | routes() | masks()), requests, st.sampled_from(TYPES), st.data())
def test_a_type_more_in_what_is_denied_or_routed_never_sends_more(
    policy: Policy, facts: RequestFacts, more: str, data: st.DataObject
):
    places = [
        (index, key)
        for index, rule in enumerate(policy.rules)
        for key in ("any_of", "all_of", "at_least")
        if rule.effect in (Effect.DENY, Effect.ROUTE) and getattr(rule.when, key)
    ]
    assume(places)
    index, key = data.draw(st.sampled_from(places))
    rule = policy.rules[index]
    stricter = changed(policy, index, replace(rule, when=with_types(rule.when, key, more)))
    assert no_more(sent(stricter, facts), sent(policy, facts))


@given(policies(), requests, st.data())
def test_a_condition_less_in_what_is_denied_or_routed_never_sends_more(
    policy: Policy, facts: RequestFacts, data: st.DataObject
):
    keys = ["any_of", "all_of", "at_least", "severity", "models", "tenants", "roles", "tags",
            "languages", "families", "upstream_class", "upstreams"]  # fmt: skip
    places = [
        (index, key)
        for index, rule in enumerate(policy.rules)
        for key in keys
        if rule.effect in (Effect.DENY, Effect.ROUTE) and getattr(rule.when, key) is not None
    ]
    assume(places)
    index, key = data.draw(st.sampled_from(places))
    rule = policy.rules[index]
    when = replace(rule.when, **{key: None})
    if when.bands is not None:  # alone it would be a condition of its own
        when = replace(when, bands=None)
    stricter = changed(policy, index, replace(rule, when=when))
    assert no_more(sent(stricter, facts), sent(policy, facts))


STRICTER = {
    "unsupported_languages": [
        UnsupportedLanguages.PATTERNS, UnsupportedLanguages.ON_PREM_ONLY, UnsupportedLanguages.DENY,
    ],
    "media": [Media.PASS, Media.ON_PREM_ONLY, Media.DENY],
    "embeddings": [Embeddings.ANY, Embeddings.ON_PREM_ONLY, Embeddings.ON_PREM_ONLY],
    "unknown_fields": [UnknownFields.MASK, UnknownFields.DROP, UnknownFields.REFUSE],
    "hosted_tools": [frozenset({"web_search", "code"}), frozenset({"code"}), frozenset()],
    "provider_state": [ProviderState.PASS, ProviderState.ON_PREM_ONLY, ProviderState.NEVER],
}  # fmt: skip


def test_every_key_of_handling_that_decides_has_an_order():
    assert set(STRICTER) | {"logprobs", "too_long"} == set(Handling.__dataclass_fields__)


@given(
    policies(),
    requests,
    st.sampled_from(sorted(STRICTER)),
    st.sampled_from([(0, 1), (1, 2), (0, 2)]),
)
def test_a_stricter_handling_never_sends_more(
    policy: Policy, facts: RequestFacts, key: str, steps: tuple[int, int]
):
    old, new = (
        replace(policy, handling=replace(policy.handling, **{key: STRICTER[key][one]}))
        for one in steps
    )
    assert no_more(sent(new, facts), sent(old, facts))
    for one in CANDIDATES:
        assert decide(old, facts, [one]).keeps_state or not decide(new, facts, [one]).keeps_state


# ---- more findings -------------------------------------------------------------------------------


@settings(max_examples=300)
@given(
    policies(denies() | routes() | masks(blind_whens) | allows(blind_whens)),
    requests, st.dictionaries(st.sampled_from(TYPES), counts, min_size=1),
)  # fmt: skip
def test_more_findings_never_send_more_where_masking_does_not_ask_for_them(
    policy: Policy, facts: RequestFacts, found: dict[str, tuple[int, int, int]]
):
    """All conditions on findings hold for more of them. So denials and routes only grow."""
    entities = dict(facts.entities)
    for name, added in found.items():
        entities[name] = tuple(  # type: ignore[assignment]
            map(sum, zip(entities.get(name, (0, 0, 0)), added, strict=True))
        )
    assert no_more(sent(policy, replace(facts, entities=entities)), sent(policy, facts))


@pytest.mark.parametrize("effect", ["mask, operators: {IBAN: keep}", "unsafe_allow, reason: Yes."])
def test_in_general_more_findings_may_send_more(effect: str):
    """A rule that masks because of a finding keeps the rules behind it from being reached."""
    text = (
        "version: 1\nid: p\nrules:\n"
        f"  - {{name: known, when: {{any_of: [PERSON]}}, effect: {effect}}}\n"
        "  - {name: rest, when: {upstream_class: external}, effect: deny, reason: No.}\n"
    )
    policy = parse([loads(text.encode(), "p.yaml")])
    facts = RequestFacts(tenant="a", family="chat", model="m", entities={"IBAN": (0, 0, 1)})  # type: ignore[arg-type]
    more = replace(facts, entities={**facts.entities, "PERSON": (0, 0, 1)})
    assert not decide(policy, facts, [CLOUD]).candidates
    assert decide(policy, more, [CLOUD]).candidates
