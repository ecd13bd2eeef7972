"""What one policy sends that another did not: tables for the meaning, and a property."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.entity_types import MEANINGS
from gateway.policy.decide import decide
from gateway.policy.diff import Change, Comparison, Direction, Kind, compare
from gateway.policy.files import load_policies
from gateway.policy.model import Policy, Shadow
from gateway.policy.order import sends_more
from gateway.policy.schema import parse
from gateway.policy.shipped import shipped_policies, shipped_policy
from gateway.strictyaml import loads
from gateway.types import LANGUAGES, Effect
from tests.policy import strategies

TYPES = frozenset({"PERSON", "IBAN", "AGE", "DATE_TIME", "SECRET"})
REST = "{name: rest, effect: mask}"
EXTERNAL = "upstream_class: external"
SMALL = 3_000  # decisions: enough for the rules of the tables


def policy(*rules: str, head: str = "") -> Policy:
    lines = "".join(f"  - {one}\n" for one in rules)
    return parse([loads(f"version: 1\nid: p\n{head}rules:\n{lines}".encode(), "p.yaml")])


def compared(old: Policy, new: Policy) -> Comparison:
    return compare(old, new, TYPES, budget=SMALL)


def row(change: Change) -> tuple[Any, ...]:
    """What of a change the tables below speak of."""
    when = [
        {(one.kind, one.label or one.value) for one in some if one.kind != "found"}
        | {("beside", one.value) for one in some if one.kind == "found"}
        for some in change.circumstances
    ]
    return change.key, set(change.types), when, change.before, change.after


def rows(old: Policy, new: Policy) -> list[tuple[Any, ...]]:
    """What the new policy sends more; the other way round it must be what is sent less."""
    found = compared(old, new)
    back = compared(new, old)
    assert {one.circumstances for one in found.of(Direction.MORE)} == {
        one.circumstances for one in back.of(Direction.LESS)
    }
    assert len(found.of(Direction.LESS)) == len(back.of(Direction.MORE))
    return [row(one) for one in found.of(Direction.MORE)]


def uses(text: str) -> str:
    return f"{{name: rest, effect: mask, operators: {{{text}}}}}"


def deny(when: str) -> str:
    return f"{{name: shut, effect: deny, reason: No., when: {{{when}}}}}"


def both(types: set[str], when: list[Any], before: str, after: str) -> list[tuple[Any, ...]]:
    """One change of an operator, towards each class."""
    return [
        ("", types, when, f"{towards}: {before}", f"{towards}: {after}")
        for towards in ("external", "on_prem")
    ]


NOT_SENT = "not sent"
REPLACED = "external: replace"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        # a denial falls away
        (deny(f"any_of: [IBAN], {EXTERNAL}"), REST, [("", {"IBAN"}, [], NOT_SENT, REPLACED)]),
        # what goes with it is not said again, unless it is masked otherwise there
        (
            deny(f"any_of: [IBAN], {EXTERNAL}"),
            "{name: loose, effect: mask, when: {any_of: [IBAN]}, operators: {AGE: keep}}",
            [
                ("", {"AGE"}, [{("beside", "IBAN")}], NOT_SENT, "external: keep"),
                ("", {"AGE"}, [{("beside", "IBAN")}], "on_prem: replace", "on_prem: keep"),
                ("", {"IBAN"}, [], NOT_SENT, REPLACED),
            ],
        ),
        # a denial for all but some
        (
            deny(f"any_of: [IBAN], {EXTERNAL}"),
            deny(f"any_of: [IBAN], {EXTERNAL}, tenants: ['eu-*', b]"),
            [("", {"IBAN"}, [], NOT_SENT, REPLACED)],
        ),
        # for some
        (
            deny(f"any_of: [IBAN], {EXTERNAL}"),
            "{name: ok, effect: mask, when: {any_of: [IBAN], roles: [boss, 'chief-*']}}",
            [("", {"IBAN"}, [], NOT_SENT, REPLACED)],
        ),
        # an operator that reveals more, by name and by option
        (REST, uses("AGE: keep"), both({"AGE"}, [], "replace", "keep")),
        (uses("AGE: redact"), REST, both({"AGE"}, [], "redact", "replace")),
        (uses("IBAN: keep"), uses("IBAN: fpe"), []),
        (
            uses("IBAN: fpe"), uses("IBAN: {operator: fpe, scope: tenant}"),
            both({"IBAN"}, [], "fpe", "fpe (scope: tenant)"),
        ),
        (
            uses("AGE: generalise"), uses("AGE: {operator: generalise, to: 5_years}"),
            both({"AGE"}, [], "generalise", "generalise (to: 5_years)"),
        ),
        (uses("AGE: {operator: generalise, to: 10_years}"), uses("AGE: generalise"), []),
        # a default that no rule names
        (
            "{name: rest, effect: mask, default_operator: redact}", REST,
            both(set(TYPES), [], "redact", "replace"),
        ),
    ],
)  # fmt: skip
def test_what_is_sent_more(old: str, new: str, expected: list[tuple[Any, ...]]):
    found = rows(*(policy(one) if one == REST else policy(one, REST2) for one in (old, new)))
    assert sorted(found, key=repr) == sorted(expected, key=repr)


REST2 = "{name: rest2, effect: mask}"
IBAN_STAYS = "{name: home, effect: route, to: on_prem, when: {any_of: [IBAN]}}"


@pytest.mark.parametrize(
    ("new", "when"),
    [
        ("tenants: ['eu-*', b]", [{("tenant", "eu-*, b")}]),
        ("roles: [boss]", [{("role", "boss")}]),
        ("tags: [boss]", [{("tag", "boss")}]),
        ("models: ['gpt-*']", [{("model", "gpt-*")}]),
        ("languages: [de]", [{("language", "de")}]),
        ("upstreams: [eu]", [{("upstream", "eu")}]),
        ("at_least: {IBAN: 3}", [{("count", "")}]),
        ("score: [low]", [{("count", "")}]),
        ("all_of: [IBAN, AGE]", [{("beside", "AGE")}]),
        ("roles: [a], tags: [b]", [{("role", "a"), ("tag", "b")}]),
    ],
)
def test_when_it_is_sent_more(new: str, when: list[Any]):
    """The least in which a request must differ from the plainest one."""
    base = (IBAN_STAYS, REST)
    opened = f"{{name: open, effect: mask, when: {{any_of: [IBAN], {new}}}}}"
    found = rows(policy(*base), policy(opened, *base))
    assert found[0] == ("", {"IBAN"}, when, NOT_SENT, REPLACED)


@pytest.mark.parametrize(
    ("when", "word"),
    [
        ("any_of: [IBAN]", "denied"),
        ("any_of: [IBAN], upstream_class: external", "not sent"),
        ("any_of: [IBAN], upstream_class: on_prem", "not sent"),
        ("any_of: [IBAN], upstreams: [eu]", "not sent"),  # others would get it
    ],
)
def test_what_no_upstream_gets_is_denied(when: str, word: str):
    changes = compared(policy(deny(when), REST), policy(REST)).changes
    assert {one.before for one in changes if "fallback" not in repr(one)} == {word}


def test_rows_are_of_the_same_rules():
    shut = "{name: %s, effect: deny, reason: No., when: {any_of: [%s], upstream_class: external}}"
    two = policy(shut % ("a", "IBAN"), shut % ("b", "AGE"), REST)
    one = policy(shut % ("a", "IBAN, AGE"), REST)
    assert sorted(rows(two, policy(REST)), key=repr) == [
        ("", {"AGE"}, [], NOT_SENT, REPLACED), ("", {"IBAN"}, [], NOT_SENT, REPLACED),
    ]  # fmt: skip
    assert rows(one, policy(REST)) == [("", {"AGE", "IBAN"}, [], NOT_SENT, REPLACED)]


def test_a_request_that_may_no_longer_stay_on_the_premises_goes_farther():
    old, new = policy(REST), policy(deny("any_of: [IBAN], upstream_class: on_prem"), REST)
    (found,) = compared(old, new).of(Direction.MORE)
    assert (found.before, found.after) == ("on_prem: replace", REPLACED)
    ((trait,),) = found.circumstances
    assert trait.label == "any (on_prem) before any (external)"


def test_text_in_which_nothing_is_found():
    old, new = policy(deny(EXTERNAL), REST), policy(REST)
    found = rows(old, new)
    assert ("", set(), [], NOT_SENT, "external") in found
    assert ("", set(TYPES), [], NOT_SENT, REPLACED) in found
    assert len(found) == 2


def test_allow_keeps_everything():
    new = policy("{name: open, effect: unsafe_allow, reason: Yes., when: {tenants: [a]}}", REST)
    kept = both(set(TYPES), [{("tenant", "a")}], "replace", "keep")
    assert sorted(rows(policy(REST), new), key=repr) == sorted(kept, key=repr)


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("media: deny", "media: on_prem_only", "handling.media"),
        ("media: on_prem_only", "media: unsafe_pass", "handling.media"),
        ("unsupported_languages: deny", "media: on_prem_only", "handling.unsupported_languages"),
        ("unknown_fields: refuse", "unknown_fields: mask", "handling.unknown_fields"),
        ("unknown_fields: refuse", "unknown_fields: drop", "handling.unknown_fields"),
        ("hosted_tools: []", "hosted_tools: [code]", "handling.hosted_tools"),
        ("logprobs: refuse", "logprobs: drop", "handling.logprobs"),
        ("embeddings: on_prem_only", "embeddings: any", "handling.embeddings"),
        ("provider_state: never", "provider_state: on_prem_only", "handling.provider_state"),
        ("provider_state: never", "provider_state: unsafe_pass", "handling.provider_state"),
        ("too_long: refuse", "too_long: drop_oldest", "handling.too_long"),
    ],
)
def test_what_is_handled_more_openly(old: str, new: str, key: str):
    before = policy(REST, head=f"handling: {{{old}}}\n")
    after = policy(REST, head=f"handling: {{{new}}}\n")
    settings_ = [one.key for one in compared(before, after).of(Direction.MORE) if one.key]
    assert settings_ == [key]
    assert not compared(after, before).of(Direction.MORE)


def test_what_a_limit_lets_through_is_said_of_the_requests_that_it_held():
    old, new = policy(REST), policy(REST, head="handling: {media: unsafe_pass}\n")
    found = compared(old, new).of(Direction.MORE)
    assert {one.kind for one in found} == {Kind.SETTING, Kind.REQUEST}
    assert all(
        [trait.kind for trait in some] == ["media"] for one in found for some in one.circumstances
    )


def test_fields_that_are_masked_and_dropped_count_as_one():
    old, new = (policy(REST, head=f"handling: {{unknown_fields: {one}}}\n") for one in
                ("mask", "drop"))  # fmt: skip
    assert compared(old, new).changes == ()
    assert compared(new, old).changes == ()


def test_state_that_a_provider_may_store_is_said_of_whom():
    old, new = policy(REST), policy(REST, head="handling: {provider_state: on_prem_only}\n")
    states = [one for one in compared(old, new).changes if one.kind is Kind.STATE]
    assert [(one.before, one.after) for one in states] == [("never stores", "may store")]


def test_a_shadow_is_a_change_of_its_own():
    old, new = policy(IBAN_STAYS, REST), policy(IBAN_STAYS, REST, head="shadow: true\n")
    (found,) = compared(old, new).changes
    assert found.direction is Direction.MORE
    assert row(found) == ("shadow", set(), [], "off", "on_prem")


@pytest.mark.parametrize("old", Shadow)
@pytest.mark.parametrize("new", Shadow)
def test_who_changes_to_or_from_shadow_sends_more(old: Shadow, new: Shadow):
    """From one on the premises, too: now masked text goes to others. Only who sends plain text
    to everybody sends less."""
    pair = [replace(policy(REST), shadow=one) for one in (old, new)]
    changes = compared(*pair).changes
    direction = Direction.LESS if old is Shadow.EVERYWHERE else Direction.MORE
    assert [one.direction for one in changes] == ([] if old is new else [direction])


def test_a_policy_in_shadow_is_compared_as_if_it_were_live():
    shadow = "shadow: true\n"
    old, new = policy(IBAN_STAYS, REST), policy(REST)
    live = compared(old, new).changes
    for before, after in (
        (policy(IBAN_STAYS, REST, head=shadow), policy(REST, head=shadow)),
        (old, policy(REST, head=shadow)),
        (policy(IBAN_STAYS, REST, head=shadow), new),
    ):
        changes = compared(before, after).changes
        assert [one for one in changes if one.kind is not Kind.SETTING] == [*live]


ANSWERS = [
    ("new_data: mask", "new_data: flag", "new_data", "mask", "flag"),
    ("new_data: flag", "new_data: keep", "new_data", "flag", "keep"),
    ("hosts: [a.example]", "hosts: [a.example, b.example]", "hosts", "a.example",
     "a.example, b.example"),
    ("tools: [a]", "tools: [a, b]", "tools", "a", "a, b"),
    ("tools: []", "hosts: []", "tools", "none", "*"),
    ("paths: {a: [/x]}", "paths: {a: [/x, /y]}", "paths.a", "/x", "/x, /y"),
    ("paths: {a: [/x]}", "hosts: []", "paths.a", "/x", "*"),
    ("thinking: masked", "thinking: restored", "thinking", "masked", "restored"),
    ("cached_tokens: hidden", "hosts: []", "cached_tokens", "hidden", "shown"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "key", "before", "after"), ANSWERS)
def test_what_is_given_back_more_freely(old: str, new: str, key: str, before: str, after: str):
    first, second = (policy(REST, head=f"answers: {{{one}}}\n") for one in (old, new))
    assert rows(first, second) == [(key, set(), [], before, after)]
    assert not compared(second, first).of(Direction.MORE)


def test_new_data_that_is_masked_less():
    old = "answers: {new_data: mask}\n"
    new = "answers: {new_data: mask, operators: {AGE: keep}}\n"
    assert rows(policy(REST, head=old), policy(REST, head=new)) == [
        ("operators", {"AGE"}, [], "redact", "keep")
    ]


def test_answers_of_one_rule_are_said_of_whom_it_is_for():
    loose = "{name: loose, effect: mask, when: {roles: [a]}, answers: {hosts: [a.example]}}"
    assert rows(policy(REST), policy(loose, REST)) == [
        ("hosts", set(), [{("role", "a")}], "none", "a.example")
    ]


def test_the_rules_of_an_example_are_named():
    old, new = policy(deny(f"any_of: [IBAN], {EXTERNAL}"), REST), policy(REST)
    (found,) = compared(old, new).of(Direction.MORE)
    assert found.rules == (("shut",), ("rest",))


def test_what_was_not_asked_is_said():
    many = [deny(f"tenants: [t{number}], all_of: [IBAN, AGE]").replace("shut,", f"r{number},")
            for number in range(20)]  # fmt: skip
    old = policy(*many, REST)
    found = compare(old, policy(REST), TYPES, budget=500)
    assert not found.complete
    assert found.depth < 3
    assert found.decisions < 2_000
    # what meets a rule is asked about first, however many traits it needs
    assert {len(some) for one in found.of(Direction.MORE) for some in one.circumstances} == {2}


@pytest.mark.parametrize("name", shipped_policies())
def test_a_policy_sends_no_more_than_itself(name: str):
    one = load_policies([shipped_policy(name)])
    assert compare(one, one, frozenset(MEANINGS), budget=SMALL).changes == ()


# ---- the promise ---------------------------------------------------------------------------------

_rules = strategies.denies() | strategies.routes() | strategies.masks() | strategies.allows()


@st.composite
def _pairs(draw: st.DrawFn) -> tuple[Policy, Policy]:
    """A policy and one that was made of it by one change, in either order."""
    old = draw(strategies.policies(shadows=st.sampled_from(Shadow)))
    rules, at = list(old.rules), draw(st.integers(0, len(old.rules) - 1))
    match draw(st.sampled_from(["insert", "first", "remove", "replace", "handling"])):
        case "insert":
            rules.insert(at, draw(_rules))
        case "first":
            rules.insert(0, rules.pop(at))
        case "remove":
            del rules[at]
        case "replace":
            rules[at] = draw(_rules)
        case "handling":
            old = replace(old, handling=draw(strategies.handlings))
    new = strategies.with_rules(old, rules)
    return (old, new) if draw(st.booleans()) else (new, old)


def _real(facts: strategies.RequestFacts) -> strategies.RequestFacts:
    """As the gateway makes them: a language that is not one of ours is not supported."""
    unsupported = facts.unsupported_languages | (facts.languages - LANGUAGES)
    return replace(facts, unsupported_languages=unsupported)


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(
    _pairs(),
    st.lists(st.tuples(strategies.requests.map(_real), strategies.offers), min_size=20,
             max_size=20),
)  # fmt: skip
def test_where_nothing_is_sent_more_no_request_is(pair: tuple[Policy, Policy], asked: list[Any]):
    old, new = pair
    more = [
        (facts, offered)
        for facts, offered in asked
        if sends_more(decide(old, facts, offered), decide(new, facts, offered), facts.entities)
    ]
    if more:
        found = compare(old, new, frozenset(strategies.TYPES), budget=SMALL)
        assert found.of(Direction.MORE)


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(_pairs())
def test_what_is_said_to_be_sent_more_is_sent_by_rules_that_exist(pair: tuple[Policy, Policy]):
    old, new = pair
    names = [{rule.name for rule in one.rules} for one in pair]
    for change in compare(old, new, frozenset(strategies.TYPES), budget=1_000).changes:
        assert set(change.rules[0]) <= names[0]
        assert set(change.rules[1]) <= names[1]
        assert change.before != change.after
        assert Effect.DENY not in (change.before, change.after)
