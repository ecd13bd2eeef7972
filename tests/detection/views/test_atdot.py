"""Addresses in words become addresses, and sentences with the same words stay sentences."""

from __future__ import annotations

import pytest

from gateway.detection.structured.context import Reading
from gateway.detection.views.atdot import address_edits
from gateway.detection.views.triggers import Triggers
from gateway.detection.views.view import View, edited


def read(text: str) -> str:
    return edited(View(text), address_edits(text), "spoken")[0].text


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("write to anna (at) example dot com please", "write to anna@example.com please"),
        ("anna [at] example [dot] com", "anna@example.com"),
        ("anna at example dot co dot uk", "anna@example.co.uk"),
        ("anna at example dot it", "anna@example.it"),
        ("anna at example dot it, thanks", "anna@example.it, thanks"),
        ("anna arroba ejemplo punto com", "anna@ejemplo.com"),
        ("anna chiocciola esempio punto it", "anna@esempio.it"),
        ("anna Klammeraffe beispiel Punkt de", "anna@beispiel.de"),
        ("anna at beispiel punkt de", "anna@beispiel.de"),
        ("anna (ät) beispiel.de", "anna@beispiel.de"),
        ("anna apenstaartje voorbeeld punt nl", "anna@voorbeeld.nl"),
        ("anna arobase exemple point fr", "anna@exemple.fr"),
        ("anna AT example DOT com", "anna@example.com"),
        ("anna AT example.com", "anna@example.com"),
        ("anna at sign example dot com", "anna@example.com"),
        ("anna underscore schmidt at my dash firm dot com", "anna_schmidt@my-firm.com"),
        ("anna Unterstrich s at firma Punkt de", "anna_s@firma.de"),
        ("anna guion bajo s arroba correo punto es", "anna_s@correo.es"),
        ("anna plus tag at example dot com", "anna+tag@example.com"),
        ("anna minus s at example dot com", "anna-s@example.com"),
        ("anna [dot] s@example.com", "anna.s@example.com"),
        ("anna@example [dot] com", "anna@example.com"),
        ("anna_at_example_dot_com", "anna@example.com"),
        ("anna-at-example-dot-com", "anna@example.com"),
        ("anna @ example . com", "anna@example.com"),
        ("anna @example.museum", "anna@example.museum"),
        ("anna <at> example | dot | com", "anna@example.com"),
        ("anna[@]example[.]com", "anna@example.com"),
        ("a at b dot com and c at d dot org", "a@b.com and c@d.org"),
        ("anna.schmidt at firma.de", "anna.schmidt@firma.de"),
        ("anna77 at firma.de, soon", "anna77@firma.de, soon"),
        ("anna dot s at uni dot at soon", "anna.s@uni.at soon"),
        ("anna . s @ example . com", "anna.s@example.com"),
    ],
)
def test_addresses(text: str, address: str):
    assert read(text) == address
    assert Triggers(Reading(text)).has_address_words()


@pytest.mark.parametrize(
    "text",
    [
        "meet me at noon. dot",
        "see index.html at example.com",
        "version 2.0 at example.com",
        "look at firma.de",
        "look at this point it is",
        "he looked at the dot in the sky",
        "meet us at example.com",
        "MEET US AT EXAMPLE.COM",
        "at a point in time",
        "arrive at dot com boom",
        "I was at work. It was late",
        "en este punto es mejor",
        "à ce point de vue",
        "lunch @ 5. me too",
        "mail anna @ 5.30 pm",
        "@anna and @bob",
        "if _AT_WORDS.isdisjoint(x)",
        "use of @declared_attr.cascading",
        "f(a * torch.sigmoid) and g(a)",
        "anna@example.com",
        "see (a) and (b).",
        "arroba",
        "(at)",
        "",
    ],
)
def test_sentences(text: str):
    assert read(text) == text


@pytest.mark.parametrize(
    "unit", ["a at b dot ", "@ ", "a@b.", "(at)", " dot com", "a_at_", "@a dot ", "- at - dot "]
)
def test_hostile_text_is_read(unit: str):
    assert read(unit * 5_000).count("@") <= 5_001
