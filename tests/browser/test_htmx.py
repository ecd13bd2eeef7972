"""Where there is script, a page changes in place; what it says is the same, and it runs nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.eyes import Eyes
from tests.browser.stage import Stage

pytestmark = pytest.mark.browser

_STAYS = "() => { window.stays = true }"


@pytest.fixture
def eyes(stage: Stage, chromium: Any) -> Eyes:
    made = Eyes(chromium.new_context().new_page(), stage.url)
    made.sign_in("auditor")
    return made


def stayed(eyes: Eyes) -> bool:
    """Whether the page is still the one on which this was noted."""
    return bool(eyes.page.evaluate("() => window.stays === true"))


def test_a_record_is_verified_in_place(stage: Stage, eyes: Eyes):
    eyes.look(f"/console/records/{stage.record('request.completed')}")
    eyes.page.evaluate(_STAYS)
    eyes.page.get_by_role("button", name="Verify now").click()
    eyes.page.get_by_text("It holds").wait_for()
    eyes.page.get_by_role("button", name="Verify now").click()
    eyes.page.get_by_text("It holds").wait_for()
    assert stayed(eyes)
    assert eyes.page.locator("section#proof h2").count() == 1
    assert not eyes.complaints
    assert not eyes.barriers()


def test_a_search_changes_what_was_found_and_the_address(eyes: Eyes):
    eyes.look("/console/records")
    eyes.page.evaluate(_STAYS)
    eyes.page.locator("main [name=entity_type]").first.fill("IBAN")
    eyes.page.get_by_role("button", name="Search", exact=True).click()
    eyes.page.wait_for_url("**entity_type=IBAN**")
    found = eyes.page.locator("#results tbody tr")
    assert found.count() > 0
    assert all("IBAN" in one for one in found.all_inner_texts())
    assert stayed(eyes)
    assert not eyes.complaints
    assert not eyes.barriers()
    eyes.page.go_back()
    eyes.page.wait_for_url("**/console/records")
    eyes.page.locator("#results tbody tr", has_text="admin.login").first.wait_for()


def test_a_filter_that_cannot_be_is_said_so_in_place(eyes: Eyes):
    eyes.look("/console/records")
    eyes.page.evaluate(_STAYS)
    eyes.page.locator("main [name=entity_type]").first.fill("<img src=/pwned>")
    eyes.page.get_by_role("button", name="Search", exact=True).click()
    eyes.page.get_by_role("alert").wait_for()
    assert stayed(eyes)
    assert eyes.page.locator("main img").count() == 0
    assert eyes.page.locator("main").count() == 1


def test_who_is_signed_out_is_told_and_can_sign_in_again(stage: Stage, eyes: Eyes):
    eyes.look(f"/console/records/{stage.record('request.completed')}")
    eyes.page.context.clear_cookies()
    eyes.page.get_by_role("button", name="Verify now").click()
    eyes.page.get_by_text("You are no longer signed in").wait_for()
    eyes.page.get_by_role("link", name="overview").last.click()
    eyes.page.get_by_role("heading", name="Sign in").wait_for()


def test_script_of_a_page_and_of_strings_does_not_run(eyes: Eyes):
    """What the policy promises, asked of the browser."""
    eyes.look("/console")
    for attack in (
        "document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=window.ran=1>')",
        "const it = document.createElement('script'); it.textContent = 'window.ran = 1';"
        " document.body.append(it)",
        "const it = document.createElement('script'); it.src = 'https://example.org/x.js';"
        " document.body.append(it)",
        "setTimeout('window.ran = 1')",
        "const it = document.createElement('p'); it.setAttribute('onclick', 'window.ran = 1');"
        " document.body.append(it); it.click()",
    ):
        eyes.page.evaluate(f"() => {{ try {{ {attack} }} catch {{}} }}")
    eyes.page.wait_for_load_state("networkidle")
    assert eyes.page.evaluate("() => window.ran") is None
