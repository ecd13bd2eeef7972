"""`cloakroom audit export --format tiles`: the whole log as a folder for foreign readers."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Final

from gateway.audit import tiles
from gateway.audit.checkpoint import Checkpoint, verify
from gateway.audit.notes import NoteError
from gateway.audit.reading import LogReader, StoredCheckpoint, open_log
from gateway.cli.audit_common import Exit, own_keys, progress, reading, say, stop
from gateway.cli.common import print_json

_ADVICE: Final = "Run `cloakroom audit verify`."
_STEP: Final = 64  # files between two moves of the bar


def export_tiles(url: str, out: Path, *, as_json: bool) -> None:
    """Write the log up to its newest checkpoint to a new folder, which only its owner may read.

    What was written goes again where it does not become whole.
    """
    with reading(as_json=as_json), open_log(url) as log:
        note, checkpoint = _newest(log, as_json=as_json)
        first = log.pruned_below
        _make_folder(out, as_json=as_json)
        try:
            _write(log, out, checkpoint, first, hidden=as_json)
            _put(out / "checkpoint", note.note.encode())  # last: with it the folder is whole
        except (TypeError, ValueError, AttributeError, OverflowError) as error:
            shutil.rmtree(out)
            why = str(error) if isinstance(error, ValueError) else "its tables are damaged"
            text = f"The log does not hold: {why}. {_ADVICE}"
            stop(text, Exit.NOT_SO, as_json=as_json)
        except OSError as error:
            shutil.rmtree(out, ignore_errors=True)
            stop(f"{out} cannot be written ({type(error).__name__}).", as_json=as_json)
        except BaseException:
            shutil.rmtree(out, ignore_errors=True)
            raise
    if as_json:
        kept = {"size": checkpoint.size, "first_entry": first, "folder": str(out)}
        print_json({"ok": True, **kept})
        return
    say(f"{checkpoint.size:,} leaves of {checkpoint.origin}, as C2SP tlog-tiles: {out}")
    if first:
        say(f"Retention took the records below leaf {first:,}: entries begin there.", "yellow")


def _newest(log: LogReader, *, as_json: bool) -> tuple[StoredCheckpoint, Checkpoint]:
    note = log.latest_checkpoint()
    if note is None:
        stop("The log has no checkpoint yet.", Exit.NOT_SO, as_json=as_json)
    try:
        return note, verify(note.note, own_keys(log, as_json=as_json)).checkpoint
    except NoteError as error:
        text = f"The newest checkpoint does not hold: {error}. {_ADVICE}"
        stop(text, Exit.NOT_SO, as_json=as_json)


def _make_folder(out: Path, *, as_json: bool) -> None:
    try:
        out.mkdir(mode=0o700)
    except FileExistsError:
        stop(f"{out} is there already: choose another name.", as_json=as_json)
    except OSError as error:
        stop(f"{out} cannot be made ({type(error).__name__}).", as_json=as_json)


def _write(log: LogReader, out: Path, checkpoint: Checkpoint, first: int, *, hidden: bool) -> None:
    with progress(hidden=hidden) as bar:
        task = bar.add_task("tiles", total=tiles.count(checkpoint.size, first))
        files = tiles.tiles(log, checkpoint.size, first, checkpoint.root)
        for done, (name, content) in enumerate(files, 1):
            path = out / name
            path.parent.mkdir(parents=True, exist_ok=True)
            _put(path, content)
            if done % _STEP == 0:
                bar.update(task, completed=done)


def _put(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
