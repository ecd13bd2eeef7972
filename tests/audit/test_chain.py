"""The chain of a writer: whole, or visibly not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.audit.chain import NO_PREVIOUS, Head, Link, extend, head_of, holds, writer_key
from gateway.audit.record import leaf_hash

WRITER = "ab" * 16
KEY = writer_key(bytes(32), WRITER)

Rows = list[tuple[bytes, Link]]


def rows(bodies: list[bytes]) -> Rows:
    return list(zip(bodies, extend(Head(), bodies, KEY, WRITER), strict=True))


def test_the_first_rows():
    (one, two) = extend(Head(), [b"a", b"b"], KEY, WRITER)
    assert (one.writer_seq, one.prev_writer_hash) == (1, NO_PREVIOUS)
    assert (two.writer_seq, two.prev_writer_hash) == (2, leaf_hash(b"a"))
    assert head_of([one, two], Head()) == Head(2, leaf_hash(b"b"))
    assert head_of([], Head(7, b"x")) == Head(7, b"x")


@given(bodies=st.lists(st.binary(), max_size=6), cut=st.integers(0, 6))
def test_batches_do_not_show(bodies: list[bytes], cut: int):
    first = extend(Head(), bodies[:cut], KEY, WRITER)
    second = extend(head_of(first, Head()), bodies[cut:], KEY, WRITER)
    assert first + second == extend(Head(), bodies, KEY, WRITER)
    assert holds(rows(bodies), KEY, WRITER)


@given(bodies=st.lists(st.binary(), min_size=2, max_size=6, unique=True), data=st.data())
def test_what_is_done_to_a_row_shows(bodies: list[bytes], data: st.DataObject):
    whole = rows(bodies)
    at = data.draw(st.integers(0, len(whole) - 2))  # cutting the tail off is for a signed head
    body, link = whole[at]
    following = whole[at + 1]
    other = replace(link, leaf_hash=leaf_hash(body + b"x"))
    tampered: list[Rows] = [
        whole[:at] + whole[at + 1 :],
        [*whole[:at], following, (body, link), *whole[at + 2 :]],
        [*whole[:at], (body, link), (body, link), *whole[at + 1 :]],
        [*whole[:at], (body + b"x", link), *whole[at + 1 :]],
        [*whole[:at], (body + b"x", other), *whole[at + 1 :]],
        [*whole[:at], (body, replace(link, mac=bytes(32))), *whole[at + 1 :]],
    ]
    for one in tampered:
        assert not holds(one, KEY, WRITER)


@pytest.mark.parametrize(
    ("master", "writer"), [(bytes(32), "cd" * 16), (b"\1" * 32, WRITER), (b"\1" * 32, "cd" * 16)]
)
def test_another_writer_or_master_has_another_key(master: bytes, writer: str):
    assert not holds(rows([b"a"]), writer_key(master, writer), WRITER)
