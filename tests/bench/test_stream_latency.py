"""The race between a direct stream and one through the gateway, on few."""

from __future__ import annotations

from tests.bench.stream_latency import run


def test_both_ways_are_measured():
    figures = run(4, 2, profile="patterns")

    assert set(figures["first_event_ms"]) == set(figures["event_ms"]) == {"direct", "gateway"}
    assert all(one["p50"] > 0 for one in figures["first_event_ms"].values())
