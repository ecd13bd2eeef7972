"""How far the identifiers of single countries may be trusted. Pure.

Presidio brings a recognizer per national identifier. Many are little more than "nine digits":
run together over any language they would find something in every order number. Those that our
own table (`identifiers`) knows are left to it; the others count beside a context word only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import regex

from gateway.detection.structured import identifiers
from gateway.detection.structured.context import Context, Reading, context
from gateway.detection.structured.windows import Windows
from gateway.types import Span

FLAGS = regex.DOTALL | regex.MULTILINE | regex.IGNORECASE  # those Presidio writes patterns for

ALONE = frozenset(row.entity_type for row in identifiers.ROWS if row.alone is not None)
"""Entity types that need no context word; our own table finds them."""

CHECKED_CONTEXT_SCORE = 0.95
CONTEXT_BOOST = 0.35
CONTEXT_SCORE = 0.6
UNCHECKED_SCORE = 0.5  # a wrong check digit beside the identifier's own name is a typing error

REPLACED = frozenset(
    f"{name}Recognizer"
    for name in """
    AbaRouting AuAbn AuAcn AuMedicare AuTfn CaPostalCode CaSin DeBsnr DeFuehrerschein
    DeHandelsregister DeHealthInsurance DeIdCard DeKfz DeLanr DePassport DePlz DeSocialSecurity
    DeTaxId DeTaxNumber DeVatId EsNie EsNif EsPassport FiPersonalIdentityCode InAadhaar InGstin
    InPan InPassport InVehicleRegistration InVoter ItDriverLicense ItFiscalCode ItIdentityCard
    ItPassport ItVatCode KrBrn KrDriverLicense KrFrn KrPassport KrRrn MedicalLicense NgNin
    NgVehicleRegistration Nhs PhPassport PhTin PhUmid PlPesel SeOrganisationsnummer
    SePersonnummer SgFin SgUen ThTnin TrLicensePlate TrNationalId UkDrivingLicence UkNino
    UkPassport UkPostcode UkVehicleRegistration UsBank UsClaimNumber UsHealthInsuranceMemberId
    UsItin UsLicense UsMbi UsNpi UsPassport UsPrescriptionNumber UsPriorAuthorizationNumber
    UsProviderTaxId UsReferralNumber UsSsn ZaCompanyRegistration ZaDriverLicense ZaIdNumber
    ZaIncomeTaxNumber ZaLicensePlate ZaPassport ZaPhoneNumber ZaTrafficRegisterNumber
    ZaVatNumber
    """.split()
)
"""Presidio classes whose numbers our own table finds, or that are too weak even with context.

One that an operator switches on by its name runs all the same.
"""

CONTEXT: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "US_PASSPORT": ("passport", "passport number", "pass no"),
        "US_DRIVER_LICENSE": ("driver license", "driver's license", "drivers license",
                              "driving license", "driver licence", "dl number", "license number",
                              "driver", "dmv"),
        "IT_PASSPORT": ("passaporto", "passport"),
        "IT_DRIVER_LICENSE": ("patente", "patente di guida"),
        "DE_HANDELSREGISTER": ("handelsregister", "amtsgericht", "registergericht"),
        "UK_POSTCODE": ("postcode", "post code", "postal code", "address"),
        "UK_VEHICLE_REGISTRATION": ("vehicle", "registration", "number plate", "licence plate",
                                    "license plate", "vrn", "dvla", "v5c"),
        "MEDICAL_LICENSE": ("dea", "medical license", "medical licence", "dea number"),
        "US_PROVIDER_TAX_ID": ("tax id", "tin", "ein", "employer identification", "provider tax"),
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
    windows: Windows | None = None
    for row in rows:
        if row.custom:
            yield from _custom(row, reading, time_left)
        elif reading.has_digit and row.context is not None and reading.knows(row.context):
            windows = windows or Windows(reading.text)
            yield from _national(row, row.context, reading, windows, time_left)


def _custom(row: Identifier, reading: Reading, time_left: Callable[[], float]) -> Iterator[Span]:
    for pattern, base in row.patterns:
        for match in pattern.finditer(reading.text, timeout=time_left()):
            start, end = match.span()
            if start < end:
                near = row.context is not None and row.context.near(reading, start, end)
                score = with_context(base) if near else base
                yield Span(start, end, row.entity_type, score, row.name)


def _national(
    row: Identifier,
    words: Context,
    reading: Reading,
    windows: Windows,
    time_left: Callable[[], float],
) -> Iterator[Span]:
    for pattern, base in row.patterns:
        for match in pattern.finditer(windows.text, timeout=time_left()):
            start = match.start() + windows.original(match.start())
            end = start + len(match[0])
            if start < end and words.near(reading, start, end):
                yield Span(start, end, row.entity_type, _score(row, base, match[0]), row.name)


def with_context(score: float) -> float:
    """A base score, lifted because a context word stands near."""
    return min(max(score + CONTEXT_BOOST, CONTEXT_SCORE), 1.0)


def _score(row: Identifier, base: float, value: str) -> float:
    """The score of a value beside a context word of its row."""
    checked = row.validate(value)
    if checked is False or row.invalidate(value):
        return UNCHECKED_SCORE
    if checked:
        return CHECKED_CONTEXT_SCORE
    return min(with_context(base), CHECKED_CONTEXT_SCORE)
