"""A record in words: what happened, why, what was masked, where it went."""

from __future__ import annotations

from dataclasses import replace

import orjson
import pytest

from gateway.audit.facts import (
    Actor,
    ActorKind,
    AuthMethod,
    Closed,
    EventType,
    Outcome,
    TransformFacts,
)
from gateway.audit.record import accepted, canonical, closed, event
from gateway.console import describing
from gateway.types import UpstreamClass
from tests.audit.logs import FACTS
from tests.audit.records import stamp

FULL = replace(
    FACTS,
    upstream_class=UpstreamClass.EXTERNAL,
    transform=TransformFacts(operators={"PERSON": "replace"}, placeholders_issued=2),
)


def ended(outcome: Outcome = Outcome.COMPLETED) -> dict:
    end = Closed(outcome=outcome, http_status=200)
    return orjson.loads(canonical(closed(FULL, end, **stamp())))


@pytest.mark.parametrize(
    ("outcome", "words", "tone"),
    [
        (Outcome.COMPLETED, "was answered", "good"),
        (Outcome.DENIED, "was denied", "bad"),
        (Outcome.FAILED, "failed", "bad"),
        (Outcome.ABORTED, "was left by its caller", ""),
        (Outcome.UNKNOWN, "has no known end", "bad"),
    ],
)
def test_each_outcome_has_its_words(outcome: Outcome, words: str, tone: str):
    record = ended(outcome)
    assert words in describing.sentence(record)
    assert describing.tone(record) == tone


def test_the_sentence_says_who_what_and_where():
    assert describing.sentence(ended()) == (
        "A request of acme by client app-1 for the model gpt-x to openai (external) was answered; "
        "policy said unsafe_allow."
    )
    begun = orjson.loads(canonical(accepted(FULL, **stamp())))
    assert "was accepted" in describing.sentence(begun)


def test_an_event_names_what_it_is_about():
    actor = Actor(kind=ActorKind.ACCOUNT, method=AuthMethod.PASSWORD, key_id="anna")
    made = event(
        EventType.POLICY_CHANGED, **stamp(), actor=actor, origin=FACTS.origin, target="base"
    )
    record = orjson.loads(canonical(made))
    assert describing.sentence(record) == "policy.changed (base), by account anna."
    assert describing.masked(record) == []


def test_what_was_masked_is_told_with_its_operator():
    [one] = describing.masked(ended())
    assert (one.entity_type, one.count, one.operator) == ("PERSON", 2, "replace")


def test_sections_have_rows_and_leave_out_what_is_not_there():
    found = {one.title: dict(one.rows) for one in describing.sections(ended())}
    assert found["Why"]["Rules that matched"] == "r1, r2"
    assert found["Where it went"]["Class"] == "external"
    assert "Error" not in found["What happened"]
    assert "Cost" not in found


def test_what_is_read_with_a_record_is_no_part_of_it():
    record = ended()
    row = {"seq": 1, "leaf_index": 0, "writer_id": "w", "writer_seq": 1, "mac": "m", "tenant": ""}
    assert describing.own({"leaf_hash": "h", "prev_writer_hash": "p", **row, **record}) == record


def test_a_record_without_any_group_has_its_page():
    bare = {"type": "request.accepted"}
    assert describing.sentence(bare) == "A request of no tenant by nobody was accepted."
    assert [one.title for one in describing.sections(bare)] == ["What happened"]
