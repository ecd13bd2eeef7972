"""Markup in every text of a record, by somebody who could write to the log: it is shown, not run.

After the other tests, whose pictures it would spoil, and to whom such a log gives no evidence.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gateway.console.desk import Page
from tests.browser.eyes import NARROW, Eyes
from tests.browser.stage import NAMES, Stage
from tests.browser.test_pages import named, sound
from tests.browser.visits import addresses, roles, shown

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("page", shown(), ids=named)
def test_markup_in_a_record_runs_on_no_page(stage: Stage, seen_by: Callable[..., Eyes], page: Page):
    planted = stage.planted
    visits = addresses(page, stage)
    if page.path == "/console/records/{name}":
        visits.append(f"/console/records/{planted}")
    eyes = seen_by(NAMES[roles(page)[0]])
    for address in visits:
        sound(eyes, eyes.look(address, NARROW))
        assert eyes.sideways() <= 0


def test_the_record_shows_the_markup_as_text(stage: Stage, seen_by: Callable[..., Eyes]):
    eyes = seen_by("auditor")
    eyes.look(f"/console/records/{stage.planted}")
    text = eyes.page.inner_text("main")
    assert "<script>document.title" in text
    assert "\N{MATHEMATICAL LEFT ANGLE BRACKET}U+202E" in text


def test_markup_that_is_swapped_in_runs_nothing(stage: Stage, seen_by: Callable[..., Eyes]):
    planted, eyes = stage.planted, seen_by("auditor")
    eyes.look("/console/records?type=policy.changed")
    eyes.page.evaluate("() => { window.stays = true }")
    eyes.page.locator("main select[name=type]").select_option("")
    eyes.page.get_by_role("button", name="Search", exact=True).click()
    eyes.page.locator(f"#results a[href*='{planted}']").wait_for()
    assert eyes.page.evaluate("() => window.stays")
    assert eyes.page.title() != "pwned"
    assert eyes.page.locator("main img, main script").count() == 0
    assert not eyes.complaints
