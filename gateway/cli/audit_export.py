"""`cloakroom audit export`: records as JSON lines, CSV or OCSF events; or all of it as tiles."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO

import orjson
import typer

from gateway.audit.export import Format, head_of, line_of
from gateway.audit.facts import EventType
from gateway.audit.reading import LogReader, open_log
from gateway.audit.search import Query
from gateway.cli.audit_common import (
    Exit,
    FromOption,
    ToOption,
    UrlOption,
    progress,
    reading,
    say,
    stop,
)
from gateway.cli.audit_tiles import export_tiles
from gateway.cli.common import ConfigOption, JsonOption, load_settings, print_json
from gateway.cli.onrecord import put_on_record


def export(
    config: ConfigOption = None,
    url: UrlOption = None,
    form: Annotated[Format, typer.Option("--format", help="How records are written.")] = (
        Format.JSONL
    ),
    out: Annotated[
        Path | None,
        typer.Option(help="Write to this new file (tiles: folder); else to standard output."),
    ] = None,
    since: FromOption = None,
    until: ToOption = None,
    tenant: Annotated[str | None, typer.Option(help="Only this tenant's.")] = None,
    type_: Annotated[str | None, typer.Option("--type", help="Only records of this type.")] = None,
    json: JsonOption = False,
) -> None:
    """Write out records, oldest first.

    Tiles are the whole log up to its newest checkpoint, as a folder in C2SP's tlog-tiles format,
    which foreign readers can check: publish it, or keep it where nobody can change it.

    That it was done goes on record first, as `audit.exported`, except with --url, where the log
    is only read. Exit codes: 0 written; 1 there are no such records, or one is damaged; 2 the log
    cannot be read or the file not be written.
    """
    if json and out is None:
        stop("--json, the summary, needs --out for the records.", as_json=json)
    if form is Format.TILES and (out is None or any((since, until, tenant, type_))):
        stop("Tiles are the whole log in a folder: give --out, and no filter.", as_json=json)
    if url is None:
        settings = load_settings(config)
        put_on_record(settings, EventType.AUDIT_EXPORTED, tenant=tenant or "", target=form.value)
        url = settings.audit.url
    if form is Format.TILES and out is not None:
        export_tiles(url, out, as_json=json)
        return
    query = Query(since=since, until=until, tenant=tenant, type=type_)
    with reading(as_json=json), open_log(url) as log, _target(out, as_json=json) as stream:
        written = _write(log, query, form, stream, as_json=json)
    if json:
        print_json({"ok": bool(written), "records": written, "file": str(out)})
    elif out is not None:
        say(f"{written:,} records: {out}")
    raise typer.Exit(Exit.OK if written else Exit.NOT_SO)


def _write(log: LogReader, query: Query, form: Format, stream: BinaryIO, *, as_json: bool) -> int:
    """How many records were written. Those that come while this runs are left out."""
    written = 0
    start, size = log.pruned_below, log.size
    stream.write(head_of(form))
    with progress(hidden=as_json) as bar:
        task = bar.add_task("records", total=size)
        for row in log.rows(start, size):
            try:
                if not query.matches(orjson.loads(row.body)):
                    continue
                stream.write(line_of(form, row.leaf_index, row.body))
            except (KeyError, ValueError, TypeError, AttributeError):
                text = f"The record of leaf {row.leaf_index} is damaged."
                stop(f"{text} Run `cloakroom audit verify`.", Exit.NOT_SO, as_json=as_json)
            written += 1
            if written % 1000 == 0:
                bar.update(task, completed=row.leaf_index)
    return written


@contextmanager
def _target(path: Path | None, *, as_json: bool) -> Iterator[BinaryIO]:
    """A new file that only its owner may read, or standard output."""
    try:
        if path is None:
            yield sys.stdout.buffer
            sys.stdout.flush()
            return
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            yield stream
    except FileExistsError:
        stop(f"{path} is there already: choose another name.", as_json=as_json)
    except OSError as error:
        stop(f"{path or 'Standard output'}: {type(error).__name__}.", as_json=as_json)
