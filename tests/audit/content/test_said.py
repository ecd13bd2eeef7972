"""Feedback on a person's values is found, held and erased with what else is kept of them."""

from __future__ import annotations

import pytest

from gateway.audit import opening
from gateway.audit.content.index import blind, index_key
from gateway.audit.content.person import Person
from gateway.audit.content.store import HeldError, open_content
from gateway.console.deciding import asked
from gateway.console.feedbacks import LIFESPAN, Feedback, Feedbacks
from tests.audit.content.kept import MASTER, TENANT, exchange

ANNA, BEN = "anna@example.com", "ben@example.com"


@pytest.fixture
def url(empty_url: str) -> str:
    opening.migrate(empty_url)
    for name, value, tenant in (("1", ANNA, TENANT), ("2", BEN, TENANT), ("3", ANNA, "other")):
        say(empty_url, name, value, tenant)
    return empty_url


def say(url: str, which: str, value: str, tenant: str = TENANT, event_id: str = "") -> None:
    found = blind(index_key(MASTER, tenant), "EMAIL_ADDRESS", value)
    matter = asked("anna", 0.0, LIFESPAN)
    row = Feedback(which, tenant, event_id, "missed", "EMAIL_ADDRESS", found, b"sealed", matter)
    Feedbacks(url).add(row)


def left(url: str) -> list[str]:
    return sorted(one.feedback_id for one in Feedbacks(url).every())


def person(*values: str, tenant: str = TENANT) -> Person:
    return Person(tenant, "EMAIL_ADDRESS", values)


def test_it_is_counted_by_value_and_tenant(url: str):
    with open_content(url, MASTER) as content:
        assert content.said(person(ANNA.upper())) == 1
        assert content.said(person(ANNA, BEN)) == 2
        assert content.said(person("nobody@example.com")) == 0
        assert content.said(Person(TENANT, "PERSON", (ANNA,))) == 0


def test_it_is_erased_of_one_person_with_or_without_requests(url: str):
    exchange(url, "r1", ANNA, text=b"text")
    with open_content(url, MASTER) as content:
        done = content.erase(TENANT, content.find(TENANT, "EMAIL_ADDRESS", [ANNA]), person(ANNA))
        assert (done.deleted.feedback, done.deleted.capsules) == (1, 2)
        assert left(url) == ["2", "3"]
        assert content.erase(TENANT, [], person(BEN)).deleted.feedback == 1
    assert left(url) == ["3"]


def event_of(url: str, request_id: str) -> str:
    with open_content(url, MASTER) as content:
        return str(content.records(request_id)[0]["event_id"])


def test_what_was_said_of_the_records_of_a_request_goes_with_it(url: str):
    exchange(url, "r1", ANNA, text=b"text")
    exchange(url, "r2", BEN, text=b"text")
    of_her, of_him = event_of(url, "r1"), event_of(url, "r2")
    say(url, "4", "another value", event_id=of_her)
    say(url, "5", "another value", event_id=of_him)
    say(url, "6", "another value", "other", event_id=of_her)
    with open_content(url, MASTER) as content:
        assert content.erase(TENANT, ["r1"], person(ANNA)).deleted.feedback == 2
    assert left(url) == ["2", "3", "5", "6"]


def test_what_was_said_of_a_request_of_somebody_who_is_on_hold_keeps_it(url: str):
    exchange(url, "r1", ANNA, text=b"text")
    say(url, "4", "cleo@example.com", event_id=event_of(url, "r1"))
    with open_content(url, MASTER) as content:
        subjects = [("EMAIL_ADDRESS", "cleo@example.com")]
        (hold,) = content.hold(reason="case-1", tenant=TENANT, subjects=subjects)
        assert content.holding(TENANT, ["r1"], person(ANNA)) == [hold]
        with pytest.raises(HeldError):
            content.erase(TENANT, ["r1"], person(ANNA))
        assert content.holding(TENANT, [], person(ANNA)) == []
    assert left(url) == ["1", "2", "3", "4"]


def test_a_hold_on_the_person_or_on_everything_keeps_it(url: str):
    for subjects in ([("EMAIL_ADDRESS", ANNA)], []):
        with open_content(url, MASTER) as content:
            (hold,) = content.hold(reason="case-1", tenant=TENANT, subjects=subjects)
            assert content.holding(TENANT, [], person(ANNA)) == [hold]
            with pytest.raises(HeldError):
                content.erase(TENANT, [], person(ANNA))
            assert content.holding(TENANT, [], person("nobody@example.com")) == []
            assert content.release(hold)
    assert left(url) == ["1", "2", "3"]


def test_a_hold_on_a_request_keeps_no_feedback(url: str):
    with open_content(url, MASTER) as content:
        content.hold(reason="case-1", tenant=TENANT, request_id="r1")
        assert content.erase(TENANT, [], person(ANNA)).deleted.feedback == 1
