"""Tables in text: the heading of a column says what its values are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.detection.structured.columns import columns
from gateway.detection.structured.context import Reading
from tests.detection.marked import found

CSV = """employee_id,name,email,phone,dob,address
10442,Anna Schmidt,a@b.com,5551234567,1990-02-01,"12 High Street, Leeds"
10443,Xu Wong,x@y.com,030 901820,1985-12-24,"7 Low Road, York"

done, and that, was all
"""
BARS = """
| Passport  | Ort  | Führerschein |
|-----------|------|--------------|
| X1234567  | Bonn | B072RRE2I55  |
"""


def test_values_of_a_csv():
    assert found(CSV, columns) == [
        ("EMPLOYEE_ID", "10442"),
        ("PERSON", "Anna Schmidt"),
        ("PHONE_NUMBER", "5551234567"),
        ("DATE_OF_BIRTH", "1990-02-01"),
        ("ADDRESS", "12 High Street, Leeds"),
        ("EMPLOYEE_ID", "10443"),
        ("PERSON", "Xu Wong"),
        ("PHONE_NUMBER", "030 901820"),
        ("DATE_OF_BIRTH", "1985-12-24"),
        ("ADDRESS", "7 Low Road, York"),
    ]


def test_check_codes_of_cards():
    assert found("id,pin,cvv\n7,4821,123\n", columns) == [("SECRET", "4821"), ("SECRET", "123")]


def test_values_of_a_table_with_bars():
    assert found(BARS, columns) == [("PASSPORT", "X1234567"), ("DRIVER_LICENSE", "B072RRE2I55")]


@pytest.mark.parametrize(
    "text",
    [
        "name,colour,price\nLamp Large,red,12\nChair,blue,30\n",
        "passport, phone, and keys\nare on the table, said he, and left\n",
        "port;user;pin\n8080;2;3\n",
        "a,b,c\n1,2,3\n",
        "phone,email,ssn",
        "",
    ],
)
def test_leaves_alone(text: str):
    assert found(text, columns) == []


@given(st.lists(st.sampled_from(["phone", "dob", ",", "|", ";", "\n", '"', "1990", "x", " "])))
def test_spans_are_whole(pieces: list[str]):
    text = "".join(pieces)
    for span in columns(Reading(text)):
        assert 0 <= span.start < span.end <= len(text)
        assert "\n" not in text[span.start : span.end]
