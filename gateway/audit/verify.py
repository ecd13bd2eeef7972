"""Whether an audit log holds: every record, every writer's chain, every signed tree. Pure.

Records are gone through once, in leaf order, while the Merkle tree (RFC 6962, section 2.1) is
built again from their bytes. Where a checkpoint or an anchor speaks of a size, the root built so
far has to be its root. Memory is bounded: the tree's frontier, one head for each writer, and at
most `MAX_FAULTS` faults.

What shows what:

    a body changed                   its leaf hash, which is computed again
    the leaf hash changed as well    the writer's chain, with the master key the MAC, and the root
    a record deleted or moved        the leaf indexes, the writer's numbers, the root
    a record put in                  with the master key the MAC, and the root
    the end cut off                  the checkpoints, as long as one of them is left
    all of it, signed again          only an anchor: a checkpoint that was kept elsewhere

Whoever holds the database and the signing keys can write another history that holds in itself.
It cannot hold against a checkpoint that left the machine before.

    report = verify_log(rows, checkpoints, keys, size=size, anchors=[read_anchor(name, note, keys)])
    report.holds, report.first_bad
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from heapq import merge
from typing import Final, NamedTuple, TypeAlias

from gateway.audit.chain import NO_PREVIOUS, mac
from gateway.audit.checkpoint import Checkpoint, parse_checkpoint, verify
from gateway.audit.merkle import (
    TILE_HEIGHT,
    TILE_WIDTH,
    Frontier,
    HashReader,
    ProofError,
    TileEntry,
    consistency,
    grow,
    verify_consistency,
)
from gateway.audit.notes import Algorithm, NoteError, Signature, VerifierKey, parse_note
from gateway.audit.record import leaf_hash
from gateway.audit.verdict import Fault, Kind, Report, Row, StoredNote, is_sound, no_hashes

BATCH: Final = 1024
"""Leaves that the tree takes in at once."""

MAX_FAULTS: Final = 100
"""The most faults that a report lists; more are counted."""

MacKeys: TypeAlias = Callable[[str], bytes]
"""Gives the MAC key of a writer by its id: `chain.writer_key` under the master key."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """A checkpoint that was kept outside. `signed` says whether by one of the keys."""

    name: str
    checkpoint: Checkpoint
    signed: bool


def read_anchor(name: str, note: str | bytes, keys: Sequence[VerifierKey]) -> Anchor:
    """A checkpoint from outside. One that none of the keys signed counts by where it was kept.

    Raises:
        NoteError: it is no checkpoint, or a signature of a known key does not hold.
    """
    opened = parse_note(note)
    if _known(opened.signatures, keys):
        return Anchor(name, verify(note, keys, _required(keys)).checkpoint, signed=True)
    return Anchor(name, parse_checkpoint(opened.text), signed=False)


def verify_log(
    rows: Iterable[Row],
    checkpoints: Iterable[StoredNote],
    keys: Sequence[VerifierKey],
    *,
    size: int,
    origin: str = "",
    start: Frontier | None = None,
    anchors: Sequence[Anchor] = (),
    hashes: HashReader | None = None,
    mac_keys: MacKeys | None = None,
    progress: Callable[[int], None] | None = None,
) -> Report:
    """Go through a log, and say what is wrong with it.

    Args:
        rows: Its records from leaf `start.size` to `size`, in order.
        checkpoints: Its checkpoints, in order of size. They are read as they are needed.
        keys: The public keys that are trusted to sign them.
        size: How many leaves the log says it has.
        origin: The log's name; without one, that of its first checkpoint.
        start: The frontier below which retention took the records; the first checkpoint above
            shows whether it is the right one.
        anchors: Checkpoints that were kept elsewhere.
        hashes: Gives the tree's stored hashes, to check those as well.
        mac_keys: Gives the MAC keys. Without them, whoever can write to the database can also
            make chains of their own, which only checkpoints and anchors contradict.
        progress: Is told how many leaves are done, every `BATCH` of them or so.

    Nothing is raised for what is wrong with a log.
    """
    walk = _Walk(rows, size, start or Frontier(), hashes, mac_keys, progress, origin)
    own = _marks(walk, checkpoints, keys)
    outside = (
        _Mark(one.checkpoint, one.name, one.signed)
        for one in sorted(anchors, key=lambda one: one.checkpoint.size)
    )
    for mark in merge(own, outside, key=lambda one: one.checkpoint.size):
        walk.advance(min(mark.checkpoint.size, size))
        walk.compare(mark)
    walk.advance(size)
    return walk.report()


class _Mark(NamedTuple):
    """A root to compare with. `anchor` is empty for the log's own."""

    checkpoint: Checkpoint
    anchor: str
    signed: bool


class _Head(NamedTuple):
    """The last record of a writer."""

    writer_seq: int
    leaf_hash: bytes
    leaf_index: int


@dataclass(slots=True)
class _Walk:
    """The state of one verification."""

    rows: Iterable[Row]
    size: int
    start: Frontier
    hashes: HashReader | None
    mac_keys: MacKeys | None
    progress: Callable[[int], None] | None
    origin: str
    faults: list[Fault] = field(default_factory=list)
    more: int = 0
    records: int = 0
    agreed: int = 0
    anchors: list[str] = field(default_factory=list)
    uncompared: list[str] = field(default_factory=list)
    _frontier: Frontier | None = None
    _iterator: Iterator[Row] = field(default_factory=lambda: iter(()))
    _held: Row | None = None
    _next: int = 0
    _leaves: list[bytes] = field(default_factory=list)
    _heads: dict[str, _Head] = field(default_factory=dict)
    _keys: dict[str, bytes] = field(default_factory=dict, repr=False)
    _matched: int = 0  # the largest size at which a root was right
    _anchored: int = 0
    _signed: int = 0
    _born: bool = False  # a known key signed the empty tree
    _unknown: int = 0  # the largest size that only a key not known signed
    _reported: set[Kind] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._iterator = iter(self.rows)
        self._frontier = self.start
        self._next = self.start.size

    def fault(self, kind: Kind, index: int, until: int, source: str = "") -> None:
        """Note a fault."""
        if len(self.faults) < MAX_FAULTS:
            self.faults.append(Fault(kind, index, max(until, index + 1), source))
        else:
            self.more += 1

    def once(self, kind: Kind, index: int, until: int, source: str = "") -> None:
        """Note a fault of which all later ones of the kind are consequences."""
        if kind not in self._reported:
            self._reported.add(kind)
            self.fault(kind, index, until, source)

    def advance(self, to: int) -> None:
        """Take in the records before this leaf."""
        while self._next < to:
            row = self._held or next(self._iterator, None)
            self._held = None
            if row is None or row.leaf_index > self._next:
                end = to if row is None else min(row.leaf_index, to)
                self._missing(end)
                self._held = row
                continue
            if row.leaf_index < self._next:
                self.fault(Kind.ORDER, row.leaf_index, row.leaf_index + 1)
                continue
            self._row(row)
            self._next += 1
            if len(self._leaves) == BATCH:
                self._flush()
        self._flush()

    def _missing(self, end: int) -> None:
        """Leaves that are not there: what follows has no place in a tree any more."""
        self._flush()
        self.fault(Kind.MISSING, self._next, end)
        self._frontier = None
        self._next = end

    def _row(self, row: Row) -> None:
        index = row.leaf_index
        self.records += 1
        if not is_sound(row):
            self.fault(Kind.DAMAGED, index, index + 1)
            self._leaves.clear()
            self._frontier = None
            return
        if leaf_hash(row.body) != row.leaf_hash:
            self.fault(Kind.BODY, index, index + 1)
        elif b'"event_id":"%b"' % row.event_id.encode() not in row.body:
            self.fault(Kind.EVENT_ID, index, index + 1)
        self._link(row)
        # The hash that is stored: if it is right, the root says so, and the fault is the body's.
        self._leaves.append(row.leaf_hash)

    def _link(self, row: Row) -> None:
        index = row.leaf_index
        head = self._heads.get(row.writer_id)
        self._heads[row.writer_id] = _Head(row.writer_seq, row.leaf_hash, index)
        if self.mac_keys is not None:
            key = self._keys.get(row.writer_id)
            if key is None:
                key = self._keys[row.writer_id] = self.mac_keys(row.writer_id)
            fit = mac(key, row.writer_id, row.writer_seq, row.leaf_hash, row.prev_writer_hash)
            if not hmac.compare_digest(fit, row.mac):
                self.fault(Kind.MAC, index, index + 1)
                return
        if head is None:
            if self.start.size:  # the records before went with retention
                return
            head = _Head(0, NO_PREVIOUS, index - 1)
        if row.writer_seq > head.writer_seq + 1:
            self.fault(Kind.CHAIN, head.leaf_index + 1, index + 1)
        elif row.writer_seq <= head.writer_seq:
            self.fault(Kind.CHAIN, index, index + 1)
        elif row.prev_writer_hash != head.leaf_hash:
            # The record before, or the link to it: the next root tells which.
            self.fault(Kind.CHAIN, head.leaf_index, index + 1)

    def _flush(self) -> None:
        leaves, self._leaves = self._leaves, []
        if self._frontier is not None and leaves:
            self._frontier, entries = grow(self._frontier, leaves)
            for entry in entries:
                self._tile(entry)
        if self.progress is not None and leaves:
            self.progress(self._next)

    def _tile(self, entry: TileEntry) -> None:
        if self.hashes is None:
            return
        level = TILE_HEIGHT * entry.level
        number = entry.tile_index * TILE_WIDTH + entry.position
        try:
            same = self.hashes(level, number) == entry.hash
        except ValueError:
            same = False
        if not same:
            self.fault(Kind.TILE, number << level, number + 1 << level)

    def compare(self, mark: _Mark) -> None:
        """Hold the tree against a root. The records before it have been taken in."""
        size = mark.checkpoint.size
        if not self.origin and not mark.anchor:
            self.origin = mark.checkpoint.origin
        if self.origin and mark.checkpoint.origin != self.origin:
            self.fault(Kind.ORIGIN, max(0, min(self._matched, size - 1)), size, mark.anchor)
            return
        if size < self.start.size:
            self._compare_before(mark)
        elif size > self.size:
            self._wrong(mark, Kind.TRUNCATED, self.size)
        elif self._frontier is not None:
            if self._frontier.root() == mark.checkpoint.root:
                self._right(mark)
            else:
                self._wrong(mark, Kind.ROOT, self._matched)
        elif not mark.anchor and not mark.signed:
            self._unknown = max(self._unknown, size)

    def _compare_before(self, mark: _Mark) -> None:
        """A root among the leaves that retention took: by a consistency proof, if there is one."""
        old, new = mark.checkpoint, self.start
        try:
            proof = consistency(old.size, new.size, self.hashes or no_hashes)
        except ValueError:  # the hashes went with the leaves
            self.uncompared.append(mark.anchor)
            return
        try:
            verify_consistency(old.size, old.root, new.size, new.root(), proof)
        except ProofError:
            self._wrong(mark, Kind.ROOT, self._matched)
        else:
            self._right(mark)

    def _right(self, mark: _Mark) -> None:
        size = mark.checkpoint.size
        self._matched = max(self._matched, size)
        if mark.anchor:
            self.anchors.append(mark.anchor)
            self._anchored = max(self._anchored, size)
            return
        self.agreed += 1
        if mark.signed:
            self._signed = max(self._signed, size)
            self._born = self._born or size == 0
        else:
            self._unknown = max(self._unknown, size)

    def _wrong(self, mark: _Mark, kind: Kind, index: int) -> None:
        size = mark.checkpoint.size
        if not mark.anchor:
            self.once(kind, index, size)
        elif kind is Kind.TRUNCATED:
            self.fault(Kind.ANCHOR, index, size, mark.anchor)
        else:
            # Whoever has the keys made the checkpoints fit: only anchors count against this one.
            self.once(Kind.ANCHOR, self._anchored, size, mark.anchor)

    def damaged(self, size: int) -> None:
        """A stored checkpoint that says nothing."""
        self.fault(Kind.NOTE, max(0, min(self._matched, size - 1)), size)

    def report(self) -> Report:
        """What was found, once all is taken in."""
        foreign = self._unknown > self._signed
        if self.size and (foreign or not (self._signed or self.faults)):
            later = foreign or self._signed or self._anchored or self.start.size
            kind = Kind.NOT_YET if self._born and not later else Kind.UNSIGNED
            self.fault(kind, self._signed, self._unknown or self.size)
        bodies = {one.index for one in self.faults if one.kind is Kind.BODY}
        faults = [self._settled(one, bodies) for one in self.faults]
        return Report(
            size=self.size,
            start=self.start.size,
            records=self.records,
            root=b"" if self._frontier is None else self._frontier.root(),
            checkpoints=self.agreed,
            unchecked=len(self.uncompared),
            signed=self._signed,
            anchors=tuple(self.anchors),
            uncompared=tuple(name for name in self.uncompared if name),
            macs=self.mac_keys is not None,
            faults=tuple(sorted(faults, key=lambda one: (one.index, one.until))),
            more=self.more,
        )

    def _settled(self, fault: Fault, bodies: Collection[int]) -> Fault:
        """A break in a chain whose first record a root confirms lies in the link, not there."""
        if fault.kind is Kind.CHAIN and fault.until <= self._matched and fault.index not in bodies:
            return replace(fault, index=fault.until - 1)
        return fault


def _marks(
    walk: _Walk, checkpoints: Iterable[StoredNote], keys: Sequence[VerifierKey]
) -> Iterator[_Mark]:
    """The log's own checkpoints whose signatures hold, or are of keys that are not known."""
    required = _required(keys)
    for stored in checkpoints:
        try:
            opened = parse_note(stored.note)
            signed = _known(opened.signatures, keys)
            checkpoint = parse_checkpoint(opened.text)
            if signed:
                verify(stored.note, keys, required)
        except NoteError:
            walk.damaged(stored.size)
            continue
        if checkpoint.size != stored.size:
            walk.damaged(stored.size)
        else:
            yield _Mark(checkpoint, "", signed)


def _known(signatures: Iterable[Signature], keys: Iterable[VerifierKey]) -> bool:
    known = {(key.name, key.key_id) for key in keys}
    return any((one.name, one.key_id) in known for one in signatures)


def _required(keys: Iterable[VerifierKey]) -> set[Algorithm]:
    """All algorithms that the keys have: a signature left out is as good as a wrong one."""
    return {key.algorithm for key in keys}
