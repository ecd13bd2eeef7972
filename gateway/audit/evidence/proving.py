"""Inclusion proofs of many neighbouring leaves, without reading the log for each of them. Pure.

Leaves come in blocks. The hashes above a block's leaves are computed from them; those beside the
block are read once and kept, and are few: they are the same for all leaves of the block.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from gateway.audit.merkle import HashReader, inclusion, node_hash

BLOCK: Final = 4096  # leaves
_MOST_KEPT: Final = 4096  # hashes that were read


class BlockProver:
    """Proofs against one tree of `size` leaves, whose complete subtrees `hashes` gives."""

    def __init__(self, size: int, hashes: HashReader) -> None:
        self._size = size
        self._read = hashes
        self._levels: list[tuple[int, list[bytes]]] = []
        self._kept: dict[tuple[int, int], bytes] = {}

    def block(self, first: int, leaves: Sequence[bytes]) -> list[list[bytes]]:
        """The proofs of neighbouring leaves, given by their hashes, from index `first` on.

        Raises:
            ValueError: the tree has no such leaves, or its hashes are missing.
        """
        self._levels = []
        start, nodes = first, list(leaves)
        while nodes:
            self._levels.append((start, nodes))
            skipped = start & 1  # its sibling is not of this block
            start = (start + 1) >> 1
            pairs = zip(nodes[skipped::2], nodes[skipped + 1 :: 2], strict=False)
            nodes = [node_hash(left, right) for left, right in pairs]
        return [inclusion(first + at, self._size, self._hash) for at in range(len(leaves))]

    def _hash(self, level: int, index: int) -> bytes:
        if level < len(self._levels):
            start, nodes = self._levels[level]
            if 0 <= index - start < len(nodes):
                return nodes[index - start]
        key = (level, index)
        if key not in self._kept:
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            self._kept[key] = self._read(level, index)
        return self._kept[key]
