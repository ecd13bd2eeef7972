"""What was taken apart is put together; lists, tables and dates are not."""

from __future__ import annotations

import pytest

from gateway.detection.structured.context import Reading
from gateway.detection.views.joined import (
    joined_edits,
    layout,
    lettered_edits,
    misread_edits,
)
from gateway.detection.views.triggers import Triggers
from gateway.detection.views.view import View, edited


def digits(text: str) -> str:
    return edited(View(text), joined_edits(text), "joined")[0].text


def letters(text: str) -> str:
    return edited(View(text), lettered_edits(text), "lettered")[0].text


@pytest.mark.parametrize(
    ("text", "joined"),
    [
        ("ssn 5 3 6 - 2 2 - 1 2 3 4.", "ssn 536-22-1234."),
        ("no 4_1_1_1_1_1_1_1_1_1_1_1_1_1_1_1.", "no 4111111111111111."),
        ("4, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1", "4111111111111111"),
        ("+4*9*3*0*9*0*1*8*2*0", "+4930901820"),
        ("5*5*5*2*2*3*4*5*6*7", "555-223-4567"),
        ("| 4111 | 1111 | 1111 | 1111 |", "| 4111 1111 1111 1111 |"),
        ("4111\n1111\n1111\n1111", "4111 1111 1111 1111"),
        ("3782, 822463, 10005", "3782 822463 10005"),
        ("4_1_1_1_1_1_1_1_1_1_1_1_1_1_1_1 5 apples", "4111111111111111 5 apples"),
        ("4111_1111_1111_1111 2027", "4111 1111 1111 1111 2027"),
        ("DE89 / 3704 / 0044 / 0532 / 0130 / 00", "DE89 3704 0044 0532 0130 00"),
        ("DE89\n3704\n0044\n0532\n0130\n00", "DE89 3704 0044 0532 0130 00"),
        ('"5425","2334","3010","9903"', '"5425 2334 3010 9903"'),
        ('"5425" + "2334" + "3010" + "9903"', '"5425 2334 3010 9903"'),
        ("[5425][2334][3010][9903]", "[5425 2334 3010 9903]"),
        ("(412)(68)(9057)", "(412-68-9057)"),
        ("412 - 68 - 9057", "412-68-9057"),
        ("4-1-2-6-8-9-0-5-7", "412-68-9057"),
        ("my ssn: 412, 68, 9057", "my ssn: 412-68-9057"),
        ("+33\n6\n12\n34\n56\n78", "+33 6 12 34 56 78"),
        ("+1, 415, 555, 2671", "+1 415 555 2671"),
        ("5425 2334\n3010 9903", "5425 2334 3010 9903"),
    ],
)
def test_numbers(text: str, joined: str):
    assert digits(text) == joined
    assert Triggers(Reading(text)).has_numbers_apart()


@pytest.mark.parametrize(
    "text",
    [
        "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12",
        "12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1",
        "| 12 | 34 | 56 | 78 | 90 | 12 |",
        "| 1024 | 2048 | 512 | 256 |",
        "412, 68, 9057",
        "call foo(123, 456, 7890)",
        "1-2-3-4-1-2-3-4-1-2-3-4-5",
        "+1, 2, 3",
        "[1, 0, 0, 1, 0, 1]",
        "2024-01-01, 2024-01-02, 2024-01-03",
        "2026-11-24 19:54:02,113 1234 5678",
        "10.0.0.1, 10.0.0.2, 10.0.0.3",
        "12.345.678/0001-90",
        "123, 45, 6789",
        "555, 223, 4567",
        "4111 1111 1111 1111",
        "1 2 3 4 5 6 7 8 9 0 1 2",
        "1000000\n2000000\n3000000",
    ],
)
def test_numbers_that_are_several(text: str):
    assert digits(text) == text


@pytest.mark.parametrize(
    ("text", "joined"),
    [
        ("to D E 8 9 3 7 0 4 0 0 4 4 0 5 3 2 0 1 3 0 0 0", "to DE89370400440532013000"),
        ("A n n a  S c h m i d t is", "Anna Schmidt is"),
        ("A n n a S c h m i d t", "Anna Schmidt"),
        ("A N N A  S C H M I D T", "ANNA SCHMIDT"),
        ("a n n a / s c h m i d t", "anna schmidt"),
        ("a n n a @ e x . c o m", "anna@ex.com"),
        ("D E 8 9 3 7 0 4", "DE893704"),
        ("A.n.n.a", "Anna"),
        ("A-n-n-a and S_c_h_m", "Anna and Schm"),
        ("Sierra Mike India Tango Hotel", "Smith"),
        ("sierra, mike, india, tango, hotel ok", "Smith ok"),
        ("S wie Siegfried, M wie Martha, I wie Ida, T wie Theodor.", "Smit."),
        ("A as in apple, N as in nice, N as in no, A as in ace", "Anna"),
    ],
)
def test_words(text: str, joined: str):
    assert letters(text) == joined
    assert Triggers(Reading(text)).has_letters_apart()


@pytest.mark.parametrize(
    "text",
    [
        "I am a man.",
        "plan a b or c",
        "e.g. i.e. U.S.A.",
        "1 2 3 4 5 6 7",
        "Mike and Oscar met Victor",
        "a/b and c/d",
        "www.a.b.com",
        "Vitamin A wie Apfel",
        "x = a * b",
    ],
)
def test_words_that_are_words(text: str):
    assert letters(text) == text


@pytest.mark.parametrize(
    ("number", "parts"),
    [
        ("5552234567", "555-223-4567"),
        ("15552234567", "1-555-223-4567"),
        ("536221234", "536-22-1234"),
        ("01712345678", "0171 2345678"),
        ("00493012345", "00493012345"),
        ("4111111111111111", "4111111111111111"),
        ("0", "0"),
        ("", ""),
        ("DE89", "DE89"),
    ],
)
def test_layout(number: str, parts: str):
    breaks = layout(number)
    assert "".join(breaks.get(at, "") + sign for at, sign in enumerate(number)) == parts


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("card 4S32 O151 l283 0366", "card 4532 0151 1283 0366"),
        ("412-68-9O57", "412-68-9057"),
        ("call +49 l5l 23456789", "call +49 151 23456789"),
        ("ES9l 2100 0418 4502 OOO5 1332", "ES91 2100 0418 4502 0005 1332"),
        ("4lS-555-267l", "415-555-2671"),
    ],
)
def test_letters_like_digits(text: str, read: str):
    assert edited(View(text), misread_edits(text), "joined")[0].text == read
    assert Triggers(Reading(text)).has_misread_digits()


@pytest.mark.parametrize(
    "text", ["SOLO BOSS OIL", "1SB-2O-XY12", "GB29 NWBK 6016 1331 9268 19", "0x1B5S 1O", "IBIS 1O"]
)
def test_letters_that_are_meant(text: str):
    assert edited(View(text), misread_edits(text), "joined")[0].text == text
