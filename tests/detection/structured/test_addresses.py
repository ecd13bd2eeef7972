"""Postal addresses of several countries; where somebody lives; not headings and versions."""

from __future__ import annotations

import pytest

from gateway.detection.structured.addresses import addresses, postal_codes
from tests.detection.marked import found, unmarked


@pytest.mark.parametrize(
    ("kind", "marked"),
    [
        ("ADDRESS", "[123 Main Street, Springfield, IL 62704]"),
        ("ADDRESS", "[123 Main St Apt 4B, New York, NY 10001]"),
        ("ADDRESS", "[1600 Pennsylvania Avenue NW, Washington, DC 20500]"),
        ("ADDRESS", "[P.O. Box 1234, Springfield, IL 62704]"),
        ("ADDRESS", "at [10 Downing Street, London SW1A 2AA]"),
        ("ADDRESS", "I live at [221B Baker Street, London NW1 6XE]"),
        ("ADDRESS", "[Hauptstraße 5, 10115 Berlin]"),
        ("ADDRESS", "[Kurfürstendamm 26, 10719 Berlin]"),
        ("ADDRESS", "[Musterweg 12a, 8010 Graz]"),
        ("ADDRESS", "in der [Goethestr. 12] wohnt"),
        ("ADDRESS", "[Herengracht 182, 1016 BR Amsterdam]"),
        ("ADDRESS", "[24 avenue des Champs-Élysées, 75008 Paris]"),
        ("ADDRESS", "[12 rue de la Paix, 75002 Paris]"),
        ("ADDRESS", "[Via Roma 12, 00184 Roma]"),
        ("ADDRESS", "[Rua Augusta 1508, 01304-001 São Paulo]"),
        ("ADDRESS", "[Calle de Alcalá 45, 28014 Madrid]"),
        ("ADDRESS", "Domicilio: [Calle del Mercado 1, 2 D]."),
        ("ADDRESS", "[C/ Feixa Llarga, s/n]. 08907"),
        ("ADDRESS", "[Calle del pez, 28]"),
        ("ADDRESS", "Address: [Flat 3, 12 High Street, Leeds LS1 4AB]"),
        ("ADDRESS", '"address": "[7 Lotus Court, Pune 411001]",'),
        ("LOCATION", "she lives in [Hamburg]"),
        ("LOCATION", "wohnhaft in [Köln], seit"),
        ("LOCATION", "vive en [San Sebastián]"),
    ],
)
def test_finds(kind: str, marked: str):
    text, value = unmarked(marked)
    assert found(text, addresses) == [(kind, value)]


@pytest.mark.parametrize(
    "text",
    [
        "Spring 2024, Engineering 101",
        "In Chapter 5 of Version 3",
        "IP address: 10.0.0.1 and MAC address: 00:1B:44:11:3A:B7",
        "address: 0x7fff5fbff8c0, memory address = 4096 bytes",
        "email address: a@b.com",
        "The address is not valid. He lives in hope.",
        "via email 12 times; plaza de toros",
        "12 Monkeys and 101 Dalmatians",
        "on page 12 Street lights were",
        "values that live in C",
        "R.N. 280-300",
    ],
)
def test_leaves_alone(text: str):
    assert found(text, addresses) == []


@pytest.mark.parametrize(
    "marked",
    [
        "moved to Springfield, IL [62704] last year",
        "Boston, MA [02139-1234].",
        "New York NY [10001]",
        "Postbus 4410, [5600 AZ] Eindhoven",
        "[1016BR] Amsterdam",
    ],
)
def test_a_postal_code_is_known_by_its_town(marked: str):
    text, value = unmarked(marked)
    assert found(text, postal_codes) == [("ZIP_CODE", value)]


@pytest.mark.parametrize(
    "text",
    ["in Springfield 62704 people", "OK 12345", "Plan B, IN 12345x", "1939 SS Men", "4410 AZ5 Box"],
)
def test_other_numbers_are_no_postal_codes(text: str):
    assert found(text, postal_codes) == []
