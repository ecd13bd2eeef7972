"""The tree against the definitions of RFC 6962 and the vectors of other implementations."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from gateway.audit import merkle
from gateway.audit.merkle import Frontier, ProofError, TileEntry
from gateway.audit.record import leaf_hash
from tests.audit.merkle_reference import EMPTY, Reference, node, root_of_path, roots_of_proof

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "rfc6962.json").read_text())
SMALL = 70
LARGE = 5_000


def leaf(number: int) -> bytes:
    return leaf_hash(number.to_bytes(4, "big"))


def unhex(hashes: list[str]) -> list[bytes]:
    return [bytes.fromhex(one) for one in hashes]


def included(start: bytes, index: int, size: int, proof: list[bytes], root: bytes) -> bool:
    try:
        merkle.verify_inclusion(start, index, size, proof, root)
    except ProofError:
        return False
    return True


def consistent(
    old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]
) -> bool:
    try:
        merkle.verify_consistency(old, old_root, new, new_root, proof)
    except ProofError:
        return False
    return True


TREE = Reference([leaf(number) for number in range(LARGE)])
ROOTS = [TREE.root(0, size) for size in range(SMALL + 1)]


# --- vectors --------------------------------------------------------------------------------------

VECTOR_LEAVES = [leaf_hash(one) for one in unhex(VECTORS["leaves"])]
VECTOR_ROOTS = unhex(VECTORS["roots"])
VECTOR_TREE = Reference(VECTOR_LEAVES)


def test_vectors_of_roots_and_nodes():
    assert VECTOR_ROOTS[0] == merkle.EMPTY_ROOT
    for size in range(len(VECTOR_LEAVES) + 1):
        assert Frontier().append(VECTOR_LEAVES[:size]).root() == VECTOR_ROOTS[size]
    levels = [unhex(row) for row in VECTORS["nodes"]]
    assert levels[0] == VECTOR_LEAVES
    for below, row in pairwise(levels):
        pairs = zip(below[::2], below[1::2], strict=True)
        assert [merkle.node_hash(*pair) for pair in pairs] == row


def test_vectors_of_proofs():
    assert len(VECTORS["inclusion"]) == len(VECTORS["consistency"]) == 5
    for case in VECTORS["inclusion"]:
        index, size, proof = case["index"], case["size"], unhex(case["proof"])
        assert merkle.inclusion(index, size, VECTOR_TREE.subtree) == proof
        merkle.verify_inclusion(VECTOR_LEAVES[index], index, size, proof, VECTOR_ROOTS[size])
    for case in VECTORS["consistency"]:
        old, new, proof = case["old_size"], case["new_size"], unhex(case["proof"])
        assert merkle.consistency(old, new, VECTOR_TREE.subtree) == proof
        merkle.verify_consistency(old, VECTOR_ROOTS[old], new, VECTOR_ROOTS[new], proof)


@pytest.mark.parametrize("case", VECTORS["logs"]["inclusion"], ids=lambda case: case["log"])
def test_leaves_of_large_public_logs(case):
    start, root = bytes.fromhex(case["leaf_hash"]), bytes.fromhex(case["root"])
    proof = unhex(case["proof"])
    assert included(start, case["index"], case["size"], proof, root)
    assert not included(start, case["index"] + 1, case["size"], proof, root)
    assert not included(start, case["index"], case["size"], proof[:-1], root)


@pytest.mark.parametrize("case", VECTORS["logs"]["consistency"], ids=lambda case: case["log"])
def test_growth_of_a_large_public_log(case):
    old, new = bytes.fromhex(case["old_root"]), bytes.fromhex(case["new_root"])
    proof = unhex(case["proof"])
    assert consistent(case["old_size"], old, case["new_size"], new, proof)
    assert not consistent(case["old_size"] - 1, old, case["new_size"], new, proof)
    assert not consistent(case["old_size"], old, case["new_size"], old, proof)


# --- roots and proofs against the definitions -----------------------------------------------------


def test_every_small_tree():
    frontier = Frontier()
    for size in range(SMALL + 1):
        assert frontier.size == size
        assert frontier.root() == ROOTS[size]
        assert frontier == Frontier().append(TREE.leaves[:size])
        assert frontier == merkle.frontier_at(size, TREE.subtree)
        assert frontier == Frontier.unpacked(size, frontier.packed())
        frontier = frontier.append([TREE.leaves[size]])


def test_every_inclusion_proof_of_small_trees():
    for size in range(1, SMALL + 1):
        for index in range(size):
            proof = merkle.inclusion(index, size, TREE.subtree)
            assert proof == TREE.path(index, 0, size)
            merkle.verify_inclusion(TREE.leaves[index], index, size, proof, ROOTS[size])


def test_every_consistency_proof_of_small_trees():
    for new in range(SMALL + 1):
        assert merkle.consistency(0, new, TREE.subtree) == []
        merkle.verify_consistency(0, EMPTY, new, ROOTS[new], [])
        for old in range(1, new + 1):
            proof = merkle.consistency(old, new, TREE.subtree)
            assert proof == TREE.proof(old, 0, new)
            merkle.verify_consistency(old, ROOTS[old], new, ROOTS[new], proof)


@given(size=st.integers(2, LARGE), data=st.data())
def test_proofs_of_larger_trees(size: int, data: st.DataObject):
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    root, old_root = TREE.root(0, size), TREE.root(0, old)
    path, proof = (
        merkle.inclusion(index, size, TREE.subtree),
        merkle.consistency(old, size, TREE.subtree),
    )
    assert path == TREE.path(index, 0, size)
    assert proof == TREE.proof(old, 0, size)
    merkle.verify_inclusion(TREE.leaves[index], index, size, path, root)
    merkle.verify_consistency(old, old_root, size, root, proof)


@given(size=st.integers(2, merkle.MAX_SIZE), data=st.data())
def test_proofs_of_trees_of_every_size(size: int, data: st.DataObject):
    same = [leaf(0)]  # all leaves are the same, so that a subtree depends on its level only
    while len(same) < 64:
        same.append(node(same[-1], same[-1]))
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))

    def hashes(level: int, number: int) -> bytes:
        assert (number + 1) << level <= size
        return same[level]

    root = merkle.frontier_at(size, hashes).root()
    old_root = merkle.frontier_at(old, hashes).root()
    merkle.verify_inclusion(leaf(0), index, size, merkle.inclusion(index, size, hashes), root)
    proof = merkle.consistency(old, size, hashes)
    merkle.verify_consistency(old, old_root, size, root, proof)
    assert len(proof) <= 64


# --- what is no proof -----------------------------------------------------------------------------


def flipped(one: bytes, bit: int) -> bytes:
    return (int.from_bytes(one, "big") ^ 1 << bit).to_bytes(len(one), "big")


def altered(proof: list[bytes]) -> Iterator[list[bytes]]:
    """Every bit and every entry of a proof changed."""
    for at, one in enumerate(proof):
        before, after = proof[:at], proof[at + 1 :]
        yield from ([*before, flipped(one, bit), *after] for bit in range(256))
        yield [*before, *after]
        yield [*before, one, one, *after]
        yield [*before, one[:-1], *after]
        yield [*before, one + b"\x00", *after]
        yield [*before, b"", *after]
        yield [*before, *after, one, b""]
        yield [*before, EMPTY, one, *after]
        if after:
            yield [*before, after[0], one, *after[1:]]
            yield [*before, one + after[0], *after[1:]]
    yield [*proof, EMPTY]
    yield [*proof, b""]


def test_changed_inclusion_proofs():
    for size in range(1, 10):
        for index in range(size):
            start, proof, root = TREE.leaves[index], TREE.path(index, 0, size), ROOTS[size]
            assert included(start, index, size, proof, root)
            assert not any(included(start, index, size, one, root) for one in altered(proof))
            for bit in range(256):
                assert not included(flipped(start, bit), index, size, proof, root)
                assert not included(start, index, size, proof, flipped(root, bit))


def test_changed_consistency_proofs():
    for new in range(1, 10):
        for old in range(1, new + 1):
            proof = TREE.proof(old, 0, new)
            ends = (old, ROOTS[old], new, ROOTS[new])
            assert consistent(*ends, proof)
            assert not any(consistent(*ends, one) for one in altered(proof))
            for bit in range(256):
                assert not consistent(old, flipped(ROOTS[old], bit), new, ROOTS[new], proof)
                assert not consistent(old, ROOTS[old], new, flipped(ROOTS[new], bit), proof)


def test_a_leaf_is_at_its_index_only():
    for size in range(2, 20):
        for index in range(size):
            proof = TREE.path(index, 0, size)
            for other in range(-1, size + 2):
                found = included(TREE.leaves[index], other, size, proof, ROOTS[size])
                assert found == (other == index)


def test_a_proof_is_for_its_own_trees_only():
    places = [(index, size) for size in range(1, 12) for index in range(size)]
    paths = {place: TREE.path(place[0], 0, place[1]) for place in places}
    pairs = [(old, new) for new in range(1, 12) for old in range(1, new + 1)]
    proofs = {(old, new): TREE.proof(old, 0, new) for old, new in pairs}
    for index, size in places:
        start, root = TREE.leaves[index], ROOTS[size]
        for path in paths.values():
            assert included(start, index, size, path, root) == (path == paths[index, size])
    for old, new in pairs:
        for proof in proofs.values():
            found = consistent(old, ROOTS[old], new, ROOTS[new], proof)
            assert found == (proof == proofs[old, new])
            assert old == new or not consistent(new, ROOTS[new], old, ROOTS[old], proof)


def test_a_proof_does_not_go_on_above_the_root():
    more = leaf(LARGE)
    for size in range(1, 12):
        for index in range(size):
            start, path = TREE.leaves[index], [*TREE.path(index, 0, size), more]
            for above in (node(more, ROOTS[size]), node(ROOTS[size], more)):
                assert not included(start, index, size, path, above)
    for new in range(2, 12):
        for old in range(1, new):
            proof = [*TREE.proof(old, 0, new), more]
            above = (node(more, ROOTS[old]), node(more, ROOTS[new]))
            assert not consistent(old, above[0], new, above[1], proof)
            assert not consistent(old, ROOTS[old], new, node(ROOTS[new], more), proof)


def test_hashes_do_not_lend_each_other_bytes():
    one, two = TREE.leaves[:2]
    assert included(one, 0, 2, [two], ROOTS[2])
    assert not included(one + two[:1], 0, 2, [two[1:]], ROOTS[2])
    assert not included(one[:-1], 0, 2, [one[-1:] + two], ROOTS[2])
    assert consistent(1, one, 2, ROOTS[2], [two])
    assert not consistent(1, one + two[:1], 2, ROOTS[2], [two[1:]])


@settings(max_examples=300)
@given(claimed=st.integers(1, 40), size=st.integers(1, 40), data=st.data())
def test_two_ways_to_check_agree(claimed: int, size: int, data: st.DataObject):
    index = data.draw(st.integers(0, claimed - 1))
    proof = TREE.path(data.draw(st.integers(0, size - 1)), 0, size)
    proof = proof[: data.draw(st.integers(0, len(proof)))]
    root = root_of_path(leaf(0), index, claimed, proof)
    assert included(leaf(0), index, claimed, proof, root or ROOTS[size]) == (root is not None)
    assert not included(leaf(0), index, claimed, proof, flipped(root or ROOTS[size], 0))


@settings(max_examples=300)
@given(old=st.integers(1, 40), new=st.integers(1, 40), data=st.data())
def test_two_ways_to_check_growth_agree(old: int, new: int, data: st.DataObject):
    assume(old < new)
    claimed_old, claimed_new = sorted(data.draw(st.tuples(st.integers(1, 40), st.integers(1, 40))))
    assume(claimed_old < claimed_new)
    proof, old_root = TREE.proof(old, 0, new), ROOTS[old]
    if data.draw(st.booleans()):  # the roots that it leads to, whatever it is a proof of
        led = roots_of_proof(claimed_old, claimed_new, proof, old_root)
        old_root, new_root = led or (old_root, ROOTS[new])
    else:
        new_root = ROOTS[new]
    expected = roots_of_proof(claimed_old, claimed_new, proof, old_root) == (old_root, new_root)
    assert consistent(claimed_old, old_root, claimed_new, new_root, proof) == expected


@pytest.mark.parametrize(
    ("index", "size"), [(-1, 1), (1, 1), (0, 0), (0, -1), (5, 3), (0, 1 << 63), (1 << 63, 1 << 64)]
)
def test_leaves_that_do_not_exist(index: int, size: int):
    with pytest.raises(ValueError, match="no leaf of this index"):
        merkle.inclusion(index, size, TREE.subtree)
    with pytest.raises(ProofError, match="no leaf of this index"):
        merkle.verify_inclusion(leaf(0), index, size, [], leaf(0))


@pytest.mark.parametrize(("old", "new"), [(-1, 1), (2, 1), (1, 0), (1, 1 << 63), (-2, -1)])
def test_sizes_that_cannot_follow_each_other(old: int, new: int):
    with pytest.raises(ValueError, match="no more leaves"):
        merkle.consistency(old, new, TREE.subtree)
    with pytest.raises(ProofError, match="no more leaves"):
        merkle.verify_consistency(old, leaf(0), new, leaf(0), [])


@pytest.mark.parametrize(
    ("old", "old_root", "new", "new_root", "proof", "said"),
    [
        (0, ROOTS[1], 1, ROOTS[1], [], "not of a tree of this size"),
        (0, EMPTY, 1, EMPTY, [], "not of a tree of this size"),
        (0, ROOTS[1], 0, ROOTS[1], [], "not of a tree of this size"),
        (0, EMPTY, 1, ROOTS[1], [ROOTS[1]], "too long"),
        (3, ROOTS[3], 3, ROOTS[3], [ROOTS[3]], "too long"),
        (3, ROOTS[3], 3, ROOTS[4], [], "different roots"),
        (3, ROOTS[3], 4, ROOTS[4], [], "too short"),
        (4, ROOTS[4], 5, ROOTS[5], [], "too short"),
        (3, ROOTS[3][:31], 3, ROOTS[3][:31], [], "32 bytes"),
    ],
)
def test_ends_of_a_consistency_proof(old, old_root, new, new_root, proof, said):
    with pytest.raises(ProofError, match=said):
        merkle.verify_consistency(old, old_root, new, new_root, proof)


# --- the frontier and the tiles -------------------------------------------------------------------


class Tiles:
    """What is kept of a tree: leaf hashes, and the tiles of levels 1 and up."""

    def __init__(self) -> None:
        self.rows: dict[tuple[int, int], list[bytes]] = {}

    def add(self, entries: Sequence[TileEntry]) -> None:
        for level, tile_index, position, one in entries:
            row = self.rows.setdefault((level, tile_index), [])
            assert position == len(row) < merkle.TILE_WIDTH, "not the next hash of the tile"
            row.append(one)

    def add_leaves(self, first: int, leaf_hashes: Sequence[bytes]) -> None:
        self.add([TileEntry(0, *divmod(at, 256), one) for at, one in enumerate(leaf_hashes, first)])

    def read(self, level: int, start: int, count: int) -> list[bytes]:
        tile_index, position = divmod(start, 256)
        assert position + count <= 256, "read across the edge of a tile"
        return self.rows.get((level, tile_index), [])[position : position + count]

    def subtree(self, level: int, index: int) -> bytes:
        return merkle.subtree(level, index, self.read)


@pytest.mark.parametrize(
    "batches", [[66_000], [255, 1, 256, 257, 65_000, 231], [65_535, 1, 464], [512] * 128 + [464]]
)
def test_tiles_hold_what_every_subtree_is_made_of(batches: list[int]):
    leaves = [leaf(number) for number in range(66_000)]
    frontier, tiles = Frontier(), Tiles()
    for count in batches:
        added = leaves[frontier.size : frontier.size + count]
        tiles.add_leaves(frontier.size, added)
        entries = merkle.tiles_completed(frontier, added)
        assert entries == sorted(entries)
        tiles.add(entries)
        frontier = frontier.append(added)
    kept = {place: len(row) for place, row in tiles.rows.items() if place[0]}
    assert kept == {(1, 0): 256, (1, 1): 1, (2, 0): 1}  # 66,000 is 1 * 65,536 + 1 * 256 + 208
    row = leaves
    for level in range(17):
        step = 7 if level < 8 else 1  # odd, so that every place in a tile comes up
        for index in range(0, len(row), step):
            assert tiles.subtree(level, index) == row[index]
        row = [node(left, right) for left, right in zip(row[::2], row[1::2], strict=False)]
    assert len(row) == 0
    assert merkle.frontier_at(frontier.size, tiles.subtree) == frontier


def test_a_subtree_that_is_not_stored():
    with pytest.raises(ValueError, match="missing"):
        merkle.subtree(3, 0, lambda *_: [leaf(0)] * 7)
    with pytest.raises(ValueError, match="missing"):
        merkle.subtree(0, 0, lambda *_: [b"short"])
    for level, index in ((-1, 0), (0, -1)):
        with pytest.raises(ValueError, match="start at 0"):
            merkle.subtree(level, index, lambda *_: [leaf(0)])


@pytest.mark.parametrize(
    ("size", "hashes", "said"),
    [
        (-1, (), "between"),
        (1 << 63, (leaf(0),), "between"),
        (0, (leaf(0),), "binary one"),
        (3, (leaf(0),), "binary one"),
        (4, (leaf(0), leaf(1)), "binary one"),
        (1, (leaf(0)[:31],), "32 bytes"),
    ],
)
def test_what_is_no_frontier(size: int, hashes: tuple[bytes, ...], said: str):
    with pytest.raises(ValueError, match=said):
        Frontier(size, hashes)


def test_what_cannot_be_appended():
    full = Frontier(merkle.MAX_SIZE, tuple(leaf(number) for number in range(63)))
    assert full.append([]) == full
    with pytest.raises(ValueError, match="between"):
        full.append([leaf(0)])
    for size in (-1, 1 << 63):
        with pytest.raises(ValueError, match="between"):
            merkle.frontier_at(size, TREE.subtree)
    for wrong in (b"", leaf(0)[1:], leaf(0) + b"\x00"):
        with pytest.raises(ValueError, match="32 bytes"):
            Frontier().append([leaf(0), wrong])
        with pytest.raises(ValueError, match=r"32 bytes|binary one"):
            Frontier.unpacked(1, wrong)


class Growth(RuleBasedStateMachine):
    """A log that grows by batches of any size, and answers from its tiles."""

    def __init__(self) -> None:
        super().__init__()
        self.frontier = Frontier()
        self.tiles = Tiles()

    @rule(count=st.integers(0, 20) | st.integers(0, 600) | st.sampled_from([255, 256, 257, 512]))
    def append(self, count: int) -> None:
        size = self.frontier.size
        added = TREE.leaves[size : size + count]
        self.tiles.add_leaves(size, added)
        grown, entries = merkle.grow(self.frontier, iter(added))
        assert entries == merkle.tiles_completed(self.frontier, added)
        self.tiles.add(entries)
        self.frontier = grown

    @precondition(lambda self: self.frontier.size > 0)
    @rule(data=st.data())
    def prove(self, data: st.DataObject) -> None:
        size = data.draw(st.integers(1, self.frontier.size))
        index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size))
        root = merkle.frontier_at(size, self.tiles.subtree).root()
        assert root == TREE.root(0, size)
        path = merkle.inclusion(index, size, self.tiles.subtree)
        merkle.verify_inclusion(TREE.leaves[index], index, size, path, root)
        assert root_of_path(TREE.leaves[index], index, size, path) == root
        proof = merkle.consistency(old, size, self.tiles.subtree)
        merkle.verify_consistency(old, TREE.root(0, old), size, root, proof)

    @invariant()
    def the_root_is_that_of_the_leaves(self) -> None:
        size = self.frontier.size
        assert self.frontier.root() == TREE.root(0, size)
        assert sum(len(row) for (level, _), row in self.tiles.rows.items() if level) == size // 256


TestGrowth = Growth.TestCase
TestGrowth.settings = settings(max_examples=40, stateful_step_count=12, deadline=None)
