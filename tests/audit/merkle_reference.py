"""A second reading of RFC 6962: its recursive definitions, and proofs read from the root down."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

EMPTY = sha256(b"").digest()


def node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def split(count: int) -> int:
    left = 1
    while left * 2 < count:
        left *= 2
    return left


class Reference:
    """A whole tree, by the definitions of section 2.1; hashes of ranges are kept."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        self.leaves = list(leaves)
        self._known: dict[tuple[int, int], bytes] = {}

    def root(self, low: int, high: int) -> bytes:
        if low == high:
            return EMPTY
        if high - low == 1:
            return self.leaves[low]
        if (low, high) not in self._known:
            middle = low + split(high - low)
            self._known[low, high] = node(self.root(low, middle), self.root(middle, high))
        return self._known[low, high]

    def path(self, index: int, low: int, high: int) -> list[bytes]:
        if high - low == 1:
            return []
        middle = low + split(high - low)
        if index < middle:
            return [*self.path(index, low, middle), self.root(middle, high)]
        return [*self.path(index, middle, high), self.root(low, middle)]

    def proof(self, old: int, low: int, high: int, *, known: bool = True) -> list[bytes]:
        if old == high:
            return [] if known else [self.root(low, high)]
        middle = low + split(high - low)
        if old <= middle:
            return [*self.proof(old, low, middle, known=known), self.root(middle, high)]
        return [*self.proof(old, middle, high, known=False), self.root(low, middle)]

    def subtree(self, level: int, index: int) -> bytes:
        low, high = index << level, (index + 1) << level
        assert high <= len(self.leaves), "an incomplete subtree was asked for"
        return self.root(low, high)


def root_of_path(start: bytes, index: int, size: int, proof: list[bytes]) -> bytes | None:
    """The root that a proof leads to, read from the root down."""
    if size == 1 or not proof:
        return start if size == 1 and not proof else None
    left, rest, top = split(size), proof[:-1], proof[-1]
    if index < left:
        below = root_of_path(start, index, left, rest)
        return below and node(below, top)
    below = root_of_path(start, index - left, size - left, rest)
    return below and node(top, below)


def roots_of_proof(
    old: int, new: int, proof: list[bytes], known: bytes | None
) -> tuple[bytes, bytes] | None:
    """Both roots that a proof leads to; the old one itself is known while it is not split."""
    if old == new:
        found = [known] if known else proof
        extra = proof if known else proof[1:]
        return (found[0], found[0]) if found and not extra else None
    if not proof:
        return None
    left, rest, top = split(new), proof[:-1], proof[-1]
    if old <= left:
        below = roots_of_proof(old, left, rest, known)
        return below and (below[0], node(below[1], top))
    below = roots_of_proof(old - left, new - left, rest, None)
    return below and (node(top, below[0]), node(top, below[1]))
