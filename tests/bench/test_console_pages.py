"""The benchmark of the console's pages runs: at a small size, and without a word of time."""

from __future__ import annotations

from pathlib import Path

from tests.bench import console_pages


def test_every_page_is_measured_on_the_log_that_it_makes(tmp_path: Path):
    figures = console_pages.run(tmp_path, 40, 1)
    assert figures["log_mb"] >= 0
    assert {"overview", "records, a day", "record, verified", "access"} <= set(figures)
