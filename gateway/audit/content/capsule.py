"""Capsules: what was sent and what came back, sealed, where policy asks for it. Pure.

AES-256-GCM (NIST SP 800-38D) under a data key of the request, with a random 96-bit nonce. The
tenant, the record's event id and the kind are authenticated, so that no capsule opens in another
one's place. The data key is drawn for one request, seals at most three texts, and is kept only
wrapped (`keys.py`): without it a capsule is noise.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
NONCE_BYTES = 12
MAX_BYTES = 10_000_000
"""Of a longer text the beginning is kept; `Capsule.complete` says so."""


class CapsuleError(ValueError):
    """A capsule cannot be opened: another key, another place, or changed bytes."""


class CapsuleKind(StrEnum):
    """Which text a capsule holds."""

    MASKED_REQUEST = "masked_request"  # the bytes that were sent, as the record commits to them
    ORIGINAL_REQUEST = "original_request"  # the bytes that the caller sent
    MASKED_RESPONSE = "masked_response"  # the bytes that came back, before anything was restored


@dataclass(frozen=True, slots=True)
class Capsule:
    """A sealed text of one record: nonce, ciphertext and tag in one."""

    event_id: str
    kind: CapsuleKind
    sealed: bytes = field(repr=False)
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Beside:
    """What is written beside a record, in its transaction, and may be erased without it.

    `key` is the request's data key, given once, with its first capsule; it is wrapped before it is
    written. `subjects` are blind indexes of the people in it. `expires` is a time as records write
    it.
    """

    request_id: str
    tenant: str
    expires: str
    key: bytes | None = field(default=None, repr=False)
    capsules: tuple[Capsule, ...] = field(default=(), repr=False)
    subjects: tuple[bytes, ...] = field(default=(), repr=False)


def seal(
    key: bytes, nonce: bytes, *, tenant: str, event_id: str, kind: CapsuleKind, text: bytes
) -> Capsule:
    """Seal a text, or as much of it as may be kept.

    Raises:
        ValueError: the key or the nonce has another length.
    """
    if len(key) != KEY_BYTES or len(nonce) != NONCE_BYTES:
        raise ValueError("a capsule takes a key of 32 bytes and a nonce of 12")
    sealed = AESGCM(key).encrypt(nonce, text[:MAX_BYTES], _place(tenant, event_id, kind))
    return Capsule(event_id, kind, nonce + sealed, len(text) <= MAX_BYTES)


def unseal(key: bytes, sealed: bytes, *, tenant: str, event_id: str, kind: CapsuleKind) -> bytes:
    """The text of a capsule.

    Raises:
        CapsuleError: it does not open.
    """
    nonce, text = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
    try:
        return AESGCM(key).decrypt(nonce, text, _place(tenant, event_id, kind))
    except (InvalidTag, ValueError):
        raise CapsuleError("a capsule does not open") from None


def _place(tenant: str, event_id: str, kind: CapsuleKind) -> bytes:
    parts = (tenant.encode(), event_id.encode(), kind.encode())
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)
