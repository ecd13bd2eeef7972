"""One exchange, from the pipeline's side: who calls, what was admitted, how it went.

The functions here turn these into what the audit record and the response headers say: names,
counts and commitments, never text.
"""

from __future__ import annotations

import hmac
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256

from gateway.audit.content.capsule import MAX_BYTES
from gateway.audit.facts import (
    UNRECORDABLE,
    Accepted,
    Actor,
    ActorKind,
    AuthMethod,
    Closed,
    ContextFacts,
    DetectionFacts,
    Latency,
    Origin,
    Outcome,
    PolicyFacts,
    TransformFacts,
    Usage,
    finish_reason,
)
from gateway.audit.grammar import MAX_ITEMS, WORD
from gateway.audit.record import RunningCommitment
from gateway.audit.routing import RoutingFacts
from gateway.errors import InternalError
from gateway.keeping import Keeping
from gateway.keyring import derive
from gateway.masking.carrying import Asked
from gateway.masking.mask import MaskedRequest
from gateway.masking.restore import Tally
from gateway.operator_kinds import exposure
from gateway.routing.asking import Route
from gateway.settings import Detection, Upstream
from gateway.tracecontext import Trace
from gateway.types import (
    BANDS,
    BandCounts,
    Candidate,
    Decision,
    Effect,
    Finding,
    Leaf,
    LeafKind,
    NewData,
    Parsed,
    Subject,
    band,
)
from gateway.version import __version__
from gateway.wire.answers import AnswerContext, AnswerFacts
from gateway.wire.family import Codec, Stream

ENGINE = "presidio"
_REFERENCE_BYTES = 16


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent a request, and what the headers say that the pipeline needs."""

    subject: Subject
    request_id: str
    conversation: str | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    trace: Trace | None = None


@dataclass(frozen=True, slots=True)
class Admitted:
    """A request that may go upstream: masked, and on record."""

    caller: Caller
    codec: Codec
    parsed: Parsed
    decision: Decision
    carried_out: Decision  # the decision, or what is left of it where policy only watches
    masked: MaskedRequest
    accepted: Accepted
    audit_id: str
    entities: dict[str, int]
    detect_ms: int
    started: float  # monotonic seconds
    new_data: Counter[str] = field(default_factory=Counter)  # of the answer, as far as it is read
    keeping: Keeping | None = None
    scope: bytes = field(default=b"", repr=False)  # names the conversation
    answer_id: str = ""  # under which the caller finds an answer that the provider stores
    route: Route = field(default_factory=Route)  # as far as it has gone

    @property
    def upstream(self) -> str:
        """The name of the upstream that serves the request, or of the one to be asked first."""
        served = self.route.served
        return self.decision.candidates[0].name if served is None else served.name

    def asked(self) -> Asked:
        """All that the answer needs of the request."""
        rules = self.carried_out.answers
        # only who reads answers for new data has to know the names of tools
        leaves = () if rules.new_data is NewData.KEEP else self.parsed.leaves
        return Asked(
            model=self.parsed.model,
            json_answer=self.parsed.json_answer,
            wants_usage=self.parsed.wants_usage,
            restoration=self.masked.restoration,
            answers=rules,
            declared=frozenset(one.text for one in leaves if one.kind is LeafKind.IDENTIFIER),
            document=self.parsed.document,
            answer_id=self.answer_id,
        )

    def stream_of(self, context: AnswerContext, facts: AnswerFacts) -> Stream:
        """What makes the client's events of the upstream's.

        Raises:
            InternalError: the endpoint has no streams, so `parse` should have refused one.
        """
        if self.codec.stream is None:
            raise InternalError("A stream was asked of an endpoint that has none.")
        return self.codec.stream(context, facts)

    def headers(self) -> dict[str, str]:
        """The response headers that say what was done, so far."""
        new = ", ".join(f"{name}={count}" for name, count in sorted(self.new_data.items()))
        return {
            **({"x-cloakroom-new-data": new} if new else {}),
            "x-request-id": self.caller.request_id,
            "x-cloakroom-upstream": self.upstream,
            **self._route_headers(),
            **decided_headers(self.decision, self.entities, self.audit_id),
        }

    def _route_headers(self) -> dict[str, str]:
        """What was done to the request on its way, where the caller did not ask for it."""
        served, dropped = self.route.served, self.route.dropped_turns
        newer = None if served is None else served.deprecated_models.get(self.parsed.model)
        return {
            **({"x-cloakroom-deprecated-model": newer} if newer else {}),
            **({"x-cloakroom-dropped-turns": str(dropped)} if dropped else {}),
        }


def decided_headers(
    decision: Decision, entities: Mapping[str, int], audit_id: str
) -> dict[str, str]:
    """The response headers that say what was found and decided, denied or not."""
    return {
        **({"x-cloakroom-shadow": "true"} if decision.shadow else {}),
        "x-cloakroom-policy": decision.policy_id,
        "x-cloakroom-entities": ", ".join(f"{n}={count}" for n, count in sorted(entities.items())),
        "x-cloakroom-audit-id": audit_id,
    }


@dataclass(frozen=True, slots=True)
class Detected:
    """What was found in a request: findings in order, languages, and how many texts were read."""

    findings: list[Finding]
    languages: frozenset[str]
    unsupported_languages: frozenset[str]
    segments: int


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be done with a request. `masked` is None where policy denies it."""

    parsed: Parsed
    detected: Detected
    decision: Decision
    masked: MaskedRequest | None

    @property
    def findings(self) -> list[Finding]:
        """What was found, in order."""
        return self.detected.findings


@dataclass(slots=True)
class Progress:
    """What happens to an answer while it comes in. Belongs to one exchange alone."""

    nonce: bytes = field(repr=False)
    sent: float  # monotonic seconds
    first_byte: float = 0.0  # monotonic seconds
    last_byte: float = 0.0
    tally: Tally = field(default_factory=Tally)
    new_data: Counter[str] | None = None  # by entity type; None where the answer is not read
    facts: AnswerFacts = field(default_factory=AnswerFacts)
    commitment: RunningCommitment | None = None
    kept: bytearray | None = field(default=None, repr=False)  # None where no text is kept

    def note(self, chunk: bytes, now: float) -> None:
        """A piece of the upstream's body has come in."""
        if self.commitment is None:
            self.commitment = RunningCommitment(self.nonce)
            self.first_byte = now
        self.commitment.update(chunk)
        if self.kept is not None and len(self.kept) <= MAX_BYTES:
            self.kept += chunk
        self.last_byte = now


def reference(master: bytes, purpose: str, tenant: str, value: bytes) -> str:
    """A keyed hash that stands for a person or a conversation in the record: 128 bits, hex."""
    key = derive(master, purpose, tenant)
    return hmac.digest(key, value, sha256)[:_REFERENCE_BYTES].hex()


def actor(subject: Subject, ref: str) -> Actor:
    """The caller as the record names it."""
    if subject.key_id is None:
        return Actor(kind=ActorKind.ANONYMOUS, method=AuthMethod.NONE, ref=ref)
    return Actor(kind=ActorKind.CLIENT, method=AuthMethod.API_KEY, ref=ref, key_id=subject.key_id)


def origin(config_digest: str) -> Origin:
    """What is running."""
    return Origin(config_sha256=config_digest, build=__version__)


def count_entities(leaves: Sequence[Leaf], found: Sequence[Finding]) -> dict[str, int]:
    """Findings by entity type; those in the model's name do not count."""
    return dict(
        Counter(
            each.entity_type
            for one in found
            if leaves[one.leaf].kind is not LeafKind.MODEL
            for each in one.told
        )
    )


def band_counts(leaves: Sequence[Leaf], found: Sequence[Finding]) -> dict[str, BandCounts]:
    """Findings by entity type and score band, counted as `count_entities` does."""
    counts: dict[str, list[int]] = {}
    for one in found:
        if leaves[one.leaf].kind is not LeafKind.MODEL:
            for each in one.told:
                counts.setdefault(each.entity_type, [0] * len(BANDS))[band(each.score)] += 1
    return {name: (low, medium, high) for name, (low, medium, high) in counts.items()}


def detection_facts(
    parsed: Parsed,
    detected: Detected,
    entities: dict[str, int],
    milliseconds: int,
    *,
    settings: Detection,
    classifier: str,
) -> DetectionFacts:
    """What detection did, in figures, and with which models."""
    read = sum(len(leaf.text.encode("utf-8", "surrogatepass")) for leaf in parsed.leaves)
    return DetectionFacts(
        engine=ENGINE,
        profile=settings.profile,
        classifier_sha256=classifier,
        engines=tuple(one.kind for one in settings.engines),
        languages=tuple(sorted(detected.languages)),
        unsupported_languages=tuple(sorted(detected.unsupported_languages)),
        ms=milliseconds,
        segments=detected.segments,
        bytes=read,
        entities=entities,
        bands=band_counts(parsed.leaves, detected.findings),
    )


def context_facts(
    caller: Caller, parsed: Parsed, offered: Sequence[Candidate]
) -> ContextFacts | None:
    """What else policy knows of the request; None where it is more than a record may hold."""
    subject = caller.subject
    if max(len(subject.roles), len(subject.tags), len(offered)) > MAX_ITEMS:
        return None
    return ContextFacts(
        family=parsed.family,
        roles=tuple(sorted(subject.roles)),
        tags=tuple(sorted(subject.tags)),
        has_media=parsed.has_media,
        has_unknown_fields=bool(parsed.unknown),
        hosted_tools=_tools(parsed.hosted_tools),
        offered=tuple((one.name, one.upstream_class) for one in offered),
    )


def _tools(kinds: frozenset[str]) -> tuple[str, ...]:
    """The kinds of tools; what is no kind's name, or one too many, is one that no policy allows."""
    named = sorted(one if WORD.fullmatch(one) else UNRECORDABLE for one in kinds)
    found = tuple(dict.fromkeys(named))
    return found if len(found) < MAX_ITEMS else (*found[: MAX_ITEMS - 1], UNRECORDABLE)


def policy_facts(decision: Decision, found: Collection[str] | None = None) -> PolicyFacts:
    """What policy said; of the types that were found, what is to become of them."""
    operators = None
    if found is not None and decision.effect is not Effect.DENY:
        operators = {one: decision.operator_for(one).name for one in found}
    return PolicyFacts(
        id=decision.policy_id,
        sha256=decision.policy_digest,
        action=decision.effect,
        rule_ids=decision.rule_ids,
        reason_code=decision.reason_code,
        operators=operators,
        shadow=decision.shadow,
    )


def transform_facts(
    masked: MaskedRequest,
    tally: Tally | None = None,
    new_data: Mapping[str, int] | None = None,
) -> TransformFacts:
    """What masking did and, once there is an answer, what was restored and what was new in it."""
    return TransformFacts(
        operators=_operators_used(masked),
        placeholders_issued=masked.restoration.issued,
        restored=tally.restored if tally else 0,
        damaged=tally.damaged if tally else 0,
        blocked_sinks=tally.blocked if tally else 0,
        new_data=new_data,
    )


def _operators_used(masked: MaskedRequest) -> dict[str, str]:
    """The operator of each type; where a fallback was used, too, the one that tells more."""
    used = sorted(masked.counts, key=lambda pair: exposure(pair[1]))
    return dict(used)


def closing(
    admitted: Admitted, progress: Progress, outcome: Outcome, status: int, code: str, now: float
) -> Closed:
    """The closing facts of an admitted request."""
    facts = progress.facts
    first = progress.first_byte or now
    last = progress.last_byte or now
    usage = facts.usage
    return Closed(
        outcome=outcome,
        http_status=status,
        error_code=code,
        model_served=facts.model_served,
        upstream_id=admitted.upstream,
        routing=_routing(admitted),
        finish_reasons=tuple(finish_reason(reason) for reason in facts.finish_reasons[:64]),
        transform=transform_facts(admitted.masked, progress.tally, progress.new_data),
        usage=Usage(
            input=max(0, usage.get("in", 0)),
            output=max(0, usage.get("out", 0)),
            cached=max(0, usage.get("cached", 0)),
        ),
        latency_ms=Latency(
            detect=admitted.detect_ms,
            upstream_ttft=_ms(first - progress.sent),
            upstream=_ms(last - progress.sent),
            total=_ms(now - admitted.started),
        ),
        masked_response=progress.commitment.value() if progress.commitment else None,
    )


def _routing(admitted: Admitted) -> RoutingFacts | None:
    """What is on record of who served a request, or of whoever was to, where nobody has."""
    route, planned = admitted.route, admitted.accepted.routing
    if route.served is not None:
        return routing_facts(route.served, route)
    return None if planned is None else replace(planned, attempts=route.attempts)


def routing_facts(upstream: Upstream, route: Route | None = None) -> RoutingFacts:
    """What is on record of an upstream that is to serve a request, or has."""
    facts = upstream.facts
    return RoutingFacts(
        processor=facts.processor,
        country=facts.country,
        dpa_ref=facts.dpa_ref,
        retention_days=facts.retention_days,
        attempts=None if route is None else route.attempts,
        dropped_turns=None if route is None else route.dropped_turns or None,
    )


def _ms(seconds: float) -> int:
    return max(0, round(seconds * 1000))
