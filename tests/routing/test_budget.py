"""No upstream is asked for more at a time, or for more tokens a minute, than it may be."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.routing.budget import Budget


def test_without_limits_everything_is_allowed():
    budget = Budget.full(0, 0, 0.0)
    for _ in range(1000):
        assert budget.allows(0.0)
        budget = budget.begun(10**6, 0.0)
    assert budget.wait_s(0.0) == 0.0


def test_only_so_many_run_at_once():
    budget = Budget.full(2, 0, 0.0).begun(1, 0.0).begun(1, 0.0)
    assert not budget.allows(0.0)
    assert budget.ended(1, 1, 0.0).allows(0.0)


def test_tokens_come_back_with_time():
    budget = Budget.full(0, 600, 0.0).begun(0, 0.0).ended(0, 900, 0.0)
    assert not budget.allows(0.0)
    assert budget.wait_s(0.0) == 30.0
    assert not budget.allows(30.0)
    assert budget.allows(30.1)


def test_a_guess_is_settled_when_the_usage_is_known():
    budget = Budget.full(0, 100, 0.0).begun(150, 0.0)
    assert not budget.allows(0.0)
    assert budget.ended(150, 20, 0.0).allows(0.0)
    assert budget.ended(150, 20, 0.0).tokens == 80


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500), st.floats(0, 30)), max_size=50))
def test_over_any_time_no_more_than_the_rate_and_one_bucket_is_taken(steps):
    """But for the one request that was let in last, whose size nobody knew."""
    budget, now, used, largest = Budget.full(0, 600, 0.0), 0.0, 0, 0
    for guess, cost, pause in steps:
        now += pause
        if budget.allows(now):
            budget = budget.begun(guess, now).ended(guess, cost, now)
            used, largest = used + cost, max(largest, cost)
    assert used <= 600 + now * 10 + largest + 1e-6
    assert 0 <= budget.running < 1
