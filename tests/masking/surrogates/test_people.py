from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.masking.surrogates.names import (
    FEMALE,
    LANGUAGES,
    MALE,
    first_names,
    plain,
    surnames,
)
from gateway.masking.surrogates.stand_in import stand_in

KEY = bytes(range(32))
NOTHING: frozenset[str] = frozenset()
ALL = frozenset({"format", "gender", "locale"})


def words_of(language: str) -> tuple[set[str], set[str]]:
    first = {word.capitalize() for word in first_names(language, "", accents=True)}
    return first, {word.capitalize() for word in surnames(language, accents=True)}


FORMS = [
    ("Anna Schmidt", "de", r"F L"),
    ("Schmidt, Anna", "de", r"L, F"),
    ("DUPONT Marie", "fr", r"L F"),
    ("ANNA SCHMIDT", "de", r"F L"),
    ("anna schmidt", "de", r"F L"),
    ("J. Smith", "en", r"I\. L"),
    ("J.R.R. Tolkien", "en", r"I\.I\.I\. L"),
    ("Smith, J.", "en", r"L, I\."),
    ("Mrs. O'Brien", "en", r"Mrs\. L"),
    ("M. Dupont", "fr", r"M\. L"),
    ("Herr Dr. med. Hans-Peter Müller", "de", r"Herr Dr\. med\. F-F L"),
    ("Prof. Dr. Lehmann", "de", r"Prof\. Dr\. L"),
    ("María García López", "es", r"F L L"),
    ("María José García López", "es", r"F F L L"),
    ("Anna Maria Rossi", "it", r"F F L"),
    ("Ludwig van Beethoven", "de", r"F van L"),
    ("João da Silva", "pt", r"F da L"),
    ("John Smith Jr.", "en", r"F L Jr\."),
    ("Martin Luther King, Jr.", "en", r"F F L, Jr\."),
    ("Anna", "de", r"F"),
    ("Lindqvist", "de", r"L"),
    ("Anna S.", "de", r"F I\."),
]


@pytest.mark.parametrize(("surface", "language", "form"), FORMS)
def test_the_form_is_kept(surface, language, form):
    found = stand_in(KEY, "PERSON", surface, keep=ALL, language=language)
    assert found is not None
    first, last = words_of(language)
    pattern = re.sub(
        "[FLI](?![a-z])", lambda one: {"F": "(F)", "L": "(L)", "I": "([A-Z])"}[one[0]], form
    )
    alternatives = {"F": "|".join(map(re.escape, first)), "L": "|".join(map(re.escape, last))}
    pattern = re.sub(r"\(([FL])\)", lambda one: f"({alternatives[one[1]]})", pattern)
    flags = re.IGNORECASE if surface.isupper() or surface.islower() or "DUPONT" in surface else 0
    assert re.fullmatch(pattern, found.text, flags)
    if surface.isupper():
        assert found.text.isupper()
    if surface.islower():
        assert found.text.islower()


@pytest.mark.parametrize(
    ("surface", "keep", "own"),
    [
        ("Anna Schmidt", ALL, ["Anna", "Schmidt"]),
        ("Schmidt, Anna", ALL, ["Schmidt", "Anna"]),
        ("Schmidt, Anna", NOTHING, ["Anna", "Schmidt"]),
        ("Frau Dr. Schmidt", ALL, ["Schmidt"]),
        ("Hans-Peter Müller", ALL, ["Hans-Peter", "Müller"]),
        ("J. Smith", ALL, ["Smith"]),
        ("Vincent van Gogh", ALL, ["Vincent", "Gogh"]),
        ("Vincent van Gogh", NOTHING, []),
        ("Anna Maria Schmidt", NOTHING, []),
        ("Anna", NOTHING, ["Anna"]),
        ("Anna's", ALL, ["Anna"]),
    ],
)
def test_parts_say_which_word_stands_for_which(surface, keep, own):
    found = stand_in(KEY, "PERSON", surface, keep=keep, language="de")
    assert [word for _, word in found.parts] == own
    assert all(re.search(rf"\b{re.escape(word)}\b", found.text) for word, _ in found.parts)


def genders(surface: str, keep: frozenset[str], language: str = "") -> set[str]:
    women = {word for one in LANGUAGES for word in first_names(one, FEMALE, accents=True)}
    men = {word for one in LANGUAGES for word in first_names(one, MALE, accents=True)}
    found = set()
    for attempt in range(40):
        text = stand_in(
            KEY, "PERSON", surface, keep=keep, language=language, attempt=attempt
        ).text.lower()
        (name,) = {*text.replace(",", "").split()} & (women | men)
        if name in women - men:
            found.add(FEMALE)
        if name in men - women:
            found.add(MALE)
    return found


@pytest.mark.parametrize(
    ("surface", "gender"),
    [("Anna Schmidt", FEMALE), ("Schmidt, Hans", MALE), ("Mrs Robin Abcde", FEMALE)],
)
def test_the_gender_is_kept_on_request(surface, gender):
    assert genders(surface, frozenset({"gender", "format", "locale"}), "de") == {gender}


def test_the_gender_is_drawn_otherwise():
    assert genders("Anna Schmidt", frozenset({"format", "locale"}), "de") == {FEMALE, MALE}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_language_is_kept_on_request(language):
    first, last = words_of(language)
    for attempt in range(20):
        keep = frozenset({"locale"})
        found = stand_in(
            KEY, "PERSON", "Xaver Quark", keep=keep, language=language, attempt=attempt
        )
        one, other = found.text.split()
        assert one in first
        assert other in last


def test_the_language_is_drawn_otherwise():
    seen = set()
    for attempt in range(60):
        text = stand_in(KEY, "PERSON", "Xaver Quark", language="de", attempt=attempt).text
        assert text.isascii()
        seen |= {one for one in LANGUAGES if text.split()[1].lower() in surnames(one)}
    assert len(seen) >= 5


@pytest.mark.parametrize(
    "surface",
    [
        "Anna2",
        "anna@x.com",
        "",
        "   ",
        "J.",
        "Anna " * 12,
        "+++",
        "Anna <b>",
        "A. B.",
        "-".join(["Anna"] * 300),
    ],
)
@pytest.mark.parametrize("keep", [NOTHING, ALL])
def test_what_is_no_name_has_no_stand_in(surface, keep):
    assert stand_in(KEY, "PERSON", surface, keep=keep) is None


NAME = st.from_regex(r"[A-ZÄÖÜÉ][a-zäöüßéñ]{1,9}(?:-[A-Z][a-z]{1,6})?", fullmatch=True)


@given(st.lists(NAME, min_size=1, max_size=4), st.sampled_from(("", *LANGUAGES)), st.booleans())
def test_as_many_words_and_none_of_them_the_values(words, language, shout):
    surface = " ".join(words)
    surface = surface.upper() if shout else surface
    found = stand_in(KEY, "PERSON", surface, keep=frozenset({"format"}), language=language)
    if found is None:  # the whole name reads as titles
        return
    assert len(found.text.split()) == len(words)
    own = {plain(word) for _, old in found.parts for word in old.split("-")}
    new = {plain(word) for word, _ in found.parts for word in word.split("-")}
    assert not own & new
    for word, old in found.parts:
        assert word in found.text
        assert old in surface
        assert word.count("-") == old.count("-")
