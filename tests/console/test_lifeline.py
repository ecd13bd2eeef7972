"""A request's way in time: stages that add up to the whole, from what the record holds."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.audit.facts import Closed, Latency, Outcome
from gateway.audit.record import accepted, closed
from gateway.console.accounts import Role
from gateway.console.lifeline import WIDTH, lifeline
from tests.audit.records import facts, stamp
from tests.console.conftest import World

MS = st.integers(0, 10**6)


def closing(**more: Any) -> dict[str, Any]:
    spent = {"detect": 30, "upstream_ttft": 400, "upstream": 1400, "total": 1500}
    return {
        "upstream_id": "pool", "latency_ms": spent,
        "usage": {"input": 1200, "output": 101, "cached": 800},
        "routing": {"attempts": 2, "dropped_turns": 3},
        "context": {"offered": [["pool", "on_prem"], ["cloud", "external"]]},
        "finish_reasons": ["stop"], **more,
    }  # fmt: skip


def test_the_stages_follow_one_another_and_their_facts_are_named():
    life = lifeline([{}, closing()])
    assert life is not None
    assert [(one.start, one.ms) for one in life.stages] == [
        (0, 30),
        (30, 70),
        (100, 400),
        (500, 1000),
    ]
    assert dict(life.facts) == {
        "Candidates": "pool (on_prem), cloud (external)",
        "Servers asked": "2",
        "Turns left out, as all were too long": "3",
        "Tokens in": "1,200, of which 800 were cached",
        "Tokens out": "101, 100.0 a second after the first",
        "Ended by": "stop",
    }


@given(MS, MS, MS, MS, st.booleans())
def test_stages_add_up_to_the_whole_and_stay_in_the_picture(
    detect: int, first: int, upstream: int, total: int, sent: bool
):
    spent = {"detect": detect, "upstream_ttft": first, "upstream": upstream, "total": total}
    life = lifeline([closing(latency_ms=spent, upstream_id="pool" if sent else "")])
    if life is None:
        assert total == 0
        return
    assert sum(one.ms for one in life.stages) == life.total == total
    assert life.stages[0].start == 0
    for one, after in pairwise(life.stages):
        assert after.start == one.start + one.ms
    assert all(one.x >= 0 and one.x + one.width <= WIDTH + 0.01 for one in life.stages)
    if not sent:
        assert {one.series for one in life.stages} <= {0, 1}


@pytest.mark.parametrize(
    "records",
    [
        [],
        [{}],
        [{"latency_ms": {}}],
        [{"latency_ms": {"total": 0}}],
        [{"latency_ms": {"total": "x"}}],
    ],
)
def test_a_record_that_tells_no_times_has_no_picture(records: list[dict[str, Any]]):
    assert lifeline(records) is None


def test_an_answer_that_came_all_at_once_has_no_speed():
    spent = {"detect": 1, "upstream_ttft": 90, "upstream": 90, "total": 100}
    life = lifeline([closing(latency_ms=spent)])
    assert life is not None
    assert dict(life.facts)["Tokens out"] == "101"


def test_what_a_record_does_not_hold_is_left_out():
    bare = {"latency_ms": {"detect": 3, "total": 10}}
    life = lifeline([bare])
    assert life is not None
    assert life.facts == ()
    assert [one.ms for one in life.stages] == [3, 7]


async def test_the_page_of_a_record_shows_the_way_of_its_request(world: World):
    spent = Latency(detect=30, upstream_ttft=400, upstream=1400, total=1500)
    end = Closed(outcome=Outcome.COMPLETED, http_status=200, latency_ms=spent)
    known = replace(facts("req_1"), upstream_id="pool")
    first = accepted(known, **stamp())
    for one in (first, closed(known, end, **stamp())):
        await world.log.append(one)
    world.account("anna", Role.REVIEWER)
    answer = await (await world.browser("anna")).get(f"/console/records/{first.event_id}")
    assert "Its way, in 1,500 ms" in answer.words
    assert "From the first byte to the last 500 1,000" in answer.words
    assert answer.text.count("<rect") >= 4
