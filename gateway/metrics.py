"""Prometheus metrics, whose labels are bounded words of the configuration: never user text."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

REGISTRY: Final = CollectorRegistry()
ProcessCollector(registry=REGISTRY)

_LABEL: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_TRACE_ID: Final = re.compile(r"[0-9a-f]{32}")
_ENTITY_TYPE: Final = re.compile(r"[A-Z0-9_]{1,40}")

_FAST: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_SLOW: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)
_TOKENS: Final = tuple(float(4**exponent) for exponent in range(14))  # as OpenTelemetry advises

REQUESTS: Final = Counter(
    "cloakroom_requests",
    "Requests, by API family, the policy's effect and how they ended.",
    ("family", "effect", "outcome"),
    registry=REGISTRY,
)
REQUEST_SECONDS: Final = Histogram(
    "cloakroom_request_seconds",
    "From the request's first byte to the answer's last, in seconds.",
    buckets=_SLOW,
    registry=REGISTRY,
)
DETECTION_SECONDS: Final = Histogram(
    "cloakroom_detection_seconds",
    "Detection in one request, in seconds.",
    buckets=_FAST,
    registry=REGISTRY,
)
ENTITIES: Final = Counter(
    "cloakroom_entities",
    "Findings, by entity type and the operator that masked them.",
    ("type", "operator"),
    registry=REGISTRY,
)
PLACEHOLDERS: Final = Counter(
    "cloakroom_placeholders",
    "Placeholders issued, restored, damaged, foreign (not issued here) or blocked (by the sink).",
    ("state",),
    registry=REGISTRY,
)
NEW_DATA: Final = Counter(
    "cloakroom_new_data",
    "Personal data in answers that was not issued here, where policy has them read for it.",
    registry=REGISTRY,
)
AUDIT_APPEND_SECONDS: Final = Histogram(
    "cloakroom_audit_append_seconds",
    "Until an audit record is durable, in seconds.",
    buckets=_FAST,
    registry=REGISTRY,
)
AUDIT_SINK_UP: Final = Gauge(
    "cloakroom_audit_sink_up",
    "Whether a further sink of the audit log took what it was given last (1) or not (0).",
    ("sink",),
    registry=REGISTRY,
    multiprocess_mode="livemin",
)
AUDIT_AGE_SECONDS: Final = {
    what: Gauge(
        f"cloakroom_audit_{what}_age_seconds",
        f"Since the audit log's last {what}, in seconds.",
        registry=REGISTRY,
        multiprocess_mode="livemostrecent",
    )
    for what in ("anchor", "checkpoint")
}
FAIL_CLOSED: Final = Counter(
    "cloakroom_fail_closed",
    "Requests refused because a stage could not do its work, by error code.",
    ("reason",),
    registry=REGISTRY,
)
for _reason in ("audit_unavailable", "detection_unavailable", "vault_unavailable"):
    FAIL_CLOSED.labels(_reason)  # so that the first of its kind is an increase
ERRORS: Final = Counter(
    "cloakroom_errors",
    "Requests that were answered with an error, by HTTP status and error code.",
    ("status", "code"),
    registry=REGISTRY,
)
POLICY_RELOADS: Final = Counter(
    "cloakroom_policy_reloads",
    "Changed policy files, by what became of them (accepted, rejected).",
    ("result",),
    registry=REGISTRY,
)
CONFIG_RELOADS: Final = Counter(
    "cloakroom_config_reloads",
    "Changed configurations, by what became of them (accepted, rejected, needs_restart).",
    ("result",),
    registry=REGISTRY,
)
IN_FLIGHT: Final = Gauge(
    "cloakroom_in_flight",
    "Exchanges that have begun and not ended.",
    registry=REGISTRY,
    multiprocess_mode="livesum",
)
UPSTREAM_SECONDS: Final = Histogram(
    "cloakroom_upstream_seconds",
    "Waiting for an upstream, by phase (first_byte, total), in seconds.",
    ("upstream", "phase"),
    buckets=_SLOW,
    registry=REGISTRY,
)
UPSTREAM_ATTEMPTS: Final = Counter(
    "cloakroom_upstream_attempts",
    "Times that an upstream was asked, by what came of it: answered, or an error's code.",
    ("upstream", "result"),
    registry=REGISTRY,
)
REPLICA_STATE: Final = Gauge(
    "cloakroom_upstream_replica_state",
    "Which state a server of an upstream is in (1), of up, stale, down, other_model and draining.",
    ("upstream", "replica", "state"),
    registry=REGISTRY,
    multiprocess_mode="livemostrecent",
)
REPLICA_CIRCUIT: Final = Gauge(
    "cloakroom_upstream_replica_circuit",
    "Whether a server that failed is asked again: 0 closed, 1 half-open, 2 open.",
    ("upstream", "replica"),
    registry=REGISTRY,
    multiprocess_mode="livemax",
)
REPLICA_LOAD: Final = {
    what: Gauge(
        f"cloakroom_upstream_replica_{what}",
        f"{said}, as a server of a pool says itself; 0 where it says nothing.",
        ("upstream", "replica"),
        registry=REGISTRY,
        multiprocess_mode="livemostrecent",
    )
    for what, said in (
        ("waiting", "Requests that wait"),
        ("running", "Requests that run"),
        ("kv_cache_ratio", "Use of the KV cache, 0 to 1"),
    )
}
# OpenTelemetry's gen_ai.client.token.usage; the requested model is the caller's text, so no label.
TOKEN_USAGE: Final = Histogram(
    "gen_ai_client_token_usage",
    "Input and output tokens of an exchange, as the upstream counts them.",
    ("gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_token_type"),
    buckets=_TOKENS,
    registry=REGISTRY,
)


def request_ended(
    family: str, effect: str, outcome: str, seconds: float, trace_id: str = ""
) -> None:
    """Count a finished request; `trace_id` is that of a trace which shows it."""
    REQUESTS.labels(_label(family), _label(effect), _label(outcome)).inc()
    REQUEST_SECONDS.observe(seconds, _exemplar(trace_id))


def entities_found(entity_type: str, operator: str, count: int = 1) -> None:
    """Count findings; a type that is not `[A-Z0-9_]{1,40}` is counted as OTHER."""
    bounded = entity_type if _ENTITY_TYPE.fullmatch(entity_type) else "OTHER"
    ENTITIES.labels(bounded, _label(operator)).inc(count)


def placeholders(
    *, issued: int = 0, restored: int = 0, damaged: int = 0, foreign: int = 0, blocked: int = 0
) -> None:
    """Count placeholders by what became of them."""
    states = {
        "issued": issued,
        "restored": restored,
        "damaged": damaged,
        "foreign": foreign,
        "blocked": blocked,
    }
    for state, count in states.items():
        if count:
            PLACEHOLDERS.labels(state).inc(count)


def failed_closed(reason: str) -> None:
    """Count a request that was refused because a stage failed; `reason` is the error's code."""
    FAIL_CLOSED.labels(_label(reason)).inc()


def error_answered(status: int, code: str) -> None:
    """Count a request whose answer is an error, or ends with one."""
    ERRORS.labels(str(status), _label(code)).inc()


def audit_sink(sink: str, *, up: bool) -> None:
    """Note whether a sink works; `sink` is its configured name."""
    AUDIT_SINK_UP.labels(_label(sink)).set(int(up))


def audit_age(what: str, seconds: float) -> None:
    """Note how old the audit log's last `anchor` or `checkpoint` is."""
    AUDIT_AGE_SECONDS[what].set(seconds)


def policy_reloaded(*, accepted: bool) -> None:
    """Count changed policy files, by whether they are in force now."""
    POLICY_RELOADS.labels("accepted" if accepted else "rejected").inc()


def config_reloaded(result: str) -> None:
    """Count a changed configuration: `accepted`, `rejected` or `needs_restart`."""
    CONFIG_RELOADS.labels(_label(result)).inc()


def upstream_phase(upstream: str, phase: str, seconds: float, trace_id: str = "") -> None:
    """Note how long an upstream took to its first byte, or in all."""
    labels = _label(upstream), _label(phase)
    UPSTREAM_SECONDS.labels(*labels).observe(seconds, _exemplar(trace_id))


def upstream_attempt(upstream: str, result: str) -> None:
    """Count a time that an upstream was asked; `result` is `answered` or the error's code."""
    UPSTREAM_ATTEMPTS.labels(_label(upstream), _label(result)).inc()


def upstream_replica(upstream: str, replica: int, states: Mapping[str, bool], circuit: int) -> None:
    """Note in which state a server is, and its circuit; `replica` is its number."""
    for state, is_so in states.items():
        REPLICA_STATE.labels(_label(upstream), str(replica), _label(state)).set(int(is_so))
    REPLICA_CIRCUIT.labels(_label(upstream), str(replica)).set(circuit)


def upstream_load(
    upstream: str, replica: int, waiting: float | None, running: float | None, cache: float | None
) -> None:
    """Note what a server says of its load; None where it says nothing."""
    said = {"waiting": waiting, "running": running, "kv_cache_ratio": cache}
    for what, value in said.items():
        REPLICA_LOAD[what].labels(_label(upstream), str(replica)).set(value or 0.0)


def tokens_used(operation: str, provider: str, *, prompt: int, completion: int) -> None:
    """Note the tokens of one exchange; `operation` as OpenTelemetry names it, such as "chat"."""
    for kind, count in (("input", prompt), ("output", completion)):
        TOKEN_USAGE.labels(_label(operation), _label(provider), kind).observe(count)


def worker_ended(pid: int) -> None:
    """Forget what a process that is gone had in flight; what it counted stays."""
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        mark_process_dead(pid)  # type: ignore[no-untyped-call]


def render(accept: str = "") -> tuple[bytes, str]:
    """The metrics, and their content type: OpenMetrics, which has the traces of exemplars, where
    `accept` asks for it, else Prometheus' text format.

    With PROMETHEUS_MULTIPROC_DIR set, those of all worker processes together.
    """
    registry = REGISTRY
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    try:
        encode, content_type = choose_encoder(accept)
    except (TypeError, ValueError):  # it fails over a version that is no number
        encode, content_type = choose_encoder("")
    return encode(registry), content_type


def _exemplar(trace_id: str) -> dict[str, str] | None:
    return {"trace_id": trace_id} if _TRACE_ID.fullmatch(trace_id) else None


def _label(value: str) -> str:
    return value if _LABEL.fullmatch(value) else "other"
