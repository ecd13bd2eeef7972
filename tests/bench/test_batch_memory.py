"""The figures of what a batch costs, on few lines."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.bench.batch_memory import measure, table


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_every_figure_is_there(tmp_path: Path) -> None:
    """All lines came back restored, and memory is counted."""
    found = measure(tmp_path, 100, 300)

    assert [one.lines for one in found] == [10, 100]
    assert all(one.restored == one.lines for one in found)
    assert all(one.before > 0 and one.upload_s > 0 for one in found)
    assert "lines/s" in table(found)
