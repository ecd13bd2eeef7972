"""Several gateways behind HAProxy on one PostgreSQL, with a model that is none, for benches.

A server that streams stands for the model, and callers ask at a steady rate, whatever becomes of
their requests: who is slow is not asked less.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from tests.audit import pg
from tests.e2e.world import free_port

ROOT = Path(__file__).parent.parent.parent
EVENTS = 20
PAUSE_S = 0.05
PATIENCE_S = 180.0
CONFIG = """\
version: 1
upstreams:
  - {{name: model, kind: openai, class: on_prem, base_url: "http://127.0.0.1:{model}/v1"}}
secrets: {{master_key: "${{file:master.key}}"}}
audit: {{url: "{url}", signing_key_file: signing.key}}
detection: {{profile: {profile}}}
"""
PROXY = """\
global
  maxconn 4000
defaults
  mode http
  timeout connect 2s
  timeout client 120s
  timeout server 120s
  option redispatch 1
  retries 3
  retry-on conn-failure
frontend callers
  bind 127.0.0.1:{port}
  default_backend gateways
backend gateways
  balance leastconn
  option httpchk GET /readyz
  http-check expect status 200
  timeout check 5s
  default-server inter 1s fall 3 rise 1 observe layer4 error-limit 1 on-error mark-down
{servers}
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """How one request went: `outcome` is a status, with an error's code, or what broke."""

    began: float
    ended: float
    outcome: str
    request_id: str = ""
    streamed: bool = False


@dataclass(slots=True)
class Seens:
    """How all went."""

    all: list[Seen] = field(default_factory=list)

    def between(self, begin: float, end: float) -> Seens:
        """Those that ended then: what breaks a request ends it."""
        return Seens([one for one in self.all if begin <= one.ended < end])

    def outcomes(self) -> dict[str, int]:
        return dict(Counter(one.outcome for one in self.all).most_common())

    def longest_gap_s(self, begin: float, end: float) -> float:
        """The longest time between these two in which no request ended well."""
        ends = sorted(one.ended for one in self.all if one.outcome == "200")
        return max(b - a for a, b in pairwise([begin, *ends, end]))

    def ms(self, share: float, *, streamed: bool = False) -> float:
        """A quantile of how long good answers took, in milliseconds."""
        took = sorted(
            one.ended - one.began
            for one in self.all
            if one.outcome == "200" and one.streamed is streamed
        )
        return round(took[min(len(took) - 1, int(len(took) * share))] * 1000, 1) if took else 0.0


async def _model(request: web.Request) -> web.StreamResponse:
    """The last message once more, at once or in events."""
    body = await request.json()
    text = str(body["messages"][-1]["content"])
    head = {"id": "c", "created": 1, "model": "m"}
    if not body.get("stream"):
        choice = {"index": 0, "message": {"role": "assistant", "content": text}}
        usage = {"prompt_tokens": 20, "completion_tokens": 20, "total_tokens": 40}
        whole = {"object": "chat.completion", "choices": [{**choice, "finish_reason": "stop"}]}
        return web.json_response({**head, **whole, "usage": usage})
    response = web.StreamResponse(headers={"content-type": "text/event-stream"})
    with contextlib.suppress(ConnectionError):  # of a gateway that was killed
        await response.prepare(request)
        await _events(response, text, head)
    return response


async def _events(response: web.StreamResponse, text: str, head: dict[str, Any]) -> None:
    size = max(1, -(-len(text) // EVENTS))
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    for at, piece in enumerate([*pieces, ""]):
        end = None if at < len(pieces) else "stop"
        choice = {"index": 0, "delta": {"content": piece}, "finish_reason": end}
        event = {**head, "object": "chat.completion.chunk", "choices": [choice]}
        await response.write(b"data: " + json.dumps(event).encode() + b"\n\n")
        await asyncio.sleep(PAUSE_S)
    await response.write(b"data: [DONE]\n\n")


class Cluster:
    """Gateways, the balancer before them, the model and the database behind them."""

    def __init__(
        self, folder: Path, database: pg.Server, count: int, workers: int, *, balanced: bool = True
    ) -> None:
        self.folder = folder
        self.database = database
        self.workers = workers
        self.model = free_port()
        self.ports = [free_port() for _ in range(count)]
        self.balanced = balanced
        self.port = free_port() if balanced else self.ports[0]
        self.gateways: dict[int, subprocess.Popen[bytes]] = {}
        self.seen = Seens()
        self._balancer: subprocess.Popen[bytes] | None = None
        self._number = 0

    def configure(self, profile: str) -> None:
        """Write what everybody reads, and make the tables."""
        pg.query(self.database.url, "CREATE DATABASE cloakroom")
        text = CONFIG.format(model=self.model, url=self.url, profile=profile)
        (self.folder / "cloakroom.yaml").write_text(text)
        (self.folder / "master.key").write_text(secrets.token_hex(32))
        (self.folder / "master.key").chmod(0o600)
        servers = [f"  server g{at} 127.0.0.1:{one} check" for at, one in enumerate(self.ports)]
        text = PROXY.format(port=self.port, servers="\n".join(servers))
        (self.folder / "haproxy.cfg").write_text(text)
        command = [sys.executable, "-m", "gateway", "audit", "migrate", "--config"]
        subprocess.run([*command, "cloakroom.yaml"], check=True, cwd=self.folder, env=self._env())

    @property
    def url(self) -> str:
        return self.database.url.rpartition("/")[0] + "/cloakroom"

    def _env(self) -> dict[str, str]:
        return {**os.environ, "PYTHONPATH": str(ROOT)}

    def start(self, port: int) -> None:
        command = [
            sys.executable, "-m", "gateway", "serve", "--config", "cloakroom.yaml",
            "--port", str(port), "--notice", "3", "--workers", str(self.workers),
        ]  # fmt: skip
        with (self.folder / f"gateway-{port}.log").open("ab") as log:
            self.gateways[port] = subprocess.Popen(
                command, cwd=self.folder, env=self._env(), stdout=log, stderr=log
            )

    async def until_ready(self, port: int) -> None:
        async with aiohttp.ClientSession(trust_env=False) as session:
            async with asyncio.timeout(PATIENCE_S):
                while True:
                    with contextlib.suppress(aiohttp.ClientError):
                        async with session.get(f"http://127.0.0.1:{port}/readyz") as answer:
                            if answer.status == 200:
                                return
                    await asyncio.sleep(0.2)

    async def end(self, port: int, number: signal.Signals) -> None:
        process = self.gateways[port]
        process.send_signal(number)
        await asyncio.to_thread(process.wait, PATIENCE_S)

    def _balance(self) -> None:
        found = shutil.which("haproxy")
        assert found, "no haproxy: apt-get install haproxy"
        self._balancer = subprocess.Popen(
            [found, "-db", "-f", "haproxy.cfg"], cwd=self.folder,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        app = web.Application(client_max_size=2**26)
        app.router.add_post("/v1/chat/completions", _model)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self.model).start()
        try:
            for port in self.ports:
                self.start(port)
            for port in self.ports:
                await self.until_ready(port)
            if self.balanced:
                self._balance()
            await self.until_ready(self.port)
            yield
        finally:
            for process in [*self.gateways.values(), self._balancer]:
                if process is not None and process.poll() is None:
                    process.terminate()
                    await asyncio.to_thread(process.wait, PATIENCE_S)
            await runner.cleanup()

    @contextlib.asynccontextmanager
    async def load(self, per_s: float, streamed_every: int = 5) -> AsyncIterator[None]:
        """Requests at this rate for as long as the block runs; it is left when all have ended."""
        connector = aiohttp.TCPConnector(limit=0)
        timeout = aiohttp.ClientTimeout(total=120)
        asking: set[asyncio.Task[None]] = set()
        stop = asyncio.Event()

        async def ask_all(session: aiohttp.ClientSession) -> None:
            begun, count = time.monotonic(), 0
            while not stop.is_set():
                count += 1
                task = asyncio.create_task(self._ask(session, count % streamed_every == 0))
                asking.add(task)
                task.add_done_callback(asking.discard)
                await asyncio.sleep(max(0.0, begun + count / per_s - time.monotonic()))

        async with aiohttp.ClientSession(
            connector=connector, timeout=timeout, trust_env=False
        ) as session:
            running = asyncio.create_task(ask_all(session))
            try:
                yield
            finally:
                stop.set()
                await running
                await asyncio.gather(*asking)

    @contextlib.asynccontextmanager
    async def crowd(self, size: int, *, streamed: bool = False) -> AsyncIterator[None]:
        """So many callers, each of whom asks again as soon as it has its answer."""
        stop = asyncio.Event()

        async def one(session: aiohttp.ClientSession) -> None:
            while not stop.is_set():
                await self._ask(session, streamed)

        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector, trust_env=False) as session:
            callers = [asyncio.create_task(one(session)) for _ in range(size)]
            try:
                yield
            finally:
                stop.set()
                await asyncio.gather(*callers)

    def processes(self, port: int) -> list[int]:
        """The processes of one gateway that have its code: the first, or its workers."""
        first = self.gateways[port].pid
        children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
        workers = [
            int(one)
            for one in children
            if b"spawn_main" in Path(f"/proc/{one}/cmdline").read_bytes()
        ]
        return workers or [first]

    async def _ask(self, session: aiohttp.ClientSession, streamed: bool) -> None:
        self._number += 1
        text = (
            f"Please write to Anna Schmidt, anna{self._number}@example.com, that her card "
            "4111 1111 1111 1111 was charged, and that she can reach us at +49 30 1234567."
        )
        body: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": text}]}
        if streamed:
            body["stream"] = True
        began = time.monotonic()
        request_id, outcome = "", "broken"
        with contextlib.suppress(aiohttp.ClientError, TimeoutError):
            url = f"http://127.0.0.1:{self.port}/v1/chat/completions"
            async with session.post(url, json=body) as answer:
                request_id = answer.headers.get("x-request-id", "")
                outcome = "broken"
                raw = await answer.read()
                outcome = _outcome(answer.status, raw, streamed, text)
        self.seen.all.append(Seen(began, time.monotonic(), outcome, request_id, streamed))


def _outcome(status: int, raw: bytes, streamed: bool, text: str) -> str:
    if status == 200 and streamed:
        if not raw.rstrip().endswith(b"data: [DONE]"):
            return "cut"
        lines = [line[6:] for line in raw.split(b"\n") if line.startswith(b"data: {")]
        deltas = [json.loads(one)["choices"][0]["delta"] for one in lines]
        return "200" if "".join(one.get("content", "") for one in deltas) == text else "wrong"
    if status == 200:
        said = json.loads(raw)["choices"][0]["message"]["content"]
        return "200" if said == text else "wrong"
    try:
        return f"{status} {json.loads(raw)['error']['code']}"
    except (ValueError, KeyError, TypeError):
        return f"{status} of the balancer"


@dataclass(frozen=True, slots=True)
class Books:
    """What the log has of the requests: lost are those that were answered and are not in it."""

    accepted: int
    ended: dict[str, int]
    lost: int
    doubled: int
    open: int


async def books(url: str, seen: Sequence[Seen]) -> Books:
    """The books, once every request has its end on record: others close those of the killed."""
    counted = "SELECT request_id, type FROM audit_records WHERE request_id IS NOT NULL"
    deadline = time.monotonic() + PATIENCE_S
    while True:
        rows = await asyncio.to_thread(pg.query, url, counted)
        begun = Counter(one for one, kind in rows if kind == "request.accepted")
        ended = Counter(one for one, kind in rows if kind != "request.accepted")
        unfinished = [one for one in begun if not ended[one]]
        if not unfinished or time.monotonic() > deadline:
            break
        await asyncio.sleep(2)
    completed = {one for one, kind in rows if kind == "request.completed"}
    answered = {one.request_id for one in seen if one.outcome == "200"}
    return Books(
        accepted=begun.total(),
        ended=dict(Counter(kind for _, kind in rows if kind != "request.accepted")),
        lost=len(answered - completed),
        doubled=sum(count > 1 for each in (begun, ended) for count in each.values()),
        open=len(unfinished),
    )


@dataclass(frozen=True, slots=True)
class Used:
    """What processes use together: CPU in seconds so far, memory in MiB, open files."""

    cpu_s: float
    rss_mib: float
    files: int


def used(processes: Sequence[int]) -> Used:
    """What these use now."""
    ticks = os.sysconf("SC_CLK_TCK")
    cpu, rss, files = 0.0, 0, 0
    for pid in processes:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        cpu += (int(fields[11]) + int(fields[12])) / ticks
        rss += int(fields[21]) * os.sysconf("SC_PAGE_SIZE")
        files += len(list(Path(f"/proc/{pid}/fd").iterdir()))
    return Used(cpu, rss / 2**20, files)
