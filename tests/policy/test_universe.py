"""What two policies can tell apart: a name for each way in which patterns match."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.policy import universe as module
from gateway.policy.conditions import matches
from gateway.policy.model import Handling, Policy, When
from gateway.policy.universe import Trait, Universe, universe
from gateway.types import RequestFacts
from tests.policy import strategies

BARE = Policy(id="p", rules=(), digest="0" * 64)
TYPES = frozenset({"PERSON", "IBAN", "CRYPTO", "AGE", "ZIP_CODE"})


def asked(*whens: When, types: frozenset[str] = TYPES, **more: object) -> Universe:
    rules = [strategies.Rule(name="r", when=when, effect=strategies.Effect.DENY) for when in whens]
    policy = replace(strategies.with_rules(BARE, rules), **more)  # type: ignore[arg-type]
    return universe((policy,), types)


def values(found: Universe, kind: str) -> dict[str, str]:
    return {one.value: one.label for some in found.dimensions for one in some if one.kind == kind}


def test_types_that_no_rule_tells_apart_stand_for_one_another():
    found = asked(When(any_of={"PERSON": frozenset({"PERSON"})}))
    assert set(found.alike.values()) == {
        frozenset({"PERSON"}), frozenset({"IBAN", "CRYPTO"}),
        frozenset({"AGE"}), frozenset({"ZIP_CODE"}),
    }  # fmt: skip


def test_types_differ_by_severity_and_by_what_generalising_makes_of_them():
    found = asked(When(severity="high"), types=frozenset({"PERSON", "IBAN", "NRP", "BIC", "AGE"}))
    assert set(found.alike.values()) == {
        frozenset({"PERSON", "IBAN"}), frozenset({"NRP", "BIC"}), frozenset({"AGE"}),
    }  # fmt: skip
    own = asked(When(severity="high"), types=frozenset({"NRP", "BIC"}), severities={"BIC": "high"})
    assert len(own.alike) == 2


def test_names_are_the_patterns_where_those_say_enough():
    found = asked(When(tenants=("a", "b-*")), When(tenants=("c",)))
    assert values(found, "tenant") == {"a": "a, b-*", "c": "c"}
    assert not matches(["a", "b-*", "c"], found.tenant)


def test_a_name_that_two_patterns_match_is_found():
    found = asked(When(roles=("a*",)), When(roles=("*z",)))
    assert values(found, "role") == {"a": "a*", "z": "*z", "az": "a* and *z"}


def test_where_a_pattern_matches_every_name_one_of_them_is_the_plain_one():
    found = asked(When(models=("?*",)))
    assert matches(["?*"], found.model)


def test_upstreams_of_rules_and_of_routes():
    rules = [
        strategies.Rule(
            name="r", when=When(upstreams=("eu-*",)), effect=strategies.Effect.ROUTE,
            to=strategies.Target(upstreams=("eu-1",)),
        )
    ]  # fmt: skip
    found = universe((strategies.with_rules(BARE, rules),), TYPES)
    plain, *named = found.upstreams
    assert not matches(["eu-*"], plain.value)
    assert [one.value for one in named] == ["eu-", "eu-1"]


def test_counts_and_bands_are_those_that_rules_tell_apart():
    high = frozenset({strategies.ScoreBand.HIGH})
    found = asked(When(at_least={"any": (None, 3)}), When(bands=high), types=frozenset({"PERSON"}))
    assert [one.counts for one in found.dimensions[0]] == [
        (0, 0, 1), (0, 1, 0), (0, 1, 1), (0, 0, 3), (0, 3, 0), (0, 3, 3),
    ]  # fmt: skip
    plain = asked(When(tenants=("a",)), types=frozenset({"PERSON"}))
    assert [one.counts for one in plain.dimensions[0]] == [(0, 0, 1)]


def test_what_is_left_out_is_said(monkeypatch: pytest.MonkeyPatch):
    many = [When(at_least={"any": (None, count)}) for count in range(2, 12)]
    assert asked(*many).capped
    assert not asked(*many[:3]).capped
    patterns = tuple(f"{one}*{one}-{number}" for number, one in enumerate("abcdefgh"))
    assert not asked(When(tenants=patterns)).capped
    monkeypatch.setattr(module, "MAX_STATES", 10)
    found = asked(When(tenants=patterns))
    assert found.capped
    assert len(values(found, "tenant")) == 1  # one list: a name for it is found all the same


def test_facts():
    found = asked(
        When(languages=frozenset({"de", "fi"})), handling=Handling(hosted_tools=frozenset({"code"}))
    )
    every = [some[0] for some in found.dimensions]
    every += [Trait("tenant", "t"), Trait("model", "m"), Trait("role", "r"), Trait("tag", "g")]
    facts = found.facts(every)
    assert facts.tenant == "t"
    assert facts.model == "m"
    assert facts.roles == {"r"}
    assert facts.tags == {"g"}
    assert facts.languages == {"de", "fi", "sv"}
    assert facts.unsupported_languages == {"fi", "sv"}
    assert facts.hosted_tools == {"code", "any_other_tool"}
    assert facts.has_media
    assert facts.has_unknown_fields
    assert facts.entity_types == set(found.alike)
    assert found.facts([]) == RequestFacts(
        tenant=found.tenant, family=strategies.Family.CHAT, model=found.model
    )


def test_combinations_are_all_and_the_smallest_come_first():
    found = asked(When(tenants=("a",)), When(tenants=("b",)), types=frozenset({"PERSON"}))
    every = list(found.combinations())
    sizes = [size for size, _ in every]
    assert sizes == sorted(sizes)
    assert len({frozenset(traits) for _, traits in every}) == len(every)
    total = 1
    for some in found.dimensions:
        total *= len(some) + 1
    assert len(every) == total


@given(strategies.policies(), strategies.policies())
def test_rules_that_are_met_hold(old: Policy, new: Policy):
    found = universe((old, new), frozenset(strategies.TYPES))
    for pair in zip(old.rules, new.rules, strict=False):
        traits = found.meeting(pair)
        if traits is not None:
            facts = found.facts(traits)
            assert all(one.holds(facts) for rule in pair for one in rule.conditions)


@given(
    st.lists(st.lists(st.text("ab*?", min_size=1, max_size=4), min_size=1, max_size=2), max_size=3),
    st.text("abc", min_size=1, max_size=6),
)
def test_every_way_to_match_has_a_name(lists: list[list[str]], word: str):
    some = [[one.replace("**", "*") for one in patterns] for patterns in lists]
    found = asked(*(When(tenants=tuple(patterns)) for patterns in some))
    names = [found.tenant, *values(found, "tenant")]
    ways = [[matches(patterns, name) for patterns in some] for name in names]
    assert [matches(patterns, word) for patterns in some] in ways
