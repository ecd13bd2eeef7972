"""The Merkle tree in the audit tables: giving records their leaves, and reading hashes back.

What `merkle.py` computes is kept in three tables: `audit_leaves` says which record is which leaf,
`audit_tree` holds the size and the frontier, `audit_tiles` the hashes of every eighth level. They
change together, in a transaction of whoever gives out leaf indexes, with the tree's row locked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from gateway.audit.merkle import (
    HASH_BYTES,
    TILE_WIDTH,
    Frontier,
    HashReader,
    StoredHashes,
    TileEntry,
    grow,
    subtree,
)
from gateway.audit.sql import DatabaseFault, Raw

PAGE = 1000
"""Records that are sequenced at a time."""


class Leaf(NamedTuple):
    """A record that is to get the next leaf index."""

    seq: int
    event_id: str
    leaf_hash: bytes
    writer_id: str
    writer_seq: int


@dataclass(frozen=True, slots=True)
class Tree:
    """The tree's row. `last_seq` is the number of the record of its last leaf."""

    frontier: Frontier
    last_seq: int

    @property
    def size(self) -> int:
        """How many leaves there are."""
        return self.frontier.size


def read(raw: Raw, *, lock: bool = False) -> Tree:
    """The tree as it stands; with `lock` nobody else changes it until the transaction ends.

    Raises:
        DatabaseFault: the row is missing, or is not that of a tree.
    """
    query = "SELECT size, frontier, last_seq FROM audit_tree"
    row = raw.execute(query + (raw.for_update if lock else "")).fetchone()
    if row is None:
        raise DatabaseFault("no tree")
    try:
        return Tree(Frontier.unpacked(row[0], row[1]), row[2])
    except ValueError:
        raise DatabaseFault("the tree's frontier is damaged") from None


def append(raw: Raw, before: Tree, leaves: Sequence[Leaf]) -> Tree:
    """Give these records the next leaf indexes, in order, inside a transaction.

    Raises:
        DatabaseFault: what is stored of the tree does not fit its size.
    """
    if not leaves:
        return before
    frontier, entries = grow(before.frontier, [leaf.leaf_hash for leaf in leaves])
    raw.executemany(
        "INSERT INTO audit_leaves (leaf_index, event_id) VALUES (?, ?)",
        [(index, leaf.event_id) for index, leaf in enumerate(leaves, before.size)],
    )
    for (level, tile_index), gained in groupby(entries, lambda one: (one.level, one.tile_index)):
        _extend_tile(raw, level, tile_index, list(gained))
    after = Tree(frontier, max(before.last_seq, leaves[-1].seq))
    raw.execute(
        "UPDATE audit_tree SET size = ?, frontier = ?, last_seq = ?",
        (after.size, frontier.packed(), after.last_seq),
    )
    heads = {leaf.writer_id: leaf for leaf in leaves}
    for leaf in heads.values():
        raw.execute(
            "INSERT INTO audit_writers (writer_id, last_seq, last_hash) VALUES (?, ?, ?) "
            "ON CONFLICT (writer_id) DO UPDATE "
            "SET last_seq = excluded.last_seq, last_hash = excluded.last_hash",
            (leaf.writer_id, leaf.writer_seq, leaf.leaf_hash),
        )
    return after


def _extend_tile(raw: Raw, level: int, tile_index: int, gained: Sequence[TileEntry]) -> None:
    packed = b"".join(entry.hash for entry in gained)
    place = (level, tile_index)
    if gained[0].position == 0:
        raw.execute(
            "INSERT INTO audit_tiles (level, tile_index, hashes) VALUES (?, ?, ?)",
            (*place, packed),
        )
        return
    held = _tile(raw, level, tile_index)
    if len(held) != gained[0].position * HASH_BYTES:
        raise DatabaseFault("a tile does not fit the tree")
    raw.execute(
        "UPDATE audit_tiles SET hashes = ? WHERE level = ? AND tile_index = ?",
        (held + packed, *place),
    )


def _tile(raw: Raw, level: int, tile_index: int) -> bytes:
    row = raw.execute(
        "SELECT hashes FROM audit_tiles WHERE level = ? AND tile_index = ?", (level, tile_index)
    ).fetchone()
    return b"" if row is None else bytes(row[0])


def sequence_rest(raw: Raw, tree: Tree, last: int) -> Tree:
    """Give leaves to all records behind the tree's last one, up to `last`, in order of `seq`.

    For a database in which that order is the order of commits: SQLite. Memory is bounded.
    """
    while tree.last_seq < last:
        rows = raw.execute(
            "SELECT seq, event_id, leaf_hash, writer_id, writer_seq FROM audit_records "
            "WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?",
            (tree.last_seq, last, PAGE),
        ).fetchall()
        if not rows:
            break
        tree = append(raw, tree, [Leaf(*row) for row in rows])
    return tree


def stored(raw: Raw) -> StoredHashes:
    """Reads hashes of tile levels from the tables, for `merkle.subtree`."""

    def read_hashes(level: int, start: int, count: int) -> list[bytes]:
        if level == 0:
            rows = raw.execute(
                "SELECT r.leaf_hash FROM audit_leaves l JOIN audit_records r "
                "ON r.event_id = l.event_id WHERE l.leaf_index >= ? AND l.leaf_index < ? "
                "ORDER BY l.leaf_index",
                (start, start + count),
            ).fetchall()
            return [bytes(row[0]) for row in rows]
        tile_index, position = divmod(start, TILE_WIDTH)
        held = _tile(raw, level, tile_index)
        steps = range(position * HASH_BYTES, (position + count) * HASH_BYTES, HASH_BYTES)
        return [held[at : at + HASH_BYTES] for at in steps]

    return read_hashes


def hashes(raw: Raw) -> HashReader:
    """Gives the hash of any complete subtree.

    Raises, when it is called:
        ValueError: it is not there, for example because retention took its leaves.
    """
    source = stored(raw)
    return lambda level, index: subtree(level, index, source)
