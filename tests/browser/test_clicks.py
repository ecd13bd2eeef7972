"""From the first page to the answer of each question of a reviewer: at most three clicks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.browser.clicks import MOST, PLACES, QUESTIONS, Question, as_table
from tests.browser.eyes import Eyes
from tests.browser.stage import NAMES
from tests.browser.test_pages import fill


def test_no_answer_is_further_than_three_clicks():
    assert max(len(one.clicks) for one in QUESTIONS) <= MOST
    assert len({(one.regime, one.asks) for one in QUESTIONS}) == len(QUESTIONS)
    assert as_table().count("\n") == len(QUESTIONS) + 1


@pytest.mark.browser
@pytest.mark.parametrize("asked", QUESTIONS, ids=lambda one: f"{one.regime}: {one.asks}")
def test_the_answer_is_where_the_clicks_lead(seen_by: Callable[..., Eyes], asked: Question):
    eyes = seen_by(NAMES[asked.role])
    page = eyes.page
    eyes.look("/console")
    for number, name in enumerate(asked.clicks, 1):
        link = (
            page.locator(PLACES[name])
            if name in PLACES
            else page.get_by_role("link", name=name, exact=name == "requests")
        )
        button = page.get_by_role("button", name=name)
        pressed = (link if name in PLACES else link.or_(button)).first
        for field, value in asked.filled.get(name, {}).items():
            fill(page.locator("form").filter(has=button).locator(f"[name={field}]"), value)
        if asked.file and number == len(asked.clicks):
            with page.expect_download(timeout=240_000) as coming:  # packs are built
                pressed.click()
            assert asked.answer.encode() in coming.value.path().read_bytes()
            return
        before = page.url
        pressed.click()
        if name in PLACES or number == 1:
            page.wait_for_url(lambda url, before=before: url != before)
    page.get_by_text(asked.answer).first.wait_for()
    assert not eyes.complaints


def test_the_guide_has_the_table():
    guide = Path(__file__).parents[2] / "deploy" / "CONSOLE.md"
    assert as_table() in guide.read_text(encoding="utf-8")
