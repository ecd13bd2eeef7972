"""What the gateway adds to a stream: to its first event, to each event, and what it holds back.

Run from the root of the project: `python -m tests.bench.stream_latency [streams] [at-once]`. A
server and the gateway run in processes of their own. The server writes the time into each event as
it leaves; direct streams and streams through the gateway take turns, so that both see the same
machine. It prints figures as JSON.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import orjson
from aiohttp import web

from tests.e2e.world import Gateway, free_port

EVENTS = 100
PAUSE_S = 0.005
TEXT = (
    "Please write to Anna Schmidt, anna.schmidt@example.com, that her card 4111 1111 1111 1111 "
    "was charged on 3 May, and that she can reach us at +49 30 1234567 about order 4711. "
)
CONFIG = """\
version: 1
upstreams:
  - {{name: server, kind: openai, class: on_prem, base_url: "http://127.0.0.1:{port}/v1"}}
detection: {{profile: {profile}}}
"""
STAMP = re.compile(r"\[(\d+)\]")
PLACEHOLDER = re.compile(r"<[A-Z_]+_[0-9A-Z]{6}>")


@dataclass(slots=True)
class Seen:
    """What a client saw of its streams, in seconds."""

    first: list[float] = field(default_factory=list)
    events: list[float] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)


def pieces(text: str) -> list[str]:
    """A text in pieces of a few characters, so that placeholders are cut."""
    return [text[at : at + 5] for at in range(0, len(text), 5)]


async def _answer(request: web.Request) -> web.StreamResponse:
    said = json.loads(await request.read())["messages"][-1]["content"]
    response = web.StreamResponse(headers={"content-type": "text/event-stream"})
    await response.prepare(request)
    found = PLACEHOLDER.findall(said) or ["nobody"]
    words = pieces(f" Dear {found[0]}, we wrote to {found[-1]}. ")
    for number in range(EVENTS):
        await asyncio.sleep(PAUSE_S)
        await response.write(_event({"content": words[number % len(words)]}))
        if number % len(words) == len(words) - 1:  # no stamp stands within a placeholder
            await response.write(_event({"content": f"[{time.monotonic_ns()}]"}))
    await response.write(_event({}, "stop") + b"data: [DONE]\n\n")
    return response


def _event(delta: dict[str, Any], reason: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    return b"data: " + orjson.dumps({"id": "c", "model": "m", "choices": [choice]}) + b"\n\n"


def _serve(port: int) -> None:
    app = web.Application(client_max_size=2**26)
    app.router.add_post("/v1/chat/completions", _answer)
    web.run_app(app, host="127.0.0.1", port=port, print=None)


async def ask(session: aiohttp.ClientSession, url: str, text: str, seen: Seen) -> None:
    """One stream, read to its end."""
    body = {"model": "m", "stream": True, "messages": [{"role": "user", "content": text}]}
    begun, first, whole = time.monotonic(), 0.0, ""
    async with session.post(f"{url}/chat/completions", json=body) as response:
        response.raise_for_status()
        async for line in response.content:
            now = time.monotonic_ns()
            if not line.startswith(b"data: {"):
                continue
            first = first or now / 1e9
            choices = orjson.loads(line[6:])["choices"]
            said = choices[0]["delta"].get("content", "") if choices else ""
            whole += said
            seen.events += [(now - int(stamp)) / 1e9 for stamp in STAMP.findall(said)]
    seen.first.append(first - begun)
    seen.texts.append(STAMP.sub("", whole))


def summary(seconds: Sequence[float]) -> dict[str, float]:
    """Median and 99th percentile in milliseconds."""
    ranked = statistics.quantiles(seconds, n=100)
    return {"p50": round(ranked[49] * 1000, 2), "p99": round(ranked[98] * 1000, 2)}


async def race(urls: dict[str, str], streams: int, at_once: int) -> dict[str, Seen]:
    """The same number of streams from each, in turns."""
    seen = {name: Seen() for name in urls}
    async with aiohttp.ClientSession() as session:
        for turn in range(streams // at_once):
            for name, url in urls.items():
                texts = [f"{TEXT} Number {turn * at_once + one}." for one in range(at_once)]
                await asyncio.gather(*(ask(session, url, text, seen[name]) for text in texts))
    return seen


def run(streams: int, at_once: int, profile: str = "fast") -> dict[str, Any]:
    """Both ways, with what is added."""
    port = free_port()
    server = multiprocessing.get_context("spawn").Process(target=_serve, args=(port,), daemon=True)
    server.start()
    with tempfile.TemporaryDirectory() as folder:
        through = Gateway(Path(folder), CONFIG.format(port=port, profile=profile))
        through.start()
        try:
            direct = f"http://127.0.0.1:{port}/v1"
            urls = {"direct": direct, "gateway": f"http://127.0.0.1:{through.port}/v1"}
            asyncio.run(race(urls, at_once, at_once))
            seen = asyncio.run(race(urls, streams, at_once))
        finally:
            through.stop()
            server.terminate()
    assert all("Anna Schmidt" in text for text in seen["gateway"].texts)
    return {
        "streams": streams,
        "at_once": at_once,
        "first_event_ms": {name: summary(one.first) for name, one in seen.items()},
        "event_ms": {name: summary(one.events) for name, one in seen.items()},
    }


if __name__ == "__main__":
    numbers = [int(one) for one in sys.argv[1:]]
    print(json.dumps(run(*(numbers or [200, 1])), indent=2))
