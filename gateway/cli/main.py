"""The command line's root. A command's module is imported when the command is run, not before.

Exit codes: 0 done · 1 it did not go well · 2 a wrong command line or wrong start-up files.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Annotated, Any, Final

import typer
from typer.core import TyperCommand, TyperGroup

from gateway import telemetry
from gateway.errors import ConfigError, GatewayError
from gateway.version import __version__

# Each module has a typer application `app`: a group, or one command of the same name.
COMMANDS: Final[Mapping[str, str]] = {
    "demo": "Show masking and restoring at work, with no model, network or configuration.",
    "serve": "Run the gateway.",
    "inspect": "Show what would leave for a text, without sending it.",
    "trace": "Send a text and show every step of its way, token by token.",
    "decrypt": "Turn the ciphertexts of the `encrypt` operator back.",
    "doctor": "Check the configuration and everything that it names.",
    "detector": "Annotate text, measure the detector, see what it costs, train its model.",
    "policy": "Check, test and explain policies.",
    "audit": "Read the audit log.",
    "dsar": "What is kept of a person: find it, hand it over, erase it.",
    "vault": "What is kept, sealed, for later requests: how much, and deleting it.",
    "keys": "The keys that seal what is kept of requests.",
    "console": "The accounts of those who may use the console.",
    "apikeys": "Give keys to callers and take them back.",
}


class LazyGroup(TyperGroup):
    """A group whose commands are stand-ins until one of them is run: help stays quick."""

    def __init__(self, **attrs: Any) -> None:
        super().__init__(**attrs)
        for name, summary in COMMANDS.items():
            self.add_command(TyperCommand(name, help=summary), name)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """The real command, imported now."""
        name, found, rest = super().resolve_command(ctx, args)
        if name in COMMANDS:
            module = import_module(f"gateway.cli.{name}")
            found = typer.main.get_command(module.app)
        return name, found, rest


app = typer.Typer(
    cls=LazyGroup,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"cloakroom {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Cloakroom: a gateway that keeps personal data from language models."""


def main() -> None:
    """The entry point `cloakroom`. What a user can put right is said in words, not a traceback."""
    telemetry.install(level=logging.WARNING)  # standard output is what a command is asked for
    try:
        app()
    except ConfigError as error:
        for problem in error.problems:
            typer.echo(str(problem), err=True)
        sys.exit(2)
    except GatewayError as error:
        typer.echo(f"{error.code}: {error.message}", err=True)
        sys.exit(1)
