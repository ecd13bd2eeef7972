"""Makes the masked request: the only thing that an upstream takes.

Theory of operation. Findings come per leaf. A value that was found once is masked wherever it
stands in the exchange; text that looks like a placeholder becomes a LITERAL, so that only what
was issued here is ever restored. The ranges of each leaf are then made disjoint, every range is
replaced by what its operator gives, and the body is rebuilt around the new texts. The order of
the document decides which entity type a value is issued under.
"""

from __future__ import annotations

import hmac
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final

import orjson

from gateway.detection.spans import disjoint
from gateway.errors import InternalError
from gateway.masking.document import Rewriter
from gateway.masking.matcher import Matcher
from gateway.masking.operators import HASH, KEEP, REDACT, REPLACE, CustomOperators, hashed, redacted
from gateway.masking.placeholders import LITERAL, Issuer, framed, look_alikes
from gateway.masking.propagate import occurrences
from gateway.masking.restore import Restoration
from gateway.masking.sinks import WINDOW, SinkRule, place
from gateway.types import Decision, Finding, Json, Leaf, LeafKind, Parsed, Span

_TOKEN: Final = object()
_SETTABLE = frozenset({"model", "cache_salt", "priority", "stream_options"})


class MaskedRequest:
    """A request that may leave: made by `mask()` alone, whatever the policy decided.

    Its constructor wants a token that is private to this module. `body` is JSON bytes.
    """

    __slots__ = ("_document", "counts", "path", "restoration", "stream")

    def __init__(
        self,
        token: object,
        document: dict[str, Json],
        path: str,
        stream: bool,
        restoration: Restoration,
        counts: Mapping[tuple[str, str], int],
    ) -> None:
        if token is not _TOKEN:
            raise InternalError("A request was built around the masking stage.")
        self._document = document
        self.path = path
        self.stream = stream
        self.restoration = restoration
        self.counts = counts  # (entity type, operator) -> findings

    def __repr__(self) -> str:
        return f"MaskedRequest(path={self.path!r}, stream={self.stream})"

    @property
    def body(self) -> bytes:
        """The request body as it goes upstream."""
        return orjson.dumps(self._document)

    @property
    def model(self) -> str:
        """The model that the upstream is asked for."""
        return str(self._document.get("model", ""))

    def with_fields(self, **fields: Any) -> MaskedRequest:
        """The same request with fields set that hold no text of the caller.

        Raises:
            InternalError: a field is not on the fixed list.
        """
        if not _SETTABLE.issuperset(fields):
            raise InternalError("Only fields without text can be set on a masked request.")
        document = {**self._document, **fields}
        return MaskedRequest(
            _TOKEN, document, self.path, self.stream, self.restoration, self.counts
        )


@dataclass(frozen=True, slots=True)
class MaskingKeys:
    """The keys of one exchange: of its placeholder scope, and of its tenant's hashes."""

    scope: bytes = field(repr=False)
    hashes: bytes = field(repr=False)


def scope_key(tenant_key: bytes, principal: str, conversation: bytes) -> bytes:
    """The placeholder key of a scope: one principal's one conversation."""
    owner = principal.encode()
    message = len(owner).to_bytes(4, "big") + owner + conversation
    return hmac.digest(tenant_key, message, sha256)


def mask(
    parsed: Parsed,
    findings: Sequence[Finding],
    decision: Decision,
    keys: MaskingKeys,
    *,
    path: str,
    entity_types: frozenset[str],
    custom: CustomOperators | None = None,
    allowed_hosts: Sequence[str] = (),
) -> MaskedRequest:
    """Mask a parsed request as decided.

    `entity_types` are all types that could ever be issued: texts that look like one of their
    placeholders are made inert.

    Raises:
        InternalError: the decision names an operator that is not there.
    """
    masker = _Masker(parsed.leaves, decision, keys, custom or {}, entity_types)
    texts = masker.masked_texts(findings)
    rewriter = Rewriter(parsed.document)
    rewriter.put(parsed.leaves, texts)
    for identity in parsed.identities:
        rewriter.set(identity, lambda text: hashed(keys.hashes, "id", text)[:64])
    document = rewriter.finish()
    document.update(parsed.fields)
    surfaces = masker.issuer.surfaces
    sinks = SinkRule(masker.places, allowed_hosts)
    restoration = Restoration(surfaces, Matcher(surfaces), sinks)
    return MaskedRequest(_TOKEN, document, path, parsed.stream, restoration, masker.counts)


class _Masker:
    """The work on the leaves of one request."""

    def __init__(
        self,
        leaves: Sequence[Leaf],
        decision: Decision,
        keys: MaskingKeys,
        custom: CustomOperators,
        entity_types: frozenset[str],
    ) -> None:
        self._leaves = leaves
        self._decision = decision
        self._keys = keys
        self._custom = custom
        self._entity_types = entity_types
        self.issuer = Issuer(keys.scope)
        self.places: dict[str, set[str]] = {}
        self.counts: Counter[tuple[str, str]] = Counter()

    def masked_texts(self, findings: Sequence[Finding]) -> dict[int, str]:
        """The new text of every leaf that changes, by index."""
        spans = self._spans(findings)
        texts: dict[int, str] = {}
        for index in sorted(spans):
            leaf = self._leaves[index]
            if leaf.kind is not LeafKind.MODEL:
                texts[index] = self._replace(leaf, disjoint(spans[index]))
        return texts

    def _spans(self, findings: Sequence[Finding]) -> dict[int, list[Span]]:
        """All ranges to be replaced: found, propagated and look-alike."""
        spans: dict[int, list[Span]] = {}
        values: dict[str, str] = {}
        for found in findings:
            if self._decision.operator_for(found.entity_type) == KEEP:
                continue
            span = Span(found.start, found.end, found.entity_type, found.score, found.recognizer)
            spans.setdefault(found.leaf, []).append(span)
            if found.whole:
                text = self._leaves[found.leaf].text[found.start : found.end]
                values.setdefault(text, found.entity_type)
        for index, span in occurrences(self._leaves, values):
            spans.setdefault(index, []).append(span)
        for index, leaf in enumerate(self._leaves):
            for start, end in look_alikes(leaf.text, self._entity_types):
                spans.setdefault(index, []).append(Span(start, end, LITERAL, 1.0, "placeholder"))
        return spans

    def _replace(self, leaf: Leaf, spans: Sequence[Span]) -> str:
        masked = ""
        done = 0
        for span in spans:
            masked += leaf.text[done : span.start]
            masked += self._operate(leaf, span, masked)
            done = span.end
        return masked + leaf.text[done:]

    def _operate(self, leaf: Leaf, span: Span, before: str) -> str:
        surface = leaf.text[span.start : span.end]
        literal = span.entity_type == LITERAL
        operator = REPLACE if literal else self._decision.operator_for(span.entity_type)
        self.counts[span.entity_type, operator] += 1
        if operator == REPLACE:
            core = self.issuer.issue(span.entity_type, surface)
            self._note_place(core, before[-WINDOW:], is_json=leaf.inner is not None)
            return core if leaf.kind in (LeafKind.IDENTIFIER, LeafKind.KEY) else framed(core)
        if operator == KEEP:
            return surface
        return self._irreversible(operator)(span.entity_type, surface)

    def _note_place(self, core: str, before: str, *, is_json: bool) -> None:
        """Remember in which address a value stood."""
        found = place('"' + before, is_json=True) if is_json else place(before)
        if found is not None:
            self.places.setdefault(core, set()).add(found)

    def _irreversible(self, operator: str) -> Callable[[str, str], str]:
        if operator == REDACT:
            return lambda entity_type, _: redacted(entity_type)
        if operator == HASH:
            return lambda entity_type, text: hashed(self._keys.hashes, entity_type, text)
        own = self._custom.get(operator)
        if own is None:
            raise InternalError("The policy names an operator that is not installed.")
        return lambda entity_type, text: own(text, entity_type)
