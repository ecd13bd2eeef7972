"""Saved searches: one's own, found again as they were, and gone with the account."""

from __future__ import annotations

import pytest

from gateway.console.accounts import Role
from gateway.console.saved import MAX_TITLE, MOST, SavedSearches, is_title
from tests.console.browser import Browser
from tests.console.conftest import World

SAVE, DROP = "/console/records/searches", "/console/records/searches/delete"
EVIL = "<script>alert(1)</script>"


async def reviewer(world: World, name: str = "anna", *tenants: str) -> Browser:
    world.account(name, Role.REVIEWER, tenants=tenants)
    browser = await world.browser(name)
    await browser.get("/console/records")
    return browser


def titles(world: World, name: str) -> list[str]:
    return [one.title for one in world.desk.searches.of(name)]


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("a", True), ("blocked last week", True), ("x" * MAX_TITLE, True), ("ü \u4e2d", True),
        ("", False), (" a", False), ("a ", False), ("x" * (MAX_TITLE + 1), False), ("a\nb", False),
        ("a\u202eb", False),
    ],
)  # fmt: skip
def test_a_title_is_one_short_line_that_is_what_it_looks_like(text: str, good: bool):
    assert is_title(text) is good


async def test_a_search_is_saved_and_leads_back_to_what_it_asked_for(filled: World):
    browser = await reviewer(filled)
    form = {"title": "Rare", "model": "rare", "since": "2026-09-01", "before": "17"}
    answer = await browser.post(SAVE, form)
    there = "/console/records?since=2026-09-01&model=rare"
    assert (answer.status, answer.header("location")) == (303, there)
    page = await browser.get(there)
    assert 'href="/console/records?since=2026-09-01&amp;model=rare"' in page.text
    assert "Rare" in page.words


async def test_saving_under_the_same_title_again_replaces_the_search(world: World):
    browser = await reviewer(world)
    for model in ("one", "two"):
        await browser.post(SAVE, {"title": "mine", "model": model})
    assert [one.filters for one in world.desk.searches.of("anna")] == ["model=two"]


async def test_a_search_is_seen_and_deleted_by_its_owner_alone(world: World):
    anna, bert = await reviewer(world), await reviewer(world, "bert")
    await anna.post(SAVE, {"title": "annas own", "model": "m"})
    [saved] = world.desk.searches.of("anna")
    assert "annas own" not in (await bert.get("/console/records")).words
    assert (await bert.post(DROP, {"id": saved.search_id})).status == 404
    assert titles(world, "anna") == ["annas own"]
    assert (await anna.post(DROP, {"id": saved.search_id})).status == 303
    assert titles(world, "anna") == []
    assert (await anna.post(DROP, {"id": saved.search_id})).status == 404


async def test_what_would_like_to_run_in_a_title_does_not(world: World):
    browser = await reviewer(world)
    await browser.post(SAVE, {"title": EVIL})
    page = await browser.get("/console/records")
    assert EVIL in page.words
    assert "<script>" not in page.text


@pytest.mark.parametrize("form", [{}, {"title": " "}, {"title": "x", "since": "yesterday"}])
async def test_a_search_without_a_title_or_with_a_wrong_filter_is_not_saved(
    world: World, form: dict[str, str]
):
    browser = await reviewer(world)
    assert (await browser.post(SAVE, form)).status == 400
    assert titles(world, "anna") == []


async def test_a_bound_account_saves_no_search_of_another_tenant(world: World):
    browser = await reviewer(world, "anna", "acme")
    assert (await browser.post(SAVE, {"title": "x", "tenant": "globex"})).status == 404
    await browser.post(SAVE, {"title": "x"})
    assert [one.filters for one in world.desk.searches.of("anna")] == ["tenant=acme"]


def test_there_is_room_for_so_many_and_for_changing_them(world: World):
    searches = SavedSearches(world.url)
    assert all(searches.save("anna", f"s{number}", "", 0.0) for number in range(MOST))
    assert not searches.save("anna", "one more", "", 0.0)
    assert searches.save("anna", "s0", "model=m", 0.0)
    assert searches.save("bert", "one more", "", 0.0)
    assert len(searches.of("anna")) == MOST


def test_searches_go_with_their_account(world: World):
    world.account("anna", Role.REVIEWER)
    world.desk.searches.save("anna", "mine", "", 0.0)
    world.desk.searches.save("bert", "his", "", 0.0)
    assert world.desk.store.remove("anna")
    assert titles(world, "anna") == []
    assert titles(world, "bert") == ["his"]
