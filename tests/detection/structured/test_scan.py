"""The one look over a text for what holds a digit."""

from __future__ import annotations

import re
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from gateway.detection.structured import scan
from gateway.detection.structured.context import Reading

TEXTS = st.text("ab1234 -./+\n,é٣", max_size=60)


@given(TEXTS)
def test_every_ascii_digit_stands_in_one_word(text: str):
    spans = scan.words(Reading(text))
    assert all(left[1] <= right[0] for left, right in pairwise(spans))
    covered = {at for start, end in spans for at in range(start, end)}
    assert covered >= {match.start() for match in re.finditer("[0-9]", text)}
    assert all(re.search("[0-9]", text[start:end]) for start, end in spans)


@given(TEXTS)
def test_words_begin_and_end_with_a_letter_or_digit(text: str):
    for start, end in scan.words(Reading(text)):
        assert text[start].isalnum()
        assert text[end - 1].isalnum()


@given(TEXTS)
def test_every_ascii_digit_stands_in_one_run(text: str):
    covered = {at for start, end in scan.runs(Reading(text)) for at in range(start, end)}
    assert covered >= {match.start() for match in re.finditer("[0-9]", text)}


def test_words_and_runs():
    text = "call 415 555-2671 or A-12/b.c, x9y"
    reading = Reading(text)
    assert [text[a:b] for a, b in scan.words(reading)] == ["415", "555-2671", "A-12/b.c", "x9y"]
    assert [text[a:b] for a, b in scan.runs(reading)] == ["415 555-2671", "12", "9"]


def test_where_values_begin_in_a_word():
    for word, parts in [
        ("a-1", ["a-1", "1"]),
        ("FR76/DE89/x.1", ["FR76/DE89/x.1", "DE89/x.1", "x.1", "1"]),
        ("1-2.a3-4", ["1-2.a3-4"]),
        ("12", ["12"]),
    ]:
        reading = Reading(word)
        assert [word[at:] for at, _, _ in scan.starts(reading)] == parts
        assert scan.starts(reading) is scan.starts(reading)


def test_a_text_is_scanned_once():
    reading = Reading("1 2 3")
    assert scan.words(reading) is scan.words(reading)
    assert scan.runs(reading) is scan.runs(reading)
