"""How old the newest checkpoint is, as it is read in the log."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from gateway.audit.aging import CheckpointAge
from gateway.audit.reading import open_log
from gateway.metrics import AUDIT_AGE_SECONDS

from .logs import START_MS, bodies, make_log

GAUGE = AUDIT_AGE_SECONDS["checkpoint"]
NOW = START_MS / 1000 + 3_701


@pytest.fixture(autouse=True)
def unset():
    GAUGE.set(-1)


def look(url: str) -> float:
    CheckpointAge(partial(open_log, url), wall=lambda: NOW).look()
    return float(GAUGE._value.get())


def test_the_newest_counts(tmp_path: Path):
    log = make_log(tmp_path / "audit.db", bodies(20), [10, 20])
    assert look(log.url) == pytest.approx(3_681, abs=1)


def test_where_nothing_was_ever_signed_nothing_is_said(tmp_path: Path):
    assert look(make_log(tmp_path / "audit.db", bodies(3), []).url) == -1


def test_a_log_that_cannot_be_read_is_for_others_to_tell(tmp_path: Path):
    assert look(f"sqlite:///{tmp_path}/none.db") == -1
