"""When the tree is signed, and what is kept of it: checkpoints, the log's name, its public keys.

A checkpoint is due 10 seconds after the last one while the tree grows, after 1,000 leaves, and
after 60 seconds even if nothing happened, so that silence is evidence too. The keys never sign
two trees of which one does not continue the other: what was signed last, by this process or in
the table, is held against the tree before it is signed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from gateway.audit import checkpoint as notes
from gateway.audit import tree
from gateway.audit.checkpoint import Checkpoint, SigningKeys
from gateway.audit.merkle import consistency, verify_consistency
from gateway.audit.notes import NoteError, parse_note
from gateway.audit.record import timestamp
from gateway.audit.signing import load_or_make_signing_keys, load_signing_keys
from gateway.audit.sql import DatabaseFault, Raw
from gateway.errors import ConfigError, Problem
from gateway.settings import Audit

GROWING_S = 10.0
IDLE_S = 60.0
LEAVES = 1000


class LogForked(DatabaseFault):
    """The tree is not a continuation of one that was signed."""


@dataclass(frozen=True, slots=True)
class Signing:
    """With what, and under what name, checkpoints are signed; clocks may be replaced.

    `origin` None stands for the name that the log has, or one made of the key.
    """

    keys: SigningKeys = field(repr=False)
    origin: str | None = None
    wall: Callable[[], float] = time.time
    """Seconds since 1970."""
    monotonic: Callable[[], float] = time.monotonic
    """Seconds that never run backwards."""


def configured_signing(audit: Audit) -> Signing | None:
    """With what checkpoints are signed; None where no file of keys is set.

    Raises:
        ConfigError: the keys cannot be read, or cannot be made.
    """
    if audit.signing_key_file is None:
        return None
    if audit.makes_signing_key:
        keys, _ = load_or_make_signing_keys(audit.signing_key_file)
    else:
        keys = load_signing_keys(audit.signing_key_file)
    return Signing(keys, audit.origin)


@dataclass(frozen=True, slots=True)
class Signed:
    """A checkpoint to be stored, made so many seconds after 1970."""

    checkpoint: Checkpoint
    seconds: int
    note: str = field(repr=False)


class Checkpointer:
    """Signs the tree of one log at the right times. For one thread."""

    def __init__(self, signing: Signing) -> None:
        self._signing = signing
        self._origin = ""
        self._last: Checkpoint | None = None
        self._last_at = 0
        self._next = signing.monotonic()  # the first one says that the process is there
        self._grown = 0  # leaves since then

    def check_name(self, raw: Raw, place: str) -> str | None:
        """The log's name, None where it has none yet.

        Raises:
            ConfigError: it is another one than is wanted.
        """
        (kept,) = raw.execute("SELECT origin FROM audit_meta").fetchone()
        if kept is not None and self._signing.origin not in (None, kept):
            hint = f"a log keeps its name: {kept}"
            raise ConfigError([Problem(place, 0, "audit.origin", "is not the log's", hint)])
        return None if kept is None else str(kept)

    def introduce(self, raw: Raw, place: str) -> list[str]:
        """Put the log's name and public keys into it, in a transaction; the ids of new keys.

        Raises:
            ConfigError: the log has another name, or the name cannot be that of a log.
        """
        kept = self.check_name(raw, place)
        wanted = self._signing.origin
        self._origin = kept or wanted or notes.default_origin(self._signing.keys)
        if kept is None:
            raw.execute("UPDATE audit_meta SET origin = ?", (self._origin,))
        try:
            keys = notes.public_keys(self._signing.keys, self._origin)
        except NoteError as error:
            raise ConfigError([Problem(place, 0, "audit.origin", str(error))]) from None
        known = {row[0] for row in raw.execute("SELECT key_id FROM audit_log_keys").fetchall()}
        new = [key for key in keys if key.key_id not in known]
        now = timestamp(int(self._signing.wall() * 1_000_000))
        for key in new:
            raw.execute(
                "INSERT INTO audit_log_keys (key_id, name, algorithm, public, since, until) "
                "VALUES (?, ?, ?, ?, ?, NULL)",
                (key.key_id, key.name, key.algorithm.value, key.public, now),
            )
        return [key.key_id for key in new]

    def grew(self, leaves: int) -> None:
        """The tree has got so many leaves more."""
        self._grown += leaves

    def wait_s(self) -> float:
        """Seconds until the next checkpoint is due."""
        if self._grown >= LEAVES:
            return 0.0
        due = self._next - (IDLE_S - GROWING_S) if self._grown else self._next
        return max(0.0, due - self._signing.monotonic())

    def sign(self, raw: Raw, *, final: bool = False) -> Signed | None:
        """A checkpoint of the tree as it stands; None where none is due.

        `final` ones are made at once, unless the last one was of the same tree.

        Raises:
            LogForked: the tree does not continue what was signed before.
        """
        if not final and self.wait_s() > 0:
            return None
        # Before the tree: what another process signs in between is of a larger one.
        stored, stored_at = _newest(raw)
        stands = tree.read(raw)
        if final and self._last is not None and stands.size == self._last.size:
            return None
        current = Checkpoint(self._origin, stands.size, stands.frontier.root())
        for earlier in (stored, self._last):
            if earlier is not None:
                self._check_continues(raw, earlier, current, stored)
        # A clock that was set back does not make a later checkpoint older than an earlier one.
        seconds = max(int(self._signing.wall()), self._last_at, stored_at, 1)
        return Signed(current, seconds, notes.sign(current, [self._signing.keys], seconds))

    def _check_continues(
        self, raw: Raw, old: Checkpoint, new: Checkpoint, stored: Checkpoint | None
    ) -> None:
        if old.origin != new.origin or old.size > new.size:
            raise LogForked("the tree is shorter than one that was signed")
        try:
            proof = consistency(old.size, new.size, tree.hashes(raw))
        except ValueError:
            if self._went(raw, old, stored):
                return
            raise LogForked("the tree lacks hashes of an earlier checkpoint") from None
        try:
            verify_consistency(old.size, old.root, new.size, new.root, proof)
        except ValueError:
            raise LogForked("the tree is not that of an earlier checkpoint") from None

    def _went(self, raw: Raw, earlier: Checkpoint, stored: Checkpoint | None) -> bool:
        """Whether retention took the leaves that it takes to tell what continues a checkpoint.

        So it is where others led for long. What is compared instead is the newest checkpoint,
        which must lie above those leaves, and be signed by these keys: anybody can write a row.
        """
        below = raw.execute("SELECT max(below) FROM audit_pruned").fetchone()[0] or 0
        if stored is None or not earlier.size < below <= stored.size:
            return False
        (note,) = raw.execute(
            "SELECT note FROM audit_checkpoints WHERE size = ?", (stored.size,)
        ).fetchone()
        try:
            notes.verify(note, notes.public_keys(self._signing.keys, self._origin))
        except NoteError:
            return False
        return True

    def store(self, raw: Raw, signed: Signed) -> None:
        """Keep a checkpoint, in a transaction. Of one size the latest stays."""
        raw.execute(
            "INSERT INTO audit_checkpoints (size, ts, note) VALUES (?, ?, ?) "
            "ON CONFLICT (size) DO UPDATE SET ts = excluded.ts, note = excluded.note "
            "WHERE excluded.ts >= audit_checkpoints.ts",
            (signed.checkpoint.size, timestamp(signed.seconds * 1_000_000), signed.note),
        )
        self._last, self._last_at = signed.checkpoint, signed.seconds
        self._next = self._signing.monotonic() + IDLE_S
        self._grown = 0


def _newest(raw: Raw) -> tuple[Checkpoint | None, int]:
    """The stored checkpoint of the largest tree, and its time in seconds since 1970."""
    query = "SELECT note, ts FROM audit_checkpoints ORDER BY size DESC LIMIT 1"
    row = raw.execute(query).fetchone()
    if row is None:
        return None, 0
    try:
        stored = notes.parse_checkpoint(parse_note(row[0]).text)
        return stored, int(datetime.fromisoformat(row[1]).timestamp())
    except ValueError:
        raise LogForked("a stored checkpoint is damaged") from None
