"""From our entity types to the labels of labelled corpora, and labels that count as one. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

LABELS: Final = frozenset(
    """
    PERSON LOCATION ADDRESS ZIP_CODE ORGANIZATION DATE_TIME EMAIL_ADDRESS PHONE_NUMBER CREDIT_CARD
    IBAN BANK_ACCOUNT US_SSN NATIONAL_ID PASSPORT DRIVER_LICENSE IP_ADDRESS MAC_ADDRESS URL USERNAME
    SECRET CRYPTO ID AGE NRP JOB TITLE GENDER QUANTITY MISC
    """.split()
)

_NAMED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "API_KEY": "SECRET",
        "CONNECTION_STRING": "SECRET",
        "JWT": "SECRET",
        "PASSWORD": "SECRET",
        "PRIVATE_KEY": "SECRET",
        "IBAN_CODE": "IBAN",
        "SWIFT_BIC": "BANK_ACCOUNT",
        "BIC": "BANK_ACCOUNT",
        "US_BANK_NUMBER": "BANK_ACCOUNT",
        "ROUTING_NUMBER": "BANK_ACCOUNT",
        "ABA_ROUTING_NUMBER": "BANK_ACCOUNT",
        "COORDINATES": "LOCATION",
        "GPE": "LOCATION",
        "POSTCODE": "ZIP_CODE",
        "DATE": "DATE_TIME",
        "DATE_OF_BIRTH": "DATE_TIME",
        "NORP": "NRP",
        "ORG": "ORGANIZATION",
        "TAX_ID": "NATIONAL_ID",
        "CASE_NUMBER": "ID",
        "CUSTOMER_ID": "ID",
        "DEVICE_ID": "ID",
        "EMPLOYEE_ID": "ID",
        "HEALTH_ID": "ID",
        "ICCID": "ID",
        "IMEI": "ID",
        "IMSI": "ID",
        "LICENSE_PLATE": "ID",
        "MEDICAL_LICENSE": "ID",
        "MEDICAL_RECORD": "ID",
        "VEHICLE_ID": "ID",
        "VIN": "ID",
    }
)

# Types of one country, `XX_…`; the first that fits counts.
_NATIONAL: Final = re.compile(r"[A-Z]{2}_")
_PARTS: Final = (
    ("PASSPORT", "PASSPORT"),
    ("DRIVER", "DRIVER_LICENSE"),
    ("DRIVING", "DRIVER_LICENSE"),
    ("BANK", "BANK_ACCOUNT"),
    ("ROUTING", "BANK_ACCOUNT"),
    ("POSTCODE", "ZIP_CODE"),
    ("ZIP", "ZIP_CODE"),
    ("VEHICLE", "ID"),
    ("PLATE", "ID"),
    ("HANDELSREGISTER", "ID"),
    ("HEALTH", "ID"),
    ("INSURANCE", "ID"),
    ("MBI", "ID"),
    ("NPI", "ID"),
)

FOLDS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "places": frozenset({"LOCATION", "ADDRESS", "ZIP_CODE"}),
        "identifiers": frozenset(
            {"ID", "NATIONAL_ID", "US_SSN", "PASSPORT", "DRIVER_LICENSE", "BANK_ACCOUNT"}
        ),
    }
)
"""Groups whose labels corpora draw differently."""


def label_of(entity_type: str) -> str:
    """The corpora's label for an entity type; the type itself where there is none."""
    if entity_type in LABELS:
        return entity_type
    if entity_type in _NAMED:
        return _NAMED[entity_type]
    if _NATIONAL.match(entity_type):
        return next((label for part, label in _PARTS if part in entity_type), "NATIONAL_ID")
    return entity_type


def folding(gold: Mapping[str, int], groups: Iterable[str]) -> dict[str, str]:
    """What the labels of findings become where a corpus does not have them.

    In each of the named `FOLDS`, a label without gold becomes the group's label with the most
    gold; a label that the corpus has, and a group of which it has none, stay as they are.
    `gold` counts the corpus's spans per label.

    Raises:
        KeyError: there is no such group.
    """
    folded: dict[str, str] = {}
    for name in groups:
        group = FOLDS[name]
        there = sorted(group & gold.keys(), key=lambda label: (-gold[label], label))
        if there:
            folded |= dict.fromkeys(group - gold.keys(), there[0])
    return folded
