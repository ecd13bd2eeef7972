"""What a finding is replaced by, per operator. Pure.

`replace` is reversible: a keyed placeholder that comes back as the value. `redact` and `hash`
are not; `keep` leaves the text. A user's own operator is known by its name and takes
(text, entity type).
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import TypeAlias

REPLACE = "replace"
REDACT = "redact"
HASH = "hash"
KEEP = "keep"
BUILT_IN = frozenset({REPLACE, REDACT, HASH, KEEP})

CustomOperators: TypeAlias = Mapping[str, Callable[[str, str], str]]


def hashed(key: bytes, entity_type: str, text: str) -> str:
    """`EMAIL_ADDRESS:` and 128 bits of keyed HMAC-SHA-256 in hex: joinable, not guessable."""
    message = entity_type.encode() + b"\0" + text.encode("utf-8", "surrogatepass")
    return f"{entity_type}:{hmac.digest(key, message, sha256)[:16].hex()}"


def redacted(entity_type: str) -> str:
    """The type alone, in brackets that no placeholder has."""
    return f"[{entity_type}]"
