"""How far the identifiers of single countries may be trusted. Pure.

Presidio brings a recognizer per national identifier. Many are little more than "nine digits":
run together over any language they would find something in every order number. So an identifier
stands alone only if its shape or checksum is telling; all others count beside a context word.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import regex

from gateway.detection.context import Context, Reading, context
from gateway.detection.windows import Windows
from gateway.types import Span

FLAGS = regex.DOTALL | regex.MULTILINE | regex.IGNORECASE  # those Presidio writes patterns for

ALONE = frozenset(
    """
    AU_ABN DE_SOCIAL_SECURITY DE_TAX_ID DE_VAT_ID ES_NIE ES_NIF FI_PERSONAL_IDENTITY_CODE IN_GSTIN
    IN_PAN IT_FISCAL_CODE KR_RRN PL_PESEL SE_PERSONNUMMER SG_NRIC_FIN TR_NATIONAL_ID
    UK_DRIVING_LICENCE UK_NINO US_ITIN US_MBI ZA_ID_NUMBER
    """.split()
)
"""Entity types that need no context word, given a base score of `ALONE_SCORE` or a checksum."""

ALONE_SCORE = 0.5
CHECKED_SCORE = 0.85
CHECKED_CONTEXT_SCORE = 0.95
CONTEXT_BOOST = 0.35
CONTEXT_SCORE = 0.6
UNCHECKED_SCORE = 0.5  # a wrong check digit beside the identifier's own name is a typing error

REPLACED = frozenset(
    {
        "UsSsnRecognizer",
        "UsHealthInsuranceMemberIdRecognizer",
        "ZaPhoneNumberRecognizer",
        "DePlzRecognizer",
    }
)
"""Presidio classes that our own table does better, or that are too weak even with context."""

CONTEXT: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "US_PASSPORT": ("passport", "passport number", "pass no"),
        "US_BANK_NUMBER": ("account number", "account no", "acct", "bank account", "account",
                           "checking account", "routing", "kontonummer", "konto"),
        "US_DRIVER_LICENSE": ("driver license", "driver's license", "drivers license",
                              "driving license", "driver licence", "dl number", "license number",
                              "driver", "dmv"),
        "DE_PASSPORT": ("reisepass", "passnummer", "passport", "pass-nr", "pass nr"),
        "IT_VAT_CODE": ("piva", "partita iva", "p.iva", "p. iva"),
        "IT_PASSPORT": ("passaporto", "passport"),
        "IT_IDENTITY_CARD": ("carta d'identità", "carta di identità", "cie", "identity card"),
        "IT_DRIVER_LICENSE": ("patente", "patente di guida"),
        "DE_HANDELSREGISTER": ("handelsregister", "amtsgericht", "registergericht"),
        "DE_HEALTH_INSURANCE": ("krankenversicherung", "krankenversichertennummer", "kvnr",
                                "versichertennummer", "krankenkasse", "gesundheitskarte", "aok",
                                "barmer", "techniker", "health insurance", "insurance"),
        "UK_POSTCODE": ("postcode", "post code", "postal code", "address"),
        "UK_VEHICLE_REGISTRATION": ("vehicle", "registration", "number plate", "licence plate",
                                    "license plate", "vrn", "dvla", "v5c"),
        "ZA_ID_NUMBER": ("id number", "identity number", "south african id", "rsa id", "sa id"),
        "CA_SIN": ("sin", "social insurance", "numéro d'assurance sociale", "assurance sociale",
                   "nas"),
        "MEDICAL_LICENSE": ("dea", "medical license", "medical licence", "dea number"),
        "US_PROVIDER_TAX_ID": ("tax id", "tin", "ein", "employer identification", "provider tax"),
        "US_ITIN": ("itin", "individual taxpayer", "taxpayer", "tax id", "tin"),
    }
)  # fmt: skip
"""Context words in place of Presidio's, where those are too common ("us", "document", "save")."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identifier:
    """A kind of identifier: regexes with base scores, checks on what they match, context words.

    `validate` says True (checksum holds), False (it does not) or None (there is none);
    `invalidate` says True for what cannot be one. A custom identifier, an operator's own, keeps
    the scores that were given to it, may match text without digits, and is never doubted.
    """

    name: str
    entity_type: str
    patterns: tuple[tuple[regex.Pattern[str], float], ...] = field(repr=False)
    context: Context | None = field(repr=False)
    validate: Callable[[str], bool | None]
    invalidate: Callable[[str], bool | None]
    checks: bool
    custom: bool


def identifier(
    *,
    name: str,
    entity_type: str,
    patterns: Sequence[tuple[str, float]],
    words: Sequence[str],
    validate: Callable[[str], bool | None],
    invalidate: Callable[[str], bool | None],
    checks: bool,
    custom: bool,
) -> Identifier:
    """Compile an identifier.

    Patterns of unbounded reach (`.*`) of a national identifier are left out: they take quadratic
    time and hold for almost anything.

    Raises:
        regex.error: a pattern is not a regular expression.
    """
    kept = [(source, score) for source, score in patterns if custom or ".*" not in source]
    own = () if custom else CONTEXT.get(entity_type, ())
    return Identifier(
        name=name,
        entity_type=entity_type,
        patterns=tuple((regex.compile(source, FLAGS), score) for source, score in kept),
        context=context(own or words),
        validate=validate,
        invalidate=invalidate,
        checks=checks,
        custom=custom,
    )


def identify(
    rows: Sequence[Identifier], reading: Reading, time_left: Callable[[], float]
) -> Iterator[Span]:
    """The identifiers in a text. `time_left` gives the seconds that one regex may take.

    Raises:
        TimeoutError: a regex took longer.
    """
    windows = Windows(reading.text) if reading.has_digit else None
    for row in rows:
        if row.custom:
            yield from _custom(row, reading, time_left)
        elif windows is not None:
            yield from _national(row, reading, windows, time_left)


def _custom(row: Identifier, reading: Reading, time_left: Callable[[], float]) -> Iterator[Span]:
    for pattern, base in row.patterns:
        for match in pattern.finditer(reading.text, timeout=time_left()):
            start, end = match.span()
            if start < end:
                near = row.context is not None and row.context.near(reading, start, end)
                score = with_context(base) if near else base
                yield Span(start, end, row.entity_type, score, row.name)


def _national(
    row: Identifier, reading: Reading, windows: Windows, time_left: Callable[[], float]
) -> Iterator[Span]:
    named = row.context is not None and row.context.anywhere(reading)
    alone = row.entity_type in ALONE
    if not named and not alone:
        return
    for pattern, base in row.patterns:
        if not named and not row.checks and base < ALONE_SCORE:
            continue
        for match in pattern.finditer(windows.text, timeout=time_left()):
            start = match.start() + windows.original(match.start())
            end = start + len(match[0])
            near = named and row.context is not None and row.context.near(reading, start, end)
            if near or (alone and _is_whole(reading.text, start, end)):
                score = _score(row, base, match[0], near=near)
                if score:
                    yield Span(start, end, row.entity_type, score, row.name)


def _is_whole(text: str, start: int, end: int) -> bool:
    """Whether a candidate is no part of a longer run; behind a plus stands a phone number."""
    before = text[start - 1] if start else " "
    after = text[end] if end < len(text) else " "
    return not (before.isalnum() or before == "+" or after.isalnum())


def with_context(score: float) -> float:
    """A base score, lifted because a context word stands near."""
    return min(max(score + CONTEXT_BOOST, CONTEXT_SCORE), 1.0)


def _score(row: Identifier, base: float, value: str, *, near: bool) -> float:
    checked = row.validate(value)
    if checked is False or row.invalidate(value):
        return UNCHECKED_SCORE if near else 0.0
    if checked:
        return CHECKED_CONTEXT_SCORE if near else CHECKED_SCORE
    if near:
        return min(with_context(base), CHECKED_CONTEXT_SCORE)
    return base if base >= ALONE_SCORE else 0.0
