"""The log as files that any reader of C2SP's tlog-tiles can check, without this software. Pure.

    checkpoint               the signed tree head that all of it is of
    tile/<L>/<N>             256 hashes, each of a complete subtree of 256**L leaves
    tile/entries/<N>         256 records in canonical form, each behind its length in two bytes
    ....p/<W>                the same with fewer, W of them, at the right edge of the tree

Of a log that retention has pruned, level 0 and the entries begin with the first record that is
kept, and the levels above are whole: what the format asks of a log with a minimum index.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Final, Protocol

from gateway.audit.merkle import (
    HASH_BYTES,
    TILE_HEIGHT,
    TILE_WIDTH,
    Frontier,
    ProofError,
    frontier_at,
)
from gateway.audit.record import leaf_hash
from gateway.audit.verdict import Row, is_sound

MAX_ENTRY: Final = 0xFFFF
"""The bytes of the longest entry: two bytes say how long one is."""


class Log(Protocol):
    """What is read: `reading.LogReader`."""

    def rows(self, start: int, stop: int | None = None) -> Iterator[Row]:
        """Leaves in order."""

    def subtree(self, level: int, index: int) -> bytes:
        """The hash of a complete subtree; ValueError where it is not there."""

    def stored(self, level: int, start: int, count: int) -> list[bytes]:
        """Hashes of a tile level, as many of them as there are."""


def tile_path(level: int | None, index: int, width: int = TILE_WIDTH) -> str:
    """Where a tile of the Merkle tree is, below the log's folder; level None is the entries'."""
    groups = [f"{index % 1000:03}"]
    while index := index // 1000:
        groups.insert(0, f"x{index % 1000:03}")
    name = "/".join(("tile", "entries" if level is None else str(level), *groups))
    return name if width == TILE_WIDTH else f"{name}.p/{width}"


def count(size: int, first: int) -> int:
    """How many tiles and bundles of entries there are, of a log of this size pruned below `first`.

    `first` is a multiple of 256.
    """
    tiles = 2 * (_tiles(size, 0) - first // TILE_WIDTH)
    level = 1
    while found := _tiles(size, level):
        tiles += found
        level += 1
    return tiles


def tiles(log: Log, size: int, first: int, root: bytes) -> Iterator[tuple[str, bytes]]:
    """All files but the checkpoint, each with its path. Nothing is given out that does not hold.

    Args:
        log: What is read.
        size: The tree's size at the checkpoint.
        first: The first leaf whose record is kept; a multiple of 256.
        root: The checkpoint's.

    Raises:
        ProofError: the log is not that of the checkpoint, or a record does not fit an entry.
    """
    try:
        found = frontier_at(size, log.subtree).root()
    except ValueError:
        raise ProofError("stored hashes of the tree are missing") from None
    if found != root:
        raise ProofError("the stored hashes of the tree do not lead to the checkpoint's root")
    level = 1
    while number := _tiles(size, level):
        for index in range(number):
            width = min(TILE_WIDTH, (size >> level * TILE_HEIGHT) - index * TILE_WIDTH)
            hashes = log.stored(level, index * TILE_WIDTH, width)
            yield tile_path(level, index, width), _tile(log, level, index, width, hashes)
        level += 1
    yield from _leaves(log, size, first)


def _leaves(log: Log, size: int, first: int) -> Iterator[tuple[str, bytes]]:
    """The tiles of level 0, and the entries that belong to them."""
    following = first // TILE_WIDTH
    for index, block in groupby(log.rows(first, size), lambda row: row.leaf_index // TILE_WIDTH):
        if index != following:
            break
        rows = list(block)
        start, stop = index * TILE_WIDTH, min(size, (index + 1) * TILE_WIDTH)
        if [row.leaf_index for row in rows] != list(range(start, stop)):
            raise ProofError(f"a record of leaves {start} to {stop - 1} is missing")
        hashes = [_checked(row) for row in rows]
        width = len(rows)
        yield tile_path(0, index, width), _tile(log, 0, index, width, hashes)
        yield tile_path(None, index, width), b"".join(map(_entry, rows))
        following += 1
    if following != _tiles(size, 0):
        raise ProofError(f"the record of leaf {following * TILE_WIDTH} is missing")


def _tile(log: Log, level: int, index: int, width: int, hashes: list[bytes]) -> bytes:
    """A tile's content. A full one must have the hash that stands for it in the level above.

    That of a partial one went into the root.
    """
    if len(hashes) != width or any(len(one) != HASH_BYTES for one in hashes):
        raise ProofError("stored hashes of the tree are missing")
    if width == TILE_WIDTH:
        try:
            above = log.subtree(TILE_HEIGHT * (level + 1), index)
        except ValueError:
            raise ProofError("stored hashes of the tree are missing") from None
        if Frontier().append(hashes).root() != above:
            start = index << TILE_HEIGHT * (level + 1)
            raise ProofError(f"the hashes from leaf {start} on do not lead to the level above")
    return b"".join(hashes)


def _checked(row: Row) -> bytes:
    """The leaf hash of a record, which has to be the one beside it: that is in the tree."""
    if not is_sound(row):
        raise ProofError(f"the row of leaf {row.leaf_index} is damaged")
    found = leaf_hash(row.body)
    if found != row.leaf_hash:
        raise ProofError(f"the record of leaf {row.leaf_index} was changed")
    return found


def _entry(row: Row) -> bytes:
    if len(row.body) > MAX_ENTRY:
        raise ProofError(f"the record of leaf {row.leaf_index} is longer than an entry may be")
    return len(row.body).to_bytes(2, "big") + row.body


def _tiles(size: int, level: int) -> int:
    """How many tiles a level has, the partial one included."""
    return -(-(size >> level * TILE_HEIGHT) // TILE_WIDTH)
