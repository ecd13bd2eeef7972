"""Signing in and out over HTTP: sessions, locks, forms of other sites, what goes on record."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from gateway.console.access import ATTEMPTS
from gateway.console.accounts import LOCK_S, MAX_FAILURES, Account, Role
from gateway.console.security import FORM_COOKIE, HEADERS, SESSION_COOKIE
from gateway.console.statics import FILES
from gateway.errors import AuditUnavailable
from tests.console.browser import Browser
from tests.console.conftest import CONSOLE, PASSWORD, World


def held(world: World) -> list[bytes]:
    """What the files of the database hold."""
    database = Path(world.url.removeprefix("sqlite:///"))
    return [one.read_bytes() for one in database.parent.iterdir() if one.is_file()]


WRONG = "Name or password are wrong, or the account is locked."
NEW = "another staple entirely"


async def test_who_is_not_signed_in_is_asked_to(world: World):
    answer = await Browser(world.app).get("/console")
    assert (answer.status, answer.header("location")) == (303, "/console/login")


async def test_signing_in_leads_to_the_overview_and_is_on_record(world: World):
    world.account("anna", Role.REVIEWER)
    browser = await world.browser("anna")
    answer = await browser.get("/console")
    assert answer.status == 200
    assert "audit: works" in answer.words
    assert await world.events() == [
        ("admin.login", "anna", ""),
        ("audit.viewed", "anna", "overview"),
    ]


async def test_the_record_says_who_and_how(world: World):
    world.account("anna", Role.REVIEWER)
    await world.browser("anna")
    login = (await world.records())[-1]
    assert login["actor_kind"] == "account"
    assert login["authn"] == {"method": "password", "key_id": "anna"}
    assert len(login["actor_ref"]) == 32


@pytest.mark.parametrize("name", ["anna", "nobody", "<script>", "a b", ""])
async def test_a_wrong_name_and_a_wrong_password_are_told_alike(world: World, name: str):
    world.account("anna", Role.REVIEWER)
    answer = await Browser(world.app).sign_in(name, "not the password")
    assert (answer.status, WRONG in answer.words) == (401, True)
    assert "<script>" not in answer.text
    [(kind, who, target)] = await world.events()
    assert (kind, who) == ("admin.login_failed", "")
    assert target == ("anna" if name == "anna" else "")  # never what somebody typed


async def test_nothing_that_was_typed_comes_back_or_goes_on_record(world: World):
    answer = await Browser(world.app).sign_in("canary-name", "canary-password")
    assert "canary" not in answer.text
    assert "canary" not in str(await world.records())


async def test_an_account_is_locked_after_some_failures_for_a_time(world: World):
    world.account("anna", Role.REVIEWER)
    browser = Browser(world.app)
    for _ in range(MAX_FAILURES):
        await browser.sign_in("anna", "not the password")
    locked = await browser.sign_in("anna", PASSWORD)
    assert (locked.status, WRONG in locked.words) == (401, True)
    kinds = [kind for kind, _, _ in await world.events()]
    assert kinds.count("admin.locked_out") == 1
    world.clock.now += LOCK_S
    assert (await browser.sign_in("anna", PASSWORD)).status == 303


async def test_guesses_at_once_are_counted_like_those_one_after_the_other(world: World):
    world.account("anna", Role.REVIEWER)
    guesses = [
        world.desk.access.sign_in("anna", "not the password") for _ in range(2 * MAX_FAILURES)
    ]
    assert await asyncio.gather(*guesses) == [None] * (2 * MAX_FAILURES)
    kept = world.desk.store.account("anna")
    assert kept is not None
    assert kept.attempts.failures == MAX_FAILURES


async def test_a_success_forgets_earlier_failures(world: World):
    world.account("anna", Role.REVIEWER)
    browser = Browser(world.app)
    for _ in range(2 * MAX_FAILURES):
        assert (await browser.sign_in("anna", "not the password")).status == 401
        assert (await browser.sign_in("anna", PASSWORD)).status == 303
        world.clock.now += 10.0


async def test_too_many_attempts_are_refused_unlooked_at_and_unrecorded(world: World):
    for _ in range(ATTEMPTS):
        world.desk.access._throttle()
    browser = Browser(world.app)
    assert (await browser.sign_in("nobody", "x")).status == 429
    assert await world.events() == []
    world.clock.now += 60.0
    assert (await browser.sign_in("nobody", "x")).status == 401


async def test_a_session_ends_when_idle(world: World):
    world.account("anna", Role.REVIEWER)
    browser = await world.browser("anna")
    for _ in range(3):
        world.clock.now += CONSOLE.idle_s - 1
        assert (await browser.get("/console")).status == 200
    world.clock.now += CONSOLE.idle_s
    assert (await browser.get("/console")).status == 303


async def test_a_session_ends_after_hours_though_it_is_used(world: World):
    world.account("anna", Role.REVIEWER)
    browser = await world.browser("anna")
    begun = world.clock.now
    while world.clock.now < begun + CONSOLE.session_s:
        assert (await browser.get("/console/account")).status == 200
        world.clock.now += CONSOLE.idle_s - 1
    assert (await browser.get("/console/account")).status == 303


async def test_signing_out_ends_the_session_for_whoever_has_its_cookie(world: World):
    world.account("anna", Role.REVIEWER)
    browser = await world.browser("anna")
    await browser.get("/console")
    copy = Browser(world.app)
    copy.cookies = dict(browser.cookies)
    answer = await browser.post("/console/logout")
    assert answer.header("location") == "/console/login"
    assert SESSION_COOKIE not in browser.cookies
    assert (await copy.get("/console")).status == 303
    assert (await world.events())[-1] == ("admin.logout", "anna", "")


async def test_a_session_dies_with_its_role(world: World):
    world.account("anna", Role.AUDITOR)
    browser = await world.browser("anna")
    assert (await browser.get("/console")).status == 200
    world.desk.store.set_roles(Account("anna", frozenset({Role.OPERATOR})), "stamp")
    assert (await browser.get("/console")).status == 303


async def test_a_session_dies_with_its_account_even_if_the_name_comes_back(world: World):
    world.account("anna", Role.AUDITOR)
    browser = await world.browser("anna")
    assert world.desk.store.remove("anna")
    assert (await browser.get("/console")).status == 303
    world.account("anna", Role.AUDITOR)
    assert (await browser.get("/console")).status == 303


async def test_a_session_begun_while_the_password_changed_counts_for_nothing(world: World):
    world.account("anna", Role.AUDITOR)
    kept = world.desk.store.attempt("anna", world.clock())
    assert kept is not None
    world.desk.store.set_password("anna", kept.password, "another stamp")
    world.desk.store.begin(kept, b"token", world.desk.access._lifetime, world.clock())
    assert world.desk.store.session(b"token", world.desk.access._lifetime, world.clock()) is None


async def test_the_table_holds_nothing_to_sign_in_with(world: World):
    world.account("anna", Role.AUDITOR)
    browser = await world.browser("anna")
    token = browser.cookies[SESSION_COOKIE]
    await world.log.aclose()
    for content in held(world):
        assert token.encode() not in content
        assert PASSWORD.encode() not in content


@pytest.mark.parametrize("token", ["", "0" * 64, "x"])
async def test_a_form_without_its_token_does_nothing(world: World, token: str):
    world.account("anna", Role.REVIEWER)
    browser = await world.browser("anna")
    await browser.get("/console")
    assert (await browser.post("/console/logout", token=token)).status == 403
    assert (await browser.get("/console")).status == 200


async def test_a_form_of_another_session_does_nothing(world: World):
    world.account("anna", Role.REVIEWER)
    world.account("bert", Role.REVIEWER)
    anna, bert = await world.browser("anna"), await world.browser("bert")
    await anna.get("/console")
    await bert.get("/console")
    assert (await anna.post("/console/logout", token=bert.form_token)).status == 403


async def test_a_form_that_another_site_sends_does_nothing(world: World):
    world.account("anna", Role.REVIEWER)
    browser = await world.browser("anna")
    await browser.get("/console")
    answer = await browser.post("/console/logout", sec_fetch_site="cross-site")
    assert answer.status == 403


async def test_a_log_in_form_needs_its_cookie(world: World):
    world.account("anna", Role.REVIEWER)
    browser = Browser(world.app)
    await browser.get("/console/login")
    del browser.cookies[FORM_COOKIE]
    answer = await browser.post("/console/login", {"name": "anna", "password": PASSWORD})
    assert answer.status == 403
    assert SESSION_COOKIE not in browser.cookies
    # The answer is a form that works.
    answer = await browser.post("/console/login", {"name": "anna", "password": PASSWORD})
    assert answer.status == 303


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{}", "application/json", 415),
        (b"name=" + b"x" * 20_000, "application/x-www-form-urlencoded", 413),
        (b"a=1&a=2", "application/x-www-form-urlencoded", 400),
        (b"a=%ff", "application/x-www-form-urlencoded", 400),
        ("a=ä".encode(), "application/x-www-form-urlencoded", 400),
        (b"&".join(b"a%d=" % n for n in range(65)), "application/x-www-form-urlencoded", 400),
    ],
)
async def test_what_is_no_form_is_refused(world: World, body: bytes, kind: str, status: int):
    browser = Browser(world.app)
    answer = await browser.send("POST", "/console/login", body, {"content-type": kind})
    assert answer.status == status


async def test_an_own_password_is_changed_and_ends_every_session(world: World):
    world.account("anna", Role.REVIEWER)
    browser, other = await world.browser("anna"), await world.browser("anna")
    await browser.get("/console/account")
    form = {"password": PASSWORD, "new": NEW, "again": NEW}
    answer = await browser.post("/console/account/password", form)
    assert answer.header("location") == "/console/login"
    assert (await other.get("/console")).status == 303
    assert (await other.sign_in("anna", PASSWORD)).status == 401
    assert (await other.sign_in("anna", NEW)).status == 303
    assert ("admin.password_changed", "anna", "anna") in await world.events()


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"password": "wrong one here", "new": NEW, "again": NEW}, "present password is wrong"),
        ({"password": PASSWORD, "new": NEW, "again": "x"}, "not the same both times"),
        ({"password": PASSWORD, "new": "short", "again": "short"}, "12 characters or more"),
        ({}, "12 characters or more"),
    ],
)
async def test_a_password_is_not_changed_by_a_wrong_form(world: World, form, told: str):
    world.account("anna", Role.REVIEWER)
    browser = await world.browser("anna")
    await browser.get("/console/account")
    answer = await browser.post("/console/account/password", form)
    assert (answer.status, told in answer.words) == (400, True)
    assert (await Browser(world.app).sign_in("anna", PASSWORD)).status == 303


async def test_a_page_is_not_shown_where_the_view_cannot_be_put_on_record(world: World):
    world.account("anna", Role.REVIEWER)
    browser = await world.browser("anna")
    await world.log.aclose()
    answer = await browser.get("/console")
    assert answer.status == 503
    assert "audit: works" not in answer.words


async def test_nobody_signs_in_where_it_cannot_be_put_on_record(world: World):
    world.account("anna", Role.REVIEWER)
    await world.log.aclose()
    browser = Browser(world.app)
    assert (await browser.sign_in("anna", PASSWORD)).status == 503
    assert SESSION_COOKIE not in browser.cookies


@pytest.mark.parametrize(
    "path", ["/console", "/console/login", "/console/no/such", "/console/account"]
)
async def test_every_answer_has_the_headers(world: World, path: str):
    answer = await Browser(world.app).get(path)
    sent = dict(answer.headers)
    assert {name: sent.get(name) for name in HEADERS} == dict(HEADERS)


async def test_the_stylesheet_is_ours_and_loads_nothing(world: World):
    answer = await Browser(world.app).get(FILES["console.css"].address)
    assert (answer.status, answer.header("content-type")) == (200, "text/css; charset=utf-8")
    assert "url(" not in answer.text
    assert "@import" not in answer.text


async def test_a_file_of_the_pages_may_be_kept_and_changes_its_name_when_it_changes(world: World):
    browser = Browser(world.app)
    page = await browser.get("/console/login")
    for file in FILES.values():
        answer = await browser.get(file.address)
        assert answer.body == file.body
        assert answer.header("cache-control") == "public, max-age=31536000, immutable"
    assert FILES["console.css"].address in page.text
    for other in ("/console/static/console.css", "/console/static/..%2fpages.py"):
        assert (await browser.get(other)).status == 404


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", ["/console/nowhere", "/console/records/a/b/c", "/console/.env"])
async def test_who_is_signed_in_and_asks_for_a_page_that_is_not_there_is_on_record(
    world: World, path: str, method: str
):
    world.account("anna", Role.AUDITOR)
    browser = await world.browser("anna")
    answer = await browser.send(method, path, b"", {})
    assert (answer.status, "There is no such page." in answer.words) == (404, True)
    assert await world.events() == [
        ("admin.login", "anna", ""),
        ("admin.refused", "anna", "no-page"),
    ]


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("token", ["", "made up", "a" * 43, "a" * 10_000])
async def test_what_nobody_asks_for_is_not_on_record(world: World, token: str, method: str):
    """Otherwise anybody could fill the log."""
    browser = Browser(world.app)
    browser.cookies = {SESSION_COOKIE: token} if token else {}
    for path in ("/console/nowhere", "/console/records/none", "/console/access"):
        answer = await browser.send(method, path, b"", {})
        assert answer.status in (303, 401, 404)
    assert await world.records() == []


async def test_who_signed_out_is_nobody(world: World):
    world.account("anna", Role.AUDITOR)
    browser = await world.browser("anna")
    await browser.get("/console/account")
    kept = dict(browser.cookies)
    await browser.post("/console/logout")
    browser.cookies = kept
    assert (await browser.get("/console/nowhere")).status == 404
    assert (await world.events())[-1] == ("admin.logout", "anna", "")


async def test_a_refusal_that_cannot_be_put_on_record_is_said_so(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    world.account("anna", Role.AUDITOR)
    browser = await world.browser("anna")

    async def fails(*_: object) -> str:
        raise AuditUnavailable("The audit log cannot be written.")

    monkeypatch.setattr(type(world.desk.journal), "write", fails)
    for path in ("/console/nowhere", "/console/records/none"):
        assert (await browser.get(path)).status == 503


async def test_the_first_page_has_a_slash_or_none(world: World):
    answer = await Browser(world.app).get("/console/")
    assert (answer.status, answer.header("location")) == (303, "/console")


async def test_a_part_of_a_page_is_not_replaced_by_the_page_to_sign_in(world: World):
    answer = await Browser(world.app).get("/console/records", hx_request="true")
    assert answer.status == 401
    assert "no longer signed in" in answer.words
