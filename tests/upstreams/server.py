"""A masked request's stand-in, and a server that says what it saw."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from types import SimpleNamespace

import orjson
from aiohttp import web

CANARY = "canary-Zweigstelle-4471"
ANSWER = {"choices": [{"message": {"content": "hello"}}]}


@dataclass(frozen=True)
class Masked:
    """What a masked request offers to an upstream."""

    body: bytes = b'{"model":"gpt","messages":[]}'
    path: str = "/chat/completions"
    stream: bool = False
    model: str = "gpt"

    def with_fields(self, *, model: str) -> Masked:
        document = orjson.loads(self.body) | {"model": model}
        return replace(self, body=orjson.dumps(document), model=model)


@dataclass
class Server:
    """A server whose handler a test chooses, and what it saw."""

    handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    seen: list[SimpleNamespace] = field(default_factory=list)
    url: str = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.seen.append(
            SimpleNamespace(
                path=request.path,
                target=request.path_qs,
                headers=request.headers.copy(),
                body=body,
                peer=request.transport and request.transport.get_extra_info("peername"),
                certificate=request.transport and request.transport.get_extra_info("peercert"),
            )
        )
        return await self.handler(request)


async def ok(_request: web.Request) -> web.StreamResponse:
    return web.json_response(ANSWER)
