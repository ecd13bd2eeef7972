"""A gateway inside this process, on a free port, with an ear at its upstreams."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import uvicorn

from gateway.app import create_app
from gateway.cli.server import Leaving, uvicorn_options
from gateway.errors import InternalError
from gateway.masking.mask import MaskedRequest
from gateway.ports import Reply, Upstream
from gateway.settings import Settings
from gateway.types import UpstreamClass

_START_S: Final = 60.0
_STOP_S: Final = 10


class RecordingUpstream:
    """Implements `ports.Upstream`: keeps each request's bytes, then hands it on."""

    def __init__(self, upstream: Upstream, bodies: list[bytes]) -> None:
        self._upstream = upstream
        self._bodies = bodies

    @property
    def name(self) -> str:
        """That of the upstream behind it."""
        return self._upstream.name

    @property
    def upstream_class(self) -> UpstreamClass:
        """That of the upstream behind it."""
        return self._upstream.upstream_class

    async def send(
        self, request: MaskedRequest, request_id: str, headers: Mapping[str, str]
    ) -> Reply:
        """Keep what leaves, and send it. Raises `UpstreamFailed` as the upstream does."""
        self._bodies.append(request.body)
        return await self._upstream.send(request, request_id, headers)

    async def aclose(self) -> None:
        """Close the upstream behind it."""
        await self._upstream.aclose()


class _Server(uvicorn.Server):
    """Uvicorn that lets another thread wait until it listens, or has failed to."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.settled = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().startup(sockets)
        finally:
            self.settled.set()


@contextmanager
def serving(settings: Settings, bodies: list[bytes]) -> Iterator[str]:
    """Run the gateway in a thread; gives its base URL. What leaves is appended to `bodies`.

    Raises:
        ConfigError: a part could not be opened.
        InternalError: the server did not start.
    """
    app = create_app(settings, wrap_upstream=lambda one: RecordingUpstream(one, bodies))
    options = uvicorn_options(settings, Leaving(drain_s=_STOP_S))
    server = _Server(uvicorn.Config(app, **options))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        try:
            if not server.settled.wait(_START_S) or not server.started:
                raise InternalError("The embedded server did not start.")
            yield url
        finally:
            server.should_exit = True
            thread.join(2 * _STOP_S)
