"""What verifying an audit log goes through, and what it can say of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from gateway.audit.merkle import HASH_BYTES


class Row(Protocol):
    """A record as the log holds it, with its place."""

    @property
    def leaf_index(self) -> int:
        """Its number in the tree, from 0."""

    @property
    def event_id(self) -> str:
        """The id that it stands under."""

    @property
    def body(self) -> bytes:
        """The record in canonical form."""

    @property
    def leaf_hash(self) -> bytes:
        """The Merkle leaf hash of the body."""

    @property
    def writer_id(self) -> str:
        """Whose chain it is in."""

    @property
    def writer_seq(self) -> int:
        """Its number in the writer's chain, from 1."""

    @property
    def prev_writer_hash(self) -> bytes:
        """The leaf hash of the writer's record before."""

    @property
    def mac(self) -> bytes:
        """The MAC of its link."""


def is_sound(row: Row) -> bool:
    """Whether the values of a row have the types and lengths that a gateway writes.

    SQLite keeps any type in any column, so that whoever has the file can put anything there.
    """
    hashes = (row.leaf_hash, row.prev_writer_hash, row.mac)
    return (
        all(isinstance(one, bytes) and len(one) == HASH_BYTES for one in hashes)
        and isinstance(row.body, bytes)
        and isinstance(row.event_id, str)
        and isinstance(row.writer_id, str)
        and isinstance(row.writer_seq, int)
        and 0 < row.writer_seq < 1 << 63
    )


def no_hashes(level: int, index: int) -> bytes:
    """What reads the tree's stored hashes where none are given. Raises ValueError."""
    raise ValueError("no stored hashes are given")


class StoredNote(Protocol):
    """A checkpoint as the log holds it."""

    @property
    def size(self) -> int:
        """How many leaves it covers."""

    @property
    def note(self) -> str:
        """The signed note."""


class Kind(StrEnum):
    """What is wrong."""

    DAMAGED = "damaged"
    BODY = "body"
    EVENT_ID = "event_id"
    MAC = "mac"
    CHAIN = "chain"
    MISSING = "missing"
    ORDER = "order"
    ROOT = "root"
    TILE = "tile"
    NOTE = "note"
    ORIGIN = "origin"
    UNSIGNED = "unsigned"
    NOT_YET = "not_signed_yet"
    TRUNCATED = "truncated"
    ANCHOR = "anchor"
    FILED = "filed"
    LEAFLESS = "leafless"
    PRUNED = "pruned"


WORDS: Final[Mapping[Kind, str]] = {
    Kind.DAMAGED: "the row is damaged: it holds what no gateway writes",
    Kind.BODY: "the record was changed: its bytes do not have the leaf hash beside them",
    Kind.EVENT_ID: "the record stands under the event id of another",
    Kind.MAC: "the MAC does not hold: changed, moved, or not written by the gateway",
    Kind.CHAIN: "the writer's chain breaks: a record was changed, removed, put in or moved",
    Kind.MISSING: "the record is missing",
    Kind.ORDER: "the leaf index stands a second time, or out of order",
    Kind.ROOT: "the root of a signed checkpoint is not that of these records",
    Kind.TILE: "the stored hashes of the tree are not those of these records",
    Kind.NOTE: "a checkpoint is damaged, or a signature on it does not hold",
    Kind.ORIGIN: "a checkpoint is that of another log",
    Kind.UNSIGNED: "no checkpoint that these keys signed covers the records",
    Kind.NOT_YET: "the records are not signed yet: the only checkpoint is of the empty log",
    Kind.TRUNCATED: "the log ends before a checkpoint of its own: records are missing at the end",
    Kind.ANCHOR: "the log is not the one that an anchor saw: rewritten, cut off, or an old copy",
    Kind.FILED: "the record is filed under what its bytes do not say, where searches miss it",
    Kind.LEAFLESS: "a record stands in the table that is not in the tree",
    Kind.PRUNED: "the records are gone, and no record of the log says that retention took them",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong in the leaves from `index` up to, and without, `until`."""

    kind: Kind
    index: int
    until: int
    source: str = ""  # the name of the anchor

    @property
    def text(self) -> str:
        """One sentence for people."""
        exact = self.until <= self.index + 1
        where = f"leaf {self.index}" if exact else f"leaves {self.index} to {self.until - 1}"
        return f"{where}: {WORDS[self.kind]}" + (f" ({self.source})" if self.source else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was found.

    `size` is that of the log, of which records below `start` are gone by retention; `root` is that
    of all leaves, or empty where some are missing. `checkpoints` is how many agree with the
    records, `signed` the largest size that one of them vouches for with a known key,
    `unchecked` those before `start` that cannot be compared any more. `anchors` names those that
    agree, `uncompared` those before `start` that cannot be compared any more. `more` faults are not
    listed.
    """

    size: int
    start: int
    records: int
    root: bytes
    checkpoints: int
    unchecked: int
    signed: int
    anchors: tuple[str, ...]
    macs: bool
    faults: tuple[Fault, ...]
    more: int
    uncompared: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults

    @property
    def unsigned(self) -> int:
        """Records behind the last checkpoint, which only their chains and MACs bind as yet."""
        return max(0, self.size - self.signed)

    @property
    def awaits_signing(self) -> bool:
        """Whether nothing is wrong but that the first checkpoint of records is still to come.

        Whoever deletes all later checkpoints makes an old log look like that: it does not hold.
        """
        return bool(self.faults) and all(one.kind is Kind.NOT_YET for one in self.faults)

    @property
    def first_bad(self) -> int | None:
        """The first leaf index that is wrong, or the first that may be where none is for certain.

        A range in which a narrower fault lies is explained by that one. A record that is not
        signed yet is not wrong.
        """
        bad = (one for one in self.faults if one.kind is not Kind.NOT_YET)
        return min((one.index for one in bad if not self._explained(one)), default=None)

    def _explained(self, wide: Fault) -> bool:
        return any(
            wide.index <= one.index
            and one.until <= wide.until
            and one.until - one.index < wide.until - wide.index
            for one in self.faults
        )
