from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.masking.dates import BIRTH_PIVOT, read_date, shifted

READ = [
    ("2024-03-12", "", (2024, 3, 12)),
    ("2024/3/2", "", (2024, 3, 2)),
    ("2024-03-12T10:20:00Z", "", (2024, 3, 12)),
    ("2024-03-12 10:20:00,123 +01:00", "", (2024, 3, 12)),
    ("20240312", "", (2024, 3, 12)),
    ("12.03.2024", "en", (2024, 3, 12)),
    ("12. 3. 2024", "de", (2024, 3, 12)),
    ("12.03.24 14:30 Uhr", "de", (2024, 3, 12)),
    ("03/12/2024", "en", (2024, 3, 12)),
    ("03/12/2024", "fr", (2024, 12, 3)),
    ("03/12/2024", "", (2024, 12, 3)),
    ("25/12/2024", "en", (2024, 12, 25)),
    ("12/25/2024", "fr", (2024, 12, 25)),
    ("12 March 2024", "en", (2024, 3, 12)),
    ("1st of May, 2024", "en", (2024, 5, 1)),
    ("Sept. 3, 2023", "en", (2023, 9, 3)),
    ("MARCH 12, 2024", "en", (2024, 3, 12)),
    ("12-Mar-2024", "", (2024, 3, 12)),
    ("12. März 2024", "de", (2024, 3, 12)),
    ("5. Jänner 2024", "de", (2024, 1, 5)),
    ("1er août 2024", "fr", (2024, 8, 1)),
    ("2 decembre 2024", "fr", (2024, 12, 2)),
    ("12 de marzo de 2024", "es", (2024, 3, 12)),
    ("12 DE MARZO DE 2024", "es", (2024, 3, 12)),
    ("7 luglio 1999", "it", (1999, 7, 7)),
    ("5 augustus 1990", "nl", (1990, 8, 5)),
    ("12 de março de 2024", "pt", (2024, 3, 12)),
    ("12 fev 2020", "pt", (2020, 2, 12)),
    ("29.02.2024", "de", (2024, 2, 29)),
    ("March 2024", "en", (2024, 3, 0)),
    ("marzo de 2024", "es", (2024, 3, 0)),
    ("2024-03", "", (2024, 3, 0)),
    ("03/2024", "", (2024, 3, 0)),
    ("2024", "", (2024, 0, 0)),
]


@pytest.mark.parametrize(("text", "language", "expected"), READ)
def test_dates_are_read(text, language, expected):
    found = read_date(text, language)
    assert found is not None
    assert (found.year, found.month, found.day) == expected
    assert "2024" not in repr(found)


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "31.02.2024", "2024-13-01", "12 Marchember 2024", "3.14", "12:30",
     "99/99/9999", "١٢.٠٣.٢٠٢٤", "12 March", "29.02.2023", "1" * 80, "12 March 2024 and later"],
)  # fmt: skip
def test_what_is_no_date_is_not_read(text):
    assert read_date(text) is None
    assert shifted(text, 10) is None


SHIFTED = [
    ("2024-03-12T10:20:00Z", 25, "", "2024-04-06T10:20:00Z"),
    ("3/5/2024", 25, "en", "3/30/2024"),
    ("03/05/2024", 25, "en", "03/30/2024"),
    ("25/12/2024", 25, "en", "19/01/2025"),
    ("1st of May 2024", 1, "en", "2nd of May 2024"),
    ("1st of May 2024", 10, "en", "11th of May 2024"),
    ("21st May 2024", 1, "en", "22nd May 2024"),
    ("12. März 2024", 25, "de", "6. April 2024"),
    ("06. April 2024", -25, "de", "12. März 2024"),
    ("12 MÄRZ 2024", 90, "de", "10 JUNI 2024"),
    ("1er mars 2024", 25, "fr", "26 mars 2024"),
    ("12 aout 2023", 120, "fr", "10 decembre 2023"),
    ("12 août 2023", 120, "fr", "10 décembre 2023"),
    ("12 de marzo de 2024", 25, "es", "6 de abril de 2024"),
    ("12. Jan. 2024", 25, "de", "6. Feb. 2024"),
    ("20240312", 25, "", "20240406"),
    ("12.03.24", 25, "de", "06.04.24"),
]


@pytest.mark.parametrize(("text", "days", "language", "expected"), SHIFTED)
def test_a_moved_date_keeps_its_form(text, days, language, expected):
    assert shifted(text, days, language) == expected


@pytest.mark.parametrize("text", ["March 2024", "2024", "2024-03"])
def test_what_has_no_day_does_not_move(text):
    assert shifted(text, 30) is None


def test_a_date_that_would_be_read_otherwise_does_not_move():
    # 25 December, ten days on, is 4 January: but 04/01 is April in English
    assert shifted("25/12/2024", 10, "en") is None


def test_two_digits_of_a_year():
    assert read_date("12.03.45").year == 2045
    assert read_date("12.03.45", pivot=BIRTH_PIVOT).year == 1945


FORMATS = ["%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%Y%m%d", "%d-%m-%Y", "%Y-%m-%d %H:%M"]


@given(
    st.dates(date(1930, 1, 1), date(2070, 1, 1)),
    st.dates(date(1930, 1, 1), date(2070, 1, 1)),
    st.integers(-180, 180).filter(bool),
    st.sampled_from(FORMATS),
)
def test_intervals_stay(one, other, days, form):
    moved = [read_date(shifted(day.strftime(form), days)) for day in (one, other)]
    first, second = (date(day.year, day.month, day.day) for day in moved)
    assert second - first == other - one
    assert first - one == timedelta(days=days)


@given(st.text(max_size=40))
def test_any_text_is_read_or_not(text):
    found = read_date(text)
    assert found is None or found.year > 0
