"""Numbers of signs and markup are undone where they hide a value, and left alone elsewhere."""

from __future__ import annotations

import pytest

from gateway.detection.structured.context import Reading
from gateway.detection.views.codes import code_edits, markup_edits
from gateway.detection.views.normalize import views
from gateway.detection.views.triggers import Triggers
from gateway.detection.views.view import View, edited


def decoded(text: str) -> str:
    return edited(View(text), code_edits(text), "decoded")[0].text


def bare(text: str) -> str:
    return edited(View(text), markup_edits(text), "decoded")[0].text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (r"\153\151\155\100\141\056\156\157", "kim@a.no"),
        (r"\00006b\000069\00006d\000040\000061\00002e\00006e\00006f", "kim@a.no"),
        ("U+006B U+0069 U+006D U+0040 U+0061", "kim@a"),
        ("U+006B, U+0069, U+006D, U+0040", "kim@"),
        ("107,105,109,64,97,46,110,111", "kim@a.no"),
        ("53; 52; 50; 53; 50; 51; 51", "5425233"),
        ("01101011 01101001 01101101 01000000 01100001 00101110 01101110 01101111", "kim@a.no"),
        ("0110101101101001011011010100000001100001001011100110111001101111", "kim@a.no"),
        ("kim+AEA-a.no", "kim@a.no"),
    ],
)
def test_rows_of_numbers(text: str, said: str):
    assert decoded(text) == said
    assert decoded(f"see {text}") == f"see {said}"
    assert Triggers(Reading(text)).has_codes()
    view = next(view for view in views(text) if view.text == said)
    assert view.original(0, len(said)) == (0, len(text))


@pytest.mark.parametrize(
    "text",
    [
        "10, 20, 30, 40, 50, 60, 70, 80",  # no signs that text is made of
        "99, 98, 97",
        "200, 300, 400, 500, 600, 700, 800",
        "00000001 00000010 00000100 00001000 00010000 00100000 01000000",
        r"C:\temp\new\old",
        "1+2-3",
        "U+1F600 and U+200B",
    ],
)
def test_other_numbers_stay(text: str):
    assert decoded(text) == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("54<b>25</b>2334", "54252334"),
        ("ki<!-- x -->m@a.no", "kim@a.no"),
        ("+1 <i>415 </i>555", "+1 415 555"),
        ("<td>5425</td><td>2334</td>", "<td>5425|2334</td>"),
        ("412-**68-9**057", "412-68-9057"),
        (r"kim\.lee@a\.no", "kim.lee@a.no"),
        (r"kim\@a.no", "kim@a.no"),
        (r"412\-68\-9057", "412-68-9057"),
        ('"kim@" + "a.no"', '"kim@a.no"'),
    ],
)
def test_markup_inside_a_value(text: str, said: str):
    assert bare(text) == said
    assert Triggers(Reading(text)).has_markup()


@pytest.mark.parametrize(
    "text",
    ["<b>bold</b> words", "a < b > c", "2 * 3 ** 4", r"\d+\.\w", "**bold** text", "x <br> y"],
)
def test_markup_between_words_stays(text: str):
    assert bare(text) == text
