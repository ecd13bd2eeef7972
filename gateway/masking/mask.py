"""Makes the masked request: the only thing that an upstream takes.

Theory of operation. Findings come per leaf. A value that was found once is masked wherever it
stands in the exchange; text that looks like a placeholder becomes a LITERAL, so that only what
was issued here is ever restored. The ranges of each leaf are then made disjoint, every range is
replaced by what its operator gives, and the body is rebuilt around the new texts. The order of
the document decides which entity type a value is issued under, and where ranges of several types
meet, the operator that tells least.

Tokens that look like ordinary text could be misread where they meet the text around them. So the
masked texts are read as an answer would be; a value whose token is not found just where it was
put gets a placeholder, and the texts are made again.
"""

from __future__ import annotations

import hmac
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any, Final

import orjson

from gateway.detection.spans import disjoint
from gateway.errors import InternalError
from gateway.masking.document import Rewriter
from gateway.masking.matcher import Matcher
from gateway.masking.operators import CustomOperators, hashed, legal_name, one_way
from gateway.masking.placeholders import LITERAL, framed, look_alikes
from gateway.masking.propagate import SHORTEST, occurrences
from gateway.masking.restore import Aliases, Restoration
from gateway.masking.runs import Words
from gateway.masking.sinks import WINDOW, SinkRule, place
from gateway.masking.strictest import strictest, type_of
from gateway.masking.tokens import OperatorKeys, Tokens
from gateway.operator_kinds import KEEP, OPERATOR_KINDS, REPLACE
from gateway.types import (
    DEFAULT_USE,
    Decision,
    Finding,
    Json,
    Leaf,
    LeafKind,
    OperatorUse,
    Parsed,
    Span,
)

_TOKEN: Final = object()
_SETTABLE = frozenset(
    {"model", "cache_salt", "priority", "store", "stream_options", "logprobs", "top_logprobs"}
)
_RETURNING: Final = {one.name for one in OPERATOR_KINDS.values() if one.returns} - {KEEP}
_ROUNDS: Final = 4
_BARE: Final = (LeafKind.IDENTIFIER, LeafKind.KEY)


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

    def with_turns(self, place: str, kept: Sequence[int]) -> MaskedRequest:
        """The same request with those of its messages or items alone whose indexes are given.

        Raises:
            InternalError: it has none there.
        """
        given = self._document.get(place)
        if place not in ("messages", "input") or not isinstance(given, list):
            raise InternalError("Only messages and items can be left out of a masked request.")
        document = {**self._document, place: [given[index] for index in kept]}
        return MaskedRequest(
            _TOKEN, document, self.path, self.stream, self.restoration, self.counts
        )


@dataclass(frozen=True, slots=True)
class MaskingKeys:
    """The keys of one exchange, of 32 bytes each.

    `scope` is that of its placeholders, `hashes` that of its tenant's hashes, and `tenant` that
    of what its tenant can decrypt.
    """

    scope: bytes = field(repr=False)
    hashes: bytes = field(repr=False)
    tenant: bytes = field(repr=False)


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
    language: str = "",
    carried: Restoration | None = None,
) -> MaskedRequest:
    """Mask a parsed request as decided.

    `entity_types` are all types that could ever be issued: texts that look like one of their
    placeholders are made inert. `language` is the exchange's one clear language, or "". What is
    `carried` restored the last answer of the conversation that the request goes on with.

    Raises:
        InternalError: the decision names an operator that is not there, or an operator of the
            user's own failed.
    """
    numbers = _as_numbers(parsed, findings, decision)
    leaves = [*parsed.leaves, *(leaf for leaf, _ in numbers)]
    found = [
        *findings,
        *(
            Finding(index, 0, len(leaf.text), entity_type, 1.0, "propagated")
            for index, (leaf, entity_type) in enumerate(numbers, len(parsed.leaves))
        ),
    ]
    masker = _Masker(leaves, decision, keys, custom or {}, entity_types, language, carried)
    texts = masker.masked_texts(found)
    rewriter = Rewriter(parsed.document)
    rewriter.put(leaves, texts)
    for identity in parsed.identities:
        rewriter.set(identity, lambda text: hashed(keys.hashes, "id", text)[:64])
    document = rewriter.finish()
    document.update(parsed.fields)
    restoration = masker.restoration(allowed_hosts)
    return MaskedRequest(_TOKEN, document, path, parsed.stream, restoration, masker.counts)


def _as_numbers(
    parsed: Parsed, findings: Sequence[Finding], decision: Decision
) -> list[tuple[Leaf, str]]:
    """Where values of a few digits stand as JSON numbers, which are no leaves, with their types."""
    values: dict[str, str] = {}
    for one in findings:
        for each in one.told if one.whole else ():
            text = parsed.leaves[one.leaf].text[each.start : each.end]
            is_value = len(text) >= SHORTEST and text.isascii() and text.isdecimal()
            if is_value and decision.operator_for(each.entity_type).name != KEEP:
                values.setdefault(text, each.entity_type)
    return [(leaf, values[leaf.text]) for leaf in parsed.short_numbers(values)]


class _Masker:
    """The work on the leaves of one request."""

    def __init__(
        self,
        leaves: Sequence[Leaf],
        decision: Decision,
        keys: MaskingKeys,
        custom: CustomOperators,
        entity_types: frozenset[str],
        language: str,
        carried: Restoration | None,
    ) -> None:
        self._leaves = leaves
        self._decision = decision
        self._keys = keys
        self._custom = custom
        self._entity_types = entity_types
        self._language = language
        self._carried = carried
        self._operator_keys = OperatorKeys.derived(keys.scope, keys.tenant)
        self._words = Words([leaf.text for leaf in leaves])
        self._begin((), ())

    def _begin(self, values: Collection[str], barred: Collection[str]) -> None:
        """Forget what was issued."""
        self._tokens = Tokens(
            self._operator_keys, self._words, values,
            barred=barred, language=self._language, carried=self._carried,
        )  # fmt: skip
        self._aliases: Aliases = {}
        self._matcher = Matcher(())
        self._places: dict[str, set[str]] = {}
        self._types: dict[str, str] = {}  # of literal tokens
        if self._carried is not None:
            self._places.update((one, set(p)) for one, p in self._carried.sinks.places_of.items())
            self._types.update(self._carried.types)
        self._names: dict[str, dict[str, int]] = {}  # made by one-way operators -> values
        self._put: dict[int, list[tuple[int, int, str]]] = {}  # leaf -> tokens in its new text
        self.counts: Counter[tuple[str, str]] = Counter()

    def masked_texts(self, findings: Sequence[Finding]) -> dict[int, str]:
        """The new text of every leaf that changes, by index."""
        spans = {
            index: [self._strictly(one) for one in disjoint(found)]
            for index, found in sorted(self._spans(findings).items())
            if self._leaves[index].kind is not LeafKind.MODEL
        }
        values = {
            self._leaves[index].text[span.start : span.end]
            for index, found in spans.items()
            for span in found
        }
        if self._carried is not None:
            values.update(self._carried.surfaces.values())
        barred: set[str] = set()
        for _ in range(_ROUNDS):
            texts = self._attempt(spans, values, barred)
            misread = self._misread(texts)
            if not misread:
                return texts
            barred |= misread
        return self._attempt(spans, values, values)

    def _attempt(
        self, spans: Mapping[int, Sequence[Span]], values: set[str], barred: set[str]
    ) -> dict[int, str]:
        self._begin(values, barred)
        texts = {
            index: self._replace(index, self._leaves[index], found)
            for index, found in spans.items()
        }
        self._aliases = self._tokens.aliases()
        cores = self._tokens.surfaces.keys() - self._tokens.literals.keys()
        self._matcher = Matcher(cores, [*self._tokens.literals, *self._aliases])
        return texts

    def _misread(self, texts: Mapping[int, str]) -> set[str]:
        """The values of literal tokens that would be restored elsewhere than where they stand."""
        literals = self._tokens.literals
        if not literals:
            return set()
        wrong: set[str] = set()
        for index, text in texts.items():
            wrong.update(
                token for *_, token in set(self._put[index]) ^ set(self._matcher.matches(text))
            )
        tokens = (self._aliases[one][1] if one in self._aliases else one for one in wrong)
        return {literals[token] for token in tokens if token in literals}

    def restoration(self, allowed_hosts: Sequence[str]) -> Restoration:
        """What restores the answer to the texts that were made last."""
        sinks = SinkRule(self._places, allowed_hosts)
        carried = 0 if self._carried is None else len(self._carried.surfaces)
        return Restoration(
            self._tokens.surfaces, self._matcher, sinks, self._aliases, self._types, carried
        )

    def _spans(self, findings: Sequence[Finding]) -> dict[int, list[Span]]:
        """All ranges to be replaced: found, propagated and look-alike."""
        spans: dict[int, list[Span]] = {}
        values: dict[str, str] = {}
        for found in findings:
            # What is kept goes out plain only where nothing is in it that is not.
            entity_type = type_of(found, self._use)
            if self._use(entity_type).name == KEEP:
                continue
            span = Span(found.start, found.end, entity_type, found.score, found.recognizer)
            spans.setdefault(found.leaf, []).append(span)
            for one in (span, *found.parts) if found.whole else ():
                if self._use(one.entity_type).name != KEEP:
                    text = self._leaves[found.leaf].text[one.start : one.end]
                    known = (values[text],) if text in values else ()
                    values[text] = strictest((*known, one.entity_type), self._use)
        for value, entity_type in () if self._carried is None else self._carried.typed():
            if self._decision.operator_for(entity_type).name != KEEP:
                values.setdefault(value, entity_type)
        for index, span in occurrences(self._leaves, values):
            spans.setdefault(index, []).append(span)
        for index, leaf in enumerate(self._leaves):
            for start, end in look_alikes(leaf.text, self._entity_types):
                spans.setdefault(index, []).append(Span(start, end, LITERAL, 1.0, "placeholder"))
        for index, (start, end, _) in self._carried_tokens():
            spans.setdefault(index, []).append(Span(start, end, LITERAL, 1.0, "placeholder"))
        return spans

    def _carried_tokens(self) -> Iterator[tuple[int, tuple[int, int, str]]]:
        """Where texts hold what stood for something else in earlier requests, to the letter."""
        if self._carried is None or not (literals := self._carried.literals):
            return
        matcher = Matcher((), literals)
        for index, leaf in enumerate(self._leaves):
            for match in matcher.matches(leaf.text):
                yield index, match

    def _use(self, entity_type: str) -> OperatorUse:
        return DEFAULT_USE if entity_type == LITERAL else self._decision.operator_for(entity_type)

    def _strictly(self, span: Span) -> Span:
        """A range as it is to be replaced: under that of its types whose operator tells least."""
        return replace(span, entity_type=type_of(span, self._use), parts=()) if span.parts else span

    def _replace(self, index: int, leaf: Leaf, spans: Sequence[Span]) -> str:
        put = self._put.setdefault(index, [])
        masked = ""
        done = 0
        for span in spans:
            masked += leaf.text[done : span.start]
            new, token = self._operate(leaf, span, masked)
            if token is not None:
                put.append((len(masked), len(masked) + len(new), token))
            masked += new
            done = span.end
        return masked + leaf.text[done:]

    def _operate(self, leaf: Leaf, span: Span, before: str) -> tuple[str, str | None]:
        """What stands for a finding, and the token in it if it comes back."""
        surface = leaf.text[span.start : span.end]
        entity_type = span.entity_type
        use = self._use(entity_type)
        if use.name not in _RETURNING:
            operator, new = one_way(use, entity_type, surface, self._keys.hashes, self._custom)
            self.counts[entity_type, operator] += 1
            return self._name(surface, new) if leaf.kind in _BARE else new, None
        if leaf.kind in _BARE:
            operator, token = REPLACE, self._tokens.placeholder(entity_type, surface)
        else:
            operator, token = self._tokens.issue(use, entity_type, surface)
            if operator != REPLACE:
                self._types[token] = entity_type
        self.counts[entity_type, operator] += 1
        self._note_place(token, before[-WINDOW:], is_json=leaf.inner is not None)
        is_framed = operator == REPLACE and leaf.kind not in _BARE
        return framed(token) if is_framed else token, token

    def _note_place(self, token: str, before: str, *, is_json: bool) -> None:
        """Remember in which address a value stood."""
        found = place('"' + before, is_json=True) if is_json else place(before)
        if found is not None:
            self._places.setdefault(token, set()).add(found)

    def _name(self, surface: str, text: str) -> str:
        """A legal name for a value; two values have two, since no object holds a key twice."""
        name = legal_name(text)
        known = self._names.setdefault(name, {})
        number = known.setdefault(surface, len(known) + 1)
        return name if number == 1 else f"{name}_{number}"
