"""Feedback: sealed, decided on by somebody else, and taken away as a file; all of it on record."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.audit.content.store import open_content
from gateway.audit.record import accepted
from gateway.console import feedback, feedbacks, sweeping, taking
from gateway.console.accounts import Role
from gateway.console.feedbacks import LIFESPAN
from gateway.console.proposing import Stretch
from gateway.console.reading_feedback import encoded, listed
from gateway.evaluation import corpora
from gateway.settings import Detection, ListEntry
from tests.audit.records import facts, stamp
from tests.console.browser import Answer, Browser
from tests.console.conftest import MASTER, World

TEXT = "Canary Kowalski lives in Ulm"
FORM = {
    "verdict": "missed",
    "entity_type": "PERSON",
    "value": "Canary Kowalski",
    "text64": encoded(TEXT),
    "findings": listed([Stretch(25, 28, "LOCATION")]),
    "others": "1",
    "language": "en",
    "tenant": "acme",
}


async def people(world: World) -> tuple[Browser, Browser]:
    """A reviewer, anna, and an approver, bert."""
    world.account("anna", Role.REVIEWER)
    world.account("bert", Role.APPROVER)
    return await world.browser("anna"), await world.browser("bert")


async def given(browser: Browser, **form: str) -> str:
    await browser.get("/console/feedback")
    answer = await browser.post("/console/feedback", FORM | form)
    assert answer.status == 303, answer.words
    return answer.header("location")


async def decide(browser: Browser, path: str, act: str = "accept") -> Answer:
    await browser.get(path)
    return await browser.post(f"{path}/{act}")


async def export(browser: Browser, form: str) -> Answer:
    await browser.get("/console/feedback")
    return await browser.post("/console/feedback/export", {"format": form})


def dump(world: World) -> str:
    with closing(sqlite3.connect(world.url.removeprefix("sqlite:///"))) as connection:
        return "\n".join(map(str, connection.iterdump())).upper()


async def test_what_was_missed_becomes_a_deny_entry_that_somebody_else_accepts(world: World):
    anna, bert = await people(world)
    path = await given(anna)
    assert "This waits for somebody else" in (await anna.get(path)).words
    page = await bert.get(path)
    entry = '- {text: "Canary Kowalski", entity_type: "PERSON", tenant: "acme"}'
    assert f"+ {entry}" in page.words
    assert "it does what was meant" in page.words
    assert (await bert.post(f"{path}/patch")).status == 409
    assert (await decide(bert, path)).status == 303
    await bert.get(path)
    taken = await bert.post(f"{path}/patch")
    assert f"+    {entry}\n" in taken.text
    assert taken.header("content-disposition").endswith('.diff"')
    lists = await export(bert, "lists")
    assert lists.text == f"detection:\n  deny:\n    {entry}\n"
    kinds = [kind for kind, _, _ in await steps(world)]
    assert kinds == ["feedback.given", "feedback.accepted"]
    exported = [one for one in await world.events() if one[0] == "audit.exported"]
    assert [target for _, _, target in exported] == [
        f"{path.removeprefix('/console/')}/patch",
        "feedback/lists",
    ]


async def steps(world: World) -> list[tuple[str, str, dict[str, object]]]:
    return [
        (one["type"], one["authn"].get("key_id", ""), one["feedback"])
        for one in await world.records()
        if one["type"].startswith("feedback.")
    ]


async def test_the_labelled_lines_are_a_corpus_that_detection_is_measured_with(
    world: World, tmp_path: Path
):
    anna, bert = await people(world)
    for form in ({}, {"others": ""}, {"verdict": "wrong", "wrong": "25:28:LOCATION"}):
        world.clock.now += 1.0
        await decide(bert, await given(anna, **form))
    await given(anna)  # nobody has decided on this one
    file = tmp_path / "feedback.jsonl"
    file.write_bytes((await export(bert, "labels")).body)
    lines = corpora.read(file, ("spans",))
    golds = [
        [(one.start, one.end, one.label) for one in corpora.case("feedback", line).gold]
        for line in lines
    ]
    assert golds == [[(0, 15, "PERSON"), (25, 28, "LOCATION")], []]
    assert {line.language for line in lines} == {"en"}


async def test_on_record_stand_type_length_and_a_digest_and_in_the_database_no_word(world: World):
    anna, bert = await people(world)
    await decide(bert, await given(anna))
    await given(anna)
    found = await steps(world)
    assert [(kind, who) for kind, who, _ in found] == [
        ("feedback.given", "anna"),
        ("feedback.accepted", "bert"),
        ("feedback.given", "anna"),
    ]
    first, second, other = (facts for _, _, facts in found)
    assert first["verdict"] == "missed"
    assert first["entity_type"] == "PERSON"
    assert first["length"] == len("Canary Kowalski")
    assert first["value"] == second["value"] != other["value"]
    assert (second["given_by"], second["decided_by"]) == ("anna", "bert")
    text = dump(world)
    for word in ("KOWALSKI", b"Kowalski".hex().upper(), b"KOWALSKI".hex().upper()):
        assert word not in text


async def test_a_sentence_in_which_nothing_else_is_to_be_found_is_a_labelled_line(world: World):
    anna, bert = await people(world)
    form = {"text64": "", "findings": "", "text": TEXT}
    await decide(bert, await given(anna, **form))
    await decide(bert, await given(anna, **form, others=""))
    (line,) = (await export(bert, "labels")).body.splitlines()
    assert json.loads(line)["spans"] == [{"start": 0, "end": 15, "label": "PERSON"}]


async def test_what_would_leave_unmasked_is_warned_of(world: World):
    anna, bert = await people(world)
    form = {"verdict": "wrong", "value": "Ulm", "entity_type": "LOCATION"}
    page = await bert.get(await given(anna, **form))
    assert "it would leave unmasked as LOCATION. It is very short." in page.words
    assert "leave unmasked" not in (await bert.get(await given(anna))).words


async def test_what_is_rejected_is_forgotten(world: World):
    anna, bert = await people(world)
    path = await given(anna)
    assert (await decide(bert, path, "reject")).status == 303
    assert "What was said is not kept any more" in (await anna.get(path)).words
    row = world.desk.feedback.get(path.rpartition("/")[2])
    assert row is not None
    assert (row.sealed, row.blind) == (b"", b"")
    assert (await export(bert, "labels")).body == b""


async def test_nobody_decides_on_their_own_and_of_two_at_once_one_is_told(world: World):
    world.account("anna", Role.REVIEWER, Role.APPROVER)
    world.account("bert", Role.APPROVER)
    world.account("cleo", Role.APPROVER)
    anna, bert, cleo = [await world.browser(name) for name in ("anna", "bert", "cleo")]
    path = await given(anna)
    assert (await decide(anna, path)).status == 409
    assert (await world.events())[-1] == ("admin.refused", "anna", path.removeprefix("/console/"))
    await bert.get(path)
    await cleo.get(path)
    answers = await asyncio.gather(bert.post(f"{path}/accept"), cleo.post(f"{path}/reject"))
    assert sorted(one.status for one in answers) == [303, 409]
    assert len(await steps(world)) == 2


async def test_others_feedback_is_as_none_but_for_approvers_of_its_tenant(world: World):
    anna, _ = await people(world)
    path = await given(anna)
    world.account("cleo", Role.REVIEWER)
    world.account("dora", *Role, tenants=("globex",))
    for name in ("cleo", "dora"):
        browser = await world.browser(name)
        assert path not in (await browser.get("/console/feedback")).text
        assert (await browser.get(path)).status == 404
    dora = await world.browser("dora")
    for act in ("accept", "reject", "patch"):
        await dora.get("/console/feedback")
        assert (await dora.post(f"{path}/{act}")).status == 404
    assert (await dora.post("/console/feedback", FORM)).status == 404
    assert (await world.events())[-1] == ("admin.refused", "dora", "no-feedback")
    world.account("emil", Role.APPROVER, tenants=("acme",))
    assert (await decide(await world.browser("emil"), path)).status == 303
    assert (await export(dora, "labels")).body == b""


async def test_who_gets_the_name_of_somebody_who_is_gone_reads_nothing_of_theirs(world: World):
    anna, bert = await people(world)
    path = await given(anna)
    assert world.desk.store.remove("anna")
    world.account("anna", Role.REVIEWER)
    assert (await (await world.browser("anna")).get(path)).status == 404
    assert "anna:removed-" in (await bert.get(path)).words


async def test_of_a_record_something_can_be_said_without_its_text(world: World):
    record = accepted(facts("req_1"), **stamp())
    await world.log.append(record)
    anna, bert = await people(world)
    page = await anna.get(f"/console/records/{record.event_id}")
    assert f'name="event_id" value="{record.event_id}"' in page.text
    form = {"verdict": "wrong", "entity_type": "PERSON", "event_id": record.event_id}
    answer = await anna.post("/console/feedback", form)
    path = answer.header("location")
    assert "No value was given" in (await bert.get(path)).words
    ((_, _, said),) = await steps(world)
    assert (said["about"], said["length"], said.get("value", "")) == (record.event_id, 0, "")
    assert (await decide(bert, path)).status == 303
    assert (await export(bert, "lists")).body == b""


@pytest.mark.parametrize("who", ["operator", "bound", "nothing"])
async def test_of_a_record_that_one_does_not_see_nothing_can_be_said(world: World, who: str):
    record = accepted(facts("req_1"), **stamp())
    await world.log.append(record)
    role = Role.OPERATOR if who == "operator" else Role.REVIEWER
    world.account("anna", role, tenants=("globex",) if who == "bound" else ())
    anna = await world.browser("anna")
    await anna.get("/console/feedback")
    event_id = record.event_id if who != "nothing" else record.event_id[:-1]
    answer = await anna.post("/console/feedback", FORM | {"event_id": event_id})
    assert answer.status == 404
    assert await steps(world) == []


async def test_what_the_configuration_has_already_is_said(world: World):
    await people(world)
    entry = ListEntry(text="Canary Kowalski", entity_type="PERSON", tenant="acme")
    world.settings = replace(world.settings, detection=Detection(deny=(entry,)))
    anna, bert = await world.browser("anna"), await world.browser("bert")
    path = await given(anna)
    assert "The configuration in force has this entry." in (await bert.get(path)).words


async def test_marks_of_markup_and_of_direction_do_nothing_on_the_page(world: World):
    anna, bert = await people(world)
    path = await given(anna, value="<b>\u202e", text64=encoded("<b>\u202e x"), findings="")
    page = await bert.get(path)
    assert "<b>" not in page.text
    assert "\u202e" not in page.text
    assert "⟨U+202E⟩" in page.words
    await decide(bert, path)
    assert '{text: "<b>\\u202e"' in (await export(bert, "lists")).text


async def test_nobody_piles_it_up_and_it_does_not_stay_for_ever(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(feedback, "MOST_WAITING", 1)
    anna, _ = await people(world)
    await given(anna)
    assert (await anna.post("/console/feedback", FORM)).status == 409
    world.clock.now += LIFESPAN.open_s
    await sweeping.sweep(world.desk)
    assert world.desk.feedback.every() == []


@pytest.mark.parametrize("of", ["the person", "the tenant", "all"])
@pytest.mark.parametrize("act", ["", "reject"])
async def test_what_is_on_hold_keeps_what_was_said_until_the_hold_is_lifted(
    world: World, act: str, of: str
):
    anna, bert = await people(world)
    path = await given(anna)
    await given(anna, tenant="globex", value="Canary")
    with open_content(world.url, MASTER) as content:
        person = [("PERSON", "canary kowalski")] if of == "the person" else []
        content.hold(reason="case-1", request_id="req_1")
        [hold] = content.hold(
            reason="case-1", tenant="" if of == "all" else "acme", subjects=person
        )
    if act:
        await decide(bert, path, act)
        assert "is not kept any more" in (await bert.get(path)).words
    world.clock.now += LIFESPAN.approved_s
    await sweeping.sweep(world.desk)
    held = world.desk.feedback.get(path.rpartition("/")[2])
    assert held is not None
    assert held.sealed
    assert len(world.desk.feedback.every()) == (2 if of == "all" else 1)
    with open_content(world.url, MASTER) as content:
        content.release(hold)
    await sweeping.sweep(world.desk)
    assert world.desk.feedback.every() == []


async def test_what_was_rejected_while_on_hold_is_forgotten_when_that_is_lifted(world: World):
    anna, bert = await people(world)
    path = await given(anna)
    with open_content(world.url, MASTER) as content:
        [hold] = content.hold(reason="case-1", tenant="acme")
    await decide(bert, path, "reject")
    with open_content(world.url, MASTER) as content:
        content.release(hold)
    await sweeping.sweep(world.desk)
    left = world.desk.feedback.get(path.rpartition("/")[2])
    assert left is not None
    assert (left.sealed, left.blind) == (b"", b"")


async def test_counts_are_by_type_verdict_and_state_of_the_tenants_that_one_sees(world: World):
    anna, bert = await people(world)
    await given(anna)
    await given(anna, tenant="globex")
    await decide(bert, await given(anna))
    assert world.desk.feedback.counts({"acme"}.__contains__) == {
        ("PERSON", "missed", "open"): 1,
        ("PERSON", "missed", "approved"): 1,
    }


async def test_an_export_of_nothing_we_know_is_refused(world: World):
    _, bert = await people(world)
    assert (await export(bert, "pickle")).status == 400
    assert json.dumps(await world.events()).count("exported") == 0


async def test_an_export_of_more_than_is_read_at_once_has_all_of_it_in_order(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    for module in (feedbacks, taking):
        monkeypatch.setattr(module, "BATCH", 2)
    anna, bert = await people(world)
    values = [f"Canary {letter}" for letter in "ABCDE"]
    for value in values:
        text = encoded(f"{value} lives in Ulm")
        path = await given(anna, value=value, text64=text, findings="")
        await decide(bert, path)
        world.clock.now += 1.0
    lines = [json.loads(line) for line in (await export(bert, "labels")).body.splitlines()]
    assert [one["text"] for one in lines] == [f"{value} lives in Ulm" for value in values]
    lists = (await export(bert, "lists")).text
    assert [value for value in values if value in lists] == values
