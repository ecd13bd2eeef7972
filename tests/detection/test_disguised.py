"""Values in disguise are found by the detector as a whole, to their last sign and junk included."""

from __future__ import annotations

from functools import cache

import pytest

from gateway.detection.presidio import PresidioDetector
from gateway.settings import Detection
from tests.detection.views.test_normalize_matrix import GUISES, LETTERS_APART, NATO, SEEDS, SPEECH
from tests.waiting import AMPLE_S

# Bare digits in a sentence are nobody's phone or social security number, disguised or not.
VALUES = {**SEEDS, "us_phone": "555-223-4567", "ssn": "536-22-1234"}
# It puts a hyphen where no number has one.
WHOLE = [guise for guise in GUISES if guise != "non-breaking hyphen"]


@cache
def detector() -> PresidioDetector:
    return PresidioDetector(Detection(timeout_s=AMPLE_S))


def left(text: str, disguised: str) -> str:
    """What of the disguised value no finding covers."""
    start = text.index(disguised)
    covered = {at for one in detector().analyze(text, "t") for at in range(one.start, one.end)}
    return "".join(sign for at, sign in enumerate(disguised, start) if at not in covered)


@pytest.mark.parametrize("guise", WHOLE)
@pytest.mark.parametrize("kind", VALUES)
def test_every_value_in_every_guise(kind: str, guise: str):
    disguised = GUISES[guise](VALUES[kind])
    assert left(f"please write to {disguised} today", disguised).strip("=;") == ""


@pytest.mark.parametrize("guise", LETTERS_APART)
def test_an_account_with_a_separator_after_each_sign(guise: str):
    disguised = LETTERS_APART[guise](VALUES["iban"])
    assert left(f"über\n{disguised}\n", disguised) == ""


@pytest.mark.parametrize("language", SPEECH)
@pytest.mark.parametrize("kind", [kind for kind in VALUES if kind != "email"])
def test_values_in_words(kind: str, language: str):
    words = SPEECH[language].split()
    said = " ".join(
        NATO[sign] if sign in NATO else words[10 if sign == "+" else int(sign)]
        for sign in SEEDS[kind]
    )
    assert left(f"({said})", said) == ""
