"""A changed list of upstreams is taken into force whole, or not at all, and both are on record."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from gateway.audit.facts import EventType
from gateway.audit.record import AuditRecord
from gateway.config import load
from gateway.errors import AuditUnavailable, ConfigError, Problem
from gateway.reconfiguring import REJECTED, RESTART, Source, UpstreamReloader
from gateway.recording import Recorder
from gateway.settings import Settings

A = "  - {name: a, kind: loopback, class: on_prem}\n"
B = "  - {name: b, kind: loopback, class: external}\n"
KEYED = (
    "  - {name: k, kind: openai, class: external, base_url: 'https://x', api_key: '${file:k}'}\n"
)
NEVER = 3600.0  # seconds: the test asks itself


class Sink:
    ready = True

    def __init__(self) -> None:
        self.records: list[AuditRecord] = []
        self.down = False

    async def append(self, record: AuditRecord) -> None:
        if self.down:
            raise AuditUnavailable("down")
        self.records.append(record)


class World:
    def __init__(self, folder: Path, upstreams: str = A) -> None:
        self.file = folder / "cloakroom.yaml"
        self.write(upstreams)
        self.settings = load(self.file, os.environ)
        self.sink = Sink()
        self.applied: list[Settings] = []
        self.refuses = False
        self.changed = asyncio.Event()
        self.reloader = self.made(NEVER)

    def made(self, interval_s: float) -> UpstreamReloader:
        source = Source(self.file, partial(load, self.file, os.environ))
        return UpstreamReloader(
            source, self.settings, self.apply, Recorder(self.sink),
            interval_s=interval_s, settle_s=0,
        )  # fmt: skip

    async def apply(self, settings: Settings) -> None:
        if self.refuses:
            raise ConfigError([Problem("", 0, "upstreams.a", "no")])
        self.applied.append(settings)
        self.changed.set()

    def write(self, upstreams: str, more: str = "") -> None:
        new = self.file.with_suffix(".new")
        new.write_text(f"version: 1\nupstreams:\n{upstreams}{more}")
        new.replace(self.file)

    @property
    def names(self) -> list[list[str]]:
        return [[one.name for one in each.upstreams] for each in self.applied]

    @property
    def events(self) -> list[tuple[EventType, str, str]]:
        return [(one.type, one.target, one.origin.config_sha256) for one in self.sink.records]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


async def test_nothing_changed(world: World):
    assert await world.reloader.check() is False
    assert await world.reloader.check(asked=True) is False
    assert world.applied == []
    assert world.events == []


async def test_another_list_is_in_force_and_on_record(world: World):
    world.write(A + B)
    assert await world.reloader.check() is True
    assert await world.reloader.check() is False
    assert world.names == [["a", "b"]]
    digest = world.applied[0].digest
    assert digest not in ("", world.settings.digest)
    assert world.events == [(EventType.CONFIG_CHANGED, digest, digest)]
    assert world.reloader.warnings() == []


async def test_what_the_command_line_has_set_stays(tmp_path: Path):
    world = World(tmp_path)
    world.settings = replace(
        world.settings, listen=replace(world.settings.listen, host="127.0.0.9", port=1)
    )
    world.reloader = world.made(NEVER)
    world.write(B)
    assert await world.reloader.check() is True
    assert world.applied[0].listen.host == "127.0.0.9"


@pytest.mark.parametrize("bad", ["  - {name: a}\n", "  - [\n", A + A])
async def test_a_wrong_file_keeps_the_old_list_and_says_so_once(world: World, bad: str):
    world.write(bad)
    with capture_logs() as lines:
        assert await world.reloader.check() is False
        assert await world.reloader.check() is False
    assert [one["event"] for one in lines] == ["config_rejected"]
    assert lines[0]["file"] == str(world.file)
    assert lines[0]["line"] > 0
    assert world.applied == []
    assert world.reloader.warnings() == [REJECTED]
    digest = world.settings.digest
    assert world.events == [(EventType.CONFIG_REJECTED, digest, digest)]
    world.write(A)
    assert await world.reloader.check() is False
    assert world.reloader.warnings() == []


async def test_a_file_that_is_gone_keeps_the_old_list(world: World):
    world.file.unlink()
    assert await world.reloader.check() is False
    assert world.reloader.warnings() == [REJECTED]


async def test_an_upstream_that_cannot_be_opened_keeps_the_old_list(world: World):
    world.refuses = True
    world.write(B)
    assert await world.reloader.check() is False
    assert world.reloader.warnings() == [REJECTED]
    world.refuses = False
    assert await world.reloader.check(asked=True) is True
    assert world.names == [["b"]]


@pytest.mark.parametrize(
    "more", ["limits: {in_flight: 7}\n", "console: {enabled: true}\n", "listen: {port: 1}\n"]
)
async def test_where_anything_else_differs_a_restart_is_needed(world: World, more: str):
    world.write(A + B, more)
    assert await world.reloader.check() is False
    assert world.applied == []
    assert world.reloader.warnings() == [RESTART]
    assert [kind for kind, _, _ in world.events] == [EventType.CONFIG_REJECTED]
    world.write(A + B)
    assert await world.reloader.check() is True


async def test_a_secret_that_has_changed_is_read_where_somebody_asks(tmp_path: Path):
    (tmp_path / "k").write_text("one")
    world = World(tmp_path, KEYED)
    (tmp_path / "k").write_text("two")
    assert await world.reloader.check() is False
    assert await world.reloader.check(asked=True) is True
    key = world.applied[0].upstreams[0].api_key
    assert key is not None
    assert key.value == "two"


async def test_half_a_file_is_not_taken_for_the_whole(world: World):
    """An editor writes in two pieces, of which the first reads well."""
    steps = [A + B, B]
    read = world.reloader._source.read

    def reading() -> Settings:
        settings = read()
        if steps:
            world.write(steps.pop(0))
        return settings

    world.write(A + A.replace("a,", "c,"))
    object.__setattr__(world.reloader._source, "read", reading)
    assert await world.reloader.check() is True
    assert world.names == [["b"]]


async def test_a_folder_that_is_swapped_by_a_link_is_seen(tmp_path: Path):
    """As volumes of configuration are: the file is a link through a link that is replaced."""
    for name, upstreams in (("old", A), ("new", B)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "c.yaml").write_text(f"version: 1\nupstreams:\n{upstreams}")
    (tmp_path / "data").symlink_to("old")
    world = World(tmp_path)
    world.file.unlink()
    world.file.symlink_to("data/c.yaml")
    world.reloader = world.made(NEVER)
    (tmp_path / "next").symlink_to("new")
    os.replace(tmp_path / "next", tmp_path / "data")
    assert await world.reloader.check() is True
    assert world.names == [["b"]]


async def test_a_log_that_is_down_does_not_stop_the_change(world: World):
    world.sink.down = True
    world.write(B)
    assert await world.reloader.check() is True


async def test_it_goes_on_after_an_error_of_our_own(tmp_path: Path):
    world = World(tmp_path)
    apply = world.apply
    failed = asyncio.Event()

    async def fail(_: Settings) -> None:
        world.reloader._apply = apply
        failed.set()
        raise OSError

    world.reloader = world.made(0.01)
    world.reloader._apply = fail
    with capture_logs() as lines:
        async with world.reloader.running(), asyncio.timeout(120):
            world.write(B)
            await failed.wait()
            world.write(A + B)
            await world.changed.wait()
    assert world.names == [["a", "b"]]
    assert [one["event"] for one in lines] == ["config_not_read", "config_changed"]
    assert world.reloader.warnings() == []


@pytest.mark.parametrize("asks", [True, False])
async def test_it_looks_by_itself_and_when_it_is_asked(tmp_path: Path, asks: bool):
    world = World(tmp_path)
    world.reloader = world.made(NEVER if asks else 0.01)
    async with world.reloader.running():
        world.write(B)
        if asks:
            world.reloader.ask()
        async with asyncio.timeout(120):
            await world.changed.wait()
    assert world.names == [["b"]]
