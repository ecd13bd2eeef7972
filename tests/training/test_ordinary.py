import pytest

from gateway.training.data import LANGUAGES
from gateway.training.lexicon import names
from gateway.training.ordinary import inflected, ordinary

FORMS = [(4, "er ez e ons ent")]


def test_a_stem_with_many_endings_is_a_verb():
    words = ["frapper", "frappez", "frappe", "frappons", "martinez", "martine"]
    assert inflected(words, FORMS) == {"frapper", "frappez", "frappe", "frappons"}


def test_a_stem_is_not_too_short():
    assert inflected(["aber", "abez", "abe", "abons", "abent"], FORMS) == set()


@pytest.mark.models
@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "shipment chides bristles"),
        ("de", "verzögerung lieferungen freundlichkeit isolierende notiere stickstoff"),
        ("fr", "frappez montez débrancher"),
        ("es", "golpee aviso lavaba"),
        ("it", "bussate illuminerà stazione"),
        ("nl", "lampje vertraging bloempotten"),
        ("pt", "coza aponte estação"),
    ],
)
def test_words_of_a_language_are_known_by_their_forms(language: str, words: str):
    assert set(words.split()) <= set(ordinary(language, names()))


@pytest.mark.models
@pytest.mark.parametrize("language", LANGUAGES)
def test_names_are_not_taken_for_words(language: str):
    people = (
        "garcía schmidt jansen ferreira dupont williams fernández müller berlin london roma "
        "madrid merkel"
    )
    assert not set(people.split()).intersection(ordinary(language, names()))
