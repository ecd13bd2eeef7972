from __future__ import annotations

import pytest

from gateway.training import times
from gateway.training.data import LANGUAGES, words
from gateway.training.draw import Draw

SECTIONS = ("date", "time", "datetime", "month_year", "period", "dob", "year_words")


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("section", SECTIONS)
def test_every_pattern_can_be_written(lang, section):
    for seed, pattern in enumerate(words(lang, section)):
        text = times.filled(pattern, times.Moment(Draw(seed), lang))
        assert text
        assert "{" not in text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_year_has_twelve_months_and_a_week_seven_days(lang):
    assert len(words(lang, "months")) == 12
    assert len(words(lang, "months_short")) >= 12
    assert len(words(lang, "weekdays")) >= 7


@pytest.mark.parametrize(
    ("day", "text"), [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (12, "12th"),
                      (13, "13th"), (21, "21st"), (22, "22nd"), (23, "23rd"), (31, "31st")]
)  # fmt: skip
def test_english_ordinals(day, text):
    assert times._ordinal(day) == text


def test_an_unknown_field_is_an_error():
    with pytest.raises(KeyError):
        times.Moment(Draw(1), "en")("century")
