"""Mobile numbers in groups of three are told from amounts in thousands."""

from __future__ import annotations

import pytest

from gateway.detection.structured.numbers import phones
from tests.detection.marked import found, unmarked


@pytest.mark.parametrize(
    "marked",
    [
        "[612 345 678]",
        "podes ligar, [912 345 678], ou então",
        "escríbeme: [612 345 678].",
        "moje nové číslo, [601 123 456]\n",
    ],
)
def test_finds(marked: str):
    text, value = unmarked(marked)
    assert found(text, phones) == [("PHONE_NUMBER", value)]


def test_two_numbers_bear_each_other_out():
    one, other = "512 345 678", "601 234 567"
    assert found(f"{one} lub {other}", phones) == [("PHONE_NUMBER", one), ("PHONE_NUMBER", other)]


@pytest.mark.parametrize(
    "text",
    [
        "912 345 678 euros",
        "912 345 678 habitantes",
        "a total of 612 345 678, more than ever",
        "612 345 678, then 12 345 and 1 234 567",
        "€ 612 345 678.",
        "612 000 000.",
        "600 345 000.",
        "112 345 678.",
        "x=612 345 678;",
        "seed 612 345 678",
        "601 123 456,5",
    ],
)
def test_leaves_alone(text: str):
    assert found(text, phones) == []
