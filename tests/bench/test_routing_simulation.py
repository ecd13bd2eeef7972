"""The simulation of routing: at a small size, it serves all, and the picture holds every line."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from tests.bench.routing_simulation import PICKS, measure, picture, simulate, trace


@pytest.mark.parametrize("pick", PICKS)
def test_all_are_served_and_nobody_before_it_came(pick: str):
    served = simulate(PICKS[pick](), trace(1, 400, 30.0))
    assert len(served) == 400
    assert all(one.waited >= 0 and 0 <= one.hit <= one.prompt for one in served)
    assert any(one.waited for one in served)


def test_ours_finds_more_in_caches_than_a_turn_about_and_waits_less_than_hashing():
    """Simulated, so always the same figures."""
    rows = {pick: measure(pick, 16.0, 2_000, 1) for pick in PICKS}
    assert rows["ours"].hit_share > 1.2 * rows["round-robin"].hit_share
    assert rows["ours"].p99_wait_s < rows["pure hashing"].p99_wait_s / 2


def test_the_picture_has_a_line_for_each_in_both_panels():
    rows = [measure(pick, load, 200, 1) for pick in PICKS for load in (10.0, 20.0)]
    drawn = ElementTree.fromstring(picture(rows))
    lines = drawn.iter("{http://www.w3.org/2000/svg}polyline")
    assert len(list(lines)) == 2 * len(PICKS)
