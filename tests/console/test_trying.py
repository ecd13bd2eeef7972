"""A text is tried in a real gateway: found, masked, shown, and nowhere else."""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path

import pytest

from gateway.app import create_app
from gateway.audit.search import Query, open_search
from gateway.config import load
from gateway.console.accounts import Account, Role
from gateway.console.store import AccountStore
from gateway.console.trying import pieces
from gateway.types import Finding
from tests.console.browser import Browser
from tests.console.conftest import PASSWORD, password_hash

CONFIG = """\
version: 1
upstreams: [{name: loopback, kind: loopback, class: on_prem, models: ["*"]}]
detection: {profile: patterns}
audit: {url: "sqlite:///audit.db"}
policies: [mask-all]
console: {enabled: true}
"""
MAIL = "canary.person@example.org"


@pytest.fixture
async def browser(tmp_path: Path) -> AsyncIterator[Browser]:
    (tmp_path / "cloakroom.yaml").write_text(CONFIG)
    (tmp_path / "cloakroom.key").write_text(base64.b64encode(bytes(range(32))).decode())
    (tmp_path / "cloakroom.key").chmod(0o600)
    app = create_app(load(tmp_path / "cloakroom.yaml", {}))
    async with app.router.lifespan_context(app):
        store = AccountStore(f"sqlite:///{tmp_path}/audit.db")
        for name, tenants in (("anna", ()), ("bert", ("acme",))):
            account = Account(name, frozenset({Role.OPERATOR}), frozenset(tenants))
            store.add(account, password_hash(), secrets.token_hex(16), 0.0)
        found = Browser(app)
        await found.sign_in("anna", PASSWORD)
        await found.get("/console/try")
        yield found


def contents(folder: Path) -> list[bytes]:
    return [file.read_bytes() for file in folder.iterdir() if file.is_file()]


async def test_what_is_found_is_shown_with_what_would_leave(browser: Browser):
    answer = await browser.post("/console/try", {"text": f"Write to {MAIL}"})
    assert answer.status == 200
    assert f"{MAIL} EMAIL_ADDRESS" in answer.words
    left = answer.text.partition("What would leave")[2]
    assert "EMAIL_ADDRESS_" in left
    assert MAIL not in left


async def test_the_text_is_nowhere_afterwards(browser: Browser, tmp_path: Path):
    await browser.post("/console/try", {"text": f"Write to {MAIL}"})
    assert not any(b"canary" in content for content in contents(tmp_path))
    with open_search(f"sqlite:///{tmp_path}/audit.db") as log:
        newest = log.page(Query(), limit=1).records[0]
    assert (newest["type"], newest["target"]) == ("audit.viewed", "try")


async def test_nothing_in_the_text_runs(browser: Browser):
    evil = "</textarea><script>alert(1)</script>\u202e \"' onfocus=x"
    answer = await browser.post("/console/try", {"text": f"{evil} {MAIL}"})
    assert answer.status == 200
    assert "<script" not in answer.main
    assert "\u202e" not in answer.text


async def test_what_cannot_be_a_tenant_or_a_model_is_refused(browser: Browser):
    for form in ({"tenant": "a b"}, {"model": "a b"}):
        answer = await browser.post("/console/try", {"text": "x", **form})
        assert (answer.status, "cannot be" in answer.words) == (400, True)


async def test_a_bound_account_tries_as_its_tenants_alone(browser: Browser):
    await browser.sign_in("bert", PASSWORD)
    await browser.get("/console/try")
    assert (await browser.post("/console/try", {"text": "x", "tenant": "other"})).status == 404
    assert (await browser.post("/console/try", {"text": "x"})).status == 200


async def test_the_policy_in_force_is_kept_and_shown(browser: Browser):
    answer = await browser.get("/console/policies")
    path = answer.text.partition('href="/console/policies/')[2][:64]
    shown = await browser.get(f"/console/policies/{path}")
    assert "in force" in shown.words
    assert "mask-all" in shown.words


@pytest.mark.parametrize(
    ("spans", "cut"),
    [
        ([], [("abcdef", "")]),
        ([(1, 3)], [("a", ""), ("bc", "X"), ("def", "")]),
        ([(3, 6), (0, 1)], [("a", "X"), ("bc", ""), ("def", "X")]),
        ([(0, 6)], [("abcdef", "X")]),
    ],
)
def test_a_text_is_cut_at_its_findings(spans, cut):
    found = [Finding(0, start, end, "X", 1.0, "r") for start, end in spans]
    assert pieces("abcdef", found) == cut


async def test_a_finding_of_the_page_that_tries_a_text_is_marked_there(
    browser: Browser, tmp_path: Path
):
    page = await browser.post("/console/try", {"text": "Ask\r\ncanary.person@example.org today"})
    fields = {
        name: unescape(value)
        for name, value in re.findall(
            r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.text
        )
    }
    (mark,) = re.findall(r'name="wrong" value="([^"]+)"', page.text)
    answer = await browser.post(
        "/console/feedback",
        {**fields, "wrong": mark, "others": "1", "value": "", "entity_type": ""},
    )
    assert answer.status == 303, answer.words
    shown = await browser.get(answer.header("location"))
    assert '"canary.person@example.org", entity_type: "EMAIL_ADDRESS"' in shown.words
    assert "does what was meant" in shown.words
    assert not any(b"canary" in content for content in contents(tmp_path))
