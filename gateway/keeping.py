"""What is kept of an exchange beside its records, where policy asks for it: sealed text, an index.

Without `record` in the policy there is no `Keeping`, and nothing here runs.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from gateway.audit.content.capsule import (
    KEY_BYTES,
    NONCE_BYTES,
    Beside,
    CapsuleKind,
    seal,
)
from gateway.audit.content.index import blind, index_key
from gateway.audit.record import timestamp
from gateway.types import ContentKept, Decision, Effect, Finding, Leaf, RecordRules

_DAY_US: Final = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Keeping:
    """What is kept of one exchange. `key` is its data key, None where no text is kept."""

    request_id: str
    tenant: str
    expires: str
    original: bool = False
    key: bytes | None = field(default=None, repr=False)
    subjects: tuple[bytes, ...] = field(default=(), repr=False)

    def request(self, event_id: str, raw: bytes, masked: bytes) -> Beside:
        """What is written beside the accepted record."""
        texts = {CapsuleKind.MASKED_REQUEST: masked}
        if self.original:
            texts[CapsuleKind.ORIGINAL_REQUEST] = raw
        return self._beside(event_id, texts, key=self.key, subjects=self.subjects)

    def denial(self) -> Beside:
        """What is written beside the record of a request that was denied: the index alone."""
        return self._beside("", {}, key=None, subjects=self.subjects)

    def answer(self, event_id: str, body: bytes) -> Beside:
        """What is written beside the closing record."""
        return self._beside(event_id, {CapsuleKind.MASKED_RESPONSE: body})

    def _beside(
        self,
        event_id: str,
        texts: Mapping[CapsuleKind, bytes],
        *,
        key: bytes | None = None,
        subjects: tuple[bytes, ...] = (),
    ) -> Beside:
        sealing = self.key
        capsules = () if sealing is None else tuple(
            seal(
                sealing, secrets.token_bytes(NONCE_BYTES),
                tenant=self.tenant, event_id=event_id, kind=kind, text=text,
            )
            for kind, text in texts.items()
        )  # fmt: skip
        return Beside(self.request_id, self.tenant, self.expires, key, capsules, subjects)


def keeping(
    decision: Decision,
    leaves: Sequence[Leaf],
    findings: Sequence[Finding],
    *,
    master: bytes,
    tenant: str,
    request_id: str,
    carried: Iterable[tuple[str, str]] = (),
) -> Keeping | None:
    """What is to be kept of a request that was decided; None where that is nothing.

    `carried` are values, with their types, of the conversation that the request goes on with.
    """
    rules = decision.record
    kept = _content(decision, rules)
    if kept is ContentKept.NONE and not rules.subjects:
        return None
    values = {
        (each.entity_type, leaves[one.leaf].text[each.start : each.end])
        for one in findings
        if one.whole
        for each in one.told
        if each.entity_type in rules.subjects
    }
    values.update((entity, text) for text, entity in carried if entity in rules.subjects)
    index = index_key(master, tenant)
    now_us = time.time_ns() // 1000
    return Keeping(
        request_id=request_id,
        tenant=tenant,
        expires=timestamp(now_us + rules.retention_days * _DAY_US),
        original=kept is ContentKept.ORIGINAL,
        key=None if kept is ContentKept.NONE else secrets.token_bytes(KEY_BYTES),
        subjects=tuple(sorted({blind(index, entity, text) for entity, text in values})),
    )


def _content(decision: Decision, rules: RecordRules) -> ContentKept:
    """The text that is kept: what left unmasked is no masked text."""
    unmasked = decision.shadow or decision.effect is Effect.ALLOW
    if not decision.candidates or (rules.content is ContentKept.MASKED and unmasked):
        return ContentKept.NONE
    return rules.content
