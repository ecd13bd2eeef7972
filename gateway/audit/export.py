"""Audit records as JSON lines, as CSV, and as OCSF events. Pure.

All of it comes from the closed schema of `audit/record.py`: names, counts, digests, never text.

JSON lines hold the canonical form of each record, byte by byte: what its leaf hash is made of.

CSV (RFC 4180) has one column for each field, named as in the record with dots. Lists and counts
stand in one cell, `PERSON=2;IBAN_CODE=1`. A cell that a spreadsheet would take for a formula,
because it starts with one of = + - @, a tab or a carriage return, gets an apostrophe before it.

OCSF events (class API Activity, 6003) are those that `sinks/ocsf.py` delivers.

Tiles are no lines but a folder of the whole log: see `tiles.py`.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, Final, TypeAlias

import orjson

from gateway.audit.sinks import ocsf

Document: TypeAlias = Mapping[str, Any]
"""A record as JSON values: its canonical form, parsed."""

COLUMNS: Final = (
    "v", "event_id", "type", "ts", "request_id", "parent_id", "conversation_ref", "tenant",
    "actor_kind", "actor_ref", "authn.method", "authn.key_id", "config_sha256", "build", "target",
    "endpoint", "operation", "stream", "model_requested", "model_served", "upstream_id",
    "upstream_class", "outcome", "http_status", "error_code", "finish_reasons",
    "routing.processor", "routing.country", "routing.dpa_ref", "routing.retention_days",
    "routing.attempts", "routing.dropped_turns",
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
    "erasure.reason", "erasure.scope", "erasure.requests", "erasure.capsules", "erasure.keys",
    "erasure.index_rows", "erasure.nonces", "erasure.feedback",
    "unmask.request_id", "unmask.kinds", "unmask.code", "unmask.ticket", "unmask.reason",
    "unmask.asked_by", "unmask.decided_by",
    "feedback.verdict", "feedback.entity_type", "feedback.length", "feedback.value",
    "feedback.about", "feedback.given_by", "feedback.decided_by",
)  # fmt: skip

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


class Format(StrEnum):
    """In what form records are exported."""

    JSONL = "jsonl"
    CSV = "csv"
    OCSF = "ocsf"
    TILES = "tiles"


def head_of(form: Format) -> bytes:
    """What stands before the first record."""
    return csv_header().encode() if form is Format.CSV else b""


def line_of(form: Format, leaf_index: int, body: bytes) -> bytes:
    """A record in its canonical form as one line of an export, with its line end.

    Raises:
        KeyError, ValueError: the bytes are not those of a record, or the form has no lines.
    """
    if form is Format.TILES:
        raise ValueError("tiles are no lines")
    if form is Format.JSONL:
        return body + b"\n"
    record = orjson.loads(body)
    if not isinstance(record, dict):
        raise ValueError("a record is an object")  # noqa: TRY004 -- a fault of data
    if form is Format.CSV:
        return csv_line(record).encode()
    return orjson.dumps(ocsf.event(leaf_index, record)) + b"\n"


def csv_row(cells: Iterable[str]) -> str:
    """Cells as one line of CSV, with its line end; none is taken for a formula."""
    return _line(map(_escaped, cells))


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
