"""How far the identifiers of single countries may be trusted. Pure.

Presidio brings a recognizer per national identifier. Many are little more than "nine digits":
run together over any language they would find something in every order number. So an identifier
stands alone only if its shape or checksum is telling; all others count beside a context word.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

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
