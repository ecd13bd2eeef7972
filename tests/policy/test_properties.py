"""The promises of the policy core, on random policies and requests.

A decision is total, of one class, and closed: what no rule names is masked.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.operator_kinds import KEEP
from gateway.policy.decide import Outcome, decide, explain, in_force
from gateway.policy.limits import limit_for
from gateway.policy.model import (
    Policy,
    Shadow,
)
from gateway.policy.schema import parse
from gateway.strictyaml import loads
from gateway.types import (
    DEFAULT_USE,
    AnswerRules,
    Candidate,
    Effect,
    RequestFacts,
)
from tests.policy.strategies import (
    EXTERNAL,
    ON_PREM,
    TYPES,
    UNNAMED,
    denies,
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


@given(policies(), requests, offers)
def test_what_no_rule_names_is_masked(policy: Policy, facts: RequestFacts, offer: list[Candidate]):
    """The rule that decides says how, and no other rule; where none decides, all is replaced."""
    decision = decide(policy, facts, offer)
    last = {rule.name: rule for rule in policy.rules}.get((decision.rule_ids or ("",))[-1])
    decides = decision.candidates and last and last.to is None
    for one in TYPES:
        if last and decides:
            expected = last.operators.get(one, last.default_operator)
        else:
            expected = DEFAULT_USE
        assert decision.operator_for(one) == expected
    if decision.effect is not Effect.ALLOW:
        assert decision.operator_for(UNNAMED).name != KEEP


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


@settings(max_examples=300)
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


@settings(max_examples=300)
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
