"""Dates in seven languages, of birth beside the word."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.detection.structured.dates import dates
from tests.detection.marked import found, unmarked


@pytest.mark.parametrize(
    ("kind", "marked"),
    [
        ("DATE_TIME", "on [12 March 2024], at noon"),
        ("DATE_TIME", "[March 5th, 2024]"),
        ("DATE_TIME", "am [5. März 2024]"),
        ("DATE_TIME", "le [1er août 2021]"),
        ("DATE_TIME", "el [3 de mayo de 2019]"),
        ("DATE_TIME", "il [2 giugno 1946]"),
        ("DATE_TIME", "op [27 april 2013]"),
        ("DATE_TIME", "em [7 de setembro de 1922]"),
        ("DATE_TIME", "en [julio de 2006] con"),
        ("DATE_TIME", "[2022-07-13T03:15:00Z] INFO"),
        ("DATE_TIME", "x,[1975-07-23],y"),
        ("DATE_TIME", "el [12-Mayo-2008] fue"),
        ("DATE_TIME", "vom [16. 5. 2017] hat"),
        ("DATE_TIME", "[05/03/2024 12:30] call"),
        ("DATE_OF_BIRTH", "geb. [14.3.85] in"),
        ("DATE_OF_BIRTH", "ssn=1&dob=[1970-01-01]&x=2"),
        ("DATE_OF_BIRTH", "Geburtsdatum: [03.05.1987]"),
        ("DATE_OF_BIRTH", "née le [12 juin 1990]"),
        ("DATE_OF_BIRTH", "fecha de nacimiento [1/2/1970]"),
        ("DATE_OF_BIRTH", "She was born on [May 4, 1982]."),
        ("DATE_OF_BIRTH", "D.O.B.: [01/02/1990]"),
        ("DATE_OF_BIRTH", '"birthDate": "[1990-02-01]"'),
    ],
)
def test_finds(kind: str, marked: str):
    text, value = unmarked(marked)
    assert found(text, dates) == [(kind, value)]


@pytest.mark.parametrize(
    "text",
    [
        "psycopg!=3.1.15, numpy 1.24.3 and 10.2.11",
        "in 2024, since 1999",
        "page 12/345 and 13/13/2013",
        "192.168.12.20",
    ],
)
def test_leaves_alone(text: str):
    assert found(text, dates) == []


@given(st.dates(datetime.date(1900, 1, 1), datetime.date(2099, 12, 31)))
def test_every_date_in_common_forms(day: datetime.date):
    for form in ("%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y", "%d %B %Y", "%B %d, %Y", "%d-%m-%Y"):
        written = day.strftime(form)
        assert found(f"on {written} at", dates) == [("DATE_TIME", written)]
