"""Decisions: tables for the meaning. The promises are in `test_properties.py`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gateway.operator_kinds import KEEP
from gateway.policy.decide import (
    NO_CANDIDATES,
    ROUTED,
    SHADOW,
    Outcome,
    decide,
    explain,
    in_force,
)
from gateway.policy.model import Policy, Rule, Target, When
from gateway.policy.schema import parse
from gateway.strictyaml import loads
from gateway.types import (
    ANSWER_USE,
    DEFAULT_USE,
    AnswerRules,
    Candidate,
    Decision,
    Effect,
    Family,
    NewData,
    OperatorUse,
    RequestFacts,
    UpstreamClass,
)
from tests.policy.strategies import CLOUD, CLOUD_2, EXTERNAL, LOCAL, LOCAL_2, ON_PREM


def policy(*rules: str, more: str = "") -> Policy:
    lines = "".join(f"  - {{name: r{index}, {rule}}}\n" for index, rule in enumerate(rules))
    head = f"version: 1\nid: p\n{more}classes: {{sick: [MEDICAL_RECORD, HEALTH_ID], pay: [IBAN]}}\n"
    return parse([loads(f"{head}rules:\n{lines}".encode(), "p.yaml")])


def facts(*entity_types: str, **more: Any) -> RequestFacts:
    base = RequestFacts(
        tenant="acme",
        family=Family.CHAT,
        model="gpt-5",
        entities=dict.fromkeys(entity_types, (0, 0, 1)),
    )
    return replace(base, **more)


FINNISH = frozenset({"fi"})


def outcome(decision: Decision) -> tuple[str, list[str], tuple[str, ...]]:
    return decision.effect, [one.name for one in decision.candidates], decision.rule_ids


DENY = "effect: deny, reason: No."
ALLOW = "effect: unsafe_allow, reason: Yes."
DENIED = ("deny", [], ("r0",))
MASKED = ("mask", ["cloud"], ("r0",))
OPEN = ("mask", ["cloud"], ())  # masked, since no rule matched


def deny(when: str) -> str:
    return f"{DENY}, when: {{{when}}}"


def route(to: str, when: str = "") -> str:
    return f"effect: route, to: {to}" + (f", when: {{{when}}}" if when else "")


@pytest.mark.parametrize(
    ("rules", "given_", "candidates", "expected"),
    [
        # the first match decides, and what no rule names is masked
        (["effect: mask"], facts("X"), [CLOUD], MASKED),
        (["effect: mask, when: {any_of: [A]}"], facts("X"), [CLOUD], OPEN),
        ([DENY, "effect: mask"], facts(), [CLOUD], DENIED),
        (["effect: mask", DENY], facts(), [CLOUD], MASKED),
        ([ALLOW], facts("X"), [CLOUD], ("unsafe_allow", ["cloud"], ("r0",))),
        # one class only, in the given order
        (
            ["effect: mask"], facts(), [CLOUD, LOCAL, CLOUD_2],
            ("mask", ["cloud", "cloud-2"], ("r0",)),
        ),
        (
            ["effect: mask"], facts(), [LOCAL, CLOUD, LOCAL_2],
            ("mask", ["local", "local-2"], ("r0",)),
        ),
        # a class drops out
        (
            [deny("any_of: [pay], upstream_class: external")],
            facts("IBAN"), [CLOUD, LOCAL], ("mask", ["local"], ()),
        ),
        # one upstream drops out
        ([deny("upstreams: [cloud]")], facts(), [CLOUD, CLOUD_2], ("mask", ["cloud-2"], ())),
        (
            [deny("upstreams: ['cloud*']")],
            facts(), [CLOUD, CLOUD_2, LOCAL], ("mask", ["local"], ()),
        ),
        (
            [deny("upstreams: ['*-2'], upstream_class: external")],
            facts(), [LOCAL_2, LOCAL], ("mask", ["local-2", "local"], ()),
        ),
        # other words hold for the second upstream: no retry may go there
        (
            ["effect: mask, when: {upstreams: [cloud]}", ALLOW],
            facts(), [CLOUD, CLOUD_2], ("mask", ["cloud"], ("r0",)),
        ),
        (
            ["effect: mask, when: {upstreams: [cloud]}", ALLOW],
            facts(), [CLOUD_2, CLOUD], ("unsafe_allow", ["cloud-2"], ("r1",)),
        ),
        # a route narrows, and reading goes on
        (
            [route("on_prem", "any_of: [sick]"), "effect: mask"],
            facts("HEALTH_ID"), [CLOUD, LOCAL], ("mask", ["local"], ("r0", "r1")),
        ),
        (
            [route("on_prem", "any_of: [sick]"), "effect: mask"],
            facts(), [CLOUD, LOCAL], ("mask", ["cloud"], ("r1",)),
        ),
        ([route("on_prem", "any_of: [sick]")], facts("HEALTH_ID"), [CLOUD], DENIED),
        ([route("on_prem")], facts(), [CLOUD, LOCAL], ("mask", ["local"], ("r0",))),
        ([route("['*-2']")], facts(), [CLOUD, CLOUD_2], ("mask", ["cloud-2"], ("r0",))),
        (
            [route("on_prem"), route("['*-2']"), DENY],
            facts(), [CLOUD, CLOUD_2, LOCAL, LOCAL_2], ("deny", [], ("r0", "r1", "r2")),
        ),
        (
            [route("on_prem"), route("external")],
            facts(), [CLOUD, LOCAL], ("deny", [], ("r0", "r1")),
        ),
        (
            [route("on_prem"), route("['*-2']"), ALLOW],
            facts(), [CLOUD_2, LOCAL, LOCAL_2], ("unsafe_allow", ["local-2"], ("r0", "r1", "r2")),
        ),
        # ... but not those behind the rule that decides
        (["effect: mask", route("on_prem")], facts(), [CLOUD, LOCAL], MASKED),
        # a route that is read for one class only
        (
            [route("['*-2']", "upstream_class: external")],
            facts(), [CLOUD, CLOUD_2], ("mask", ["cloud-2"], ("r0",)),
        ),
        ([route("['*-2']", "upstream_class: external")], facts(), [LOCAL], ("mask", ["local"], ())),
        # all denied, by different rules
        (
            [deny("upstream_class: on_prem"), DENY],
            facts(), [CLOUD, LOCAL], ("deny", [], ("r1", "r0")),
        ),
        # all conditions must hold
        ([deny("all_of: [A, pay]")], facts("A"), [CLOUD], OPEN),
        ([deny("all_of: [A, pay]")], facts("A", "IBAN", "X"), [CLOUD], DENIED),
        ([deny("any_of: [A], tenants: [b]")], facts("A"), [CLOUD], OPEN),
        # nothing to send to
        (["effect: mask"], facts(), [], ("deny", [], ())),
        ([ALLOW], facts(), [], ("deny", [], ())),
    ],
)  # fmt: skip
def test_meaning(
    rules: list[str],
    given_: RequestFacts,
    candidates: list[Candidate],
    expected: tuple[str, list[str], tuple[str, ...]],
):
    decision = decide(policy(*rules), given_, candidates)
    assert outcome(decision) == expected
    assert decision.upstream_class is (
        decision.candidates[0].upstream_class if decision.candidates else None
    )


@pytest.mark.parametrize(
    ("rules", "given_", "candidates", "reason"),
    [
        ([deny("any_of: [A]")], facts("A"), [CLOUD], "No."),
        ([deny("any_of: [A]")], facts("A"), [CLOUD, LOCAL], "No."),
        ([deny("any_of: [A]")], facts("A"), [], NO_CANDIDATES),
        ([route("on_prem")], facts(), [CLOUD], ROUTED[ON_PREM]),
        ([route("external")], facts(), [LOCAL], ROUTED[EXTERNAL]),
        ([route("['x*']")], facts(), [LOCAL], ROUTED[None]),
        ([route("external") + ", reason: Away."], facts(), [LOCAL], "Away."),
        ([route("external") + ", reason: Away."], facts(), [CLOUD], ""),
        ([route("external") + ", reason: A.", ALLOW], facts(), [CLOUD], "Yes."),
        (["effect: mask, reason: Why."], facts(), [CLOUD], "Why."),
        (["effect: mask"], facts(), [CLOUD], ""),
        (
            ["effect: deny, when: {upstream_class: external}, reason: One.",
             "effect: deny, reason: Two."],
            facts(), [CLOUD, LOCAL, CLOUD_2], "One. Two.",
        ),
    ],
)  # fmt: skip
def test_reasons(rules: list[str], given_: RequestFacts, candidates: list[Candidate], reason: str):
    assert decide(policy(*rules), given_, candidates).reason == reason


def test_a_denial_needs_no_words():
    """What denies is the effect. A rule that was not read from a file may have no reason."""
    for rule in (
        Rule(name="r", when=When(), effect=Effect.DENY),
        Rule(name="r", when=When(), effect=Effect.ROUTE, to=Target(upstreams=("x",))),
    ):
        decision = decide(Policy(id="p", rules=(rule,), digest="0" * 64), facts(), [CLOUD, LOCAL])
        assert outcome(decision) == ("deny", [], ("r",))
        assert decision.reason


def test_operators():
    rules = policy(
        f"{ALLOW} , when: {{tenants: [free]}}",
        route("on_prem", "any_of: [A]"),
        "effect: mask, operators: {PERSON: hash, sick: keep, AGE: {operator: generalise,"
        " to: 5_years}}, default_operator: redact",
        more="answers: {new_data: flag}\n",
    )
    masked = decide(rules, facts("A"), [LOCAL])
    names = {one: masked.operator_for(one).name for one in ("PERSON", "HEALTH_ID", "AGE", "X")}
    assert names == {"PERSON": "hash", "HEALTH_ID": "keep", "AGE": "generalise", "X": "redact"}
    assert masked.operator_for("AGE").option("to") == ("5_years",)
    assert (masked.policy_id, masked.policy_digest) == ("p", rules.digest)
    assert masked.answers == AnswerRules(new_data=NewData.FLAG)
    allowed = decide(rules, facts(tenant="free"), [LOCAL])
    assert (allowed.effect, allowed.operator_for("X")) == (Effect.ALLOW, OperatorUse(KEEP))


def test_where_no_rule_decides_everything_is_replaced():
    for rules in (policy(deny("any_of: [A]")), policy(route("on_prem"))):
        decision = decide(rules, facts("X"), [LOCAL])
        assert (decision.operators, decision.default_operator) == ({}, DEFAULT_USE)
        assert decision.effect is Effect.MASK


def test_a_denied_request_has_operators_that_mask_everything():
    rules = policy(f"{DENY}", "effect: mask, operators: {A: keep}")
    decision = decide(rules, facts("A"), [CLOUD])
    assert (decision.operators, decision.default_operator) == ({}, DEFAULT_USE)
    assert not decision.keeps_state


def test_a_rule_says_more_of_answers_than_the_policy():
    rules = policy(
        "effect: mask, when: {tenants: [b]}, answers: {hosts: [a.example]}",
        "effect: mask",
        more="answers: {new_data: mask, operators: {PERSON: hash}, tools: ['x*']}\n",
    )
    own = decide(rules, facts(tenant="b"), [CLOUD]).answers
    assert own == AnswerRules(hosts=("a.example",))
    rest = decide(rules, facts(), [CLOUD]).answers
    assert (rest.new_data, rest.tools) == (NewData.MASK, ("x*",))
    assert rest.operator_for("PERSON") == OperatorUse("hash")
    assert rest.operator_for("X") == ANSWER_USE


SHADOWED = "shadow: true\n"
EVERYWHERE = "shadow: true\nunsafe_shadow_external: true\n"


@pytest.mark.parametrize(
    ("more", "rules", "candidates", "expected"),
    [
        # what would have been done, and where the request goes all the same
        (SHADOWED, [DENY], [CLOUD, LOCAL], ("deny", ["local"], ("r0",))),
        (SHADOWED, ["effect: mask"], [CLOUD, LOCAL], ("mask", ["local"], ("r0",))),
        (SHADOWED, [deny("upstream_class: on_prem")], [LOCAL, CLOUD], ("mask", ["local"], ())),
        (SHADOWED, [route("[local-2]")], [LOCAL, LOCAL_2], ("mask", ["local", "local-2"], ("r0",))),
        (SHADOWED, ["effect: mask"], [CLOUD], ("deny", [], ("r0",))),
        (SHADOWED, ["effect: mask"], [], ("deny", [], ())),
        (EVERYWHERE, [DENY], [CLOUD, LOCAL, CLOUD_2], ("deny", ["cloud", "cloud-2"], ("r0",))),
        (EVERYWHERE, [DENY], [LOCAL, CLOUD], ("deny", ["local"], ("r0",))),
        (EVERYWHERE, [DENY], [], ("deny", [], ())),
    ],
)  # fmt: skip
def test_shadow(
    more: str,
    rules: list[str],
    candidates: list[Candidate],
    expected: tuple[str, list[str], tuple[str, ...]],
):
    decision = decide(policy(*rules, more=more), facts("A"), candidates)
    assert outcome(decision) == expected
    assert decision.shadow
    assert decision.upstream_class is (
        decision.candidates[0].upstream_class if decision.candidates else None
    )
    if not decision.candidates:
        assert decision.reason == (SHADOW if candidates else NO_CANDIDATES)
        assert decision.reason_code == "shadow"


def test_shadow_checks_nothing():
    """What cannot be checked goes as it came, too, to where shadow lets anything go."""
    unchecked = facts(has_media=True, hosted_tools=frozenset({"web_search"}))
    at_home = decide(policy("effect: mask", more=SHADOWED), unchecked, [CLOUD, LOCAL])
    anywhere = decide(policy("effect: mask", more=EVERYWHERE), unchecked, [CLOUD, LOCAL])
    assert outcome(at_home) == ("mask", ["local"], ("r0",))
    assert outcome(anywhere) == ("mask", ["cloud"], ("r0",))
    assert (at_home.reason_code, anywhere.reason_code) == ("media", "media")


def test_what_is_in_force_under_shadow_is_nothing():
    text = "answers: {new_data: mask}\nhandling: {provider_state: on_prem_only}\n"
    rules = policy("effect: mask, operators: {A: redact}", more=text)
    decided = decide(rules, facts("A"), [LOCAL])
    assert decided.keeps_state
    assert in_force(decided) is decided
    watched = decide(parse([loads(shadowed(text), "p.yaml")]), facts("A"), [LOCAL])
    assert watched.operator_for("A") == OperatorUse("redact")  # what would have been done
    done = in_force(watched)
    assert (done.operators, done.default_operator) == ({}, OperatorUse(KEEP))
    assert (done.answers, done.keeps_state) == (AnswerRules(), False)
    assert (done.candidates, done.effect) == (watched.candidates, Effect.MASK)


def shadowed(more: str) -> bytes:
    rule = "rules: [{name: r0, effect: mask, operators: {A: redact}}]\n"
    return f"version: 1\nid: p\n{SHADOWED}{more}{rule}".encode()


def test_a_trace_says_why():
    rules = policy(
        "effect: mask, when: {any_of: [pay]}",
        "effect: mask, when: {all_of: [A, sick], models: [x, y]}",
        "effect: mask, when: {any_of: [A], models: [x, y]}",
        route("on_prem", "upstreams: ['local*', '*-2']"),
        route("external"),
        DENY,
        "effect: mask",
    )
    found = [
        (one.upstream, one.upstream_class.value, one.rule, one.outcome.value, one.detail)
        for one in explain(rules, facts("A"), [CLOUD, LOCAL, CLOUD_2])
    ]
    skipped = [
        ("r0", "skipped", "any_of: found none of pay"),
        ("r1", "skipped", "all_of: did not find sick"),
        ("r2", "skipped", "models: the model matches none of x, y"),
    ]
    assert found == [
        *(("cloud", "external", *one) for one in skipped),
        ("cloud", "external", "r3", "skipped", "upstreams: matches none of local*, *-2"),
        ("cloud", "external", "r4", "matched", "routes here"),
        ("cloud", "external", "r5", "matched", "denies"),
        ("cloud", "external", "r6", "not_reached", ""),
        *(("local", "on_prem", *one) for one in skipped),
        ("local", "on_prem", "r3", "matched", "routes here"),
        ("local", "on_prem", "r4", "matched", "denies: routes elsewhere"),
        ("local", "on_prem", "r5", "not_reached", ""),
        ("local", "on_prem", "r6", "not_reached", ""),
        *(("cloud-2", "external", *one) for one in skipped),
        ("cloud-2", "external", "r3", "matched", "denies: routes elsewhere"),
        ("cloud-2", "external", "r4", "not_reached", ""),
        ("cloud-2", "external", "r5", "not_reached", ""),
        ("cloud-2", "external", "r6", "not_reached", ""),
    ]


@pytest.mark.parametrize(
    ("rule", "given_", "candidate", "outcome_", "detail"),
    [
        ("effect: mask", facts(), CLOUD, Outcome.MATCHED, "masks"),
        (ALLOW, facts(), CLOUD, Outcome.MATCHED, "sends unmasked"),
        ("effect: mask, when: {upstream_class: on_prem}", facts(), CLOUD, Outcome.SKIPPED,
         "upstream_class: not on_prem"),
        ("effect: mask, when: {upstream_class: on_prem, upstreams: [cloud]}", facts(), CLOUD,
         Outcome.SKIPPED, "upstream_class: not on_prem"),
        ("effect: mask, when: {upstream_class: external, upstreams: [x]}", facts(), CLOUD,
         Outcome.SKIPPED, "upstreams: matches none of x"),
        ("effect: mask", facts(unsupported_languages=FINNISH), CLOUD, Outcome.MATCHED,
         "denied all the same: names cannot be looked for in a language of the text"),
        (ALLOW, facts(has_media=True), CLOUD, Outcome.MATCHED,
         "denied all the same: media cannot be checked"),
        ("effect: mask", facts(unsupported_languages=FINNISH), LOCAL, Outcome.MATCHED, "masks"),
        (DENY, facts(has_media=True), CLOUD, Outcome.MATCHED, "denies"),
    ],
)  # fmt: skip
def test_traces_of_one_rule(
    rule: str, given_: RequestFacts, candidate: Candidate, outcome_: Outcome, detail: str
):
    (one,) = explain(policy(rule), given_, [candidate])
    assert (one.outcome, one.detail) == (outcome_, detail)
    assert one.upstream_class in UpstreamClass


@pytest.mark.parametrize(
    ("more", "drops"),
    [
        ("", False),
        ("handling: {too_long: refuse}\n", False),
        ("handling: {too_long: drop_oldest}\n", True),
    ],
)
def test_whether_the_oldest_turns_may_go(more: str, drops: bool):
    decision = decide(policy("effect: mask", more=more), facts(), [CLOUD])
    assert decision.drops_turns is drops
    assert not in_force(replace(decision, shadow=True)).drops_turns
