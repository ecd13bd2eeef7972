"""Gateways behind a balancer: whatever is done to them, no record is lost or doubled."""

from __future__ import annotations

import shutil

import pytest

from tests.audit import pg
from tests.bench import ha

pytestmark = [
    pytest.mark.rolling,
    pytest.mark.skipif(bool(pg.reason_to_skip()), reason=pg.reason_to_skip() or "-"),
    pytest.mark.skipif(shutil.which("haproxy") is None, reason="no haproxy on the path"),
]


def test_no_record_is_lost_and_nobody_notices_that_all_are_rolled():
    figures = ha.run(rate=5, replicas=2, gone_s=5, calm_s=2, profile="patterns")
    books = figures.pop("books")
    assert (books["lost"], books["doubled"], books["open"]) == (0, 0, 0)
    assert books["ended"]["request.completed"] > 50
    assert set(figures["calm"]["outcomes"]) == set(figures["all rolled"]["outcomes"]) == {"200"}
    seen = {outcome for one in figures.values() for outcome in one["outcomes"]}
    assert "200" in seen
    # what is in flight where somebody dies breaks; what cannot go on record is refused
    assert seen <= {"200", "broken", "cut", "503 audit_unavailable", "503 of the balancer"}
