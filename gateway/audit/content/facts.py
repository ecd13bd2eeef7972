"""What stays on record of an erasure, of a request to unmask, of feedback: never any text. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.audit import grammar

_COUNTS = ("requests", "capsules", "keys", "index_rows", "nonces", "feedback")


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
    feedback: int = 0

    def __post_init__(self) -> None:
        grammar.text("erasure.reason", self.reason, grammar.CODE)
        grammar.text("erasure.scope", self.scope, grammar.SHA256_HEX)
        grammar.counts(self, _COUNTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmaskFacts:
    """Who asks to see which kept texts of a request, why, and who decided on it.

    `code` is the reason as one of a list, `reason` a digest that commits to the words for it,
    which stand elsewhere, sealed.

    Raises:
        ValueError: a field is not of its grammar.
    """

    request_id: str
    kinds: tuple[str, ...]
    code: str
    ticket: str = ""
    reason: str
    asked_by: str
    decided_by: str = ""

    def __post_init__(self) -> None:
        grammar.text("unmask.request_id", self.request_id, grammar.REQUEST_ID)
        grammar.texts("unmask.kinds", self.kinds, grammar.WORD)
        grammar.text("unmask.code", self.code, grammar.CODE)
        grammar.text("unmask.ticket", self.ticket, grammar.TENANT)
        grammar.text("unmask.reason", self.reason, grammar.SHA256_HEX)
        grammar.text("unmask.asked_by", self.asked_by, grammar.TENANT)
        grammar.text("unmask.decided_by", self.decided_by, grammar.TENANT)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackFacts:
    """What somebody says of a finding: that it is `wrong`, or was `missed`.

    Of the value only its length stands here, and a digest that commits to it; both are absent
    where none was given. `about` is the record that it was said of.

    Raises:
        ValueError: a field is not of its grammar.
    """

    verdict: str
    entity_type: str
    length: int = 0
    value: str = ""
    about: str = ""
    given_by: str
    decided_by: str = ""

    def __post_init__(self) -> None:
        grammar.text("feedback.verdict", self.verdict, grammar.WORD)
        grammar.text("feedback.entity_type", self.entity_type, grammar.ENTITY_TYPE)
        grammar.counts(self, ("length",))
        grammar.text("feedback.value", self.value, grammar.DIGEST)
        grammar.text("feedback.about", self.about, grammar.TENANT)
        grammar.text("feedback.given_by", self.given_by, grammar.TENANT)
        grammar.text("feedback.decided_by", self.decided_by, grammar.TENANT)
