"""Requests of data subjects: found by value, handed out, erased; values go nowhere else."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.audit.content.person import Person
from gateway.audit.content.store import open_content
from gateway.audit.evidence.policies import keep_policy
from gateway.audit.reading import PolicyFile
from gateway.audit.store import SqlAuditStore
from gateway.console import erasing, subjects
from gateway.console.accounts import Role
from gateway.console.journal import Journal
from gateway.errors import AuditUnavailable
from tests.audit.content.kept import MASTER, TENANT, exchange
from tests.audit.content.test_said import say
from tests.console.browser import Browser
from tests.console.conftest import POLICY, Clock, World
from tests.console.test_retention import POLICY_TEXT

ANNA, BEN = "anna@example.com", "ben@example.com"
PATH = "/console/subjects"
TEXT = b"what was sent, canary-4711"
WHO = {"tenant": TENANT, "entity_type": "EMAIL_ADDRESS", "values": ANNA}


@pytest.fixture
async def held(tmp_path: Path) -> AsyncIterator[World]:
    """A log with three requests: of Anna, of both, and of Ben."""
    url = f"sqlite:///{tmp_path}/audit.db"
    log = SqlAuditStore(url, MASTER)
    await log.start()
    world = World(url, log, Clock(), master=MASTER)
    for name, values in (("r1", (ANNA,)), ("r2", (ANNA, BEN)), ("r3", (BEN,))):
        await asyncio.to_thread(exchange, url, name, *values, text=TEXT)
    yield world
    await log.aclose()


async def signed_in(world: World, *roles: Role, tenants: tuple[str, ...] = ()) -> Browser:
    world.account("carl", *roles, tenants=tenants)
    browser = await world.browser("carl")
    await browser.get(PATH)
    return browser


async def nothing_leaked(world: World) -> None:
    for one in await world.records():
        assert "example.com" not in str(one).lower()


async def test_a_person_is_found_by_a_value_and_only_the_search_is_on_record(held: World):
    browser = await signed_in(held, Role.REVIEWER)
    answer = await browser.post(PATH, {**WHO, "values": f"{ANNA.upper()}\r\n\r\nx@example.com\r\n"})
    assert "2 requests" in answer.words
    assert 'href="/console/records/r1"' in answer.text
    assert 'href="/console/records/r2"' in answer.text
    assert "r3" not in answer.words
    assert "canary" not in answer.text
    assert (await held.events())[-1] == ("audit.searched", "carl", "dsar.find")
    await nothing_leaked(held)


async def test_who_is_not_found_and_what_is_not_indexed_is_told(held: World):
    keep_policy(held.url, POLICY, [PolicyFile("base.yaml", POLICY_TEXT)])
    browser = await signed_in(held, Role.REVIEWER)
    answer = await browser.post(PATH, {**WHO, "values": "nobody@example.com"})
    assert "Nothing of this type was found" in answer.words
    assert "does not index this type" not in answer.words
    answer = await browser.post(PATH, {**WHO, "entity_type": "PHONE_NUMBER"})
    assert "does not index this type" in answer.words


@pytest.mark.parametrize(
    "form",
    [
        {}, {**WHO, "values": " \n "}, {**WHO, "entity_type": "e-mail"}, {**WHO, "tenant": ""},
        {**WHO, "tenant": "a b"}, {**WHO, "values": "\n".join(map(str, range(201)))},
    ],
)  # fmt: skip
async def test_a_form_that_names_nobody_is_told_what_is_missing(held: World, form: dict[str, str]):
    browser = await signed_in(held, Role.REVIEWER)
    assert (await browser.post(PATH, form)).status == 400
    assert not [one for one in await held.events() if one[2] == "dsar.find"]


@pytest.mark.parametrize("path", ["", "/export", "/erase"])
async def test_a_bound_account_finds_nobody_in_the_data_of_others(held: World, path: str):
    browser = await signed_in(held, *Role, tenants=("other",))
    answer = await browser.post(f"{PATH}{path}", {**WHO, "reason": "gdpr-17", "confirm": "2"})
    assert answer.status == 404
    with open_content(held.url, MASTER) as content:
        assert len(content.find(TENANT, "EMAIL_ADDRESS", [ANNA])) == 2


async def test_what_is_handed_out_has_the_records_and_no_text(held: World):
    browser = await signed_in(held, Role.AUDITOR)
    answer = await browser.post(f"{PATH}/export", WHO)
    assert answer.status == 200
    assert answer.header("content-disposition").startswith("attachment;")
    found = json.loads(answer.body)
    assert [one["request_id"] for one in found["requests"]] == ["r1", "r2"]
    assert all(one["records"] for one in found["requests"])
    assert [text["kind"] for text in found["requests"][0]["texts"]] != []
    assert b"canary" not in answer.body
    assert (await held.events())[-1] == ("audit.exported", "carl", "dsar.export")
    await nothing_leaked(held)


async def test_an_export_of_nobody_or_of_too_much_is_refused(
    held: World, monkeypatch: pytest.MonkeyPatch
):
    browser = await signed_in(held, Role.AUDITOR)
    answer = await browser.post(f"{PATH}/export", {**WHO, "values": "nobody"})
    assert answer.status == 404
    monkeypatch.setattr(subjects, "MOST_EXPORTED", 1)
    assert (await browser.post(f"{PATH}/export", WHO)).status == 400


async def test_nothing_is_erased_before_somebody_says_how_many(held: World):
    browser = await signed_in(held, Role.APPROVER)
    asked = await browser.post(f"{PATH}/erase", {**WHO, "reason": "gdpr-17"})
    assert asked.status == 200
    assert "Requests 2" in asked.words
    for wrong in ("3", "yes", "-2"):
        answer = await browser.post(f"{PATH}/erase", {**WHO, "reason": "gdpr-17", "confirm": wrong})
        assert answer.status == 409
    with open_content(held.url, MASTER) as content:
        assert len(content.find(TENANT, "EMAIL_ADDRESS", [ANNA])) == 2
    assert not [one for one in await held.records() if one["type"].startswith("erasure.")]


async def test_that_somebody_looked_for_a_person_to_erase_is_on_record_though_none_was_found(
    held: World,
):
    browser = await signed_in(held, Role.APPROVER)
    form = {**WHO, "values": "nobody@example.com", "reason": "gdpr-17"}
    for said in ({}, {"confirm": "0"}):
        before = len(await held.events())
        assert (await browser.post(f"{PATH}/erase", {**form, **said})).status == 404
        new = (await held.events())[before:]
        assert new == [("audit.searched", "carl", "dsar.erase")]


async def test_a_person_is_erased_and_the_certificate_shows_whom(held: World):
    browser = await signed_in(held, Role.APPROVER)
    answer = await browser.post(f"{PATH}/erase", {**WHO, "reason": "gdpr-17", "confirm": "2"})
    assert answer.status == 200
    whole = json.loads(answer.words[answer.words.index("{") : answer.words.rindex("}") + 1])
    asked, done = [one for one in await held.records() if one["type"].startswith("erasure.")]
    assert (asked["type"], done["type"]) == ("erasure.requested", "erasure.executed")
    assert done["event_id"] == whole["event_id"]
    assert done["erasure"]["scope"] == asked["erasure"]["scope"] == whole["scope"]
    person = Person(TENANT, "EMAIL_ADDRESS", (ANNA,))
    assert person.scope(bytes.fromhex(whole["scope_nonce"])) == whole["scope"]
    assert whole["scope_nonce"] not in str(await held.records())
    assert done["erasure"]["capsules"] == whole["capsules"] > 0
    with open_content(held.url, MASTER) as content:
        assert content.find(TENANT, "EMAIL_ADDRESS", [ANNA]) == []
        assert content.capsules("r2") == []
        assert content.find(TENANT, "EMAIL_ADDRESS", [BEN]) == ["r3"]
    await nothing_leaked(held)


async def test_feedback_on_a_person_is_found_and_erased_though_no_request_is(held: World):
    say(held.url, "fb-1", "cleo@example.com")
    browser = await signed_in(held, Role.APPROVER)
    who = {**WHO, "values": "cleo@example.com"}
    answer = await browser.post(PATH, who)
    assert "0 requests And 1 piece of feedback" in answer.words
    form = {**who, "reason": "gdpr-17-1b"}
    assert "Feedback 1" in (await browser.post(f"{PATH}/erase", form)).words
    done = await browser.post(f"{PATH}/erase", {**form, "confirm": "0"})
    assert "Certificate of erasure" in done.words
    assert (await held.records())[-1]["erasure"]["feedback"] == 1
    assert "Nothing of this type was found" in (await browser.post(PATH, who)).words


async def test_a_person_with_too_many_requests_is_for_the_command_line(
    held: World, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(erasing, "MOST_ERASED", 1)
    browser = await signed_in(held, Role.APPROVER)
    answer = await browser.post(f"{PATH}/erase", {**WHO, "reason": "gdpr-17", "confirm": "2"})
    assert answer.status == 400
    assert "cloakroom dsar erase" in answer.words
    with open_content(held.url, MASTER) as content:
        assert len(content.find(TENANT, "EMAIL_ADDRESS", [ANNA])) == 2


async def test_what_is_on_hold_is_not_erased(held: World):
    with open_content(held.url, MASTER) as content:
        [hold] = content.hold(reason="case-1", tenant=TENANT, request_id="r2")
    browser = await signed_in(held, Role.APPROVER)
    answer = await browser.post(f"{PATH}/erase", {**WHO, "reason": "gdpr-17", "confirm": "2"})
    assert answer.status == 409
    assert f"on legal hold ({hold})" in answer.words
    with open_content(held.url, MASTER) as content:
        assert content.find(TENANT, "EMAIL_ADDRESS", [ANNA]) == ["r1", "r2"]


async def test_a_hold_that_comes_in_between_stops_it(held: World, monkeypatch: pytest.MonkeyPatch):
    browser = await signed_in(held, Role.APPROVER)
    write = Journal.write

    async def late(self: Journal, kind: object, *rest: object, **more: object) -> str:
        if kind == "erasure.requested":
            with open_content(held.url, MASTER) as content:
                content.hold(reason="case-1", tenant=TENANT)
        return await write(self, kind, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Journal, "write", late)
    answer = await browser.post(f"{PATH}/erase", {**WHO, "reason": "gdpr-17", "confirm": "2"})
    assert answer.status == 409
    with open_content(held.url, MASTER) as content:
        assert content.find(TENANT, "EMAIL_ADDRESS", [ANNA]) == ["r1", "r2"]


@pytest.mark.parametrize(("kind", "left"), [("erasure.requested", 2), ("erasure.executed", 0)])
async def test_what_cannot_be_put_on_record_is_not_done_or_is_said_to_have_been(
    held: World, monkeypatch: pytest.MonkeyPatch, kind: str, left: int
):
    browser = await signed_in(held, Role.APPROVER)
    append = held.log.append

    async def refuse(record: object) -> None:
        if getattr(record, "type", "") == kind:
            raise AuditUnavailable("The audit log cannot be written.")
        await append(record)  # type: ignore[arg-type]

    monkeypatch.setattr(held.log, "append", refuse)
    answer = await browser.post(f"{PATH}/erase", {**WHO, "reason": "gdpr-17", "confirm": "2"})
    assert answer.status == 503
    assert ("It was erased, but" in answer.words) is (left == 0)
    with open_content(held.url, MASTER) as content:
        assert len(content.find(TENANT, "EMAIL_ADDRESS", [ANNA])) == left


@pytest.mark.parametrize("reason", ["", "Because Anna asked", "x" * 65])
async def test_a_reason_is_a_code_and_is_not_quoted(held: World, reason: str):
    browser = await signed_in(held, Role.APPROVER)
    answer = await browser.post(f"{PATH}/erase", {**WHO, "reason": reason, "confirm": "2"})
    assert answer.status == 400
    assert "Because" not in answer.text


async def test_what_would_like_to_run_in_a_value_does_not_and_comes_back_as_it_was(held: World):
    browser = await signed_in(held, Role.APPROVER)
    evil = '"><script>alert(1)</script>\u202e'
    answer = await browser.post(PATH, {**WHO, "values": f"{evil}\n{ANNA}"})
    assert "<script" not in answer.main
    assert "&#34;&gt;&lt;script&gt;alert(1)&lt;/script&gt;\u202e\nanna@example.com" in answer.text
