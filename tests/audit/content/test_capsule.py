"""Capsules open with their own key in their own place, and nowhere else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.audit.content.capsule import MAX_BYTES, CapsuleError, CapsuleKind, seal, unseal
from gateway.audit.content.keys import epoch_key, unwrap, wrap

KEY, NONCE = b"k" * 32, b"n" * 12
PLACE = {"tenant": "acme", "event_id": "e1", "kind": CapsuleKind.MASKED_REQUEST}


@given(st.binary(max_size=200), st.binary(min_size=32, max_size=32))
def test_a_text_comes_back(text: bytes, key: bytes):
    made = seal(key, NONCE, text=text, **PLACE)
    assert unseal(key, made.sealed, **PLACE) == text
    assert made.complete


@pytest.mark.parametrize(
    "change",
    [
        {"tenant": "acm"},
        {"event_id": "e2"},
        {"kind": CapsuleKind.MASKED_RESPONSE},
        {"tenant": "acmee", "event_id": "1"},  # the same letters, cut elsewhere
    ],
)
def test_no_capsule_opens_in_another_place(change: dict):
    made = seal(KEY, NONCE, text=b"text", **PLACE)
    with pytest.raises(CapsuleError):
        unseal(KEY, made.sealed, **{**PLACE, **change})


def test_nor_with_another_key_nor_when_it_was_changed():
    made = seal(KEY, NONCE, text=b"text", **PLACE)
    with pytest.raises(CapsuleError):
        unseal(b"x" * 32, made.sealed, **PLACE)
    for at in range(len(made.sealed)):
        changed = bytearray(made.sealed)
        changed[at] ^= 1
        with pytest.raises(CapsuleError):
            unseal(KEY, bytes(changed), **PLACE)
    with pytest.raises(CapsuleError):
        unseal(KEY, b"", **PLACE)


def test_of_a_long_text_the_beginning_is_kept():
    made = seal(KEY, NONCE, text=b"a" * (MAX_BYTES + 1), **PLACE)
    assert not made.complete
    assert unseal(KEY, made.sealed, **PLACE) == b"a" * MAX_BYTES


def test_nothing_shows_in_reprs():
    made = seal(KEY, NONCE, text=b"text", **PLACE)
    assert repr(made.sealed) not in repr(made)


@pytest.mark.parametrize(("key", "nonce"), [(b"k" * 16, NONCE), (KEY, b"n" * 8)])
def test_lengths(key: bytes, nonce: bytes):
    with pytest.raises(ValueError, match="32 bytes"):
        seal(key, nonce, text=b"", **PLACE)


def test_epochs_have_keys_of_their_own():
    salts = [bytes([n]) * 32 for n in range(3)]
    keys = {epoch_key(master, e, s) for master in (KEY, NONCE * 3) for e in (1, 2) for s in salts}
    assert len(keys) == 12


def test_data_keys_are_wrapped_by_rfc_3394():
    """Section 4.6: 256 bits of key data with a 256-bit key."""
    kek = bytes.fromhex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")
    data = bytes.fromhex("00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f")
    wrapped = bytes.fromhex(
        "28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21"
    )
    assert wrap(kek, data) == wrapped
    assert unwrap(kek, wrapped) == data
    with pytest.raises(CapsuleError):
        unwrap(data, wrapped)
    with pytest.raises(CapsuleError):
        unwrap(kek, wrapped[:-1])


def test_a_damaged_salt_is_a_damaged_key():
    with pytest.raises(CapsuleError, match="32 bytes"):
        epoch_key(KEY, 1, b"short")
