"""The verifier's own cryptography: the standard's vectors, and what other implementations say."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.audit.evidence import verifier
from gateway.audit.evidence.verifier import Head, continues, ed25519_holds, is_included
from gateway.audit.merkle import Frontier, consistency, inclusion
from gateway.audit.record import leaf_hash

# RFC 8032, section 7.1: tests 1, 2 and 3 (public key, message, signature).
VECTORS = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
]
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw()


def test_it_needs_only_the_standard_library_and_is_short_enough_to_read():
    source = Path(verifier.__file__).read_text(encoding="utf-8")
    assert len(source.splitlines()) <= 400
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            assert {one.name.split(".")[0] for one in node.names} <= sys.stdlib_module_names
        elif isinstance(node, ast.ImportFrom):
            assert str(node.module).split(".")[0] in sys.stdlib_module_names


@pytest.mark.parametrize(("public", "message", "signature"), VECTORS)
def test_the_vectors_of_the_standard(public: str, message: str, signature: str):
    key, text, signed = (bytes.fromhex(one) for one in (public, message, signature))
    assert ed25519_holds(key, text, signed)
    assert not ed25519_holds(key, text + b"\x00", signed)
    for at in (0, 31, 32, 62):
        flipped = bytes(one ^ (at == number) for number, one in enumerate(signed))
        assert not ed25519_holds(key, text, flipped)


def test_a_number_beyond_the_order_is_no_signature():
    """Whoever has a signature could make a second one of it (RFC 8032, section 8.4)."""
    signed = KEY.sign(b"text")
    larger = int.from_bytes(signed[32:], "little") + verifier.ORDER
    assert not ed25519_holds(PUBLIC, b"text", signed[:32] + larger.to_bytes(32, "little"))


@pytest.mark.parametrize(
    "public", [b"", bytes(31), (2**255 - 19).to_bytes(32, "little"), b"\x02" + bytes(31)]
)
def test_what_is_no_key_signs_nothing(public: bytes):
    assert not ed25519_holds(public, b"text", KEY.sign(b"text"))
    assert not ed25519_holds(PUBLIC, b"text", KEY.sign(b"text")[:-1])


@settings(max_examples=40, deadline=None)
@given(
    seed=st.binary(min_size=32, max_size=32),
    message=st.binary(max_size=200),
    flip=st.none() | st.integers(0, 511),
)
def test_it_says_what_another_implementation_says(seed: bytes, message: bytes, flip: int | None):
    key = Ed25519PrivateKey.from_private_bytes(seed)
    signed = bytearray(key.sign(message))
    if flip is not None:
        signed[flip // 8] ^= 1 << flip % 8
    public = key.public_key().public_bytes_raw()
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(bytes(signed), message)
        expected = True
    except InvalidSignature:
        expected = False
    assert expected == (flip is None)
    assert ed25519_holds(public, message, bytes(signed)) == expected


LEAVES = [leaf_hash(bytes([number])) for number in range(40)]


def root(size: int) -> Head:
    return Head(size, Frontier().append(LEAVES[:size]).root())


def subtree(level: int, index: int) -> bytes:
    return Frontier().append(LEAVES[index << level : (index + 1) << level]).root()


@pytest.mark.parametrize("size", range(1, 40))
def test_proofs_of_the_log_hold_and_no_others(size: int):
    head = root(size)
    for index in range(size):
        proof = inclusion(index, size, subtree)
        assert is_included(LEAVES[index], index, head, proof)
        assert not is_included(LEAVES[39], index, head, proof)
        with pytest.raises(ValueError, match="too long"):
            is_included(LEAVES[index], index, head, [*proof, bytes(32)])
        if proof:
            with pytest.raises(ValueError, match="too short"):
                is_included(LEAVES[index], index, head, proof[:-1])
    for old in range(size):
        proof = consistency(old, size, subtree)
        assert continues(root(old), head, proof)
        if old:
            assert not continues(Head(old, bytes(32)), head, proof)
            assert not continues(root(old), Head(size, bytes(32)), proof)
