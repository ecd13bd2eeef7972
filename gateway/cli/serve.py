"""`cloakroom serve`: validate everything, then listen.

One worker runs the server in this process. Several run it in processes of their own on one
socket; they read the configuration again, from the same file.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import ssl
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Final

import typer
import uvicorn
import uvloop
from uvicorn.supervisors import Multiprocess

from gateway import telemetry
from gateway.app import create_app, create_app_from_environ, open_parts
from gateway.cli.common import ConfigOption, JsonOption, console, load_settings, print_json
from gateway.config import check_exposure
from gateway.errors import ConfigError, GatewayError, Problem
from gateway.masking.presidio import installed_operators
from gateway.policy.files import PolicyStore
from gateway.policy.schema import Policy
from gateway.settings import Settings, Tls
from gateway.version import __version__

AsgiApp = Callable[[Any, Any, Any], Awaitable[None]]

BACKLOG: Final = 2048
DRAIN_S: Final = 30
KEEP_ALIVE_S: Final = 75  # longer than common load balancers', so that they close first

app = typer.Typer(pretty_exceptions_enable=False)


@app.command()
def serve(
    config: ConfigOption = None,
    host: Annotated[str | None, typer.Option(help="Listen here instead.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Listen here instead.")] = None,
    workers: Annotated[int, typer.Option(min=1, max=256, help="Processes.")] = 1,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Serve unauthenticated callers beyond this host.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Run the gateway.

    SIGTERM and Ctrl-C let requests in flight end, for at most 30 seconds.
    """
    settings = _overridden(load_settings(config), host, port)
    check_exposure(settings, insecure)
    _check_tls(settings.listen.tls)
    policy = PolicyStore(settings.policies, operators=frozenset(installed_operators())).current
    telemetry.install()

    def announce() -> None:
        _announce(settings, policy, _url(settings, listener), workers, as_json)

    for notice in settings.notices:
        typer.echo(f"note: {notice}", err=True)
    if workers == 1:
        server = Server(_Watched(create_app(settings)), settings, announce)
        with _bind(settings.listen.host, settings.listen.port) as listener:
            server.run_to_end(listener)
        return
    asyncio.run(_probe(settings))
    with _bind(settings.listen.host, settings.listen.port) as listener:
        announce()
        _run_workers(config, settings, listener, workers)


def _overridden(settings: Settings, host: str | None, port: int | None) -> Settings:
    listen = settings.listen
    listen = replace(listen, host=listen.host if host is None else host)
    listen = replace(listen, port=listen.port if port is None else port)
    return replace(settings, listen=listen)


def _check_tls(tls: Tls | None) -> None:
    if tls is None:
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(tls.cert_file, tls.key_file)
    except OSError:  # an ssl.SSLError is one
        message = "the certificate and its key cannot be used"
        hint = f"look at {tls.cert_file} and {tls.key_file}: PEM files that belong together?"
        raise ConfigError([Problem(str(tls.cert_file), 0, "listen.tls", message, hint)]) from None


def _bind(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one."""
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.create_server(address, family=family, backlog=BACKLOG)
    except OSError as error:
        typer.echo(f"cannot listen on {host} port {port}: {error.strerror}", err=True)
        typer.echo("    hint: choose another address with --host and --port", err=True)
        raise typer.Exit(1) from None
    listener.set_inheritable(True)  # the workers share it
    return listener


def _url(settings: Settings, listener: socket.socket) -> str:
    scheme = "https" if settings.listen.tls else "http"
    host = settings.listen.host
    host = f"[{host}]" if ":" in host else host
    return f"{scheme}://{host}:{listener.getsockname()[1]}"


def _announce(settings: Settings, policy: Policy, url: str, workers: int, as_json: bool) -> None:
    names = [one.name for one in settings.upstreams]
    if as_json:
        facts = {"version": __version__, "url": url, "workers": workers, "upstreams": names}
        print_json(facts | {"policy": policy.id, "notices": list(settings.notices)})
        return
    about = f"policy {policy.id}; upstreams {', '.join(names)}"
    console.print(
        f"Cloakroom {__version__} listens on {url} ({about})",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )


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


class Server(uvicorn.Server):
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
        """Serve until a signal comes and what is in flight has ended.

        Raises:
            ConfigError, GatewayError: a part could not be opened.
        """
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
    return create_app_from_environ()


async def _probe(settings: Settings) -> None:
    """Open every part once: what cannot be opened is better said once than by each worker."""
    parts = open_parts(settings)
    try:
        await parts.store.start()
    finally:
        await parts.aclose()


def _run_workers(
    config: Path | None, settings: Settings, listener: socket.socket, workers: int
) -> None:
    if config is not None:
        os.environ["CLOAKROOM_CONFIG"] = str(config.resolve())
    options = uvicorn_options(settings) | {"workers": workers, "factory": True}
    with tempfile.TemporaryDirectory(prefix="cloakroom-metrics-") as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        Multiprocess(uvicorn.Config(f"{__name__}:worker_app", **options), [listener]).run()
