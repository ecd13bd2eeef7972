"""Keys for every purpose, derived from one master key. Pure.

HKDF-SHA-256 (RFC 5869) with purpose, tenant and epoch in the info field, each length-prefixed
so that no two triples share an info string. Different purposes never share a key.
"""

from __future__ import annotations

from functools import lru_cache

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MASTER_KEY_BYTES = 32


@lru_cache(maxsize=4096)
def derive(master: bytes, purpose: str, tenant: str = "", epoch: int = 0) -> bytes:
    """The 32-byte key for one purpose, tenant and epoch."""
    parts = (purpose.encode(), tenant.encode(), str(epoch).encode())
    info = b"cloakroom/v1" + b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(master)
