"""A text counts as read when every stage says that it has read all of it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.detection.coverage import Read, complete, reach
from gateway.detection.tokenclassifier import IncompleteRead, classified
from gateway.types import Span

SPAN = Span(0, 1, "PERSON", 0.9, "r")


def test_complete():
    assert complete([Read("a", [SPAN], 5), Read("b", [], 5)], ("a", "b"), 5) == [SPAN]


@pytest.mark.parametrize(
    "reads",
    [
        [],
        [Read("a", [], 5)],
        [Read("a", [], 5), Read("b", [], 4)],
        [Read("a", [], 5), Read("b", [], 6)],
        [Read("a", [], 5), Read("a", [], 5)],
        [Read("a", [], 5), Read("b", [], 5), Read("c", [], 5)],
    ],
)
def test_incomplete(reads: Sequence[Read]):
    with pytest.raises(IncompleteRead):
        complete(reads, ("a", "b"), 5)


@pytest.mark.parametrize(
    ("windows", "text", "expected"),
    [
        ([], "", 0),
        ([], "ab", 0),
        ([], "  \n", 3),
        ([(0, 2)], "ab", 2),
        ([(0, 1), (1, 2)], "ab", 2),
        ([(0, 1)], "ab", 1),
        ([(1, 2)], "ab", 0),
        ([(0, 3), (2, 5)], "abcde", 5),
        ([(0, 2), (3, 5)], "ab de", 5),
        ([(0, 2), (3, 5)], "abcde", 2),
        ([(0, 2)], "ab  ", 4),
    ],
)
def test_reach(windows: list[tuple[int, int]], text: str, expected: int):
    assert reach(windows, text) == expected


@given(st.text(max_size=60), st.lists(st.integers(0, 60), max_size=4))
def test_cuts_of_a_text_reach_its_end(text: str, cuts: list[int]):
    places = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    assert reach(pairwise(places), text) == len(text)


class Fixed:
    entity_types = frozenset({"PERSON"})

    def __init__(self, answer: list[list[Span]]) -> None:
        self.answer = answer

    def classify(self, texts: Sequence[str]) -> list[list[Span]]:
        return self.answer


def test_classified():
    assert classified(Fixed([[SPAN], []]), ["ab", ""]) == [[SPAN], []]
    assert classified(Fixed([[SPAN]]), []) == []


@pytest.mark.parametrize(
    "answer",
    [
        [],
        [[SPAN]],
        [[SPAN], [], []],
        [[], [SPAN]],
        [[Span(0, 3, "PERSON", 0.9, "r")], []],
        [[Span(-1, 1, "PERSON", 0.9, "r")], []],
        [[Span(1, 1, "PERSON", 0.9, "r")], []],
        [[Span(0, 1, "PLACE", 0.9, "r")], []],
    ],
)
def test_an_answer_that_cannot_be_one(answer: list[list[Span]]):
    with pytest.raises(IncompleteRead):
        classified(Fixed(answer), ["ab", ""])
