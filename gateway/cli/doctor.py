"""`cloakroom doctor`: every check in a table, with what to do next."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.table import Table
from rich.text import Text

from gateway import telemetry
from gateway.cli import checks, checks_console, checks_sinks, checks_vllm
from gateway.cli.checks import Check, Status
from gateway.cli.common import ConfigOption, JsonOption, console, load_settings, print_json
from gateway.cli.doctor_matrix import run_matrix
from gateway.config import MissingKey, load
from gateway.errors import ConfigError

_STYLES: Final = {Status.OK: "green", Status.WARNING: "yellow", Status.FAILED: "bold red"}

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def doctor(
    config: ConfigOption = None,
    as_json: JsonOption = False,
    matrix: Annotated[
        bool, typer.Option("--matrix", help="Plant a canary in every place of every API instead.")
    ] = False,
    send: Annotated[
        bool, typer.Option("--send", help="With --matrix: ask each upstream once per API, too.")
    ] = False,
) -> None:
    """Check the configuration and everything that it names. Exits with 1 if a check fails."""
    telemetry.install()
    if matrix:
        asyncio.run(run_matrix(load_settings(config, MissingKey.LEND), sends=send, as_json=as_json))
    done = asyncio.run(_all(config))
    failed = any(one.status is Status.FAILED for one in done)
    if as_json:
        shown = [
            {"name": one.name, "status": one.status.value, "seen": one.seen, "advice": one.advice}
            for one in done
        ]
        print_json({"ok": not failed, "checks": shown})
    else:
        _show(done)
    raise typer.Exit(1 if failed else 0)


async def _all(config: Path | None) -> list[Check]:
    done = [checks.python(), checks.versions()]
    try:
        settings = load(config, os.environ, MissingKey.LEND)
    except ConfigError as error:
        return done + [
            Check("config", Status.FAILED, str(problem).partition("\n")[0], problem.hint)
            for problem in error.problems
        ]
    source = str(config or os.environ.get("CLOAKROOM_CONFIG") or "the embedded default")
    done.append(Check("config", Status.OK, source))
    done += [
        Check("notice", Status.WARNING, *_parted(notice))
        for notice in settings.notices
        if not notice.startswith(checks.EXPOSED_KEY)
    ]
    detection, types = await checks.detection(settings)
    done += [checks.exposure(settings), *checks.policies(settings, types), checks.policy_cases()]
    done += [checks.master_key(settings), *checks.callers(settings), await checks.audit(settings)]
    done += await asyncio.to_thread(checks_console.console, settings)
    done += await asyncio.to_thread(checks_sinks.sinks, settings)
    done += await asyncio.to_thread(checks_sinks.anchors, settings)
    done += [*detection, await checks.round_trip(settings)]
    done += await checks.upstreams(settings)
    return done + await asyncio.to_thread(checks_vllm.vllm, settings)


def _parted(notice: str) -> tuple[str, str]:
    """What a notice says, and what it asks for."""
    seen, _, advice = notice.partition(": ")
    return seen, advice


def _show(done: list[Check]) -> None:
    table = Table("Check", "", "Seen", "What to do")
    for one in done:
        mark = Text(one.status.value, style=_STYLES[one.status])
        table.add_row(one.name, mark, Text(one.seen), Text(one.advice))
    console.print(table)
