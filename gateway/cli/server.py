"""The server: uvicorn in this process, or in several on one socket.

Several processes read the configuration again, from the same file.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Final
from uuid import uuid4

import typer
import uvicorn
import uvloop

from gateway import meters, spans, telemetry
from gateway.app import caller_keys, create_app, create_app_from_environ, open_parts, source_of
from gateway.cli.metrics_folder import hold, metrics_folder
from gateway.cli.workers import NOTICE, Supervisor, end_with_parent
from gateway.errors import ConfigError, GatewayError
from gateway.masking.presidio import installed_operators
from gateway.policy.files import load_policies
from gateway.policy.model import Policy
from gateway.settings import Settings

AsgiApp = Callable[[Any, Any, Any], Awaitable[None]]

BACKLOG: Final = 2048
DRAIN_S: Final = 30
"""How long requests in flight may take to their end, where nobody says otherwise."""

_FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"

KEEP_ALIVE_S: Final = 75  # longer than common load balancers', so that they close first
WORKER_ANSWERS_S: Final = 60  # a worker that is slow for want of CPU is not dead


def load_policy(settings: Settings) -> Policy:
    """The policy that the gateway starts with. Raises `ConfigError` as `load_policies`."""
    return load_policies(settings.policies, frozenset(installed_operators()))


@dataclass(frozen=True, slots=True)
class Leaving:
    """How a server ends: seconds in which it says that it is not ready, and goes on as ever, then
    seconds for what is in flight."""

    notice_s: float = 0.0
    drain_s: float = DRAIN_S


def _install_telling() -> None:
    """Have exchanges told of where the environment says. Raises `ConfigError`."""
    instance = str(uuid4())
    spans.install(os.environ, instance)
    meters.install(os.environ, instance)


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


def run_here(
    config: Path | None,
    settings: Settings,
    listener: socket.socket,
    leaving: Leaving,
    announce: Callable[[], None],
) -> None:
    """Serve in this process until a signal comes and what is in flight has ended.

    Raises:
        ConfigError, GatewayError: a part could not be opened.
    """
    _install_telling()
    app = create_app(settings, source=source_of(config, os.environ))
    watched, options = _Watched(app), uvicorn_options(settings, leaving)
    _Server(watched, options, leaving.notice_s, announce, app.state.leave).run_to_end(listener)


class _Server(uvicorn.Server):
    """Uvicorn that says when it listens, is not ready for a while before it stops listening, and
    ends with 0 after a signal."""

    def __init__(
        self,
        watched: _Watched,
        options: Mapping[str, Any],
        notice_s: float,
        on_started: Callable[[], None],
        on_leaving: Callable[[], None],
    ) -> None:
        super().__init__(uvicorn.Config(watched, **options))
        self._watched = watched
        self._notice_s = notice_s
        self._on_started = on_started
        self._on_leaving = on_leaving
        self._leaves: tuple[float, int, FrameType | None] | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Say that it is not ready, and end in a while; at a second signal, at once."""
        self._on_leaving()
        if self._notice_s and self._leaves is None:
            self._leaves = (time.monotonic() + self._notice_s, sig, frame)
        else:
            super().handle_exit(sig, frame)

    async def on_tick(self, counter: int) -> bool:
        """Whether to stop listening."""
        if self._leaves is not None and not self.should_exit:
            at, number, frame = self._leaves
            if time.monotonic() >= at:
                super().handle_exit(number, frame)
        return await super().on_tick(counter)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then say so."""
        await super().startup(sockets)
        self._on_started()

    def run_to_end(self, listener: socket.socket) -> None:
        """As `run_here`."""
        # Uvicorn raises a signal again when it has drained: ours then end nothing a second time.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.handle_exit)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until there is something to read anew
        try:
            self.run(sockets=[listener])
        except SystemExit:
            failure = self._watched.failure
            if isinstance(failure, ConfigError | GatewayError):
                raise failure from None
            kind = type(failure).__name__ if failure else "unknown"
            typer.echo(f"the gateway could not start ({kind})", err=True)
            raise typer.Exit(1) from None


def uvicorn_options(settings: Settings, leaving: Leaving) -> dict[str, Any]:
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
        "timeout_worker_healthcheck": WORKER_ANSWERS_S,
        "timeout_graceful_shutdown": round(leaving.drain_s),
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
    hold(os.environ[_FOLDER])  # for as long as this process lives
    telemetry.install()
    _install_telling()
    app = create_app_from_environ()
    signal.signal(NOTICE, lambda *_: app.state.leave())
    end_with_parent()
    return app


def run_workers(
    config: Path | None,
    settings: Settings,
    listener: socket.socket,
    workers: int,
    leaving: Leaving,
    announce: Callable[[], None],
) -> None:
    """Serve in several processes until a signal comes.

    Raises:
        ConfigError, GatewayError: a part could not be opened.
        typer.Exit: a worker could not start.
    """
    asyncio.run(_probe(settings))
    if config is not None:
        # not resolved: volumes of configuration swap the folder behind a link
        os.environ["CLOAKROOM_CONFIG"] = str(config.absolute())
    options = uvicorn_options(settings, leaving) | {"workers": workers, "factory": True}
    with metrics_folder() as folder:
        os.environ[_FOLDER] = folder
        listener.listen(BACKLOG)
        announce()
        started = uvicorn.Config(f"{__name__}:worker_app", **options)
        supervisor = Supervisor(started, [listener], leaving.notice_s)
        supervisor.run()
    if supervisor.has_failed:
        typer.echo("a worker could not start: its log lines say why", err=True)
        raise typer.Exit(1)


async def _probe(settings: Settings) -> None:
    """Open every part once: what cannot be opened is better said once than by each worker."""
    caller_keys(settings)
    parts = open_parts(settings)
    try:
        await parts.store.start()
    finally:
        await parts.aclose()
