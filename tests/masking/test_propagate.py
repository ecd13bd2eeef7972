"""Propagation: every whole place of a value, and no part of a longer word or number."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.masking.propagate import occurrences
from gateway.types import Leaf


def places(text: str, *values: str) -> list[str]:
    found = occurrences([Leaf(("x",), text)], dict.fromkeys(values, "PERSON"))
    return sorted(text[span.start : span.end] for _, span in found)


@pytest.mark.parametrize(
    ("text", "value", "count"),
    [
        ("Ann met Ann.", "Ann", 2),
        ("Annual", "Ann", 0),
        ("JoAnn", "Ann", 0),
        ("Ann's, (Ann) Ann_1 Ann7", "Ann", 4),
        ("tel5551234567", "5551234567", 1),
        ("15551234567", "5551234567", 0),
        ("a@b.com,a@b.com", "a@b.com", 2),
        ("xa@b.comx", "a@b.com", 0),
        ("日本太郎さん 日本太郎", "日本太郎", 1),
        ("ab", "ab", 0),
        ("+49 30 1, +49 30 12", "+49 30 1", 1),
        ("Ann², Ann¹ and Annual²", "Ann", 2),  # a raised figure is no letter
        ("Ann Bosch², Ann Boschs²", "Ann Bosch", 1),
    ],
)
def test_places(text: str, value: str, count: int) -> None:
    """Boundaries are those between letters and letters, digits and digits."""
    assert places(text, value) == [value] * count


def test_values_that_contain_each_other() -> None:
    """All are given; the masking stage joins them."""
    assert places("Anna Schmidt", "Anna", "Anna Schmidt") == ["Anna", "Anna Schmidt"]
    assert places("a@b.co.uk", "a@b.co", "a@b.co.uk", "a@b.com") == ["a@b.co", "a@b.co.uk"]


@given(st.text("ab1 @.", max_size=30), st.text("ab1 @.", min_size=3, max_size=6))
def test_as_a_plain_search_finds_them(text: str, value: str) -> None:
    """The same places as looking at every position."""

    def cuts(at: int) -> bool:
        if not 0 < at < len(text):
            return False
        left, right = text[at - 1], text[at]
        return (left.isalpha() and right.isalpha()) or (left.isdigit() and right.isdigit())

    expected = [
        value
        for at in range(len(text))
        if text.startswith(value, at) and not cuts(at) and not cuts(at + len(value))
    ]
    assert places(text, value) == expected
