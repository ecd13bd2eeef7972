"""`cloakroom serve`: validate everything, then listen."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated

import typer

from gateway import telemetry
from gateway.cli.common import ConfigOption, JsonOption, console, load_settings, print_json
from gateway.config import MissingKey, check_exposure
from gateway.errors import ConfigError, Problem
from gateway.policy.model import Policy
from gateway.settings import Settings, Tls
from gateway.version import __version__

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def serve(
    config: ConfigOption = None,
    host: Annotated[str | None, typer.Option(help="Listen here instead.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Listen here instead.")] = None,
    workers: Annotated[int, typer.Option(min=1, max=256, help="Processes.")] = 1,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Serve unauthenticated callers beyond this host.")
    ] = False,
    notice_s: Annotated[
        float,
        typer.Option("--notice", min=0, max=3600, help="Seconds of not being ready before that."),
    ] = 0.0,
    drain_s: Annotated[
        float, typer.Option("--drain", min=0, max=3600, help="Seconds for requests in flight.")
    ] = 30.0,
    as_json: JsonOption = False,
) -> None:
    """Run the gateway.

    SIGTERM and Ctrl-C let requests in flight end, for at most --drain seconds. With --notice the
    gateway first says that it is not ready, and goes on serving, until no balancer sends it more.
    """
    settings = _overridden(load_settings(config, MissingKey.MAKE), host, port)
    check_exposure(settings, insecure)
    _check_tls(settings.listen.tls)
    telemetry.install()
    for notice in settings.notices:
        typer.echo(f"note: {notice}", err=True)
    with _bind(settings.listen.host, settings.listen.port) as listener:
        from gateway.cli import server  # noqa: PLC0415 -- slow: mistakes are said without it

        policy = server.load_policy(settings)
        announce = _announcement(settings, policy, _url(settings, listener), workers, as_json)
        leaving = server.Leaving(notice_s, drain_s)
        if workers == 1:
            server.run_here(config, settings, listener, leaving, announce)
        else:
            server.run_workers(config, settings, listener, workers, leaving, announce)


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
    """A bound socket, which listens once everything is ready; port 0 takes a free one."""
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
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


def _announcement(
    settings: Settings, policy: Policy, url: str, workers: int, as_json: bool
) -> Callable[[], None]:
    """Says, once it is so, where the gateway listens."""
    names = [one.name for one in settings.upstreams]
    facts = {"version": __version__, "url": url, "workers": workers, "upstreams": names}
    facts |= {"policy": policy.id, "notices": list(settings.notices)}
    about = f"policy {policy.id}; upstreams {', '.join(names)}"
    line = f"Cloakroom {__version__} listens on {url} ({about})"

    def announce() -> None:
        if as_json:
            print_json(facts)
        else:
            console.print(line, markup=False, highlight=False, soft_wrap=True)

    return announce
