"""The decisions whose speed is measured are those that are meant: every rule is read to its end."""

from __future__ import annotations

import pytest

from gateway.policy.decide import Outcome, decide, explain
from gateway.types import RequestFacts
from tests.bench.decide_speed import CLOUD, LOCAL, REQUESTS, RULES, main, policy


@pytest.mark.parametrize("request_", REQUESTS.values(), ids=list(REQUESTS))
@pytest.mark.parametrize("by_name", [False, True])
def test_only_the_last_rule_matches(request_: RequestFacts, by_name: bool):
    rules = policy(by_name=by_name)
    assert len(rules.rules) == RULES
    assert rules.names_upstreams is by_name
    assert decide(rules, request_, (CLOUD, LOCAL)).rule_ids == ("rest",)
    matched = [one.rule for one in explain(rules, request_, (CLOUD, LOCAL))
               if one.outcome is not Outcome.SKIPPED]  # fmt: skip
    assert matched == ["rest", "rest"]


def test_every_condition_on_a_request_is_among_them():
    keys = {one.key for rule in policy().rules for one in rule.conditions}
    assert keys == {"any_of", "all_of", "at_least", "severity", "tenants", "roles", "tags",
                    "models", "languages"}  # fmt: skip


def test_there_are_figures_for_each_kind_of_request():
    assert [set(one) for one in main(3).values()] == [{"median", "p99"}] * 2 * len(REQUESTS)
