"""`cloakroom doctor --matrix`: every place of every API, with every operator, as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import typer
from rich.table import Table as Shown
from rich.text import Text

from gateway.cli.audit_common import progress
from gateway.cli.common import console, print_json
from gateway.conformance.opening import matrix_runner
from gateway.conformance.running import OPERATORS, Cell
from gateway.conformance.tables.every import TABLES
from gateway.conformance.upstreams import Served, served
from gateway.settings import Settings

_OK: Final = "\u2713"
_BAD: Final = "\u2717"


async def run_matrix(settings: Settings, *, sends: bool, as_json: bool) -> None:
    """Run and show it; with `sends`, one masked request of each family goes to each upstream.

    Raises:
        typer.Exit: always, with 1 where a cell does not hold.
    """
    cells: list[Cell] = []
    with progress(hidden=as_json) as bar:
        task = bar.add_task("matrix", total=len(TABLES) * len(OPERATORS))
        async with matrix_runner(settings) as runner:
            for table in TABLES:
                for operator in OPERATORS:
                    cells += await runner.cells(table, [operator])
                    bar.advance(task)
        asked = await _asked(settings) if sends else []
    failed = [one for one in cells if one.fault]
    if as_json:
        print_json(_document(settings, cells, asked))
    else:
        _show_cells(cells)
        _show_upstreams(settings, asked)
        console.print(f"{len(cells)} cells, {len(failed)} of them fail.", highlight=False)
        if not sends:
            console.print(
                "Nothing was sent to an upstream; --send asks each of them once per family.",
                style="dim",
            )
    raise typer.Exit(1 if failed else 0)


async def _asked(settings: Settings) -> list[Served]:
    return [
        await served(settings, upstream, table)
        for upstream in settings.upstreams
        for table in TABLES
        if table.codec.family in upstream.families
    ]


def _document(settings: Settings, cells: Sequence[Cell], asked: Sequence[Served]) -> Any:
    return {
        "ok": not any(one.fault for one in cells),
        "cells": [
            {
                "endpoint": one.endpoint,
                "place": one.place,
                "direction": "answer" if one.is_answer else "request",
                "stream": one.streamed,
                "operator": one.operator,
                "ok": not one.fault,
                "fault": one.fault,
            }
            for one in cells
        ],
        "upstreams": [
            {"upstream": one.name, "families": sorted(one.families)} for one in settings.upstreams
        ],
        "asked": [
            {
                "upstream": one.upstream,
                "endpoint": one.endpoint,
                "ms": one.milliseconds,
                "ok": not one.fault,
                "fault": one.fault,
            }
            for one in asked
        ],
    }


def _show_cells(cells: Sequence[Cell]) -> None:
    """A table per endpoint: a row per place, a column per operator, plain and streamed in one."""
    endpoints = dict.fromkeys(one.endpoint for one in cells)
    for endpoint in endpoints:
        shown = Shown("Place", "", *(name[:9] for name in OPERATORS), title=endpoint)
        of_place: dict[tuple[bool, str], dict[str, list[Cell]]] = {}
        for one in cells:
            if one.endpoint == endpoint:
                of_operator = of_place.setdefault((one.is_answer, one.place), {})
                of_operator.setdefault(one.operator, []).append(one)
        for (is_answer, place), of_operator in of_place.items():
            marks = [_mark(of_operator[name]) for name in OPERATORS]
            shown.add_row(Text(place), "answer" if is_answer else "request", *marks)
        console.print(shown)
    for one in cells:
        if one.fault:
            mode = "streamed" if one.streamed else "plain"
            console.print(
                Text(f"{one.endpoint} {one.place}, {mode}, {one.operator}: {one.fault}", "red")
            )


def _mark(cells: Sequence[Cell]) -> Text:
    marks = "".join(_BAD if one.fault else _OK for one in cells)
    return Text(marks, style="bold red" if _BAD in marks else "green")


def _show_upstreams(settings: Settings, asked: Sequence[Served]) -> None:
    shown = Shown("Upstream", *(table.codec.endpoint for table in TABLES), title="Upstreams")
    said = {(one.upstream, one.endpoint): one for one in asked}
    for upstream in settings.upstreams:
        row = [Text(upstream.name)]
        for table in TABLES:
            one = said.get((upstream.name, table.codec.endpoint))
            if table.codec.family not in upstream.families:
                row.append(Text("-", style="dim"))
            elif one is None:
                row.append(Text("configured"))
            elif one.fault:
                row.append(Text(one.fault, style="yellow"))
            else:
                row.append(Text(f"{_OK} {one.milliseconds} ms", style="green"))
        shown.add_row(*row)
    console.print(shown)
