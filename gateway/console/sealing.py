"""What people write at the console is kept sealed, under a key of the tenant and of its row."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

import orjson

from gateway.keyring import derive
from gateway.vault.sealing import SALT_BYTES, Sealer, context


def seal_fields(
    master: bytes, purpose: str, tenant: str, which: str, fields: Mapping[str, Any]
) -> bytes:
    """The fields of the row of this id, sealed."""
    sealer = Sealer(derive(master, purpose, tenant), context(purpose, tenant, which))
    return sealer.seal(orjson.dumps(fields), secrets.token_bytes(SALT_BYTES))


def open_fields(
    master: bytes, purpose: str, tenant: str, which: str, sealed: bytes
) -> dict[str, Any] | None:
    """The fields that were sealed; None where they are another row's, or were changed."""
    sealer = Sealer(derive(master, purpose, tenant), context(purpose, tenant, which))
    text = sealer.open(sealed)
    return None if text is None else dict(orjson.loads(text))
