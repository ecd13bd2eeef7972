"""What is legal in a policy but looks wrong: tables, and a property of what covers what."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.entity_types import MEANINGS
from gateway.policy.conditions import aims_at, conditions, matches
from gateway.policy.lint import (
    covers,
    meant_type,
    named_types,
    notes,
    warnings,
    written_types,
)
from gateway.policy.model import Policy, When
from gateway.policy.schema import parse
from gateway.strictyaml import loads
from gateway.types import RequestFacts
from tests.policy import strategies

KNOWN = frozenset(MEANINGS)
REST = "{name: rest, effect: mask}"
ALL_TREATED = {
    "fpe": frozenset({"IBAN"}),
    "generalise": {"AGE": ("10_years", "5_years"), "IP_ADDRESS": ()},
    "surrogate": frozenset({"PERSON"}),
}


def policy(*rules: str, head: str = "") -> Policy:
    lines = "".join(f"  - {one}\n" for one in rules)
    return parse([loads(f"version: 1\nid: p\n{head}rules:\n{lines}".encode(), "p.yaml")])


def said(*rules: str, head: str = "") -> list[str]:
    found = warnings(policy(*rules, head=head), KNOWN, ALL_TREATED)
    return [f"{one.key}: {one.message}" for one in found]


def shut(when: str = "") -> str:
    return f"{{name: shut, effect: deny, reason: No., when: {{{when}}}}}"


def after(when: str = "") -> str:
    return f"{{name: after, effect: mask, when: {{{when}}}}}"


ALL = "unreachable: shut, before it, matches all that it does"


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("any_of: [payment]", "any_of: [IBAN]"),
        ("any_of: [payment]", "all_of: [IBAN, AGE]"),
        ("any_of: [payment]", "at_least: {IBAN: 2}"),
        ("all_of: [payment]", "any_of: [IBAN, CREDIT_CARD]"),
        ("at_least: {any: 2}", "at_least: {IBAN: 3}"),
        ("at_least: {payment: 2}", "at_least: {IBAN: 2}"),
        ("at_least: {any: 1}", "severity: low"),
        ("at_least: {any: 1}", "score: [low]"),
        ("severity: high", "severity: critical"),
        ("severity: high", "any_of: [IBAN, CREDIT_CARD]"),
        ("score: [low, high]", "score: [low]"),
        ("score: [low, high], any_of: [payment]", "score: [high], any_of: [IBAN]"),
        ("tenants: ['a*']", "tenants: [acme, 'ab*', 'a?']"),
        ("tenants: ['a?']", "tenants: [ab, 'a?']"),
        ("models: ['*-mini']", "models: ['gpt-*-mini']"),
        ("roles: [a, b]", "roles: [b]"),
        ("tags: [a, b]", "tags: [a], roles: [c]"),
        ("languages: [de, fr]", "languages: [de]"),
        ("families: [chat]", "families: [chat]"),
        ("upstream_class: external", "upstream_class: external, any_of: [IBAN]"),
        ("upstreams: ['eu-*']", "upstreams: [eu-1]"),
    ],
)
def test_rules_that_cannot_be_reached(earlier: str, later: str):
    assert said(shut(earlier), after(later)) == [f"after: {ALL}"]


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("any_of: [IBAN]", "any_of: [payment]"),
        ("any_of: [IBAN]", "any_of: [IBAN, AGE]"),
        ("all_of: [IBAN, AGE]", "all_of: [IBAN]"),
        ("at_least: {any: 3}", "at_least: {IBAN: 2}"),
        ("at_least: {IBAN: 1}", "at_least: {payment: 1}"),
        ("at_least: {any: 2}", "severity: low"),
        ("severity: critical", "severity: high"),
        ("severity: critical", "any_of: [IBAN]"),
        ("score: [low]", "score: [low, high]"),
        ("score: [low]", "any_of: [IBAN]"),
        ("tenants: [acme]", "tenants: ['a*']"),
        ("tenants: ['a?']", "tenants: ['a*']"),
        ("tenants: ['a*']", ""),
        ("tenants: ['a??']", "tenants: ['a*b']"),
        ("languages: [de]", "languages: [de, fr]"),
        ("families: [chat]", ""),
        ("upstream_class: external", ""),
        ("upstreams: [eu-1]", "upstreams: ['eu-*']"),
    ],
)
def test_rules_that_may_be_reached(earlier: str, later: str):
    assert said(shut(earlier), after(later)) == []


def test_a_rule_without_conditions_ends_the_reading():
    assert said(REST, after()) == ["after: unreachable: rest, before it, matches everything"]


def test_a_route_shuts_out_rules_for_what_it_closes():
    home = "{name: home, effect: route, to: on_prem, when: {any_of: [payment]}}"
    outside = after("any_of: [IBAN], upstream_class: external")
    assert said(home, outside) == [
        "after: unreachable: home, before it, routes all that it matches to on_prem"
    ]
    assert said(home, after("any_of: [IBAN]")) == []
    assert said(home, after("any_of: [IBAN], upstream_class: on_prem")) == []
    assert said(home, after("any_of: [AGE], upstream_class: external")) == []
    named = "{name: named, effect: route, to: [eu-1], when: {any_of: [payment]}}"
    assert said(named, outside) == []


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (
            "{name: open, effect: unsafe_allow, reason: Yes.}",
            "open: sends text unmasked, to all upstreams",
        ),
        (
            "{name: open, effect: unsafe_allow, reason: Yes., when: {upstream_class: on_prem}}",
            "open: sends text unmasked, to on_prem upstreams",
        ),
        (
            "{name: open, effect: unsafe_allow, reason: Yes., when: {upstreams: [a, b]}}",
            "open: sends text unmasked, to upstreams a, b",
        ),
        (
            "{name: odd, effect: route, to: on_prem, when: {upstream_class: external}}",
            "odd: closes every upstream for which it is read",
        ),
        (after("any_of: [payment, IBAN]"), "after: any_of: IBAN adds nothing to payment"),
        (after("all_of: [payment, IBAN]"), "after: all_of: payment adds nothing to IBAN"),
        (after("any_of: [IBNA]"), "after: unknown entity type IBNA"),
        (after("all_of: [IBNA]"), "after: unknown entity type IBNA"),
        (after("at_least: {IBNA: 2}"), "after: unknown entity type IBNA"),
        ("{name: r, effect: mask, operators: {IBNA: hash}}", "r: unknown entity type IBNA"),
        (
            "{name: r, effect: mask, answers: {new_data: mask, operators: {IBNA: hash}}}",
            "r: unknown entity type IBNA",
        ),
        (
            "{name: r, effect: mask, operators: {AGE: fpe, PERSON: fpe, IBAN: fpe}}",
            "r: fpe has nothing for AGE, PERSON: replace is used instead",
        ),
        (
            "{name: r, effect: mask, operators: {PERSON: generalise, AGE: generalise}}",
            "r: generalise has nothing for PERSON: redact is used instead",
        ),
        (
            "{name: r, effect: mask, operators: {AGE: {operator: generalise, to: month}}}",
            "r: generalise to month has nothing for AGE: redact is used instead",
        ),
        (
            "{name: r, effect: mask, operators: {dates: surrogate}}",
            "r: surrogate has nothing for AGE, DATE_OF_BIRTH, DATE_TIME: replace is used instead",
        ),
    ],
)
def test_what_looks_wrong_in_a_rule(rule: str, message: str):
    assert said(rule) == [message]


def test_which_words_a_type_takes():
    for word, hint in (("AGE", "AGE takes 10_years, 5_years"), ("IP_ADDRESS", "takes no such")):
        rule = (
            f"{{name: r, effect: mask, operators: {{{word}: {{operator: generalise, to: year}}}}}}"
        )
        (found,) = warnings(policy(rule), KNOWN, ALL_TREATED)
        assert hint in found.hint


def test_many_types_are_not_all_named():
    (found,) = said("{name: r, effect: mask, operators: {national_ids: surrogate}}")
    assert " and 40 more: replace" in found


@pytest.mark.parametrize(
    ("head", "message"),
    [
        ("handling: {media: unsafe_pass}", "handling.media: images, audio and files go out"),
        ("handling: {provider_state: unsafe_pass}", "handling.provider_state: external providers"),
        ("handling: {hosted_tools: [code]}", "handling.hosted_tools: external providers may run"),
        ("shadow: true", "shadow: nothing is denied or masked, on the premises"),
        ("severity: {IBNA: high}", "severity: unknown entity type IBNA"),
        ("classes: {mine: [CREDIT_CRAD]}", "classes.mine: unknown entity type CREDIT_CRAD"),
        (
            "answers: {new_data: mask, operators: {IBNA: hash}}",
            "answers.operators: unknown entity type IBNA",
        ),
    ],
)
def test_what_looks_wrong_beside_the_rules(head: str, message: str):
    (found,) = said(REST, head=head + "\n")
    assert found.startswith(message)


def test_a_shadow_everywhere():
    (found,) = said(REST, head="shadow: true\nunsafe_shadow_external: true\n")
    assert found == "shadow: nothing is denied or masked, to every upstream"


@pytest.mark.parametrize(
    "head",
    [
        "classes: {mine: [BADGE_NUMBER]}",  # a type of a recognizer that is yet to come
        "classes: {mine: [payment]}",
        "severity: {AGE: high}",
        "handling: {media: deny, unknown_fields: refuse}",
    ],
)
def test_what_is_fine(head: str):
    assert said(REST, head=head + "\n") == []


def test_places_and_hints():
    (found,) = warnings(policy(REST.replace("mask}", "mask, operators: {PERSN: hash}}")), KNOWN)
    assert (found.file, found.line, found.hint) == ("p.yaml", 4, "did you mean PERSON?")


def chained(own: str, *extended: str) -> list[str]:
    texts = [own, *extended]
    chain = tuple(
        loads(f"version: 1\nid: p{at}\nrules:\n  - {text}\n".encode(), f"/at/{at}.yaml")
        for at, text in enumerate(texts)
    )
    return [str(one).partition("\n")[0] for one in notes(parse([chain]))]


@pytest.mark.parametrize(
    ("own", "extended", "expected"),
    [
        (
            "{name: mine, effect: mask, operators: {AGE: keep}}",
            ["{name: b, effect: mask, when: {any_of: [AGE]}}\n  - {name: rest, effect: mask}"],
            ["/at/0.yaml:4: mine: of 1.yaml, these rules no longer apply: b, rest"],
        ),
        (
            "{name: mine, effect: mask}",
            ["{name: b, effect: mask}", "{name: c, effect: mask}"],
            [
                "/at/0.yaml:4: mine: of 1.yaml, these rules no longer apply: b",
                "/at/0.yaml:4: mine: of 2.yaml, these rules no longer apply: c",
            ],
        ),
        ("{name: mine, effect: mask, when: {any_of: [AGE]}}", ["{name: b, effect: mask}"], []),
        ("{name: mine, effect: mask}", ["{name: b, effect: deny, reason: No.}"], []),
        ("{name: mine, effect: mask}\n  - {name: too, effect: mask}", [REST], [
            "/at/0.yaml:4: mine: of 1.yaml, these rules no longer apply: rest",
        ]),
    ],
)  # fmt: skip
def test_mask_rules_that_another_file_shuts_out_are_noted(
    own: str, extended: list[str], expected: list[str]
):
    assert chained(own, *extended) == expected


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("EMAIL", "EMAIL_ADDRESS"), ("PHONE", "PHONE_NUMBER"), ("IBNA", "IBAN"), ("SSN", "US_SSN"),
        ("person", "PERSON"), ("CARD", ""), ("XYZZY", ""),
    ],
)  # fmt: skip
def test_which_type_may_be_meant(name: str, meant: str):
    assert meant_type(name, KNOWN) == (f"did you mean {meant}?" if meant else "")


def test_all_types_that_a_policy_names():
    some = policy(
        "{name: a, effect: mask, when: {any_of: [B], all_of: [C], at_least: {D: 1, any: 2}},"
        " operators: {E: hash}, answers: {new_data: mask, operators: {F: hash}}}",
        head="classes: {g: [G]}\nseverity: {H: low}\n",
    )
    assert named_types(some) == set("BCDEFGH")


def test_what_is_not_known_is_not_checked():
    assert warnings(policy("{name: r, effect: mask, operators: {IBNA: fpe}}")) == ()


def test_types_that_a_rule_names_itself():
    rule = policy(
        "{name: r, effect: mask, when: {any_of: [payment, MINE], at_least: {any: 2}},"
        " operators: {health: hash, YOURS: hash}}"
    ).rules[0]
    assert written_types(rule) == {"MINE", "YOURS"}


@st.composite
def _alike(draw: st.DrawFn) -> tuple[When, When]:
    """Two sets of conditions that differ in a few: others seldom cover each other."""
    wide, other = draw(strategies.whens), draw(strategies.whens)
    keys = draw(st.sets(st.sampled_from([one.name for one in fields(When)]), max_size=3))
    return wide, replace(wide, **{key: getattr(other, key) for key in keys})


@given(
    _alike() | st.tuples(strategies.whens, strategies.whens),
    st.lists(strategies.requests, min_size=8, max_size=8),
    strategies.offers,
)
def test_what_covers_another_holds_wherever_that_does(
    pair: tuple[When, When], asked: list[RequestFacts], offered: list[strategies.Candidate]
):
    wide, narrow = pair
    if not covers(wide, narrow, {}):
        return
    for facts in asked:
        for candidate in offered:
            if _holds(narrow, facts, candidate):
                assert _holds(wide, facts, candidate)


@given(strategies.whens)
def test_everything_covers_itself(when: When):
    assert covers(when, when, {})
    assert covers(When(), when, {})


def _holds(when: When, facts: RequestFacts, candidate: strategies.Candidate) -> bool:
    return aims_at(when, candidate) and all(one.holds(facts) for one in conditions(when, {}))


_texts = st.text("ab*?", min_size=1, max_size=4).map(lambda one: one.replace("**", "*"))


@given(_texts, _texts, st.text("ab", min_size=1, max_size=5))
def test_a_pattern_that_covers_another_matches_all_that_it_does(wide: str, narrow: str, name: str):
    covered = covers(When(tenants=(wide,)), When(tenants=(narrow,)), {})
    if covered and matches([narrow], name):
        assert matches([wide], name)
