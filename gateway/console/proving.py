"""Whether the log holds a record: its inclusion proof, checked now. Blocks."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.audit.merkle import ProofError, inclusion
from gateway.audit.notes import Algorithm, NoteError, VerifierKey
from gateway.audit.reading import LogReader, open_log
from gateway.audit.record import leaf_hash
from gateway.audit.tlogproof import LogProof, verify_log_proof


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of it: `holds`, `unsigned` where no checkpoint covers it yet, or `broken`.

    `size` and `ts` are those of the checkpoint, `index` is the record's leaf.
    """

    state: str
    index: int | None = None
    size: int = 0
    ts: str = ""


def standing(url: str, event_id: str) -> Verdict:
    """Whether a checkpoint covers a record, without a look at whether it holds: `covered`.

    Raises:
        ConfigError, AuditUnavailable: the log cannot be read.
    """
    with open_log(url) as log:
        index = log.leaf_of(event_id)
        newest = log.latest_checkpoint()
    if newest is None or index is None or newest.size <= index:
        return Verdict("unsigned", index)
    return Verdict("covered", index, newest.size, newest.ts)


def prove(url: str, event_id: str) -> Verdict:
    """Check the record of this event id against the newest checkpoint, by the log's own keys.

    Raises:
        ConfigError, AuditUnavailable: the log cannot be read.
    """
    with open_log(url) as log:
        index = log.leaf_of(event_id)
        newest = log.latest_checkpoint()
        if newest is None or index is None or newest.size <= index:
            return Verdict("unsigned", index)
        row = next(log.rows(index, index + 1), None)
        try:
            if row is None or row.event_id != event_id:
                return Verdict("broken", index, newest.size, newest.ts)
            hashes = tuple(inclusion(index, newest.size, log.subtree))
            proof = LogProof(index, hashes, newest.note)
            verify_log_proof(proof, leaf_hash(row.body), log.origin, _keys(log))
        except (NoteError, ProofError, ValueError):
            return Verdict("broken", index, newest.size, newest.ts)
    return Verdict("holds", index, newest.size, newest.ts)


def _keys(log: LogReader) -> list[VerifierKey]:
    stored = log.keys()
    return [VerifierKey(one.name, Algorithm(one.algorithm), one.public) for one in stored]
