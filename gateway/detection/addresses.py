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

# A house number, words, a city, and a state with ZIP code: the tail says it is an address.
_US_FULL = re.compile(
    rf"(?<![\w.,-])\d{{1,6}}[A-Za-z]?(?:-\d{{1,4}})?[ ]{_WORD}(?:[ ]{_WORD}){{0,5}}{_UNIT}?"
    rf"(?:,[ ]?|[ ]?\n){_CITY},?[ ](?:{_STATES})[ ,]{{1,2}}\d{{5}}(?:-\d{{4}})?(?!\w)"
)
_MILITARY = re.compile(
    r"(?<!\w)(?:PSC \d{1,5}, Box \d{1,6}|Unit \d{1,6} Box \d{1,6}|US[NSC]{2,3}V? \w{1,20}"
    r"|P\.? ?O\.? Box \d{1,7})"
    rf"(?:(?:,[ ]?|[ ]?\n)(?:[AFD]PO|{_CITY}),?[ ](?:{_STATES})[ ,]{{1,2}}\d{{5}}(?:-\d{{4}})?)?(?!\w)"
)
_STREET = re.compile(
    rf"(?<![\w.,-])\d{{1,6}}[A-Za-z]?(?:-\d{{1,4}})?[ ](?:{_WORD}[ ]){{1,4}}(?:{_US_SUFFIX})\b\.?{_UNIT}?"
    rf"(?:(?:,[ ]?|[ ]?\n){_CITY}){{0,3}}(?:,?[ ](?:{_STATES})[ ]\d{{5}}(?:-\d{{4}})?|,?[ \n]{_UK_POSTCODE})?(?!\w)"
)
_UK_FULL = re.compile(
    rf"(?<![\w.,-])(?:Flat[ ]\w{{1,4}},?[ ])?\d{{1,4}}[A-Za-z]?,?[ ]{_WORD}(?:[ ]{_WORD}){{0,4}}"
    rf"(?:(?:,[ ]?|[ ]?\n){_CITY}){{1,3}},?[ \n]{_UK_POSTCODE}(?!\w)"
)
_GERMAN_STREET = (
    rf"(?:[{_UPPER}][\w-]{{1,40}}(?:straße|strasse|str\.|weg|platz|allee|gasse|ring|damm|ufer|berg|hof)"
    rf"|(?:[{_UPPER}][\w-]{{1,30}}[ ]){{1,2}}(?:Straße|Strasse|Str\.|Weg|Platz|Allee|Gasse|Ring|Damm|Ufer)"
    rf"|(?:Am|An|Auf|Im|In|Zum|Zur|Unter)[ ](?:de[rmn][ ])?[{_UPPER}][\w-]{{1,30}})"
)
_GERMAN = re.compile(
    rf"(?<!\w){_GERMAN_STREET}[ ]\d{{1,4}}[ ]?[a-zA-Z]?(?:[ ]?[-/][ ]?\d{{1,4}}[a-zA-Z]?)?(?!\w)"
    rf"(?:(?:,[ ]?|[ ]?\n|[ ])(?:(?:D|A|CH)-)?\d{{4,5}}[ ]{_CITY})?"
)
_POSTCODE_CITY = re.compile(
    rf"(?<![\w.,-])\d{{1,4}}(?:[ ](?:bis|ter))?,?[ ](?:rue|avenue|av\.|boulevard|bd|place|chemin|allée|impasse|"
    rf"quai|cours|route)[ ][\w'’. -]{{2,50}}(?:,[ ]?|[ ]?\n)\d{{5}}[ ]{_CITY}",
    re.IGNORECASE,
)
_ROMANCE = re.compile(
    rf"(?<!\w)(?:Calle|C/|Avenida|Avda\.?|Plaza|Paseo|Via|Viale|Piazza|Corso|Largo|Rua|Praça|Travessa)"
    rf"[ ](?:(?:de|del|della|dei|da|do|dos|das|la|las|los|di)[ ]){{0,2}}{_WORD}"
    rf"(?:[ ](?:(?:de|del|la|da|do|di)[ ])?{_WORD}){{0,4}},?[ ](?:n\.?º?[ ]?)?\d{{1,4}}[A-Za-z]?(?!\w)"
    rf"(?:,[ ][\w. ºª]{{1,12}})?(?:(?:,[ ]?|[ ]?\n|[ ])\d{{4,5}}(?:-\d{{3}})?[ ]{_CITY})?"
)
_DUTCH = re.compile(
    rf"(?<!\w)[{_UPPER}][\w'’-]{{1,30}}(?:straat|laan|weg|plein|gracht|kade|singel|dreef)[ ]\d{{1,4}}[a-zA-Z]?"
    rf"(?:-\d{{1,4}})?(?!\w)(?:,?[ \n]\d{{4}}[ ]?[A-Z]{{2}}(?:[ ]{_CITY})?)?"
)
_LIVES = re.compile(
    r"(?<!\w)(?i:lives? (?:at|in)|living (?:at|in)|resid(?:es?|ing) (?:at|in)|home address(?: is)?:?|"
    r"address(?: is|:)|(?:wohnhaft|wohnt) in|(?:anschrift|adresse|domicilio|dirección|indirizzo|"
    r"morada|adres):|habite (?:au|à)|vive en|abita in)[ ]{1,2}"
    rf"((?:\d{{1,6}}[A-Za-z]?[ ])?{_WORD}(?:[ ]{_WORD}|,[ ]{_WORD}|,?[ ]\d{{1,6}}(?!\w)){{0,9}})"
)

_US_LIKE = ((_US_FULL, 0.9), (_STREET, 0.7), (_UK_FULL, 0.85), (_MILITARY, 0.8), (_GERMAN, 0.75))
_PATTERNS = (*_US_LIKE, (_POSTCODE_CITY, 0.85), (_ROMANCE, 0.75), (_DUTCH, 0.75))
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
