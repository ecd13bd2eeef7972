"""Proofs as files: what is written can be read, and nothing else."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from gateway.audit import merkle
from gateway.audit.checkpoint import Checkpoint, SigningKeys, public_keys, sign
from gateway.audit.merkle import ProofError
from gateway.audit.notes import MAX_NOTE_BYTES, Algorithm, NoteError
from gateway.audit.record import leaf_hash
from gateway.audit.tlogproof import (
    HEADER,
    MAX_EXTRA_BYTES,
    LogProof,
    parse_log_proof,
    verify_log_proof,
)
from tests.audit.merkle_reference import Reference

ORIGIN = "log.example/audit"
KEYS = SigningKeys(
    Ed25519PrivateKey.from_private_bytes(bytes(32)), MLDSA44PrivateKey.from_seed_bytes(bytes(32))
)
OTHER = SigningKeys(
    Ed25519PrivateKey.from_private_bytes(b"\x01" * 32),
    MLDSA44PrivateKey.from_seed_bytes(b"\x01" * 32),
)
KNOWN = public_keys(KEYS, ORIGIN)
TREE = Reference([leaf_hash(bytes([number])) for number in range(11)])


def note(size: int, origin: str = ORIGIN, keys: SigningKeys = KEYS) -> str:
    return sign(Checkpoint(origin, size, TREE.root(0, size)), [keys], 1_800_000_000, ORIGIN)


NOTE = note(11)
A, B = base64.b64encode(b"a" * 32).decode(), base64.b64encode(b"b" * 32).decode()


def proof_of(index: int, size: int) -> LogProof:
    return LogProof(index, tuple(merkle.inclusion(index, size, TREE.subtree)), note(size))


def test_the_text():
    plain = LogProof(5, (b"a" * 32, b"b" * 32), NOTE)
    assert plain.format() == f"c2sp.org/tlog-proof@v1\nindex 5\n{A}\n{B}\n\n{NOTE}"
    alone = LogProof(0, (), NOTE)
    assert alone.format() == f"c2sp.org/tlog-proof@v1\nindex 0\n\n{NOTE}"
    extended = LogProof(10, (b"a" * 32,), NOTE, b"extra information")
    line = "extra ZXh0cmEgaW5mb3JtYXRpb24="
    assert extended.format() == f"c2sp.org/tlog-proof@v1\n{line}\nindex 10\n{A}\n\n{NOTE}"


@given(
    proof=st.builds(
        LogProof,
        st.integers(0, merkle.MAX_SIZE - 1),
        st.lists(st.binary(min_size=32, max_size=32), max_size=63).map(tuple),
        st.just(NOTE),
        st.binary(max_size=100),
    )
)
def test_what_is_written_can_be_read(proof: LogProof):
    assert parse_log_proof(proof.format()) == proof
    assert parse_log_proof(proof.format().encode()) == proof


@given(
    lines=st.lists(
        st.sampled_from([HEADER, "index 1", "index 01", "extra YQ==", "extra YR==", A, A[:-1], ""]),
        max_size=6,
    )
)
def test_what_is_read_has_one_form(lines: list[str]):
    text = "\n".join([HEADER, *lines, "", NOTE])
    try:
        proof = parse_log_proof(text)
    except NoteError:
        return
    assert proof.format() == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        HEADER,
        f"{HEADER}\n",
        f"{HEADER}\n\n{NOTE}",
        f"{HEADER}\n\nindex 0\n\n{NOTE}",
        f"{HEADER} \nindex 0\n\n{NOTE}",
        f"{HEADER}\r\nindex 0\r\n\r\n{NOTE}",
        f"\n{HEADER}\nindex 0\n\n{NOTE}",
        f"c2sp.org/tlog-proof@v2\nindex 0\n\n{NOTE}",
        f"{HEADER}\nindex 0\n{NOTE}",
        f"{HEADER}\nindex 0\n\n",
        f"{HEADER}\nindex 0\n\n{ORIGIN}\n",
        f"{HEADER}\nindex 0\n\n\n{NOTE.rstrip()}",
        f"{HEADER}\nindex\n\n{NOTE}",
        f"{HEADER}\nindex \n\n{NOTE}",
        f"{HEADER}\nindex  1\n\n{NOTE}",
        f"{HEADER}\nindex 00\n\n{NOTE}",
        f"{HEADER}\nindex 01\n\n{NOTE}",
        f"{HEADER}\nindex -1\n\n{NOTE}",
        f"{HEADER}\nindex +1\n\n{NOTE}",
        f"{HEADER}\nindex 1_0\n\n{NOTE}",
        f"{HEADER}\nindex \u0661\n\n{NOTE}",
        f"{HEADER}\nindex 0x1\n\n{NOTE}",
        f"{HEADER}\nindex 9223372036854775807\n\n{NOTE}",
        f"{HEADER}\nindex 10000000000000000000\n\n{NOTE}",
        f"{HEADER}\nIndex 1\n\n{NOTE}",
        f"{HEADER}\nindex 1 \n\n{NOTE}",
        f"{HEADER}\nindex 1\nindex 1\n\n{NOTE}",
        f"{HEADER}\nextra \nindex 1\n\n{NOTE}",
        f"{HEADER}\nextra\nindex 1\n\n{NOTE}",
        f"{HEADER}\nextra !!\nindex 1\n\n{NOTE}",
        f"{HEADER}\nextra YR==\nindex 1\n\n{NOTE}",
        f"{HEADER}\nextra YQ==\nextra YQ==\nindex 1\n\n{NOTE}",
        f"{HEADER}\nindex 1\nextra YQ==\n\n{NOTE}",
        f"{HEADER}\nindex 1\n{A[:-1]}\n\n{NOTE}",
        f"{HEADER}\nindex 1\n{A} \n\n{NOTE}",
        f"{HEADER}\nindex 1\n{A[:-2]}F=\n\n{NOTE}",
        f"{HEADER}\nindex 1\n{A[:-4]}\n\n{NOTE}",
        f"{HEADER}\nindex 1\n{base64.b64encode(bytes(33)).decode()}\n\n{NOTE}",
        f"{HEADER}\nindex 1\n!!!!\n\n{NOTE}",
        f"{HEADER}\nindex 1\n{A}\n\n{A}\n\n",
        f"{HEADER}\nindex 1\n" + f"{A}\n" * 64 + f"\n{NOTE}",
        f"{HEADER}\nindex 1\n\n" + "x" * (2 << 20) + NOTE,
    ],
)
def test_what_is_no_proof(text: str):
    with pytest.raises(NoteError):
        parse_log_proof(text)
    with pytest.raises(NoteError):
        parse_log_proof(text.encode())


def test_what_is_no_text():
    with pytest.raises(NoteError, match="UTF-8"):
        parse_log_proof(HEADER.encode() + b"\nindex 1\n\xff\n\n" + NOTE.encode())


@pytest.mark.parametrize(
    "changes",
    [
        {"index": -1},
        {"index": merkle.MAX_SIZE},
        {"hashes": (b"a" * 31,)},
        {"hashes": (b"a" * 32,) * 64},
        {"checkpoint": ""},
        {"checkpoint": NOTE + "\n"},
        {"extra": bytes(MAX_EXTRA_BYTES + 1)},
    ],
)
def test_parts_that_are_not_of_the_format(changes: dict[str, object]):
    with pytest.raises(NoteError):
        replace(proof_of(3, 11), **changes)


def test_the_largest_proof_can_be_read():
    signature = NOTE[NOTE.rindex("\n\n") :]
    text = "x" * (MAX_NOTE_BYTES - len(signature.encode()))
    proof = LogProof(
        merkle.MAX_SIZE - 1, (b"a" * 32,) * 63, text + signature, bytes(MAX_EXTRA_BYTES)
    )
    assert parse_log_proof(proof.format()) == proof


def test_every_leaf_of_small_logs():
    for size in range(1, 12):
        for index in range(size):
            proof = parse_log_proof(proof_of(index, size).format())
            verified = verify_log_proof(
                proof, TREE.leaves[index], ORIGIN, KNOWN, [Algorithm.ED25519, Algorithm.ML_DSA_44]
            )
            assert verified.checkpoint == Checkpoint(ORIGIN, size, TREE.root(0, size))
            for other in range(11):
                if other != index:
                    with pytest.raises(ProofError):
                        verify_log_proof(proof, TREE.leaves[other], ORIGIN, KNOWN)


def test_what_does_not_hold():
    proof, leaf = proof_of(3, 11), TREE.leaves[3]
    assert verify_log_proof(proof, leaf, ORIGIN, KNOWN).by
    for wrong in (
        replace(proof, index=2),
        replace(proof, index=11),
        replace(proof, hashes=proof.hashes[:-1]),
        replace(proof, hashes=(*proof.hashes, bytes(32))),
        replace(proof, checkpoint=note(10)),
    ):
        with pytest.raises(ProofError):
            verify_log_proof(wrong, leaf, ORIGIN, KNOWN)
    with pytest.raises(ProofError, match="another log"):
        verify_log_proof(replace(proof, checkpoint=note(11, "other.example")), leaf, ORIGIN, KNOWN)
    with pytest.raises(ProofError, match="another log"):
        verify_log_proof(proof, leaf, "other.example", KNOWN)
    with pytest.raises(NoteError, match="no known key"):
        verify_log_proof(replace(proof, checkpoint=note(11, keys=OTHER)), leaf, ORIGIN, KNOWN)
    with pytest.raises(NoteError, match="no known key"):
        verify_log_proof(proof, leaf, ORIGIN, public_keys(OTHER, ORIGIN))
    cut = NOTE[: NOTE.rindex("\N{EM DASH}")]  # without the last signature, that of ML-DSA-44
    assert verify_log_proof(replace(proof, checkpoint=cut), leaf, ORIGIN, KNOWN)
    with pytest.raises(NoteError, match="ml-dsa-44"):
        verify_log_proof(replace(proof, checkpoint=cut), leaf, ORIGIN, KNOWN, [Algorithm.ML_DSA_44])


def test_extra_data_changes_nothing_and_is_not_shown():
    proof = replace(proof_of(3, 11), extra=b"confidential")
    assert verify_log_proof(proof, TREE.leaves[3], ORIGIN, KNOWN).checkpoint.size == 11
    assert "confidential" not in repr(proof)
