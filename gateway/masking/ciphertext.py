"""The `encrypt` operator: values that whoever holds the key can read again, without any state.

A ciphertext is `PERSON:enc:` and lower-case base 32 (RFC 4648, unpadded) of AES-256-SIV (RFC 5297)
with the entity type as associated data. SIV is deterministic by design: equal values of a type
have equal ciphertexts, and nothing else of a value shows but its length. It authenticates, so
that a changed ciphertext, or one moved to another type, does not decrypt.
"""

from __future__ import annotations

import re
from base64 import b32decode, b32encode
from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from gateway.masking.operators import subkey
from gateway.operator_kinds import ENCRYPT

_MARK: Final = ":enc:"
_KEY_BYTES: Final = 64
_TOKEN: Final = re.compile(r"(?<![A-Za-z0-9_])([A-Za-z][A-Za-z0-9_]{0,63}):enc:([A-Za-z2-7]{26,})")


@lru_cache(maxsize=64)
def _cipher(key: bytes) -> AESSIV:
    return AESSIV(subkey(key, ENCRYPT, _KEY_BYTES))


def encrypted(key: bytes, entity_type: str, surface: str) -> str:
    """The ciphertext of a value under a tenant's key of 32 bytes."""
    sealed = _cipher(key).encrypt(surface.encode("utf-8", "surrogatepass"), [entity_type.encode()])
    return f"{entity_type}{_MARK}{b32encode(sealed).decode().rstrip('=').lower()}"


def decrypted(key: bytes, text: str) -> str | None:
    """The value of a ciphertext, whatever case it was turned to; None for any other text."""
    token = _TOKEN.fullmatch(text)
    return None if token is None else _opened(key, token)


def decrypt_all(key: bytes, text: str) -> tuple[str, int]:
    """A text with every ciphertext of this key as its value, and how many there were."""
    count = 0

    def opened(token: re.Match[str]) -> str:
        nonlocal count
        value = _opened(key, token)
        count += value is not None
        return token.group() if value is None else value

    return _TOKEN.sub(opened, text), count


def _opened(key: bytes, token: re.Match[str]) -> str | None:
    coded = token.group(2).upper()
    try:
        sealed = b32decode(coded + "=" * (-len(coded) % 8))
        clear = _cipher(key).decrypt(sealed, [token.group(1).upper().encode()])
        return clear.decode("utf-8", "surrogatepass")
    except (ValueError, InvalidTag):
        return None
