"""Wallets, vehicles, SIM cards, coordinates, handles: values of a form of their own. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.detection.structured import scan
from gateway.detection.structured.checksums import base58check, bech32, luhn, vin
from gateway.detection.structured.context import PREFIX_LENGTH, Reading
from gateway.detection.structured.kinds import LABELS
from gateway.detection.structured.labels import hits, near
from gateway.detection.structured.places import matches, starts
from gateway.types import Span

_BITCOIN = re.compile(r"[13LMDXTtmn2A9][a-km-zA-HJ-NP-Z1-9]{25,34}\Z")
_SEGWIT = re.compile(r"(?:bc|tb|ltc)1[02-9ac-hj-np-z]{11,71}\Z", re.IGNORECASE)
_ETHEREUM = re.compile(r"0x[0-9A-Fa-f]{40}\Z")
_MONERO = re.compile(r"[48][0-9AB][1-9A-HJ-NP-Za-km-z]{93}(?:[1-9A-HJ-NP-Za-km-z]{11})?\Z")
_CARDANO = re.compile(r"addr1[02-9ac-hj-np-z]{50,110}\Z")
_UNCHECKED = re.compile(r"r[1-9A-HJ-NP-Za-km-z]{24,34}\Z|[1-9A-HJ-NP-Za-km-z]{32,44}\Z")
_WALLET = frozenset(
    "wallet bitcoin btc eth ethereum xmr monero xrp ripple solana sol crypto litecoin ltc doge "
    "dogecoin usdt tron trx cardano ada tezos blockchain".split()
)


def wallets(reading: Reading) -> Iterator[Span]:
    """Addresses of crypto currencies, by their checksums; those without one beside a word."""
    text = reading.text
    named: bool | None = None
    for start, end in scan.words(reading):
        if end - start < 26 or text[end : end + 1] == "_" or text[start - 1 : start] == "_":
            continue
        value = text[start:end]
        if (
            (_BITCOIN.match(value) and base58check(value))
            or (_SEGWIT.match(value) and bech32(value))
            or _ETHEREUM.match(value)
            or _MONERO.match(value)
            or _CARDANO.match(value)
        ):
            yield Span(start, end, "CRYPTO", 0.95, "wallet")
        elif _UNCHECKED.match(value):
            if named is None:
                named = not _WALLET.isdisjoint(reading.vocabulary)
            if named and not value.islower() and not value.isupper():
                yield Span(start, end, "CRYPTO", 0.6, "wallet_context")


_VIN = re.compile(r"(?=[A-Z0-9]{0,11}\d{4,6}\Z)[A-HJ-NPR-Z0-9]{17}\Z")
_IMEI = re.compile(r"\d{2}-\d{6}-\d{6}-\d\Z")
_PLATES = re.compile(
    r"[A-ZÄÖÜ](?<![\w-].)(?:[A-ZÄÖÜ]{0,2}-[A-Z]{1,2} \d{1,4}[EH]?"
    r"|(?<=[A-Z])[A-Z]-\d{3}-[A-Z]{2})(?![\w-])"
)
# Forms that other things have as well, in GB, ES, IT, FR, NL, PT and BR: with the word near by.
_NEAR_PLATES = re.compile(
    r"(?<![\w-])(?:[A-Z]{2}\d\d[ ]?[A-Z]{3}|"
    r"(?!(?:19|20)\d\d)\d{4}[ -]?[BCDFGHJ-NPR-TV-Z]{3}|[A-Z]{2}[ -]?\d{3}[ -]?[A-Z]{2}"
    r"|[A-Z]{1,2}-\d{2,3}-[A-Z]{1,2}|\d{1,2}-[A-Z]{2,3}-\d{1,2}|[A-Z]{3}\d[A-Z]\d\d)(?![\w-])"
)
_PLATE_NEAR = re.compile(
    r"(?<![^\W_])(?:plates?|reg|registration|registered|number plate|kennzeichen|immatricul\w+|"
    r"matr[ií]cula\w*|placas?|targa\w*|kenteken)(?![^\W_])"
)
_NEAR_STEMS = (
    "plate", "reg", "registration", "registered", "number plate", "kennzeichen", "immatricul",
    "matricula", "matrícula", "placa", "targa", "kenteken",
)  # fmt: skip
_PLATE_REACH, _LONGEST_PLATE = 40, 12
_PLATE_WORDS = frozenset(
    "car vehicle plate plates licence license registration auto fahrzeug wagen kennzeichen pkw "
    "kfz voiture véhicule immatriculation coche vehículo matrícula placa auto veicolo targa "
    "kenteken voertuig carro veículo truck van motorcycle parked parking drove".split()
)


def vehicles_and_devices(reading: Reading) -> Iterator[Span]:
    """Vehicle identification numbers, IMEI and ICCID by check digit."""
    text = reading.text
    for start, end in scan.words(reading):
        length = end - start
        if length == 17 and _VIN.match(text, start, end) and vin(text[start:end]):
            if text[start:end].isdigit() or text[start:end].isalpha():
                continue
            yield Span(start, end, "VIN", 0.7, "vin")
        elif length == 18 and _IMEI.match(text, start, end) and _is_luhn(text[start:end]):
            yield Span(start, end, "IMEI", 0.8, "imei")
        elif length in (19, 20) and text.startswith("89", start) and _is_luhn(text[start:end]):
            yield Span(start, end, "ICCID", 0.75, "iccid")


def plates(reading: Reading) -> Iterator[Span]:
    """Plates of vehicles in the forms of some countries: in a text about one, or near its word."""
    text = reading.text
    if "-" in text and not _PLATE_WORDS.isdisjoint(reading.vocabulary):
        for match in _PLATES.finditer(text):
            yield Span(match.start(), match.end(), "LICENSE_PLATE", 0.6, "plate")
    prefixes, lower = reading.prefixes, reading.lower
    stems = [stem for stem in _NEAR_STEMS if stem[:PREFIX_LENGTH] in prefixes]
    for word in matches(_PLATE_NEAR, lower, starts(lower, stems)):
        low, high = max(0, word.start() - _PLATE_REACH), word.end() + _PLATE_REACH
        for match in _NEAR_PLATES.finditer(text, low, min(high + _LONGEST_PLATE, len(text))):
            if match.start() < high:
                yield Span(match.start(), match.end(), "LICENSE_PLATE", 0.6, "plate")


# Lines of passports, identity cards and visas that machines read (ICAO Doc 9303, parts 4 to 7).
_LINE = re.compile(r"(?<![A-Z0-9<])[A-Z0-9<]{28,44}(?![A-Z0-9<])")
_MACHINE_LINES = (
    re.compile(r"[A-Z<]*[A-Z]{2}<<[A-Z<]+"),
    re.compile(r"(?:[A-Z0-9<]{9}[0-9][A-Z<]{3})?\d{7}[MFX<]\d{7}[A-Z0-9<]{8,16}"),
    re.compile(r"[ACI][A-Z<][A-Z<]{3}[A-Z0-9<]{9}[0-9<][A-Z0-9<]{15}"),
)


def machine_lines(reading: Reading) -> Iterator[Span]:
    """The lines of a travel document for machines: names in one, numbers and dates in another."""
    if "<<" not in reading.text:
        return
    for line in _LINE.finditer(reading.text):
        value = line[0]
        if "<" in value and any(form.fullmatch(value) for form in _MACHINE_LINES):
            yield Span(line.start(), line.end(), "PASSPORT", 0.85, "machine_line")


def _is_luhn(written: str) -> bool:
    digits = written.replace("-", "")
    return digits.isdigit() and luhn(digits)


_DECIMAL = r"[0-9][0-9]{0,2}\.[0-9]{3,15}"
_PAIR = re.compile(
    rf"{_DECIMAL}[ ]?°?[ ]?[NSns]?[ ]?[,;/ ][ ]{{0,2}}[-+−]?{_DECIMAL}[ ]?°?[ ]?(?:[EWOewo](?!\w))?"
)
# Behind their first digit, which a search looks for.
_DEGREES = (
    r"\d{0,2}[ ]?[°º][ ]?(?:\d{1,2}(?:\.\d{1,6})?[ ]?['’′])?[ ]?"
    r"(?:\d{1,2}(?:[.,]\d{1,4})?[ ]?(?:[\"”″]|''))?[ ]?"
)
_DMS = re.compile(rf"\d(?<![\w.].){_DEGREES}[NSns](?:[ ]?[,;/]?[ ]?\d{_DEGREES}[EWOewo])?(?!\w)")
_SINGLE = re.compile(
    r"(?<![A-Za-z])(?:lat|latitude|lon|lng|long|longitude|breitengrad|längengrad|latitud|longitud)"
    r"[\"']?[ ]?[:=][ ]?[\"']?([-+]?\d{1,3}\.\d{3,15})(?!\d)",
    re.IGNORECASE,
)
_GEO = re.compile(
    r"(?<![A-Za-z])(?:lat(?:itude)?|lon(?:gitude)?|lng|gps|coord\w{0,8}|geo\w{0,10}|location|koordinaten|"
    r"standort|breitengrad|längengrad|coordonnées|coordenadas|ubicación|latitud|longitud|posizione|"
    r"coördinaten|locatie|localização|position)(?![a-z])",
    re.IGNORECASE,
)
_GEO_REACH = 64


def coordinates(reading: Reading) -> Iterator[Span]:
    """Geographic coordinates: decimal pairs beside a word or with a hemisphere, and degrees."""
    text = reading.text
    signed = "°" in text or "º" in text
    if signed:
        for match in _DMS.finditer(text):
            if "'" in match[0] or len(match[0]) > 8 or "′" in match[0]:
                yield Span(match.start(), match.end(), "COORDINATES", 0.85, "degrees")
    if "." not in text:
        return
    for match in _PAIR.finditer(text):
        start = match.start() - (text[match.start() - 1 : match.start()] in ("-", "+", "−"))
        if not _is_place(match[0]) or text[start - 1 : start].isalnum():
            continue
        if "°" in match[0] or _GEO.search(text, max(0, start - _GEO_REACH), start):
            yield Span(start, match.end(), "COORDINATES", 0.7, "coordinates")
    if not _GEO_WORDS.isdisjoint(reading.prefixes):
        for match in matches(_SINGLE, text, starts(reading.lower, _GEO_STEMS)):
            yield Span(match.start(1), match.end(1), "COORDINATES", 0.7, "coordinate")


_GEO_WORDS = frozenset("lat lati lon long lng brei läng".split())
_GEO_STEMS = ("lat", "lon", "lng", "breitengrad", "längengrad")


def _is_place(pair: str) -> bool:
    first, second = re.findall(_DECIMAL, pair)
    return float(first) <= 90 and float(second) <= 180 and len(pair) >= 13


_HANDLE = re.compile(
    r"@([A-Za-z_](?=[\w.-]{0,20}[A-Za-z]{2})(?:[A-Za-z0-9_]|[.-](?=[A-Za-z0-9_])){3,29})(?![\w/(@]|\.\w)"
)


def handles(reading: Reading) -> Iterator[Span]:
    """Names behind an at sign, as on social media; not decorators, packages or tags of code."""
    text = reading.text
    at = text.find("@")
    while at >= 0:
        match = _HANDLE.match(text, at)
        before = text[at - 1 : at]
        if match is not None and (not before or before in " \t\n([{\"'.,:;“«"):
            value = match[1]
            telling = any(map(str.isdigit, value))
            line = text[text.rfind("\n", 0, at) + 1 : at]
            opens = not line.strip() and text[match.end() : match.end() + 1] in ("", "\n", "\r")
            labels = hits(LABELS, reading)
            if not opens and (
                (telling and any(map(str.isalpha, value)))
                or near(reading, labels, at, match.end(), "username") == 1
                or near(reading, labels, at, match.end(), "platform")
            ):
                yield Span(at, match.end(), "USERNAME", 0.6, "handle")
        at = text.find("@", at + 1)


_ACCOUNT = re.compile(
    r"(?:create|alter|drop|grant|revoke)\b[^;\n]{0,120}?\b(?:user|role|to|from)\s{1,3}(?:if\s(?:not\s)?exists\s)?"
    r"['\"`]([^'\"`\n]{3,64})['\"`]",
    re.IGNORECASE,
)
_STATEMENTS = frozenset("create alter drop grant revoke".split())


def database_users(reading: Reading) -> Iterator[Span]:
    """Names of accounts in statements of SQL that make users or grant them rights."""
    words = reading.vocabulary
    if not _STATEMENTS.isdisjoint(words) and not {"user", "role", "to", "from"}.isdisjoint(words):
        for match in matches(_ACCOUNT, reading.text, starts(reading.lower, sorted(_STATEMENTS))):
            yield Span(match.start(1), match.end(1), "USERNAME", 0.6, "database_user")


ENTITY_TYPES = frozenset(
    {"CRYPTO", "VIN", "IMEI", "ICCID", "LICENSE_PLATE", "COORDINATES", "USERNAME", "PASSPORT"}
)
