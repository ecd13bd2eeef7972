"""Which words of a dictionary are words, and which are names."""

from __future__ import annotations

import pytest

from gateway.training.data import LANGUAGES
from gateway.training.dictionary import dictionary, listed

GERMAN = [
    ("Laib", "Laib"), ("Laibe", "Laib"), ("Laibs", "Laib"), ("Anna", "Anna"), ("Annas", "Anna"),
    ("Straße", "Straße"), ("Straßen", "Straße"), ("schnell", "schnell"), ("USA", "USA"),
    ("B2B", "B2B"),
]  # fmt: skip


def test_german_nouns_are_known_by_forms_that_names_have_not():
    found = listed(GERMAN, "de")
    assert found == {
        "laib": True, "laibe": True, "laibs": True, "strasse": True, "strassen": True,
        "schnell": False,
    }  # fmt: skip


def test_elsewhere_a_capital_makes_a_name():
    entries = [("Lentil", "Lentil"), ("Lentilen", "Lentil"), ("lentils", "lentil")]
    assert listed(entries, "en") == {"lentil": True, "lentils": True}


@pytest.mark.models
@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "lentil parser"),
        ("de", "salz hefe staub schimmel laib eisvogel"),
        ("fr", "montez rivières"),
        ("es", "cuchara hierve"),
        ("it", "serbatoio basilico"),
        ("nl", "wrijf koolrabi"),
        ("pt", "aponte samambaias"),
    ],
)
def test_a_dictionary_has_words(language: str, words: str):
    assert set(words.split()) <= dictionary(language).keys()


@pytest.mark.models
@pytest.mark.parametrize("language", LANGUAGES)
def test_and_no_names(language: str):
    people = {"schmidt", "jansen", "dupont", "fernández", "jean-luc", "lópez"}
    assert not [name for name in people if dictionary(language).get(name)]
