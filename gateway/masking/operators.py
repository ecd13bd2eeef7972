"""What a finding is replaced by, per operator. Pure.

The operators themselves are listed in `gateway/operator_kinds.py`. Here stand those that need no
more than a line; `tokens.py` issues what comes back. A user's own operator is known by its name
and takes (text, entity type).
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Final, TypeAlias

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from gateway.operator_kinds import OPERATOR_KINDS

BUILT_IN: Final = frozenset(OPERATOR_KINDS)

KEY_BYTES: Final = 32

CustomOperators: TypeAlias = Mapping[str, Callable[[str, str], str]]


def hashed(key: bytes, entity_type: str, text: str) -> str:
    """`EMAIL_ADDRESS:` and 128 bits of keyed HMAC-SHA-256 in hex: joinable, not guessable."""
    message = entity_type.encode() + b"\0" + text.encode("utf-8", "surrogatepass")
    return f"{entity_type}:{hmac.digest(key, message, sha256)[:16].hex()}"


def redacted(entity_type: str) -> str:
    """The type alone, in brackets that no placeholder has."""
    return f"[{entity_type}]"


def subkey(key: bytes, operator: str, length: int = 32) -> bytes:
    """The key of one operator, from a key of 32 bytes: HKDF-Expand of RFC 5869 with SHA-256.

    Its label holds no zero byte, so that no message of a placeholder's code is one.

    Raises:
        ValueError: the key has another length.
    """
    if len(key) != KEY_BYTES:
        raise ValueError("The key of an operator has 32 bytes.")
    return HKDFExpand(SHA256(), length, b"cloakroom operator " + operator.encode()).derive(key)
