"""Exports: an evidence pack that is whole, on record and within bounds, and what was taken."""

from __future__ import annotations

import asyncio
import io
import json
import tempfile
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest

from gateway.console import exports
from gateway.console.accounts import Role
from gateway.errors import AuditUnavailable
from tests.console.browser import Browser
from tests.console.conftest import World

PATH, PACK = "/console/exports", "/console/exports/pack"


async def signed_in(world: World, *tenants: str) -> Browser:
    world.account("anna", Role.AUDITOR, tenants=tenants)
    browser = await world.browser("anna")
    await browser.get(PATH)
    return browser


def unpacked(body: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(body)) as found:
        assert found.testzip() is None
        return {one.removeprefix("evidence/"): found.read(one) for one in found.namelist()}


async def test_a_pack_is_whole_and_names_the_record_that_says_it_was_made(filled: World):
    browser = await signed_in(filled)
    answer = await browser.post(PACK)
    assert answer.status == 200
    assert answer.header("content-length") == str(len(answer.body))
    files = unpacked(answer.body)
    manifest = json.loads(files["manifest.json"])
    assert manifest["records"] == 200
    for name, facts in manifest["files"].items():
        assert sha256(files[name]).hexdigest() == facts["sha256"]
    [made] = [one for one in await filled.records() if one["event_id"] == manifest["exported_as"]]
    assert (made["type"], made["target"]) == ("audit.exported", "evidence:/")
    assert "evidence:/" in (await browser.get(PATH)).words


async def test_a_pack_is_of_the_period_that_was_asked_for(filled: World):
    browser = await signed_in(filled)
    answer = await browser.post(PACK, {"since": "2026-09-22", "until": "2026-09-30"})
    assert json.loads(unpacked(answer.body)["manifest.json"])["records"] == 0
    target = "evidence:2026-09-22T00:00:00.000000Z/2026-10-01T00:00:00.000000Z"
    assert ("audit.exported", "anna", target) in await filled.events()


async def test_nothing_is_left_on_the_disk(
    filled: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    browser = await signed_in(filled)
    assert (await browser.post(PACK)).status == 200
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("form", [{"since": "yesterday"}, {"until": "2026-02-31"}])
async def test_a_period_that_cannot_be_is_refused_before_anything_is_built(
    filled: World, form: dict[str, str]
):
    browser = await signed_in(filled)
    assert (await browser.post(PACK, form)).status == 400
    assert not [one for one in await filled.events() if one[0] == "audit.exported"]


async def test_a_log_that_signs_nothing_has_no_evidence(world: World):
    browser = await signed_in(world)
    answer = await browser.post(PACK)
    assert answer.status == 400
    assert "signs nothing yet" in answer.words


async def test_a_period_with_too_many_records_is_for_the_command_line(
    filled: World, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(exports, "MOST_RECORDS", 100)
    answer = await (await signed_in(filled)).post(PACK)
    assert answer.status == 400
    assert "cloakroom audit evidence" in answer.words


async def test_an_account_of_one_tenant_gets_no_pack_of_all(filled: World):
    browser = await signed_in(filled, "acme")
    assert PACK not in (await browser.get(PATH)).text
    assert (await browser.post(PACK)).status == 404
    assert not [one for one in await filled.events() if one[0] == "audit.exported"]


async def test_two_packs_are_not_built_at_once(filled: World, monkeypatch: pytest.MonkeyPatch):
    browser = await signed_in(filled)
    monkeypatch.setattr(exports, "_BUILDING", asyncio.Semaphore(0))
    assert (await browser.post(PACK)).status == 429


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (OSError(28, "/secret/place"), "the disk may be full"),
        (exports.EvidenceError("x"), "cloakroom audit verify"),
        (AuditUnavailable("The audit log cannot be read."), "cannot be read"),
    ],
)
async def test_a_pack_that_cannot_be_made_is_told_in_words_of_ours(
    filled: World, monkeypatch: pytest.MonkeyPatch, fault: Exception, words: str
):
    def fail(*_: object) -> None:
        raise fault

    monkeypatch.setattr(exports, "write_pack", fail)
    answer = await (await signed_in(filled)).post(PACK)
    assert answer.status == 503
    assert words in answer.words
    assert "secret" not in answer.text


async def test_without_a_record_nothing_is_handed_out(
    filled: World, monkeypatch: pytest.MonkeyPatch
):
    browser = await signed_in(filled)

    async def refuse(_: object) -> None:
        raise AuditUnavailable("The audit log cannot be written.")

    monkeypatch.setattr(filled.log, "append", refuse)
    answer = await browser.post(PACK)
    assert answer.status == 503
    assert b"PK" not in answer.body[:2]


async def test_what_others_took_of_other_tenants_is_not_shown(filled: World):
    anna = await signed_in(filled)
    await anna.post("/console/records/export", {"format": "csv", "tenant": "globex"})
    await anna.post("/console/records/export", {"format": "ocsf", "tenant": "acme"})
    filled.account("bert", Role.REVIEWER, tenants=("acme",))
    page = await (await filled.browser("bert")).get(PATH)
    assert "ocsf/tenant" in page.words
    assert "csv/tenant" not in page.words


async def test_a_page_on_paper_says_who_printed_it_and_when(filled: World):
    page = await (await signed_in(filled)).get(PATH)
    assert "printed by anna · 2027-01-15 08:00 UTC" in page.words
