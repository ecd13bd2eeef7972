"""`cloakroom audit verify`: whether the log holds, or a proof that was taken out of it."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import takewhile
from pathlib import Path
from typing import Annotated, Final

import typer

from gateway.audit.chain import writer_key
from gateway.audit.checkpointing import GROWING_S
from gateway.audit.facts import EventType
from gateway.audit.merkle import ProofError, frontier_at
from gateway.audit.notes import NoteError, VerifierKey
from gateway.audit.opening import is_postgres
from gateway.audit.reading import LogReader, open_log
from gateway.audit.record import leaf_hash
from gateway.audit.search import Searcher, open_search
from gateway.audit.tlogproof import parse_log_proof, verify_log_proof
from gateway.audit.verdict import Fault, Kind, Report
from gateway.audit.verify import Anchor, MacKeys, read_anchor, verify_log
from gateway.cli.audit_common import (
    Exit,
    KeyOption,
    UrlOption,
    own_keys,
    pinned_keys,
    progress,
    read_file,
    reading,
    say,
    stop,
)
from gateway.cli.common import ConfigOption, JsonOption, load_settings, print_json

MOST_FAULTS: Final = 20  # for people; JSON has all that are listed
WORD: Final = {
    True: "agrees",
    False: "DOES NOT AGREE",
    None: "can no longer be compared, its records were deleted by retention",
}

Step = Callable[[int], None]


def verify(
    config: ConfigOption = None,
    url: UrlOption = None,
    key: KeyOption = None,
    anchor: Annotated[
        list[Path] | None,
        typer.Option("--anchor", help="A checkpoint that was kept elsewhere; several."),
    ] = None,
    proof: Annotated[
        Path | None, typer.Option(help="Check this proof instead, without the log.")
    ] = None,
    record: Annotated[
        Path | None, typer.Option(help="The record that --proof is of, as it was exported.")
    ] = None,
    origin: Annotated[
        str | None, typer.Option(help="The log's name; else that of the first key.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Whether the log holds: nothing was changed, added, removed or moved.

    The log is only read. With the configuration, the MACs are checked as well, under its master
    key. Exit codes: 0 it holds; 1 it does not, and the first bad leaf index is named, or its first
    records are not signed yet; 2 it cannot be told.
    """
    if proof is not None or record is not None:
        _offline(proof, record, key, origin, as_json=json)
        return
    settings = load_settings(config) if url is None or config is not None else None
    where = url or (settings.audit.url if settings else "")
    master = settings.master_key if settings else None
    macs = None if master is None else (lambda writer: writer_key(master, writer))
    with reading(as_json=json), _sound(as_json=json), open_log(where) as log:
        pinned = bool(key)
        keys = pinned_keys(key, as_json=json) if key else own_keys(log, as_json=json)
        anchors = [_anchor(path, keys, as_json=json) for path in anchor or ()]
        report = _checked(log, keys, anchors, macs, origin or "", as_json=json)
        report, waiting = _with_tables(report, log, where, hidden=json)
    if json:
        print_json({**_facts(report, keys, anchors, pinned=pinned), "waiting": waiting})
    else:
        _print(report, anchors, pinned=pinned)
        if waiting:
            text = f"Not in the tree yet: {waiting:,} records, of which nothing is shown."
            say(text, "yellow")
    raise typer.Exit(Exit.OK if report.holds else Exit.NOT_SO)


@contextmanager
def _sound(*, as_json: bool) -> Iterator[None]:
    """What is no number or no text where there has to be one is a log that does not hold."""
    try:
        yield
    except (TypeError, ValueError, OverflowError):
        text = "The log does not hold: its tables hold what no gateway writes."
        stop(text, Exit.NOT_SO, as_json=as_json)


def _anchor(path: Path, keys: list[VerifierKey], *, as_json: bool) -> Anchor:
    note = read_file(path, "The anchor", as_json=as_json)
    try:
        return read_anchor(path.name, note, keys)
    except NoteError as error:
        stop(f"{path}: {error}.", as_json=as_json)


def _checked(
    log: LogReader,
    keys: list[VerifierKey],
    anchors: list[Anchor],
    macs: MacKeys | None,
    origin: str,
    *,
    as_json: bool,
) -> Report:
    """The report on a log, of what there was when this began: it may grow meanwhile."""
    latest = log.latest_checkpoint()
    size = log.size
    newest = latest.size if latest else -1
    checkpoints = takewhile(lambda one: one.size <= newest, log.checkpoints())
    try:
        start = frontier_at(log.pruned_below, log.subtree)
    except ValueError:
        text = "The hashes of the records that retention took are missing or damaged."
        stop(text, Exit.NOT_SO, as_json=as_json)
    with _bar("records", size, hidden=as_json) as step:
        return verify_log(
            log.rows(start.size, size),
            checkpoints,
            keys,
            size=size,
            origin=origin or log.origin,
            start=start,
            anchors=anchors,
            hashes=log.subtree,
            mac_keys=macs,
            progress=step,
        )


def _with_tables(report: Report, log: LogReader, url: str, *, hidden: bool) -> tuple[Report, int]:
    """With what shows in no proof, and how many records are not in the tree.

    That is a fault where they get their leaves as they are written. On PostgreSQL a new one waits
    a moment, and all that come after a break in their writer's chain wait for good.
    """
    faults: list[Fault] = []
    more, waiting = report.more, 0
    with open_search(url) as search, _bar("columns", report.size, hidden=hidden) as step:
        if not _is_on_record(log, search):
            faults.append(Fault(Kind.PRUNED, 0, report.start))
        for one in search.misfiled():
            if isinstance(one, int):
                step(one)
            elif one.leaf_index is None and is_postgres(url):
                waiting += 1
            elif len(faults) < MOST_FAULTS:
                faults.append(_misfiled(one.leaf_index, report.size))
            else:
                more += 1
    if faults:
        merged = sorted((*report.faults, *faults), key=lambda one: (one.index, one.until))
        report = replace(report, faults=tuple(merged), more=more)
    return report, waiting


def _is_on_record(log: LogReader, search: Searcher) -> bool:
    """Whether a record of the log says that all that is gone went by retention.

    Anybody who can write to the database can say so in a table that is no part of the tree.
    """
    below, said = log.pruned_below, log.pruned_by
    return not below or any(
        record["type"] == EventType.RETENTION_PRUNED
        and str(record.get("target", "")).isdecimal()
        and int(record["target"]) >= below
        for record in search.get(said)
    )


def _misfiled(leaf_index: int | None, size: int) -> Fault:
    """What is wrong with a record that stands where it does not belong."""
    if leaf_index is None:
        return Fault(Kind.LEAFLESS, size, size + 1)
    return Fault(Kind.FILED, leaf_index, leaf_index + 1)


@contextmanager
def _bar(name: str, total: int, *, hidden: bool) -> Iterator[Step]:
    with progress(hidden=hidden) as bar:
        task = bar.add_task(name, total=total)
        yield lambda done: bar.update(task, completed=done)


def _facts(
    report: Report, keys: list[VerifierKey], anchors: list[Anchor], *, pinned: bool
) -> dict[str, object]:
    return {
        "ok": report.holds,
        "first_bad": report.first_bad,
        "size": report.size,
        "pruned_below": report.start,
        "records": report.records,
        "root": base64.b64encode(report.root).decode(),
        "checkpoints": report.checkpoints,
        "unchecked": report.unchecked,
        "signed": report.signed,
        "unsigned": report.unsigned,
        "not_signed_yet": report.awaits_signing,
        "macs": report.macs,
        "pinned": pinned,
        "keys": [key.vkey() for key in keys],
        "anchors": [
            {"name": one.name, "size": one.checkpoint.size, "signed": one.signed}
            | {"holds": _agrees(report, one), "compared": _agrees(report, one) is not None}
            for one in anchors
        ],
        "faults": [
            {"kind": one.kind, "index": one.index, "until": one.until, "text": one.text}
            for one in report.faults
        ],
        "more": report.more,
    }


def _agrees(report: Report, anchor: Anchor) -> bool | None:
    """Whether the log agrees with an anchor; None where retention took what would tell."""
    if anchor.checkpoint.size < report.start and anchor.name in report.uncompared:
        return None
    return anchor.name in report.anchors


def _print_verdict(report: Report) -> None:
    if report.awaits_signing:
        text = f"Not signed yet: {report.unsigned:,} records"
        say(f"{text}; the gateway signs within {GROWING_S:.0f} seconds.", "bold yellow")
        say("If it has run for longer than that, checkpoints were removed.", "yellow")
        return
    for fault in report.faults[:MOST_FAULTS]:
        say(fault.text, "red")
    rest = len(report.faults) - MOST_FAULTS + report.more
    if rest > 0:
        say(f"... and {rest:,} more", "red")
    if report.holds:
        say(f"The log holds: {report.records:,} records, {report.size:,} leaves.", "bold green")
    else:
        say(f"The log does not hold. First bad leaf index: {report.first_bad}.", "bold red")


def _print(report: Report, anchors: list[Anchor], *, pinned: bool) -> None:
    _print_verdict(report)
    say(f"Root: {base64.b64encode(report.root).decode() or 'none, records are missing'}")
    say(f"Checkpoints that agree: {report.checkpoints:,}; signed up to leaf {report.signed:,}.")
    if report.unsigned and not report.awaits_signing:
        say(f"Behind the last checkpoint: {report.unsigned:,} records.", "yellow")
    if report.start:
        text = f"Records below leaf {report.start:,} went by retention"
        say(f"{text}; {report.unchecked:,} roots there cannot be compared any more.")
    if not report.macs:
        say("MACs not checked: that needs the master key (--config).", "yellow")
    if not pinned:
        text = "Keys: the log's own, which whoever can write to it can replace."
        say(f"{text} Pin them with --key.", "yellow")
    found = [_agrees(report, one) for one in anchors]
    if all(one is None for one in found):
        which = "No anchor that can still be compared" if anchors else "No anchor"
        text = f"{which}: whoever has database and signing keys could have rewritten all of it."
        say(f"{text} Hold it against a checkpoint kept elsewhere with --anchor.", "yellow")
    for one, agrees in zip(anchors, found, strict=True):
        word = WORD[agrees]
        signer = "" if one.signed else ", signed by none of the keys"
        say(f"Anchor {one.name} (leaf {one.checkpoint.size:,}{signer}): {word}.")


def _offline(
    proof: Path | None,
    record: Path | None,
    key: list[Path] | None,
    origin: str | None,
    *,
    as_json: bool,
) -> None:
    """Check one record by its proof: the log is not needed."""
    if proof is None or record is None or not key:
        stop("--proof, --record and --key belong together.", as_json=as_json)
    keys = pinned_keys(key, as_json=as_json)
    body = read_file(record, "The record", as_json=as_json).removesuffix(b"\n")
    try:
        parsed = parse_log_proof(read_file(proof, "The proof", as_json=as_json))
    except NoteError as error:
        stop(f"{proof}: {error}.", as_json=as_json)
    algorithms = {one.algorithm for one in keys}
    try:
        name = origin or keys[0].name
        verified = verify_log_proof(parsed, leaf_hash(body), name, keys, algorithms)
    except (NoteError, ProofError) as error:
        stop(f"The proof does not hold: {error}.", Exit.NOT_SO, as_json=as_json)
    size = verified.checkpoint.size
    if as_json:
        signers = [one.key_id for one in verified.by]
        print_json({"ok": True, "index": parsed.index, "size": size, "signed_by": signers})
        return
    say(f"The proof holds: the record is leaf {parsed.index:,} of {size:,} of {name}.", "green")
