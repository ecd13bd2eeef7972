"""A server of every API family that answers as the loopback upstream does, and remembers it all."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import SimpleNamespace
from typing import Any

from gateway.errors import UpstreamFailed
from gateway.settings import Upstream as Settings
from gateway.types import UpstreamClass
from gateway.upstreams.loopback import LoopbackUpstream

SETTINGS = Settings(name="echo", kind="loopback", upstream_class=UpstreamClass.ON_PREM)


class EchoServer(ThreadingHTTPServer):
    """On loopback, at a port of its own."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.port = int(self.server_address[1])
        self.received: list[tuple[dict[str, str], bytes]] = []
        self.echo = LoopbackUpstream(SETTINGS)

    @property
    def bodies(self) -> list[Any]:
        return [json.loads(raw) for _, raw in self.received]

    @property
    def text(self) -> str:
        """Everything that ever arrived, headers included."""
        return "\n".join(f"{headers} {raw.decode()}" for headers, raw in self.received)


@contextmanager
def serving() -> Iterator[EchoServer]:
    with EchoServer() as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()


class _Handler(BaseHTTPRequestHandler):
    server: EchoServer

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["content-length"]))
        self.server.received.append((dict(self.headers), raw))
        body = json.loads(raw)
        try:
            asyncio.run(self._answer(raw, body))
        except UpstreamFailed as failed:
            self._head(failed.status, "application/json")
            self.wfile.write(json.dumps({"error": {"message": str(failed)}}).encode())

    async def _answer(self, raw: bytes, body: dict[str, Any]) -> None:
        path, stream = self.path.removeprefix("/v1"), body.get("stream") is True
        masked: Any = SimpleNamespace(body=raw, path=path, stream=stream)
        reply = await self.server.echo.send(masked, secrets.token_hex(16))
        self._head(200, "text/event-stream" if stream else "application/json")
        async for piece in reply.chunks():
            self.wfile.write(piece)

    def _head(self, status: int, kind: str) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""
