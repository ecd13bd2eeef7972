"""Every page of the console in a real browser, for each role that may see it."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest

from gateway.console.accounts import Role
from gateway.console.desk import Page
from gateway.console.routes import PAGES
from tests.browser.eyes import MOST_BYTES, NARROW, WIDE, Eyes
from tests.browser.stage import NAMES, Stage
from tests.browser.visits import FORMS, Form, addresses, roles, shown

pytestmark = pytest.mark.browser

See = Callable[..., Eyes]
_MARKUP = "main img, main script, main [onclick], main [onerror]"
ONCE = [(page, roles(page)[0]) for page in shown()]
OTHERS = [(page, role) for page in shown() for role in roles(page)[1:]]
SENT = [(path, form) for path, form in FORMS.items() if isinstance(form, Form)]


def named(value: Any) -> str:
    if isinstance(value, Form):
        return "form"
    return value.path if isinstance(value, Page) else str(value)


def slug(address: str, number: int) -> str:
    """A name for a picture: without ids, which are others each time."""
    return re.sub(r"\W+", "-", re.sub(r"[0-9a-f-]{16,}", "", address)).strip("-") + f"-{number}"


def sound(eyes: Eyes, answer: Any) -> None:
    """The page came, is whole, and asks nothing of anybody else."""
    assert answer.status == 200, eyes.page.inner_text("main")
    assert not eyes.complaints
    assert eyes.page.title() != "pwned"
    assert eyes.page.locator(_MARKUP).count() == 0


@pytest.mark.parametrize(("page", "role"), ONCE, ids=named)
def test_a_page_is_whole_in_every_window(stage: Stage, seen_by: See, page: Page, role: Role):
    eyes = seen_by(NAMES[role])
    for number, address in enumerate(addresses(page, stage)):
        sound(eyes, eyes.look(address))
        assert eyes.page.locator("h1").count() == 1
        for width, scheme in product((WIDE, NARROW), ("light", "dark")):
            eyes.turn(width, scheme)
            eyes.picture(f"{slug(address, number)}-{width}-{scheme}")
            assert eyes.sideways() <= 0, (address, width)
            assert not eyes.barriers(), (address, width, scheme)


@pytest.mark.parametrize(("page", "role"), OTHERS, ids=named)
def test_a_page_is_whole_for_others_who_may_see_it(
    stage: Stage, seen_by: See, page: Page, role: Role
):
    eyes = seen_by(NAMES[role])
    for address in addresses(page, stage):
        sound(eyes, eyes.look(address))
        assert not eyes.barriers()


@pytest.mark.parametrize(("page", "role"), ONCE, ids=named)
def test_a_page_says_the_same_without_script(stage: Stage, seen_by: See, page: Page, role: Role):
    with_script, without = seen_by(NAMES[role]), seen_by(NAMES[role], plain=True)
    for address in addresses(page, stage):
        sound(without, without.look(address))
        with_script.look(address)
        what = "h1, h2, th[scope=col], dt, label, main button"
        texts = [one.page.locator(what).all_text_contents() for one in (without, with_script)]
        assert texts[0] == texts[1]


@pytest.mark.parametrize(("page", "role"), ONCE, ids=named)
def test_the_keyboard_shows_where_it_is(stage: Stage, seen_by: See, page: Page, role: Role):
    eyes = seen_by(NAMES[role])
    address = addresses(page, stage)[0]
    eyes.look(address)
    reached = list(eyes.tabs())
    assert len(reached) > 3
    assert [one["name"] for one in reached if not (one["ring"] and one["seen"])] == []


@pytest.mark.parametrize(("page", "role"), ONCE, ids=named)
def test_a_page_is_light(stage: Stage, chromium: Any, seen_by: See, page: Page, role: Role):
    """With everything that it needs, for somebody who comes for the first time."""
    state = seen_by(NAMES[role]).page.context.storage_state()
    for address in addresses(page, stage):
        context = chromium.new_context(storage_state=state)
        tab, weights = context.new_page(), []
        tab.on("response", lambda answer, weights=weights: weights.append(len(answer.body())))
        tab.goto(stage.url + address, wait_until="networkidle")
        context.close()
        assert 0 < sum(weights) <= MOST_BYTES


@pytest.mark.parametrize(("path", "form"), SENT, ids=named)
@pytest.mark.parametrize("plain", [False, True], ids=["script", "plain"])
def test_a_form_can_be_sent(stage: Stage, seen_by: See, path: str, form: Form, plain: bool):
    for before in form.after:
        send(stage, seen_by, before, plain)
    eyes = send(stage, seen_by, path, plain)
    if not plain:
        eyes.picture(slug(path, 0) + "-sent")
        assert bool(eyes.complaints) is form.refused, eyes.complaints
        assert eyes.page.locator(_MARKUP).count() == 0
        assert eyes.sideways() <= 0
        assert not eyes.barriers()


def send(stage: Stage, seen_by: See, path: str, plain: bool) -> Eyes:
    """Send a form as somebody who may; their tab."""
    page = next(one for one in PAGES if (one.path, one.method) == (path, "POST"))
    form = FORMS[path]
    assert isinstance(form, Form)
    eyes = seen_by(NAMES[roles(page)[0]], plain=plain)
    eyes.look(form.address(stage))
    for number, (fields, button) in enumerate(form.steps, 1):
        named = re.compile(rf"^{re.escape(button)}\b")
        pressed = eyes.page.get_by_role("button", name=named).first
        for name, value in fields.items():
            fill(eyes.page.locator("form").filter(has=pressed).locator(f"[name={name}]"), value)
        if form.file and number == len(form.steps):
            with eyes.page.expect_download(timeout=240_000) as coming:  # packs are built
                pressed.click()
            assert form.said.encode() in coming.value.path().read_bytes()
            return eyes
        pressed.click()
    eyes.page.get_by_text(form.said).first.wait_for()
    return eyes


def fill(field: Any, value: str) -> None:
    """Give a field of any kind a value."""
    if field.get_attribute("type") == "checkbox":
        field.check()
    elif field.evaluate("one => one.localName") == "select":
        field.select_option(value)
    else:
        field.fill(value)


def test_who_signs_out_is_out(stage: Stage, chromium: Any):
    eyes = Eyes(chromium.new_context().new_page(), stage.url)
    eyes.sign_in("auditor")
    eyes.page.get_by_role("button", name="Sign out").click()
    eyes.page.get_by_role("heading", name="Sign in").wait_for()
    eyes.look("/console/records")
    assert eyes.page.url.endswith("/console/login")
    assert not eyes.barriers()
    eyes.picture("login")


def test_a_record_of_another_tenant_is_not_there(stage: Stage, seen_by: See):
    other = next(one for one in stage.records if one.get("tenant") == "globex")
    answer = seen_by("bound").look(f"/console/records/{other['event_id']}")
    assert answer.status == 404
    assert not seen_by("bound").barriers()
