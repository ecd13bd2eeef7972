"""Counts, charts and ages on the first page: right, within one's tenants, and read only once."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.console.accounts import Role
from gateway.console.charts import HEIGHT, SERIES, WIDTH, stacked
from gateway.console.counting import Counting
from gateway.console.overview import age
from gateway.console.tally import MOST_NAMES, OTHERS, Counts, Tally, last_days
from tests.audit.logs import START_MS, bodies
from tests.console.conftest import World

DAYS = last_days(date(2026, 9, 21))


def closing(outcome: str = "completed", **more: object) -> dict:
    return {"ts": "2026-09-21T10:00:00.000000Z", "tenant": "acme", "outcome": outcome, **more}


def everybody(_: str) -> bool:
    return True


def test_only_closing_records_count_and_only_those_of_ones_tenants():
    tally = Tally()
    tally.add({"ts": "2026-09-21T10:00:00.000000Z", "tenant": "acme"})
    tally.add(closing(detection={"entities": {"PERSON": 2}}))
    tally.add(closing("denied", tenant="globex"))
    assert tally.by_day(DAYS, everybody)["2026-09-21"].outcomes == {"completed": 1, "denied": 1}
    mine = tally.by_day(DAYS, lambda tenant: tenant == "acme")["2026-09-21"]
    assert (mine.requests, mine.entities) == (1, {"PERSON": 2})


def test_requests_that_a_stage_refused_are_told_apart_from_those_an_upstream_failed():
    counts = Counts()
    counts.add(closing("failed", error_code="detection_unavailable"))
    counts.add(closing("failed", error_code="upstream_timeout", upstream_id="cloud"))
    assert counts.failed_closed == 1
    assert (counts.upstreams, counts.failed_upstreams) == ({"cloud": 1}, {"cloud": 1})


def test_names_without_end_are_counted_as_one():
    counts = Counts()
    for number in range(2 * MOST_NAMES):
        counts.add(closing(upstream_id=f"u{number}"))
    assert len(counts.upstreams) == MOST_NAMES + 1
    assert counts.upstreams[OTHERS] == MOST_NAMES
    assert counts.upstreams.total() == 2 * MOST_NAMES


def test_days_that_are_over_are_forgotten():
    tally = Tally()
    tally.add(closing())
    tally.forget("2026-09-22")
    assert not tally.days


def test_the_last_days_end_with_today():
    assert last_days(date(2026, 3, 2), 3) == ["2026-02-28", "2026-03-01", "2026-03-02"]


@given(
    st.lists(
        st.dictionaries(st.sampled_from("ABCDEFGHIJ"), st.integers(0, 10**6), max_size=10),
        min_size=1,
        max_size=14,
    )
)
def test_a_chart_loses_nothing_and_stays_within_its_frame(counts: list[dict[str, int]]):
    days = {f"day {index}": one for index, one in enumerate(counts)}
    chart = stacked(days)
    assert len(chart.names) <= SERIES
    assert [sum(row) for _, row in chart.rows] == [sum(one.values()) for one in counts]
    assert chart.top == max(sum(one.values()) for one in counts)
    for bar in chart.bars:
        assert bar.x >= 0
        assert bar.x + bar.width <= WIDTH
        assert bar.y >= -0.05
        assert bar.y + bar.height <= HEIGHT + 0.05


@pytest.mark.parametrize(
    ("ts", "words"),
    [
        ("", ""),
        ("2026-09-21T10:00:30.000000Z", "less than a minute ago"),
        ("2026-09-21T09:59:00.000000Z", "2 minutes ago"),
        ("2026-09-21T09:00:59.000000Z", "1 hour ago"),
        ("2026-09-18T10:00:00.000000Z", "3 days ago"),
        ("2026-09-22T10:00:00.000000Z", "less than a minute ago"),
    ],
)
def test_an_age_is_told_in_words(ts: str, words: str):
    now = 1_789_984_860.0  # 2026-09-21T10:01:00Z
    assert age(ts, now) == words


async def test_what_was_counted_once_is_not_counted_again(filled: World):
    counting = Counting(filled.url, lambda: START_MS / 1000)
    first = counting.read(everybody).days["2026-09-21"]
    assert first.outcomes == {"completed": 100}
    assert counting.read(everybody).days["2026-09-21"].outcomes == {"completed": 100}
    assert counting.signed().covered == 200


async def test_the_page_counts_what_one_may_see(filled: World):
    filled.clock.now = START_MS / 1000
    made = Counter(b'"tenant":"acme"' in body for body in bodies(200) if b'"outcome"' in body)
    filled.account("anna", Role.AUDITOR)
    filled.account("bert", Role.REVIEWER, tenants=("acme",))
    every = await (await filled.browser("anna")).get("/console")
    some = await (await filled.browser("bert")).get("/console")
    assert "100 requests" in every.words
    assert f"{made[True]} requests" in some.words
    assert made[True] != 100
    assert every.text.count("<rect") > 2
    assert "200 are signed" in every.words


async def test_a_check_that_fails_and_a_warning_show(world: World):
    world.account("anna", Role.OPERATOR)
    browser = await world.browser("anna")
    world.checks["audit"] = False
    world.warned.append("anchor_old")
    answer = await browser.get("/console")
    assert "audit: fails" in answer.words
    assert "anchor_old" in answer.words
