"""Sentences as people write them, in seven languages, each read alone.

The lines beside this file were written for it by hand: nothing was trained on them. In the marked
ones, in the form [[PERSON|Anna]], titles are outside of a person, durations and bodies without a
name are not marked. The others, `clean.*`, name nobody and nothing, but are full of words that are
names elsewhere.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from gateway.app import make_detector
from gateway.settings import Detection
from gateway.types import Span
from tests.detection.marked import labelled

FOLDER = Path(__file__).parent / "sentences"
CLEAN = sorted(FOLDER.glob("clean.*.txt"))
MARKED = [file for file in sorted(FOLDER.glob("*.txt")) if file not in CLEAN]
WITH_FORM = {"CREDIT_CARD", "EMAIL_ADDRESS", "IBAN", "IP_ADDRESS", "PHONE_NUMBER"}

Line = tuple[str, list[tuple[int, int, str]], list[Span]]
"""A text, what is marked and what is found."""


@cache
def lines(profile: str, files: tuple[Path, ...]) -> list[Line]:
    detector = make_detector(Detection(profile=profile, timeout_s=600.0))
    read = [
        labelled(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()
    ]
    return [(text, spans, list(detector.analyze(text, "default"))) for text, spans in read]


def missed(some: list[Line], wanted: set[str]) -> tuple[int, list[str]]:
    """How many values of some types are marked, and those of which nothing is found."""
    count, without = 0, []
    for text, spans, found in some:
        for start, end, kind in spans:
            if kind in wanted:
                count += 1
                if not any(one.start < end and start < one.end for one in found):
                    without.append(text[start:end])
    return count, without


def test_the_marks_are_read():
    assert labelled("Ask [[PERSON|Anna]] in [[LOCATION|Rome]].") == (
        "Ask Anna in Rome.",
        [(4, 8, "PERSON"), (12, 16, "LOCATION")],
    )
    assert (len(MARKED), len(CLEAN)) == (9, 7)


@pytest.mark.parametrize("profile", ["patterns", "fast", "accurate"])
def test_what_has_a_form_is_found_whole(profile: str):
    for text, spans, found in lines(profile, tuple(MARKED)):
        got = {(one.start, one.end, one.entity_type) for one in found}
        assert {one for one in spans if one[2] in WITH_FORM} <= got, text


@pytest.mark.parametrize(("profile", "bar"), [("fast", 0.96), ("accurate", 0.96)])
def test_hardly_anybody_is_missed(profile: str, bar: float):
    count, without = missed(lines(profile, tuple(MARKED)), {"PERSON"})
    assert count > 250
    assert len(without) <= (1 - bar) * count, without


@pytest.mark.parametrize(("profile", "bar"), [("fast", 0.90), ("accurate", 0.90)])
def test_of_all_that_is_personal_little_is_missed(profile: str, bar: float):
    some = lines(profile, tuple(MARKED))
    count, without = missed(some, {kind for _, spans, _ in some for _, _, kind in spans})
    assert count > 800
    assert len(without) <= (1 - bar) * count, without


@pytest.mark.parametrize(
    ("profile", "bar"), [("patterns", 1.0), ("fast", 22.0), ("accurate", 15.0)]
)
def test_little_is_found_where_nothing_is(profile: str, bar: float):
    """False findings per 10,000 words."""
    some = lines(profile, tuple(CLEAN))
    words = sum(len(text.split()) for text, _, _ in some)
    false = [text[one.start : one.end] for text, _, found in some for one in found]
    assert words > 5_000
    assert len(false) <= bar * words / 10_000, false
