"""Addresses made harmless are read as what they are; brackets of code stay."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.detection.structured.context import Reading
from gateway.detection.views.defanged import defanged_edits
from gateway.detection.views.normalize import views
from gateway.detection.views.triggers import Triggers
from gateway.detection.views.view import View, edited


def said(text: str) -> str:
    return edited(View(text), defanged_edits(text), "decoded")[0].text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("203[.]0[.]113[.]45", "203.0.113.45"),
        ("203(.)0(.)113(.)7", "203.0.113.7"),
        ("203{.}0.113[dot]7", "203.0.113.7"),
        ("203 dot 0 dot 113 dot 7", "203.0.113.7"),
        ("203 Punkt 0 Punkt 113 Punkt 7", "203.0.113.7"),
        ("hxxp://a[.]example", "http://a.example"),
        ("hXXps[:]//a.example/x", "https://a.example/x"),
        ("https[://]a[.]example", "https://a.example"),
        ("h**p://a.example", "http://a.example"),
        ("2001[:]db8::1", "2001:db8::1"),
        ("kim@a[.]example", "kim@a.example"),
    ],
)
def test_says(text: str, expected: str):
    assert said(text) == expected
    assert Triggers(Reading(text)).has_defanged()
    view = next(view for view in views(f"see {text}") if view.text == f"see {expected}")
    assert view.original(4, len(view.text)) == (4, len(text) + 4)


@pytest.mark.parametrize(
    "text",
    [
        "x[:] = y[.5], a[0], f(.3), r'[.]'",
        '{"a":["b"],"c":[1]}',
        "1 dot 2, polka dot 3 dot 4 dot 5",
        "a [.] b, (.) and (dot)",
        "hxxp is no scheme, oxxp://a",
    ],
)
def test_leaves_alone(text: str):
    assert said(text) == text


PIECES = ["a", "1", "12", " dot ", "[.]", "(.)", "[dot]", "[:]", "://", "hxxp", "//", " ", "["]


@given(st.lists(st.sampled_from(PIECES), max_size=20).map("".join))
def test_nothing_is_done_that_no_trigger_announces(text: str):
    edits = list(defanged_edits(text))
    assert not edits or Triggers(Reading(text)).has_defanged()
    assert all(start < end for start, end, _ in edits)
