from __future__ import annotations

import pytest

from gateway.detection.common_words import COMMON
from gateway.detection.language.words import FUNCTION_WORDS
from gateway.masking.surrogates.names import (
    FEMALE,
    LANGUAGES,
    MALE,
    first_names,
    gender_of,
    is_first_name,
    plain,
    surnames,
)


@pytest.mark.parametrize("language", LANGUAGES)
def test_pools_are_large(language):
    women, men = first_names(language, FEMALE), first_names(language, MALE)
    assert min(len(women), len(men)) >= 100
    assert len(surnames(language)) >= 200
    assert (len(women) + len(men)) * len(surnames(language)) >= 40_000
    assert min(len(women), len(men)) * len(surnames(language)) >= 20_000


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("accents", [False, True])
def test_no_name_stands_for_two_things(language, accents):
    women = first_names(language, FEMALE, accents=accents)
    men = first_names(language, MALE, accents=accents)
    last = surnames(language, accents=accents)
    every = [*women, *men, *last]
    assert len(every) == len(set(every))
    assert set(first_names(language, "", accents=accents)) == {*women, *men}


@pytest.mark.parametrize("language", LANGUAGES)
def test_names_are_plain_and_no_words_of_prose(language):
    every = {*first_names(language, ""), *surnames(language)}
    assert all(word.isascii() and word.isalpha() and len(word) >= 3 for word in every)
    function_words = {word for words in FUNCTION_WORDS.values() for word in words.split()}
    assert not every & (COMMON | function_words)
    assert not every & {
        "mark",
        "rose",
        "will",
        "king",
        "summer",
        "koch",
        "bauer",
        "blanco",
        "rossi",
    }
    accented = {*first_names(language, "", accents=True), *surnames(language, accents=True)} - every
    assert accented
    assert all(word != plain(word) and word.isalpha() for word in accented)


@pytest.mark.parametrize(
    ("word", "language", "gender"),
    [
        ("Anna", "", FEMALE),
        ("HANS", "", MALE),
        ("José", "", MALE),
        ("Jürgen", "de", MALE),
        ("Zoë", "", FEMALE),
        ("Andrea", "it", MALE),
        ("Andrea", "de", FEMALE),
        ("Andrea", "", ""),
        ("Schreibtisch", "", ""),
    ],
)
def test_genders(word, language, gender):
    assert gender_of(word, language) == gender


def test_first_names_are_known():
    assert is_first_name("María")
    assert is_first_name("Andrea")
    assert not is_first_name("Lampe")
