"""What the commands on the audit log share: which log, how they end, times, progress.

Exit codes: 0 it holds, or something was found · 1 it does not, or nothing was · 2 it cannot be
told: a wrong command line, wrong files, or a log that cannot be read.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from pathlib import Path
from typing import Annotated, Final, NoReturn, TypeAlias

import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from gateway.audit.notes import Algorithm, NoteError, VerifierKey, parse_vkey
from gateway.audit.postgres.faults import explain
from gateway.audit.reading import LogReader
from gateway.audit.record import timestamp
from gateway.cli.common import console, errors, fail, load_settings, print_json
from gateway.config import MissingKey
from gateway.errors import AuditUnavailable, ConfigError

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Exit(IntEnum):
    """How a command on the log ends."""

    OK = 0
    NOT_SO = 1
    CANNOT = 2


UrlOption: TypeAlias = Annotated[
    str | None, typer.Option("--url", help="The audit log, instead of the configured one.")
]


def moment(value: str | None) -> str | None:
    """A time as records write it; without a zone it is UTC, and a date is its midnight."""
    if value is None:
        return None
    try:
        read = datetime.fromisoformat(value)
        read = read if read.tzinfo else read.replace(tzinfo=UTC)
        return timestamp((read - _EPOCH) // timedelta(microseconds=1))
    except (ValueError, OverflowError):
        text = "must be a time such as 2026-11-23 or 2026-11-23T09:30:00Z"
        raise typer.BadParameter(text) from None


FromOption: TypeAlias = Annotated[
    str | None, typer.Option("--from", help="Only records since then.", callback=moment)
]
ToOption: TypeAlias = Annotated[
    str | None, typer.Option("--to", help="Only records before then.", callback=moment)
]
KeyOption: TypeAlias = Annotated[
    list[Path] | None,
    typer.Option("--key", help="A file of public keys, one vkey a line: trust only these."),
]


def log_url(config: Path | None, url: str | None) -> str:
    """Which log is meant; the configuration is read only where no URL is given."""
    return url if url is not None else load_settings(config, MissingKey.LEND).audit.url


@contextmanager
def reading(*, as_json: bool = False) -> Iterator[None]:
    """A log that cannot be read ends the command with 2, in words."""
    try:
        yield
    except ConfigError as error:
        if as_json:
            problems = [str(problem) for problem in error.problems]
            print_json({"ok": False, "problems": problems})
        fail(error)
    except AuditUnavailable as error:
        advice = explain(error, "cloakroom_reviewer")
        advice = advice or "Is there one yet? `cloakroom serve` makes it."
        text = f"{error.message} {advice}"
        stop(text, as_json=as_json)


def stop(text: str, code: Exit = Exit.CANNOT, *, as_json: bool = False) -> NoReturn:
    """Say why a command ends, and end it."""
    if as_json:
        print_json({"ok": False, "problems": [text]})
    else:
        errors.print(text, markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(code) from None


def say(text: str, style: str = "") -> None:
    """A line for people, as it is."""
    console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)


@contextmanager
def progress(*, hidden: bool) -> Iterator[Progress]:
    """A bar on standard error, where somebody is looking."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
    )
    off = hidden or not errors.is_terminal
    with Progress(*columns, console=errors, disable=off, transient=True) as bar:
        yield bar


def read_file(path: Path, what: str, *, as_json: bool = False) -> bytes:
    """A file that the command line names; one that cannot be read ends the command with 2."""
    try:
        return path.read_bytes()
    except OSError as error:
        stop(f"{what} {path} cannot be read ({type(error).__name__}).", as_json=as_json)


def pinned_keys(paths: list[Path], *, as_json: bool = False) -> list[VerifierKey]:
    """The public keys in these files: one vkey a line; empty lines and those with # are skipped."""
    keys: list[VerifierKey] = []
    for path in paths:
        text = read_file(path, "The key file", as_json=as_json).decode("utf-8", "replace")
        for number, line in enumerate(text.splitlines(), 1):
            if not line.strip() or line.startswith("#"):
                continue
            try:
                keys.append(parse_vkey(line.strip()))
            except NoteError as error:
                stop(f"{path}, line {number}: {error}.", as_json=as_json)
    if not keys:
        stop("The key files hold no key.", as_json=as_json)
    return list(dict.fromkeys(keys))


def own_keys(log: LogReader, *, as_json: bool = False) -> list[VerifierKey]:
    """The public keys that stand in the log itself; a damaged one ends the command with 1."""
    try:
        stored = log.keys()
        return [VerifierKey(key.name, Algorithm(key.algorithm), key.public) for key in stored]
    except (NoteError, ValueError):
        stop("A public key in the log is damaged.", Exit.NOT_SO, as_json=as_json)
