"""The figures of what the audit log costs, on few requests and records."""

from __future__ import annotations

from pathlib import Path

from tests.bench.audit_cost import AT_A_TIME, WRITERS, measure, table


def test_every_figure_is_there(tmp_path: Path):
    """On SQLite: all requests answered, all records in the tree, and the log verified."""
    figures = measure(tmp_path, "", 64, 80)

    assert set(figures.per_request) == set(AT_A_TIME)
    assert set(figures.records_s) == set(figures.leaves_s) == set(WRITERS)
    assert figures.records >= 80
    assert figures.bytes_per_record > figures.body_bytes > 500
    assert "records/s" in table("SQLite", figures)
