"""Look-alikes are read as Latin in mixed words and identifiers; honest words stay as they are."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.detection.views.confusables import LATIN, NUMERALS, skeleton_edits
from gateway.detection.views.view import View, edited


def read(text: str) -> str:
    return edited(View(text), skeleton_edits(text), "folded")[0].text


def test_the_tables_lead_from_foreign_letters_to_ascii():
    assert len(LATIN) > 200
    assert all(to.isascii() and to.isalnum() for to in LATIN.values())
    assert all(to.isdecimal() for to in NUMERALS.values())
    assert not any(sign.isascii() for sign in (*LATIN, *NUMERALS))
    assert all(unicodedata.category(sign)[0] == "L" for sign in LATIN)
    assert set(NUMERALS) - set(LATIN) == set()


@pytest.mark.parametrize("sign", sorted(LATIN))
def test_every_look_alike_in_a_mixed_word(sign: str):
    text = f"xq{sign}zk"
    assert read(text) == f"xq{LATIN[sign]}zk"


@pytest.mark.parametrize(
    ("text", "skeleton"),
    [
        ("Pаypаl", "Paypal"),
        ("Schmіdt und Мüllеr", "Schmidt und Müller"),
        ("аnnа@ехаmрlе.сом", "anna@example.com"),
        ("роса@еха.соm", "poca@exa.com"),
        ("оса@хаос.com", "oca@xaoc.com"),
        ("DЕ89 3704", "DE89 3704"),
        ("4О11 1З11", "4011 1311"),
        ("О171 2345678", "0171 2345678"),
        ("ехаmple.сом", "example.com"),
        ("αnna", "anna"),
        ("ԁаvіԁ", "david"),
    ],
)
def test_disguised(text: str, skeleton: str):
    assert read(text) == skeleton


@pytest.mark.parametrize(
    "text",
    [
        "Россия и США",
        "Москва (Moscow), 12 мая",
        "почта@пример.рф",
        "Αθήνα 2004",
        "USB-кабель",
        "α-helix and β-sheet",
        "план на 2024г.",
        "Հայաստան",
        "ᏣᎳᎩ",
        "über naïve café",
    ],
)
def test_honest(text: str):
    assert read(text) == text


@given(st.text(st.sampled_from([*"abz09@._- ", *sorted(LATIN), "д", "ж", "ü"]), max_size=30))
def test_twice_is_once_where_words_end_up_latin(text: str):
    once = read(text)
    assert len(once) == len(text)
    assert read(read(once)) == read(once)
