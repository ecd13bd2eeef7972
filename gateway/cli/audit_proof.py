"""`cloakroom audit proof` and `audit keys`: what it takes to check a record without the log."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from gateway.audit.merkle import ProofError, inclusion
from gateway.audit.notes import NoteError
from gateway.audit.reading import LogReader, LogRow, open_log
from gateway.audit.record import leaf_hash
from gateway.audit.tlogproof import LogProof, verify_log_proof
from gateway.cli.audit_common import Exit, UrlOption, log_url, own_keys, reading, say, stop
from gateway.cli.common import ConfigOption, JsonOption, print_json


def proof(
    event_id: Annotated[str, typer.Argument(help="The event id of the record.")],
    config: ConfigOption = None,
    url: UrlOption = None,
    out: Annotated[Path | None, typer.Option(help="Write the proof to this file.")] = None,
    record: Annotated[Path | None, typer.Option(help="Write the record to this file.")] = None,
    json: JsonOption = False,
) -> None:
    """A proof that the log holds a record, which can be checked without the log.

    It is a text of C2SP's tlog-proof format. Check it with `audit verify --proof FILE --record
    FILE --key FILE`. Exit codes: 0 written; 1 there is no such record, it is not signed yet, or
    the log does not hold there; 2 the log cannot be read or a file cannot be written.
    """
    with reading(as_json=json), open_log(log_url(config, url)) as log:
        row, made = _proof(log, event_id, as_json=json)
    if record is not None:
        _write(record, row.body + b"\n", as_json=json)
    if out is not None:
        _write(out, made.format().encode(), as_json=json)
    if json:
        print_json(
            {
                "ok": True,
                "index": made.index,
                "record": row.body.decode(),
                "proof": made.format(),
            }
        )
    elif out is None:
        sys.stdout.write(made.format())
    else:
        say(f"Leaf {made.index:,}: {out}")


def keys(config: ConfigOption = None, url: UrlOption = None, json: JsonOption = False) -> None:
    """The log's public keys, one vkey a line: what `--key` takes, to be kept elsewhere."""
    with reading(as_json=json), open_log(log_url(config, url)) as log:
        found = [key.vkey() for key in own_keys(log, as_json=json)]
    if json:
        print_json(found)
    elif found:
        sys.stdout.write("".join(f"{one}\n" for one in found))
    if not found:
        raise typer.Exit(Exit.NOT_SO)


def _proof(log: LogReader, event_id: str, *, as_json: bool) -> tuple[LogRow, LogProof]:
    """The record and its proof, checked before it is handed out."""
    index = log.leaf_of(event_id)
    row = next(log.rows(index, index + 1), None) if index is not None else None
    if index is None or row is None:
        stop("There is no such record.", Exit.NOT_SO, as_json=as_json)
    checkpoint = log.latest_checkpoint()
    if checkpoint is None or checkpoint.size <= index:
        text = "The record is not signed yet; the next checkpoint comes within seconds."
        stop(text, Exit.NOT_SO, as_json=as_json)
    try:
        hashes = inclusion(index, checkpoint.size, log.subtree)
        made = LogProof(index, tuple(hashes), checkpoint.note)
        verify_log_proof(made, leaf_hash(row.body), log.origin, own_keys(log, as_json=as_json))
    except (NoteError, ProofError, ValueError) as error:
        text = f"The log does not hold at leaf {index}: {error}. Run `cloakroom audit verify`."
        stop(text, Exit.NOT_SO, as_json=as_json)
    return row, made


def _write(path: Path, content: bytes, *, as_json: bool) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        stop(f"{path} cannot be written ({type(error).__name__}).", as_json=as_json)
