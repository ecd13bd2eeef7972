"""Windows leave no gap, and what they show is joined."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.detection.engines.windowing import Window, joined, windows
from gateway.detection.tokenclassifier import IncompleteRead
from gateway.types import Span

SIZE, OVERLAP = 100, 20


@given(st.lists(st.text(st.sampled_from("ab \n.é"), max_size=500), max_size=4))
def test_windows_cover_everything(texts: list[str]):
    read = windows(texts, SIZE, OVERLAP)
    assert all(len(one.text) <= SIZE for one in read)
    assert all(one.text == texts[one.index][one.start : one.end] for one in read)
    assert joined(texts, read, [[] for _ in read]) == [[] for _ in texts]
    marks = [[Span(0, 1, "X", 1.0, "r")] if one.text else [] for one in read]
    found = joined(texts, read, marks)
    assert [bool(spans) for spans in found] == [bool(text) for text in texts]


@given(st.text(st.sampled_from("ab "), max_size=300), st.integers(1, 40))
def test_what_does_not_fit_is_halved(text: str, limit: int):
    read = windows([text], SIZE, OVERLAP, lambda piece: len(piece) <= limit)
    assert all(len(one.text) <= limit for one in read)
    joined([text], read, [[] for _ in read])


def test_words_are_not_cut_where_there_is_a_gap_nearby():
    text = "word " * 100
    read = windows([text], SIZE, OVERLAP)
    assert len(read) > 5
    assert all(not one.text.strip() or one.text.split()[0] == "word" for one in read)
    assert all(one.text.split()[-1] == "word" for one in read)


def test_overlapping_spans_become_one():
    text = "x" * 10
    read = [Window(0, 0, text[:6]), Window(0, 4, text[4:])]
    spans = [[Span(3, 6, "A", 0.5, "r")], [Span(0, 3, "A", 0.9, "r")]]
    assert joined([text], read, spans) == [[Span(3, 7, "A", 0.9, "r")]]


def test_gaps_and_missing_answers_are_noticed():
    text = "x" * 10
    with pytest.raises(IncompleteRead, match="gap"):
        joined([text], [Window(0, 0, text[:5]), Window(0, 6, text[6:])], [[], []])
    with pytest.raises(IncompleteRead, match="every window"):
        joined([text], [Window(0, 0, text)], [])
    with pytest.raises(IncompleteRead, match="single"):
        windows(["ab"], SIZE, OVERLAP, lambda piece: False)
    with pytest.raises(ValueError, match="overlap"):
        windows(["ab"], 100, 90)
