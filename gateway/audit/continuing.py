"""Whether a log that is opened is still the one that its newest checkpoint signed.

A copy that lost its end, tables put back in part, or records written anew without the keys: who
would go on with such a log would sign what is wrong in it. It is told when a gateway starts, before
it writes anything. Whoever can write to the database can put keys of their own there: against that
there are anchors, and `cloakroom audit verify --key`.
"""

from __future__ import annotations

from typing import Any, Final

from gateway.audit import checkpoint as notes
from gateway.audit import tree
from gateway.audit.checkpoint import Checkpoint, SigningKeys
from gateway.audit.merkle import frontier_at
from gateway.audit.notes import Algorithm, NoteError, VerifierKey
from gateway.audit.sql import Raw
from gateway.errors import ConfigError, Problem

_HINT: Final = (
    "`cloakroom audit verify` names the first record that is wrong. Put back a whole copy of the "
    "database, or keep this one as evidence and begin a log elsewhere"
)
_NEWEST: Final = "SELECT size, note FROM audit_checkpoints ORDER BY size DESC LIMIT 1"


def check_continues(raw: Raw, place: str, own: SigningKeys | None) -> None:
    """Make sure that the tree goes on from the newest checkpoint, which a key of the log signed.

    Args:
        raw: The database, in no transaction or in one that sees what others commit.
        place: Where the log is, for messages.
        own: The keys that are to sign it from now on; those that stand in the log count as well.

    Raises:
        ConfigError: it does not.
    """
    seen = raw.execute(_NEWEST).fetchone()
    while seen is not None:
        wrong = _what_is_wrong(raw, own, *seen)
        again = raw.execute(_NEWEST).fetchone()
        if not wrong:
            return
        if again == seen:  # else it was signed and pruned meanwhile, by another process
            message = f"the audit log is not the one that its newest checkpoint signed: {wrong}"
            raise ConfigError([Problem(place, 0, "", message, _HINT)])
        seen = again


def _what_is_wrong(raw: Raw, own: SigningKeys | None, size: Any, note: Any) -> str:
    """What speaks against a stored checkpoint, "" where nothing does."""
    try:
        signed = _verified(raw, own, note)
    except (NoteError, ValueError, TypeError, AttributeError):
        return "the checkpoint is damaged, or not signed by a key of the log"
    if signed.size != size:
        return "the checkpoint stands in the place of another"
    if tree.read(raw).size < signed.size:
        return "records are missing at its end"
    try:
        found = frontier_at(signed.size, tree.hashes(raw)).root()
    except (ValueError, TypeError):
        return "hashes of its tree are missing or damaged"
    return "" if found == signed.root else "its records are others"


def _verified(raw: Raw, own: SigningKeys | None, note: str) -> Checkpoint:
    (origin,) = raw.execute("SELECT origin FROM audit_meta").fetchone()
    rows = raw.execute("SELECT name, algorithm, public FROM audit_log_keys").fetchall()
    keys = {VerifierKey(name, Algorithm(kind), bytes(public)) for name, kind, public in rows}
    if own is not None:
        keys.update(notes.public_keys(own, origin))
    signed = notes.verify(note, keys).checkpoint
    if signed.origin != origin:
        raise NoteError("the checkpoint is that of another log")
    return signed
