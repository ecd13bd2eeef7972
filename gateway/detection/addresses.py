"""Postal addresses, by the shapes of several countries and by words such as "lives at". Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.detection.context import Reading
from gateway.types import Span

_UPPER = "A-ZÀ-ÖØ-Þ"
_WORD = rf"(?:[{_UPPER}][\w.'’-]{{0,30}}|\d{{1,3}}(?:st|nd|rd|th))"
_STATES = (
    "A[AEKLPRSZ]|C[AOT]|D[CE]|F[LM]|G[AU]|HI|I[ADLN]|K[SY]|LA|M[ADEHINOPST]|N[CDEHJMVY]|O[HKR]|"
    "P[ARW]|RI|S[CD]|T[NX]|UT|V[AIT]|W[AIVY]"
)
_US_SUFFIX = (
    r"Street|St|Avenue|Ave|Road|Rd|Drive|Dr|Lane|Ln|Boulevard|Blvd|Court|Ct|Place|Pl|Square|Sq|Way|"
    r"Terrace|Ter|Circle|Cir|Parkway|Pkwy|Highway|Hwy|Trail|Trl|Close|Crescent|Gardens|Grove|Mews|"
    r"Row|Walk|Hill|Quay|Loop|Plaza|Alley|Broadway"
)
_UNIT = r"(?:,?[ \n](?:Apt|Apartment|Suite|Ste|Unit|Room|Rm|Floor|Fl|#)\.?[ ]?[\w-]{1,8})"
_CITY = rf"{_WORD}(?:[ -]{_WORD}){{0,3}}"
_UK_POSTCODE = r"[A-Z]{1,2}\d[A-Z\d]?[ ]?\d[A-Z]{2}"

_BREAK = r"(?:,[ ]?|[ ]?\n)"  # what stands between the lines of an address
_ZIP = rf"(?:{_STATES})[ ,]{{1,2}}\d{{5}}(?:-\d{{4}})?"
_HOUSE = r"(?<![\w.,-])\d{1,6}[A-Za-z]?(?:-\d{1,4})?"

# A house number, words, a city, and a state with ZIP code: the tail says it is an address.
_US_FULL = re.compile(
    rf"{_HOUSE}[ ]{_WORD}(?:[ ]{_WORD}){{0,5}}{_UNIT}?{_BREAK}{_CITY},?[ ]{_ZIP}(?!\w)"
)
_MILITARY = re.compile(
    r"(?<!\w)(?:PSC \d{1,5}, Box \d{1,6}|Unit \d{1,6} Box \d{1,6}|US[NSC]{2,3}V? \w{1,20}"
    rf"|P\.? ?O\.? Box \d{{1,7}})(?:{_BREAK}(?:[AFD]PO|{_CITY}),?[ ]{_ZIP})?(?!\w)"
)
_STREET = re.compile(
    rf"{_HOUSE}[ ](?:{_WORD}[ ]){{1,4}}(?:{_US_SUFFIX})\b\.?{_UNIT}?(?:{_BREAK}{_CITY}){{0,3}}"
    rf"(?:,?[ ]{_ZIP}|,?[ \n]{_UK_POSTCODE})?(?!\w)"
)
_UK_FULL = re.compile(
    rf"(?<![\w.,-])(?:Flat[ ]\w{{1,4}},?[ ])?\d{{1,4}}[A-Za-z]?,?[ ]{_WORD}(?:[ ]{_WORD}){{0,4}}"
    rf"(?:{_BREAK}{_CITY}){{1,3}},?[ \n]{_UK_POSTCODE}(?!\w)"
)
_GERMAN_NUMBER = r"[ ]\d{1,3}[ ]?[a-zA-Z]?(?:[ ]?[-/][ ]?\d{1,3}[a-zA-Z]?)?(?!\w)"
_GERMAN_TOWN = rf"(?:,[ ]?|[ ]?\n|[ ])(?:(?:D|A|CH)-)?\d{{4,5}}[ ]{_CITY}"
_GERMAN = re.compile(
    rf"(?<!\w)(?:[{_UPPER}][\w-]{{1,40}}(?:straße|strasse|str\.|weg|platz|allee|gasse)"
    rf"|(?:[{_UPPER}][\w-]{{1,30}}[ ]){{1,2}}(?:Straße|Strasse|Str\.|Weg|Platz|Allee|Gasse))"
    rf"{_GERMAN_NUMBER}(?:{_GERMAN_TOWN})?"
)
# Street names that may be anything ("Engineering 101", "In Version 3"): the town must follow.
_GERMAN_WEAK = re.compile(
    rf"(?<!\w)(?:[{_UPPER}][\w-]{{1,40}}(?:ring|damm|ufer|berg|hof|markt)"
    rf"|(?:Am|An|Auf|Im|In|Zum|Zur|Unter)[ ](?:de[rmn][ ])?[{_UPPER}][\w-]{{1,30}})"
    rf"{_GERMAN_NUMBER}{_GERMAN_TOWN}"
)
_FRENCH = re.compile(
    r"(?<![\w.,-])\d{1,4}(?:[ ](?:bis|ter))?,?[ ](?i:rue|avenue|av\.|boulevard|bd|place|chemin|"
    r"allée|impasse|quai|cours|route)[ ][\w'’ -]{2,50}"
    rf"(?:,[ ]?|[ ]?\n)\d{{5}}[ ]{_CITY}"
)
_ROMANCE = re.compile(
    r"(?<!\w)(?:Calle|C/|Avenida|Avda\.?|Plaza|Paseo|Via|Viale|Piazza|Corso|Largo|Rua|Praça|"
    r"Travessa)[ ](?:(?:de|del|della|dei|da|do|dos|das|la|las|los|di)[ ]){0,2}"
    rf"{_WORD}(?:[ ](?:(?:de|del|la|da|do|di)[ ])?{_WORD}){{0,4}},?"
    r"[ ](?:n\.?º?[ ]?)?\d{1,4}[A-Za-z]?(?!\w)(?:,[ ]\d{1,2}[ºª.][ ]?\w{0,4})?"
    rf"(?:(?:,[ ]?|[ ]?\n|[ ])\d{{4,5}}(?:-\d{{3}})?[ ]{_CITY})?"
)
_DUTCH = re.compile(
    rf"(?<!\w)[{_UPPER}][\w'’-]{{1,30}}(?:straat|laan|weg|plein|gracht|kade|singel|dreef)"
    r"[ ]\d{1,4}[a-zA-Z]?(?:-\d{1,4})?(?!\w)"
    rf"(?:,?[ \n]\d{{4}}[ ]?[A-Z]{{2}}(?:[ ]{_CITY})?)?"
)
_LIVES = re.compile(
    r"(?<!\w)(?i:lives? (?:at|in)|living (?:at|in)|resid(?:es?|ing) (?:at|in)|"
    r"(?:home|postal|street|mailing|shipping|billing|delivery|residential) address(?: is)?:?|"
    r"(?:wohnhaft|wohnt) in|(?:anschrift|adresse|domicilio|dirección|indirizzo|morada|adres):|"
    r"habite (?:au|à)|vive en|abita in)[ ]{1,2}"
    rf"((?:\d{{1,6}}[A-Za-z]?[ ])?{_WORD}(?:[ ]{_WORD}|,[ ]{_WORD}|,?[ ]\d{{1,6}}(?!\w)){{0,9}})"
)

_PATTERNS = (
    (_US_FULL, 0.9),
    (_STREET, 0.7),
    (_UK_FULL, 0.85),
    (_MILITARY, 0.8),
    (_GERMAN, 0.75),
    (_GERMAN_WEAK, 0.75),
    (_FRENCH, 0.85),
    (_ROMANCE, 0.75),
    (_DUTCH, 0.75),
)
_LIVES_NEEDS = (
    "live", "living", "resid", "address", "wohn", "anschrift", "adres", "domicilio", "dirección",
    "indirizzo", "morada", "habite", "vive", "abita",
)  # fmt: skip


def addresses(reading: Reading) -> Iterator[Span]:
    """Postal addresses and where somebody is said to live, as LOCATION."""
    text = reading.text
    if reading.has_digit:
        for pattern, score in _PATTERNS:
            for match in pattern.finditer(text):
                yield Span(match.start(), match.end(), "LOCATION", score, "address")
    if any(need in reading.lower for need in _LIVES_NEEDS):
        for match in _LIVES.finditer(text):
            yield Span(match.start(1), match.end(1), "LOCATION", 0.6, "address_context")


ENTITY_TYPES = frozenset({"LOCATION"})
