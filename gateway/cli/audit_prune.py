"""`cloakroom audit prune`: let records go that are old enough, and content that has expired."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from gateway.audit import retention
from gateway.audit.content.store import ContentStore, open_content
from gateway.audit.facts import EventType
from gateway.audit.merkle import TILE_WIDTH
from gateway.cli.audit_common import Exit, moment, progress, reading, say, stop
from gateway.cli.common import ConfigOption, JsonOption, load_settings, print_json
from gateway.cli.onrecord import put_on_record
from gateway.settings import Settings


def prune(
    before: Annotated[
        str | None, typer.Option("--before", help="Records before this time.", callback=moment)
    ] = None,
    days: Annotated[
        int | None, typer.Option("--days", min=1, help="Records older than this many days.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Delete the oldest records, and content that has outlived its days. It goes on record.

    Records go as a prefix of whole blocks of 256 that stand below a checkpoint; what is on hold,
    open, or not yet at a further sink stays, with all after it. Proofs of what stays still hold.
    Without --before and --days, records older than `audit.retention_days` of the configuration go;
    where that is not set either, only expired content does. Run it daily.

    Exit codes: 0 done, also where there is nothing to do; 1 something came in the way; 2 it cannot
    be told.
    """
    if before is not None and days is not None:
        raise typer.BadParameter("give --before or --days, not both")
    settings = load_settings(config)
    days = days if before is not None or days is not None else settings.audit.retention_days
    if days is not None:
        before = moment((datetime.now(UTC) - timedelta(days=days)).isoformat())
    with reading(as_json=json), open_content(settings.audit.url, settings.master_key) as content:
        expired = 0 if dry_run else content.expire()
        wanted = retention.Plan(0, 0, ()) if before is None else retention.plan(content, before)
        taken = wanted.below - wanted.start
        if taken and not dry_run:
            _carry_out(settings, content, wanted, hidden=json)
    shown = {
        "pruned_below": wanted.below,
        "records": taken,
        "expired_requests": expired,
        "dry_run": dry_run,
        "kept_for": [{"what": what, "from_leaf": leaf} for what, leaf in wanted.limits],
    }
    if json:
        print_json(shown)
        return
    verb = "would go" if dry_run else "went"
    say(f"{taken} records {verb}; the content of {expired} requests had expired.")
    for what, leaf in wanted.limits:
        say(f"Records from leaf {leaf} on stay for {what}.", "dim")
    if before is not None:
        text = (
            f"Records go in whole blocks of {TILE_WIDTH}: those of a block that is not old enough"
        )
        say(f"{text} as a whole stay.", "dim")


def _carry_out(
    settings: Settings, content: ContentStore, wanted: retention.Plan, *, hidden: bool
) -> None:
    event_id = put_on_record(settings, EventType.RETENTION_PRUNED, target=str(wanted.below))
    try:
        with progress(hidden=hidden) as bar:
            task = bar.add_task("Pruning", total=wanted.below - wanted.start)
            for below in retention.prune(content, wanted, event_id):
                bar.update(task, completed=below - wanted.start)
    except retention.LimitReached as error:
        text = f"Records had to stay for {error}; what was pruned is gone."
        stop(text, Exit.NOT_SO, as_json=hidden)
