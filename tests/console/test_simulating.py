"""Policies compared by meaning and simulated from the page, beside the gateway and in bounds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from gateway.audit import store
from gateway.audit.evidence.policies import keep_policy
from gateway.audit.reading import PolicyFile
from gateway.audit.store import SqlAuditStore
from gateway.console import asides, policies, replaying
from gateway.console.accounts import Role
from gateway.errors import AuditUnavailable, Overloaded, Unavailable
from gateway.strictyaml import loads
from tests.cli.test_policy_simulate import OLD, OPEN, STRICTER, fill
from tests.console.browser import Browser
from tests.console.conftest import MASTER, POLICY, Clock, World

PATH = "/console/policies/simulate"
NEW = "b" * 64
LEAF = "version: 1\nid: leaf\nextends: {name}\nrules:\n  - {{name: rest2, effect: mask}}\n"


@pytest.fixture
async def asked(tmp_path: Path) -> AsyncIterator[World]:
    """A console on a log of seven requests of two tenants."""
    url = f"sqlite:///{tmp_path}/audit.db"
    await fill(tmp_path, OLD, SqlAuditStore(url, MASTER))
    log = SqlAuditStore(url, MASTER)
    await log.start()
    keep_policy(url, POLICY, [PolicyFile("old.yaml", OLD)])
    keep_policy(url, NEW, [PolicyFile("open.yaml", OPEN)])
    yield World(url, log, Clock())
    await log.aclose()


async def signed_in(world: World, *tenants: str) -> Browser:
    world.account("otto", Role.OPERATOR, tenants=tenants)
    browser = await world.browser("otto")
    await browser.get(PATH)
    return browser


def job(world: World, **more: Any) -> dict[str, Any]:
    return {
        "task": "simulate", "policy": {"pasted": OPEN}, "base": [["old.yaml", OLD]],
        "url": world.url, "since": None, "until": None, "tenants": [], **more,
    }  # fmt: skip


# ---- what is worked out --------------------------------------------------------------------------


async def test_the_requests_on_record_are_decided_again(asked: World):
    found = await asyncio.to_thread(replaying.run, job(asked))
    assert (found["read"], found["replayed"], found["undecided"]) == (7, 6, 1)
    assert found["more"] > 0
    assert found["whole"]
    assert {name: count for name, count, _ in found["changes"]}["newly allowed"] > 0
    assert sum(count for _, count, _ in found["changes"]) == 6
    assert {row[0] for row in found["tenants"]} == {"acme", "globex"}
    assert [row[2] for row in found["types"]] == sorted(
        (r[2] for r in found["types"]), reverse=True
    )


async def test_only_the_tenants_that_are_named_are_read(asked: World):
    found = await asyncio.to_thread(replaying.run, job(asked, tenants=["globex"]))
    assert [row[0] for row in found["tenants"]] == ["globex"]
    assert found["read"] == 3


async def test_what_takes_too_long_is_stopped_and_says_so(
    asked: World, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(store, "stream_records", partial(store.stream_records, page=1))
    found = await asyncio.to_thread(replaying.run, job(asked, seconds=-1.0))
    assert not found["whole"]
    assert found["read"] == 1
    assert found["last"]


@pytest.mark.parametrize("name", ["old.yaml", "./old.yaml", "base-sme", "strict"])
def test_a_pasted_policy_extends_the_one_in_force_and_shipped_ones(name: str):
    shipped = replaying.shipped_policies()
    name = name if name.endswith(".yaml") else shipped[len(name) % len(shipped)]
    text = LEAF.format(name=name)
    policy = replaying._policy({"pasted": text}, [["old.yaml", OLD]])
    assert policy.id == "leaf"
    assert len(policy.rules) > 1


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../../etc/passwd", "https://example.com/p.yaml", "nothing", '""']
)
def test_a_pasted_policy_reads_no_file_of_the_machine(name: str):
    given = {"task": "simulate", "policy": {"pasted": LEAF.format(name=name)}, "base": []}
    [problem] = replaying.run(given)["problems"]
    assert "there is no such policy here" in problem
    assert "/" not in problem


@pytest.mark.usefixtures("few")
def test_a_policy_that_extends_itself_comes_to_an_end():
    text = LEAF.format(name="old.yaml")
    base = [["old.yaml", LEAF.format(name="old.yaml")]]
    assert "problems" in replaying.run({"task": "compare", "policy": {"pasted": text},
                                        "base": base, "against": {"files": base}})  # fmt: skip


@pytest.mark.parametrize("text", ["a: [", "version: 1\n", "{}", "\u202e", "version: 99"])
def test_a_text_that_is_no_policy_is_told_what_is_wrong(text: str):
    given = {"task": "simulate", "policy": {"pasted": text}, "base": []}
    problems = replaying.run(given)["problems"]
    assert problems
    assert all(one.startswith(replaying.PASTED) for one in problems)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer types than there are: comparing takes the less time."""
    monkeypatch.setattr(replaying, "_KNOWN", frozenset({"PERSON", "CREDIT_CARD", "IBAN_CODE"}))


@pytest.mark.usefixtures("few")
def test_what_a_policy_sends_more_and_less_is_in_words():
    old, new = {"files": [["old.yaml", OLD]]}, {"files": [["new.yaml", STRICTER]]}
    found = replaying.run({"task": "compare", "policy": new, "against": old, "base": []})
    assert found["more"] == []
    assert found["less"]
    back = replaying.run({"task": "compare", "policy": old, "against": new, "base": []})
    assert back["more"]
    assert back["all_more"] == len(back["more"])
    same = replaying.run({"task": "compare", "policy": old, "against": old, "base": []})
    assert (same["more"], same["less"]) == ([], [])


def test_kept_files_are_read_with_those_that_they_extend():
    files = [["leaf.yaml", LEAF.format(name="old.yaml")], ["old.yaml", OLD]]
    assert len(replaying._policy({"files": files}, []).rules) == 1 + OLD.count("name:")
    assert loads(OLD.encode(), "old.yaml").data["id"] == "old"


# ---- the process beside --------------------------------------------------------------------------


async def test_a_job_is_done_in_a_process_of_its_own(asked: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CLOAKROOM_MASTER_KEY", "not a key")
    assert (await asides.work_out(job(asked)))["replayed"] == 6


@pytest.mark.parametrize(
    ("module", "seconds", "error"),
    [
        ("gateway.console.nothing", 60.0, Unavailable),
        ("gateway.console.replaying", 0.0, Unavailable),
    ],
)
async def test_a_process_that_fails_or_takes_too_long_is_given_up(
    asked: World, monkeypatch: pytest.MonkeyPatch, module: str, seconds: float, error: type
):
    monkeypatch.setattr(asides, "_MODULE", module)
    with pytest.raises(error):
        await asides.work_out(job(asked), seconds)


async def test_a_log_that_cannot_be_read_is_told(asked: World, tmp_path: Path):
    with pytest.raises(AuditUnavailable):
        await asides.work_out(job(asked, url=f"sqlite:///{tmp_path}/none.db"))


async def test_two_are_not_worked_out_at_once(asked: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(asides, "_ONE", asyncio.Semaphore(0))
    with pytest.raises(Overloaded):
        await asides.work_out(job(asked))


# ---- the pages -----------------------------------------------------------------------------------


@pytest.fixture
def inside(few: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The jobs of pages done in this process: it takes a second less each."""

    async def work_out(given: dict[str, Any]) -> dict[str, Any]:
        return await asyncio.to_thread(replaying.run, given)

    monkeypatch.setattr("gateway.console.simulating.work_out", work_out)
    monkeypatch.setattr("gateway.console.policies.work_out", work_out)
    policies._MEANINGS.clear()


@pytest.mark.parametrize(
    ("form", "target"),
    [
        ({"candidate": "pasted", "text": OPEN}, "simulate/pasted"),
        ({"candidate": NEW}, f"simulate/{NEW[:32]}"),
    ],
)
@pytest.mark.usefixtures("inside")
async def test_the_page_shows_what_would_change_and_stores_nothing(
    asked: World, form: dict[str, str], target: str
):
    browser = await signed_in(asked)
    before = len(await asked.records())
    answer = await browser.post(PATH, form)
    assert answer.status == 200
    assert "would send more" in answer.words
    assert "newly allowed" in answer.words
    assert "globex" in answer.words
    assert len(await asked.records()) == before + 1
    assert (await asked.events())[-1] == ("audit.searched", "otto", target)


@pytest.mark.usefixtures("inside")
async def test_a_shipped_policy_can_be_simulated_by_its_name(asked: World):
    name = replaying.shipped_policies()[0]
    browser = await signed_in(asked)
    assert (await browser.post(PATH, {"candidate": f"shipped:{name}"})).status == 200


@pytest.mark.usefixtures("inside")
async def test_a_bound_account_learns_nothing_of_other_tenants(asked: World):
    browser = await signed_in(asked, "globex")
    answer = await browser.post(PATH, {"candidate": NEW})
    assert "acme" not in answer.words
    assert "of 3 requests" in answer.words
    assert (await browser.post(PATH, {"candidate": NEW, "tenant": "acme"})).status == 404


@pytest.mark.usefixtures("inside")
async def test_problems_of_a_pasted_policy_are_shown_and_nothing_in_it_runs(asked: World):
    browser = await signed_in(asked)
    text = "</textarea><script>alert(1)</script>"
    answer = await browser.post(PATH, {"candidate": "pasted", "text": text})
    assert answer.status == 400
    assert "The policy is wrong" in answer.words
    assert "<script>" not in answer.text
    assert all("script" not in str(one) for one in await asked.records())


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({}, 400),
        ({"candidate": "pasted", "text": " \n"}, 400),
        ({"candidate": "shipped:../../etc/passwd"}, 400),
        ({"candidate": "shipped:"}, 400),
        ({"candidate": "x"}, 400),
        ({"candidate": "c" * 64}, 404),
        ({"candidate": NEW, "since": "yesterday"}, 400),
    ],
)
@pytest.mark.usefixtures("inside")
async def test_a_form_that_names_no_policy_or_period_is_refused(
    asked: World, form: dict[str, str], status: int
):
    browser = await signed_in(asked)
    assert (await browser.post(PATH, form)).status == status
    assert not [one for one in await asked.events() if one[0] == "audit.searched"]


@pytest.mark.usefixtures("inside")
async def test_what_a_change_means_is_worked_out_when_asked_for_and_then_known(
    asked: World, monkeypatch: pytest.MonkeyPatch
):
    browser = await signed_in(asked)
    address = f"/console/policies/{NEW}?against={POLICY}"
    assert "Work out what it means" in (await browser.get(address)).words
    answer = await browser.get(f"{address}&meaning=yes")
    assert "Sent more" in answer.words

    async def fail(_: object) -> None:
        raise AssertionError("it is known")

    monkeypatch.setattr("gateway.console.policies.work_out", fail)
    assert "Sent more" in (await browser.get(address)).words


@pytest.mark.usefixtures("inside")
async def test_a_policy_of_another_version_has_no_meaning_here(asked: World):
    keep_policy(asked.url, "f" * 64, [PolicyFile("x.yaml", "version: 99\n")])
    browser = await signed_in(asked)
    answer = await browser.get(f"/console/policies/{NEW}?against={'f' * 64}&meaning=yes")
    assert "It cannot be told" in answer.words
    assert "version: 99" in answer.words
