"""What a finding is replaced by, per operator. Pure.

The operators themselves are listed in `gateway/operator_kinds.py`. Here stand those that need no
more than a line; `tokens.py` issues what comes back. A user's own operator is known by its name
and takes (text, entity type).
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Final, TypeAlias

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from gateway.errors import InternalError
from gateway.masking.generalise import generalised
from gateway.operator_kinds import GENERALISE, HASH, KEEP, OPERATOR_KINDS, REDACT
from gateway.types import OperatorUse

BUILT_IN: Final = frozenset(OPERATOR_KINDS)

KEY_BYTES: Final = 32

CustomOperators: TypeAlias = Mapping[str, Callable[[str, str], str]]

_UNFIT_FOR_NAMES: Final = re.compile(r"[^A-Za-z0-9_-]")


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


def legal_name(text: str) -> str:
    """A text as the name of a function or a field, in which only `[A-Za-z0-9_-]` is legal."""
    return _UNFIT_FOR_NAMES.sub("_", text)


def one_way(
    use: OperatorUse, entity_type: str, text: str, key: bytes, custom: CustomOperators
) -> tuple[str, str]:
    """What an operator that needs no token makes of a value, and which was really used.

    `key` is that of the tenant's hashes. What `generalise` cannot read is redacted.

    Raises:
        InternalError: an operator of the user's own is not installed, or failed.
    """
    if use.name == KEEP:
        return KEEP, text
    if use.name == HASH:
        return HASH, hashed(key, entity_type, text)
    if use.name == GENERALISE:
        coarse = generalised(entity_type, text, next(iter(use.option("to")), None))
        if coarse is not None:
            return GENERALISE, coarse
    if use.name in (GENERALISE, REDACT):
        return REDACT, redacted(entity_type)
    return use.name, _own(custom.get(use.name), entity_type, text)


def _own(operator: Callable[[str, str], str] | None, entity_type: str, text: str) -> str:
    if operator is None:
        raise InternalError("The policy names an operator that is not installed.")
    try:
        made = operator(text, entity_type)
    except Exception:
        # What it says may hold the text.
        raise InternalError("An operator that is installed failed.") from None
    if not isinstance(made, str):
        raise InternalError("An operator that is installed gave no text.")
    return made
