"""The server: uvicorn in this process, or in several on one socket.

Several processes read the configuration again, from the same file.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import typer
import uvicorn
import uvloop
from uvicorn.supervisors import Multiprocess

from gateway import spans, telemetry
from gateway.app import caller_keys, create_app, create_app_from_environ, open_parts
from gateway.errors import ConfigError, GatewayError
from gateway.masking.presidio import installed_operators
from gateway.policy.files import load_policies
from gateway.policy.model import Policy
from gateway.settings import Settings

AsgiApp = Callable[[Any, Any, Any], Awaitable[None]]

BACKLOG: Final = 2048
DRAIN_S: Final = 30
KEEP_ALIVE_S: Final = 75  # longer than common load balancers', so that they close first


def load_policy(settings: Settings) -> Policy:
    """The policy that the gateway starts with. Raises `ConfigError` as `load_policies`."""
    return load_policies(settings.policies, frozenset(installed_operators()))


# --- one process ----------------------------------------------------------------------------------


class _Watched:
    """The application, with whatever kept it from starting."""

    def __init__(self, app: AsgiApp) -> None:
        self._app = app
        self.failure: Exception | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            await self._app(scope, receive, send)
            return
        try:
            await self._app(scope, receive, send)
        except Exception as error:
            self.failure = error
            raise


def run_here(settings: Settings, listener: socket.socket, announce: Callable[[], None]) -> None:
    """Serve in this process until a signal comes and what is in flight has ended.

    Raises:
        ConfigError, GatewayError: a part could not be opened.
    """
    spans.install(os.environ)
    _Server(_Watched(create_app(settings)), settings, announce).run_to_end(listener)


class _Server(uvicorn.Server):
    """Uvicorn that says when it listens, and ends with 0 after a signal."""

    def __init__(
        self, watched: _Watched, settings: Settings, on_started: Callable[[], None]
    ) -> None:
        super().__init__(uvicorn.Config(watched, **uvicorn_options(settings)))
        self._watched = watched
        self._on_started = on_started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then say so."""
        await super().startup(sockets)
        self._on_started()

    def run_to_end(self, listener: socket.socket) -> None:
        """As `run_here`."""
        # Uvicorn raises a signal again when it has drained: ours then end nothing a second time.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.handle_exit)
        try:
            self.run(sockets=[listener])
        except SystemExit:
            failure = self._watched.failure
            if isinstance(failure, ConfigError | GatewayError):
                raise failure from None
            kind = type(failure).__name__ if failure else "unknown"
            typer.echo(f"the gateway could not start ({kind})", err=True)
            raise typer.Exit(1) from None


def uvicorn_options(settings: Settings) -> dict[str, Any]:
    """Keyword arguments of `uvicorn.Config`, for one process and for many."""
    tls = settings.listen.tls
    return {
        **telemetry.UVICORN_LOGGING,
        "loop": f"{__name__}:new_event_loop",
        "http": "httptools",
        "ws": "none",
        "interface": "asgi3",
        "lifespan": "on",
        "server_header": False,
        "proxy_headers": False,  # the caller's address plays no part in any decision
        "backlog": BACKLOG,
        "timeout_keep_alive": KEEP_ALIVE_S,
        "timeout_graceful_shutdown": DRAIN_S,
        "ssl_certfile": tls.cert_file if tls else None,
        "ssl_keyfile": tls.key_file if tls else None,
    }


def new_event_loop() -> asyncio.AbstractEventLoop:
    """A loop that logs a forgotten task's exception by its class alone."""
    loop = uvloop.new_event_loop()
    loop.set_exception_handler(telemetry.on_loop_error)
    return loop


# --- several processes ----------------------------------------------------------------------------


def worker_app() -> AsgiApp:
    """The application of one worker process, which inherits the environment."""
    telemetry.install()
    spans.install(os.environ)
    return create_app_from_environ()


def run_workers(
    config: Path | None,
    settings: Settings,
    listener: socket.socket,
    workers: int,
    announce: Callable[[], None],
) -> None:
    """Serve in several processes until a signal comes.

    Raises:
        ConfigError, GatewayError: a part could not be opened.
    """
    asyncio.run(_probe(settings))
    if config is not None:
        os.environ["CLOAKROOM_CONFIG"] = str(config.resolve())
    options = uvicorn_options(settings) | {"workers": workers, "factory": True}
    with tempfile.TemporaryDirectory(prefix="cloakroom-metrics-") as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        listener.listen(BACKLOG)
        announce()
        Multiprocess(uvicorn.Config(f"{__name__}:worker_app", **options), [listener]).run()


async def _probe(settings: Settings) -> None:
    """Open every part once: what cannot be opened is better said once than by each worker."""
    caller_keys(settings)
    parts = open_parts(settings)
    try:
        await parts.store.start()
    finally:
        await parts.aclose()
