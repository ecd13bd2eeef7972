"""What those who read the log did is told to auditors, within their tenants."""

from __future__ import annotations

from gateway.audit.facts import EventType
from gateway.console.accounts import Role
from gateway.console.reviewers import DOINGS
from tests.console.browser import Browser
from tests.console.conftest import World


def test_every_doing_at_the_console_is_among_them():
    assert {EventType.AUDIT_EXPORTED, EventType.ADMIN_REFUSED, EventType.ADMIN_LOGIN} <= set(DOINGS)
    assert EventType.REQUEST_COMPLETED not in DOINGS


async def test_an_auditor_sees_who_did_what(filled: World):
    filled.account("anna", Role.AUDITOR)
    filled.account("bert", Role.REVIEWER, tenants=("acme",))
    bert = await filled.browser("bert")
    await bert.get("/console/records?tenant=globex")
    await bert.get("/console/records?model=rare")
    await bert.get("/console/access")
    await Browser(filled.app).sign_in("bert", "not the password")
    answer = await (await filled.browser("anna")).get("/console/access")
    assert "bert audit.searched model+tenant acme" in answer.words
    assert "bert admin.refused access" in answer.words
    assert "anonymous admin.login_failed bert" in answer.words
    assert "rare" not in answer.text


async def test_a_bound_auditor_sees_what_was_done_in_its_tenants(filled: World):
    filled.account("cora", Role.AUDITOR, tenants=("acme",))
    filled.account("dora", Role.REVIEWER, tenants=("globex",))
    filled.account("anna", Role.AUDITOR)
    dora = await filled.browser("dora")
    await dora.get("/console/records")
    cora = await filled.browser("cora")
    await cora.get("/console/records")
    answer = await cora.get("/console/access")
    assert "cora audit.searched tenant acme" in answer.words
    for other in ("dora", "globex", "anna"):
        assert other not in answer.words


async def test_more_fields_are_open_where_one_of_them_is_asked_for(filled: World):
    filled.account("anna", Role.AUDITOR)
    browser = await filled.browser("anna")
    assert '<details class="more">' in (await browser.get("/console/records?type=")).text
    assert '<details class="more" open>' in (await browser.get("/console/records?model=m")).text
