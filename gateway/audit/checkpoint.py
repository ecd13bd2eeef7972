"""Checkpoints: the size and the root of the audit log's tree, signed by the log. Pure.

The formats are C2SP's (c2sp.org): tlog-checkpoint v1.0 for the text, signed-note v1.0 for the note
and for the Ed25519 signature, and tlog-cosignature v1.1.0-rc.1 for the ML-DSA-44 signature, type
0x06. What the last one signs is not the text but a structure of signer's name, time, origin, size
and root, so that it also says when and by whom.

A log that replaces its key signs with the old and the new one for a while: readers that know
either one can follow, and signatures of keys that a reader does not know are ignored.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

from gateway.audit.notes import (
    Algorithm,
    Note,
    NoteError,
    Signature,
    VerifierKey,
    check_line,
    check_name,
    decode_base64,
    parse_note,
)

ROOT_BYTES = 32
MAX_SIZE = MAX_TIMESTAMP = (1 << 63) - 1

_LABEL = b"subtree/v1\n\x00"
_TIME_BYTES = 8
_MAX_NAME_BYTES = 255  # one byte gives the length in the signed structure
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log says of itself: its name, how many leaves it has, and the root over them.

    Extension lines, which the format allows, are not: the ML-DSA-44 signature does not cover them.

    Raises:
        NoteError: a field is not of its format.
    """

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        check_line(self.origin)
        if not 0 <= self.size <= MAX_SIZE:
            raise NoteError("the size of a tree must be a number from 0 to 2**63 - 1")
        if len(self.root) != ROOT_BYTES:
            raise NoteError(f"the root of a tree must have {ROOT_BYTES} bytes")

    def text(self) -> str:
        """The text of the note (tlog-checkpoint, "Note text")."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def parse_checkpoint(text: str) -> Checkpoint:
    """The checkpoint that a note's text writes: three lines, each in the one form it can have.

    Raises:
        NoteError: it is not of the format, or has extension lines.
    """
    lines = text.split("\n")
    if len(lines) != 4 or lines[3]:
        raise NoteError("a checkpoint has three lines: origin, size and root")
    if not _SIZE.fullmatch(lines[1]):
        raise NoteError("the size of a tree must be a number from 0 to 2**63 - 1")
    return Checkpoint(lines[0], int(lines[1]), decode_base64(lines[2]))


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """The private keys of one log: both sign every checkpoint."""

    ed25519: Ed25519PrivateKey = field(repr=False)
    ml_dsa_44: MLDSA44PrivateKey = field(repr=False)


def public_keys(keys: SigningKeys, name: str) -> list[VerifierKey]:
    """What others need to check signatures made under this name: Ed25519, then ML-DSA-44.

    Raises:
        NoteError: the name is empty, or has white space or plus signs.
    """
    return [
        VerifierKey(name, Algorithm.ED25519, keys.ed25519.public_key().public_bytes_raw()),
        VerifierKey(name, Algorithm.ML_DSA_44, keys.ml_dsa_44.public_key().public_bytes_raw()),
    ]


def default_origin(keys: SigningKeys) -> str:
    """A name for a log that was given none: `cloakroom/` and 16 digits of a hash of its key.

    The name has to stay when the key is replaced, so it is kept from the start of a log.
    """
    public = keys.ed25519.public_key().public_bytes_raw()
    return f"cloakroom/{hashlib.sha256(public).hexdigest()[:16]}"


def cosigned_message(checkpoint: Checkpoint, name: str, timestamp: int) -> bytes:
    """What an ML-DSA-44 key signs: `cosigned_message` of tlog-cosignature, for a whole tree.

    Args:
        checkpoint: Its leaves are the range from 0 to its size.
        name: The signer's.
        timestamp: Seconds since 1970; 0 says nothing about the time.

    Raises:
        NoteError: the name is not one of a key, name or origin are longer than 255 bytes, or the
            time is out of range.
    """
    check_name(name)
    if not 0 <= timestamp <= MAX_TIMESTAMP:
        raise NoteError("a time must be a number from 0 to 2**63 - 1")
    return b"".join(
        (
            _LABEL,
            _prefixed(name),
            timestamp.to_bytes(8, "big"),
            _prefixed(checkpoint.origin),
            bytes(8),  # the first leaf
            checkpoint.size.to_bytes(8, "big"),
            checkpoint.root,
        )
    )


def _prefixed(text: str) -> bytes:
    content = text.encode()
    if len(content) > _MAX_NAME_BYTES:
        raise NoteError(f"names and origins must not have more than {_MAX_NAME_BYTES} bytes")
    return bytes([len(content)]) + content


def sign(
    checkpoint: Checkpoint, signers: Sequence[SigningKeys], timestamp: int, name: str | None = None
) -> str:
    """The checkpoint as a note with two signatures of each signer, the Ed25519 one first.

    ML-DSA-44 signs with fresh randomness (FIPS 204, section 3.4), so that two calls give two
    notes; both hold.

    Args:
        checkpoint: Never one that contradicts another that these keys signed.
        signers: The log's keys; two of them while one replaces the other.
        timestamp: Seconds since 1970 at which this is the newest tree of the log.
        name: The name of the keys; without one it is the origin, as tlog-checkpoint wants it.

    Raises:
        NoteError: there is no signer, the time is not positive, or the name is not one of a key.
    """
    name = checkpoint.origin if name is None else name
    if timestamp <= 0:
        raise NoteError("a checkpoint is signed at a time after 1970")
    text = checkpoint.text()
    message = cosigned_message(checkpoint, name, timestamp)
    stamp = timestamp.to_bytes(_TIME_BYTES, "big")
    lines: dict[VerifierKey, Signature] = {}
    for keys in signers:
        plain, stamped = public_keys(keys, name)
        signature = keys.ed25519.sign(text.encode())
        lines[plain] = Signature(name, plain.key_id, signature)
        signature = stamp + keys.ml_dsa_44.sign(message)
        lines[stamped] = Signature(name, stamped.key_id, signature)
    _by_identity(lines)
    return Note(text, tuple(lines.values())).format()


@dataclass(frozen=True, slots=True)
class SignedBy:
    """A signature that holds. `timestamp` is in seconds since 1970; Ed25519 ones have none."""

    name: str
    algorithm: Algorithm
    key_id: str
    timestamp: int | None = None


@dataclass(frozen=True, slots=True)
class Verified:
    """A checkpoint, and who signed it."""

    checkpoint: Checkpoint
    by: tuple[SignedBy, ...]


def verify(
    note: str | bytes, keys: Iterable[VerifierKey], require: Collection[Algorithm] = ()
) -> Verified:
    """The checkpoint in a note, if a known key signed it and no known key's signature is wrong.

    Args:
        note: The whole note.
        keys: Those that are trusted. Signatures of others are ignored.
        require: Algorithms of which a signature must be there. Without it, someone who breaks one
            algorithm may leave the other's signature out.

    Raises:
        NoteError: note or checkpoint are not of their format; a signature of a known key does not
            hold; none is of a known key; or one that is required is missing.
    """
    opened = parse_note(note)
    checkpoint = parse_checkpoint(opened.text)
    by = signatures_that_hold(opened, keys)
    missing = set(require) - {one.algorithm for one in by}
    if missing:
        raise NoteError(f"no known key signed by {', '.join(sorted(missing))}")
    return Verified(checkpoint, by)


def signatures_that_hold(note: Note, keys: Iterable[VerifierKey]) -> tuple[SignedBy, ...]:
    """Who of the known keys signed a note, in the note's order. There is at least one.

    Raises:
        NoteError: a signature of a known key does not hold, none is of a known key, or two keys
            share name and id.
    """
    known = _by_identity(keys)
    found = [
        _held(key, note.text, signature)
        for signature in dict.fromkeys(note.signatures)
        if (key := known.get((signature.name, signature.key_id)))
    ]
    if not found:
        raise NoteError("no known key signed this note")
    return tuple(found)


def _by_identity(keys: Iterable[VerifierKey]) -> dict[tuple[str, str], VerifierKey]:
    known: dict[tuple[str, str], VerifierKey] = {}
    for key in keys:
        if known.setdefault((key.name, key.key_id), key) != key:
            raise NoteError(f"two keys share their name and the id {key.key_id}")
    if not known:
        raise NoteError("no key is given")
    return known


def _held(key: VerifierKey, text: str, signature: Signature) -> SignedBy:
    """What a signature of this key says.

    Raises:
        NoteError: it does not hold.
    """
    timestamp: int | None = None
    try:
        if key.algorithm is Algorithm.ED25519:
            public = Ed25519PublicKey.from_public_bytes(key.public)
            public.verify(signature.signature, text.encode())
        else:
            stamp = signature.signature[:_TIME_BYTES]
            timestamp = int.from_bytes(stamp, "big")
            message = cosigned_message(parse_checkpoint(text), key.name, timestamp)
            verifier = MLDSA44PublicKey.from_public_bytes(key.public)
            verifier.verify(signature.signature[_TIME_BYTES:], message)
    except InvalidSignature:
        reason = f"the {key.algorithm} signature of the key {key.key_id} does not hold"
        raise NoteError(reason) from None
    return SignedBy(key.name, key.algorithm, key.key_id, timestamp)
