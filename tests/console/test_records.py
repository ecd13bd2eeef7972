"""Searching, one record and its proof, files: over HTTP, within one's tenants, on record."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from html import unescape
from re import findall
from typing import Any

import pytest

from gateway.audit.export import COLUMNS
from gateway.console.accounts import Role
from tests.audit.logs import bodies
from tests.console.browser import Browser
from tests.console.conftest import World


def of(tenant: str) -> list[dict[str, Any]]:
    """The records of a tenant as the log was filled, newest first."""
    made = (json.loads(body) for body in reversed(bodies(200)))
    return [one for one in made if one["tenant"] == tenant]


def listed(text: str) -> list[str]:
    return findall(r'href="/console/records/([0-9a-f-]{36})"', text)


async def reviewer(world: World, *tenants: str) -> Browser:
    world.account("anna", Role.REVIEWER, tenants=tenants)
    return await world.browser("anna")


async def test_pages_follow_each_other_without_gap_or_double(filled: World):
    browser = await reviewer(filled, "acme")
    path, seen = "/console/records?entity_type=PERSON", []
    while path:
        answer = await browser.get(path)
        assert answer.status == 200
        seen += listed(answer.text)
        older = findall(r'href="([^"]*before=\d+)"[^>]*>Older', answer.text)
        path = unescape(older[0]) if older else ""
    assert seen == [one["event_id"] for one in of("acme")]


async def test_a_search_finds_what_it_is_asked_for_and_goes_on_record_without_it(filled: World):
    browser = await reviewer(filled)
    answer = await browser.get("/console/records?model=rare&type=request.completed")
    wanted = [
        one["event_id"]
        for one in of("acme") + of("globex")
        if one["model_requested"] == "rare" and one["type"] == "request.completed"
    ]
    assert sorted(listed(answer.text)) == sorted(wanted)
    assert "PERSON 2" in answer.words
    assert (await filled.events())[-1] == ("audit.searched", "anna", "model+type")


async def test_a_wrong_filter_is_told_unquoted_and_searches_nothing(filled: World):
    browser = await reviewer(filled)
    answer = await browser.get("/console/records?actor=anna%40example.org")
    assert (answer.status, listed(answer.text)) == (400, [])
    assert "example.org" not in answer.text
    assert "audit.searched" not in {kind for kind, _, _ in await filled.events()}


async def test_nothing_found_is_said(filled: World):
    browser = await reviewer(filled)
    assert "No such records" in (await browser.get("/console/records?model=none")).words


async def test_a_record_says_what_happened_and_why(filled: World):
    browser = await reviewer(filled)
    one = of("acme")[0]
    answer = await browser.get(f"/console/records/{one['event_id']}")
    assert answer.status == 200
    for words in ("was answered", "r1, r2", "PERSON × 2", "is covered by the checkpoint"):
        assert words in answer.words
    assert (await filled.events())[-1] == ("audit.viewed", "anna", one["event_id"])
    assert (await filled.records())[-1]["tenant"] == "acme"


async def test_a_request_leads_to_its_records_and_they_to_each_other(filled: World):
    browser = await reviewer(filled)
    last, first = of("acme")[:2]
    assert last["request_id"] == first["request_id"]
    by_request = await browser.get(f"/console/records/{last['request_id']}")
    assert listed(by_request.text) == [first["event_id"]]
    by_event = await browser.get(f"/console/records/{first['event_id']}")
    assert listed(by_event.text) == [last["event_id"]]


async def test_a_proof_is_checked_when_asked_for(filled: World):
    browser = await reviewer(filled)
    path = f"/console/records/{of('acme')[0]['event_id']}"
    await browser.get(path)
    answer = await browser.post(f"{path}/verify")
    assert "It holds: this record is leaf" in answer.words
    assert (await filled.events())[-1][0] == "audit.verified"


async def test_a_record_that_was_changed_does_not_hold(filled: World):
    browser = await reviewer(filled)
    event_id = of("acme")[0]["event_id"]
    await browser.get(f"/console/records/{event_id}")
    database = sqlite3.connect(filled.url.removeprefix("sqlite:///"))
    database.execute("DROP TRIGGER audit_records_no_update")
    database.execute(
        "UPDATE audit_records SET body = replace(body, 'gpt-x', 'gpt-y') WHERE event_id = ?",
        (event_id,),
    )
    database.commit()
    database.close()
    answer = await browser.post(f"/console/records/{event_id}/verify")
    assert "It does not hold" in answer.words


async def test_a_record_that_is_not_signed_yet_is_told_so(filled: World):
    browser = await reviewer(filled)
    login = (await filled.records())[-1]["event_id"]
    await browser.get(f"/console/records/{login}")
    answer = await browser.post(f"/console/records/{login}/verify")
    assert "No checkpoint covers this record yet" in answer.words


async def test_another_tenants_record_is_told_like_one_that_is_not_there(filled: World):
    browser = await reviewer(filled, "acme")
    theirs = of("globex")[0]
    answers = [
        await browser.get(f"/console/records/{name}")
        for name in (theirs["event_id"], theirs["request_id"], "0" * 36, "none")
    ]
    assert {(one.status, one.body) for one in answers} == {(404, answers[0].body)}
    assert [kind for kind, _, _ in (await filled.events())[-4:]] == ["admin.refused"] * 4


async def test_what_belongs_to_no_tenant_is_not_for_a_bound_account(filled: World):
    browser = await reviewer(filled, "acme")
    login = (await filled.records())[-1]
    assert login["type"] == "admin.login"
    assert (await browser.get(f"/console/records/{login['event_id']}")).status == 404


async def test_another_tenants_records_cannot_be_searched_verified_or_exported(filled: World):
    browser = await reviewer(filled, "acme")
    await browser.get("/console/records")
    theirs = of("globex")[0]["event_id"]
    assert (await browser.get("/console/records?tenant=globex")).status == 404
    assert (await browser.post(f"/console/records/{theirs}/verify")).status == 404
    form = {"format": "csv", "tenant": "globex"}
    assert (await browser.post("/console/records/export", form)).status == 404


async def test_a_csv_file_has_all_that_was_searched_for(filled: World):
    browser = await reviewer(filled, "acme")
    await browser.get("/console/records")
    answer = await browser.post("/console/records/export", {"format": "csv"})
    assert answer.header("content-disposition") == 'attachment; filename="cloakroom-records.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert tuple(rows[0]) == COLUMNS
    # Who looked at a tenant's records is part of them.
    assert [one["type"] for one in rows[:2]] == ["audit.exported", "audit.searched"]
    assert [one["event_id"] for one in rows[2:]] == [one["event_id"] for one in of("acme")]
    assert (await filled.events())[-1] == ("audit.exported", "anna", "csv/tenant")


async def test_json_lines_are_the_records_byte_by_byte(filled: World):
    browser = await reviewer(filled, "globex")
    await browser.get("/console/records")
    answer = await browser.post("/console/records/export", {"format": "jsonl", "model": "gpt-x"})
    wanted = [body for body in reversed(bodies(200)) if b'"globex"' in body and b"gpt-x" in body]
    assert answer.body == b"".join(body + b"\n" for body in wanted)


@pytest.mark.parametrize("form", ["tiles", "exe", ""])
async def test_what_is_no_format_is_refused(filled: World, form: str):
    browser = await reviewer(filled)
    await browser.get("/console/records")
    answer = await browser.post("/console/records/export", {"format": form})
    assert answer.status == 400


async def test_a_log_that_cannot_be_read_is_told_on_a_page(filled: World, tmp_path):
    browser = await reviewer(filled)
    database = sqlite3.connect(filled.url.removeprefix("sqlite:///"))
    database.execute("ALTER TABLE audit_leaves RENAME TO gone")
    database.commit()
    database.close()
    answer = await browser.get("/console/records")
    assert answer.status == 503
    assert answer.header("content-type").startswith("text/html")


async def test_a_record_that_somebody_has_changed_can_be_looked_at(filled: World):
    evil = "<script>\u202e"
    body = {"event_id": evil, "ts": "now", "type": evil, "tenant": evil, "outcome": evil}
    hashes = [bytes(32)] * 3
    connection = sqlite3.connect(filled.url.removeprefix("sqlite:///"), isolation_level=None)
    connection.execute(
        "INSERT INTO audit_records VALUES (NULL, ?, NULL, ?, ?, ?, 'w', 1, ?, ?, ?, ?)",
        (evil, evil, "now", evil, *hashes, json.dumps(body)),
    )
    connection.close()
    browser = await reviewer(filled)
    answer = await browser.get(f"/console/records/{evil}")
    assert answer.status == 200
    assert "<script>" not in answer.text
    assert "<script>⟨U+202E⟩" in answer.words
    assert (await filled.events())[-1] == ("audit.viewed", "anna", "")
