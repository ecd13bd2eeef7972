"""Records as events of OCSF 1.9, the Open Cybersecurity Schema Framework (schema.ocsf.io). Pure.

Every record is an event of the class API Activity (6003), with the profile `ai_operation`:

    activity_id        1 (Create) for requests, else 99 (Other) with the record's type as name
    severity_id        1 (Informational), or more where somebody should look
    status_id          1 where it went well, 2 where it did not, 0 where that is not known yet
    metadata           uid is the event id, sequence the leaf index, event_code the record's type,
                       correlation_uid the request id, tenant_uid the tenant
    actor.user         uid is the actor's keyed hash or the key's name; a person is never named
    api                the operation, the answer's status and error code
    src_endpoint       "client" or "cloakroom": addresses of callers are not recorded
    dst_endpoint       the upstream's configured name
    ai_model           the model that served or was asked for, and the upstream
    message_context    tokens, never text
    resources          what an event of the gateway itself is about
    unmapped           the record's own fields that have no place in OCSF, under `cloakroom`;
                       latencies too: `duration` is of events that stand for several

The event is for searching. What proves something is the canonical form, which other sinks carry.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

import orjson

from gateway.audit.sinks.base import Row, SinkFault

VERSION: Final = "1.9.0"
_CLASS: Final = 6003
_CREATE, _OTHER = 1, 99
_INFORMATIONAL, _LOW, _MEDIUM, _HIGH = 1, 2, 3, 4
_UNKNOWN, _SUCCESS, _FAILURE = 0, 1, 2
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

SEVERITIES: Final[Mapping[str, int]] = MappingProxyType(
    {
        "request.denied": _LOW,
        "request.failed": _LOW,
        "request.outcome_unknown": _MEDIUM,
        "detection.failed": _MEDIUM,
        "stream.truncated": _LOW,
        "policy.rejected": _MEDIUM,
        "config.rejected": _MEDIUM,
        "key.destroyed": _MEDIUM,
        "unmask.requested": _LOW,
        "unmask.denied": _LOW,
        "unmask.performed": _MEDIUM,
        "admin.login_failed": _MEDIUM,
        "admin.locked_out": _MEDIUM,
        "admin.refused": _LOW,
        "apikey.used_after_revoke": _HIGH,
        "sink.degraded": _MEDIUM,
        "sink.dropped": _MEDIUM,
        "selftest.failed": _HIGH,
    }
)
"""Types of records that somebody should look at; all others are informational."""
FAILURES: Final = frozenset(
    "request.denied request.aborted request.failed detection.failed stream.truncated "
    "policy.rejected config.rejected unmask.denied unmask.expired admin.login_failed "
    "admin.locked_out admin.refused apikey.used_after_revoke sink.degraded selftest.failed".split()
)
_OPEN: Final = frozenset({"request.accepted", "request.outcome_unknown"})
_USER_TYPES: Final[Mapping[str, int]] = MappingProxyType(
    {"operator": 2, "account": 2, "system": 3, "client": 4}
)
_MAPPED: Final = frozenset(
    "v event_id type ts request_id tenant target build actor_kind actor_ref operation "
    "model_requested model_served upstream_id usage http_status error_code".split()
)


def event(leaf_index: int, record: Mapping[str, Any]) -> dict[str, Any]:
    """A record, as its canonical form says it, as an OCSF event.

    Raises:
        KeyError, ValueError: it is not a record.
    """
    kind: str = record["type"]
    is_request = kind.startswith("request.")
    activity = _CREATE if is_request else _OTHER
    made: dict[str, Any] = {
        "category_uid": _CLASS // 1000,
        "class_uid": _CLASS,
        "activity_id": activity,
        "type_uid": _CLASS * 100 + activity,
        "severity_id": SEVERITIES.get(kind, _INFORMATIONAL),
        "status_id": _status(kind),
        "time": _milliseconds(record["ts"]),
        "metadata": _metadata(leaf_index, record),
        "actor": {"user": _user(record)},
        "api": _api(record),
        "src_endpoint": {"name": "client" if is_request else "cloakroom"},
    }
    if not is_request:
        made["activity_name"] = kind
    if code := record.get("error_code"):
        made["status_code"] = code
    if upstream := record.get("upstream_id"):
        made["dst_endpoint"] = {"name": upstream}
    if target := record.get("target"):
        made["resources"] = [{"name": target}]
    return made | _operation(record) | _unmapped(record)


def line_of(row: Row) -> bytes:
    """A record as an OCSF event on a line of its own.

    Raises:
        SinkFault: the record is not one of ours.
    """
    try:
        return orjson.dumps(event(row.leaf_index, orjson.loads(row.body))) + b"\n"
    except (KeyError, ValueError, TypeError, AttributeError):
        raise SinkFault("record_unreadable") from None


def _status(kind: str) -> int:
    if kind in FAILURES:
        return _FAILURE
    return _UNKNOWN if kind in _OPEN else _SUCCESS


def _milliseconds(ts: str) -> int:
    return (datetime.fromisoformat(ts) - _EPOCH) // timedelta(milliseconds=1)


def _metadata(leaf_index: int, record: Mapping[str, Any]) -> dict[str, Any]:
    product = {"name": "Cloakroom", "vendor_name": "Cloakroom", "version": record.get("build")}
    made = {
        "version": VERSION,
        "profiles": ["ai_operation"],
        "product": {name: value for name, value in product.items() if value},
        "log_name": "cloakroom-audit",
        "log_version": str(record["v"]),
        "uid": record["event_id"],
        "sequence": leaf_index,
        "event_code": record["type"],
        "original_time": record["ts"],
        "tenant_uid": record.get("tenant"),
        "correlation_uid": record.get("request_id"),
    }
    return {name: value for name, value in made.items() if value not in (None, "")}


def _user(record: Mapping[str, Any]) -> dict[str, Any]:
    kind = record["actor_kind"]
    uid = record.get("actor_ref") or record.get("authn", {}).get("key_id") or kind
    return {"uid": uid, "name": kind, "type_id": _USER_TYPES.get(kind, 0)}


def _api(record: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {
        "operation": record.get("operation") or record["type"],
        "service": {"name": "cloakroom"},
    }
    if request_id := record.get("request_id"):
        made["request"] = {"uid": request_id}
    if status := record.get("http_status"):
        made["response"] = {"code": status}
        if code := record.get("error_code"):
            made["response"]["error"] = code
    return made


def _operation(record: Mapping[str, Any]) -> dict[str, Any]:
    """What the profile `ai_operation` adds."""
    model = record.get("model_served") or record.get("model_requested")
    if not model:
        return {}
    context: dict[str, Any] = {"service": {"name": "cloakroom"}}
    if usage := record.get("usage"):
        given, got = usage.get("input", 0), usage.get("output", 0)
        tokens = {"prompt_tokens": given, "completion_tokens": got, "total_tokens": given + got}
        context |= tokens
    provider = record.get("upstream_id") or "unknown"
    return {"ai_model": {"ai_provider": provider, "name": model}, "message_context": context}


def _unmapped(record: Mapping[str, Any]) -> dict[str, Any]:
    rest = {name: value for name, value in record.items() if name not in _MAPPED}
    if record.get("model_served") and record.get("model_requested"):
        rest["model_requested"] = record["model_requested"]
    return {"unmapped": {"cloakroom": rest}} if rest else {}
