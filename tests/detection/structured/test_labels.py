"""Labels: whole phrases, compounds, names of fields, and how far they reach."""

from __future__ import annotations

import pytest

from gateway.detection.structured.context import Reading
from gateway.detection.structured.labels import Index, is_firm, near, touches

INDEX = Index({"pass": "passport|passport number", "pin": "pin|my pin", "kunde": "kundennummer"})


def kinds(text: str) -> list[tuple[str, str]]:
    return [(hit.kind, text[hit.start : hit.end]) for hit in INDEX.hits(Reading(text)).all]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Passport", [("pass", "Passport")]),
        ("two passports", [("pass", "passports")]),
        ("PASSPORT_NUMBER=1", [("pass", "PASSPORT"), ("pass", "PASSPORT_NUMBER")]),
        ("passportNumber: 1", [("pass", "passport"), ("pass", "passportNumber")]),
        ("myPassport", [("pass", "Passport")]),
        ("spin pins pinned", []),
        ("the pin is", [("pin", "pin")]),
        ("my pin", [("pin", "pin"), ("pin", "my pin")]),
        ("PIN1234 and c0pin9", [("pin", "PIN")]),
        ("Kundennummern", [("kunde", "Kundennummern")]),
        ("file.pin", []),
        ("nothing here", []),
        ("", []),
    ],
)
def test_hits(text: str, expected: list[tuple[str, str]]):
    assert kinds(text) == expected


@pytest.mark.parametrize(
    ("text", "sure"),
    [
        ("pin #", 1.0),
        ("pin: #", 1.0),
        ("pin number is #", 1.0),
        ("<pin>#</pin>", 1.0),
        ('"pin": "#"', 1.0),
        ("pin:\n  #", 1.0),
        ("pin\n#", 0.5),
        ("pin that we found #", 0.5),
        ("pin one two three four five six #", 0.0),
        ("# is the pin", 0.5),
        ("# and then a long way on there is a word, pin", 0.0),
        ("number #", 0.0),
    ],
)
def test_near(text: str, sure: float):
    reading = Reading(text)
    at = text.index("#")
    assert near(reading, INDEX.hits(reading), at, at + 1, "pin") == sure


@pytest.mark.parametrize(
    ("text", "firm"), [("pin: #", True), ("pin no. #", True), ("pin #", False), ("pin of #", False)]
)
def test_firm(text: str, firm: bool):
    reading = Reading(text)
    [hit] = INDEX.hits(reading).all
    at = text.rindex("#")
    assert touches(reading, hit, at)
    assert is_firm(reading, hit, at) is firm
