"""The figures of the model card that is shipped, and the interval they lie in."""

from __future__ import annotations

import math
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.audit.evidence.quality import Recall, read_card, recalls, wilson
from gateway.evaluation import score
from tests.audit.evidence.packs import CARD


def test_a_card_is_read():
    rows = read_card(CARD)
    assert [(one.corpus, one.marked, one.recall_overlap) for one in rows] == [
        ("one.dev", 1000, 0.9), ("two.dev", 500, 0.6), ("tiny.dev", 2, 0.0),
    ]  # fmt: skip
    one = recalls(rows, "fast")["PERSON"]
    assert (one.marked, one.overlap) == (1502, 1200 / 1502)
    assert (one.low, one.high) == wilson(1200, 1502)
    assert one.exact == 1050 / 1502
    assert (one.worst, one.worst_corpus) == (0.6, "two.dev")  # two spans say nothing
    assert recalls(rows, "accurate") == {}
    assert read_card("# Another text\n\n| a | b |\n") == []


@pytest.mark.parametrize("profile", ["fast", "accurate"])
def test_the_card_that_is_shipped_has_all_types_of_the_models(profile: str):
    card = files("gateway") / "detection" / "tagger" / "models" / "MODEL_CARD.md"
    found = recalls(read_card(card.read_text(encoding="utf-8")), profile)
    assert {"PERSON", "LOCATION", "ORGANIZATION", "ADDRESS", "DATE_TIME", "ID"} <= found.keys()
    for one in found.values():
        assert 0 <= one.low <= one.overlap <= one.high <= 1
        assert one.exact <= one.overlap


@given(st.integers(0, 500), st.integers(1, 500))
def test_the_interval_is_that_of_the_evaluation(hits: int, of: int):
    hits = min(hits, of)
    assert wilson(hits, of) == pytest.approx(score.wilson(hits, of))


def test_nothing_was_seen_of_nothing():
    assert wilson(0, 0) == (0.0, 1.0)


def test_how_many_were_missed():
    one = Recall("X", 10, 0.5, 0.0, 0.8, 0.5, 0.5, "c")
    assert one.missed(10) == (10.0, pytest.approx(2.5), math.inf)
