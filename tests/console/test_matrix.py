"""Every page for every role, signed out, and without a token: who gets in, all cells."""

from __future__ import annotations

import re

import pytest

from gateway.console.accounts import Right, Role
from gateway.console.desk import Page
from gateway.console.routes import PAGES
from tests.console.browser import Answer, Browser
from tests.console.conftest import World

R, A, P, U = Role.REVIEWER, Role.APPROVER, Role.OPERATOR, Role.AUDITOR
ALLOWED = {
    ("GET", "/console"): {P, R, A, U},
    ("GET", "/console/flow"): {P, R, A, U},
    ("GET", "/console/quality"): {P, R, A, U},
    ("GET", "/console/account"): {P, R, A, U},
    ("POST", "/console/account/password"): {P, R, A, U},
    ("POST", "/console/logout"): {P, R, A, U},
    ("GET", "/console/policies"): {P, R, A, U},
    ("GET", "/console/policies/simulate"): {P, R, A, U},
    ("POST", "/console/policies/simulate"): {P, R, A, U},
    ("GET", "/console/policies/{sha256}"): {P, R, A, U},
    ("GET", "/console/retention"): {P, R, A, U},
    ("POST", "/console/retention/holds"): {A},
    ("POST", "/console/retention/release"): {A},
    ("GET", "/console/unmask"): {R, A, U},
    ("GET", "/console/unmask/ask/{name}"): {R},
    ("POST", "/console/unmask/ask/{name}"): {R},
    ("GET", "/console/unmask/{unmask}"): {R, A, U},
    ("POST", "/console/unmask/{unmask}/approve"): {A},
    ("POST", "/console/unmask/{unmask}/refuse"): {A},
    ("POST", "/console/unmask/{unmask}/show"): {R},
    ("GET", "/console/subjects"): {R, A, U},
    ("POST", "/console/subjects"): {R, A, U},
    ("POST", "/console/subjects/export"): {R, U},
    ("POST", "/console/subjects/erase"): {A},
    ("GET", "/console/exports"): {R, U},
    ("POST", "/console/exports/pack"): {R, U},
    ("GET", "/console/feedback"): {P, R, A},
    ("POST", "/console/feedback"): {P, R, A},
    ("POST", "/console/feedback/export"): {A},
    ("GET", "/console/feedback/{feedback}"): {P, R, A},
    ("POST", "/console/feedback/{feedback}/accept"): {A},
    ("POST", "/console/feedback/{feedback}/reject"): {A},
    ("POST", "/console/feedback/{feedback}/patch"): {A},
    ("GET", "/console/access"): {U},
    ("GET", "/console/try"): {P},
    ("POST", "/console/try"): {P},
    ("GET", "/console/records"): {R, A, U},
    ("GET", "/console/records/{name}"): {R, A, U},
    ("POST", "/console/records/{name}/verify"): {R, A, U},
    ("POST", "/console/records/export"): {R, U},
    ("POST", "/console/records/searches"): {R, A, U},
    ("POST", "/console/records/searches/delete"): {R, A, U},
}  # fmt: skip
"""Written out, so that a right that is given by mistake shows here."""


def address(page: Page) -> str:
    return re.sub(r"\{\w+\}", "none", page.path)


async def ask(browser: Browser, page: Page) -> Answer:
    if page.method == "GET":
        return await browser.get(address(page))
    return await browser.post(address(page))


def test_every_page_is_in_the_matrix():
    assert {(one.method, one.path) for one in PAGES} == set(ALLOWED)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.method} {page.path}")
async def test_each_role_gets_its_pages_and_no_others(world: World, page: Page, role: Role):
    world.account("anna", role)
    browser = await world.browser("anna")
    await browser.get("/console/account")
    answer = await ask(browser, page)
    refused = "Your roles do not include this page." in answer.words
    assert refused is (role not in ALLOWED[page.method, page.path])
    assert (answer.status == 403) is refused
    if refused:
        assert (await world.events())[-1] == ("admin.refused", "anna", page.right.value)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.method} {page.path}")
async def test_nobody_gets_in_without_signing_in(world: World, page: Page):
    answer = await ask(Browser(world.app), page)
    if page.method == "GET":
        assert (answer.status, answer.header("location")) == (303, "/console/login")
    else:
        assert answer.status == 401
    assert await world.events() == []


FORMS = [page for page in PAGES if page.method == "POST"]


@pytest.mark.parametrize("page", FORMS, ids=lambda page: page.path)
async def test_no_form_is_taken_without_its_token(world: World, page: Page):
    world.account("anna", *Role)
    browser = await world.browser("anna")
    answer = await browser.post(address(page), token="0" * 64)
    assert answer.status == 403
    assert [kind for kind, _, _ in await world.events()] == ["admin.login"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.method} {page.path}")
async def test_the_other_method_is_not_answered(world: World, page: Page):
    world.account("anna", *Role)
    browser = await world.browser("anna")
    await browser.get("/console/account")
    twins = {one.method for one in PAGES if one.path == page.path}
    if len(twins) == 2:
        return
    other = "POST" if page.method == "GET" else "GET"
    answer = await browser.send(other, address(page), b"", {})
    assert answer.status in (404, 405)


def test_every_right_of_a_page_is_one_that_somebody_has():
    assert {page.right for page in PAGES} <= set(Right)
