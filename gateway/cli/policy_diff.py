"""`cloakroom policy diff`: what one policy sends that another did not."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated, Final

import typer
from rich.markup import escape
from rich.table import Table

from gateway.cli.common import JsonOption, console, print_json
from gateway.cli.policy_common import (
    Exit,
    OwnConfig,
    load,
    refuse,
    types_known,
)
from gateway.errors import ConfigError
from gateway.policy.diff import Change, Comparison, Direction, compare
from gateway.policy.model import Policy
from gateway.policy.universe import Trait
from gateway.policy.wording import Types, rules, types_in_words, what, when

MOST_ROWS: Final = 60  # of a table; --all and JSON have all
MOST_TYPES: Final = 8  # that a cell names

_TITLES: Final = {Direction.MORE: "Sent more", Direction.LESS: "Sent less"}
_STYLES: Final = {Direction.MORE: "bold red", Direction.LESS: "green"}


def diff(
    old: Annotated[str, typer.Argument(help="The policy before: a file or a shipped policy.")],
    new: Annotated[str, typer.Argument(help="The policy after.")],
    acknowledge: Annotated[
        bool, typer.Option("--acknowledge", help="Exit with 0 although more is sent.")
    ] = False,
    every: Annotated[
        bool, typer.Option("--all", help="Show every row, and name every type.")
    ] = False,
    config: OwnConfig = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a change of policy sends more, and less: which types, of whom, to where.

    Both policies decide requests of every kind that they can tell apart, as far as a bound goes;
    the last lines say how far. Exit codes: 0 nothing that is sent more was found, 1 something is
    and --acknowledge was not given, 2 a file is wrong.
    """
    try:
        before, after = load([old]), load([new])
        known = types_known(config)
    except ConfigError as error:
        refuse(error, as_json)
    found = compare(before, after, known)
    more = found.of(Direction.MORE)
    if as_json:
        print_json(_facts(before, after, found))
    else:
        most = sys.maxsize if every else MOST_TYPES
        words: Types = lambda types: types_in_words(types, known, after.classes, most)  # noqa: E731
        _print(found, words, sys.maxsize if every else MOST_ROWS)
        for name, one in ((old, before), (new, after)):
            if one.live is not one:
                typer.echo(f"{name} is in shadow: it was compared as if it were live.")
    raise typer.Exit(Exit.FAILED if more and not acknowledge else Exit.OK)


def _facts(before: Policy, after: Policy, found: Comparison) -> dict[str, object]:
    return {
        "ok": not found.of(Direction.MORE),
        "old": {"id": before.id, "digest": before.digest, "shadow": before.shadow},
        "new": {"id": after.id, "digest": after.digest, "shadow": after.shadow},
        "more": [_change_facts(one) for one in found.of(Direction.MORE)],
        "less": [_change_facts(one) for one in found.of(Direction.LESS)],
        "decisions": found.decisions,
        "depth": found.depth,
        "complete": found.complete,
    }


def _change_facts(change: Change) -> dict[str, object]:
    return {
        "kind": change.kind,
        "key": change.key,
        "types": sorted(change.types),
        "circumstances": [[_trait_facts(one) for one in some] for some in change.circumstances],
        "before": change.before,
        "after": change.after,
        "rules": {"old": change.rules[0], "new": change.rules[1]},
    }


def _trait_facts(trait: Trait) -> dict[str, object]:
    counted = {"counts": trait.counts} if trait.kind in ("found", "count") else {}
    return {"kind": trait.kind, "value": trait.value, "label": trait.label, **counted}


def _print(found: Comparison, types: Types, most: int) -> None:
    for direction in Direction:
        changes = found.of(direction)
        if changes:
            _print_changes(direction, changes, types, most)
    if not found.of(Direction.MORE):
        typer.echo("Nothing is sent more." if found.complete else "Nothing more was found.")
    if found.complete:
        typer.echo(f"Asked: all that the policies tell apart, {found.decisions} decisions each.")
        return
    typer.echo(
        f"Asked: what meets a rule of each policy, and all combinations of up to {found.depth} of"
        f" what they tell apart, {found.decisions} decisions each."
    )
    typer.echo(
        f"That is as far as the bound goes. What only {found.depth + 1} or more kinds of findings,"
        " callers and upstreams bring about together may have been missed: exit code 0 then says"
        " that nothing was found, not that there is nothing."
    )


def _print_changes(
    direction: Direction, changes: Sequence[Change], types: Types, most: int
) -> None:
    table = Table("what", "when", "before", "after", "rules", title=_TITLES[direction])
    for one in changes[:most]:
        table.add_row(
            escape(what(one, types)), escape(when(one, types)), escape(one.before),
            escape(one.after), escape(rules(one)), style=_STYLES[direction],
        )  # fmt: skip
    console.print(table)
    if len(changes) > most:
        typer.echo(f"and {len(changes) - most} more: see --all")
