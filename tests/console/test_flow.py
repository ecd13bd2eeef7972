"""Data flow: every finding is in the picture, the heat map and the table, within one's tenants."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.audit.evidence.collect import Flow
from gateway.console.accounts import Role
from gateway.console.flowing import (
    MOST_TYPES,
    MOST_UPSTREAMS,
    SHADES,
    WIDTH,
    Fate,
    FlowMap,
    fate,
    flow_map,
)
from gateway.console.tally import MOST_FLOWS, OTHERS, Counts
from gateway.settings import Facts, Upstream
from gateway.types import UpstreamClass
from tests.audit.logs import START_MS
from tests.console.conftest import World

FLOWS = st.builds(
    Flow,
    st.sampled_from([f"TYPE_{number}" for number in range(2 * MOST_TYPES)] + [OTHERS]),
    st.sampled_from([f"u{number}" for number in range(2 * MOST_UPSTREAMS)] + [OTHERS]),
    st.sampled_from(["on_prem", "external", "unknown"]),
    st.sampled_from(["replace", "keep", "unknown"]),
)


def closing(**more: object) -> dict:
    found = {"entities": {"PERSON": 2, "IBAN": 1}}
    return {
        "ts": "2026-09-21T10:00:00.000000Z", "tenant": "acme", "outcome": "completed",
        "upstream_id": "cloud", "upstream_class": "external", "detection": found, **more,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("operator", "sort", "expected"),
    [
        ("replace", "external", Fate.MASKED),
        ("unknown", "external", Fate.MASKED),
        ("keep", "on_prem", Fate.INSIDE),
        ("keep", "external", Fate.OPEN),
        ("keep", "unknown", Fate.OPEN),
    ],
)
def test_what_was_kept_is_told_by_who_got_it(operator: str, sort: str, expected: Fate):
    assert fate(Flow("PERSON", "cloud", sort, operator)) is expected


@given(st.dictionaries(FLOWS, st.integers(1, 10**9), max_size=80))
def test_no_picture_loses_a_finding(flows: dict[Flow, int]):
    made = flow_map(flows)
    whole = sum(flows.values())
    assert sum(count for _, count in made.flows) == whole
    assert sum(total for _, _, total in made.rows) == whole
    assert sum(cell.count for _, cells, _ in made.rows for cell in cells) == whole
    assert sum(band.count for band in made.bands) == whole
    assert sum(made.by_fate.values()) == whole
    assert len(made.types) <= MOST_TYPES
    assert len(made.upstreams) == len(made.targets) <= MOST_UPSTREAMS
    assert all(0 <= cell.shade <= SHADES for _, cells, _ in made.rows for cell in cells)
    _stands_within_its_frame(made)


def _stands_within_its_frame(made: FlowMap) -> None:
    for column in (made.types, made.targets):
        for above, below in pairwise(column):
            assert above.y + above.height < below.y
        assert all(one.y >= 0 and one.y + one.height <= made.height for one in column)
    for band in made.bands:
        numbers = [float(one) for one in re.findall(r"[0-9.]+", band.path)]
        assert all(0 <= one <= max(WIDTH, made.height) for one in numbers)


@given(st.dictionaries(FLOWS, st.integers(1, 10**9), max_size=40))
def test_a_cell_that_has_more_is_never_paler(flows: dict[Flow, int]):
    cells = [cell for _, cells, _ in flow_map(flows).rows for cell in cells]
    cells.sort(key=lambda cell: cell.count)
    shades = [cell.shade for cell in cells]
    assert shades == sorted(shades)
    assert all((cell.shade == 0) is (cell.count == 0) for cell in cells)


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (closing(), {("PERSON", "unknown"): 2, ("IBAN", "unknown"): 1}),
        (closing(transform={"operators": {"PERSON": "replace", "IBAN": "fpe"}}),
         {("PERSON", "replace"): 2, ("IBAN", "fpe"): 1}),
        (closing(policy={"operators": {"PERSON": "hash"}, "shadow": True}),
         {("PERSON", "keep"): 2, ("IBAN", "keep"): 1}),
        (closing(outcome="failed"), {("PERSON", "unknown"): 2, ("IBAN", "unknown"): 1}),
        (closing(outcome="denied"), {}),
        (closing(upstream_id=""), {}),
    ],
)  # fmt: skip
def test_what_went_out_is_counted_by_operator_and_what_did_not_is_not(record: dict, expected: dict):
    counts = Counts()
    counts.add(record)
    assert {(one.entity_type, one.operator): n for one, n in counts.flows.items()} == expected


def test_flows_without_end_are_counted_as_one():
    counts = Counts()
    for number in range(MOST_FLOWS + 50):
        counts.add(closing(upstream_id=f"u{number}", detection={"entities": {"PERSON": 1}}))
    assert len(counts.flows) == MOST_FLOWS + 1
    assert counts.flows.total() == MOST_FLOWS + 50


async def test_the_page_shows_what_went_where_and_leads_to_the_records(filled: World):
    filled.clock.now = START_MS / 1000
    filled.account("anna", Role.AUDITOR)
    answer = await (await filled.browser("anna")).get("/console/flow")
    assert "200 went as they were to others" in answer.words
    assert answer.text.count("<path") == 1
    link = "/console/records?since=2026-09-08&amp;entity_type=PERSON"
    assert f"{link}&amp;upstream=openai" in answer.text
    assert (await filled.events())[-1] == ("audit.viewed", "anna", "flow")
    followed = await (await filled.browser("anna")).get(
        "/console/records?since=2026-09-08&entity_type=PERSON&upstream=openai"
    )
    assert "request.completed" in followed.words


async def test_each_sees_the_flows_of_its_tenants(filled: World):
    filled.clock.now = START_MS / 1000
    filled.account("anna", Role.AUDITOR)
    filled.account("bert", Role.REVIEWER, tenants=("globex",))
    anna, bert = await filled.browser("anna"), await filled.browser("bert")
    assert "40 went as they were" in (await bert.get("/console/flow")).words
    assert "40 went as they were" in (await anna.get("/console/flow?tenant=globex")).words
    assert "160 went as they were" in (await anna.get("/console/flow?tenant=acme")).words
    assert (await bert.get("/console/flow?tenant=acme")).status == 404
    assert "acme" not in (await bert.get("/console/flow")).words


async def test_who_may_not_read_records_gets_no_links_to_them(filled: World):
    filled.clock.now = START_MS / 1000
    filled.account("otto", Role.OPERATOR)
    answer = await (await filled.browser("otto")).get("/console/flow")
    assert "200 went as they were to others" in answer.words
    assert "/console/records" not in answer.text


@pytest.mark.parametrize("query", ["days=3", "days=x", "tenant=%3Cscript%3E", "tenant=a%20b"])
async def test_a_period_or_tenant_that_cannot_be_is_refused_unquoted(world: World, query: str):
    world.account("anna", Role.AUDITOR)
    answer = await (await world.browser("anna")).get(f"/console/flow?{query}")
    assert answer.status == 400
    assert "<script>" not in answer.text


async def test_a_time_without_findings_says_so(world: World):
    world.account("anna", Role.AUDITOR)
    answer = await (await world.browser("anna")).get("/console/flow?days=1")
    assert "Nothing was found" in answer.words


async def test_who_the_upstreams_are_is_said_and_what_nobody_said_as_well(filled: World):
    cloud = Upstream(
        name="cloud",
        kind="openai",
        upstream_class=UpstreamClass.EXTERNAL,
        facts=Facts(processor="Example Inc.", country="US", dpa_ref="DPA-7", retention_days=30),
    )
    other = Upstream(name="other", kind="openai", upstream_class=UpstreamClass.EXTERNAL)
    filled.settings = replace(filled.settings, upstreams=(cloud, other))
    filled.account("anna", Role.OPERATOR)
    answer = await (await filled.browser("anna")).get("/console/flow")
    assert "cloud somebody else's Example Inc. US DPA-7 30 days" in answer.words
    assert "other somebody else's not said not said not said not said" in answer.words
