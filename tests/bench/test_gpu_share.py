"""The share of direct, on few streams of a server that answers at once."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.bench.gpu_share import Plan, Seen, ask, body, cpu_times, prompt, race, shares, spread

PLAN = Plan(streams=3, requests=2, tokens=5, words=40)


def event(delta: dict[str, str] | None, tokens: int | None = None) -> bytes:
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": None}]
    usage = {"usage": {"completion_tokens": tokens}} if tokens else {}
    return b"data: " + json.dumps({"choices": choices, **usage}, separators=(",", ":")).encode()


async def answer(request: web.Request) -> web.StreamResponse:
    tokens = json.loads(await request.read())["max_tokens"]
    if request.headers.get("authorization") == "Bearer wrong":
        return web.Response(status=401)
    response = web.StreamResponse()
    await response.prepare(request)
    said = [event({"role": "assistant", "content": ""})] + [event({"content": "a"})] * tokens
    if tokens > 1:
        said.append(event(None, tokens))
    for one in [*said, b"data: [DONE]"]:
        await response.write(one + b"\n\n")
        await asyncio.sleep(0.001)  # what comes at once has no gaps to compare
    return response


@pytest.fixture
async def url() -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_post("/v1/chat/completions", answer)
    async with TestServer(app) as server:
        yield str(server.make_url("/v1"))


async def test_both_ways_are_measured_in_processes_of_their_own(url: str) -> None:
    """Every stream of every turn but the first is in the figures."""
    seen = await asyncio.to_thread(
        race, PLAN, {"direct": url, "gateway": url}, 2, 2, {"us": os.getpid()}
    )

    for way in ("direct", "gateway"):
        assert [one.tokens for one in seen[way]] == [30, 30]
        assert [len(one.first) for one in seen[way]] == [6, 6]
        assert all("us" in one.cpu and one.rate > 0 for one in seen[way])
    assert len(shares(seen)["by_turn"]["tokens_per_s"]) == 2


async def test_a_stream_that_was_refused_or_has_no_end_is_an_error(url: str) -> None:
    async with aiohttp.ClientSession(headers={"authorization": "Bearer wrong"}) as session:
        with pytest.raises(RuntimeError, match="answered 401"):
            await ask(session, url, body(PLAN, "a"), Seen())
    async with aiohttp.ClientSession() as session:
        with pytest.raises(RuntimeError, match="ended a stream early"):
            await ask(session, url, body(Plan(tokens=1), "a"), Seen())


async def test_the_first_token_is_the_first_with_text_in_it(url: str) -> None:
    seen = Seen()
    async with aiohttp.ClientSession() as session:
        await ask(session, url, body(PLAN, "a"), seen)

    # five with text and one with figures, of which the first has nothing before it
    assert (len(seen.first), len(seen.gaps), seen.tokens) == (1, 5, 5)


def test_a_share_is_below_one_where_the_gateway_is_slower() -> None:
    quick = [Seen([0.1, 0.1], [0.01] * 9, 100, 0.0, 1.0)] * 2
    slow = [Seen([0.2, 0.2], [0.02] * 9, 100, 0.0, 2.0)] * 2

    found = shares({"direct": quick, "gateway": slow})

    assert found["tokens_per_s"] == found["first_token_ms_p50"] == found["gap_ms_p95"] == 0.5
    assert found["by_turn"]["first_token_ms_p50"] == [0.5, 0.5]


def test_no_two_prompts_begin_alike() -> None:
    prompts = [prompt(str(one), 60) for one in range(50)]

    assert len({one[:20] for one in prompts}) == 50
    assert prompt("1", 60) == prompts[1]
    assert all("@example.com" in one and len(one.split()) >= 60 for one in prompts)


def test_percentiles_are_in_order() -> None:
    assert spread([1.0, 2.0, 3.0, 4.0], 10)["p50"] == 25.0


def test_a_process_that_is_gone_has_used_nothing() -> None:
    assert cpu_times({"gone": 2**22 + 1}) == {"gone": 0.0}
