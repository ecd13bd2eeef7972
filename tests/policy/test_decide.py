"""Decisions: tables for the meaning, properties for the promises."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.policy.decide import (
    LANGUAGE,
    MEDIA,
    NO_CANDIDATES,
    RESTRICTED,
    Outcome,
    decide,
    explain,
)
from gateway.policy.schema import Policy, Rule, UnsupportedLanguages, When, parse
from gateway.strictyaml import loads
from gateway.types import Candidate, Decision, Effect, Family, RequestFacts, UpstreamClass

ON_PREM, EXTERNAL = UpstreamClass.ON_PREM, UpstreamClass.EXTERNAL
CLOUD, CLOUD_2 = Candidate("cloud", EXTERNAL), Candidate("cloud-2", EXTERNAL)
LOCAL, LOCAL_2 = Candidate("local", ON_PREM), Candidate("local-2", ON_PREM)


def policy(*rules: str) -> Policy:
    lines = "".join(f"  - {{name: r{index}, {rule}}}\n" for index, rule in enumerate(rules))
    head = "version: 1\nid: p\nclasses: {health: [MEDICAL_RECORD, HEALTH_ID], pay: [IBAN]}\n"
    return parse([loads(f"{head}rules:\n{lines}".encode(), "p.yaml")])


def facts(*entity_types: str, **more: object) -> RequestFacts:
    base = RequestFacts("acme", frozenset(), Family.CHAT, "gpt-5", frozenset(entity_types))
    return replace(base, **more)  # type: ignore[arg-type]


FINNISH = frozenset({"fi"})


def outcome(decision: Decision) -> tuple[str, list[str], tuple[str, ...]]:
    return decision.effect, [one.name for one in decision.candidates], decision.rule_ids


DENY = "effect: deny, reason: No."
DENIED = ("deny", [], ("r0",))
MASKED = ("mask", ["cloud"], ("r0",))
OPEN = ("mask", ["cloud"], ())  # masked, since no rule matched


def deny(when: str) -> str:
    return f"{DENY}, when: {{{when}}}"


@pytest.mark.parametrize(
    ("rules", "given_", "candidates", "expected"),
    [
        # the first match decides, and what no rule names is masked
        (["effect: mask"], facts("X"), [CLOUD], MASKED),
        (["effect: mask, when: {entity_types: [A]}"], facts("X"), [CLOUD], OPEN),
        ([DENY, "effect: mask"], facts(), [CLOUD], DENIED),
        (["effect: mask", DENY], facts(), [CLOUD], MASKED),
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
            [deny("classes: [pay], upstream_class: external")],
            facts("IBAN"), [CLOUD, LOCAL], ("mask", ["local"], ()),
        ),
        (
            ["effect: mask, when: {classes: [health]}, upstream_class: on_prem", "effect: mask"],
            facts("HEALTH_ID"), [CLOUD, LOCAL], ("mask", ["local"], ("r0",)),
        ),
        (
            ["effect: mask, when: {classes: [health]}, upstream_class: on_prem", "effect: mask"],
            facts("HEALTH_ID"), [CLOUD], DENIED,
        ),
        # all denied, by different rules
        (
            [deny("upstream_class: on_prem"), DENY],
            facts(), [CLOUD, LOCAL], ("deny", [], ("r1", "r0")),
        ),
        # all conditions must hold
        (
            [deny("entity_types: [A], classes: [pay]")],
            facts("A"), [CLOUD], OPEN,
        ),
        (
            [deny("entity_types: [A], classes: [pay]")],
            facts("A", "IBAN", "X"), [CLOUD], DENIED,
        ),
        # patterns
        ([deny("models: ['gpt-?']")], facts(), [CLOUD], DENIED),
        ([deny("models: ['GPT-*']")], facts(), [CLOUD], OPEN),
        ([deny("models: [gpt]")], facts(), [CLOUD], OPEN),
        ([deny("tenants: [a*e]")], facts(), [CLOUD], DENIED),
        ([deny("tenants: [b*]")], facts(), [CLOUD], OPEN),
        ([deny("roles: ['*']")], facts(), [CLOUD], DENIED),
        ([deny("roles: ['a*']")], facts(), [CLOUD], OPEN),
        (
            [deny("roles: ['a*']")],
            facts(roles=frozenset({"b", "admin"})), [CLOUD], DENIED,
        ),
        ([deny("families: [chat]")], facts(), [CLOUD], DENIED),
        # media cannot be masked
        (["effect: mask"], facts(has_media=True), [CLOUD, LOCAL], ("mask", ["local"], ("r0",))),
        (["effect: allow, reason: Yes."], facts(has_media=True), [CLOUD], ("deny", [], ())),
        # text in a language whose names nobody knows
        (
            ["effect: mask"], facts(unsupported_languages=FINNISH), [CLOUD, LOCAL, LOCAL_2],
            ("mask", ["local", "local-2"], ("r0",)),
        ),
        (
            ["effect: mask"], facts(unsupported_languages=FINNISH), [CLOUD],
            ("deny", [], ()),
        ),
        (
            ["effect: allow, reason: Yes."], facts(unsupported_languages=FINNISH), [CLOUD],
            ("deny", [], ()),
        ),
        # nothing to send to
        (["effect: mask"], facts(), [], ("deny", [], ())),
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


def test_reasons():
    deny = policy("effect: deny, when: {entity_types: [A]}, reason: No A.")
    assert decide(deny, facts("A"), [CLOUD]).reason == "No A."
    assert decide(deny, facts("A"), [CLOUD, LOCAL]).reason == "No A."
    assert decide(deny, facts("A"), []).reason == NO_CANDIDATES
    assert decide(deny, facts(has_media=True), [CLOUD]).reason == MEDIA
    assert decide(deny, facts(unsupported_languages=FINNISH), [CLOUD]).reason == LANGUAGE
    home = policy("effect: mask, upstream_class: on_prem")
    assert decide(home, facts(), [CLOUD]).reason == RESTRICTED[ON_PREM]
    away = policy("effect: mask, upstream_class: external, reason: Away.")
    assert decide(away, facts(), [LOCAL]).reason == "Away."
    assert decide(away, facts(), [CLOUD]).reason == "Away."
    two = policy(
        "effect: deny, when: {upstream_class: external}, reason: One.", "effect: deny, reason: Two."
    )
    assert decide(two, facts(), [CLOUD, LOCAL]).reason == "One. Two."


def test_a_policy_may_send_text_that_only_patterns_read():
    rules = replace(policy("effect: mask"), unsupported_languages=UnsupportedLanguages.PATTERNS)
    decision = decide(rules, facts(unsupported_languages=FINNISH), [CLOUD])
    assert outcome(decision) == MASKED
    assert decision.reason_code == ""


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({}, ""),
        ({"has_media": True}, "media"),
        ({"unsupported_languages": FINNISH}, "unsupported_language"),
        ({"has_media": True, "unsupported_languages": FINNISH}, "media"),
    ],
)
def test_the_limit_that_closed_a_class_has_a_code(more: dict[str, object], code: str):
    rules = policy(deny("entity_types: [A], upstream_class: external"), "effect: mask")
    assert decide(rules, facts(**more), [CLOUD]).reason_code == code
    assert decide(rules, facts(**more), [CLOUD, LOCAL]).reason_code == code
    assert decide(rules, facts(**more), [LOCAL]).reason_code == ""
    assert decide(rules, facts("A", **more), [CLOUD, LOCAL]).reason_code == ""


def test_a_trace_names_the_limit():
    rules = policy("effect: mask")
    (one,) = explain(rules, facts(unsupported_languages=FINNISH), [CLOUD])
    assert (one.outcome, one.rule) == (Outcome.MATCHED, "r0")
    assert "names cannot be looked for" in one.detail
    (one,) = explain(rules, facts(unsupported_languages=FINNISH), [LOCAL])
    assert one.detail == "masks"


def test_operators():
    rules = policy(
        "effect: allow, when: {tenants: [free]}, upstream_class: on_prem, reason: Trusted.",
        "effect: mask, operators: {PERSON: hash, DATE_TIME: keep}, default_operator: redact",
    )
    masked = decide(rules, facts(), [CLOUD])
    assert [masked.operator_for(one) for one in ("PERSON", "DATE_TIME", "X")] == [
        "hash", "keep", "redact",
    ]  # fmt: skip
    allowed = decide(rules, facts(tenant="free"), [LOCAL])
    assert (allowed.effect, allowed.operator_for("X")) == (Effect.ALLOW, "keep")
    assert (allowed.policy_id, allowed.policy_digest) == ("p", rules.digest)


def test_a_trace_says_why():
    rules = policy(
        "effect: mask, when: {classes: [pay]}",
        "effect: mask, when: {entity_types: [A], models: [x, y]}",
        "effect: mask, when: {tenants: [b]}",
        "effect: mask, when: {roles: [admin]}",
        "effect: mask, when: {upstream_class: on_prem}, upstream_class: external",
        "effect: deny, reason: No.",
        "effect: mask",
    )
    found = [
        (one.upstream_class.value, one.rule, one.outcome, one.detail)
        for one in explain(rules, facts("A"), [CLOUD, LOCAL, CLOUD_2])
    ]
    skipped = [
        ("r0", Outcome.SKIPPED, "classes: found nothing of pay"),
        ("r1", Outcome.SKIPPED, "models: the model matches none of x, y"),
        ("r2", Outcome.SKIPPED, "tenants: the tenant matches none of b"),
        ("r3", Outcome.SKIPPED, "roles: the caller has none of admin"),
    ]
    assert found == [
        *(("external", *one) for one in skipped),
        ("external", "r4", Outcome.SKIPPED, "upstream_class: not on_prem"),
        ("external", "r5", Outcome.MATCHED, "denies"),
        ("external", "r6", Outcome.NOT_REACHED, ""),
        *(("on_prem", *one) for one in skipped),
        ("on_prem", "r4", Outcome.MATCHED, "denies: restricted to external"),
        ("on_prem", "r5", Outcome.NOT_REACHED, ""),
        ("on_prem", "r6", Outcome.NOT_REACHED, ""),
    ]


# --- properties ---------------------------------------------------------------------------------

TYPES = ("A", "B", "C", "UNNAMED")
types = st.frozensets(st.sampled_from(TYPES), max_size=4)
some_types = st.none() | st.frozensets(st.sampled_from(TYPES[:3]), min_size=1)
globs = st.none() | st.lists(st.sampled_from(["a", "b*", "?", "x-*"]), min_size=1, max_size=2).map(
    tuple
)
classes = st.none() | st.sampled_from(UpstreamClass)
whens = st.builds(
    When, entity_types=some_types, class_types=some_types, models=globs, tenants=globs,
    roles=globs, families=st.none() | st.just(frozenset({Family.CHAT})), upstream_class=classes,
)  # fmt: skip
names = st.text("abc", min_size=1, max_size=4)
operators = st.dictionaries(
    st.sampled_from(TYPES[:3]), st.sampled_from(["replace", "redact", "hash", "keep"]), max_size=3
)
denies = st.builds(Rule, name=names, when=whens, effect=st.just(Effect.DENY), reason=st.just("no"))
masks = st.builds(
    Rule, name=names, when=whens, effect=st.just(Effect.MASK), operators=operators,
    default_operator=st.sampled_from(["replace", "redact", "hash"]), upstream_class=classes,
)  # fmt: skip
allows = st.builds(
    Rule, name=names, when=whens, effect=st.just(Effect.ALLOW), reason=st.just("yes"),
    default_operator=st.just("keep"), upstream_class=classes,
)  # fmt: skip
policies = st.builds(
    Policy, id=st.just("p"), classes=st.just({}), digest=st.just("0" * 64),
    rules=st.lists(denies | masks | allows, min_size=1, max_size=5).map(tuple),
    unsupported_languages=st.sampled_from(UnsupportedLanguages),
)  # fmt: skip
requests = st.builds(
    RequestFacts, tenant=st.sampled_from(["a", "bb", "z"]), family=st.just(Family.CHAT),
    roles=st.frozensets(st.sampled_from(["a", "bb", "z"]), max_size=2),
    model=st.sampled_from(["a", "bb", "x-1"]), entity_types=types, has_media=st.booleans(),
    unsupported_languages=st.frozensets(st.sampled_from(["fi", "ru"]), max_size=2),
)  # fmt: skip
offers = st.lists(st.sampled_from([CLOUD, CLOUD_2, LOCAL, LOCAL_2]), unique=True, max_size=4)

# What may go to a class: per class, which types are kept. A class that is denied is absent.
Sent = dict[UpstreamClass, frozenset[str]]


def sent(rules: Policy, request: RequestFacts) -> Sent:
    found: Sent = {}
    for candidate in (CLOUD, LOCAL):
        decision = decide(rules, request, [candidate])
        if decision.candidates:
            kept = (one for one in TYPES if decision.operator_for(one) == "keep")
            found[candidate.upstream_class] = frozenset(kept)
    return found


@settings(max_examples=300)
@given(policies, requests, offers)
def test_a_decision_is_total_and_of_one_class(
    rules: Policy, request: RequestFacts, offer: list[Candidate]
):
    decision = decide(rules, request, offer)
    assert (decision.effect is Effect.DENY) == (not decision.candidates)
    assert bool(decision.reason) or decision.candidates
    assert {one.upstream_class for one in decision.candidates} <= {decision.upstream_class}
    # every candidate of the class, in order, and the class of the first that is not denied
    allowed = sent(rules, request)
    first = next((one for one in offer if one.upstream_class in allowed), None)
    assert decision.upstream_class == (first.upstream_class if first else None)
    assert decision.candidates == tuple(
        one for one in offer if first and one.upstream_class is first.upstream_class
    )
    if request.has_media:
        assert decision.upstream_class is not EXTERNAL
    if request.unsupported_languages and rules.unsupported_languages == "on_prem_only":
        assert decision.upstream_class is not EXTERNAL


@settings(max_examples=300)
@given(policies, requests, offers)
def test_what_no_rule_names_is_masked(rules: Policy, request: RequestFacts, offer: list[Candidate]):
    decision = decide(rules, request, offer)
    if decision.effect is not Effect.ALLOW:
        assert decision.operator_for("UNNAMED") != "keep"
        assert decision.default_operator != "keep"


@settings(max_examples=300)
@given(policies, requests, offers)
def test_the_trace_agrees_with_the_decision(
    rules: Policy, request: RequestFacts, offer: list[Candidate]
):
    traces = explain(rules, request, offer)
    for upstream_class in {one.upstream_class for one in offer}:
        mine = [one for one in traces if one.upstream_class is upstream_class]
        assert len(mine) == len(rules.rules)
        matched = [one.rule for one in mine if one.outcome is Outcome.MATCHED]
        assert len(matched) <= 1
        alone = decide(
            rules, request, [one for one in offer if one.upstream_class is upstream_class]
        )
        assert alone.rule_ids in ((), tuple(matched))


def no_more(new: Sent, old: Sent) -> bool:
    """Whether `new` reaches no class that `old` did not, and keeps nothing that `old` masked."""
    return all(one in old and kept <= old[one] for one, kept in new.items())


@settings(max_examples=400)
@given(policies, requests, denies)
def test_a_deny_rule_in_front_never_sends_more(rules: Policy, request: RequestFacts, deny: Rule):
    stricter = replace(rules, rules=(deny, *rules.rules))
    assert no_more(sent(stricter, request), sent(rules, request))


@settings(max_examples=400)
@given(policies, requests)
def test_the_strict_way_with_languages_never_sends_more(rules: Policy, request: RequestFacts):
    old = replace(rules, unsupported_languages=UnsupportedLanguages.PATTERNS)
    new = replace(rules, unsupported_languages=UnsupportedLanguages.ON_PREM_ONLY)
    assert no_more(sent(new, request), sent(old, request))
    known = replace(request, unsupported_languages=frozenset())
    assert sent(old, request) == sent(old, known) == sent(new, known)


@settings(max_examples=400)
@given(policies, requests, denies, offers)
def test_a_stricter_policy_reaches_only_what_was_open(
    rules: Policy, request: RequestFacts, deny: Rule, offer: list[Candidate]
):
    stricter = replace(rules, rules=(deny, *rules.rules))
    decision, open_before = decide(stricter, request, offer), sent(rules, request)
    assert all(one.upstream_class in open_before for one in decision.candidates)


@settings(max_examples=400)
@given(policies, requests, st.data())
def test_restricting_any_rule_never_sends_more(
    rules: Policy, request: RequestFacts, data: st.DataObject
):
    index = data.draw(st.integers(0, len(rules.rules) - 1))
    old = rules.rules[index]
    if old.effect is Effect.DENY or old.upstream_class is not None:
        return
    restricted = replace(old, upstream_class=data.draw(st.sampled_from(UpstreamClass)))
    changed = (*rules.rules[:index], restricted, *rules.rules[index + 1 :])
    assert no_more(sent(replace(rules, rules=changed), request), sent(rules, request))


@settings(max_examples=400)
@given(policies, requests, whens, st.sampled_from(UpstreamClass))
def test_a_restriction_in_front_never_sends_more_to_the_other_class(
    rules: Policy, request: RequestFacts, when: When, upstream_class: UpstreamClass
):
    """Towards its own class a rule in front decides, so there only "keeps nothing new" can hold."""
    rule = Rule(name="front", when=when, effect=Effect.MASK, upstream_class=upstream_class)
    old = sent(rules, request)
    new = sent(replace(rules, rules=(rule, *rules.rules)), request)
    own = {one: kept for one, kept in new.items() if one is upstream_class}
    others = {one: kept for one, kept in new.items() if one is not upstream_class}
    assert no_more(others, old)
    assert all(kept <= old.get(one, frozenset()) for one, kept in own.items())
