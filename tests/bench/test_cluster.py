"""What the benches of running gateways make of what they saw."""

from __future__ import annotations

import pytest

from tests.bench import soak
from tests.bench.cluster import Seen, Seens, Used, _outcome


def seens(*ends: float, outcome: str = "200") -> Seens:
    return Seens([Seen(end - 0.5, end, outcome) for end in ends])


def test_the_longest_gap_is_between_good_answers_alone():
    seen = Seens([*seens(3, 1, 2).all, *seens(4, outcome="503 x").all, *seens(7).all])
    assert seen.longest_gap_s(0.5, 7.5) == 4.0
    assert seen.longest_gap_s(0.5, 20.0) == 13.0
    assert seens().longest_gap_s(1.0, 3.0) == 2.0


def test_outcomes_are_counted_and_bounded_in_time():
    seen = Seens([*seens(1, 2).all, *seens(3, outcome="cut").all])
    assert seen.outcomes() == {"200": 2, "cut": 1}
    assert seen.between(1.0, 2.0).outcomes() == {"200": 1}
    assert seen.ms(0.99) == 500.0
    assert seen.ms(0.99, streamed=True) == 0.0


@pytest.mark.parametrize(
    ("status", "raw", "streamed", "outcome"),
    [
        (200, b'{"choices": [{"message": {"content": "a"}}]}', False, "200"),
        (200, b'{"choices": [{"message": {"content": "<X>"}}]}', False, "wrong"),
        (200, b'data: {"choices": [{"delta": {"content": "a"}}]}\n\ndata: [DONE]\n\n', True, "200"),
        (200, b'data: {"choices": [{"delta": {"content": "a"}}]}\n\n', True, "cut"),
        (200, b'data: {"choices": [{"delta": {}}]}\n\ndata: [DONE]\n\n', True, "wrong"),
        (503, b'{"error": {"code": "audit_unavailable"}}', False, "503 audit_unavailable"),
        (502, b"<html>", False, "502 of the balancer"),
    ],
)
def test_an_answer_is_good_only_if_the_text_came_back(
    status: int, raw: bytes, streamed: bool, outcome: str
):
    assert _outcome(status, raw, streamed, "a") == outcome


def test_the_slope_of_a_line():
    assert soak.slope([(0, 1), (1, 3), (2, 5)]) == 2.0
    assert soak.slope([(0, 1)]) == 0.0


def test_drift_leaves_the_first_third_out():
    samples = [(float(at), Used(0.0, 100.0 if at < 3 else 200.0, 10 + at)) for at in range(9)]
    found = soak.drift(samples)
    assert found["rss_slope_mib_per_hour"] == 0.0
    assert (found["rss_mib_at_begin"], found["rss_mib_at_end"]) == (100.0, 200.0)
    assert (found["files_after_a_third"], found["files_most"]) == (13, 18)


def test_drift_tells_apart_what_goes_on_at_the_end():
    samples = [(float(at), Used(0.0, 100.0 + min(at, 6), 10)) for at in range(9)]
    found = soak.drift(samples)
    assert found["rss_slope_mib_per_hour"] > 0
    assert found["rss_slope_of_the_last_third"] == 0.0
