"""Retention and holds: what is kept, due, gone and missing, and holds that go on record first."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.audit.content.store import open_content
from gateway.audit.evidence.policies import keep_policy
from gateway.audit.reading import PolicyFile, open_log
from gateway.audit.store import SqlAuditStore
from gateway.console.accounts import Role
from gateway.errors import AuditUnavailable
from gateway.settings import Audit, Upstream
from gateway.types import UpstreamClass
from gateway.vault.sql import kept
from tests.audit.logs import MASTER, START_MS, bodies, make_log
from tests.console.browser import Browser
from tests.console.conftest import POLICY, Clock, World

PATH, SET, LIFT = "/console/retention", "/console/retention/holds", "/console/retention/release"
MANY = "\n".join(map(str, range(201)))
POLICY_TEXT = """\
version: 1
id: base
rules:
  - {name: all, effect: mask}
record: {content: masked, subjects: [EMAIL_ADDRESS], retention_days: 12}
"""


async def signed_in(world: World, role: Role, name: str = "anna", *tenants: str) -> Browser:
    world.account(name, role, tenants=tenants)
    browser = await world.browser(name)
    await browser.get(PATH)
    return browser


def holds(world: World) -> list[tuple[str, str | None, str, bool, bool]]:
    with open_content(world.url, MASTER) as content:
        return [
            (one.tenant, one.request_id, one.reason, one.subject, one.released is not None)
            for one in content.holds(released=True)
        ]


def written(world: World) -> bytes:
    file = Path(world.url.removeprefix("sqlite:///"))
    return b"".join(one.read_bytes() for one in file.parent.glob("audit.db*") if one.is_file())


async def test_the_page_says_for_how_long_what_is_kept(world: World):
    keep_policy(world.url, POLICY, [PolicyFile("base.yaml", POLICY_TEXT)])
    answer = await (await signed_in(world, Role.OPERATOR)).get(PATH)
    for words in (
        "Records until somebody deletes it", "Masked texts, sealed 12 days",
        "Index of persons' values 12 days", "Stored answers 30 days", "EMAIL_ADDRESS",
        "Due to go none", "Nothing is on hold",
    ):  # fmt: skip
        assert words in answer.words
    assert ("audit.viewed", "anna", "retention") in await world.events()


@pytest.mark.parametrize("text", ["", "version: 99\n"])
async def test_a_policy_that_is_not_kept_or_of_another_version_is_said_to_be(
    world: World, text: str
):
    if text:
        keep_policy(world.url, POLICY, [PolicyFile("base.yaml", text)])
    answer = await (await signed_in(world, Role.OPERATOR)).get(PATH)
    assert "Texts and index not known" in answer.words


async def test_what_is_due_what_is_in_the_way_and_what_went_is_shown(tmp_path: Path):
    made = make_log(tmp_path / "audit.db", bodies(600), [600])
    log = SqlAuditStore(made.url, MASTER)
    await log.start()
    world = World(made.url, log, Clock())
    world.settings = replace(world.settings, audit=Audit(url=made.url, retention_days=1))
    world.clock.now = START_MS / 1000 + 10 * 86_400
    browser = await signed_in(world, Role.APPROVER)
    assert "Due to go about 512" in (await browser.get(PATH)).words
    await browser.post(SET, {"reason": "case-1", "request_id": "req_10"})
    answer = await browser.get(PATH)
    assert "Due to go about 0" in answer.words
    assert "a legal hold, from leaf 20 on" in answer.words
    await log.aclose()


async def test_records_that_are_missing_show_as_a_gap(filled: World):
    with open_log(filled.url) as log:
        assert log.gaps() == {}
    connection = sqlite3.connect(filled.url.removeprefix("sqlite:///"), isolation_level=None)
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
        connection.execute(f"DROP TRIGGER {name}")
    connection.execute("DELETE FROM audit_records WHERE seq IN (42, 43)")
    connection.close()
    answer = await (await signed_in(filled, Role.AUDITOR)).get(PATH)
    assert "2 records of 1 writers" in answer.words


async def test_a_hold_is_on_record_before_it_is_set_and_before_it_is_lifted(filled: World):
    browser = await signed_in(filled, Role.APPROVER)
    answer = await browser.post(SET, {"reason": "case-7", "tenant": "acme", "request_id": "req_1"})
    assert (answer.status, answer.header("location")) == (303, PATH)
    assert holds(filled) == [("acme", "req_1", "case-7", False, False)]
    page = await browser.get(PATH)
    with open_content(filled.url, MASTER) as content:
        [hold] = content.holds()
    assert hold.hold_id in page.words
    assert (await browser.post(LIFT, {"id": hold.hold_id})).status == 303
    assert holds(filled) == [("acme", "req_1", "case-7", False, True)]
    found = [one for one in await filled.records() if one["type"].startswith("hold.")]
    assert [one["type"] for one in found] == ["hold.set", "hold.released"]
    assert [one["target"] for one in found] == ["case-7", hold.hold_id]


async def test_without_a_record_no_hold_is_set_or_lifted(
    filled: World, monkeypatch: pytest.MonkeyPatch
):
    browser = await signed_in(filled, Role.APPROVER)
    await browser.post(SET, {"reason": "case-7", "tenant": "acme"})
    with open_content(filled.url, MASTER) as content:
        [hold] = content.holds()

    async def refuse(_: object) -> None:
        raise AuditUnavailable("The audit log cannot be written.")

    monkeypatch.setattr(filled.log, "append", refuse)
    assert (await browser.post(SET, {"reason": "case-8", "tenant": "acme"})).status == 503
    assert (await browser.post(LIFT, {"id": hold.hold_id})).status == 503
    assert holds(filled) == [("acme", None, "case-7", False, False)]


async def test_a_hold_on_a_person_keeps_no_value_of_theirs(filled: World):
    browser = await signed_in(filled, Role.APPROVER)
    form = {
        "reason": "case-9", "tenant": "acme", "entity_type": "EMAIL_ADDRESS",
        "values": "anna@example.net\n\n Anna@Example.net \n",
    }  # fmt: skip
    assert (await browser.post(SET, form)).status == 303
    assert [one[:4] for one in holds(filled)] == [("acme", None, "case-9", True)] * 2
    assert b"example.net" not in written(filled)
    assert all("example.net" not in str(one).lower() for one in await filled.records())


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"reason": "Anna Schmidt"},
        {"reason": "c", "tenant": "a b"},
        {"reason": "c", "tenant": "acme", "entity_type": "EMAIL_ADDRESS"},
        {"reason": "c", "tenant": "acme", "values": "x"},
        {"reason": "c", "entity_type": "EMAIL_ADDRESS", "values": "x"},
        {"reason": "c", "tenant": "acme", "entity_type": "e-mail", "values": "x"},
        {"reason": "c", "tenant": "nobody"},
        {"reason": "c", "request_id": "req_999"},
        {"reason": "c", "tenant": "globex", "request_id": "req_1"},
        {"reason": "c", "tenant": "acme", "entity_type": "X", "values": MANY},
    ],
)
async def test_a_hold_that_makes_no_sense_or_would_hold_nothing_is_not_set(
    filled: World, form: dict[str, str]
):
    browser = await signed_in(filled, Role.APPROVER)
    answer = await browser.post(SET, form)
    assert answer.status == 400
    assert "Anna Schmidt" not in answer.text
    assert holds(filled) == []
    assert [one for one in await filled.events() if one[0] == "hold.set"] == []


async def test_a_name_that_is_not_there_yet_can_be_held_when_one_says_so(filled: World):
    browser = await signed_in(filled, Role.APPROVER)
    form = {"reason": "c", "tenant": "nobody", "anyway": "yes"}
    assert (await browser.post(SET, form)).status == 303
    assert holds(filled) == [("nobody", None, "c", False, False)]


async def test_a_bound_account_sees_sets_and_lifts_holds_of_its_tenants_alone(filled: World):
    with open_content(filled.url, MASTER) as content:
        [everything] = content.hold(reason="all-of-it")
        [foreign] = content.hold(reason="theirs", tenant="globex")
    browser = await signed_in(filled, Role.APPROVER, "bert", "acme")
    await browser.post(SET, {"reason": "ours", "tenant": "acme"})
    page = await browser.get(PATH)
    assert "ours" in page.words
    assert "theirs" not in page.words
    assert "all-of-it" not in page.words
    for form in ({"reason": "c", "tenant": "globex"}, {"reason": "c"}):
        assert (await browser.post(SET, form)).status == 404
    for which in (everything, foreign, "hold-none"):
        assert (await browser.post(LIFT, {"id": which})).status == 404
    assert [one[-1] for one in holds(filled)] == [False, False, False]


async def test_what_the_vault_keeps_is_shown_by_tenant(filled: World):
    with kept(filled.url) as connection, connection.transaction() as raw:
        raw.execute(
            "INSERT INTO vault_items (owner, kind, name, tenant, request_id, created, expires, "
            "sealed) VALUES (?, 'response', 'n', 'acme', 'r', 1, 2, ?)",
            (b"o", b"s"),
        )
    anna = await signed_in(filled, Role.AUDITOR)
    bert = await signed_in(filled, Role.AUDITOR, "bert", "globex")
    assert "acme vault: response 1 1" in (await anna.get(PATH)).words
    assert "vault: response" not in (await bert.get(PATH)).words


async def test_a_login_that_may_not_look_at_content_gets_an_honest_page(
    filled: World, monkeypatch: pytest.MonkeyPatch
):
    def refuse(*_: object) -> None:
        raise AuditUnavailable("The audit log cannot be written.")

    monkeypatch.setattr("gateway.console.retention.open_content", refuse)
    answer = await (await signed_in(filled, Role.APPROVER)).get(PATH)
    assert answer.status == 200
    assert "has to be a member of cloakroom_retention" in answer.words
    assert "Due to go not known" in answer.words
    assert SET not in answer.text


async def test_upstreams_are_those_in_force(world: World):
    browser = await signed_in(world, Role.OPERATOR)
    assert "At the upstream cloud" not in (await browser.get(PATH)).text
    cloud = Upstream(name="cloud", kind="openai", upstream_class=UpstreamClass.EXTERNAL)
    world.settings = replace(world.settings, upstreams=(cloud,))
    assert "At the upstream cloud" in (await browser.get(PATH)).text
