"""A gateway before a pool of servers and others: who serves, what is on record, and what clients
see where servers fail."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.e2e.world import START_TIMEOUT_S, Gateway, free_port
from tests.upstreams.vllm_fake import FakeVllm

CONFIG = """\
version: 1
policies: [own.yaml]
upstreams:
  - name: pool
    kind: vllm
    class: on_prem
    replicas: ["http://127.0.0.1:{0}/v1", "http://127.0.0.1:{1}"]
    models: [tiny]
    model_map: {{ancient: tiny}}
    deprecated_models: {{old: tiny}}
    adapters: {{lora-a: {{tenants: [nobody-here]}}}}
    facts: {{processor: own-data-centre, country: DE, retention_days: 0}}
  - name: gone
    kind: openai
    class: on_prem
    base_url: "http://127.0.0.1:{2}/v1"
    models: [anything]
    priority: 0
  - name: spare
    kind: vllm
    class: on_prem
    base_url: "http://127.0.0.1:{3}/v1"
    models: [anything]
    model_map: {{anything: tiny}}
    priority: 1
    cached_tokens: shown
    facts: {{country: FR}}
  - name: outside
    kind: openai
    class: external
    base_url: "http://127.0.0.1:{4}/v1"
    priority: 9
limits: {{connect_s: 120, first_byte_s: 120, idle_s: 120}}
detection: {{timeout_s: 120}}
audit: {{url: "sqlite:///audit.db"}}
"""
POLICY = """\
version: 1
id: own
handling: {too_long: drop_oldest}
rules: [{name: rest, effect: mask}]
"""


@dataclass
class Servers:
    """Fake servers in a thread of their own; the last of them is outside."""

    fakes: list[FakeVllm] = field(default_factory=lambda: [FakeVllm(f"v{n}") for n in range(4)])
    ports: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._ready.wait(START_TIMEOUT_S)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        runners = [web.AppRunner(one.app(), shutdown_timeout=0.1) for one in self.fakes]
        for runner in runners:
            self._loop.run_until_complete(runner.setup())
            self._loop.run_until_complete(web.TCPSite(runner, "127.0.0.1", 0).start())
            self.ports.append(runner.addresses[0][1])
        self._ready.set()
        self._loop.run_forever()
        for runner in runners:
            self._loop.run_until_complete(runner.cleanup())
        self._loop.close()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(120)


@dataclass
class World:
    gateway: Gateway
    servers: Servers

    def ask(
        self, *texts: str, model: str = "tiny", **fields: Any
    ) -> tuple[int, str, dict[str, str]]:
        roles = ("user", "assistant")
        messages = [{"role": roles[at % 2], "content": one} for at, one in enumerate(texts)]
        body = {"model": model, "messages": messages, **fields}
        status, text, headers = self.gateway.post(json.dumps(body).encode())
        return status, text, {name.lower(): value for name, value in headers.items()}

    def record(self) -> dict[str, Any]:
        return self.gateway.records()[0]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder: Path = tmp_path_factory.mktemp("pools")
    (folder / "own.yaml").write_text(POLICY)
    servers = Servers()
    one, other, spare, outside = servers.ports
    made = Gateway(folder, CONFIG.format(one, other, free_port(), spare, outside))
    try:
        made.start()
        yield World(made, servers)
    finally:
        made.stop()
        servers.stop()


@pytest.fixture(autouse=True)
def nothing_goes_outside(world: World) -> Iterator[None]:
    """Whatever fails: it serves every model, and would answer."""
    yield
    assert not world.servers.fakes[3].asked
    for one in world.servers.fakes:
        one.ill, one.closes, one.cuts_streams = {}, set(), False
        one.bodies.clear()


def test_who_serves_is_on_record_with_its_facts(world: World):
    status, _, headers = world.ask("Hi.")
    assert status == 200
    assert headers["x-cloakroom-upstream"] == "pool"
    facts = {"processor": "own-data-centre", "country": "DE", "retention_days": 0}
    closed, accepted = world.gateway.records()[:2]
    assert (accepted["type"], accepted["routing"]) == ("request.accepted", facts)
    assert (closed["type"], closed["routing"]) == ("request.completed", {**facts, "attempts": 1})


@pytest.mark.parametrize("stream", [False, True])
def test_the_next_upstream_serves_where_the_first_is_gone(stream: bool, world: World):
    status, text, headers = world.ask("Hi.", model="anything", stream=stream)
    assert status == 200
    assert headers["x-cloakroom-upstream"] == "spare"
    assert text.count("Hel") == 1
    closed, accepted = world.gateway.records()[:2]
    assert (accepted["upstream_id"], closed["upstream_id"]) == ("gone", "spare")
    # once it has failed three times, the first is passed over
    assert closed["routing"]["attempts"] in (1, 2)
    assert closed["routing"]["country"] == "FR"


def test_what_was_cached_is_hidden_where_a_salt_is_shared(world: World):
    for model, shown in (("tiny", False), ("anything", True)):
        for _ in range(2):
            _, text, _ = world.ask("How are you?", model=model)
        assert ("cached_tokens" in text) is shown
        usage = world.record()["usage"]
        assert usage["cached"] == 1


def test_an_old_name_is_served_and_the_new_one_told(world: World):
    status, text, headers = world.ask("Hi.", model="old")
    assert (status, headers["x-cloakroom-deprecated-model"]) == (200, "tiny")
    assert json.loads(text)["model"] == "old"
    _, _, headers = world.ask("Hi.")
    assert "x-cloakroom-deprecated-model" not in headers


def test_others_adapters_are_no_models(world: World):
    status, text, _ = world.ask("Hi.", model="lora-a")
    assert (status, json.loads(text)["error"]["code"]) == (404, "model_not_found")
    listed = json.loads(world.gateway.get("/v1/models")[1])
    assert {"tiny", "ancient"} <= {one["id"] for one in listed["data"]}
    assert "lora-a" not in str(listed)


def test_the_oldest_turns_go_where_all_are_too_long(world: World):
    texts = [f"{'word ' * 600}{number}" for number in range(5)]
    status, _, headers = world.ask(*texts)
    assert (status, headers["x-cloakroom-dropped-turns"]) == (200, "1")
    assert world.record()["routing"]["dropped_turns"] == 1
    (body,) = [body for one in world.servers.fakes for body in one.bodies]
    assert [one["content"][-1] for one in body["messages"]] == ["2", "3", "4"]


def test_a_server_that_goes_in_mid_stream_is_seen_by_its_clients_alone(world: World):
    for one in world.servers.fakes[:2]:
        one.cuts_streams = True
    status, text, _ = world.ask("Hi.", stream=True)
    assert status == 200
    assert "upstream_truncated" in text
    assert "[DONE]" not in text
    assert world.record()["type"] == "request.failed"
    assert len([body for one in world.servers.fakes for body in one.bodies]) == 1
    for one in world.servers.fakes[:2]:
        one.cuts_streams = False
    assert world.ask("Hi.", stream=True)[1].count("[DONE]") == 1


def test_a_server_that_goes_in_mid_load_costs_no_answer(world: World):
    def ask(number: int) -> int:
        if number == 10:
            world.servers.fakes[0].closes = {"/v1/chat/completions", "/health"}
        return world.ask(f"Number {number}.")[0]

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(ask, range(40))) == {200}
    assert world.servers.fakes[1].bodies


def test_all_down_is_unavailable_and_no_text_of_theirs_is_told(world: World):
    for one in world.servers.fakes[:2]:
        one.closes = {"/v1/chat/completions"}
    status, text, _ = world.ask("Hi.")
    assert (status, json.loads(text)["error"]["code"]) == (503, "upstreams_down")
    record = world.record()
    assert record["error_code"] == "upstreams_down"
    assert record["routing"]["attempts"] in (1, 2)
    assert record["routing"]["country"] == "DE"
