"""The console on PostgreSQL, as a login that may write records, keep accounts, and nothing else."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator

import pytest

from gateway.audit import opening
from gateway.audit.record import accepted
from gateway.audit.store import SqlAuditStore
from gateway.console.accounts import Role
from gateway.console.feedbacks import LIFESPAN
from gateway.console.sweeping import sweep
from tests.audit import pg
from tests.audit.content import kept
from tests.audit.records import facts, stamp
from tests.audit.test_postgres_logins import login
from tests.console.browser import Browser
from tests.console.conftest import MASTER, PASSWORD, Clock, World
from tests.console.test_feedback import given
from tests.console.test_unmasking import asked, decide, keep, people, show, steps


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    if reason := pg.reason_to_skip():
        pytest.skip(reason)
    with pg.any_server() as server:
        yield server


@pytest.fixture
def url(server: str) -> Iterator[str]:
    with pg.fresh(server) as fresh:
        opening.migrate(fresh)
        yield fresh


async def test_all_pages_work_for_a_writer_with_the_role_of_the_console(url: str):
    with login(url, "cloakroom_writer", "cloakroom_console") as (_, mine):
        log = SqlAuditStore(mine, MASTER)
        await log.start()
        try:
            record = accepted(facts("req_1"), **stamp())
            await log.append(record)
            world = World(mine, log, Clock())
            world.account("anna", *Role)
            browser = await world.browser("anna")
            for path in (
                "",
                "/records",
                f"/records/{record.event_id}",
                "/policies",
                "/access",
                "/unmask",
                "/feedback",
                "/flow",
                "/exports",
                "/quality",
                "/policies/simulate",
                "/retention",
                "/subjects",
            ):
                answer = await browser.get(f"/console{path}")
                assert answer.status == 200, (path, answer.words)
            await browser.get(f"/console/records/{record.event_id}")
            answer = await browser.post(f"/console/records/{record.event_id}/verify")
            assert "No checkpoint covers this record yet" in answer.words
            honest = await browser.get("/console/retention")
            assert "has to be a member of cloakroom_retention" in honest.words
            saved = await browser.post("/console/records/searches", {"title": "mine"})
            assert saved.status == 303
            assert "mine" in (await browser.get("/console/records")).words
        finally:
            await log.aclose()


async def test_holds_and_erasures_work_for_a_login_that_sees_to_retention_too(url: str):
    roles = ("cloakroom_writer", "cloakroom_console", "cloakroom_retention")
    with login(url, *roles) as (_, mine):
        log = SqlAuditStore(mine, kept.MASTER)
        await log.start()
        try:
            world = World(mine, log, Clock(), master=kept.MASTER)
            one = kept.keeping("req_1", "a@example.com")
            for record in (kept.begun(one, b"sent"), kept.ended(one, b"answered")):
                await log.append(record)
            world.account("anna", *Role)
            browser = await world.browser("anna")
            await browser.get("/console/retention")
            form = {"reason": "case-1", "request_id": "req_1"}
            assert (await browser.post("/console/retention/holds", form)).status == 303
            page = await browser.get("/console/retention")
            assert "acme requests with texts 1 0" in page.words
            [hold] = re.findall(r"hold-[0-9a-f]{12}", page.words)[:1]
            form = {"tenant": "acme", "entity_type": "EMAIL_ADDRESS", "values": "a@example.com"}
            assert "1 request " in (await browser.post("/console/subjects", form)).words
            form |= {"reason": "gdpr-17", "confirm": "1"}
            assert (await browser.post("/console/subjects/erase", form)).status == 409
            assert (await browser.post("/console/retention/release", {"id": hold})).status == 303
            done = await browser.post("/console/subjects/erase", form)
            assert "Certificate of erasure" in done.words
        finally:
            await log.aclose()


async def test_a_writer_without_the_role_lets_nobody_in_and_says_so(url: str):
    with login(url, "cloakroom_writer") as (_, mine):
        log = SqlAuditStore(mine, MASTER)
        await log.start()
        try:
            answer = await Browser(World(mine, log, Clock()).app).sign_in("anna", PASSWORD)
            assert answer.status == 503
            assert "accounts cannot be read" in answer.words
        finally:
            await log.aclose()


async def test_a_sealed_text_comes_out_for_an_approved_request_and_not_before_or_after(url: str):
    with login(url, "cloakroom_writer", "cloakroom_console") as (_, mine):
        log = SqlAuditStore(mine, MASTER)
        await log.start()
        try:
            clock = Clock()
            clock.now = time.time()  # the database looks at its own
            world = World(mine, log, clock)
            record = await keep(world, "req_unmasked")
            anna, bert = await people(world)
            path = await asked(anna, record)
            unmask = world.desk.unmasks.get(path.rpartition("/")[2])
            assert unmask is not None
            assert world.desk.unmasks.sealed(unmask, "") == []
            assert (await decide(bert, path)).status == 303
            seen = await show(anna, path)
            assert "canary-4711" in seen.words
            assert "It is the text that the record commits to." in seen.words
            with world.desk.unmasks.writing() as raw:
                raw.execute("UPDATE console_unmasks SET expires = ?", (clock.now - 1.0,))
            assert world.desk.unmasks.sealed(unmask, "") == []
            assert (await show(anna, path)).status == 409
            assert [kind for kind, _ in await steps(world)] == [
                "unmask.requested",
                "unmask.approved",
                "unmask.performed",
                "unmask.expired",
            ]
        finally:
            await log.aclose()


async def test_of_two_who_decide_at_once_one_wins_there_as_well(url: str):
    with login(url, "cloakroom_writer", "cloakroom_console") as (_, mine):
        log = SqlAuditStore(mine, MASTER)
        await log.start()
        try:
            world = World(mine, log, Clock())
            anna, bert = await people(world)
            world.account("cleo", Role.APPROVER)
            cleo = await world.browser("cleo")
            path = await given(anna)
            await bert.get(path)
            await cleo.get(path)
            assert world.desk.feedback.waiting_for("bert", lambda _: True) == 1
            answers = await asyncio.gather(bert.post(f"{path}/accept"), cleo.post(f"{path}/reject"))
            assert sorted(one.status for one in answers) == [303, 409]
            assert world.desk.feedback.counts(lambda _: True).total() == 1
            assert world.desk.feedback.waiting_for("bert", lambda _: True) == 0
            was_accepted = answers[0].status == 303
            assert len(world.desk.feedback.accepted()) == was_accepted
            assert world.desk.store.remove("anna")
            assert "anna:removed-" in (await bert.get(path)).words
            world.clock.now += LIFESPAN.approved_s
            await sweep(world.desk)
            assert world.desk.feedback.every() == []
        finally:
            await log.aclose()
