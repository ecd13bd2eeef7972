"""The benchmark of `policy simulate` runs: at a small size, and without a word of time."""

from __future__ import annotations

from pathlib import Path

from tests.bench import simulate_many


def test_the_log_that_it_makes_can_be_replayed(tmp_path: Path):
    rows = simulate_many.make(tmp_path / "audit.db", 50)
    assert 50 <= rows <= 100
