"""Phone and card numbers among other digits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.detection.checksums import luhn
from gateway.detection.context import Reading
from gateway.detection.numbers import cards, phones
from gateway.detection.spans import disjoint


def texts(text: str, finder) -> list[str]:
    return [text[span.start : span.end] for span in disjoint(finder(Reading(text)))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("4111 1111 1111 1111 123", ["4111 1111 1111 1111"]),
        ("4111 1111 1111 1111 5500 0000 0000 0004", ["4111 1111 1111 1111", "5500 0000 0000 0004"]),
        ("12 4111111111111111", ["4111111111111111"]),
        ("4111 1111 1111 1112", []),
        ("+4111111111111111", []),
        ("4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", ["4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1"]),
        ("visa 0000000000000", ["0000000000000"]),
    ],
)
def test_cards(text: str, expected: list[str]):
    assert texts(text, cards) == expected


@given(st.text("0123456789", min_size=14, max_size=14), st.sampled_from(["", " ", "-", ".", " - "]))
def test_every_card_in_groups_of_four(body: str, separator: str):
    number = next(f"4{body}{digit}" for digit in "0123456789" if luhn(f"4{body}{digit}"))
    written = separator.join(number[at : at + 4] for at in range(0, 16, 4))
    assert any(written in found for found in texts(f"pay {written} now", cards))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("+49 30 901820 and +33 1 82 39 23 54", ["+49 30 901820", "+33 1 82 39 23 54"]),
        ("2024-03-05 12:30", []),
        ("tel 10.0.0.1", []),
        ("(030) 901820-55", ["(030) 901820-55"]),
        ("0.123456789", []),
        ("phone: 415 555 2671 x12.", ["415 555 2671 x12"]),
        ("+1 1", []),
    ],
)
def test_phones(text: str, expected: list[str]):
    assert texts(text, phones) == expected
