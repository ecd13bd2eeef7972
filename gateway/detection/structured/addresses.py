"""Postal addresses, by the shapes of several countries and by words such as "lives at". Pure.

Patterns are matched only around a number that may be a house's, or behind a word for a street.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.detection.structured import scan
from gateway.detection.structured.context import PREFIX_LENGTH, Reading
from gateway.detection.structured.kinds import LABELS
from gateway.detection.structured.labels import Hit, hits
from gateway.detection.structured.places import matches, starts
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
# What of an address is known without its street: a town and its postal code.
_STATE_BEFORE = re.compile(rf"(?<![\w]){_CITY},?[ ](?:{_STATES})[ ]\Z")
_US_CODE = re.compile(r"\d{5}(?:-\d{4})?(?![\w-])")
_DUTCH_CODE = re.compile(
    rf"[1-9]\d{{3}}[ ]?(?!SA|SD|SS)[A-Z]{{2}}(?=[ ]{{1,2}}[{_UPPER}][a-zà-ÿ’'-])"
)
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
    r"(?<!\w)(?!(?:Bundes|Landes|Kreis|Staats|Europa|Reichs)stra)"
    rf"(?:[{_UPPER}][\w-]{{1,40}}(?:straße|strasse|str\.|weg|platz|allee|gasse)"
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
_PARTICLE = (
    r"(?:de|del|de[ ]la|de[ ]los|de[ ]las|della|dei|degli|delle|da|do|dos|das|la|las|los|el|di|e|y|"
    r"i|d['’])"
)
_ROMANCE = re.compile(
    r"(?<![\w./])(?i:calle|c/\.?|cl\.|avenida|avda\.?|avd\.|av\.|plaza|pza\.?|plza\.?|paseo|pº|ronda|camino|"
    r"carretera|ctra\.?|travesía|glorieta|rambla|urbanización|urb\.|pasaje|cuesta|via|viale|v\.le|"
    r"piazza|p\.zza|piazzale|corso|largo|vicolo|strada|rua|praça|travessa|alameda|estrada|"
    r"beco|calçada)[ ]?"
    rf"(?:{_PARTICLE}[ ]?){{0,2}}{_WORD}(?:[ -](?:{_PARTICLE}[ ]?){{0,2}}{_WORD}){{0,5}}"
    r"(?:,?[ ](?:n\.?[ ]?º?|nº|núm\.?|numero|número|n°)?[ ]?\d{1,4}(?:[ ]?[A-Za-z](?![\w]))?"
    r"(?:-\d{1,4})?|,?[ ]s/n)(?![\w]|[.,]\d)"
    r"(?:,?[ ](?:\d{1,2}[ºª.°]?(?:[ ]?[A-Z](?!\w)|[ ](?:izq|dcha|der)\w{0,6})?|[A-Z](?!\w)|andar"
    r"|r/c"
    r"|bajo(?:[ ][A-Z](?!\w))?"
    r"|esc\.?[ ]\w{1,3}|piso[ ]\w{1,4}|int\.?[ ]\d{1,3})(?![\w/-])){0,3}"
    rf"(?:(?:,[ ]?|[ ]?\n|[ ])\d{{4,5}}(?:-\d{{3}})?[ ]{_CITY})?"
)
_ROMANCE_LOWER = re.compile(
    rf"(?<![\w./])(?i:calle|c/|avenida|avda\.?|paseo|plaza|rua|viale|piazza|corso)[ ]?"
    rf"(?:{_PARTICLE}[ ]){{0,2}}[^\W\d_]{{2,20}}"
    rf"(?:[ ](?:{_PARTICLE}[ ]){{0,2}}[^\W\d_]{{2,20}}){{0,3}}"
    r",[ ](?:n\.?º?[ ]|nº[ ]?)?\d{1,4}(?![\w]|[.,]\d)"
)
_ROMANCE_WORDS = frozenset(
    "calle cl avenida avda avd av plaza pza plza paseo ronda camino carretera ctra travesía "
    "glorieta rambla urbanización urb pasaje cuesta via viale piazza piazzale corso largo vicolo "
    "strada rua praça travessa alameda estrada beco calçada".split()
)
# How they begin, the abbreviations with their signs.
_ROMANCE_STEMS = (
    "calle", "c/", "cl.", "avenida", "avda", "avd", "av.", "plaza", "pza", "plza", "paseo", "pº",
    "ronda", "camino", "carretera", "ctra", "travesía", "glorieta", "rambla", "urbanización",
    "urb.", "pasaje", "cuesta", "via", "v.le", "piazza", "p.zza", "corso", "largo", "vicolo",
    "strada", "rua", "praça", "travessa", "alameda", "estrada", "beco", "calçada",
)  # fmt: skip
_DUTCH = re.compile(
    rf"(?<!\w)[{_UPPER}][\w'’-]{{1,30}}(?:straat|laan|weg|plein|gracht|kade|singel|dreef)"
    r"[ ]\d{1,4}[a-zA-Z]?(?:-\d{1,4})?(?!\w)"
    rf"(?:,?[ \n]\d{{4}}[ ]?[A-Z]{{2}}(?:[ ]{_CITY})?)?"
)
_LIVES = re.compile(
    rf"[ ]{{1,2}}((?:\d{{1,6}}[A-Za-z]?[ ])?{_WORD}"
    rf"(?:[ ]{_WORD}|,[ ]{_WORD}|,?[ ]\d{{1,6}}(?!\w)){{0,9}})"
)
_LABELLED = re.compile(
    r"[\"'`*>]{0,3}[ ]?(?:(?:is|ist|est|es|è|é)[ ](?=[\dA-ZÄÖÜÉÈÁ])|[:=][ ]{0,2}|(?<=>))[ ]{0,2}"
    r"[\"'`*>]{0,3}[ ]{0,2}"
    r"((?:\d{1,6}[\w/-]{0,6},?[ ]|[^\W\d_])[^\n\"<>|;{}@=]{4,110})"
)
_NOT_POSTAL = re.compile(
    r"(?:ip|mac|mail|e-mail|email|web|memory|bitcoin|wallet|contract|url|base|bind|server|host|"
    r"network|remote|local|virtual|btc|eth|return|start|end|book|bus|device|physical|internet|"
    r"site|peer|listen|source|destination|data|function|static|http|https|ethernet|sender|to|from)"
    r"[ _-]?\Z",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?<=\w{3})[.][ ](?=[A-ZÄÖÜ])")
_HAS_NUMBER = re.compile(r"(?<![\w.])\d{1,6}[A-Za-z]?(?![\w.:]|/\d)")
_STOPS = re.compile(
    r"(?<=[a-z\d])[.](?:\s|\Z)|[ ]{3,}|\t|,[ ](?:phone|tel|email|e-mail|dob|born|ssn)\b"
)

_NUMBER_FIRST = ((_US_FULL, 0.9), (_STREET, 0.7), (_UK_FULL, 0.85), (_FRENCH, 0.85))
# In other languages the name of a street begins in capitals, or is an ordinal number.
_FRENCH_FIRST = ((_FRENCH, 0.85),)
_STREET_BEGINS = re.compile(rf"[{_UPPER}]|\d{{1,3}}(?:st|nd|rd|th)")
_STREET_ENDINGS = (
    "straße", "strasse", "str.", "weg", "platz", "allee", "gasse", "straat", "laan", "plein",
    "gracht", "kade", "singel", "dreef", "ring", "damm", "ufer", "berg", "hof", "markt", "str",
)  # fmt: skip
_GERMANIC = ((_GERMAN, 0.75), (_GERMAN_WEAK, 0.75), (_DUTCH, 0.75))
_MILITARY_WORDS = frozenset("psc unit uss usns usnv box apo fpo dpo".split())


def addresses(reading: Reading) -> Iterator[Span]:
    """Postal addresses as ADDRESS, and where somebody is said to live as LOCATION."""
    text, vocabulary = reading.text, reading.vocabulary
    if reading.has_digit:
        for start, end in scan.words(reading):
            if end - start <= 12 and text[start].isdigit():
                yield from _around(text, start, end)
        if not _ROMANCE_WORDS.isdisjoint(vocabulary) or "c/" in reading.lower:
            yield from _romance(reading)
        if not _MILITARY_WORDS.isdisjoint(vocabulary):
            for match in _MILITARY.finditer(text):
                yield Span(match.start(), match.end(), "ADDRESS", 0.8, "address")
    labels = hits(LABELS, reading)
    if not labels.kinds.isdisjoint(("lives", "address")):
        for hit in labels.all:
            if hit.kind in ("lives", "address"):
                yield from _named(text, hit)


def _romance(reading: Reading) -> Iterator[Span]:
    """Addresses that begin with a word for a street, each looked for only at such words."""
    prefixes = reading.prefixes
    stems = [
        stem
        for stem in _ROMANCE_STEMS
        if len(stem) < PREFIX_LENGTH or not stem.isalpha() or stem[:PREFIX_LENGTH] in prefixes
    ]
    places = starts(reading.lower, stems)
    for pattern in (_ROMANCE, _ROMANCE_LOWER):
        for match in matches(pattern, reading.text, places):
            yield Span(match.start(), match.end(), "ADDRESS", 0.75, "address")


def _around(text: str, start: int, end: int) -> Iterator[Span]:
    """The addresses that a house number begins, or ends the street of."""
    gap = 1 + text.startswith(",", end)
    if text[end + gap - 1 : end + gap] == " ":
        named = _STREET_BEGINS.match(text, end + gap)
        for pattern, score in _NUMBER_FIRST if named else _FRENCH_FIRST:
            match = pattern.match(text, start)
            if match is not None:
                yield Span(start, match.end(), "ADDRESS", score, "address")
    if text[start - 1 : start] != " ":
        return
    before = text[max(0, start - 90) : start - 1].lower().rsplit(None, 3)[-3:]
    if before and (
        before[-1].endswith(_STREET_ENDINGS) or not _PREPOSITIONS.isdisjoint(before[:-1])
    ):
        for pattern, score in _GERMANIC:
            for match in pattern.finditer(text, max(0, start - 90), min(len(text), end + 60)):
                yield Span(match.start(), match.end(), "ADDRESS", score, "address")


_PREPOSITIONS = frozenset("am an auf im in zum zur unter".split())


def _named(text: str, hit: Hit) -> Iterator[Span]:
    if hit.kind == "lives":
        match = _LIVES.match(text, hit.end)
        if match is not None and len(match[1]) > 1 and not text.startswith("Live", hit.start):
            kind = "ADDRESS" if match[1][0].isdigit() else "LOCATION"
            stop = _SENTENCE.search(match[1])
            end = match.start(1) + stop.start() if stop is not None else match.end(1)
            yield Span(match.start(1), end, kind, 0.6, "address_context")
        return
    if hit.kind != "address" or _NOT_POSTAL.search(text, max(0, hit.start - 14), hit.start):
        return
    match = _LABELLED.match(text, hit.end)
    if match is None:
        return
    stop = _STOPS.search(match[1])
    value = (match[1][: stop.start()] if stop is not None else match[1]).rstrip(" ,'`*.)")
    if " " in value and _HAS_NUMBER.search(value) and not value.islower() and "://" not in value:
        yield Span(match.start(1), match.start(1) + len(value), "ADDRESS", 0.6, "address_label")


def postal_codes(reading: Reading) -> Iterator[Span]:
    """A code behind a town and its state, or before a Dutch town."""
    text = reading.text
    for start, _ in scan.words(reading):
        code = _US_CODE.match(text, start)
        if code is None or _STATE_BEFORE.search(text, max(0, start - 64), start) is None:
            code = _DUTCH_CODE.match(text, start)
        if code is not None:
            yield Span(code.start(), code.end(), "ZIP_CODE", 0.7, "postal_code")


ENTITY_TYPES = frozenset({"ADDRESS", "LOCATION", "ZIP_CODE"})
