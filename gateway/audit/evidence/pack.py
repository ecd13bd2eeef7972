"""Writes an evidence pack: one folder that shows what an audit log says of a period.

Records and proofs go through in blocks, so that memory does not grow with the period. The
manifest is written last: a pack that was not finished has none, and does not verify.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.audit import grammar
from gateway.audit.checkpoint import parse_checkpoint
from gateway.audit.evidence import pdf, texts, verifier
from gateway.audit.evidence.about import About, ApiKey, PolicyRule
from gateway.audit.evidence.collect import Collected, Listed
from gateway.audit.evidence.dpia import dpia_inputs
from gateway.audit.evidence.outages import SILENT_S, outages
from gateway.audit.evidence.output import Output, remove
from gateway.audit.evidence.proving import BLOCK, BlockProver
from gateway.audit.evidence.quality import CAVEAT, read_card, recalls
from gateway.audit.evidence.ropa import recipients_csv, record_of_processing
from gateway.audit.evidence.routes import routes
from gateway.audit.evidence.tables import Report, markdown
from gateway.audit.merkle import consistency
from gateway.audit.notes import Algorithm, Note, Signature, VerifierKey, parse_note
from gateway.audit.reading import LogKey, LogReader, LogRow, PolicyFile, StoredCheckpoint
from gateway.audit.record import leaf_hash

MOST_CHECKPOINTS: Final = 1_000
"""Of a pack. Where a log has more, evenly spread ones are taken, always the first and the last."""

_TS: Final = re.compile(rb'"ts":"([^"]{27})"')
_PATTERNS: Final = "patterns"

Step = Callable[[int, int], None]
"""Called with how much is done, and of how much."""


class EvidenceError(Exception):
    """A pack cannot be made, in words for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What goes into a pack beside the log.

    Times are written as records write them, `since` and `until` are "" for no bound, the second
    is exclusive. `rules_of` reads the rules out of a policy's files; `exported` is the event id
    of the record that says that this pack was made, "" if there is none.
    """

    since: str
    until: str
    made_at: str
    gateway: str
    about: About
    card: str
    model_manifest: bytes
    rules_of: Callable[[Sequence[PolicyFile]], Sequence[PolicyRule]]
    api_keys: Sequence[ApiKey] = ()
    signer: Ed25519PrivateKey | None = field(default=None, repr=False)
    exported: str = ""


def write_pack(log: LogReader, folder: Path, inputs: Inputs, step: Step) -> dict[str, Any]:
    """Write the pack into a folder that is not there yet or is empty; what its manifest says.

    Where that fails, nothing of it is left.

    Raises:
        EvidenceError: the folder holds something, nothing was signed yet, or the log does not
            hold where it was read.
        AuditUnavailable: the log cannot be read.
        OSError: a file cannot be written.
    """
    latest = log.latest_checkpoint()
    if latest is None:
        raise EvidenceError("no checkpoint of the log was signed yet")
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise EvidenceError("the folder holds something already")
    files: dict[str, dict[str, Any]] = {}
    try:
        return _Pack(log, folder, inputs, step, latest, files).write()
    except BaseException as error:
        remove(folder, files, missing)
        if not isinstance(error, ValueError):
            raise
        raise EvidenceError(f"the log does not hold: {error}; run cloakroom audit verify") from None


class _Pack:
    """One pack in the making."""

    def __init__(
        self,
        log: LogReader,
        folder: Path,
        inputs: Inputs,
        step: Step,
        latest: StoredCheckpoint,
        files: dict[str, dict[str, Any]],
    ) -> None:
        self._log = log
        self._folder = folder
        self._inputs = inputs
        self._step = step
        self._latest = latest
        self._keys = log.keys()
        self._files = files
        self._seen = Collected()
        self._silent = Listed()
        self._quiet = Listed()
        self._checkpoints = 0

    def write(self) -> dict[str, Any]:
        first, stop = self._period()
        self._records(first, stop)
        self._seen.finish()
        self._signed(first)
        unsigned = self._log.size - self._latest.size
        manifest: dict[str, Any] = {
            "format": verifier.FORMAT,
            "origin": self._log.origin,
            "gateway": self._inputs.gateway,
            "made_at": self._inputs.made_at,
            "from": self._inputs.since,
            "to": self._inputs.until,
            "exported_as": self._inputs.exported or None,
            "signed": self._inputs.signer is not None,
            "pruned_below": self._log.pruned_below,
            "pruned_by": self._log.pruned_by or None,
            "first_leaf": first,
            "records": stop - first,
            "checkpoints": self._checkpoints,
            "checkpoint_size": self._latest.size,
        }
        self._reports(manifest, unsigned)
        self._put("VERIFY.md", texts.verify_text(manifest).encode())
        self._put("verify.py", Path(verifier.__file__).read_bytes())
        manifest["files"] = dict(sorted(self._files.items()))
        self._sign(manifest)
        return manifest

    # ---- what the log says -------------------------------------------------------------------

    def _period(self) -> tuple[int, int]:
        """The leaves from the first to the last record of the period, as far as they are signed.

        They are one stretch, so that a record of another time may be among them, where clocks
        disagree, and none can be left out.
        """
        begin, end = self._log.pruned_below, self._latest.size
        if not self._inputs.since and not self._inputs.until:
            return begin, max(begin, end)
        first = last = -1
        for row in self._log.rows(begin, end):
            ts = _time(row)
            inside = ts >= self._inputs.since
            if inside and (not self._inputs.until or ts < self._inputs.until):
                first, last = (row.leaf_index if first < 0 else first), row.leaf_index
            if row.leaf_index % BLOCK == 0:
                self._step(row.leaf_index - begin, 2 * (end - begin))
        return (first, last + 1) if first >= 0 else (end, end)

    def _records(self, first: int, stop: int) -> None:
        prover = BlockProver(self._latest.size, self._log.subtree)
        with ExitStack() as stack:
            records = stack.enter_context(Output(self._folder, "records.jsonl", self._files))
            proofs = stack.enter_context(Output(self._folder, "proofs.jsonl", self._files))
            at = first
            for block in _blocks(self._log.rows(first, stop)):
                for row in block:
                    if row.leaf_index != at or leaf_hash(row.body) != row.leaf_hash:
                        raise ValueError(f"the record of leaf {at} is missing or changed")
                    self._seen.add(row, orjson.loads(row.body))
                    records.write(b'{"leaf_index":%d,"record":%b}\n' % (at, row.body))
                    at += 1
                start = block[0].leaf_index
                found = prover.block(start, [row.leaf_hash for row in block])
                for index, hashes in enumerate(found, start):
                    line = {"leaf_index": index, "hashes": _encoded(hashes)}
                    proofs.write(orjson.dumps(line) + b"\n")
                self._step(stop - first + at - first, 2 * (stop - first))
            if at != stop:
                raise ValueError(f"the record of leaf {at} is missing")

    def _signed(self, first: int) -> None:
        """Checkpoints, from the last one before the period on, and that each continues the last."""
        chosen = self._chosen(first)
        with ExitStack() as stack:
            notes = stack.enter_context(Output(self._folder, "checkpoints.txt", self._files))
            steps = stack.enter_context(Output(self._folder, "consistency.jsonl", self._files))
            sizes: list[int] = []
            for stored in self._log.checkpoints():
                if stored.size not in chosen:
                    continue
                note = parse_note(stored.note)
                if parse_checkpoint(note.text).size != stored.size:
                    raise ValueError(f"the checkpoint of size {stored.size} is damaged")
                notes.write((b"\n" if sizes else b"") + note.format().encode())
                sizes.append(stored.size)
            for old, new in pairwise(sizes):
                hashes = _encoded(consistency(old, new, self._log.subtree))
                line = {"old_size": old, "new_size": new, "hashes": hashes}
                steps.write(orjson.dumps(line) + b"\n")
        self._checkpoints = len(sizes)

    def _chosen(self, first: int) -> set[int]:
        """The sizes of the checkpoints that go into the pack; notes the silences between all.

        The hashes that it takes to continue a tree of fewer leaves than retention took are gone.
        """
        base, count, before, pruned = -1, 0, None, self._log.pruned_below
        for one in self._log.checkpoints():
            if one.size > self._latest.size:
                break
            base = one.size if pruned <= one.size <= first else base
            count += one.size > first
            if before is not None and one.size > first:
                self._silence(before, one)
            before = one
        spread = max(1, -(-count // MOST_CHECKPOINTS))
        inside = (one.size for one in self._log.checkpoints(first + 1))
        chosen = {size for at, size in enumerate(inside) if at % spread == 0}
        chosen = {size for size in chosen if size <= self._latest.size}
        return chosen | {self._latest.size} | ({base} if base >= 0 else set())

    def _silence(self, before: StoredCheckpoint, one: StoredCheckpoint) -> None:
        """Note how long nothing was signed between two neighbours, as far as that can be told.

        Of each size the newest signature is kept. So until the later one's last record came,
        nothing was signed since the earlier one; how often since then, is not known.
        """
        if _seconds(before.ts, one.ts) <= SILENT_S:
            return
        came = next((_time(row) for row in self._log.rows(one.size - 1, one.size)), "")
        came = max(before.ts, min(came, one.ts))
        if _seconds(before.ts, came) > SILENT_S:
            self._silent.add({"from": before.ts, "to": came, "size": before.size})
        if _seconds(came, one.ts) > SILENT_S:
            self._quiet.add({"from": came, "to": one.ts, "size": one.size})

    # ---- what it comes to --------------------------------------------------------------------

    def _reports(self, manifest: dict[str, Any], unsigned: int) -> None:
        inputs, seen = self._inputs, self._seen
        kept, rules = self._policies()
        profile, measured = self._detector()
        found = recalls(read_card(inputs.card), profile)
        reports = {
            "ropa": record_of_processing(seen, inputs.about, rules, self._log.pruned_below),
            "dpia": dpia_inputs(seen, found, measured=measured),
            "routing": routes(seen),
            "outages": outages(seen, self._silent, self._quiet, unsigned),
        }
        for name, report in reports.items():
            self._json(f"{name}.json", report.data)
            self._put(f"{name}.md", markdown(report).encode())
        self._put("ropa.csv", recipients_csv(reports["ropa"]).encode())
        self._json("versions.json", self._versions(kept))
        vkeys = "".join(f"{_verifier(one).vkey()}\n" for one in self._keys)
        self._put("keys.txt", vkeys.encode())
        quality = {"caveat": CAVEAT, "profile": profile, "measured_models_were_used": measured}
        self._json("quality.json", {**quality, "recall": {n: asdict(r) for n, r in found.items()}})
        self._put("detector/MODEL_CARD.md", inputs.card.encode())
        self._put("detector/manifest.json", inputs.model_manifest)
        keys = [asdict(one) for one in inputs.api_keys]
        self._json("access.json", {"api_keys": keys, "events": seen.oversight.document()})
        self._summary(manifest, reports.values())

    def _summary(self, manifest: dict[str, Any], reports: Iterable[Report]) -> None:
        title = f"Audit evidence of {manifest['origin']}"
        lead = texts.lead(manifest, self._seen, self._seen.gaps.count)
        self._put("summary.pdf", pdf.render(title, lead, texts.chart(self._seen), reports))

    def _policies(self) -> tuple[dict[str, bool], list[PolicyRule]]:
        """Which policies that were in force are kept, and the rules of those."""
        kept: dict[str, bool] = {}
        rules: list[PolicyRule] = []
        for digest in sorted(self._seen.policies):
            # it names a file, and may come from a log that somebody has made up
            is_digest = grammar.SHA256_HEX.fullmatch(digest) is not None
            files = self._log.policy(digest) if is_digest else None
            kept[digest] = files is not None
            if files is not None:
                texts_ = [{"name": Path(one.name).name, "text": one.text} for one in files]
                self._json(f"policies/{digest}.json", {"sha256": digest, "files": texts_})
                rules += self._inputs.rules_of(files)
        return kept, rules

    def _detector(self) -> tuple[str, bool]:
        """The profile that read most requests, and whether the card speaks of all that read any."""
        ranked = [key for key, _ in self._seen.detectors.most_common()]
        digest = hashlib.sha256(self._inputs.model_manifest).hexdigest()
        profile = ranked[0][0] if ranked else ""
        same = all(one[0] == profile and one[1] == digest and not one[2] for one in ranked)
        return profile, bool(ranked) and same and profile != _PATTERNS

    def _versions(self, kept: dict[str, bool]) -> dict[str, Any]:
        seen = self._seen
        detectors = [
            {"profile": one[0], "classifier_sha256": one[1], "engines": one[2], "requests": count}
            for one, count in sorted(seen.detectors.items())
        ]
        manifest = hashlib.sha256(self._inputs.model_manifest).hexdigest()
        return {
            "gateways": dict(sorted(seen.builds.items())),
            "configurations": dict(sorted(seen.configs.items())),
            "policies": {d: {**seen.policies[d], "kept": kept[d]} for d in sorted(kept)},
            "detectors": detectors,
            "measured_classifier_sha256": manifest,
            "log_keys": [
                {"key_id": one.key_id, "algorithm": one.algorithm, "since": one.since,
                 "until": one.until}
                for one in self._keys
            ],
            "records": dict(sorted(seen.types.items())),
        }  # fmt: skip

    # ---- files -------------------------------------------------------------------------------

    def _json(self, name: str, value: object) -> None:
        options = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
        self._put(name, orjson.dumps(value, option=options))

    def _put(self, name: str, content: bytes) -> None:
        with Output(self._folder, name, self._files) as output:
            output.write(content)

    def _sign(self, manifest: dict[str, Any]) -> None:
        self._json("manifest.json", manifest)
        signer = self._inputs.signer
        if signer is None:
            return
        origin, digest = manifest["origin"], self._files["manifest.json"]["sha256"]
        text = f"{verifier.SIGNED}\n{origin}\n{digest}\n"
        key = VerifierKey(origin, Algorithm.ED25519, signer.public_key().public_bytes_raw())
        signature = Signature(origin, key.key_id, signer.sign(text.encode()))
        self._put("manifest.sig", Note(text, (signature,)).format().encode())


def _time(row: LogRow) -> str:
    """When a record says that it was made, "" where it does not."""
    found = _TS.search(row.body)
    return found[1].decode() if found else ""


def _seconds(begun: str, ended: str) -> float:
    return (datetime.fromisoformat(ended) - datetime.fromisoformat(begun)).total_seconds()


def _blocks(rows: Iterable[LogRow]) -> Iterator[list[LogRow]]:
    """Rows in blocks that begin where the tree's subtrees of that size do."""
    block: list[LogRow] = []
    for row in rows:
        block.append(row)
        if (row.leaf_index + 1) % BLOCK == 0:
            yield block
            block = []
    if block:
        yield block


def _encoded(hashes: Iterable[bytes]) -> list[str]:
    return [base64.b64encode(one).decode() for one in hashes]


def _verifier(key: LogKey) -> VerifierKey:
    return VerifierKey(key.name, Algorithm(key.algorithm), key.public)
