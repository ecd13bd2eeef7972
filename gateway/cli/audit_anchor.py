"""`cloakroom audit anchor`: leave the newest checkpoint outside the log, by hand."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from gateway.audit.anchors import drop
from gateway.audit.checkpoint import parse_checkpoint
from gateway.audit.notes import NoteError, parse_note
from gateway.audit.reading import StoredCheckpoint, open_log
from gateway.audit.sinks.base import SinkFault
from gateway.audit.sinks.folder import put_once
from gateway.audit.sinks.service import make_anchor
from gateway.audit.sinks.sql import Books
from gateway.audit.sql import DatabaseFault
from gateway.cli.audit_common import Exit, UrlOption, log_url, reading, say, stop
from gateway.cli.common import ConfigOption, JsonOption, load_settings, print_json
from gateway.config import MissingKey
from gateway.settings import Audit


def anchor(
    config: ConfigOption = None,
    url: UrlOption = None,
    out: Annotated[
        Path | None,
        typer.Option(help="A new file for the checkpoint, or - for standard output."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Leave the newest checkpoint at the configured anchors, or write it to a file.

    Keep the file where whoever has the database and the signing key cannot change it. With it,
    `cloakroom audit verify --anchor FILE` tells whether the log was written anew since.

    Exit codes: 0 it is left everywhere; 1 there is no checkpoint, or an anchor did not take it;
    2 the log cannot be read, or there is nowhere to leave it.
    """
    if out is not None:
        note = _newest(log_url(config, url), as_json=json)
        _write(note, out, as_json=json)
        return
    if url is not None:
        stop("Anchors are configured: give --config, or --out FILE.", as_json=json)
    audit = load_settings(config, MissingKey.LEND).audit
    if not audit.anchors:
        text = "No anchors are configured: set audit.anchors, or give --out FILE."
        stop(text, as_json=json)
    note = _newest(audit.url, as_json=json)
    failed = _drop(audit, note, as_json=json)
    results = {one.name: failed.get(one.name, "ok") for one in audit.anchors}
    if json:
        print_json({"ok": not failed, "size": note.size, "anchors": results})
    else:
        for name, result in results.items():
            style = "red" if name in failed else "green"
            say(f"{name}: {result}, a tree of {note.size} records", style)
    raise typer.Exit(Exit.NOT_SO if failed else Exit.OK)


def _newest(url: str, *, as_json: bool) -> StoredCheckpoint:
    with reading(as_json=as_json), open_log(url) as log:
        note = log.latest_checkpoint()
    if note is None:
        stop("The log has no checkpoint yet.", Exit.NOT_SO, as_json=as_json)
    try:
        parse_checkpoint(parse_note(note.note).text)
    except NoteError:
        stop("The newest checkpoint is damaged.", Exit.NOT_SO, as_json=as_json)
    return note


def _write(note: StoredCheckpoint, out: Path, *, as_json: bool) -> None:
    if str(out) == "-":
        sys.stdout.write(note.note)
        return
    if out.exists():
        stop(f"{out} is there already; an anchor is never written over.", as_json=as_json)
    try:
        put_once(out, note.note.encode())
    except SinkFault as fault:
        stop(f"{out} cannot be written ({fault.code}).", as_json=as_json)
    if as_json:
        print_json({"ok": True, "size": note.size, "file": str(out)})
    else:
        say(f"Wrote the checkpoint of {note.size} records to {out}.")


def _drop(audit: Audit, note: StoredCheckpoint, *, as_json: bool) -> dict[str, str]:
    """Leave the note everywhere; what went wrong, by the anchor's name."""
    failed: dict[str, str] = {}
    try:
        with reading(as_json=as_json):
            books = Books(audit.url)
        try:
            for settings in audit.anchors:
                try:
                    drop(make_anchor(settings), note, books, time.time())
                except SinkFault as fault:
                    failed[settings.name] = fault.code
        finally:
            books.close()
    except DatabaseFault:
        stop("The audit log cannot be written.", as_json=as_json)
    return failed
