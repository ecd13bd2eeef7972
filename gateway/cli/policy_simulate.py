"""`cloakroom policy simulate`: what another policy would have done with the requests on record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final

import orjson
import typer
from rich.markup import escape
from rich.table import Table

from gateway.audit.store import Page, stream_records
from gateway.cli.audit_common import (
    FromOption,
    ToOption,
    UrlOption,
    log_url,
    progress,
    reading,
    stop,
)
from gateway.cli.chart import Bar, svg_bars, text_bar
from gateway.cli.common import ConfigOption, JsonOption, console, print_json
from gateway.cli.policy_common import Exit, load, policy_path, refuse
from gateway.errors import ConfigError
from gateway.policy.files import load_policies
from gateway.policy.model import Policy
from gateway.policy.simulate import (
    LESS,
    MORE,
    REPLAYED,
    Kind,
    Rows,
    Simulated,
    Simulation,
)
from gateway.policy.wording import CHANGES

MOST_ROWS: Final = 20  # of a table; JSON has all

_COLOURS: Final = {
    **dict.fromkeys(MORE, "#b3261e"),
    **dict.fromkeys(LESS, "#1b6e3c"),
    Kind.OTHERWISE: "#4a5a8a",
    Kind.SAME: "#8c8c8c",
}


def simulate(
    policy: Annotated[
        list[str],
        typer.Option("--policy", help="A policy file or a shipped policy; several in order."),
    ],
    config: ConfigOption = None,
    url: UrlOption = None,
    since: FromOption = None,
    until: ToOption = None,
    tenant: Annotated[str | None, typer.Option(help="Only this tenant's.")] = None,
    svg: Annotated[Path | None, typer.Option(help="Write the chart to this file.")] = None,
    acknowledge: Annotated[
        bool, typer.Option("--acknowledge", help="Exit with 0 although more is sent.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Show what a policy would have done with the requests in the audit log.

    The log is only read. Each request is decided again from what its record holds, which is never
    text; answers are not. Exit codes: 0 nothing is sent more, 1 something is and --acknowledge
    was not given, 2 a file is wrong or the log cannot be read.
    """
    try:
        read = _load(policy)
    except ConfigError as error:
        refuse(error, as_json)
    with reading(as_json=as_json):
        log = log_url(config, url)
        pages = stream_records(log, types=REPLAYED, tenant=tenant, since=since, until=until)
        found = _run(Simulation(read), pages, hidden=as_json)
    if svg is not None:
        try:
            svg.write_text(_chart(found), encoding="utf-8")
        except OSError as error:
            stop(f"The chart cannot be written ({type(error).__name__}).", as_json=as_json)
    if as_json:
        print_json(_facts(read, found))
    else:
        _print(read, found)
    raise typer.Exit(Exit.FAILED if found.more and not acknowledge else Exit.OK)


def _load(names: Sequence[str]) -> Policy:
    """The policy. Operators of others are looked for only where it is wrong without them: it is
    slow, and takes twice the memory of all else."""
    try:
        return load_policies([policy_path(name) for name in names])
    except ConfigError:
        return load(names)


def _run(simulation: Simulation, pages: Iterator[Page], *, hidden: bool) -> Simulated:
    with progress(hidden=hidden) as bar:
        task = bar.add_task("records", total=None)
        for page in pages:
            for body in page.bodies:
                simulation.feed(orjson.loads(body))
            bar.update(task, completed=page.seq, total=page.last)
    return simulation.result()


def _facts(policy: Policy, found: Simulated) -> dict[str, object]:
    return {
        "ok": not found.more,
        "policy": {"id": policy.id, "digest": policy.digest},
        "requests": found.read,
        "replayed": found.replayed,
        "incomplete": found.incomplete,
        "undecided": found.undecided,
        "more": found.more,
        "less": found.less,
        "changes": {kind.value: count for kind, count in found.kinds.items()},
        "types": found.types,
        "tenants": found.tenants,
        "upstreams": found.upstreams,
        "rules": found.rules,
        "policies": found.policies,
    }


def _print(policy: Policy, found: Simulated) -> None:
    console.print(
        f"{found.replayed:,} of {found.read:,} requests on record decided by {policy.id} "
        f"({policy.digest[:12]}); they were decided by {len(found.policies)} policies.",
        markup=False, highlight=False,
    )  # fmt: skip
    if found.incomplete:
        text = f"{found.incomplete:,} left out: of an earlier version, without what they were"
        console.print(f"{text} decided on.", style="yellow")
    if found.undecided:
        console.print(f"{found.undecided:,} left out: they failed before a decision.", style="dim")
    if not found.replayed:
        return
    console.print(_changes(found))
    columns = ("found", "more", "less")
    _table("By entity type", "type", found.types, columns, first=("more", "less", "found"))
    _table("By tenant", "tenant", *_by_direction(found.tenants))
    _table("By rule that decides", "rule", *_by_direction(found.rules))
    _table("By upstream", "upstream", found.upstreams, ("before", "after"), first=("before",))
    if found.more:
        style, text = "bold red", f"{found.more:,} requests would send more"
    else:
        style, text = "bold green", "no request would send more"
    console.print(f"{text}, {found.less:,} less.", style=style)


def _changes(found: Simulated) -> Table:
    """Every change with its bar."""
    table = Table("change", "requests", "", title="What changes", title_justify="left")
    table.columns[1].justify = "right"
    most = max(found.kinds.values())
    for kind, count in found.kinds.items():
        table.add_row(CHANGES[kind], f"{count:,}", f"[{_COLOURS[kind]}]{text_bar(count, most)}[/]")
    return table


def _by_direction(rows: Rows) -> tuple[Rows, tuple[str, ...], tuple[str, ...]]:
    """The kinds of change summed up: what a table by names has room for."""
    summed = {
        name: {
            "requests": sum(row.values()),
            "more": sum(row.get(kind, 0) for kind in MORE),
            "less": sum(row.get(kind, 0) for kind in LESS),
            "otherwise": row.get(Kind.OTHERWISE, 0),
        }
        for name, row in rows.items()
    }
    return summed, ("requests", "more", "less", "otherwise"), ("more", "less", "requests")


def _table(
    title: str, heading: str, rows: Rows, columns: Sequence[str], first: Sequence[str]
) -> None:
    """Rows with the most in the columns of `first` at the top; the rest in one row."""
    if not rows:
        return
    table = Table(heading, title=title, title_justify="left")
    for column in columns:
        table.add_column(column, justify="right")
    ordered = sorted(
        rows.items(), key=lambda one: ([-one[1].get(column, 0) for column in first], one[0])
    )
    for name, row in ordered[:MOST_ROWS]:
        style = "red" if row.get("more") else ""
        table.add_row(escape(name), *_figures(row, columns), style=style)
    rest = ordered[MOST_ROWS:]
    if rest:
        summed = {column: sum(row.get(column, 0) for _, row in rest) for column in columns}
        table.add_row(f"{len(rest)} more", *_figures(summed, columns), style="dim")
    console.print(table)


def _figures(row: Mapping[str, int], columns: Sequence[str]) -> list[str]:
    return [f"{row.get(column, 0):,}" for column in columns]


def _chart(found: Simulated) -> str:
    """The changes as a chart; the unchanged would dwarf them, and are in the title."""
    bars = [
        Bar(CHANGES[kind], count, _COLOURS[kind])
        for kind, count in found.kinds.items()
        if kind is not Kind.SAME
    ]
    changed = sum(one.count for one in bars)
    title = f"{changed:,} of {found.replayed:,} requests would change"
    return svg_bars(title, bars, counted="requests", by="change")
