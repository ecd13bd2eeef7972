"""The audit record: a closed schema of enums, bounded identifiers, counts and commitments. Pure.

What a request said stands in a record only as a commitment: HMAC-SHA-256 under a random nonce
that is kept beside the record, so that destroying the nonce leaves nothing to guess against.

    accepted(facts)        before the first byte goes upstream
    closed(facts, end)     exactly once for each request
    event(type, ...)       what happened to the gateway itself

A group may get further facts without another `v`: in a record of an earlier version they are
absent, which means that they are not known.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import orjson

from gateway.audit import grammar
from gateway.audit.content.capsule import Beside
from gateway.audit.content.facts import ErasureFacts, FeedbackFacts, UnmaskFacts
from gateway.audit.facts import (
    TERMINAL,
    Accepted,
    Actor,
    ActorKind,
    AuthMethod,
    Closed,
    Commitment,
    ContextFacts,
    DetectionFacts,
    EventType,
    FinishReason,
    Latency,
    Origin,
    Outcome,
    PolicyFacts,
    TransformFacts,
    Usage,
)
from gateway.audit.routing import RoutingFacts
from gateway.types import UpstreamClass

SCHEMA_VERSION = 1
NONCE_BYTES = 32
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRecord:
    """One record. An empty string and `None` both mean "does not apply" and are not written.

    `target` names what an administrative event is about: a key id, a policy id, a writer id.
    `beside` is no part of the record: it is written in the same transaction, and may be erased.

    Raises:
        ValueError: a field is not of its grammar or type.
    """

    event_id: str
    type: EventType
    ts: str
    v: int = SCHEMA_VERSION
    request_id: str = ""
    parent_id: str = ""
    conversation_ref: str = ""
    tenant: str = ""
    actor: Actor
    origin: Origin
    target: str = ""
    endpoint: str = ""
    operation: str = ""
    stream: bool | None = None
    model_requested: str = ""
    model_served: str = ""
    upstream_id: str = ""
    upstream_class: UpstreamClass | None = None
    routing: RoutingFacts | None = None
    context: ContextFacts | None = None
    policy: PolicyFacts | None = None
    detection: DetectionFacts | None = None
    transform: TransformFacts | None = None
    usage: Usage | None = None
    latency_ms: Latency | None = None
    outcome: Outcome | None = None
    http_status: int | None = None
    error_code: str = ""
    finish_reasons: tuple[FinishReason, ...] = ()
    masked_request: Commitment | None = None
    masked_response: Commitment | None = None
    erasure: ErasureFacts | None = None
    unmask: UnmaskFacts | None = None
    feedback: FeedbackFacts | None = None
    beside: Beside | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name, pattern in _STRINGS:
            grammar.text(name, getattr(self, name), pattern)
        for name, kind in _REQUIRED:
            grammar.member(name, getattr(self, name), kind)
        for name, kind in _OPTIONAL:
            if getattr(self, name) is not None:
                grammar.member(name, getattr(self, name), kind)
        if type(self.finish_reasons) is not tuple or len(self.finish_reasons) > grammar.MAX_ITEMS:
            raise ValueError("audit record: finish_reasons is not a short tuple")
        for reason in self.finish_reasons:
            grammar.member("finish_reasons", reason, FinishReason)
        if self.http_status is not None and not 100 <= self.http_status <= 599:
            raise ValueError("audit record: http_status is not an HTTP status")
        if type(self.v) is not int or self.v != SCHEMA_VERSION:
            raise ValueError("audit record: v is not the schema's version")
        if self.type.startswith("request.") and not self.request_id:
            raise ValueError("audit record: request_id is missing")


_STRINGS = (
    ("event_id", grammar.UUID7),
    ("ts", grammar.TIMESTAMP),
    ("request_id", grammar.REQUEST_ID),
    ("parent_id", grammar.REQUEST_ID),
    ("conversation_ref", grammar.REFERENCE),
    ("tenant", grammar.TENANT),
    ("target", grammar.IDENTIFIER),
    ("endpoint", grammar.ROUTE),
    ("operation", grammar.CODE),
    ("model_requested", grammar.IDENTIFIER),
    ("model_served", grammar.IDENTIFIER),
    ("upstream_id", grammar.IDENTIFIER),
    ("error_code", grammar.CODE),
)
_REQUIRED: tuple[tuple[str, type], ...] = (
    ("type", EventType),
    ("actor", Actor),
    ("origin", Origin),
)
_OPTIONAL: tuple[tuple[str, type], ...] = (
    ("stream", bool),
    ("upstream_class", UpstreamClass),
    ("routing", RoutingFacts),
    ("context", ContextFacts),
    ("policy", PolicyFacts),
    ("detection", DetectionFacts),
    ("transform", TransformFacts),
    ("usage", Usage),
    ("latency_ms", Latency),
    ("outcome", Outcome),
    ("http_status", int),
    ("masked_request", Commitment),
    ("masked_response", Commitment),
    ("erasure", ErasureFacts),
    ("unmask", UnmaskFacts),
    ("feedback", FeedbackFacts),
    ("beside", Beside),
)
_GROUPS = (
    "routing", "context", "policy", "detection", "transform", "usage", "latency_ms", "erasure",
    "unmask", "feedback",
)  # fmt: skip


def accepted(facts: Accepted, *, event_id: str, ts: str) -> AuditRecord:
    """The record that must be durable before the first byte goes upstream.

    Raises:
        ValueError: a field is not of its grammar or type.
    """
    return _of_request(facts, EventType.REQUEST_ACCEPTED, event_id=event_id, ts=ts)


def closed(facts: Accepted, end: Closed, *, event_id: str, ts: str) -> AuditRecord:
    """The one closing record of a request. It repeats `facts`, so that it can be read alone.

    A request that was denied, or failed before it was accepted, has only this record.

    Raises:
        ValueError: a field is not of its grammar or type.
    """
    return _of_request(facts, TERMINAL[end.outcome], end, event_id=event_id, ts=ts)


def event(
    type: EventType,  # noqa: A002 -- the field's name in the schema
    *,
    event_id: str,
    ts: str,
    actor: Actor,
    origin: Origin,
    tenant: str = "",
    target: str = "",
    policy: PolicyFacts | None = None,
    erasure: ErasureFacts | None = None,
    unmask: UnmaskFacts | None = None,
    feedback: FeedbackFacts | None = None,
) -> AuditRecord:
    """A record of something that happened to the gateway, for example `apikey.revoked`.

    Raises:
        ValueError: a field is not of its grammar or type, or the type belongs to a request.
    """
    return AuditRecord(
        event_id=event_id,
        type=type,
        ts=ts,
        actor=actor,
        origin=origin,
        tenant=tenant,
        target=target,
        policy=policy,
        erasure=erasure,
        unmask=unmask,
        feedback=feedback,
    )


def outcome_unknown(stored: Mapping[str, object], *, event_id: str, ts: str) -> AuditRecord:
    """The closing record of a request whose process died, made from its accepted record.

    `stored` is the parsed canonical form. Only what names the request is taken over.

    Raises:
        ValueError: the stored record is not of this schema.
    """

    def of(name: str) -> str:
        value = stored.get(name, "")
        grammar.text(name, value, grammar.IDENTIFIER)
        return str(value)

    return AuditRecord(
        event_id=event_id,
        type=EventType.REQUEST_OUTCOME_UNKNOWN,
        ts=ts,
        actor=Actor(kind=ActorKind.SYSTEM, method=AuthMethod.NONE, ref=of("actor_ref")),
        origin=Origin(config_sha256=of("config_sha256"), build=of("build")),
        outcome=Outcome.UNKNOWN,
        request_id=of("request_id"),
        parent_id=of("parent_id"),
        conversation_ref=of("conversation_ref"),
        tenant=of("tenant"),
        endpoint=of("endpoint"),
        operation=of("operation"),
        model_requested=of("model_requested"),
        upstream_id=of("upstream_id"),
    )


def _of_request(
    facts: Accepted,
    kind: EventType,
    end: Closed | None = None,
    *,
    event_id: str,
    ts: str,
) -> AuditRecord:
    return AuditRecord(
        event_id=event_id,
        type=kind,
        ts=ts,
        request_id=facts.request_id,
        parent_id=facts.parent_id,
        conversation_ref=facts.conversation_ref,
        tenant=facts.tenant,
        actor=facts.actor,
        origin=facts.origin,
        endpoint=facts.endpoint,
        operation=facts.operation,
        stream=facts.stream,
        model_requested=facts.model_requested,
        model_served=end.model_served if end else "",
        upstream_id=(end.upstream_id if end else "") or facts.upstream_id,
        upstream_class=(end.upstream_class if end else None) or facts.upstream_class,
        routing=(end.routing if end else None) or facts.routing,
        context=facts.context,
        policy=facts.policy,
        detection=facts.detection,
        transform=(end.transform if end else None) or facts.transform,
        usage=end.usage if end else None,
        latency_ms=end.latency_ms if end else None,
        outcome=end.outcome if end else None,
        http_status=end.http_status if end else None,
        error_code=end.error_code if end else "",
        finish_reasons=end.finish_reasons if end else (),
        masked_request=facts.masked_request,
        masked_response=end.masked_response if end else None,
    )


def _document(record: AuditRecord) -> dict[str, object]:
    """The record as JSON values, without what does not apply. Nonces are not part of it."""
    document: dict[str, object] = {
        "v": record.v,
        "type": record.type,
        "actor_kind": record.actor.kind,
        "authn": {"method": record.actor.method, "key_id": record.actor.key_id},
        "actor_ref": record.actor.ref,
        "config_sha256": record.origin.config_sha256,
        "build": record.origin.build,
        "stream": record.stream,
        "upstream_class": record.upstream_class,
        "outcome": record.outcome,
        "http_status": record.http_status,
        "finish_reasons": record.finish_reasons or None,
    }
    document |= {name: getattr(record, name) for name, _ in _STRINGS}
    for name in _GROUPS:
        group = getattr(record, name)
        if group is not None:
            members = {slot: getattr(group, slot) for slot in group.__slots__}
            document[name] = {
                slot: _plain(value) for slot, value in members.items() if _is_known(slot, value)
            }
    commit = {
        name: commitment.digest
        for name, commitment in (
            ("masked_request", record.masked_request),
            ("masked_response", record.masked_response),
        )
        if commitment is not None
    }
    document["commit"] = commit or None
    return {name: value for name, value in document.items() if value is not None and value != ""}


def _is_known(slot: str, value: object) -> bool:
    """Whether a member of a group is written; `shadow` is the one that is written only if true."""
    return value is not None and (slot != "shadow" or value is True)


def _plain(value: object) -> object:
    return dict(value) if isinstance(value, Mapping) else value


def canonical(record: AuditRecord) -> bytes:
    """The record's one byte form: JSON by RFC 8785 (JCS), UTF-8.

    JCS sorts keys by UTF-16 code unit and writes numbers as ECMAScript does. Keys and strings
    here are plain ASCII without quotes, and numbers are integers below 2**53, so that sorted
    compact JSON is that form.
    """
    return orjson.dumps(_document(record), option=orjson.OPT_SORT_KEYS)


def leaf_hash(data: bytes) -> bytes:
    """The Merkle leaf hash of RFC 6962, section 2.1: SHA-256(0x00 || data)."""
    return hashlib.sha256(b"\x00" + data).digest()


def commitment(nonce: bytes, data: bytes) -> Commitment:
    """A commitment to bytes: HMAC-SHA-256 keyed by a fresh random 32-byte nonce.

    Raises:
        ValueError: the nonce has another length.
    """
    if len(nonce) != NONCE_BYTES:
        raise ValueError("a commitment's nonce has 32 bytes")
    return Commitment(hmac.digest(nonce, data, "sha256").hex(), nonce.hex())


class RunningCommitment:
    """A commitment to bytes that arrive in pieces: equal to that of the whole."""

    def __init__(self, nonce: bytes) -> None:
        if len(nonce) != NONCE_BYTES:
            raise ValueError("a commitment's nonce has 32 bytes")
        self._nonce = nonce.hex()
        self._state = hmac.new(nonce, digestmod="sha256")

    def update(self, piece: bytes) -> None:
        """Take in the next piece."""
        self._state.update(piece)

    def value(self) -> Commitment:
        """The commitment to everything so far."""
        return Commitment(self._state.hexdigest(), self._nonce)


def uuid7(ms: int, random: bytes) -> str:
    """A UUID of version 7 (RFC 9562, section 5.7) from Unix milliseconds and 10 random bytes.

    Raises:
        ValueError: the time does not fit 48 bits, or there are not 10 bytes.
    """
    if not 0 <= ms < 1 << 48 or len(random) != 10:
        raise ValueError("a version 7 UUID is 48 bits of milliseconds and 10 random bytes")
    rand_a = int.from_bytes(random[:2], "big") & 0x0FFF
    rand_b = int.from_bytes(random[2:], "big") & ((1 << 62) - 1)
    text = f"{ms << 80 | 0x7 << 76 | rand_a << 64 | 0b10 << 62 | rand_b:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def timestamp(us: int) -> str:
    """Unix microseconds as an RFC 3339 time in UTC, for example 2026-11-23T09:30:00.000000Z."""
    moment = _EPOCH + timedelta(microseconds=us)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond:06d}Z"
