"""What an open page asks for by itself is on record now and then, and the first look always."""

from __future__ import annotations

import re

import pytest

from gateway.audit.facts import EventType
from gateway.console import counting
from gateway.console.accounts import Role
from gateway.console.looks import EVERY_S, MOST, Looks
from gateway.errors import AuditUnavailable
from tests.audit.logs import START_MS
from tests.console.browser import Answer, Browser
from tests.console.conftest import Clock, World

VIEWED = ("audit.viewed", "anna", "overview")


@pytest.fixture
async def browser(filled: World, monkeypatch: pytest.MonkeyPatch) -> Browser:
    """Somebody on whose overview it goes on being counted."""
    monkeypatch.setattr(counting, "SLICE", 10)
    monkeypatch.setattr(filled.desk.counting, "_start", lambda work: None)
    filled.clock.now = START_MS / 1000
    filled.account("anna", Role.AUDITOR)
    return await filled.browser("anna")


async def ask_anew(browser: Browser, shown: Answer) -> Answer:
    """What htmx sends for the element of the page that says so."""
    found = re.search(r'id="(\w+)" hx-get="([^"]+)" hx-trigger="load', shown.text)
    assert found is not None
    name, path = found.groups()
    return await browser.get(path, hx_request="true", hx_trigger=name, hx_target=name)


async def looks(world: World) -> int:
    return (await world.events()).count(VIEWED)


async def test_what_an_open_page_asks_for_is_on_record_once_in_a_while(
    filled: World, browser: Browser
):
    shown = await browser.get("/console")
    for _ in range(5):
        filled.clock.now += 2
        shown = await ask_anew(browser, shown)
        assert shown.status == 200
    assert await looks(filled) == 1
    filled.clock.now += EVERY_S - 11
    await ask_anew(browser, shown)
    assert await looks(filled) == 1
    filled.clock.now += 1
    await ask_anew(browser, shown)
    assert await looks(filled) == 2
    await ask_anew(browser, shown)
    assert await looks(filled) == 2


async def test_who_opens_the_page_is_on_record_each_time(filled: World, browser: Browser):
    for _ in range(3):
        await browser.get("/console")
    assert await looks(filled) == 3


async def test_who_only_pretends_to_have_the_page_open_is_on_record(
    filled: World, browser: Browser
):
    """The first look of a session is recorded, whatever its request says."""
    await browser.get("/console", hx_request="true", hx_trigger="counted")
    assert await looks(filled) == 1
    bert = filled.account("bert", Role.AUDITOR)
    other = await filled.browser(bert.name)
    await other.get("/console", hx_request="true", hx_trigger="counted")
    assert ("audit.viewed", "bert", "overview") in await filled.events()


async def test_another_session_of_the_same_person_is_on_record(filled: World, browser: Browser):
    await browser.get("/console")
    second = await filled.browser("anna")
    await second.get("/console", hx_request="true", hx_trigger="counted")
    assert await looks(filled) == 2


async def test_a_look_that_could_not_be_recorded_is_refused_and_not_taken_for_recorded(
    filled: World, browser: Browser, monkeypatch: pytest.MonkeyPatch
):
    shown = await browser.get("/console")
    filled.clock.now += EVERY_S - 1
    await ask_anew(browser, shown)  # so that the session goes on
    filled.clock.now += 1

    async def fails(*_: object) -> str:
        raise AuditUnavailable("The audit log cannot be written.")

    with monkeypatch.context() as patch:
        patch.setattr(type(filled.desk.journal), "write", fails)
        for _ in range(2):
            assert (await ask_anew(browser, shown)).status == 503
    assert (await ask_anew(browser, shown)).status == 200
    assert await looks(filled) == 2


async def test_every_look_at_another_page_is_on_record(filled: World, browser: Browser):
    for _ in range(2):
        await browser.get("/console/flow", hx_request="true", hx_trigger="counted")
    assert (await filled.events()).count((EventType.AUDIT_VIEWED.value, "anna", "flow")) == 2


def test_a_clock_that_was_set_back_hides_no_look():
    clock = Clock()
    made = Looks(clock)
    made.recorded("a", "overview")
    assert made.is_on_record("a", "overview")
    clock.now -= 1
    assert not made.is_on_record("a", "overview")


def test_no_more_than_some_looks_are_remembered_the_newest_ones():
    made = Looks(Clock())
    for number in range(MOST):
        made.recorded(str(number), "overview")
    made.recorded("0", "overview")  # now the newest
    made.recorded("one more", "overview")
    assert made.is_on_record("0", "overview")
    assert not made.is_on_record("1", "overview")
    assert made.is_on_record("2", "overview")
