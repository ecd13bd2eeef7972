"""Exports: every field of the closed schema has its place, and no cell is a formula."""

from __future__ import annotations

import csv
import io
from dataclasses import asdict
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.audit.content.facts import ErasureFacts, FeedbackFacts, UnmaskFacts
from gateway.audit.export import COLUMNS, Format, csv_header, csv_line, head_of, line_of
from gateway.audit.record import canonical, leaf_hash
from tests.audit.logs import bodies
from tests.audit.test_record import full

ERASURE: dict[str, Any] = {
    "erasure": asdict(ErasureFacts(reason="gdpr-17-1b", scope="0" * 64, requests=3))
}
ASKED = UnmaskFacts(
    request_id="req_1", kinds=("masked_request",), code="incident", reason="0" * 64, asked_by="anna"
)
SAID = FeedbackFacts(verdict="wrong", entity_type="PERSON", given_by="anna")
OF_THE_CONSOLE: dict[str, Any] = {"unmask": asdict(ASKED), "feedback": asdict(SAID)}
FULL: dict[str, Any] = orjson.loads(canonical(full()))


def row(record: dict[str, Any]) -> dict[str, str]:
    """A record as a reader of CSV gets it."""
    (found,) = csv.DictReader(io.StringIO(csv_header() + csv_line(record), newline=""))
    return found


def names(value: dict[str, Any], prefix: str = "") -> set[str]:
    """The fields of a record, with dots; a mapping by entity type is one field."""
    found: set[str] = set()
    for name, child in value.items():
        open_ended = name in {"operators", "entities", "bands", "new_data"}
        if isinstance(child, dict) and not open_ended:
            found |= names(child, f"{prefix}{name}.")
        else:
            found.add(prefix + name)
    return found


def test_every_field_has_a_column():
    assert names(FULL) | names(ERASURE) | names(OF_THE_CONSOLE) <= set(COLUMNS)
    assert len(set(COLUMNS)) == len(COLUMNS)


def test_every_column_is_a_field():
    """Those that a full record does not show are shown by another one."""
    rest = set(COLUMNS) - names(FULL) - names(ERASURE) - names(OF_THE_CONSOLE)
    assert rest <= {"target", "policy.shadow", "parent_id", "error_code", "transform.new_data"}


def test_cells_are_what_the_record_says():
    record = FULL | {
        "stream": True,
        "finish_reasons": ["stop", "length"],
        "detection": {"entities": {"PERSON": 2, "IBAN_CODE": 1}, "bands": {"PERSON": [1, 0, 1]}},
        "context": {"offered": [["a", "on_prem"], ["b", "external"]]},
    }
    cells = row(record)
    assert cells["event_id"] == FULL["event_id"]
    assert cells["stream"] == "true"
    assert cells["finish_reasons"] == "stop;length"
    assert cells["detection.entities"] == "IBAN_CODE=1;PERSON=2"
    assert cells["detection.bands"] == "PERSON=1/0/1"
    assert cells["context.offered"] == "a/on_prem;b/external"
    assert cells["usage.input"] == str(FULL["usage"]["input"])


def test_what_is_absent_is_empty():
    cells = row({"event_id": "x"})
    assert [name for name, value in cells.items() if value] == ["event_id"]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_is_a_formula(start: str):
    value = f'{start}cmd|"/c calc"!A1'
    assert row({"model_requested": value})["model_requested"] == f"'{value}"


@given(st.text(max_size=20))
def test_any_text_stays_one_harmless_cell(text: str):
    cell = row({"model_requested": text, "tenant": "acme"})
    assert cell["tenant"] == "acme"
    assert not cell["model_requested"].startswith(("=", "+", "-", "@", "\t", "\r"))
    assert cell["model_requested"].removeprefix("'") == text.removeprefix("'")


def test_json_lines_are_what_leaf_hashes_are_made_of():
    for body in bodies(4):
        line = line_of(Format.JSONL, 0, body)
        assert line.endswith(b"\n")
        assert leaf_hash(line[:-1]) == leaf_hash(body)
    assert head_of(Format.JSONL) == head_of(Format.OCSF) == b""


def test_ocsf_events_name_record_and_leaf():
    event = orjson.loads(line_of(Format.OCSF, 7, canonical(full())))
    assert event["class_uid"] == 6003
    assert event["metadata"]["version"] == "1.9.0"
    assert event["metadata"]["uid"] == FULL["event_id"]
    assert event["metadata"]["sequence"] == 7


@pytest.mark.parametrize("form", [Format.CSV, Format.OCSF])
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"7", b"\xff"])
def test_what_is_no_record_is_refused(form: Format, body: bytes):
    with pytest.raises(ValueError, match=r".*"):
        line_of(form, 0, body)
