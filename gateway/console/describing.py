"""A record in words and in rows, for people. Pure.

Everything here is of the closed schema of records; what this does not know stands in the record
itself, which the page shows whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, TypeAlias

Record: TypeAlias = Mapping[str, Any]

_OF_THE_ROW: Final = frozenset(
    "seq leaf_index writer_id writer_seq leaf_hash prev_writer_hash mac".split()
)
_SECTIONS: Final = (
    (
        "What happened",
        (
            ("Time", "ts"), ("Type", "type"), ("Tenant", "tenant"), ("About", "target"),
            ("Request", "request_id"), ("Endpoint", "endpoint"), ("Outcome", "outcome"),
            ("HTTP status", "http_status"), ("Error", "error_code"),
        ),
    ),
    (
        "Why",
        (
            ("Decision", "policy.action"), ("Rules that matched", "policy.rule_ids"),
            ("Reason", "policy.reason_code"), ("Policy", "policy.id"),
            ("Policy's digest", "policy.sha256"), ("Only noted, not done", "policy.shadow"),
        ),
    ),
    (
        "Where it went",
        (
            ("Upstream", "upstream_id"), ("Class", "upstream_class"),
            ("Model asked for", "model_requested"), ("Model that served", "model_served"),
        ),
    ),
    (
        "Who",
        (
            ("Kind", "actor_kind"), ("Known by", "authn.method"),
            ("Key or account", "authn.key_id"), ("Reference", "actor_ref"),
        ),
    ),
    (
        "Unmasking",
        (
            ("Of the request", "unmask.request_id"), ("Texts", "unmask.kinds"),
            ("Reason", "unmask.code"), ("Ticket", "unmask.ticket"),
            ("Digest of the words for it", "unmask.reason"),
            ("Asked by", "unmask.asked_by"), ("Decided by", "unmask.decided_by"),
        ),
    ),
    (
        "Feedback",
        (
            ("What", "feedback.verdict"), ("Entity type", "feedback.entity_type"),
            ("Characters of the value", "feedback.length"),
            ("Digest of the value", "feedback.value"), ("About the record", "feedback.about"),
            ("Given by", "feedback.given_by"), ("Decided by", "feedback.decided_by"),
        ),
    ),
    (
        "Masking and restoring",
        (
            ("Placeholders issued", "transform.placeholders_issued"),
            ("Restored in the answer", "transform.restored"),
            ("Left as they were", "transform.unrestored"),
            ("Damaged by the model", "transform.damaged"),
            ("Not of this request", "transform.foreign"),
            ("Kept out of links", "transform.blocked_sinks"),
            ("New in the answer", "transform.new_data"),
        ),
    ),
    (
        "Detection",
        (
            ("Engine", "detection.engine"), ("Profile", "detection.profile"),
            ("Languages", "detection.languages"),
            ("Not supported", "detection.unsupported_languages"),
            ("Bytes of text", "detection.bytes"), ("Milliseconds", "detection.ms"),
        ),
    ),
    (
        "Cost",
        (
            ("Tokens in", "usage.input"), ("Tokens out", "usage.output"),
            ("Milliseconds in all", "latency_ms.total"),
        ),
    ),
)  # fmt: skip
"""The sections of a record's page: words, and where in the record the value stands."""

_OUTCOMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "denied": "was denied",
        "completed": "was answered",
        "aborted": "was left by its caller",
        "failed": "failed",
        "outcome_unknown": "has no known end: the process that served it died",
    }
)
_PROBLEMS: Final = frozenset({"denied", "failed", "outcome_unknown"})


@dataclass(frozen=True, slots=True)
class Masked:
    """Findings of one type: how many, and the operator that was applied, "" where none was."""

    entity_type: str
    count: int
    operator: str


@dataclass(frozen=True, slots=True)
class Section:
    """Rows of a page, under a heading."""

    title: str
    rows: tuple[tuple[str, str], ...]


def own(record: Record) -> dict[str, Any]:
    """The record's own members, without those of the row that it was read from."""
    return {
        name: value for name, value in record.items() if name not in _OF_THE_ROW and value != ""
    }


def masked(record: Record) -> list[Masked]:
    """What was found, by type, with what was done to it."""
    found = (record.get("detection") or {}).get("entities") or {}
    operators = (record.get("transform") or {}).get("operators") or {}
    decided = (record.get("policy") or {}).get("operators") or {}
    return [
        Masked(name, int(count), str(operators.get(name) or decided.get(name) or ""))
        for name, count in sorted(found.items())
    ]


def tone(record: Record) -> str:
    """How a record's badge looks: `bad`, `good` or neither."""
    kind = str(record.get("type", ""))
    if record.get("outcome") in _PROBLEMS or kind.endswith((".failed", ".dropped", "_failed")):
        return "bad"
    return "good" if record.get("outcome") == "completed" else ""


def sentence(record: Record) -> str:
    """What happened, in one sentence."""
    kind = str(record.get("type", ""))
    if not kind.startswith("request."):
        about = f" ({record['target']})" if record.get("target") else ""
        return f"{kind}{about}, by {_who(record)}."
    tenant = record.get("tenant") or "no tenant"
    parts = [f"A request of {tenant} by {_who(record)}"]
    if model := record.get("model_requested"):
        parts.append(f"for the model {model}")
    action = (record.get("policy") or {}).get("action")
    if upstream := record.get("upstream_id"):
        sort = record.get("upstream_class")
        parts.append(f"to {upstream} ({sort})" if sort else f"to {upstream}")
    end = _OUTCOMES.get(str(record.get("outcome", "")), "was accepted")
    ruled = f"; policy said {action}" if action else ""
    return f"{' '.join(parts)} {end}{ruled}."


def _who(record: Record) -> str:
    authn = record.get("authn") or {}
    kind = str(record.get("actor_kind", "nobody"))
    return f"{kind} {authn['key_id']}" if authn.get("key_id") else kind


def sections(record: Record) -> list[Section]:
    """The record's facts, in the order in which people ask for them; empty ones are left out."""
    made = [
        Section(title, tuple((label, _text(_at(record, path))) for label, path in rows))
        for title, rows in _SECTIONS
    ]
    kept = [Section(one.title, tuple(row for row in one.rows if row[1])) for one in made]
    return [one for one in kept if one.rows]


def _at(record: Record, path: str) -> object:
    value: object = record
    for step in path.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _text(value: object) -> str:
    if value is None or isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {count}" for name, count in sorted(value.items()))
    return str(value)
