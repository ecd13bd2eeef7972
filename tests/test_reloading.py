"""Changed policy files are taken into force whole, or not at all, and both are on record."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from gateway.audit.facts import EventType, Origin
from gateway.audit.record import AuditRecord
from gateway.errors import AuditUnavailable
from gateway.exchange import origin
from gateway.policy.files import Look, PolicyStore
from gateway.recording import Recorder
from gateway.reloading import PolicyReloader

GOOD = "version: 1\nid: p\nrules:\n  - {name: rest, effect: mask}\n"
OTHER = GOOD + "  - {name: never, effect: mask}\n"
BAD = "version: 1\nid: p\nrules: []\n"
NEVER = 3600.0  # seconds: the test asks itself


def nothing() -> Origin:
    return origin("")


class Sink:
    ready = True

    def __init__(self) -> None:
        self.records: list[AuditRecord] = []
        self.written = asyncio.Event()
        self.down = False

    async def append(self, record: AuditRecord) -> None:
        if self.down:
            raise AuditUnavailable("down")
        self.records.append(record)
        self.written.set()


class World:
    def __init__(self, folder: Path) -> None:
        self.file = folder / "p.yaml"
        self.file.write_text(GOOD)
        self.store = PolicyStore([self.file])
        self.sink = Sink()
        self.reloader = PolicyReloader(
            self.store, Recorder(self.sink), nothing, interval_s=NEVER, settle_s=0
        )

    @property
    def events(self) -> list[tuple[EventType, str]]:
        return [(one.type, one.target) for one in self.sink.records]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


async def test_nothing_changed(world: World):
    assert await world.reloader.check() is False
    assert world.events == []


async def test_a_change_is_in_force_and_on_record(world: World):
    before = world.store.current
    world.file.write_text(OTHER)
    assert await world.reloader.check() is True
    now = world.store.current
    assert [rule.name for rule in now.rules] == ["rest", "never"]
    assert [rule.name for rule in before.rules] == ["rest"]  # whoever took it keeps it
    assert world.events == [(EventType.POLICY_CHANGED, now.digest)]


async def test_a_bad_file_keeps_the_old_policy_and_says_so_once(world: World):
    before = world.store.current
    world.file.write_text(BAD)
    assert await world.reloader.check() is False
    assert world.store.current is before
    assert [problem.key for problem in world.store.problems] == ["rules"]
    assert world.events == [(EventType.POLICY_REJECTED, before.digest)]
    assert await world.reloader.check() is False
    assert len(world.events) == 1
    world.file.write_text(GOOD)
    assert await world.reloader.check() is False
    assert world.store.current.digest == before.digest


async def test_files_put_back_to_what_is_in_force_are_said_so_once(world: World):
    before = world.store.current.digest
    rejected = (EventType.POLICY_REJECTED, before)
    world.file.write_text(BAD)
    with capture_logs() as lines:
        for _ in range(2):
            await world.reloader.check()
        assert [one["event"] for one in lines] == ["policy_rejected"]
        world.file.write_text(GOOD)
        for _ in range(2):
            assert await world.reloader.check() is False
    assert [one["event"] for one in lines] == ["policy_rejected", "policy_restored"]
    assert lines[-1]["policy_digest"] == before
    assert world.store.problems == ()
    assert world.events == [rejected]
    world.file.write_text(BAD)
    await world.reloader.check()
    assert world.events == [rejected, rejected]  # the same mistake, made again


async def test_a_mistake_that_is_mended_otherwise_is_a_change(world: World):
    world.file.write_text(BAD)
    await world.reloader.check()
    world.file.write_text(OTHER)
    with capture_logs() as lines:
        assert await world.reloader.check() is True
        await world.reloader.check()
    assert [one["event"] for one in lines] == ["policy_changed"]


async def test_a_missing_file_is_said_once_too(world: World):
    world.file.unlink()
    assert await world.reloader.check() is False
    assert await world.reloader.check() is False
    assert [kind for kind, _ in world.events] == [EventType.POLICY_REJECTED]


async def test_a_change_of_an_extended_file_counts(tmp_path: Path):
    base = tmp_path / "base.yaml"
    world = World(tmp_path)
    base.write_text(GOOD.replace("id: p", "id: base").replace("rest", "base-rest"))
    world.file.write_text("version: 1\nid: p\nextends: base.yaml\n")
    assert await world.reloader.check() is True
    base.write_text(OTHER.replace("id: p", "id: base"))
    assert await world.reloader.check() is True
    assert [rule.name for rule in world.store.current.rules] == ["rest", "never"]


class Written(PolicyStore):
    """Files that somebody writes: after each look the next step of it is done."""

    def __init__(self, paths: list[Path], steps: list[Callable[[], object]]) -> None:
        super().__init__(paths)
        self.steps = steps

    def look(self) -> Look:
        look = super().look()
        if self.steps:
            self.steps.pop(0)()
        return look


async def test_half_a_file_is_not_taken_for_the_whole(world: World):
    """The first half reads well, and lacks the denial that comes last."""
    denies = "  - {name: no-cards, when: {any_of: [payment]}, effect: deny, reason: No.}\n"
    half = "version: 1\nid: p\nrules:\n"
    whole = half + denies + "  - {name: rest, effect: mask}\n"
    world.file.write_text(whole)
    store = Written([world.file], [])
    reloader = PolicyReloader(store, Recorder(world.sink), nothing, interval_s=NEVER, settle_s=0)
    changed = OTHER + denies
    world.file.write_text("")  # an editor empties the file, then writes it in two pieces
    store.steps += [
        lambda: world.file.write_text(OTHER),
        lambda: world.file.write_text(changed),
    ]
    assert await reloader.check() is True
    assert [rule.name for rule in store.current.rules] == ["rest", "never", "no-cards"]
    assert [kind for kind, _ in world.events] == [EventType.POLICY_CHANGED]


async def test_a_change_that_is_taken_back_is_none(world: World):
    store = Written([world.file], [lambda: world.file.write_text(GOOD)])
    reloader = PolicyReloader(store, Recorder(world.sink), nothing, interval_s=NEVER, settle_s=0)
    world.file.write_text(OTHER)
    assert await reloader.check() is False
    assert world.events == []


async def test_a_folder_that_is_swapped_by_a_link_is_read_from_one_side(tmp_path: Path):
    """As volumes of configuration are: files are links through a link that is replaced at once."""
    base = GOOD.replace("id: p", "id: base").replace("rest", "base-rest")
    for name, rules in (("old", base), ("new", base.replace("base-rest", "other-rest"))):
        (tmp_path / name).mkdir()
        (tmp_path / name / "base.yaml").write_text(rules)
        own = GOOD.replace("rest", f"{name}-own")
        (tmp_path / name / "p.yaml").write_text(own.replace("id: p", "id: p\nextends: base.yaml"))
    (tmp_path / "data").symlink_to("old")
    for name in ("p.yaml", "base.yaml"):
        (tmp_path / name).symlink_to(f"data/{name}")

    def swap() -> None:
        (tmp_path / "next").symlink_to("new")
        os.replace(tmp_path / "next", tmp_path / "data")

    sink = Sink()
    store = PolicyStore([tmp_path / "p.yaml"])
    reloader = PolicyReloader(store, Recorder(sink), nothing, interval_s=NEVER, settle_s=0)
    swap()
    assert await reloader.check() is True
    assert [rule.name for rule in store.current.rules] == ["new-own", "other-rest"]


async def test_a_log_that_is_down_does_not_stop_the_change(world: World):
    world.sink.down = True
    world.file.write_text(OTHER)
    assert await world.reloader.check() is True


async def test_a_signal_makes_it_look_at_once(world: World):
    async with world.reloader.running():
        world.file.write_text(OTHER)
        os.kill(os.getpid(), signal.SIGHUP)
        async with asyncio.timeout(120):
            await world.sink.written.wait()
    assert world.events == [(EventType.POLICY_CHANGED, world.store.current.digest)]


async def test_it_looks_by_itself(tmp_path: Path):
    world = World(tmp_path)
    reloader = PolicyReloader(
        world.store, Recorder(world.sink), nothing, interval_s=0.01, settle_s=0
    )
    async with reloader.running():
        world.file.write_text(OTHER)
        async with asyncio.timeout(120):
            await world.sink.written.wait()
    assert [kind for kind, _ in world.events] == [EventType.POLICY_CHANGED]
