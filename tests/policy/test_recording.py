"""What a policy keeps beside records: nothing unless it says so, and never what cannot be found."""

from __future__ import annotations

import pytest

from gateway.errors import ConfigError
from gateway.policy.decide import decide
from gateway.policy.opened import settings_opened
from gateway.types import (
    Candidate,
    ContentKept,
    Effect,
    Family,
    RecordRules,
    RequestFacts,
    UpstreamClass,
)
from tests.policy.reading import REST, head, policy

HERE = (Candidate("a", UpstreamClass.ON_PREM),)
FACTS = RequestFacts(tenant="t", family=Family.CHAT, model="m")
KEPT = "record: {content: masked, subjects: [EMAIL_ADDRESS, payment], retention_days: 7}\n"


def test_nothing_is_kept_by_itself():
    made = policy(head() + REST)
    assert made.record == RecordRules()
    assert decide(made, FACTS, HERE).record.content is ContentKept.NONE


def test_classes_are_resolved_and_decisions_carry_it():
    made = policy(head() + KEPT + REST)
    assert made.record.content is ContentKept.MASKED
    assert {"EMAIL_ADDRESS", "CREDIT_CARD"} <= made.record.subjects
    assert made.record.retention_days == 7
    assert decide(made, FACTS, HERE).record == made.record


def test_a_denied_request_carries_it_too():
    made = policy(head() + KEPT + "rules: [{name: shut, effect: deny, reason: Shut.}]\n")
    denied = decide(made, FACTS, HERE)
    assert denied.effect is Effect.DENY
    assert denied.record == made.record


def test_the_nearest_file_says_it():
    near = head() + "extends: base\nrecord: {content: none}\n"
    made = policy([near, head("b") + KEPT + REST])
    assert made.record.content is ContentKept.NONE
    assert made.record.retention_days == 7


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("record: {content: masked}\n", "can be found and forgotten"),
        ("record: {content: original, subjects: []}\n", "can be found and forgotten"),
        ("record: {content: all}\n", "content"),
        ("record: {subjects: [no-such-class]}\n", "undefined class"),
        ("record: {retention_days: 0}\n", "retention_days"),
        ("record: {keep: masked}\n", "keep"),
    ],
)
def test_what_is_refused(text: str, complaint: str):
    with pytest.raises(ConfigError) as refused:
        policy(head() + text + REST)
    assert any(complaint in str(problem) for problem in refused.value.problems)


def test_files_side_by_side_must_agree():
    other = "record: {content: masked, subjects: [PERSON], retention_days: 7}\n"
    with pytest.raises(ConfigError) as refused:
        policy(head() + KEPT + REST, head("b") + other + "rules: [{name: c, effect: mask}]\n")
    assert any("otherwise" in str(problem) for problem in refused.value.problems)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("", KEPT, {("record.content", "none", "masked")}),
        (KEPT, KEPT.replace("masked", "original"), {("record.content", "masked", "original")}),
        (KEPT, KEPT.replace("7", "8"), {("record.retention_days", "7", "8")}),
        (KEPT, KEPT, set()),
    ],
)
def test_keeping_more_is_a_difference(old: str, new: str, expected: set[tuple[str, str, str]]):
    before, after = policy(head() + old + REST), policy(head() + new + REST)
    found = {one[1:4] for one in settings_opened(before, after) if one.key != "record.subjects"}
    assert found == expected
    assert all(one.more for one in settings_opened(before, after))
    assert not any(one.more for one in settings_opened(after, before))
