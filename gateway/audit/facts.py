"""What an audit record is made of: enums, groups of facts, and what the pipeline hands over. Pure.

No free text can enter: every string is held against a grammar (`audit/grammar.py`), and a value
that does not fit is refused with `ValueError`, unquoted. The pipeline fills `Accepted` before it
sends anything and `Closed` when the request has ended; `audit/record.py` makes records of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from gateway.audit import grammar
from gateway.audit.routing import RoutingFacts
from gateway.types import BandCounts, Effect, Family, UpstreamClass

UNRECORDABLE = "unrecordable"


class EventType(StrEnum):
    """What a record is about."""

    REQUEST_ACCEPTED = "request.accepted"
    REQUEST_DENIED = "request.denied"
    REQUEST_COMPLETED = "request.completed"
    REQUEST_ABORTED = "request.aborted"
    REQUEST_FAILED = "request.failed"
    REQUEST_OUTCOME_UNKNOWN = "request.outcome_unknown"
    DETECTION_FAILED = "detection.failed"
    STREAM_TRUNCATED = "stream.truncated"
    POLICY_LOADED = "policy.loaded"
    POLICY_CHANGED = "policy.changed"
    POLICY_REJECTED = "policy.rejected"
    CONFIG_CHANGED = "config.changed"
    CONFIG_REJECTED = "config.rejected"
    KEY_CREATED = "key.created"
    KEY_ROTATED = "key.rotated"
    KEY_DESTROYED = "key.destroyed"
    VAULT_PURGED = "vault.purged"
    UNMASK_REQUESTED = "unmask.requested"
    UNMASK_APPROVED = "unmask.approved"
    UNMASK_DENIED = "unmask.denied"
    UNMASK_EXPIRED = "unmask.expired"
    UNMASK_PERFORMED = "unmask.performed"
    FEEDBACK_GIVEN = "feedback.given"
    FEEDBACK_ACCEPTED = "feedback.accepted"
    FEEDBACK_REJECTED = "feedback.rejected"
    AUDIT_VIEWED = "audit.viewed"
    AUDIT_SEARCHED = "audit.searched"
    AUDIT_EXPORTED = "audit.exported"
    AUDIT_VERIFIED = "audit.verified"
    ERASURE_REQUESTED = "erasure.requested"
    ERASURE_EXECUTED = "erasure.executed"
    HOLD_SET = "hold.set"
    HOLD_RELEASED = "hold.released"
    RETENTION_PRUNED = "retention.pruned"
    ADMIN_LOGIN = "admin.login"
    ADMIN_LOGIN_FAILED = "admin.login_failed"
    ADMIN_LOCKED_OUT = "admin.locked_out"
    ADMIN_LOGOUT = "admin.logout"
    ADMIN_REFUSED = "admin.refused"
    ADMIN_ACCOUNT_CREATED = "admin.account_created"
    ADMIN_ACCOUNT_REMOVED = "admin.account_removed"
    ADMIN_PASSWORD_CHANGED = "admin.password_changed"  # noqa: S105 -- an event's name
    ADMIN_ROLE_CHANGED = "admin.role_changed"
    APIKEY_CREATED = "apikey.created"
    APIKEY_REVOKED = "apikey.revoked"
    APIKEY_USED_AFTER_REVOKE = "apikey.used_after_revoke"
    SINK_DEGRADED = "sink.degraded"
    SINK_RECOVERED = "sink.recovered"
    SINK_DROPPED = "sink.dropped"
    PROCESS_STARTED = "process.started"
    PROCESS_STOPPING = "process.stopping"
    SEQUENCER_LEADER = "sequencer.leader"
    SELFTEST_PASSED = "selftest.passed"
    SELFTEST_FAILED = "selftest.failed"


class Outcome(StrEnum):
    """How a request ended."""

    DENIED = "denied"
    COMPLETED = "completed"
    ABORTED = "aborted"  # the caller walked away
    FAILED = "failed"
    UNKNOWN = "outcome_unknown"  # the process that served it died before it could say


TERMINAL: Mapping[Outcome, EventType] = MappingProxyType(
    {outcome: EventType(f"request.{outcome}") for outcome in Outcome}
)
"""The type of the closing record of each outcome."""


class ActorKind(StrEnum):
    """What sort of actor caused the record."""

    ANONYMOUS = "anonymous"
    CLIENT = "client"
    OPERATOR = "operator"
    ACCOUNT = "account"  # somebody at the console
    SYSTEM = "system"


class AuthMethod(StrEnum):
    """How the actor was known."""

    NONE = "none"
    API_KEY = "api_key"
    LOCAL = "local"  # somebody with a shell on the machine
    PASSWORD = "password"  # noqa: S105 -- a method's name


class FinishReason(StrEnum):
    """Why a model stopped. An upstream's own words are folded into these by `finish_reason`."""

    STOP = "stop"
    LENGTH = "length"
    TOOL_CALLS = "tool_calls"
    FUNCTION_CALL = "function_call"
    CONTENT_FILTER = "content_filter"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who. `ref` is a keyed hash in hex, made by the caller; `key_id` is a configured name."""

    kind: ActorKind
    method: AuthMethod
    ref: str = ""
    key_id: str = ""

    def __post_init__(self) -> None:
        grammar.member("actor_kind", self.kind, ActorKind)
        grammar.member("authn.method", self.method, AuthMethod)
        grammar.text("actor_ref", self.ref, grammar.REFERENCE)
        grammar.text("authn.key_id", self.key_id, grammar.TENANT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What was running: the configuration's SHA-256 in hex and the gateway's version."""

    config_sha256: str = ""
    build: str = ""

    def __post_init__(self) -> None:
        grammar.text("config_sha256", self.config_sha256, grammar.DIGEST)
        grammar.text("build", self.build, grammar.VERSION)


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyFacts:
    """The decision: the policy's name and digest, the rules that matched and what they did.

    `operators` names what is to mask each type that was found; a denied request has none, and
    None means that it is not known. With `shadow` all this was only noted and nothing was masked.
    """

    id: str
    sha256: str
    action: Effect
    rule_ids: tuple[str, ...] = ()
    reason_code: str = ""
    operators: Mapping[str, str] | None = None
    shadow: bool = False

    def __post_init__(self) -> None:
        grammar.text("policy.id", self.id, grammar.IDENTIFIER)
        grammar.text("policy.sha256", self.sha256, grammar.DIGEST)
        grammar.member("policy.action", self.action, Effect)
        grammar.texts("policy.rule_ids", self.rule_ids, grammar.IDENTIFIER)
        grammar.text("policy.reason_code", self.reason_code, grammar.CODE)
        grammar.member("policy.shadow", self.shadow, bool)
        if self.operators is not None:
            object.__setattr__(self, "operators", _operators("policy.operators", self.operators))


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextFacts:
    """What else policy knew of the request: with it, a decision can be made again.

    `offered` are the upstreams that serve the model, in order of preference, with their classes.
    """

    family: Family
    roles: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    has_media: bool = False
    has_unknown_fields: bool = False
    hosted_tools: tuple[str, ...] = ()
    offered: tuple[tuple[str, UpstreamClass], ...] = ()

    def __post_init__(self) -> None:
        grammar.member("context.family", self.family, Family)
        grammar.texts("context.roles", self.roles, grammar.TENANT)
        grammar.texts("context.tags", self.tags, grammar.TENANT)
        grammar.member("context.has_media", self.has_media, bool)
        grammar.member("context.has_unknown_fields", self.has_unknown_fields, bool)
        grammar.texts("context.hosted_tools", self.hosted_tools, grammar.WORD)
        grammar.member("context.offered", self.offered, tuple)
        for one in self.offered:
            if type(one) is not tuple or len(one) != 2:
                raise ValueError("audit record: context.offered is not pairs")
            grammar.member("context.offered", one[1], UpstreamClass)
        grammar.texts("context.offered", tuple(one[0] for one in self.offered), grammar.IDENTIFIER)


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectionFacts:
    """What detection read and found: `bytes` of text in `segments`, and findings by type.

    `bands` gives the same findings by score, low, medium and high; None where it is not known.
    `profile` and `engines` are those configured, `classifier_sha256` the digest of our own models'
    manifest, or "" where none read the text: together they say which models saw it. `languages`
    are those that were clear, as ISO 639 codes; names are not looked for in the unsupported ones.
    """

    engine: str
    profile: str = ""
    classifier_sha256: str = ""
    engines: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    unsupported_languages: tuple[str, ...] = ()
    ms: int = 0
    segments: int = 0
    bytes: int = 0
    entities: Mapping[str, int] = field(default_factory=dict)
    bands: Mapping[str, BandCounts] | None = None

    def __post_init__(self) -> None:
        grammar.text("detection.engine", self.engine, grammar.IDENTIFIER)
        grammar.text("detection.profile", self.profile, grammar.CODE)
        grammar.text("detection.classifier_sha256", self.classifier_sha256, grammar.DIGEST)
        grammar.texts("detection.engines", self.engines, grammar.CODE)
        for name in ("languages", "unsupported_languages"):
            grammar.texts(f"detection.{name}", getattr(self, name), grammar.LANGUAGE)
        grammar.counts(self, ("ms", "segments", "bytes"))
        grammar.keys("detection.entities", self.entities, grammar.ENTITY_TYPE)
        for found in self.entities.values():
            grammar.count("detection.entities", found)
        object.__setattr__(self, "entities", MappingProxyType(dict(self.entities)))
        if self.bands is not None:
            grammar.bands("detection.bands", self.bands, self.entities)
            object.__setattr__(self, "bands", MappingProxyType(dict(self.bands)))


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformFacts:
    """What masking and restoring did: the operator of each entity type, and placeholders.

    `new_data` counts, by type, personal data in the answer that was not issued here; None where
    the answer was not read for it.
    """

    operators: Mapping[str, str] = field(default_factory=dict)
    placeholders_issued: int = 0
    restored: int = 0
    unrestored: int = 0
    damaged: int = 0
    foreign: int = 0
    blocked_sinks: int = 0
    new_data: Mapping[str, int] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "operators", _operators("transform.operators", self.operators))
        grammar.counts(self, _TRANSFORM_COUNTS)
        if self.new_data is not None:
            grammar.keys("transform.new_data", self.new_data, grammar.ENTITY_TYPE)
            for found in self.new_data.values():
                grammar.count("transform.new_data", found)
            object.__setattr__(self, "new_data", MappingProxyType(dict(self.new_data)))


_TRANSFORM_COUNTS = (
    "placeholders_issued",
    "restored",
    "unrestored",
    "damaged",
    "foreign",
    "blocked_sinks",
)


def _operators(name: str, values: Mapping[str, str]) -> Mapping[str, str]:
    """Operators by entity type, checked, as a mapping that cannot change."""
    grammar.keys(name, values, grammar.ENTITY_TYPE)
    for operator in values.values():
        grammar.text(name, operator, grammar.OPERATOR)
    return MappingProxyType(dict(values))


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens, as the upstream counted them; `cached` is the part of `input` it had cached."""

    input: int = 0
    output: int = 0
    cached: int = 0

    def __post_init__(self) -> None:
        grammar.counts(self, ("input", "output", "cached"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Whole milliseconds: detection, the upstream's first byte and last byte, and in all."""

    detect: int = 0
    upstream_ttft: int = 0
    upstream: int = 0
    total: int = 0

    def __post_init__(self) -> None:
        grammar.counts(self, ("detect", "upstream_ttft", "upstream", "total"))


@dataclass(frozen=True, slots=True)
class Commitment:
    """HMAC-SHA-256 of some bytes under a random nonce, both in hex.

    The digest is part of the record; the nonce is kept beside it and may be destroyed.
    """

    digest: str
    nonce: str = field(repr=False)

    def __post_init__(self) -> None:
        grammar.text("commit.digest", self.digest, grammar.SHA256_HEX)
        grammar.text("commit.nonce", self.nonce, grammar.SHA256_HEX)


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """What is known of a request before anything is sent.

    `policy` and `detection` are absent only from a request that ended before they could speak.
    """

    request_id: str
    tenant: str
    actor: Actor
    origin: Origin
    endpoint: str
    operation: str
    stream: bool
    model_requested: str
    parent_id: str = ""
    conversation_ref: str = ""
    upstream_id: str = ""
    upstream_class: UpstreamClass | None = None
    routing: RoutingFacts | None = None
    context: ContextFacts | None = None
    policy: PolicyFacts | None = None
    detection: DetectionFacts | None = None
    transform: TransformFacts | None = None
    masked_request: Commitment | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """How a request ended. What is absent here was not reached.

    `upstream_id` and `upstream_class` are set where another candidate than the first served it.
    """

    outcome: Outcome
    http_status: int
    error_code: str = ""
    model_served: str = ""
    upstream_id: str = ""
    upstream_class: UpstreamClass | None = None
    routing: RoutingFacts | None = None
    finish_reasons: tuple[FinishReason, ...] = ()
    transform: TransformFacts | None = None
    usage: Usage | None = None
    latency_ms: Latency | None = None
    masked_response: Commitment | None = None


_FINISH_REASONS: Mapping[str, FinishReason] = MappingProxyType(
    {reason.value: reason for reason in FinishReason}
)


def finish_reason(text: str) -> FinishReason:
    """An upstream's finish reason as one of ours; a word we do not know is `other`."""
    return _FINISH_REASONS.get(text, FinishReason.OTHER)


def model_name(text: str) -> str:
    """A requested model's name as a record may hold it: what is no plain name is `unrecordable`.

    A caller may write anything where a model's name belongs, so it is recorded only if it has
    the form of one.
    """
    return text if grammar.IDENTIFIER.fullmatch(text) else UNRECORDABLE
