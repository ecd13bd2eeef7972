"""Phone and payment card numbers: candidates by shape, then by number plan and check digit. Pure.

Number plans come from `phonenumbers` (ITU-T E.164 and national plans); its own text matcher is
not used, because it is some hundred times slower than looking for candidates first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import phonenumbers
from phonenumbers import NumberParseException

from gateway.detection.checksums import luhn
from gateway.detection.context import Reading, context
from gateway.types import Span

# A digit run: digits in groups, between them up to three separators.
_SEPARATOR = r"[ \t().\-/\u00a0–]{0,3}"
_PHONE = re.compile(
    rf"(?<![\w.,/=#-])(?:\+\s?|\()?\(?\+?\d(?:{_SEPARATOR}\d){{6,18}}(?!\w|[.,:/-]\d)"
    r"(?:[ ,;]{0,3}(?:extension|ext|durchwahl|dw|poste|int|x)[ .:#]{0,2}\d{1,6}(?!\w))?",
    re.IGNORECASE,
)
_EXTENSION = re.compile(r"[ ,;]*(?:extension|ext|durchwahl|dw|poste|int|x)", re.IGNORECASE)
_NANP = re.compile(
    r"(?<![\w+.-])(?:\+?1[-. ]?)?(?:\([2-9]\d{2}\) ?|[2-9]\d{2}[-. ])[2-9]\d{2}"
    r"[-. ]\d{4}(?!\d|[-.]\d)(?:[ ,;]{0,3}(?:extension|ext|x)[ .:#]{0,2}\d{1,6}(?!\w))?",
    re.IGNORECASE,
)
_NOT_A_PHONE = re.compile(
    r"(?:19|20)\d\d[-/.]\d{1,2}[-/.]\d{1,2}(?:\D.*)?$"
    r"|\d{1,2}[-/.]\d{1,2}[-/.](?:19|20)?\d\d(?:\D.*)?$"
    r"|\d{1,3}(?:\.\d{1,3}){3}$|\d+\.\d+$|\d{1,3}(?:\.\d{3})+$|\d{4}[ -]\d{4}[ -]\d{4}[ -]\d{1,7}$"
    r"|\d{3}-\d{2}-\d{4}$|(?:19|20)\d\d\s?[-–]\s?(?:19|20)\d\d$"
)
_PHONE_WORDS = context(
    ["phone", "telephone", "tel", "mobile", "cell", "cellphone", "fax", "whatsapp", "hotline",
     "sms", "text me", "call me", "call us", "reach me", "reached at", "ring me", "dial", "handy",
     "telefon", "telefonnummer", "rufnummer", "mobil", "mobilnummer", "anrufen", "téléphone",
     "portable", "teléfono", "móvil", "celular", "telefono", "cellulare", "telefone", "telemóvel",
     "telefoon", "mobiel", "contact number", "phone number"]
)  # fmt: skip
_NATIONAL_REGIONS = ("DE", "GB", "FR", "IT", "NL", "BE", "AT", "CH", "AU", "IN", "JP", "BR", "ZA")
_DIGITS = re.compile(r"\d")
_GROUP = re.compile(r"\d+")


def phones(reading: Reading) -> Iterator[Span]:
    """Phone numbers of all countries, with extension where one follows.

    With a country code: any country whose plan has such a number. Without: the North American
    form, a trunk zero and separators that fit a national plan, or any run of 7 to 15 digits
    beside a word for phone.
    """
    if not reading.has_digit:
        return
    text = reading.text
    for match in _PHONE.finditer(text):
        yield from _judge(reading, match.start(), match.end())
    for match in _NANP.finditer(text):
        yield Span(match.start(), match.end(), "PHONE_NUMBER", 0.6, "phone_nanp")


def _judge(reading: Reading, start: int, end: int) -> Iterator[Span]:
    text = reading.text
    candidate = text[start:end]
    extension = _EXTENSION.search(candidate)
    body = candidate[: extension.start()] if extension else candidate
    if "+" in body or body.startswith("00"):
        stop = _international(body)
        if stop:
            whole = end if stop == len(body) else start + stop
            yield Span(start, whole, "PHONE_NUMBER", 0.85, "phone_international")
            return
    if _NOT_A_PHONE.match(body):
        return
    digits = len(_DIGITS.findall(body))
    if digits <= 15 and _PHONE_WORDS is not None and _PHONE_WORDS.near(reading, start, end):
        yield Span(start, end, "PHONE_NUMBER", 0.7, "phone_context")
    elif (
        body.lstrip("(").startswith("0")
        and 9 <= digits <= 13
        and not body.isdigit()
        and any(_is_valid(body, region) for region in _NATIONAL_REGIONS)
    ):
        yield Span(start, end, "PHONE_NUMBER", 0.6, "phone_national")


def _international(body: str) -> int:
    """Where the longest prefix of whole digit groups that is a possible number ends; 0 if none."""
    plus = body.replace("00", "+", 1) if body.startswith("00") else body
    shift = len(body) - len(plus)
    ends = [group.end() for group in _GROUP.finditer(plus)]
    for end in reversed(ends[-8:]):
        try:
            number = phonenumbers.parse(plus[:end].lstrip("("), None)
        except NumberParseException:
            continue
        if phonenumbers.is_possible_number(number):
            return end + shift
    return 0


def _is_valid(body: str, region: str) -> bool:
    try:
        number = phonenumbers.parse(body, region)
    except NumberParseException:
        return False
    return bool(phonenumbers.is_valid_number(number))


# ---------------------------------------------------------------- payment cards

_CARD_RUN = re.compile(r"(?<![\w+])\d(?:[ .\-–]{0,3}\d){11,63}(?!\w)")
_CARD_WORDS = context(
    ["card", "credit", "debit", "visa", "mastercard", "amex", "american express", "discover",
     "jcb", "diners", "maestro", "kreditkarte", "karte", "kartennummer", "carte", "tarjeta",
     "carta", "cartão", "creditcard", "pan", "cc"]
)  # fmt: skip
_ISSUER = re.compile(r"3[04-9]|35|4|5[0-8]|6|2(?:2[2-9]|[3-6]|7[01]|720)")  # ISO/IEC 7812 prefixes
_MIN_CARD, _MAX_CARD = 12, 19


def cards(reading: Reading) -> Iterator[Span]:
    """Payment card numbers: 12 to 19 digits, any separators, with the Luhn check digit.

    Beside a word for card, a number with a wrong check digit or an unknown issuer counts too.
    """
    if not reading.has_digit:
        return
    for run in _CARD_RUN.finditer(reading.text):
        start, end = run.span()
        near = _CARD_WORDS is not None and _CARD_WORDS.near(reading, start, end)
        groups = [match.span() for match in _GROUP.finditer(reading.text, start, end)]
        found = False
        for first, last, known in _windows(reading.text, groups):
            if known or near:
                found = True
                yield Span(first, last, "CREDIT_CARD", 0.95 if known else 0.8, "card")
        digits = sum(stop - begin for begin, stop in groups)
        if near and not found and digits <= _MAX_CARD:
            yield Span(start, end, "CREDIT_CARD", 0.6, "card_context")


def _windows(text: str, groups: list[tuple[int, int]]) -> Iterator[tuple[int, int, bool]]:
    """From left to right, the longest stretch of whole groups from each place that passes Luhn.

    The flag says whether its first digits are those of a card issuer.
    """
    index = 0
    while index < len(groups):
        best = 0
        digits = ""
        for stop in range(index, len(groups)):
            digits += text[groups[stop][0] : groups[stop][1]]
            if len(digits) > _MAX_CARD:
                break
            if len(digits) >= _MIN_CARD and luhn(digits) and len(set(digits)) > 1:
                best = stop + 1
                known = _ISSUER.match(digits) is not None
        if best:
            yield groups[index][0], groups[best - 1][1], known
            index = best
        else:
            index += 1
