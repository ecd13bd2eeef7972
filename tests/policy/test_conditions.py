"""Conditions: each holds and does not, and says in words why not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.policy.conditions import aims_at, conditions, matches
from gateway.policy.model import Target, When
from gateway.policy.schema import parse
from gateway.strictyaml import loads
from gateway.types import Family, RequestFacts, ScoreBand
from tests.policy.strategies import CLOUD, CLOUD_2, EXTERNAL, LOCAL, ON_PREM

PLAIN = RequestFacts(
    tenant="acme", family=Family.CHAT, model="gpt-5", roles=frozenset({"admin", "dev"}),
    tags=frozenset({"office-paris"}), languages=frozenset({"de", "en"}),
)  # fmt: skip
HEAD = """\
version: 1
id: p
classes: {own: [A, B], wide: [own, C], lone: [D]}
severity: {LOW_TYPE: low, MEDIUM_TYPE: medium, AGE: critical}
"""


def unmet(when: str, facts: RequestFacts) -> list[str]:
    """What a rule says of the conditions that do not hold, in order."""
    text = f"{HEAD}rules: [{{name: r, effect: mask, when: {{{when}}}}}]\n"
    (rule,) = parse([loads(text.encode(), "p.yaml")]).rules
    return [f"{one.key}: {one.words}" for one in rule.conditions if not one.holds(facts)]


def found(**counts: Any) -> RequestFacts:
    """Findings; a plain count is of sure ones."""
    return replace(
        PLAIN,
        entities={
            name: (0, 0, one) if isinstance(one, int) else one for name, one in counts.items()
        },
    )


@pytest.mark.parametrize(
    ("when", "facts", "words"),
    [
        # any_of: one of all types and classes
        ("any_of: [A]", found(A=1), ""),
        ("any_of: [A]", found(A=(1, 0, 0)), ""),
        ("any_of: [A]", found(B=1), "any_of: found none of A"),
        ("any_of: [A]", found(), "any_of: found none of A"),
        ("any_of: [X, own]", found(B=1), ""),
        ("any_of: [X, own]", found(X=1), ""),
        ("any_of: [X, own]", found(C=1), "any_of: found none of X, own"),
        ("any_of: [wide]", found(A=1), ""),
        ("any_of: [payment]", found(IBAN=1), ""),
        ("any_of: [payment]", found(PERSON=1), "any_of: found none of payment"),
        # all_of: one of each
        ("all_of: [A, B]", found(A=1, B=1), ""),
        ("all_of: [A, B]", found(A=2), "all_of: did not find B"),
        ("all_of: [A, own]", found(A=1), ""),
        ("all_of: [lone, own]", found(B=1), "all_of: did not find lone"),
        ("all_of: [lone, own]", found(), "all_of: did not find lone|all_of: did not find own"),
        # at_least: so many findings
        ("at_least: {A: 2}", found(A=2), ""),
        ("at_least: {A: 2}", found(A=(1, 0, 1)), ""),
        ("at_least: {A: 2}", found(A=1, B=5), "at_least: found fewer than 2 of A"),
        ("at_least: {own: 3}", found(A=1, B=2), ""),
        ("at_least: {own: 3}", found(A=1, B=1, C=1), "at_least: found fewer than 3 of own"),
        ("at_least: {any: 3}", found(A=1, X=1, Y=1), ""),
        ("at_least: {any: 3}", found(A=2), "at_least: found fewer than 3 of any"),
        ("at_least: {A: 1, B: 2}", found(A=1, B=1), "at_least: found fewer than 2 of B"),
        # severity: so bad or worse
        ("severity: high", found(PERSON=1), ""),
        ("severity: high", found(US_SSN=1), ""),
        ("severity: high", found(LOCATION=1), "severity: found nothing of severity high or above"),
        ("severity: high", found(), "severity: found nothing of severity high or above"),
        ("severity: low", found(BIC=1), ""),
        ("severity: low", found(), "severity: found nothing of severity low or above"),
        ("severity: critical", found(PERSON=9, X=9),
         "severity: found nothing of severity critical or above"),
        ("severity: high", found(NOBODY_KNOWS=1), ""),
        ("severity: critical", found(AGE=1), ""),  # as the file says
        ("severity: medium", found(LOW_TYPE=1),
         "severity: found nothing of severity medium or above"),
        ("severity: medium", found(MEDIUM_TYPE=1), ""),
        # score: only findings of these bands count
        ("any_of: [A], score: [high]", found(A=1), ""),
        ("any_of: [A], score: [high]", found(A=(1, 1, 0)), "any_of: found none of A"),
        ("any_of: [A], score: [low, medium]", found(A=(0, 1, 0)), ""),
        ("any_of: [A], score: [low, medium]", found(A=1), "any_of: found none of A"),
        ("all_of: [A, B], score: [high]", found(A=1, B=(1, 0, 0)), "all_of: did not find B"),
        ("at_least: {A: 2}, score: [medium, high]", found(A=(0, 1, 1)), ""),
        ("at_least: {A: 2}, score: [medium, high]", found(A=(5, 1, 0)),
         "at_least: found fewer than 2 of A"),
        ("at_least: {any: 2}, score: [low]", found(A=(1, 0, 3), B=(1, 0, 0)), ""),
        ("severity: high, score: [high]", found(PERSON=(1, 0, 0), LOCATION=1),
         "severity: found nothing of severity high or above"),
        ("severity: high, score: [high]", found(PERSON=1), ""),
        ("score: [low]", found(A=(1, 0, 0)), ""),
        ("score: [low, medium]", found(A=1), "score: found nothing scored low, medium"),
        ("score: [low]", found(), "score: found nothing scored low"),
        # who calls, and for what
        ("tenants: [acme]", PLAIN, ""),
        ("tenants: [acm, 'acme?']", PLAIN, "tenants: the tenant matches none of acm, acme?"),
        ("tenants: ['*']", PLAIN, ""),
        ("roles: [x, admin]", PLAIN, ""),
        ("roles: ['a*']", PLAIN, ""),
        ("roles: [x, 'b*']", PLAIN, "roles: the caller has no role of b*, x"),
        ("roles: ['*']", replace(PLAIN, roles=frozenset()), ""),
        ("roles: ['a*', '?*']", replace(PLAIN, roles=frozenset()),
         "roles: the caller has no role of ?*, a*"),
        ("tags: ['office-*']", PLAIN, ""),
        ("tags: [office, 'x*']", replace(PLAIN, tags=frozenset({"a", "xy"})), ""),
        ("tags: [office]", PLAIN, "tags: the caller has no tag of office"),
        ("models: ['gpt-?']", PLAIN, ""),
        ("models: ['GPT-*']", PLAIN, "models: the model matches none of GPT-*"),
        ("models: [gpt]", PLAIN, "models: the model matches none of gpt"),
        ("families: [chat]", PLAIN, ""),
        ("families: ['*']", PLAIN, ""),
        ("languages: [fr, en]", PLAIN, ""),
        ("languages: [fr, it]", PLAIN, "languages: the text is clearly in none of fr, it"),
        ("languages: [de]", replace(PLAIN, languages=frozenset()),
         "languages: the text is clearly in none of de"),
        # all that are given must hold; those on what was found come first
        ("tenants: [x], any_of: [A], roles: [x]", found(),
         "any_of: found none of A|tenants: the tenant matches none of x"
         "|roles: the caller has no role of x"),
        ("tenants: [acme], any_of: [A], roles: [admin]", found(A=1), ""),
        ("", PLAIN, ""),
    ],
)  # fmt: skip
def test_each_holds_or_says_why_not(when: str, facts: RequestFacts, words: str):
    assert "|".join(unmet(when, facts)) == words


def test_a_family_that_is_another():
    (one,) = conditions(When(families=frozenset()), {})
    assert (one.key, one.words) == ("families", "the API family is none of ")
    assert not one.holds(PLAIN)


def test_only_what_is_written_is_asked():
    assert conditions(When(), {}) == ()
    assert conditions(When(upstream_class=ON_PREM, upstreams=("x",)), {}) == ()
    assert When(upstream_class=ON_PREM, upstreams=("x",)).holds_always


EXAMPLES: dict[str, Any] = {
    "any_of": {"A": frozenset({"A"})},
    "all_of": {"A": frozenset({"A"})},
    "at_least": {"A": (frozenset({"A"}), 1)},
    "severity": "high",
    "bands": frozenset({ScoreBand.LOW}),
    "models": ("a",),
    "tenants": ("a",),
    "roles": ("a",),
    "tags": ("a",),
    "languages": frozenset({"de"}),
    "families": frozenset({Family.CHAT}),
}


def test_no_condition_on_the_request_is_forgotten():
    """A field of `When` that nothing is compiled from would widen every rule that uses it."""
    assert set(EXAMPLES) == {one.name for one in fields(When)} - {"upstream_class", "upstreams"}
    for key, value in EXAMPLES.items():
        when = When(**{key: value})
        assert len(conditions(when, {})) == 1, key
        assert not when.holds_always, key


def test_a_condition_does_not_show_what_it_was_asked():
    (one,) = conditions(When(tenants=("acme",)), {})
    assert repr(one) == "Condition(key='tenants', words='the tenant matches none of acme')"


@pytest.mark.parametrize(
    ("patterns", "value", "expected"),
    [
        (None, "x", True),
        ((), "x", False),
        (("x",), "x", True),
        (("x",), "X", False),
        (("x",), "xy", False),
        (("x*",), "x", True),
        (("x*",), "x\ny", True),
        (("x?",), "x", False),
        (("x?",), "xy", True),
        (("?",), "", False),
        (("*",), "", True),
        (("a.c",), "abc", False),
        (("a.*",), "abc", False),
        (("a+*",), "aab", False),
        (("(a|b)?",), "a", False),
        (("!x",), "y", False),
        (("a*b*c",), "a-b-c", True),
        (("a*b*c",), "a-c-b", False),
        (("x", "y*"), "yes", True),
        (("x*", "y?z"), "yaz", True),
        (("x*", "y?z"), "yaaz", False),
        (("*x", "y"), "yx", True),
        (("*x", "y"), "y", True),
        (("*x", "y"), "xy", False),
    ],
)
def test_patterns(patterns: tuple[str, ...] | None, value: str, expected: bool):
    assert matches(patterns, value) is expected


def backtracked(pattern: str, text: str) -> bool:
    """The meaning of a pattern, letter by letter."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(backtracked(pattern[1:], text[start:]) for start in range(len(text) + 1))
    return bool(text) and pattern[0] in ("?", text[0]) and backtracked(pattern[1:], text[1:])


@given(st.lists(st.text("ab.*?", max_size=5), max_size=3), st.text("ab.\n", max_size=5))
def test_patterns_mean_what_is_said(patterns: list[str], text: str):
    assert matches(patterns, text) is any(backtracked(one, text) for one in patterns)


@pytest.mark.parametrize("kind", [When, Target])
def test_at_which_upstreams_a_rule_aims(kind: Callable[..., When | Target]):
    assert aims_at(kind(upstream_class=EXTERNAL), CLOUD)
    assert not aims_at(kind(upstream_class=EXTERNAL), LOCAL)
    assert aims_at(kind(upstreams=("cloud*",)), CLOUD_2)
    assert not aims_at(kind(upstreams=("cloud",)), CLOUD_2)
    assert not aims_at(kind(upstream_class=ON_PREM, upstreams=("cloud",)), CLOUD)
    assert aims_at(kind(), LOCAL)
