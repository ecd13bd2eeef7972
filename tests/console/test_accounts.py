"""What roles may do, which passwords are taken, when accounts lock and sessions end."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.console.accounts import (
    LOCK_S,
    MAX_FAILURES,
    RIGHTS,
    Account,
    Attempts,
    Lifetime,
    Right,
    Role,
    attempted,
    is_name,
    password_problem,
)

LIFETIME = Lifetime(idle_s=900.0, session_s=28_800.0)


def test_every_right_is_somebodys_and_every_role_has_its_own():
    assert frozenset().union(*RIGHTS.values()) == frozenset(Right)
    assert len(set(RIGHTS.values())) == len(Role)


def test_only_some_read_records_and_only_approvers_approve():
    readers = {role for role in Role if Right.RECORDS in RIGHTS[role]}
    assert readers == {Role.REVIEWER, Role.APPROVER, Role.AUDITOR}
    assert [role for role in Role if Right.APPROVE in RIGHTS[role]] == [Role.APPROVER]


def test_an_account_without_roles_may_do_nothing():
    nobody = Account("anna", frozenset())
    assert not any(nobody.may(right) for right in Right)


@pytest.mark.parametrize(
    ("tenants", "tenant", "seen"),
    [
        ((), "acme", True),
        ((), "", True),
        (("acme",), "acme", True),
        (("acme",), "other", False),
        (("acme",), "", False),
        (("acme", "other"), "other", True),
    ],
)
def test_a_bound_account_sees_its_tenants_alone(tenants, tenant: str, seen: bool):
    assert Account("a", frozenset(Role), frozenset(tenants)).sees(tenant) is seen


@given(st.lists(st.floats(0, 10_000), min_size=1, max_size=60))
def test_no_more_attempts_than_allowed_are_looked_at_in_any_time_of_a_lock(gaps: list[float]):
    now, state, looked = 1000.0, Attempts(), []
    for gap in gaps:
        now += gap
        after = attempted(state, now)
        if after is not None:
            state = after
            looked.append(now)
    for start in range(len(looked) - MAX_FAILURES):
        # A lock lies between an attempt and the one that comes as many later.
        assert looked[start + MAX_FAILURES] - looked[start] >= LOCK_S


def test_after_a_lock_the_count_begins_anew():
    locked = Attempts(MAX_FAILURES, 2000.0)
    assert attempted(locked, 1999.0) is None
    assert attempted(locked, 2000.0) == Attempts(1, 0.0)


@pytest.mark.parametrize(
    ("created", "seen", "now", "over"),
    [
        (0.0, 0.0, 899.0, False),
        (0.0, 0.0, 900.0, True),
        (0.0, 28_700.0, 28_799.0, False),
        (0.0, 28_700.0, 28_800.0, True),
        (1000.0, 1000.0, 900.0, True),
        (0.0, 1000.0, 900.0, True),
    ],
)
def test_a_session_ends_idle_in_all_and_when_the_clock_is_wrong(created, seen, now, over: bool):
    assert LIFETIME.has_ended(created, seen, now) is over


@pytest.mark.parametrize(
    "text", ["short", "aaaaaaaaaaaaaaaa", "xx-Anna-1234567", "x1y2z" * 60], ids=len
)
def test_bad_passwords_are_refused(text: str):
    assert password_problem(text, "anna")


def test_a_good_password_is_taken():
    assert password_problem("correct horse battery", "anna") == ""


@pytest.mark.parametrize("text", ["", "a b", "-a", "a\n", "ä", "<b>", "a" * 65])
def test_what_is_no_name_is_none(text: str):
    assert not is_name(text)


def test_names_are_short_words():
    assert all(map(is_name, ["a", "anna.meier", "ops_1", "a" * 64]))
