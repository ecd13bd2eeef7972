"""What every command needs: the settings, a console, and JSON on request."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, NoReturn, TypeAlias

import orjson
import typer
from rich.console import Console

from gateway import config
from gateway.errors import ConfigError
from gateway.settings import Settings

console = Console()
errors = Console(stderr=True)

ConfigOption: TypeAlias = Annotated[
    Path | None,
    typer.Option("--config", help="The configuration file; else CLOAKROOM_CONFIG, else none."),
]
JsonOption: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def load_settings(
    path: Path | None, missing_key: config.MissingKey = config.MissingKey.REFUSE
) -> Settings:
    """The settings; where they are wrong, every problem is printed and the process exits with 2.

    Only what begins a gateway's life makes a master key; `missing_key` says so.
    """
    try:
        return config.load(path, os.environ, missing_key)
    except ConfigError as error:
        fail(error)


def fail(error: ConfigError) -> NoReturn:
    """Print every problem of the start-up files and exit with 2."""
    for problem in error.problems:
        errors.print(str(problem), style="red", markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(2)


def print_json(value: object) -> None:
    """Indented JSON on standard output."""
    sys.stdout.write(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode() + "\n")
