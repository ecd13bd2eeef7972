"""Who may decide on what somebody asked for: any order of steps, any number of people at once."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from gateway.console.deciding import (
    CLAIM_S,
    Act,
    Claim,
    Lifespan,
    Matter,
    Refusal,
    State,
    Why,
    asked,
    check_use,
    claimed,
    released,
    settled,
)

LIFESPAN = Lifespan(1000.0, 100.0)
NAMES = ("anna", "bert", "cleo")
DECIDERS = (*NAMES, "")


def refused(matter: Matter, act: Act, by: str, now: float) -> Why | None:
    try:
        claimed(matter, act, by, now)
    except Refusal as refusal:
        return refusal.why
    return None


def approved(now: float = 10.0) -> Matter:
    with_claim = claimed(asked("anna", 0.0, LIFESPAN), Act.APPROVE, "bert", now)
    assert with_claim.claim is not None
    done = settled(with_claim, with_claim.claim, now, LIFESPAN)
    assert done is not None
    return done


def test_who_asked_can_neither_approve_nor_refuse():
    matter = asked("anna", 0.0, LIFESPAN)
    assert refused(matter, Act.APPROVE, "anna", 1.0) is Why.OWN
    assert refused(matter, Act.REFUSE, "anna", 1.0) is Why.OWN
    assert refused(matter, Act.APPROVE, "", 1.0) is Why.OWN


def test_of_two_who_decide_at_once_the_second_is_told_so():
    first = claimed(asked("anna", 0.0, LIFESPAN), Act.APPROVE, "bert", 1.0)
    assert refused(first, Act.REFUSE, "cleo", 1.0) is Why.TAKEN
    assert first.claim is not None
    done = settled(first, first.claim, 2.0, LIFESPAN)
    assert done is not None
    assert refused(done, Act.REFUSE, "cleo", 3.0) is Why.DECIDED


def test_a_claim_whose_process_died_runs_out_and_decides_nothing():
    left = claimed(asked("anna", 0.0, LIFESPAN), Act.APPROVE, "bert", 1.0)
    assert refused(left, Act.REFUSE, "cleo", 1.0 + CLAIM_S - 0.1) is Why.TAKEN
    again = claimed(left, Act.REFUSE, "cleo", 1.0 + CLAIM_S)
    assert left.claim is not None
    assert settled(again, left.claim, 70.0, LIFESPAN) is None
    assert released(again, left.claim) == again


@pytest.mark.parametrize(
    ("by", "now", "why"),
    [
        ("anna", 10.0, None),
        ("anna", 109.9, None),
        ("anna", 110.0, Why.OVER),
        ("anna", 9.9, Why.OVER),  # the clock was set back
        ("bert", 11.0, Why.NOT_YOURS),
    ],
)
def test_an_approval_counts_for_who_asked_until_it_expires(by: str, now: float, why: Why | None):
    try:
        check_use(approved(), by, now)
        found = None
    except Refusal as refusal:
        found = refusal.why
    assert found is why


def test_an_approval_of_ones_own_that_stands_in_the_table_all_the_same_is_none():
    with pytest.raises(Refusal):
        check_use(replace(approved(), decided_by="anna"), "anna", 11.0)
    with pytest.raises(Refusal):
        check_use(replace(approved(), decided_by=""), "anna", 11.0)


class Deciding(RuleBasedStateMachine):
    """Several people, and the gateway that expires what is over, at one matter."""

    claims = Bundle("claims")

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.matter = asked("anna", self.now, LIFESPAN)
        self.log: list[tuple[Act, str, float]] = []

    @rule(seconds=st.sampled_from([0.0, 1.0, 59.0, 60.0, 99.0, 100.0, 999.0, 1000.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule(target=claims, act=st.sampled_from(Act), by=st.sampled_from(DECIDERS))
    def claim(self, act: Act, by: str) -> Claim | None:
        try:
            self.matter = claimed(self.matter, act, by, self.now)
        except Refusal:
            return None
        assert by != "anna" or act is Act.EXPIRE
        return self.matter.claim

    @rule(claim=claims)
    def record_and_settle(self, claim: Claim | None) -> None:
        if claim is None:
            return
        done = settled(self.matter, claim, self.now, LIFESPAN)
        if done is not None:
            self.log.append((claim.act, claim.by, self.now))
            self.matter = done

    @rule(claim=claims)
    def fail_to_record(self, claim: Claim | None) -> None:
        if claim is not None:
            before = self.matter
            self.matter = released(self.matter, claim)
            assert replace(before, claim=None) == replace(self.matter, claim=None)

    @rule(by=st.sampled_from(NAMES))
    def use(self, by: str) -> None:
        try:
            check_use(self.matter, by, self.now)
        except Refusal:
            return
        assert by == "anna"
        (act, decider, at) = self.log[-1]
        assert act is Act.APPROVE
        assert decider not in ("", "anna")
        assert at <= self.now < at + LIFESPAN.approved_s

    @invariant()
    def one_decision_and_at_most_one_end(self) -> None:
        acts = [act for act, _, _ in self.log]
        assert acts in (
            [],
            [Act.APPROVE],
            [Act.REFUSE],
            [Act.EXPIRE],
            [Act.APPROVE, Act.EXPIRE],
        )
        assert (
            self.matter.state
            is {
                None: State.OPEN,
                Act.APPROVE: State.APPROVED,
                Act.REFUSE: State.REFUSED,
                Act.EXPIRE: State.EXPIRED,
            }[acts[-1] if acts else None]
        )

    @invariant()
    def nobody_decides_on_their_own(self) -> None:
        assert self.matter.decided_by != "anna"


TestDeciding = Deciding.TestCase
