"""A server that is not there is known to be away before anybody asks it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp import web

from gateway.errors import Unavailable
from gateway.routing.asking import Choice, Route
from gateway.routing.dispatch import Dispatcher
from gateway.routing.health import State
from gateway.routing.reported import FAILURES
from gateway.settings import Secret, Upstream
from gateway.types import UpstreamClass
from gateway.upstreams.openai import openai_upstream
from gateway.upstreams.probing import ProbedUpstream
from tests.routing.servers import ask
from tests.upstreams.server import Server
from tests.waiting import AMPLE, AMPLE_S


def probed(server: Server, every_s: float = AMPLE_S) -> tuple[ProbedUpstream, Choice]:
    settings = Upstream(
        name="one", kind="openai", upstream_class=UpstreamClass.EXTERNAL, base_url=server.url,
        api_key=Secret("key"),
    )  # fmt: skip
    upstream = ProbedUpstream(openai_upstream(settings, AMPLE), every_s)
    return upstream, Choice(settings, upstream)


@pytest.mark.parametrize(
    ("status", "is_up"), [(200, True), (401, True), (404, True), (500, False), (503, False)]
)
async def test_who_answers_at_all_is_there(status: int, is_up: bool, serve: Any):
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.json_response({"data": []}, status=status)

    server = await serve(answer)
    upstream, _ = probed(server)
    for _ in range(FAILURES):
        await upstream.look()
    assert upstream.members("m")[0].is_up is is_up
    state = State.UP if is_up else State.DOWN
    assert [one.state for one in upstream.standings()] == [state]
    assert {(one.path, one.headers["authorization"], one.body) for one in server.seen} == {
        ("/v1/models", "Bearer key", b"")
    }
    await upstream.aclose()


async def test_one_that_does_not_answer_in_time_is_not_asked(serve: Any):
    release = asyncio.Event()

    async def answer(_: web.Request) -> web.StreamResponse:
        await release.wait()
        return web.json_response({"data": []})

    server = await serve(answer)
    upstream, choice = probed(server, 0.05)
    for _ in range(FAILURES):
        await upstream.look()
    with pytest.raises(Unavailable) as caught:
        async with Dispatcher().asking(ask(), [choice], Route(), int):
            pass
    assert caught.value.code == "upstreams_down"
    assert {one.path for one in server.seen} <= {"/v1/models"}
    release.set()
    slow, _ = probed(server)
    slow.members("m")[0].known = upstream.members("m")[0].known
    await slow.look()
    assert slow.members("m")[0].is_up
    for one in (upstream, slow):
        await one.aclose()


async def test_it_asks_for_as_long_as_it_is_watched(serve: Any):
    asked = asyncio.Event()

    async def answer(_: web.Request) -> web.StreamResponse:
        asked.set()
        return web.json_response({"choices": []})

    server = await serve(answer)
    upstream, choice = probed(server)
    async with upstream.watching():
        await asyncio.wait_for(asked.wait(), 120)
        async with Dispatcher().asking(ask(), [choice], Route(), int) as reply:
            assert b"choices" in b"".join([chunk async for chunk in reply.chunks()])
    reply = await upstream.send(ask().request, "req_1", {})
    await reply.aclose()
    assert (upstream.name, upstream.upstream_class) == ("one", UpstreamClass.EXTERNAL)
    await upstream.aclose()
