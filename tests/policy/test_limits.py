"""Limits: what closes an upstream whatever the rules say, and what does not."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from gateway.policy.decide import Outcome, decide, explain
from gateway.policy.limits import LIMITS, limit_for
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
from gateway.types import Effect, Family, RequestFacts
from tests.policy.strategies import CLOUD, EXTERNAL, LOCAL, ON_PREM

FINNISH = frozenset({"fi"})
SEARCH = frozenset({"web_search"})
PLAIN = RequestFacts(tenant="acme", family=Family.CHAT, model="m")


def policy(*rules: Rule, **handling: Any) -> Policy:
    return Policy(id="p", digest="0" * 64, rules=rules, handling=Handling(**handling))


MASK = Rule(name="rest", when=When(), effect=Effect.MASK)
ALLOW = Rule(name="open", when=When(), effect=Effect.ALLOW, reason="Yes.")
DENY = Rule(name="no", when=When(upstream_class=EXTERNAL), effect=Effect.DENY, reason="No.")


@pytest.mark.parametrize(
    ("facts", "handling", "external", "on_prem"),
    [
        ({}, {}, "", ""),
        ({"has_media": True}, {}, "media", ""),
        ({"has_media": True}, {"media": Media.PASS}, "", ""),
        ({"has_media": True}, {"media": Media.DENY}, "media", "media"),
        ({}, {"media": Media.DENY}, "", ""),
        ({"family": Family.EMBEDDINGS}, {}, "embeddings", ""),
        ({"family": Family.EMBEDDINGS}, {"embeddings": Embeddings.ANY}, "", ""),
        ({"family": Family.COMPLETIONS}, {}, "", ""),
        ({"unsupported_languages": FINNISH}, {}, "unsupported_language", ""),
        (
            {"unsupported_languages": FINNISH},
            {"unsupported_languages": UnsupportedLanguages.PATTERNS}, "", "",
        ),
        (
            {"unsupported_languages": FINNISH},
            {"unsupported_languages": UnsupportedLanguages.DENY},
            "unsupported_language", "unsupported_language",
        ),
        ({"languages": FINNISH}, {"unsupported_languages": UnsupportedLanguages.DENY}, "", ""),
        ({"hosted_tools": SEARCH}, {}, "hosted_tool", ""),
        ({"hosted_tools": SEARCH}, {"hosted_tools": SEARCH}, "", ""),
        ({"hosted_tools": SEARCH | {"code"}}, {"hosted_tools": SEARCH}, "hosted_tool", ""),
        ({"has_unknown_fields": True}, {}, "", ""),
        ({"has_unknown_fields": True}, {"unknown_fields": UnknownFields.DROP}, "", ""),
        (
            {"has_unknown_fields": True}, {"unknown_fields": UnknownFields.REFUSE},
            "unknown_field", "unknown_field",
        ),
        ({}, {"unknown_fields": UnknownFields.REFUSE}, "", ""),
        # the first of several
        ({"has_media": True, "unsupported_languages": FINNISH}, {}, "media", ""),
        (
            {"hosted_tools": SEARCH, "has_unknown_fields": True},
            {"unknown_fields": UnknownFields.REFUSE}, "hosted_tool", "unknown_field",
        ),
    ],
)  # fmt: skip
@pytest.mark.parametrize("rule", [MASK, ALLOW])
def test_what_closes_which_class(
    facts: dict[str, Any], handling: dict[str, Any], external: str, on_prem: str, rule: Rule
):
    asked, rules = replace(PLAIN, **facts), policy(rule, **handling)
    for candidate, code in ((CLOUD, external), (LOCAL, on_prem)):
        limit = limit_for(rules.handling, asked, candidate.upstream_class)
        decision = decide(rules, asked, [candidate])
        assert (limit.code if limit else "") == decision.reason_code == code
        assert (decision.effect is Effect.DENY) == bool(code)
        assert decision.reason == (limit.reason if limit else rule.reason)
        assert decision.rule_ids == (() if limit else (rule.name,))


@pytest.mark.parametrize(
    ("rules", "candidates", "code"),
    [
        ([MASK], [CLOUD], "media"),
        ([MASK], [CLOUD, LOCAL], "media"),
        ([MASK], [LOCAL, CLOUD], "media"),
        ([MASK], [LOCAL], ""),
        ([], [CLOUD], "media"),
        # where a rule denies, it is the rule that denies
        ([DENY, MASK], [CLOUD], ""),
        ([DENY, MASK], [CLOUD, LOCAL], ""),
    ],
)
def test_the_limit_that_closed_an_upstream_has_a_code(
    rules: list[Rule], candidates: list[Any], code: str
):
    decision = decide(policy(*rules), replace(PLAIN, has_media=True), candidates)
    assert decision.reason_code == code
    assert decision.upstream_class is (ON_PREM if LOCAL in candidates else None)


def test_a_trace_names_the_limit():
    for limit, facts in (
        ("media cannot be checked", {"has_media": True}),
        ("a tool that the provider would run is not allowed", {"hosted_tools": SEARCH}),
    ):
        asked = replace(PLAIN, **facts)
        (one,) = explain(policy(ALLOW), asked, [CLOUD])
        assert (one.outcome, one.detail) == (Outcome.MATCHED, f"denied all the same: {limit}")
        (one,) = explain(policy(ALLOW), asked, [LOCAL])
        assert one.detail == "sends unmasked"


def test_every_limit_has_a_code_of_its_own_and_words():
    assert len({limit.code for limit in LIMITS}) == len(LIMITS)
    for limit in LIMITS:
        assert limit.reason.endswith(".")
        assert not limit.detail.endswith(".")


@pytest.mark.parametrize(
    ("state", "candidate", "keeps"),
    [
        (state, candidate, state is ProviderState.PASS
         or (state is ProviderState.ON_PREM_ONLY and candidate is LOCAL))
        for state, candidate in product(ProviderState, (CLOUD, LOCAL))
    ],
)  # fmt: skip
def test_who_may_store_an_exchange(state: ProviderState, candidate: Any, keeps: bool):
    assert decide(policy(MASK, provider_state=state), PLAIN, [candidate]).keeps_state is keeps


def test_nobody_stores_what_is_denied():
    rules = policy(DENY, provider_state=ProviderState.PASS)
    assert not decide(rules, PLAIN, [CLOUD]).keeps_state
