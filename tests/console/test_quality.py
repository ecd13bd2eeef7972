"""Detector quality: the card's own figures, what the log found, and what people said."""

from __future__ import annotations

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.audit.evidence.quality import Measured, read_card, recalls
from gateway.console import quality
from gateway.console.accounts import Role
from gateway.console.measuring import NOT_SOUGHT, SEVERAL, by_language, by_type, tone
from gateway.entity_types import MEANINGS
from gateway.packing import model_card
from tests.audit.logs import START_MS
from tests.console.browser import Browser
from tests.console.conftest import World

PATH = "/console/quality"
ROWS = st.lists(
    st.builds(
        Measured,
        profile=st.sampled_from(["fast", "accurate"]),
        corpus=st.sampled_from(["a", "b"]),
        languages=st.sampled_from(["en", "de", "da, en"]),
        entity_type=st.sampled_from(["PERSON", "LOCATION", "MISC"]),
        marked=st.integers(0, 500),
        recall_exact=st.floats(0, 1),
        recall_overlap=st.floats(0, 1),
        precision_exact=st.floats(0, 1),
    ),
    max_size=12,
)


async def signed_in(world: World, role: Role = Role.OPERATOR, *tenants: str) -> Browser:
    world.account("otto", role, tenants=tenants)
    return await world.browser("otto")


def row(**more: object) -> Measured:
    given = {
        "profile": "fast", "corpus": "a", "languages": "en", "entity_type": "PERSON",
        "marked": 100, "recall_exact": 0.5, "recall_overlap": 0.8, "precision_exact": 0.25,
    }  # fmt: skip
    return Measured(**(given | more))


@given(ROWS)
def test_figures_are_shares_and_intervals_hold_them(rows: list[Measured]):
    made = by_type(rows, "fast", {"PERSON": 10}, {})
    for one in made:
        assert 0 <= one.recall.low <= one.recall.overlap <= one.recall.high <= 1
        assert one.precision is None or 0 <= one.precision <= 1
        assert one.missed is None or 0 <= one.missed[0] <= one.missed[1]
    ranks = [(not one.tone, one.recall.overlap) for one in made]
    assert ranks == sorted(ranks)
    assert "MISC" not in {one.recall.entity_type for one in made}


@given(ROWS)
def test_languages_together_are_what_was_marked(rows: list[Measured]):
    table = by_language(rows, "fast")
    for name, cells in table.rows:
        marked = sum(one.marked for one in rows if (one.entity_type, one.profile) == (name, "fast"))
        assert sum(cell.marked for cell in cells) == marked
        assert all((cell.recall is None) is (cell.marked == 0) for cell in cells)
    if SEVERAL in table.languages:
        assert table.languages[-1] == SEVERAL


def test_precision_weighs_texts_by_their_findings():
    rows = [row(), row(corpus="b", marked=300, recall_exact=0.5, precision_exact=0.75)]
    [one] = by_type(rows, "fast", {}, {})
    assert one.precision == pytest.approx(200 / (50 / 0.25 + 150 / 0.75))
    [none] = by_type([row(recall_exact=0.0, precision_exact=0.0)], "fast", {}, {})
    assert none.precision is None


def test_what_people_said_counts_unless_it_was_rejected():
    said = {
        ("PERSON", "wrong", "open"): 2, ("PERSON", "wrong", "approved"): 1,
        ("PERSON", "wrong", "refused"): 7, ("PERSON", "missed", "open"): 4,
    }  # fmt: skip
    [one] = by_type([row()], "fast", {}, said)
    assert (one.wrong, one.overlooked) == (3, 4)


def test_what_was_probably_missed_follows_from_what_was_found():
    [one] = by_type([row()], "fast", {"PERSON": 800}, {})
    assert one.missed is not None
    assert one.missed[0] <= 200 <= one.missed[1]
    [never] = by_type([row(recall_overlap=0.0)], "fast", {"PERSON": 800}, {})
    assert never.missed is None or never.missed[1] < math.inf


@pytest.mark.parametrize(
    ("recall", "marked", "expected"),
    [
        (1.0, 30, "good"), (0.9, 30, "good"), (0.89, 30, "warn"), (0.7, 30, "warn"),
        (0.69, 30, "bad"), (0.0, 30, "bad"), (1.0, 29, ""), (0.0, 3, ""),
    ],
)  # fmt: skip
def test_a_figure_looks_as_good_as_it_is(recall: float, marked: int, expected: str):
    assert tone(recall, marked) == expected


async def test_the_page_shows_the_figures_of_the_shipped_card(world: World):
    answer = await (await signed_in(world)).get(PATH)
    measured = recalls(read_card(model_card()[0]), "fast")
    for name in (measured.keys() & MEANINGS.keys()) - NOT_SOUGHT:
        assert f"{name} {100 * measured[name].overlap:.1f} %" in answer.words.replace("\xa0", " ")
    assert all(name not in answer.words for name in NOT_SOUGHT)
    assert (await world.events())[-1] == ("audit.viewed", "otto", "quality")


async def test_another_profile_can_be_looked_at_and_one_that_is_none_cannot(world: World):
    browser = await signed_in(world)
    fast = await browser.get(f"{PATH}?profile=fast")
    accurate = await browser.get(f"{PATH}?profile=accurate")
    assert fast.words != accurate.words
    assert (await browser.get(f"{PATH}?profile=none")).status == 400


async def test_findings_and_feedback_are_those_of_ones_tenants(
    filled: World, monkeypatch: pytest.MonkeyPatch
):
    filled.clock.now = START_MS / 1000
    given = {"acme": 3, "globex": 5}

    def counts(sees: object) -> Counter[tuple[str, str, str]]:
        seen = sum(count for tenant, count in given.items() if sees(tenant))  # type: ignore[operator]
        return Counter({("PERSON", "wrong", "open"): seen})

    monkeypatch.setattr(filled.desk.feedback, "counts", counts)
    everybody = await (await signed_in(filled)).get(PATH)
    filled.account("bert", Role.REVIEWER, tenants=("globex",))
    bound = await (await filled.browser("bert")).get(PATH)
    [of_all] = [one for one in everybody.text.split("<tr>") if ">PERSON<" in one][:1]
    [of_one] = [one for one in bound.text.split("<tr>") if ">PERSON<" in one][:1]
    assert '">200</td>' in of_all
    assert ">8 wrong</td>" in of_all
    assert '">40</td>' in of_one
    assert ">5 wrong</td>" in of_one


async def test_without_a_card_the_page_says_so(world: World, monkeypatch: pytest.MonkeyPatch):
    def missing() -> None:
        raise FileNotFoundError("/secret/place")

    monkeypatch.setattr(quality, "model_card", missing)
    answer = await (await signed_in(world)).get(PATH)
    assert answer.status == 503
    assert "secret" not in answer.text
