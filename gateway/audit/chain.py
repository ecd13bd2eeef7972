"""The chain of one writer's records: a missing, moved or changed one is a visible break. Pure.

Every process that writes has a random id and counts its records from 1. Each row carries the
leaf hash of the row before it and a MAC under a key of this writer, so that what happened to rows
before they stood under a signed tree head can still be seen by whoever holds the master key.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gateway.audit.record import leaf_hash
from gateway.keyring import derive

NO_PREVIOUS = bytes(32)
"""What stands before a writer's first record."""


@dataclass(frozen=True, slots=True)
class Link:
    """What binds one row to its writer and to the row before it."""

    writer_seq: int
    leaf_hash: bytes
    prev_writer_hash: bytes
    mac: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """The last durable row of a writer: its number, from 1, and its leaf hash."""

    writer_seq: int = 0
    leaf_hash: bytes = NO_PREVIOUS


def writer_key(master: bytes, writer_id: str) -> bytes:
    """The MAC key of one writer."""
    return derive(master, "audit-mac", writer_id)


def mac(key: bytes, writer_id: str, writer_seq: int, leaf: bytes, previous: bytes) -> bytes:
    """HMAC-SHA-256 over the writer, the number, the leaf hash and the one before it."""
    number = writer_seq.to_bytes(8, "big")
    return hmac.digest(key, writer_id.encode() + b"\x00" + number + leaf + previous, "sha256")


def extend(head: Head, bodies: Iterable[bytes], key: bytes, writer_id: str) -> list[Link]:
    """The links of the next rows, in order. The head moves only once they are durable."""
    links: list[Link] = []
    number, previous = head.writer_seq, head.leaf_hash
    for body in bodies:
        number += 1
        leaf = leaf_hash(body)
        links.append(Link(number, leaf, previous, mac(key, writer_id, number, leaf, previous)))
        previous = leaf
    return links


def head_of(links: Sequence[Link], before: Head) -> Head:
    """The head once these links are durable."""
    return Head(links[-1].writer_seq, links[-1].leaf_hash) if links else before


def holds(
    rows: Iterable[tuple[bytes, Link]], key: bytes, writer_id: str, start: Head | None = None
) -> bool:
    """Whether a writer's rows, in order, are whole: nothing missing, moved or changed."""
    head = start or Head()
    for body, link in rows:
        (expected,) = extend(head, [body], key, writer_id)
        same = hmac.compare_digest(expected.mac, link.mac)
        if not same or expected != link:
            return False
        head = Head(link.writer_seq, link.leaf_hash)
    return True
