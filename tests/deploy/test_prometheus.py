"""Prometheus itself scrapes a real gateway, loads the rules, and has data for every panel."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from aiohttp import web

from tests.deploy.containerfile import ROOT
from tests.deploy.test_monitoring import QUERIES, RULES, RULES_FILE, filled_in
from tests.upstreams.vllm_fake import FakeVllm

PROMETHEUS = os.environ.get("PROMETHEUS") or shutil.which("prometheus") or ""
pytestmark = [
    pytest.mark.rolling,
    pytest.mark.skipif(not PROMETHEUS, reason="no prometheus: install it, or set PROMETHEUS"),
]
PATIENCE_S = 240.0
POLICY = """
version: 1
id: ours
answers: {new_data: flag}
rules:
  - {name: no-cards, when: {any_of: [CREDIT_CARD]}, effect: deny, reason: No cards.}
  - {name: rest, effect: mask}
"""


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@asynccontextmanager
async def served(handler: Any) -> AsyncIterator[str]:
    runner = web.AppRunner(handler)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def talkative() -> web.Application:
    """A server that brings somebody up whom nobody spoke of, garbles placeholders, and counts."""

    async def answer(request: web.Request) -> web.Response:
        said = (await request.json())["messages"][-1]["content"]
        damaged = said.replace("_", "-")
        message = {"role": "assistant", "content": f"{said} {damaged} eve@example.net"}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        usage = {"prompt_tokens": 8, "completion_tokens": 2, "total_tokens": 10}
        return web.json_response({"model": "any", "choices": [choice], "usage": usage})

    app = web.Application()
    app.router.add_post("/v1/chat/completions", answer)
    return app


@asynccontextmanager
async def program(*command: str) -> AsyncIterator[asyncio.subprocess.Process]:
    devnull = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=devnull
    )
    try:
        yield process
    finally:
        process.terminate()
        await process.communicate()


def configuration(folder: Path, pool: str, cloud: str) -> dict[str, Any]:
    policy = folder / "policies" / "ours.yaml"
    policy.parent.mkdir()
    policy.write_text(POLICY, encoding="utf-8")
    (folder / "anchors").mkdir()
    local = {"name": "local", "kind": "vllm", "class": "on_prem", "models": ["tiny"]}
    outside = {"name": "cloud", "kind": "openai", "class": "on_prem", "models": ["any"]}
    away = {"name": "away", "kind": "openai", "class": "on_prem", "models": ["gone"]}
    return {
        "version": 1,
        "policies": ["policies/ours.yaml"],
        "detection": {"recognizer_modules": ["tests.detection.outside_recognizers:Words"]},
        "upstreams": [
            local | {"replicas": [pool]},
            outside | {"base_url": f"{cloud}/v1"},
            away | {"base_url": f"http://127.0.0.1:{free_port()}/v1"},
        ],
        "audit": {
            "url": f"sqlite:///{folder}/log.db",
            "sinks": [{"kind": "jsonl", "path": f"{folder}/log.jsonl"}],
            "anchors": [{"kind": "file", "path": f"{folder}/anchors"}],
        },
    }


async def asked(client: aiohttp.ClientSession, url: str, model: str, text: str) -> int:
    body = {"model": model, "messages": [{"role": "user", "content": text}]}
    async with client.post(f"{url}/v1/chat/completions", json=body) as answer:
        await answer.read()
        return answer.status


class Run:
    """A gateway, what it asks, and the Prometheus that scrapes it."""

    def __init__(self, folder: Path, client: aiohttp.ClientSession) -> None:
        self.folder = folder
        self.client = client
        self.settings: dict[str, Any] = {}
        self.gateway = ""
        self.prometheus = f"http://127.0.0.1:{free_port()}"

    async def start(self, stack: AsyncExitStack) -> None:
        pool = await stack.enter_async_context(served(FakeVllm(running="2.0", cache="0.5").app()))
        cloud = await stack.enter_async_context(served(talkative()))
        self.settings = configuration(self.folder, pool, cloud)
        config = self.folder / "cloakroom.json"
        config.write_text(json.dumps(self.settings), encoding="utf-8")
        serve = [sys.executable, "-m", "gateway", "serve", "--json", "--port", "0"]
        process = await stack.enter_async_context(program(*serve, "--config", str(config)))
        assert process.stdout is not None
        said = await asyncio.wait_for(process.stdout.readuntil(b"\n}\n"), PATIENCE_S)
        self.gateway = json.loads(said)["url"]
        scraped = {"targets": [self.gateway.removeprefix("http://")], "labels": {"namespace": "ns"}}
        settings = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(RULES_FILE)],
            "scrape_configs": [{"job_name": "cloakroom", "static_configs": [scraped]}],
        }
        file = self.folder / "prometheus.yaml"
        file.write_text(yaml.safe_dump(settings), encoding="utf-8")
        address = self.prometheus.removeprefix("http://")
        options = [f"--config.file={file}", f"--web.listen-address={address}"]
        options.append(f"--storage.tsdb.path={self.folder}/tsdb")
        await stack.enter_async_context(program(PROMETHEUS, *options))

    def change(self) -> None:
        """Another policy, and another list of upstreams."""
        policy = self.folder / "policies" / "ours.yaml"
        policy.write_text(f"{POLICY}# changed\n", encoding="utf-8")
        self.settings["upstreams"][1]["weight"] = 2.0
        config = self.folder / "cloakroom.json"
        config.write_text(json.dumps(self.settings), encoding="utf-8")

    async def use(self) -> None:
        """One of everything that is counted."""
        mail = "Write to anna@example.com"
        wanted = {
            ("tiny", mail): {200},
            ("any", mail): {200},
            ("gone", mail): {502, 503},  # the latter while it is left alone after failing
            ("any", "Charge 4111 1111 1111 1111."): {403},
            ("any", "raise"): {503},
        }
        for (model, text), statuses in wanted.items():
            until = time.monotonic() + PATIENCE_S
            while await asked(self.client, self.gateway, model, text) not in statuses:
                assert time.monotonic() < until, (model, text)  # a recognizer may have been late

    async def api(self, path: str, **query: str) -> Any:
        try:
            async with self.client.get(f"{self.prometheus}/api/v1/{path}", params=query) as answer:
                if answer.status == 503:  # its files are still being read
                    return {}
                return (await answer.json())["data"]
        except aiohttp.ClientConnectionError:  # it is starting
            return {}

    async def without_data(self, queries: list[str]) -> list[str]:
        found = []
        for query in queries:
            data = await self.api("query", query=query)
            if not data.get("result"):
                found.append(query)
        return found


@pytest.fixture
async def run(tmp_path: Path) -> AsyncIterator[Run]:
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(aiohttp.ClientSession())
        running = Run(tmp_path, client)
        await running.start(stack)
        yield running


async def test_every_query_of_the_dashboard_and_every_rule_has_data(run: Run):
    queries = [filled_in(query, "30s") for query in QUERIES]
    run.change()
    until = time.monotonic() + PATIENCE_S
    missing = queries
    while missing and time.monotonic() < until:
        await run.use()
        missing = await run.without_data(missing)
    assert missing == []

    targets = (await run.api("targets"))["activeTargets"]
    assert [(one["health"], one["lastError"]) for one in targets] == [("up", "")]
    recorded = [rule["record"] for rule in RULES if "record" in rule]
    late = recorded
    while late and time.monotonic() < until:
        await run.use()
        late = await run.without_data(late)
    assert late == []
    groups = (await run.api("rules"))["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert {(rule["health"], rule.get("lastError")) for rule in rules} == {("ok", None)}
    assert len(rules) == len(RULES)
    firing = {rule["name"] for rule in rules if rule.get("state") == "firing"}
    assert "CloakroomFailsClosed" in firing
    assert "CloakroomAbsent" not in firing
