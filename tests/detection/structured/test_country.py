"""National identifiers: the shortcuts find what a reading of the whole text finds."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.detection import recognizers
from gateway.detection.structured import country
from gateway.detection.structured.context import Reading
from gateway.types import Span

with pytest.MonkeyPatch.context() as everything:
    everything.setattr(recognizers, "REPLACED", frozenset())
    ROWS = recognizers.country_identifiers()


def left() -> float:
    return 10.0


class Whole:
    """In place of the windows: the whole text."""

    def __init__(self, text: str) -> None:
        self.text = text

    def original(self, at: int) -> int:
        return 0


def spans(text: str) -> set[Span]:
    return set(country.identify(ROWS, Reading(text), left))


PIECES = st.sampled_from(
    """943 476 5919|NHS number|AB 12 34 56 C|44051401359|DNI 12345678Z|passport|no.|912345678|
    account number 12345678901|B AB 1234|Kennzeichen|plate|CA 12 AB GP|claim number: 123456789|
    rx # 1234567|prior authorization number: PA-1234567|HRB 12345|Amtsgericht|SW1A 2AA|postcode|
    1EG4-TE5-MK73|RSSMRA85T10A562S|the|order|was|sent,|on|Friday|, and then we|1|a1|Steuer-ID|
    86095742719|S1234567D|12-3456789|tax id""".replace("\n", "").split("|")
).map(str.strip)


@given(st.lists(PIECES, max_size=25).map(" ".join))
@settings(max_examples=60, deadline=None)
def test_windows_change_nothing(text: str):
    seen = spans(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(country, "Windows", Whole)
        assert spans(text) == seen


def test_every_identifier_can_be_found():
    assert len(ROWS) > 60
    assert all(row.patterns for row in ROWS)
    assert all(row.context is not None for row in ROWS)


def row(validate: Callable[[str], bool | None], *, kind: str = "X") -> country.Identifier:
    return country.identifier(
        name="x",
        entity_type=kind,
        patterns=[(r"\b\d{9}\b", 0.1)],
        words=["badge"],
        validate=validate,
        invalidate=lambda value: None,
        checks=True,
        custom=False,
    )


@pytest.mark.parametrize(
    ("text", "kind", "verdict", "score"),
    [
        ("badge 123456789", "X", None, country.CONTEXT_SCORE),
        ("badge 123456789", "X", True, country.CHECKED_CONTEXT_SCORE),
        ("badge 123456789", "X", False, country.UNCHECKED_SCORE),
        ("123456789", "X", True, None),
        ("123456789", "PL_PESEL", True, None),
    ],
)
def test_scores(text: str, kind: str, verdict: bool | None, score: float | None):
    one = row(lambda value: verdict, kind=kind)
    found = [span.score for span in country.identify([one], Reading(text), left)]
    assert found == ([] if score is None else [score])


def test_a_pattern_without_bounds_is_left_out():
    assert not [p for one in ROWS for p, _ in one.patterns if re.search(r"\.\*", p.pattern)]


def test_our_own_table_takes_the_place_of_presidios_identifiers():
    assert recognizers.country_identifiers() == []
    assert country.ALONE
