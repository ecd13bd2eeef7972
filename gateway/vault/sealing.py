"""Seals what clients or tables keep for us, so that it opens for its owner alone. Pure.

AES-256-GCM (NIST SP 800-38D) under a key of its own for every message: HKDF-SHA-256 (RFC 5869)
of the tenant's key with a random salt. So neither the number of messages nor a nonce is a limit.
Owner and purpose are authenticated; what was sealed for one is noise to every other.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

SALT_BYTES: Final = 32
_NONCE: Final = bytes(12)  # a key seals one message
_INFO: Final = b"cloakroom/v1/seal"
_MARK: Final = "cr1."  # base64url has no dot, so that no other signature begins like this


@dataclass(frozen=True, slots=True)
class Sealer:
    """Seals under a tenant's key of 32 bytes, for the owner and purpose that `context` names."""

    key: bytes = field(repr=False)
    context: bytes = field(repr=False)

    def seal(self, text: bytes, salt: bytes) -> bytes:
        """The sealed bytes; the salt must be drawn anew for each.

        Raises:
            ValueError: the salt is not of `SALT_BYTES`.
        """
        if len(salt) != SALT_BYTES:
            raise ValueError("a seal takes a salt of 32 bytes")
        return salt + self._cipher(salt).encrypt(_NONCE, text, self.context)

    def open(self, sealed: bytes) -> bytes | None:
        """What was sealed; None where it was not sealed for this owner, or was changed."""
        salt, text = sealed[:SALT_BYTES], sealed[SALT_BYTES:]
        try:
            return self._cipher(salt).decrypt(_NONCE, text, self.context)
        except (InvalidTag, ValueError):
            return None

    def seal_text(self, text: bytes, salt: bytes) -> str:
        """As `seal`, in ASCII characters that are legal in JSON and URLs."""
        return _MARK + urlsafe_b64encode(self.seal(text, salt)).decode()

    def open_text(self, sealed: str) -> bytes | None:
        """As `open`, for what `seal_text` gave."""
        if not sealed.startswith(_MARK):
            return None
        try:
            return self.open(urlsafe_b64decode(sealed[len(_MARK) :].encode("ascii")))
        except (NotBase64, UnicodeEncodeError):
            return None

    def _cipher(self, salt: bytes) -> AESGCM:
        return AESGCM(HKDF(algorithm=SHA256(), length=32, salt=salt, info=_INFO).derive(self.key))


def context(*parts: str) -> bytes:
    """Names an owner and a purpose; no two sequences of parts give the same bytes."""
    coded = [part.encode("utf-8", "surrogatepass") for part in parts]
    return b"".join(len(part).to_bytes(4, "big") + part for part in coded)
