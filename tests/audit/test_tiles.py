"""The log as tiles: a reader that knows only the format comes to the same root."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.audit.merkle import ProofError, subtree
from gateway.audit.reading import LogRow
from gateway.audit.tiles import MAX_ENTRY, count, tile_path, tiles
from tests.audit.merkle_reference import EMPTY, Reference, node, split


def leaf(body: bytes) -> bytes:
    return sha256(b"\x00" + body).digest()


@dataclass
class MemoryLog:
    """A log of short records; those below `first` are gone, and so are their leaf hashes."""

    size: int
    first: int = 0

    def __post_init__(self) -> None:
        self.bodies = [b"%d" % number for number in range(self.size)]
        self.tree = Reference([leaf(body) for body in self.bodies])

    def rows(self, start: int, stop: int | None = None) -> Iterator[LogRow]:
        for at in range(max(start, self.first), self.size if stop is None else stop):
            body, mine = self.bodies[at], self.tree.leaves[at]
            yield LogRow(at, f"event-{at}", body, mine, "a" * 32, at + 1, bytes(32), bytes(32), at)

    def stored(self, level: int, start: int, count: int) -> list[bytes]:
        if level == 0 and start < self.first:
            return []
        last = min(start + count, self.size >> 8 * level)
        return [self.tree.subtree(8 * level, at) for at in range(start, last)]

    def subtree(self, level: int, index: int) -> bytes:
        return subtree(level, index, self.stored)

    @property
    def root(self) -> bytes:
        return self.tree.root(0, self.size)

    def files(self) -> dict[str, bytes]:
        found = list(tiles(self, self.size, self.first, self.root))
        assert len(dict(found)) == len(found) == count(self.size, self.first)
        return dict(found)


class Reader:
    """Reads a log by the words of tlog-tiles; nothing of ours is in here."""

    def __init__(self, size: int, files: dict[str, bytes]) -> None:
        self.size, self.files = size, files

    def tile(self, level: int | str, index: int) -> bytes:
        """The whole or the partial tile, whichever the tree's size calls for."""
        height = 0 if level == "entries" else int(level)
        width = min(256, self.size // 256**height - index * 256)
        digits = f"{index:0{-(-len(str(index)) // 3) * 3}}"
        groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
        path = "/".join([*(f"x{one}" for one in groups[:-1]), groups[-1]])
        return self.files[f"tile/{level}/{path}" + ("" if width == 256 else f".p/{width}")]

    def hash(self, height: int, index: int) -> bytes:
        """Of the complete subtree of 2**height leaves."""
        if height % 8:
            return node(self.hash(height - 1, 2 * index), self.hash(height - 1, 2 * index + 1))
        tile = self.tile(height // 8, index // 256)
        return tile[index % 256 * 32 : index % 256 * 32 + 32]

    def root(self, low: int, high: int) -> bytes:
        span = high - low
        if span == 0:
            return EMPTY
        if span & (span - 1) == 0 and low % span == 0:
            return self.hash(span.bit_length() - 1, low // span)
        middle = low + split(span)
        return node(self.root(low, middle), self.root(middle, high))

    def entries(self, index: int) -> list[bytes]:
        bundle, found = self.tile("entries", index), []
        while bundle:
            end = 2 + int.from_bytes(bundle[:2], "big")
            assert end <= len(bundle)
            found.append(bundle[2:end])
            bundle = bundle[end:]
        return found


@pytest.mark.parametrize(
    ("index", "path"),
    [
        (0, "tile/0/000"),
        (7, "tile/0/007"),
        (999, "tile/0/999"),
        (1000, "tile/0/x001/000"),
        (1234067, "tile/0/x001/x234/067"),  # the specification's example
    ],
)
def test_indexes_are_paths_of_three_digits(index: int, path: str):
    assert tile_path(0, index) == path
    assert tile_path(None, index) == path.replace("/0/", "/entries/", 1)
    assert tile_path(3, index, 17) == path.replace("/0/", "/3/", 1) + ".p/17"


def test_the_tiles_of_the_specifications_example():
    size = 70_000
    log = MemoryLog(size)
    found = log.files()
    of = {level: [one for one in found if one.startswith(f"tile/{level}/")] for level in range(4)}
    partial = sorted(one for one in found if ".p/" in one)
    assert [len(of[level]) for level in range(4)] == [274, 2, 1, 0]
    assert partial == [
        "tile/0/273.p/112",
        "tile/1/001.p/17",
        "tile/2/000.p/1",
        "tile/entries/273.p/112",
    ]
    assert Reader(size, found).root(0, size) == log.root


@given(size=st.integers(0, 1100))
def test_a_reader_of_the_format_finds_root_and_entries(size: int):
    log = MemoryLog(size)
    found = log.files()
    reader = Reader(size, found)
    assert reader.root(0, size) == log.root
    blocks = range(-(-size // 256))
    assert [one for at in blocks for one in reader.entries(at)] == log.bodies
    for at in blocks:
        assert b"".join(map(leaf, reader.entries(at))) == reader.tile(0, at)
    assert b"" not in found.values()  # "Empty tiles MUST NOT be served"


@given(blocks=st.integers(1, 4), more=st.integers(0, 600))
def test_of_a_pruned_log_all_roots_from_there_on_can_be_told(blocks: int, more: int):
    first, size = blocks * 256, blocks * 256 + more
    log = MemoryLog(size, first)
    found = log.files()
    reader = Reader(size, found)
    assert [one for at in range(blocks, -(-size // 256)) for one in reader.entries(at)] == (
        log.bodies[first:]
    )
    assert not [one for one in found if one in {tile_path(0, 0), tile_path(None, 0)}]
    for old in {first, (first + size) // 2, size}:
        assert reader.root(0, old) == log.tree.root(0, old)


@pytest.mark.parametrize("at", [0, 300, 599])
def test_a_record_that_was_changed_is_not_given_out(at: int):
    log = MemoryLog(600)
    log.bodies[at] = b"other"
    with pytest.raises(ProofError, match=f"leaf {at} was changed"):
        log.files()


def test_a_record_changed_with_its_leaf_hash_does_not_lead_to_the_level_above():
    log = MemoryLog(600)
    above = log.files()["tile/1/000.p/2"]
    root = log.root
    log.bodies[300] = b"other"
    log.tree = Reference([leaf(body) for body in log.bodies])
    stored = log.stored

    def kept(level: int, start: int, count: int) -> list[bytes]:
        rest = [above[:32], above[32:]]
        return rest[start : start + count] if level else stored(level, start, count)

    log.stored = kept  # type: ignore[method-assign]
    with pytest.raises(ProofError, match="from leaf 256 on"):
        list(tiles(log, 600, 0, root))


def test_another_root_is_refused_before_anything_is_given_out():
    log = MemoryLog(600)
    with pytest.raises(ProofError, match="root"):
        next(tiles(log, 600, 0, bytes(32)))


@pytest.mark.parametrize(
    ("gone", "named"), [(range(256), "leaf 0"), (range(300, 301), "leaves 256 to 511")]
)
def test_records_that_are_missing_are_told(gone: range, named: str):
    log = MemoryLog(600)
    rows = [one for one in log.rows(0) if one.leaf_index not in gone]
    log.rows = lambda start, stop=None: iter(rows)  # type: ignore[method-assign]
    with pytest.raises(ProofError, match=named):
        log.files()


def test_the_last_records_may_not_be_missing():
    log, cut = MemoryLog(600), MemoryLog(512)
    log.rows = lambda start, stop=None: cut.rows(start)  # type: ignore[method-assign]
    with pytest.raises(ProofError, match="leaf 512 is missing"):
        log.files()


def test_an_entry_has_two_bytes_for_its_length():
    log = MemoryLog(1)
    log.bodies = [b"x" * MAX_ENTRY]
    log.tree = Reference([leaf(log.bodies[0])])
    assert Reader(1, log.files()).entries(0) == log.bodies
    log.bodies = [b"x" * (MAX_ENTRY + 1)]
    log.tree = Reference([leaf(log.bodies[0])])
    with pytest.raises(ProofError, match="longer"):
        log.files()


def test_a_row_that_no_gateway_writes_is_told():
    log = MemoryLog(2)
    rows = [replace(one, mac=b"") for one in log.rows(0)]
    log.rows = lambda start, stop=None: iter(rows)  # type: ignore[method-assign]
    with pytest.raises(ProofError, match="leaf 0 is damaged"):
        log.files()
