"""The Merkle tree of the audit log: roots, proofs and what of it is stored. Pure.

The tree and its two proofs are those of RFC 6962, section 2.1: a leaf's hash is
SHA-256(0x00 || data), a node's SHA-256(0x01 || left || right), and of n leaves the left subtree
holds the largest power of two below n. Proofs are checked by the algorithms of RFC 9162, sections
2.1.3.2 and 2.1.4.2, which walk up from the leaf without knowing how a proof was made.

A subtree is complete when it holds 2**level leaves; its hash never changes again. Complete
subtrees are numbered from the left, (level, index), and are all that is ever read or stored:
the frontier holds the few that the root is made of, and tiles (C2SP tlog-tiles) hold every eighth
level.

    frontier, entries = grow(frontier, leaf_hashes)     the next leaves; what tiles gain
    frontier.root()
    proof = inclusion(index, size, subtrees)
    verify_inclusion(leaf_hash, index, size, proof, root)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, NamedTuple, TypeAlias

HASH_BYTES: Final = 32

MAX_SIZE: Final = (1 << 63) - 1
"""The most leaves of a tree: sizes and indexes are signed 64-bit integers where they are kept."""

EMPTY_ROOT: Final = sha256(b"").digest()
"""The root of a tree without leaves (RFC 6962, section 2.1)."""

TILE_HEIGHT: Final = 8
"""The levels of the tree that one level of tiles spans."""

TILE_WIDTH: Final = 1 << TILE_HEIGHT
"""The hashes in a full tile."""

HashReader: TypeAlias = Callable[[int, int], bytes]
"""Gives the hash of the complete subtree of 2**level leaves with this number: (level, index)."""

StoredHashes: TypeAlias = Callable[[int, int, int], Sequence[bytes]]
"""Gives `count` hashes of a tile level from number `start` on: (tile level, start, count).

They never cross the edge of a tile. Those of level 0 are leaf hashes."""


class ProofError(ValueError):
    """A proof does not show what it should."""


class TileEntry(NamedTuple):
    """A hash that a tile gains: of a complete subtree of 256**level leaves."""

    level: int
    tile_index: int
    position: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Frontier:
    """The complete subtrees that a tree of this size consists of, the largest and first one first.

    This is all that it takes to append leaves and to know the root.

    Raises:
        ValueError: the number of hashes is not that of the size's binary ones, or a hash does
            not have 32 bytes.
    """

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.size <= MAX_SIZE:
            raise ValueError("a tree has between 0 and 2**63 - 1 leaves")
        if len(self.hashes) != self.size.bit_count():
            raise ValueError("a frontier has one hash for each binary one of its size")
        if any(len(one) != HASH_BYTES for one in self.hashes):
            raise ValueError("a hash has 32 bytes")

    @classmethod
    def unpacked(cls, size: int, packed: bytes) -> Frontier:
        """The frontier whose hashes stand in these bytes, one behind the other.

        Raises:
            ValueError: the bytes are not those of a frontier of this size.
        """
        steps = range(0, len(packed), HASH_BYTES)
        return cls(size, tuple(packed[at : at + HASH_BYTES] for at in steps))

    def packed(self) -> bytes:
        """The hashes one behind the other, for a row of a table."""
        return b"".join(self.hashes)

    def append(self, leaf_hashes: Iterable[bytes]) -> Frontier:
        """The frontier after these leaves.

        Raises:
            ValueError: a hash does not have 32 bytes, or the tree is full.
        """
        return grow(self, leaf_hashes)[0]

    def root(self) -> bytes:
        """The Merkle tree hash of all leaves."""
        return _folded(self.hashes) if self.hashes else EMPTY_ROOT


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of a node above two subtrees (RFC 6962, section 2.1)."""
    return sha256(b"\x01" + left + right).digest()


def grow(before: Frontier, leaf_hashes: Iterable[bytes]) -> tuple[Frontier, list[TileEntry]]:
    """Append leaves: the frontier after them, and what the tiles of levels 1 and up gain.

    Entries come in order of level and number. One node is hashed for each leaf, on average.

    Raises:
        ValueError: a hash does not have 32 bytes, or the tree is full.
    """
    nodes = list(leaf_hashes)
    if set(map(len, nodes)) - {HASH_BYTES}:
        raise ValueError("a hash has 32 bytes")
    size = before.size + len(nodes)
    entries: list[TileEntry] = []
    waiting = list(before.hashes)  # the smallest last
    kept: list[bytes] = []  # the smallest first
    level = 0
    while nodes or waiting:
        # nodes are the subtrees of this level that the new leaves complete, from this number on
        first = before.size >> level
        if level and level % TILE_HEIGHT == 0:
            entries += _entries(level // TILE_HEIGHT, first, nodes)
        if first & 1:
            nodes.insert(0, waiting.pop())
        if len(nodes) & 1:
            kept.append(nodes.pop())
        pairs = zip(nodes[::2], nodes[1::2], strict=True)
        nodes = [sha256(b"\x01" + left + right).digest() for left, right in pairs]
        level += 1
    return Frontier(size, tuple(reversed(kept))), entries


def tiles_completed(before: Frontier, leaf_hashes: Iterable[bytes]) -> list[TileEntry]:
    """What the tiles of levels 1 and up gain by these leaves, in order of level and number.

    `grow` gives the frontier as well, for the same work.

    Raises:
        ValueError: a hash does not have 32 bytes, or the tree is full.
    """
    return grow(before, leaf_hashes)[1]


def subtree(level: int, index: int, stored: StoredHashes) -> bytes:
    """The hash of a complete subtree, from at most 128 hashes of the tile level at or below it.

    Raises:
        ValueError: the level or index is negative, or what is stored does not give the hashes.
    """
    if level < 0 or index < 0:
        raise ValueError("levels and indexes start at 0")
    tile_level, height = divmod(level, TILE_HEIGHT)
    count = 1 << height
    nodes = list(stored(tile_level, index * count, count))
    if len(nodes) != count or any(len(one) != HASH_BYTES for one in nodes):
        raise ValueError("stored hashes of a complete subtree are missing")
    while len(nodes) > 1:
        pairs = zip(nodes[::2], nodes[1::2], strict=True)
        nodes = [node_hash(left, right) for left, right in pairs]
    return nodes[0]


def frontier_at(size: int, hashes: HashReader) -> Frontier:
    """The frontier of the first `size` leaves of a tree, and with it the root at that size.

    Raises:
        ValueError: the size is out of range.
    """
    if not 0 <= size <= MAX_SIZE:
        raise ValueError("a tree has between 0 and 2**63 - 1 leaves")
    return Frontier(size, tuple(_complete(0, size, hashes)))


def inclusion(index: int, size: int, hashes: HashReader) -> list[bytes]:
    """The proof that a leaf stands at `index` of the first `size` leaves, leaf's sibling first.

    PATH(index, D[size]) of RFC 6962, section 2.1.1.

    Raises:
        ValueError: there is no such leaf.
    """
    if not 0 <= index < size <= MAX_SIZE:
        raise ValueError("the tree has no leaf of this index")
    low, high = 0, size
    siblings: list[bytes] = []
    while high - low > 1:
        split = low + _left_leaves(high - low)
        if index < split:
            siblings.append(_range_root(split, high, hashes))
            high = split
        else:
            siblings.append(_range_root(low, split, hashes))
            low = split
    siblings.reverse()
    return siblings


def consistency(old_size: int, new_size: int, hashes: HashReader) -> list[bytes]:
    """The proof that the first `old_size` leaves are still the first of `new_size` leaves.

    PROOF(old, D[new]) of RFC 6962, section 2.1.2. It is empty for equal sizes, and for an old
    size of 0, of which every tree is a continuation.

    Raises:
        ValueError: the old size is larger than the new one, or out of range.
    """
    if not 0 <= old_size <= new_size <= MAX_SIZE:
        raise ValueError("an older tree has no more leaves than a newer one")
    if old_size in {0, new_size}:
        return []
    low, high = 0, new_size
    proof: list[bytes] = []
    while high != old_size:
        split = low + _left_leaves(high - low)
        if old_size <= split:
            proof.append(_range_root(split, high, hashes))
            high = split
        else:
            proof.append(_range_root(low, split, hashes))
            low = split
    if low:  # otherwise it is the old root, which the verifier has
        proof.append(_range_root(low, high, hashes))
    proof.reverse()
    return proof


def verify_inclusion(
    leaf_hash: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> None:
    """Check that the leaf stands at `index` of the tree of this size and root.

    The algorithm of RFC 9162, section 2.1.3.2. A size is not part of a root: both have to come
    from one signed checkpoint.

    Raises:
        ProofError: it is not shown.
    """
    if not 0 <= index < size <= MAX_SIZE:
        raise ProofError("the tree has no leaf of this index")
    _check_hashes([leaf_hash, root, *proof])
    # the node's number and that of the last node of its level, level by level
    number, last = index, size - 1
    result = leaf_hash
    for sibling in proof:
        if last == 0:
            raise ProofError("the inclusion proof is too long")
        if number & 1 or number == last:
            result = node_hash(sibling, result)
            while not number & 1 and number:  # the last node had no sibling on these levels
                number >>= 1
                last >>= 1
        else:
            result = node_hash(result, sibling)
        number >>= 1
        last >>= 1
    if last:
        raise ProofError("the inclusion proof is too short")
    if result != root:
        raise ProofError("the inclusion proof does not lead to the root")


def verify_consistency(
    old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Check that the old tree's leaves are the first of the new tree's.

    The algorithm of RFC 9162, section 2.1.4.2. A size is not part of a root: both have to come
    from one signed checkpoint.

    Raises:
        ProofError: it is not shown.
    """
    if not 0 <= old_size <= new_size <= MAX_SIZE:
        raise ProofError("an older tree has no more leaves than a newer one")
    _check_hashes([old_root, new_root, *proof])
    for size, root in ((old_size, old_root), (new_size, new_root)):
        if (size == 0) != (root == EMPTY_ROOT):
            raise ProofError("the root is not of a tree of this size")
    if old_size in {0, new_size}:
        if proof:
            raise ProofError("the consistency proof is too long")
        if old_size == new_size and old_root != new_root:
            raise ProofError("two trees of one size have different roots")
        return
    _walk_consistency(old_size, old_root, new_size, new_root, proof)


def _walk_consistency(
    old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Rebuild both roots, for 0 < old size < new size."""
    if not proof:
        raise ProofError("the consistency proof is too short")
    whole = old_size & (old_size - 1) == 0  # then the old root is a node of the new tree
    path = [old_root, *proof] if whole else list(proof)
    number, last = old_size - 1, new_size - 1
    while number & 1:
        number >>= 1
        last >>= 1
    old = new = path[0]
    for node in path[1:]:
        if last == 0:
            raise ProofError("the consistency proof is too long")
        if number & 1 or number == last:
            old = node_hash(node, old)
            new = node_hash(node, new)
            while not number & 1 and number:
                number >>= 1
                last >>= 1
        else:
            new = node_hash(new, node)
        number >>= 1
        last >>= 1
    if last:
        raise ProofError("the consistency proof is too short")
    if old != old_root or new != new_root:
        raise ProofError("the consistency proof does not lead to the roots")


def _check_hashes(hashes: Iterable[bytes]) -> None:
    """A node's preimage is unique only while both halves have their full length."""
    if any(len(one) != HASH_BYTES for one in hashes):
        raise ProofError("a hash has 32 bytes")


def _entries(level: int, first: int, hashes: Sequence[bytes]) -> list[TileEntry]:
    return [
        TileEntry(level, *divmod(number, TILE_WIDTH), one)
        for number, one in enumerate(hashes, first)
    ]


def _left_leaves(count: int) -> int:
    """The largest power of two below a count of two or more: the leaves of the left subtree."""
    return 1 << (count - 1).bit_length() - 1


def _complete(low: int, high: int, hashes: HashReader) -> list[bytes]:
    """The hashes of the complete subtrees of a range, the largest first.

    The range is one that a tree splits into: it starts at a multiple of its leaves, rounded up
    to a power of two.
    """
    found: list[bytes] = []
    while low < high:
        level = (high - low).bit_length() - 1
        found.append(hashes(level, low >> level))
        low += 1 << level
    return found


def _range_root(low: int, high: int, hashes: HashReader) -> bytes:
    return _folded(_complete(low, high, hashes))


def _folded(hashes: Sequence[bytes]) -> bytes:
    """The root over complete subtrees of falling size."""
    result = hashes[-1]
    for left in reversed(hashes[:-1]):
        result = node_hash(left, result)
    return result
