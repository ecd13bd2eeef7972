"""Runs of number words become the number that they say; other words are left alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.detection.structured.context import Reading
from gateway.detection.views.spoken import glued_edits, spoken_edits
from gateway.detection.views.spoken_words import ALPHABET, LANGUAGES, NATO, NUMBERS
from gateway.detection.views.triggers import Triggers
from gateway.detection.views.view import View, edited


def read(text: str) -> str:
    return edited(View(text), spoken_edits(text), "spoken")[0].text


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("four one one one", "4111"),
        ("Four, One, One, One", "4111"),
        ("four-one-one-one", "4111"),
        ("four one… one one", "41 11"),
        ("oh seven one nil three", "07103"),
        ("double five triple zero nine", "550009"),
        ("nineteen eighty four", "1984"),
        ("forty-two seventeen eighty one", "42 17 81"),
        ("eight hundred five five five one two three four", "800-555-1234"),
        ("three hundred and twelve five five", "31255"),
        ("five five five two two three four five six seven", "555-223-4567"),
        ("one five five five two two three four five six seven", "1-555-223-4567"),
        ("five three six two two one two three four", "536-22-1234"),
        ("five three six dash two two dash one two three four", "536-22-1234"),
        ("five five five, two two three, four five six seven", "555 223 4567"),
        ("one nine two dot one six eight dot zero dot one", "192.168.0.1"),
        ("plus four nine three oh nine oh one", "+4930901"),
        ("four 11 one one", "41111"),
        ("D E eight nine three seven", "DE8937"),
        ("Delta Echo eight nine three seven", "DE8937"),
        ("x-ray one two three", "X123"),
        ("vier eins eins zwo", "4112"),
        ("einundzwanzig fünfundvierzig zwölf", "21 45 12"),
        ("vier und zwanzig dreizehn null acht", "24 13 08"),
        ("null eins sieben eins zwei drei vier fünf sechs sieben acht", "0171 2345678"),
        ("doppel fünf dreifach null", "55000"),
        ("Anton Berta eins zwei", "AB12"),
        ("zéro six douze trente-quatre cinquante-six soixante-dix-huit", "06 12 34 56 78"),
        ("zéro six quatre-vingt-dix-neuf quarante deux soixante et onze", "06 99 42 71"),
        ("quatre vingts quatre vingt un dix sept", "80 81 17"),
        ("seis cero cero treinta y cinco veintiuno", "6003521"),
        ("noventa y uno cuarenta y dos dieciséis", "91 42 16"),
        ("zero sei quarantotto trentatré ventidue", "06 48 33 22"),
        ("nul zes tweeëntwintig vijfenveertig", "06 22 45"),
        ("nove um meia dois vinte e três", "916223"),
    ],
)
def test_says(said: str, number: str):
    assert read(f"it is {said}.") == f"it is {number}."
    assert Triggers(Reading(said)).has_number_words()


@pytest.mark.parametrize(
    "text",
    [
        "One of two things: either three or four of us go.",
        "null null null",
        "zero one two three four five six seven eight nine",
        "a six, a seven",
        "null, true, null, false",
        "once upon a time two men",
        "Es war eins zu zwei.",
        "un deux",
        "sei sei",
        "Oscar and Mike met Victor.",
        "A B C D E",
        "I, A, O",
        "1 2 3 4 5 6",
        "",
    ],
)
def test_leaves_alone(text: str):
    assert read(text) == text


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_number_below_one_hundred_is_said(language: str):
    words = NUMBERS[language]
    values = set(words.values())
    assert set(range(21)) <= values
    if language in ("de", "nl", "it"):
        assert set(range(100)) <= values


@pytest.mark.parametrize("language", LANGUAGES)
@given(data=st.data())
def test_a_run_says_what_its_words_say(language: str, data: st.DataObject):
    single = sorted(word for word, value in NUMBERS[language].items() if value < 10 and word != "o")
    said = data.draw(st.lists(st.sampled_from(single), min_size=3, max_size=20))
    digits = "".join(str(NUMBERS[language][word]) for word in said)
    spoken = read(" ".join(said))
    if set(digits) == {"0"} or (len(digits) >= 9 and digits in "01234567890"):
        assert spoken == " ".join(said)
    elif not {"tres", "un", "una", "trois"} & set(said):
        assert "".join(filter(str.isdigit, spoken)) == digits


def test_a_word_of_the_alphabet_is_no_number():
    assert not any(NATO & set(numbers) for numbers in NUMBERS.values())
    assert not set(ALPHABET) & set(NUMBERS["de"])


def test_hostile_runs_are_read_to_their_end():
    assert read("double " * 3_000) == "double " * 3_000
    assert read("one A " * 2_000).count("one") == 0
    assert len(read("one two " * 20_000)) < 100_000


@pytest.mark.parametrize(
    ("said", "digits"),
    [
        ("fouronetwosixeightninezerofiveseven", "412689057"),
        ("plusvierneuneinsfünfeinszweidreivier", "+49151234"),
        ("quattrounoduesettesettecinquezero", "4127750"),
    ],
)
def test_number_words_without_spaces(said: str, digits: str):
    text = f"so {said} then"
    assert edited(View(text), glued_edits(text), "spoken")[0].text == f"so {digits} then"
    assert Triggers(Reading(said)).has_glued_words()


@pytest.mark.parametrize(
    "text", ["twoonetwothreefour", "unquestionablyonetwothree", "one two three"]
)
def test_other_long_words_stay(text: str):
    assert list(glued_edits(text)) == []
