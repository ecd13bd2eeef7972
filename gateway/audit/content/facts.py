"""What stays on record of an erasure: how much was destroyed and why, never whose. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.audit import grammar

_COUNTS = ("requests", "capsules", "keys", "index_rows", "nonces")


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureFacts:
    """The tombstone. `scope` commits to what was searched for: a digest in hex, whose nonce is
    given to whoever asked for the erasure and is kept nowhere else.

    Raises:
        ValueError: a field is not of its grammar.
    """

    reason: str
    scope: str
    requests: int = 0
    capsules: int = 0
    keys: int = 0
    index_rows: int = 0
    nonces: int = 0

    def __post_init__(self) -> None:
        grammar.text("erasure.reason", self.reason, grammar.CODE)
        grammar.text("erasure.scope", self.scope, grammar.SHA256_HEX)
        grammar.counts(self, _COUNTS)
