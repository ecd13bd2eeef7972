"""The promises of the policy core, on random policies and requests.

A decision is total, of one class, and closed: what no rule names is masked. Stricter never sends
more, where "more" is a further upstream, or an operator that tells more of some type.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gateway.operator_kinds import KEEP, OPERATOR_KINDS, exposure
from gateway.policy.decide import Outcome, decide, explain, in_force
from gateway.policy.limits import limit_for
from gateway.policy.model import (
    Handling,
    Media,
    Policy,
    ProviderState,
    Rule,
    Shadow,
    UnknownFields,
    UnsupportedLanguages,
    When,
)
from gateway.policy.schema import parse
from gateway.strictyaml import loads
from gateway.types import (
    DEFAULT_USE,
    AnswerRules,
    Candidate,
    Effect,
    OperatorUse,
    RequestFacts,
)
from tests.policy.strategies import (
    CANDIDATES,
    CLOUD,
    EXTERNAL,
    ON_PREM,
    TYPES,
    UNNAMED,
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
    written,
)

shadowed = policies(shadows=st.sampled_from([Shadow.ON_PREM, Shadow.EVERYWHERE]))
any_policy = policies(shadows=st.sampled_from(Shadow))


# ---- total, of one class, closed -----------------------------------------------------------------


@given(policies(), requests, offers | st.just([]))
def test_a_decision_is_total_and_of_one_class(
    policy: Policy, facts: RequestFacts, offer: list[Candidate]
):
    decision = decide(policy, facts, offer)
    assert decision.effect in (Effect.DENY, Effect.MASK, Effect.ALLOW)
    assert (decision.effect is Effect.DENY) == (not decision.candidates)
    assert decision.reason or decision.candidates
    assert {one.upstream_class for one in decision.candidates} <= {decision.upstream_class}
    assert (decision.upstream_class is None) == (not decision.candidates)
    assert (decision.policy_id, decision.policy_digest) == (policy.id, policy.digest)
    # an order of preference: of the offer, which starts with the first that is open
    assert list(decision.candidates) == [one for one in offer if one in decision.candidates]
    reached = sent(policy, facts)
    first = next((one for one in offer if one.name in reached), None)
    assert decision.candidates[:1] == (() if first is None else (first,))


@given(policies(), requests, offers)
def test_every_upstream_that_is_left_is_told_as_much_as_alone(
    policy: Policy, facts: RequestFacts, offer: list[Candidate]
):
    """A retry is sent the bytes that were masked for the first."""
    decision = decide(policy, facts, offer)
    for one in decision.candidates:
        alone = decide(policy, facts, [one])
        assert (alone.effect, alone.candidates) == (decision.effect, (one,))
        assert (alone.operators, alone.default_operator) == (
            decision.operators, decision.default_operator,
        )  # fmt: skip
        assert (alone.answers, alone.keeps_state) == (decision.answers, decision.keeps_state)


@given(policies(), requests, offers)
def test_nothing_is_dropped_but_for_a_reason(
    policy: Policy, facts: RequestFacts, offer: list[Candidate]
):
    """Of the class that is reached, each upstream for which the same is said stays."""
    decision = decide(policy, facts, offer)
    for one in offer:
        if one.upstream_class is decision.upstream_class and one not in decision.candidates:
            alone = decide(policy, facts, [one])
            assert not alone.candidates or alone.rule_ids[-1:] != decision.rule_ids[-1:]


@given(policies(denies() | routes() | masks()), requests, offers)
def test_what_no_rule_names_is_masked(policy: Policy, facts: RequestFacts, offer: list[Candidate]):
    decision = decide(policy, facts, offer)
    assert decision.operator_for(UNNAMED).name != KEEP
    decider = {rule.name: rule for rule in policy.rules}.get((decision.rule_ids or ("",))[-1])
    if decision.candidates and decider and decider.effect is Effect.MASK:
        assert decision.operator_for(UNNAMED) == decider.default_operator
    else:
        assert decision.operator_for(UNNAMED) == DEFAULT_USE


@given(policies(denies() | routes()), requests, offers)
def test_where_no_rule_masks_everything_is_replaced(
    policy: Policy, facts: RequestFacts, offer: list[Candidate]
):
    decision = decide(policy, facts, offer)
    assert {decision.operator_for(one) for one in TYPES} == {DEFAULT_USE}


@given(policies(), requests, offers)
def test_only_unsafe_allow_sends_what_no_rule_names(
    policy: Policy, facts: RequestFacts, offer: list[Candidate]
):
    decision = decide(policy, facts, offer)
    assert (decision.default_operator.name == KEEP) == (decision.effect is Effect.ALLOW)


@given(policies(), requests, offers)
def test_limits_hold_whatever_the_rules_say(
    policy: Policy, facts: RequestFacts, offer: list[Candidate]
):
    decision = decide(policy, facts, offer)
    for one in decision.candidates:
        assert limit_for(policy.handling, facts, one.upstream_class) is None


# ---- the same for the same -----------------------------------------------------------------------


def shuffled(given_: Mapping[str, object], seed: int) -> dict[str, object]:
    items = list(given_.items())
    random.Random(seed).shuffle(items)
    return dict(items)


@given(any_policy, requests, offers, st.integers(0, 99))
def test_the_same_for_the_same(
    policy: Policy, facts: RequestFacts, offer: list[Candidate], seed: int
):
    """However often it is asked, and in whatever order mappings were filled."""
    first = decide(policy, facts, offer)
    assert decide(policy, facts, tuple(offer)) == first
    other = replace(facts, entities=shuffled(facts.entities, seed))
    rules = [
        replace(
            rule,
            when=replace(
                rule.when,
                **{
                    key: shuffled(value, seed)
                    for key in ("any_of", "all_of", "at_least")
                    if (value := getattr(rule.when, key)) is not None
                },
            ),
            operators=shuffled(rule.operators, seed),
        )
        for rule in policy.rules
    ]
    again = with_rules(policy, rules)
    assert decide(again, other, offer) == first
    assert explain(again, other, offer) == explain(policy, facts, offer)


@given(any_policy, requests, offers)
def test_what_is_written_is_read(policy: Policy, facts: RequestFacts, offer: list[Candidate]):
    read = parse([loads(written(policy), "p.yaml")])
    assert replace(read, digest=policy.digest) == policy
    assert replace(decide(read, facts, offer), policy_digest=policy.digest) == decide(
        policy, facts, offer
    )


@given(policies(), requests, offers)
def test_an_upstream_is_judged_alone(policy: Policy, facts: RequestFacts, offer: list[Candidate]):
    """Asking by name where it is not needed changes nothing: it only costs time."""
    assert decide(replace(policy, names_upstreams=True), facts, offer) == decide(
        policy, facts, offer
    )


# ---- traces --------------------------------------------------------------------------------------


@given(policies(), requests, offers | st.just([]))
def test_the_traces_agree_with_the_decision(
    policy: Policy, facts: RequestFacts, offer: list[Candidate]
):
    traces = explain(policy, facts, offer)
    decision = decide(policy, facts, offer)
    assert [(one.upstream, one.rule) for one in traces] == [
        (one.name, rule.name) for one in offer for rule in policy.rules
    ]
    for candidate in offer:
        mine = [one for one in traces if one.upstream == candidate.name]
        matched = [one for one in mine if one.outcome is Outcome.MATCHED]
        alone = decide(policy, facts, [candidate])
        if alone.candidates:
            assert tuple(one.rule for one in matched) == alone.rule_ids
        elif matched and matched[-1].detail.startswith("denies"):
            assert alone.rule_ids == (matched[-1].rule,)
        else:
            assert alone.rule_ids == ()  # a limit
            assert alone.reason_code
        # what comes after the end is not reached, and nothing else is
        ends = [index for index, one in enumerate(mine) if one.outcome is Outcome.NOT_REACHED]
        assert ends == list(range(len(mine) - len(ends), len(mine)))
        assert all((one.detail == "") == (one.outcome is Outcome.NOT_REACHED) for one in mine)
    if decision.candidates:
        chosen = decision.candidates[0].name
        assert decision.rule_ids == tuple(
            one.rule for one in traces if one.upstream == chosen and one.outcome is Outcome.MATCHED
        )


# ---- shadow --------------------------------------------------------------------------------------


@given(shadowed, requests, offers | st.just([]))
def test_shadow_changes_only_where_a_request_goes(
    policy: Policy, facts: RequestFacts, offer: list[Candidate]
):
    decision = decide(policy, facts, offer)
    real = decide(replace(policy, shadow=Shadow.OFF), facts, offer)
    assert decision.shadow
    assert not real.shadow
    assert decision.rule_ids == real.rule_ids
    if decision.candidates:
        assert replace(decision, shadow=False, candidates=(), upstream_class=None) == replace(
            real, candidates=(), upstream_class=None
        )
    open_ = [
        one for one in offer if policy.shadow is Shadow.EVERYWHERE or one.upstream_class is ON_PREM
    ]
    assert decision.candidates == tuple(
        one for one in open_ if one.upstream_class is open_[0].upstream_class
    )
    if policy.shadow is not Shadow.EVERYWHERE:
        assert decision.upstream_class is not EXTERNAL
    if not open_:
        assert (decision.effect, decision.reason_code) == (Effect.DENY, "shadow")


@given(any_policy, requests, offers)
def test_in_force_under_shadow_is_nothing(
    policy: Policy, facts: RequestFacts, offer: list[Candidate]
):
    decision = decide(policy, facts, offer)
    done = in_force(decision)
    if policy.shadow is Shadow.OFF:
        assert done == decision
    else:
        assert {done.operator_for(one).name for one in TYPES} == {KEEP}
        assert (done.answers, done.keeps_state) == (AnswerRules(), False)
        assert done.candidates == decision.candidates


# ---- stricter never sends more -------------------------------------------------------------------


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
    "unknown_fields": [UnknownFields.MASK, UnknownFields.DROP, UnknownFields.REFUSE],
    "hosted_tools": [frozenset({"web_search", "code"}), frozenset({"code"}), frozenset()],
    "provider_state": [ProviderState.PASS, ProviderState.ON_PREM_ONLY, ProviderState.NEVER],
}  # fmt: skip


def test_every_key_of_handling_that_decides_has_an_order():
    assert set(STRICTER) | {"logprobs"} == set(Handling.__dataclass_fields__)


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
