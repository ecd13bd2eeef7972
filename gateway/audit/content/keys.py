"""Data keys and what wraps them: key-encryption keys in epochs. Pure.

The key of an epoch is derived (HKDF-SHA-256, RFC 5869) from the master key and a random salt that
stands in the table of epochs and nowhere else; data keys are wrapped under it (AES key wrap,
RFC 3394). When a salt is deleted, nobody can derive the key of its epoch from the master key
again. A copy of the database that was made before still holds the salt together with all that it
wraps: such a copy, with the master key, opens what was in it. Erasure ends where backups begin.
"""

from __future__ import annotations

from functools import lru_cache

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.keywrap import (
    InvalidUnwrap,
    aes_key_unwrap,
    aes_key_wrap,
)

from gateway.audit.content.capsule import CapsuleError
from gateway.keyring import derive

SALT_BYTES = 32


@lru_cache(maxsize=8)
def epoch_key(master: bytes, epoch: int, salt: bytes) -> bytes:
    """The 32-byte key of an epoch.

    Raises:
        CapsuleError: the salt has another length.
    """
    if len(salt) != SALT_BYTES:
        raise CapsuleError("an epoch's salt has 32 bytes")
    root = derive(master, "audit-content", epoch=epoch)
    info = b"cloakroom/v1 audit-content-epoch"
    return HKDF(algorithm=SHA256(), length=32, salt=salt, info=info).derive(root)


def wrap(epoch: bytes, key: bytes) -> bytes:
    """A data key under the key of an epoch: 40 bytes."""
    return aes_key_wrap(epoch, key)


def unwrap(epoch: bytes, wrapped: bytes) -> bytes:
    """The data key.

    Raises:
        CapsuleError: it was wrapped under another key, or changed.
    """
    try:
        return aes_key_unwrap(epoch, wrapped)
    except (InvalidUnwrap, ValueError):
        raise CapsuleError("a data key does not unwrap") from None
