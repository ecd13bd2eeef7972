"""Servers and anchors on the first page: in words, what fails first, and how old each anchor is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gateway.audit.anchors import FileAnchor, WebhookAnchor
from gateway.audit.sinks.sql import Books
from gateway.console.accounts import Role
from gateway.console.nowadays import anchored, servers
from gateway.routing.health import ServerHealth, Standing, State
from gateway.settings import Anchor, Audit
from tests.console.conftest import World


@pytest.mark.parametrize(
    ("state", "circuit", "tone"),
    [
        (State.UP, "closed", "good"),
        (State.UP, "half_open", "warn"),
        (State.UP, "open", "bad"),
        (State.STALE, "closed", "warn"),
        (State.STALE, "open", "bad"),
        (State.DOWN, "closed", "bad"),
        (State.DOWN, "open", "bad"),
        (State.OTHER_MODEL, "closed", "bad"),
        (State.DRAINING, "closed", "warn"),
    ],
)
def test_a_server_looks_as_well_as_it_is(state: State, circuit: str, tone: str):
    [row] = servers([ServerHealth("pool", 0, Standing("gpu-0", state), circuit, 3)])
    assert (row.upstream, row.server, row.tone, row.in_flight) == ("pool", "gpu-0", tone, 3)


def test_servers_that_are_not_well_come_first():
    well = ServerHealth("a", 0, Standing("one"))
    ill = ServerHealth("z", 0, Standing("two", State.DOWN))
    assert [row.server for row in servers([well, ill])] == ["two", "one"]


def test_each_anchor_says_what_it_holds_and_since_when(filled: World, tmp_path: Path):
    file, hook = tmp_path / "anchors", "https://anchor.example/secret"
    books = Books(filled.url)
    books.note_anchored(FileAnchor("disk", file).key, 100, "2026-09-21T10:00:00.000000Z")
    books.note_anchored(FileAnchor("disk", file).key, 200, "2026-09-21T11:00:00.000000Z")
    other = WebhookAnchor("web", "https://other.example").key
    books.note_anchored(other, 9, "2026-09-21T11:00:00.000000Z")
    books.close()
    configured = (
        Anchor(kind="file", name="disk", path=file),
        Anchor(kind="webhook", name="web", url=hook),
    )
    disk, web = anchored(filled.url, configured)
    assert (disk.name, disk.size, disk.ts) == ("disk", 200, "2026-09-21T11:00:00.000000Z")
    assert (web.name, web.size, web.ts) == ("web", 0, "")
    assert anchored(filled.url, ()) == []


async def test_the_first_page_shows_servers_and_the_age_of_anchors(filled: World, tmp_path: Path):
    filled.clock.now = 1_789_995_600.0  # 2026-09-21T13:00:00Z
    books = Books(filled.url)
    books.note_anchored(FileAnchor("disk", tmp_path).key, 200, "2026-09-21T11:00:00.000000Z")
    books.close()
    anchors = (
        Anchor(kind="file", name="disk", path=tmp_path),
        Anchor(kind="file", name="tape", path=tmp_path / "tape"),
    )
    audit = Audit(url=filled.url, anchors=anchors)
    filled.settings = replace(filled.settings, audit=audit)
    ill = ServerHealth("pool", 0, Standing("gpu-0"), "open", 2)
    object.__setattr__(filled.desk, "servers", lambda: [ill])
    filled.account("otto", Role.OPERATOR)
    answer = await (await filled.browser("otto")).get("/console")
    assert "Anchor disk 2 hours ago" in answer.words
    assert "Anchor tape holds nothing yet" in answer.words
    assert "pool gpu-0 not asked for a while: it failed 2" in answer.words
    assert str(tmp_path) not in answer.text
