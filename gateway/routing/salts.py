"""Who shares a vLLM's prefix cache with whom, and whose requests come first. Pure.

The cache of a prefix is shared by requests with the same salt: without one, how fast a request is
answered tells of what others have asked. So each has one, which says nothing of whom it stands for.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from fnmatch import fnmatchcase
from hashlib import sha256

from gateway.settings import Vllm


def salt(key: bytes, pool: Vllm, tenant: str, principal: str) -> str:
    """The salt of a principal's requests: 43 characters of the URL-safe base 64 alphabet.

    A tenant in no group shares with nobody else.
    """
    owner = ("tenant", tenant)
    if pool.salt == "principal":
        return _salt(key, "principal", tenant, principal)
    if pool.salt == "group":
        for name, patterns in pool.salt_groups.items():
            if any(fnmatchcase(tenant, pattern) for pattern in patterns):
                owner = ("group", name)
                break
    return _salt(key, *owner)


def _salt(key: bytes, *parts: str) -> str:
    raw = [part.encode() for part in parts]
    message = b"".join(len(part).to_bytes(4, "big") + part for part in raw)
    return urlsafe_b64encode(hmac.digest(key, message, sha256)).rstrip(b"=").decode()


def priority(priorities: Mapping[str, int], tenant: str) -> int:
    """That of the first pattern that matches a tenant, else 0; the lowest comes first."""
    return next((n for pattern, n in priorities.items() if fnmatchcase(tenant, pattern)), 0)
