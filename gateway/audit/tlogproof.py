"""Proofs that need no access to the log: an inclusion proof and the checkpoint it leads to. Pure.

The format is C2SP's tlog-proof (c2sp.org/tlog-proof@v1), which other readers of such logs know.
A file of it, named *.tlog-proof, shows that the log holds a record to whoever has the record and
the log's public keys:

    c2sp.org/tlog-proof@v1
    index 73894
    <base64 of a hash, the leaf's sibling first>
    ...

    <the checkpoint: a signed note>
"""

from __future__ import annotations

import base64
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Final

from gateway.audit.checkpoint import Verified, verify
from gateway.audit.merkle import HASH_BYTES, MAX_SIZE, ProofError, verify_inclusion
from gateway.audit.notes import (
    MAX_NOTE_BYTES,
    Algorithm,
    NoteError,
    VerifierKey,
    decode_base64,
    parse_note,
)

HEADER: Final = "c2sp.org/tlog-proof@v1"

MAX_EXTRA_BYTES: Final = 32_768

_MAX_HASHES: Final = MAX_SIZE.bit_length()  # the height of the largest tree
_MAX_CHARACTERS: Final = MAX_NOTE_BYTES + 65_536  # the rest is far less, with all that it may have
_EXTRA: Final = "extra "
_INDEX: Final = re.compile(r"index (0|[1-9][0-9]{0,18})")


@dataclass(frozen=True, slots=True)
class LogProof:
    """The proof that a record is leaf number `index` of the tree of a checkpoint. Not checked yet.

    `checkpoint` is the whole note. `extra` is what the format lets others add; it is not covered
    by any signature, so nothing may be believed on its word.

    Raises:
        NoteError: a part is not of the format.
    """

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: str
    extra: bytes = field(default=b"", repr=False)

    def __post_init__(self) -> None:
        if not 0 <= self.index < MAX_SIZE:
            raise NoteError("the index of a proof must be a number below 2**63 - 1")
        if len(self.hashes) > _MAX_HASHES:
            raise NoteError(f"a proof has at most {_MAX_HASHES} hashes")
        if any(len(one) != HASH_BYTES for one in self.hashes):
            raise NoteError("a hash has 32 bytes")
        if len(self.extra) > MAX_EXTRA_BYTES:
            raise NoteError(f"the extra data of a proof has at most {MAX_EXTRA_BYTES} bytes")
        parse_note(self.checkpoint)

    def format(self) -> str:
        """The proof as it is stored and sent."""
        extra = [_EXTRA + base64.b64encode(self.extra).decode()] if self.extra else []
        hashes = [base64.b64encode(one).decode() for one in self.hashes]
        head = [HEADER, *extra, f"index {self.index}", *hashes]
        return "\n".join(head) + "\n\n" + self.checkpoint


def parse_log_proof(proof: str | bytes) -> LogProof:
    """Take a proof apart. Whether it holds is not looked at.

    Raises:
        NoteError: it is not of the format, or too large.
    """
    if len(proof) > _MAX_CHARACTERS:
        raise NoteError("a proof is too large")
    try:
        content = proof if isinstance(proof, str) else proof.decode()
    except UnicodeDecodeError:
        raise NoteError("a proof is not UTF-8 text") from None
    head, _, checkpoint = content.partition("\n\n")
    lines = head.split("\n")
    if lines.pop(0) != HEADER:
        raise NoteError(f"a proof must start with the line {HEADER}")
    extra = b""
    if lines and lines[0].startswith(_EXTRA):
        extra = decode_base64(lines.pop(0).removeprefix(_EXTRA))
        if not extra:
            raise NoteError("a proof without extra data must not have a line for it")
    index = _INDEX.fullmatch(lines.pop(0)) if lines else None
    if index is None:
        raise NoteError("the index of a proof must be a number below 2**63 - 1")
    hashes = tuple(decode_base64(line) for line in lines)
    return LogProof(int(index[1]), hashes, checkpoint, extra)


def verify_log_proof(
    proof: LogProof,
    leaf_hash: bytes,
    origin: str,
    keys: Iterable[VerifierKey],
    require: Collection[Algorithm] = (),
) -> Verified:
    """Check that a log holds a leaf: the checkpoint is signed by the log, and has the leaf in it.

    Args:
        proof: The proof.
        leaf_hash: Of the record, computed from its bytes by who checks.
        origin: The log that is trusted, by its name.
        keys: The keys of this log that are trusted. Signatures of others are ignored.
        require: Algorithms of which a signature must be there.

    Returns:
        The checkpoint, and who signed it.

    Raises:
        NoteError: the checkpoint is not of its format, or not signed as it should be.
        ProofError: it is another log's, or the leaf is not shown to be in its tree.
    """
    verified = verify(proof.checkpoint, keys, require)
    checkpoint = verified.checkpoint
    if checkpoint.origin != origin:
        raise ProofError("the checkpoint is of another log")
    verify_inclusion(leaf_hash, proof.index, checkpoint.size, proof.hashes, checkpoint.root)
    return verified
