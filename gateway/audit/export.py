"""Audit records in the forms that other programs read: CSV, and events of OCSF 1.9. Pure.

All of it comes from the closed schema of `audit/record.py`: names, counts, digests, never text.

CSV (RFC 4180) has one column for each field, named as in the record with dots. Lists and counts
stand in one cell, `PERSON=2;IBAN_CODE=1`. A cell that a spreadsheet would take for a formula,
because it starts with one of = + - @, a tab or a carriage return, gets an apostrophe before it.

OCSF (Open Cybersecurity Schema Framework) 1.9.0: every record is an event of the class API
Activity (6003, category 6). What goes where:

    event_id, type, tenant    metadata.uid, metadata.event_code, metadata.tenant_uid
    ts                        time, as milliseconds since 1970; metadata.original_time
    request_id, parent_id     api.request.uid; metadata.correlation_uid
    operation or type         api.operation, with the endpoint as api.service.name
    http_status, error_code   api.response.code, api.response.error
    outcome                   status_id (1 success, 2 failure), status_code
    actor_ref, authn.key_id   actor.user.uid, and actor.user.name for a key; src_endpoint.name
    upstream_id               dst_endpoint.name
    target                    resources[0].name
    model_*, usage            ai_model, message_context (profile ai_operation)
    latency_ms.total          duration
    all the rest              unmapped, under the names of the record

Addresses are not recorded, so that src_endpoint, which the class requires, holds a name only.
`activity_id` is 1 to 4 where the type is one of create, read, update and delete, else 99.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeAlias

from gateway.audit.facts import EventType

Document: TypeAlias = Mapping[str, Any]
"""A record as JSON values: its canonical form, parsed."""

COLUMNS: Final = (
    "v", "event_id", "type", "ts", "request_id", "parent_id", "conversation_ref", "tenant",
    "actor_kind", "actor_ref", "authn.method", "authn.key_id", "config_sha256", "build", "target",
    "endpoint", "operation", "stream", "model_requested", "model_served", "upstream_id",
    "upstream_class", "outcome", "http_status", "error_code", "finish_reasons",
    "policy.id", "policy.sha256", "policy.action", "policy.rule_ids", "policy.reason_code",
    "policy.operators", "policy.shadow",
    "context.family", "context.roles", "context.tags", "context.has_media",
    "context.has_unknown_fields", "context.hosted_tools", "context.offered",
    "detection.engine", "detection.profile", "detection.classifier_sha256", "detection.engines",
    "detection.languages", "detection.unsupported_languages", "detection.ms",
    "detection.segments", "detection.bytes", "detection.entities", "detection.bands",
    "transform.operators", "transform.placeholders_issued", "transform.restored",
    "transform.unrestored", "transform.damaged", "transform.foreign", "transform.blocked_sinks",
    "transform.new_data",
    "usage.input", "usage.output", "usage.cached",
    "latency_ms.detect", "latency_ms.upstream_ttft", "latency_ms.upstream", "latency_ms.total",
    "commit.masked_request", "commit.masked_response",
)  # fmt: skip

OCSF_VERSION: Final = "1.9.0"
API_ACTIVITY: Final = 6003

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_CREATE, _READ, _UPDATE, _DELETE, _OTHER = 1, 2, 3, 4, 99
_ACTIVITIES: Final[Mapping[str, int]] = {
    EventType.KEY_CREATED: _CREATE,
    EventType.APIKEY_CREATED: _CREATE,
    EventType.HOLD_SET: _CREATE,
    EventType.AUDIT_VIEWED: _READ,
    EventType.AUDIT_SEARCHED: _READ,
    EventType.AUDIT_EXPORTED: _READ,
    EventType.AUDIT_VERIFIED: _READ,
    EventType.UNMASK_PERFORMED: _READ,
    EventType.POLICY_LOADED: _READ,
    EventType.POLICY_CHANGED: _UPDATE,
    EventType.KEY_ROTATED: _UPDATE,
    EventType.ADMIN_ROLE_CHANGED: _UPDATE,
    EventType.KEY_DESTROYED: _DELETE,
    EventType.APIKEY_REVOKED: _DELETE,
    EventType.VAULT_PURGED: _DELETE,
    EventType.ERASURE_EXECUTED: _DELETE,
    EventType.HOLD_RELEASED: _DELETE,
    EventType.RETENTION_PRUNED: _DELETE,
}
_FAILED: Final = {
    EventType.REQUEST_DENIED,
    EventType.REQUEST_ABORTED,
    EventType.REQUEST_FAILED,
    EventType.DETECTION_FAILED,
    EventType.STREAM_TRUNCATED,
    EventType.POLICY_REJECTED,
    EventType.UNMASK_DENIED,
    EventType.UNMASK_EXPIRED,
    EventType.ADMIN_LOGIN_FAILED,
    EventType.APIKEY_USED_AFTER_REVOKE,
    EventType.SINK_DEGRADED,
    EventType.SELFTEST_FAILED,
}
_UNKNOWN: Final = {EventType.REQUEST_ACCEPTED, EventType.REQUEST_OUTCOME_UNKNOWN}
_INFORMATIONAL, _LOW, _MEDIUM, _HIGH = 1, 2, 3, 4
_SEVERITIES: Final[Mapping[str, int]] = {
    EventType.REQUEST_DENIED: _LOW,
    EventType.REQUEST_FAILED: _LOW,
    EventType.REQUEST_OUTCOME_UNKNOWN: _MEDIUM,
    EventType.DETECTION_FAILED: _MEDIUM,
    EventType.STREAM_TRUNCATED: _LOW,
    EventType.POLICY_REJECTED: _MEDIUM,
    EventType.UNMASK_PERFORMED: _LOW,
    EventType.ADMIN_LOGIN_FAILED: _MEDIUM,
    EventType.APIKEY_USED_AFTER_REVOKE: _HIGH,
    EventType.SINK_DEGRADED: _MEDIUM,
    EventType.SELFTEST_FAILED: _HIGH,
}
_MAPPED: Final = {
    "event_id", "type", "ts", "tenant", "request_id", "parent_id", "operation", "endpoint",
    "http_status", "error_code", "outcome", "actor_ref", "upstream_id", "target",
    "model_requested", "model_served", "build",
}  # fmt: skip


def csv_header() -> str:
    """The first line of a CSV file, with its line end."""
    return _line(COLUMNS)


def csv_line(record: Document) -> str:
    """A record as one line of CSV, with its line end. What it does not have is empty."""
    return _line(_escaped(_cell(_at(record, name))) for name in COLUMNS)


def _line(cells: Iterable[str]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue()


def _at(record: Document, name: str) -> object:
    value: object = record
    for step in name.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return ";".join(f"{key}={_inner(one)}" for key, one in sorted(value.items()))
    if isinstance(value, list | tuple):
        return ";".join(map(_inner, value))
    return str(value)


def _inner(value: object) -> str:
    """A member of a list or the like: the few that are lists themselves take slashes."""
    if isinstance(value, list | tuple):
        return "/".join(map(_cell, value))
    return _cell(value)


def _escaped(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def ocsf(record: Document) -> dict[str, Any]:
    """A record as an OCSF 1.9.0 event of the class API Activity (6003).

    Raises:
        KeyError, ValueError: the document is not that of a record.
    """
    kind = str(record["type"])
    activity = _ACTIVITIES.get(kind, _OTHER)
    moment = datetime.fromisoformat(str(record["ts"]))
    failed, unknown = kind in _FAILED, kind in _UNKNOWN
    event: dict[str, Any] = {
        "category_uid": 6,
        "class_uid": API_ACTIVITY,
        "activity_id": activity,
        "type_uid": API_ACTIVITY * 100 + activity,
        "time": (moment - _EPOCH) // timedelta(milliseconds=1),
        "severity_id": _SEVERITIES.get(kind, _INFORMATIONAL),
        "status_id": 0 if unknown else 2 if failed else 1,
        "metadata": _metadata(record),
        "actor": {"user": _user(record)},
        "src_endpoint": {"name": _caller(record)},
        "api": _api(record),
    }
    if activity == _OTHER:
        event["activity_name"] = kind
    if "outcome" in record:
        event["status_code"] = record["outcome"]
    if "upstream_id" in record:
        event["dst_endpoint"] = {"name": record["upstream_id"]}
    if "target" in record:
        event["resources"] = [{"name": record["target"]}]
    if total := _at(record, "latency_ms.total"):
        event["duration"] = total
    event |= _model(record)
    event["unmapped"] = {name: value for name, value in record.items() if name not in _MAPPED}
    return event


def _metadata(record: Document) -> dict[str, Any]:
    product = {"name": "Cloakroom", "vendor_name": "Cloakroom", "version": record.get("build")}
    metadata = {
        "version": OCSF_VERSION,
        "product": _known(product),
        "uid": record["event_id"],
        "original_event_uid": record["event_id"],
        "event_code": record["type"],
        "original_time": record["ts"],
        "tenant_uid": record.get("tenant"),
        "correlation_uid": record.get("parent_id"),
        "log_name": "audit",
        "profiles": ["ai_operation"] if "model_requested" in record else None,
    }
    return _known(metadata)


def _user(record: Document) -> dict[str, Any]:
    key = _at(record, "authn.key_id") or record["actor_kind"]
    return _known({"uid": record.get("actor_ref"), "name": key})


def _caller(record: Document) -> object:
    return _at(record, "authn.key_id") or record["actor_kind"]


def _api(record: Document) -> dict[str, Any]:
    status, code = record.get("http_status"), record.get("error_code")
    request, endpoint = record.get("request_id"), record.get("endpoint")
    api = {
        "operation": record.get("operation") or record["type"],
        "service": {"name": endpoint} if endpoint else None,
        "request": {"uid": request} if request else None,
        "response": _known({"code": status, "error": code}) or None,
    }
    return _known(api)


def _model(record: Document) -> dict[str, Any]:
    """The attributes of the profile ai_operation. A model's provider is the upstream."""
    requested = record.get("model_requested")
    if requested is None:
        return {}
    served, provider = record.get("model_served"), record.get("upstream_id", "none")
    found: dict[str, Any] = {
        "ai_model": {"name": served or requested, "uid": requested, "ai_provider": provider}
    }
    usage = record.get("usage")
    if isinstance(usage, Mapping):
        tokens = {
            "prompt_tokens": usage.get("input", 0),
            "completion_tokens": usage.get("output", 0),
            "total_tokens": usage.get("input", 0) + usage.get("output", 0),
        }
        context = {"uid": record.get("request_id"), "service": {"name": "Cloakroom"}}
        found["message_context"] = _known(context) | tokens
    return found


def _known(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
