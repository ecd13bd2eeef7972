"""Break-glass: a reason, a second person, a quarter of an hour, marks, a record of each step."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from contextlib import closing
from typing import Any

import pytest

from gateway.audit.content.store import open_content
from gateway.audit.record import AuditRecord
from gateway.console import unmasking, unmasks
from gateway.console.accounts import Account, Role
from gateway.console.marking import PART
from gateway.console.sweeping import sweep
from gateway.console.unmasks import LIFESPAN
from gateway.errors import AuditUnavailable
from tests.audit.content.kept import EARLIER, begun, ended, keeping
from tests.console.browser import Answer, Browser
from tests.console.conftest import MASTER, World

TEXT = b'{"messages": [{"content": "canary-4711 <b>bold</b>"}]}'
RAW = b'{"messages": [{"content": "canary-0815"}]}'
WORDS = "The customer asks what was sent, canary-0042."
FORM = {"kind_masked_request": "1", "code": "complaint", "ticket": "SEC-7", "words": WORDS}


async def keep(world: World, request_id: str = "req_1", **options: Any) -> AuditRecord:
    """An exchange of tenant acme of which the texts are kept; its first record."""
    kept = keeping(request_id, original=True, **options)
    record = begun(kept, TEXT, RAW)
    await world.log.append(record)
    await world.log.append(ended(kept, b"the answer"))
    return record


async def people(world: World) -> tuple[Browser, Browser]:
    """A reviewer, anna, and an approver, bert."""
    world.account("anna", Role.REVIEWER)
    world.account("bert", Role.APPROVER)
    return await world.browser("anna"), await world.browser("bert")


async def asked(anna: Browser, record: AuditRecord, **form: str) -> str:
    """Ask to see the text of a record; the path of the request."""
    await anna.get(f"/console/unmask/ask/{record.event_id}")
    answer = await anna.post(f"/console/unmask/ask/{record.event_id}", FORM | form)
    assert answer.status == 303, answer.words
    return answer.header("location")


async def decide(browser: Browser, path: str, act: str = "approve") -> Answer:
    await browser.get(path)
    return await browser.post(f"{path}/{act}")


async def show(browser: Browser, path: str, **form: str) -> Answer:
    await browser.get(path)
    return await browser.post(f"{path}/show", form)


async def steps(world: World) -> list[tuple[str, str]]:
    """The steps of unmasking on record: type and account."""
    return [
        (one["type"], one["authn"].get("key_id", ""))
        for one in await world.records()
        if one["type"].startswith("unmask.")
    ]


async def test_a_text_is_asked_for_approved_seen_and_expires_and_each_step_is_on_record(
    world: World,
):
    record = await keep(world)
    anna, bert = await people(world)
    path = await asked(anna, record)
    assert "canary-4711" not in (await anna.get(path)).text
    queue = await bert.get("/console/unmask")
    assert path in queue.text
    page = await bert.get(path)
    assert WORDS in page.words
    assert (await decide(bert, path)).status == 303
    seen = await show(anna, path)
    assert seen.status == 200
    assert "canary-4711 <b>bold</b>" in seen.words
    assert "<b>bold" not in seen.text
    assert "canary-0815" not in seen.text  # not asked for
    assert seen.header("cache-control") == "no-store"
    assert "It is the text that the record commits to." in seen.words
    assert (await show(anna, path)).status == 200
    world.clock.now += LIFESPAN.approved_s
    anna = await world.browser("anna")
    assert (await show(anna, path)).status == 409
    assert "Seen 2 times" in (await anna.get(path)).words
    assert await steps(world) == [
        ("unmask.requested", "anna"),
        ("unmask.approved", "bert"),
        ("unmask.performed", "anna"),
        ("unmask.performed", "anna"),
        ("unmask.expired", ""),
    ]


async def test_the_records_say_which_text_why_and_who_without_a_word_that_somebody_wrote(
    world: World,
):
    record = await keep(world)
    anna, bert = await people(world)
    path = await asked(anna, record, kind_original_request="1")
    await decide(bert, path)
    await show(anna, path)
    found = [one for one in await world.records() if one["type"].startswith("unmask.")]
    for one in found:
        facts = one["unmask"]
        assert facts["request_id"] == "req_1"
        assert facts["kinds"] == ["masked_request", "original_request"]
        assert (facts["code"], facts["ticket"]) == ("complaint", "SEC-7")
        assert facts["asked_by"] == "anna"
        assert one["tenant"] == "acme"
        assert one["target"] == path.removeprefix("/console/")
    assert {one["unmask"]["reason"] for one in found} == {found[0]["unmask"]["reason"]}
    assert [one["unmask"]["decided_by"] for one in found] == ["", "bert", "bert"]
    file = world.url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(file)) as connection:
        dump = "\n".join(map(str, connection.iterdump()))
    assert "canary-0042" not in dump
    assert b"canary-0042".hex().upper() not in dump.upper()


async def test_a_copy_of_any_piece_of_the_text_carries_who_when_and_which_request(world: World):
    kept = keeping("req_1")
    record = begun(kept, b"\n".join(b"line %d" % n for n in range(200)))
    await world.log.append(record)
    anna, bert = await people(world)
    path = await asked(anna, record)
    await decide(bert, path)
    text = (await show(anna, path)).text
    mark = f"shown to anna at 2027-01-15 08:00:00 UTC, request {path.rpartition('/')[2]}"
    shown = re.search(r"<pre>(.*?)</pre>", text, re.DOTALL)
    assert shown is not None
    lines = shown.group(1).splitlines()
    for start in range(0, len(lines) - 25):
        assert mark in "\n".join(lines[start : start + 25])


async def test_a_long_text_is_shown_in_parts_and_each_part_is_on_record(world: World):
    kept = keeping("req_1")
    record = begun(kept, b"x" * PART + b"\nthe end")
    await world.log.append(record)
    anna, bert = await people(world)
    path = await asked(anna, record)
    await decide(bert, path)
    first = await show(anna, path)
    assert "Part 1 of 2" in first.words
    assert "the end" not in first.words
    assert len(first.body) < 150_000
    assert "the end" in (await show(anna, path, part="2")).words
    assert len([kind for kind, _ in await steps(world) if kind == "unmask.performed"]) == 2
    assert (await show(anna, path, part="0")).status == 400


@pytest.mark.parametrize("levels", [200, 300, 5_000])
async def test_a_text_that_is_nested_deeply_is_shown_as_well(world: World, levels: int):
    anna, bert = await people(world)
    kept = keeping("req_1", original=True)
    record = begun(kept, b'{"a":%b"canary-4711"%b}' % (b"[" * levels, b"]" * levels), RAW)
    await world.log.append(record)
    path = await asked(anna, record)
    await decide(bert, path)
    answer = await show(anna, path)
    assert answer.status == 200
    assert "canary-4711" in answer.words


async def test_who_asked_cannot_approve_it_and_that_they_tried_is_on_record(world: World):
    record = await keep(world)
    world.account("anna", Role.REVIEWER, Role.APPROVER)
    anna = await world.browser("anna")
    path = await asked(anna, record)
    assert "Approve" not in (await anna.get(path)).text
    answer = await anna.post(f"{path}/approve")
    assert answer.status == 409
    assert "somebody else has to decide" in answer.words
    assert (await world.events())[-1] == ("admin.refused", "anna", path.removeprefix("/console/"))
    assert (await show(anna, path)).status == 409
    assert await steps(world) == [("unmask.requested", "anna")]


async def test_of_two_approvers_at_once_one_wins_and_the_other_is_told(world: World):
    record = await keep(world)
    anna, bert = await people(world)
    world.account("cleo", Role.APPROVER)
    cleo = await world.browser("cleo")
    path = await asked(anna, record)
    await bert.get(path)
    await cleo.get(path)
    answers = await asyncio.gather(bert.post(f"{path}/approve"), cleo.post(f"{path}/refuse"))
    assert sorted(one.status for one in answers) == [303, 409]
    (told,) = (one for one in answers if one.status == 409)
    assert "Somebody else" in told.words
    decided = [kind for kind, _ in await steps(world) if kind != "unmask.requested"]
    assert len(decided) == 1
    late = await decide(cleo, path)
    assert "Somebody else has decided on it already." in late.words


async def test_a_refusal_is_on_record_and_shows_nothing(world: World):
    record = await keep(world)
    anna, bert = await people(world)
    path = await asked(anna, record)
    assert (await decide(bert, path, "refuse")).status == 303
    assert "refused" in (await anna.get(path)).words
    assert (await show(anna, path)).status == 409
    assert await steps(world) == [("unmask.requested", "anna"), ("unmask.denied", "bert")]


async def test_what_nobody_decides_on_expires(world: World):
    record = await keep(world)
    anna, bert = await people(world)
    path = await asked(anna, record)
    world.clock.now += LIFESPAN.open_s
    bert = await world.browser("bert")
    assert "None." in (await bert.get("/console/unmask")).words
    assert "It has expired." in (await decide(bert, path)).words
    assert await steps(world) == [("unmask.requested", "anna"), ("unmask.expired", "")]


@pytest.mark.parametrize("roles", [{Role.REVIEWER}, set()])
async def test_an_approval_falls_with_the_role_of_who_gave_it(world: World, roles: set[Role]):
    record = await keep(world)
    anna, bert = await people(world)
    path = await asked(anna, record)
    await decide(bert, path)
    if roles:
        assert world.desk.store.set_roles(Account("bert", frozenset(roles)), "another stamp")
    else:
        assert world.desk.store.remove("bert")
    answer = await show(anna, path)
    assert answer.status == 409
    assert "may no longer do so" in answer.words
    assert "unmask.performed" not in {kind for kind, _ in await steps(world)}


async def test_who_loses_the_role_before_looking_sees_nothing(world: World):
    record = await keep(world)
    anna, bert = await people(world)
    path = await asked(anna, record)
    await decide(bert, path)
    assert world.desk.store.set_roles(Account("anna", frozenset({Role.AUDITOR})), "another stamp")
    assert (await anna.post(f"{path}/show")).status == 401
    anna = await world.browser("anna")
    assert "Show it now" not in (await anna.get(path)).words
    assert (await anna.post(f"{path}/show")).status == 403


async def test_an_approval_is_for_nobody_but_who_asked(world: World):
    record = await keep(world)
    anna, bert = await people(world)
    world.account("cleo", Role.REVIEWER)
    cleo = await world.browser("cleo")
    path = await asked(anna, record)
    await decide(bert, path)
    assert (await cleo.get(path)).status == 404
    await cleo.get("/console/unmask")
    assert (await cleo.post(f"{path}/show")).status == 404
    assert (await world.events())[-1] == ("admin.refused", "cleo", "no-unmask")


async def test_another_tenants_request_is_as_none_for_those_who_are_bound(world: World):
    record = await keep(world)
    anna, _ = await people(world)
    path = await asked(anna, record)
    world.account("dora", *Role, tenants=("globex",))
    dora = await world.browser("dora")
    assert path not in (await dora.get("/console/unmask")).text
    for answer in (
        await dora.get(path),
        await dora.post(f"{path}/approve"),
        await dora.post(f"{path}/refuse"),
        await dora.post(f"{path}/show"),
        await dora.get(f"/console/unmask/ask/{record.event_id}"),
        await dora.post(f"/console/unmask/ask/{record.event_id}", FORM),
    ):
        assert answer.status == 404
    assert await steps(world) == [("unmask.requested", "anna")]
    world.account("emil", Role.APPROVER, tenants=("acme",))
    assert (await decide(await world.browser("emil"), path)).status == 303


async def test_who_gets_the_name_of_somebody_who_is_gone_inherits_nothing(world: World):
    record = await keep(world)
    anna, bert = await people(world)
    mine, other = await asked(anna, record), await asked(anna, record)
    await decide(bert, mine)
    assert world.desk.store.remove("anna")
    world.account("anna", Role.REVIEWER, Role.APPROVER)
    anna = await world.browser("anna")
    assert mine not in (await anna.get("/console/unmask")).text
    assert (await show(anna, mine)).status == 404
    assert (await decide(anna, other)).status == 409
    assert (await steps(world))[-2:] == [("unmask.expired", "")] * 2


async def test_a_text_that_is_erased_meanwhile_is_said_to_be_gone(world: World):
    record = await keep(world)
    anna, bert = await people(world)
    path = await asked(anna, record)
    await decide(bert, path)
    with open_content(world.url, MASTER) as content:
        content.erase("acme", ["req_1"])
    answer = await show(anna, path)
    assert answer.status == 410
    assert "Nothing is left of it" in answer.words
    assert "unmask.performed" not in {kind for kind, _ in await steps(world)}


@pytest.mark.parametrize("how", ["never", "expired"])
async def test_where_nothing_is_kept_the_page_says_how_to_keep_it(world: World, how: str):
    if how == "never":
        record = begun(keeping("req_1"), TEXT)
        await world.log.append(AuditRecord(**{**fields(record), "beside": None}))
    else:
        record = await keep(world, expires=EARLIER)
    anna, _ = await people(world)
    page = await anna.get(f"/console/unmask/ask/{record.event_id}")
    assert "No text of this request is kept" in page.words
    assert "retention_days" in page.words
    answer = await anna.post(f"/console/unmask/ask/{record.event_id}", FORM)
    assert answer.status == 400
    assert await steps(world) == []


def fields(record: AuditRecord) -> dict[str, Any]:
    return {name: getattr(record, name) for name in record.__slots__}


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"code": "curiosity"}, "Choose a reason."),
        ({"words": "short"}, "Say why in 10 to 1000 characters."),
        ({"words": "x" * 1001}, "Say why in 10 to 1000 characters."),
        ({"ticket": "SEC 7"}, "A ticket is one word"),
        ({"kind_masked_request": ""}, "Choose a text that is kept."),
    ],
)
async def test_without_a_reason_nothing_is_asked(world: World, form: dict[str, str], words: str):
    record = await keep(world)
    anna, _ = await people(world)
    await anna.get(f"/console/unmask/ask/{record.event_id}")
    answer = await anna.post(f"/console/unmask/ask/{record.event_id}", FORM | form)
    assert answer.status == 400
    assert words in answer.words
    assert await steps(world) == []


async def test_nobody_piles_up_requests(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(unmasking, "MOST_WAITING", 1)
    record = await keep(world)
    anna, _ = await people(world)
    await asked(anna, record)
    answer = await anna.post(f"/console/unmask/ask/{record.event_id}", FORM)
    assert "wait already" in answer.words


async def test_without_a_record_nothing_is_decided_or_shown(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    record = await keep(world)
    anna, bert = await people(world)
    path = await asked(anna, record)
    await bert.get(path)
    append = world.log.append

    async def fail(record: AuditRecord) -> None:
        if record.type.startswith("unmask."):
            raise AuditUnavailable("The audit log cannot be written.")
        await append(record)

    monkeypatch.setattr(world.log, "append", fail)
    assert (await bert.post(f"{path}/approve")).status == 503
    monkeypatch.setattr(world.log, "append", append)
    assert (await bert.post(f"{path}/approve")).status == 303  # it was let go of
    await anna.get(path)
    monkeypatch.setattr(world.log, "append", fail)
    answer = await anna.post(f"{path}/show")
    assert answer.status == 503
    assert "canary" not in answer.text
    assert "Seen 0 times" in (await anna.get(path)).words


async def test_a_row_that_somebody_has_changed_is_not_approved_or_shown(world: World):
    record = await keep(world)
    anna, bert = await people(world)
    path = await asked(anna, record)
    with world.desk.unmasks.writing() as raw:
        raw.execute("UPDATE console_unmasks SET reason = ?", (b"x" * 64,))
    assert "cannot be opened" in (await bert.get(path)).words
    assert (await bert.post(f"{path}/approve")).status == 409
    assert (await decide(bert, path, "refuse")).status == 303


async def test_an_erasure_takes_the_words_for_the_reason_and_leaves_who_asked(world: World):
    record, other = await keep(world), await keep(world, "req_2")
    anna, bert = await people(world)
    path, kept = await asked(anna, record), await asked(anna, other)
    with open_content(world.url, MASTER) as content:
        content.erase("acme", ["req_1"])
    with world.desk.unmasks.reading() as raw:
        rows = raw.execute("SELECT request_id, length(reason) > 0, code FROM console_unmasks")
        found = {str(name): (bool(words), code) for name, words, code in rows.fetchall()}
    assert found == {"req_1": (False, "complaint"), "req_2": (True, "complaint")}
    page = await bert.get(path)
    assert "canary-0042" not in page.words
    assert "erased with the text" in page.words
    assert "nothing is left to see" in (await bert.post(f"{path}/approve")).words
    assert WORDS in (await bert.get(kept)).words


async def test_a_tenants_requests_are_listed_however_many_others_there_are(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    record = await keep(world)
    anna, _ = await people(world)
    path = await asked(anna, record)
    for _ in range(2):
        world.clock.now += 1
        await asked(anna, record)
    with world.desk.unmasks.writing() as raw:
        raw.execute(
            "UPDATE console_unmasks SET tenant = 'other' WHERE unmask_id <> ?",
            (path.rpartition("/")[2],),
        )
    monkeypatch.setattr(unmasks, "MOST_LISTED", 2)
    world.account("bea", Role.APPROVER, tenants=("acme",))
    world.account("tim", Role.AUDITOR, tenants=("acme",))
    for name in ("bea", "tim"):
        assert path in (await (await world.browser(name)).get("/console/unmask")).text


@pytest.mark.parametrize("column", ["kinds", "code", "ticket", "request_id"])
async def test_a_row_that_no_record_can_speak_of_stops_nothing_else(world: World, column: str):
    record = await keep(world)
    anna, bert = await people(world)
    changed, _ = await asked(anna, record), await asked(anna, record)
    with world.desk.unmasks.writing() as raw:
        which = changed.rpartition("/")[2]
        raw.execute(f"UPDATE console_unmasks SET {column} = '<b>' WHERE unmask_id = ?", (which,))
    assert (await bert.get("/console/unmask")).status == 200
    assert (await decide(bert, changed)).status == 409
    world.clock.now += LIFESPAN.open_s
    await sweep(world.desk)
    assert [kind for kind, _ in await steps(world)].count("unmask.expired") == 1


async def test_the_record_says_what_is_kept_and_who_asked_for_it(world: World):
    record = await keep(world)
    anna, _ = await people(world)
    page = await anna.get(f"/console/records/{record.event_id}")
    assert "masked request" in page.words
    path = await asked(anna, record)
    assert path in (await anna.get(f"/console/records/{record.event_id}")).text
    world.account("cleo", Role.REVIEWER)
    others = await (await world.browser("cleo")).get(f"/console/records/{record.event_id}")
    assert path not in others.text
    assert "anna" in others.words


async def test_an_auditor_sees_all_requests_and_decides_on_none(world: World):
    record = await keep(world)
    anna, _ = await people(world)
    path = await asked(anna, record)
    world.account("ute", Role.AUDITOR)
    auditor = await world.browser("ute")
    assert path in (await auditor.get("/console/unmask")).text
    page = await auditor.get(path)
    assert "Approve" not in page.text
    assert (await auditor.post(f"{path}/approve")).status == 403


async def test_a_store_that_is_down_is_told_and_shows_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    record = await keep(world)
    anna, bert = await people(world)
    path = await asked(anna, record)
    await decide(bert, path)

    def fail(*_: Any) -> Any:
        raise AuditUnavailable("The console's requests to unmask cannot be read.")

    monkeypatch.setattr(world.desk.unmasks, "sealed", fail)
    answer = await anna.post(f"{path}/show")
    assert answer.status == 503
    assert "cannot be read" in answer.words
    assert "unmask.performed" not in {kind for kind, _ in await steps(world)}


@pytest.mark.parametrize("path", ["/console/unmask", "/console/unmask/um-1", "/console/feedback"])
async def test_pages_of_tables_that_cannot_be_read_say_so(
    world: World, monkeypatch: pytest.MonkeyPatch, path: str
):
    world.account("anna", *Role)
    anna = await world.browser("anna")

    def fail(*_: Any) -> Any:
        raise AuditUnavailable("The console's tables cannot be read.")

    monkeypatch.setattr(world.desk.unmasks, "reading", fail)
    monkeypatch.setattr(world.desk.feedback, "reading", fail)
    answer = await anna.get(path)
    assert answer.status == 503
    assert "cannot be read" in answer.words
