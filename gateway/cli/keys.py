"""`cloakroom keys`: the keys under which data keys are wrapped. A new one is on record.

Exit codes: 0 done · 1 it did not go well · 2 it cannot be told.
"""

from __future__ import annotations

import typer
from rich.table import Table

from gateway.audit.content.store import Rewrapped, open_content
from gateway.audit.facts import EventType
from gateway.cli.audit_common import Exit, progress, reading, say, stop
from gateway.cli.common import ConfigOption, JsonOption, console, load_settings, print_json
from gateway.cli.onrecord import put_on_record

app = typer.Typer(
    add_completion=False, help="The keys that seal what is kept of requests.", no_args_is_help=True
)


@app.command("list")
def list_epochs(config: ConfigOption = None, json: JsonOption = False) -> None:
    """The epochs of key-encryption keys, and how many data keys each wraps."""
    settings = load_settings(config)
    with reading(as_json=json), open_content(settings.audit.url, settings.master_key) as content:
        found = content.epochs()
    if json:
        print_json([{"epoch": one, "since": since, "keys": n} for one, since, n in found])
        return
    if not found:
        console.print("There is no key yet: no policy has asked for content to be kept.")
        return
    table = Table(title="Epochs")
    for heading in ("epoch", "since", "data keys"):
        table.add_column(heading)
    for epoch, since, count in found:
        table.add_row(str(epoch), since, str(count))
    console.print(table)


@app.command("rotate")
def rotate(config: ConfigOption = None, json: JsonOption = False) -> None:
    """Begin a new key-encryption key, wrap every data key under it and destroy the old ones.

    Gateways go on meanwhile, with the new key from their next record on. Texts are not sealed
    anew: their data keys stay. Whoever holds the master key and a copy of the database from before
    still opens what was in that copy. If this is cut short, run it again.

    Exit codes: 0 done; 1 a data key is damaged, so that the old key had to stay; 2 it cannot be
    told.
    """
    settings = load_settings(config)
    done = Rewrapped(0, 0, 0)
    with reading(as_json=json), open_content(settings.audit.url, settings.master_key) as content:
        before = [epoch for epoch, _, _ in content.epochs()]
        target = f"content/{max(before, default=0) + 1}"
        put_on_record(settings, EventType.KEY_ROTATED, target=target)
        epoch = content.open_epoch()
        with progress(hidden=json) as bar:
            task = bar.add_task("Wrapping data keys", total=None)
            for done in content.rewrap(epoch):
                bar.update(task, completed=done.done + done.damaged, total=done.total)
        dropped = content.drop_epochs(epoch)
    for one in dropped:
        target = f"content/{one}"
        put_on_record(settings, EventType.KEY_DESTROYED, target=target, was_done=True)
    if json:
        print_json(
            {
                "ok": not done.damaged,
                "epoch": epoch,
                "wrapped": done.done,
                "damaged": done.damaged,
                "destroyed": dropped,
            }
        )
    else:
        say(f"Epoch {epoch} is in force: {done.done} data keys were wrapped under it.")
        if dropped:
            say(f"Destroyed: epoch {', '.join(map(str, dropped))}.")
    if done.damaged:
        if json:
            raise typer.Exit(Exit.NOT_SO)
        stop(f"{done.damaged} data keys are damaged; their old epoch stays.", Exit.NOT_SO)
