"""Views undo disguises, and every span in a view leads back to what the sender wrote."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.detection.normalize import View, views

JUNK = ["\u200b", "\u200d", "\u00ad", "\u2060", "\ufe0f", "\u202d", "\u0301", "\u3164", "\u2800"]


def find(text: str, value: str) -> str | None:
    """What of `text` a view finds as `value`; None if no view holds it."""
    for view in views(text):
        at = view.text.find(value)
        if at >= 0:
            start, end = view.original(at, at + len(value))
            return text[start:end]
    return None


def test_ascii_is_read_once():
    assert views("plain text, 100 %") == (View("plain text, 100 %"),)


def test_accents_and_quotes_do_not_cost_a_second_reading():
    assert len(views("Müller sagt “nein”")) == 1


@pytest.mark.parametrize("junk", JUNK)
@pytest.mark.parametrize("at", range(1, 12))
def test_junk_inside_a_value_is_part_of_the_span(junk: str, at: int):
    value = "4111-1111-11"
    disguised = value[:at] + junk + value[at:]
    found = find(f"no. {disguised}!", value)
    assert found is not None
    assert value[0] == found[0]
    assert found.replace(junk, "") == value
    assert at == len(value) or junk in found


DIGIT_ZEROS = [
    chr(code)
    for code in range(0x110000)
    if unicodedata.category(chr(code)) == "Nd" and unicodedata.digit(chr(code)) == 0
]


def test_digits_of_all_scripts():
    assert len(DIGIT_ZEROS) >= 30
    for zero in DIGIT_ZEROS:
        disguised = "".join(chr(ord(zero) + int(digit)) for digit in "5105105105")
        assert find(f"x {disguised} y", "5105105105") == disguised


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("ｊｏ＠ｅｘ．ｃｏｍ", "jo@ex.com"),
        ("𝟜𝟙𝟙𝟙", "4111"),
        ("①②③", "123"),
        ("4️⃣1️⃣", "41"),
        ("ᴊᴏ@ᴇx", "jo@ex"),
        ("".join(chr(0xE0000 + ord(sign)) for sign in "a@b.c"), "a@b.c"),
        ("+49 30\u00a0901820", "+49 30 901820"),
        ("555‑1234", "555-1234"),
    ],
)
def test_other_ways_to_write_a_sign(text: str, value: str):
    assert find(text, value) == text


def test_right_to_left_override_is_read_as_it_is_seen():
    text = "card \u202e4321 8765\u202c ok"
    assert find(text, "5678 1234") == "4321 8765"


@pytest.mark.parametrize(
    ("text", "value", "found"),
    [
        ("to=jo%40ex.com&x", "jo@ex.com", "jo%40ex.com"),
        ("n=J%C3%BCrgen.", "Jürgen", "J%C3%BCrgen"),
        ("%E2%82", "\ufffd", "%E2%82"),
        ("100%25off", "%off", "%25off"),
    ],
)
def test_percent_encoding(text: str, value: str, found: str):
    assert find(text, value) == found


def test_percent_sign_alone_is_no_encoding():
    assert len(views("50% of 20%")) == 1


@given(st.text(st.characters(codec="utf-8") | st.sampled_from(["%", "4", "0", *JUNK]), max_size=40))
def test_maps_lie_inside_the_text_and_keep_its_order(text: str):
    for view in views(text):
        ranges = [view.original(at, at + 1) for at in range(len(view.text))]
        assert all(0 <= start < end <= len(text) for start, end in ranges)
        if "\u202e" not in text:
            assert ranges == sorted(ranges)
