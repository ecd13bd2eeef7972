"""Every page for every role, bound to the tenant that things belong to and to another one.

What belongs to another tenant is as if it were not there: by its address, by a field of a form,
and on pages that list things.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.audit.content.store import open_content
from gateway.audit.store import SqlAuditStore
from gateway.console.accounts import RIGHTS, Role
from gateway.console.desk import Page
from gateway.console.routes import PAGES
from tests.audit.content.kept import MASTER
from tests.console.browser import Answer, Browser
from tests.console.conftest import Clock, World
from tests.console.test_feedback import given
from tests.console.test_unmasking import FORM as WHY
from tests.console.test_unmasking import asked, keep

OURS, OTHERS = "acme", "globex"
REQUEST = "req_canary"


@dataclass(frozen=True)
class Things:
    """What the log and the console hold, all of one tenant."""

    world: World
    event_id: str
    unmask: str
    feedback: str
    hold: str


Ask = tuple[str, dict[str, str]]
"""An address, and the fields of a form."""

_PERSON = {"tenant": OURS, "entity_type": "EMAIL_ADDRESS", "values": "a@example.com"}
BY_NAME: Mapping[tuple[str, str], Callable[[Things], Ask]] = {
    ("GET", "/console/flow"): lambda it: (f"/console/flow?tenant={OURS}", {}),
    ("GET", "/console/records"): lambda it: (f"/console/records?tenant={OURS}", {}),
    ("POST", "/console/records/export"): lambda it: (
        "/console/records/export",
        {"format": "csv", "tenant": OURS},
    ),
    ("POST", "/console/records/searches"): lambda it: (
        "/console/records/searches",
        {"title": "x", "tenant": OURS},
    ),
    ("GET", "/console/records/{name}"): lambda it: (f"/console/records/{it.event_id}", {}),
    ("POST", "/console/records/{name}/verify"): lambda it: (
        f"/console/records/{it.event_id}/verify",
        {},
    ),
    ("POST", "/console/policies/simulate"): lambda it: (
        "/console/policies/simulate",
        {"candidate": "shipped:mask-all", "tenant": OURS},
    ),
    ("POST", "/console/try"): lambda it: ("/console/try", {"text": "x", "tenant": OURS}),
    ("GET", "/console/unmask/ask/{name}"): lambda it: (f"/console/unmask/ask/{it.event_id}", {}),
    ("POST", "/console/unmask/ask/{name}"): lambda it: (
        f"/console/unmask/ask/{it.event_id}",
        WHY,
    ),
    ("GET", "/console/unmask/{unmask}"): lambda it: (it.unmask, {}),
    ("POST", "/console/unmask/{unmask}/approve"): lambda it: (f"{it.unmask}/approve", {}),
    ("POST", "/console/unmask/{unmask}/refuse"): lambda it: (f"{it.unmask}/refuse", {}),
    ("POST", "/console/unmask/{unmask}/show"): lambda it: (f"{it.unmask}/show", {}),
    ("POST", "/console/feedback"): lambda it: (
        "/console/feedback",
        {"verdict": "missed", "entity_type": "PERSON", "tenant": OURS},
    ),
    ("GET", "/console/feedback/{feedback}"): lambda it: (it.feedback, {}),
    ("POST", "/console/feedback/{feedback}/accept"): lambda it: (f"{it.feedback}/accept", {}),
    ("POST", "/console/feedback/{feedback}/reject"): lambda it: (f"{it.feedback}/reject", {}),
    ("POST", "/console/feedback/{feedback}/patch"): lambda it: (f"{it.feedback}/patch", {}),
    ("POST", "/console/retention/holds"): lambda it: (
        "/console/retention/holds",
        {"reason": "case-9", "tenant": OURS},
    ),
    ("POST", "/console/retention/release"): lambda it: (
        "/console/retention/release",
        {"id": it.hold},
    ),
    ("POST", "/console/subjects"): lambda it: ("/console/subjects", _PERSON),
    ("POST", "/console/subjects/export"): lambda it: ("/console/subjects/export", _PERSON),
    ("POST", "/console/subjects/erase"): lambda it: (
        "/console/subjects/erase",
        {**_PERSON, "reason": "gdpr-17"},
    ),
}
"""Pages on which something of a tenant can be asked for: how that is done."""

LISTS = {
    ("GET", "/console"), ("GET", "/console/quality"), ("GET", "/console/account"),
    ("GET", "/console/policies"), ("GET", "/console/policies/simulate"),
    ("GET", "/console/retention"), ("GET", "/console/unmask"), ("GET", "/console/subjects"),
    ("GET", "/console/exports"), ("GET", "/console/feedback"), ("GET", "/console/access"),
    ("GET", "/console/try"), ("POST", "/console/feedback/export"),
}  # fmt: skip
"""Pages that show what there is: nothing of another tenant."""

OF_NOBODY = {
    ("GET", "/console/policies/{sha256}"), ("POST", "/console/account/password"),
    ("POST", "/console/logout"), ("POST", "/console/records/searches/delete"),
    ("POST", "/console/exports/pack"),  # of the whole log: for nobody who is bound
}  # fmt: skip

SOMEBODYS = {
    "/console/unmask/{unmask}": {Role.APPROVER, Role.AUDITOR},
    "/console/unmask/{unmask}/show": set(),
    "/console/feedback/{feedback}": {Role.APPROVER},
}
"""Who may see what another person asked or said, of their own tenant; nobody else may."""


@pytest.fixture
async def things(tmp_path: Path) -> AsyncIterator[Things]:
    url = f"sqlite:///{tmp_path}/audit.db"
    log = SqlAuditStore(url, MASTER)
    await log.start()
    world = World(url, log, Clock(), master=MASTER)
    record = await keep(world, REQUEST)
    world.account("anna", Role.REVIEWER)
    anna = await world.browser("anna")
    unmask = await asked(anna, record)
    feedback = await given(anna, tenant=OURS)
    with open_content(url, MASTER) as content:
        [hold] = content.hold(reason="canary-case", tenant=OURS)
    yield Things(world, record.event_id, unmask, feedback, hold)
    await log.aclose()


async def ask(browser: Browser, page: Page, things: Things) -> Answer:
    address, form = BY_NAME.get((page.method, page.path), lambda _: (page.path, {}))(things)
    if page.method == "GET":
        return await browser.get(address)
    await browser.get("/console/account")
    return await browser.post(address, form)


def test_every_page_is_in_the_matrix():
    tables = [set(BY_NAME), LISTS, OF_NOBODY]
    assert set().union(*tables) == {(one.method, one.path) for one in PAGES}
    assert sum(map(len, tables)) == len(PAGES)


def mine(role: Role) -> list[Page]:
    return [one for one in PAGES if one.right in RIGHTS[role]]


@pytest.mark.parametrize("role", Role)
async def test_what_is_of_another_tenant_is_not_there(things: Things, role: Role):
    things.world.account("dora", role, tenants=(OTHERS,))
    browser = await things.world.browser("dora")
    for page in mine(role):
        key = (page.method, page.path)
        if key in OF_NOBODY:
            continue
        answer = await ask(browser, page, things)
        assert (answer.status == 404) is (key in BY_NAME), (key, answer.status, answer.words)
        kind, who, target = (await things.world.events())[-1]
        if answer.status == 404:
            assert (kind, who) == ("admin.refused", "dora"), key
            assert target.startswith("no-"), (key, target)
        for sign in (OURS, REQUEST, "canary", "anna", things.event_id):
            assert sign not in answer.text, (key, sign)


@pytest.mark.parametrize("role", Role)
async def test_what_is_of_ones_own_tenant_is(things: Things, role: Role):
    things.world.account("dora", role, tenants=(OURS,))
    browser = await things.world.browser("dora")
    for page in mine(role):
        key = (page.method, page.path)
        if key not in BY_NAME:
            continue
        answer = await ask(browser, page, things)
        may = role in SOMEBODYS.get(page.path, set(Role))
        nothing = answer.status == 404 and "Nothing was found" in answer.words
        assert (answer.status != 404) is may or nothing, (key, answer.status, answer.words)
        assert answer.status < 500, (key, answer.words)
