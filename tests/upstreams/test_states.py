"""Stored answers over HTTP, against a real server on the loopback interface, and without one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import orjson
import pytest
from aiohttp import web

from gateway.errors import UpstreamFailed
from gateway.ports import StateStore
from gateway.settings import Secret
from gateway.settings import Upstream as Settings
from gateway.types import UpstreamClass
from gateway.upstreams.azure import azure_upstream
from gateway.upstreams.http import HttpUpstream
from gateway.upstreams.loopback import LoopbackStates, LoopbackUpstream
from gateway.upstreams.openai import openai_upstream
from gateway.upstreams.states import HttpStates
from tests.upstreams.server import CANARY, Masked, Server
from tests.waiting import AMPLE

Serve = Callable[..., Awaitable[Server]]
ANSWER = {"id": "resp_1", "output": []}


def settings(url: str = "", **fields: Any) -> Settings:
    return Settings(
        name="one", kind="openai", upstream_class=UpstreamClass.EXTERNAL, base_url=url,
        api_key=Secret("sk-1"), forward_headers=("x-team",), **fields,
    )  # fmt: skip


@pytest.fixture
async def closing() -> AsyncIterator[list[HttpUpstream]]:
    made: list[HttpUpstream] = []
    yield made
    for one in made:
        await one.aclose()


async def read(store: StateStore, name: str) -> Any:
    reply = await store.stored(name, "req_1", {"x-team": "a", "cookie": CANARY})
    try:
        assert not reply.is_stream
        return orjson.loads(b"".join([piece async for piece in reply.chunks()]))
    finally:
        await reply.aclose()


async def answered(_: web.Request) -> web.Response:
    return web.json_response(ANSWER)


async def test_an_answer_is_fetched_and_deleted(serve: Serve, closing: list[HttpUpstream]) -> None:
    server = await serve(answered)
    upstream = openai_upstream(settings(server.url), AMPLE)
    closing.append(upstream)
    store = HttpStates(upstream)
    assert store.name == "one"
    assert await read(store, "resp_1") == ANSWER
    await store.forget("resp_1", "req_1", {})
    assert [one.target for one in server.seen] == ["/v1/responses/resp_1"] * 2
    headers = server.seen[0].headers
    assert headers["authorization"] == "Bearer sk-1"
    assert headers["x-request-id"] == "req_1"
    assert headers["x-team"] == "a"
    assert "cookie" not in headers
    assert all(one.body == b"" for one in server.seen)


async def test_on_azure_the_path_is_azures(serve: Serve, closing: list[HttpUpstream]) -> None:
    server = await serve(answered)
    base = server.url.removesuffix("/v1")
    upstream = azure_upstream(settings(base, api_version="2025-04-01-preview"), AMPLE)
    closing.append(upstream)
    await read(HttpStates(upstream), "resp_1")
    assert server.seen[0].target == "/openai/responses/resp_1?api-version=2025-04-01-preview"


@pytest.mark.parametrize(
    ("status", "code"), [(404, "upstream_not_found"), (401, "upstream_auth"), (500, "")]
)
async def test_what_the_server_says_of_a_failure_stays_with_it(
    serve: Serve, closing: list[HttpUpstream], status: int, code: str
) -> None:
    async def refused(_: web.Request) -> web.Response:
        return web.json_response({"error": {"message": CANARY}}, status=status)

    server = await serve(refused)
    upstream = openai_upstream(settings(server.url), AMPLE)
    closing.append(upstream)
    store = HttpStates(upstream)
    for work in (read(store, "resp_1"), store.forget("resp_1", "req_1", {})):
        with pytest.raises(UpstreamFailed) as caught:
            await work
        assert CANARY not in str(caught.value)
        assert not code or caught.value.code == code


@pytest.mark.parametrize("name", ["", "a/b", "..", "a?b", "ä", "x" * 257, "a b", "a\n"])
async def test_what_is_no_id_is_not_asked_for(
    serve: Serve, closing: list[HttpUpstream], name: str
) -> None:
    server = await serve(answered)
    upstream = openai_upstream(settings(server.url), AMPLE)
    closing.append(upstream)
    with pytest.raises(UpstreamFailed):
        await HttpStates(upstream).stored(name, "req_1", {})
    assert server.seen == []


# --- the embedded upstream ------------------------------------------------------------------------


def asked(**fields: Any) -> Any:
    return Masked(
        body=orjson.dumps({"model": "m", "input": "Hi", **fields}),
        path="/responses",
        stream=bool(fields.get("stream")),
    )


@pytest.mark.parametrize("stream", [False, True])
async def test_the_embedded_upstream_stores_its_answers(stream: bool) -> None:
    upstream = LoopbackUpstream(settings())
    store = LoopbackStates(upstream)
    assert store.name == "one"
    await upstream.send(asked(stream=stream), "0a1b")
    (name,) = upstream.stored
    assert (await read(store, name))["output"][0]["content"][0]["text"].endswith("Hi")
    await store.forget(name, "req_1", {})
    for work in (read(store, name), store.forget(name, "req_1", {})):
        with pytest.raises(UpstreamFailed) as caught:
            await work
        assert caught.value.code == "upstream_not_found"


async def test_the_embedded_upstream_stores_no_more_than_it_should() -> None:
    upstream = LoopbackUpstream(settings())
    await upstream.send(asked(store=False), "none")
    assert upstream.stored == {}
    for number in range(300):
        await upstream.send(asked(), f"{number:04}")
    assert len(upstream.stored) == 256
    assert next(iter(upstream.stored)).endswith("0044")
