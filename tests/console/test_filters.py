"""What can be searched for, and what is refused without being quoted."""

from __future__ import annotations

import pytest

from gateway.audit.search import Query
from gateway.console.accounts import Account, Role
from gateway.console.filters import FIELDS, read_filters
from gateway.errors import NotFound, RequestError

ANYBODY = Account("anna", frozenset({Role.REVIEWER}))
BOUND = Account("bert", frozenset({Role.REVIEWER}), frozenset({"globex", "acme"}))


def test_everything_that_a_query_knows_can_be_asked_for():
    assert {one.name for one in FIELDS} == set(Query.__dataclass_fields__)


def test_all_fields_together_make_a_query():
    given = {
        "since": "2026-11-01", "until": "2026-11-30", "tenant": "acme", "type": "request.completed",
        "outcome": "completed", "entity_type": "PERSON", "rule": "r1", "policy": "base",
        "model": "gpt-x", "upstream": "openai", "actor": "app-1", "request_id": "req_1",
        "before": "17",
    }  # fmt: skip
    found = read_filters(given, ANYBODY)
    assert found.before == 17
    assert found.query == Query(
        since="2026-11-01T00:00:00.000000Z",
        until="2026-12-01T00:00:00.000000Z",
        tenant="acme", type="request.completed", outcome="completed", entity_type="PERSON",
        rule="r1", policy="base", model="gpt-x", upstream="openai", actor="app-1",
        request_id="req_1",
    )  # fmt: skip


def test_what_goes_on_record_names_fields_and_no_value():
    found = read_filters({"rule": "canary", "model": " ", "type": "policy.loaded"}, ANYBODY)
    assert found.names == "rule+type"
    assert read_filters({}, ANYBODY).names == "all"


@pytest.mark.parametrize(
    "given",
    [
        {"since": "2026-13-01"},
        {"since": "yesterday"},
        {"until": "9999-12-31"},
        {"tenant": "a b"},
        {"type": "request.invented"},
        {"outcome": "<b>"},
        {"entity_type": "person"},
        {"actor": "anna@example.org"},
        {"model": "x" * 129},
        {"rule": "r\u202e1"},
        {"before": "-1"},
        {"before": "1e9"},
        {"before": "9" * 19},
    ],
    ids=lambda given: next(iter(given.items()))[0],
)
def test_what_cannot_stand_in_a_record_is_refused_unquoted(given: dict[str, str]):
    with pytest.raises(RequestError) as caught:
        read_filters(given, ANYBODY)
    assert next(iter(given.values())) not in caught.value.message


def test_a_bound_account_searches_one_of_its_tenants_whatever_it_asks():
    assert read_filters({}, BOUND).query.tenant == "acme"
    assert read_filters({"tenant": "globex"}, BOUND).query.tenant == "globex"
    with pytest.raises(NotFound):
        read_filters({"tenant": "initech"}, BOUND)


def test_an_account_that_is_bound_to_none_searches_all_tenants():
    assert read_filters({}, ANYBODY).query.tenant is None
