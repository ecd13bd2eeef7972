"""The table of types names everything that can be found, once, and says what it means."""

from __future__ import annotations

from gateway.entity_types import ENTITY_TYPES, MEANINGS, MODEL_ONLY, TABLE
from gateway.detection.structured import (
    addresses,
    dates,
    devices,
    identifiers,
    kinds,
    labelled,
    names,
    network,
    patterns,
    secrets,
    urls,
)
from gateway.detection.structured.table import FINDERS

FAMILIES = frozenset(
    "PERSON LOCATION ADDRESS ZIP_CODE ORGANIZATION DATE_TIME EMAIL_ADDRESS PHONE_NUMBER "
    "CREDIT_CARD IBAN BANK_ACCOUNT US_SSN NATIONAL_ID PASSPORT DRIVER_LICENSE IP_ADDRESS "
    "MAC_ADDRESS URL USERNAME SECRET CRYPTO ID AGE NRP".split()
)
FOUND = {
    *addresses.ENTITY_TYPES,
    *dates.ENTITY_TYPES, *devices.ENTITY_TYPES, *identifiers.ENTITY_TYPES,
    *names.ENTITY_TYPES, *network.ENTITY_TYPES, *patterns.ENTITY_TYPES, *secrets.ENTITY_TYPES,
    *urls.ENTITY_TYPES, *labelled._PREFIXED_TYPES, "PHONE_NUMBER", "CREDIT_CARD",
    *(kind.entity_type for kind in kinds.KINDS.values()),
}  # fmt: skip


def test_every_type_that_is_found_is_in_the_table():
    assert FOUND == ENTITY_TYPES
    assert len(FINDERS) > 15


def test_each_type_stands_once_and_has_a_meaning():
    assert len(MEANINGS) == len(TABLE.strip().splitlines())
    for entry in MEANINGS.values():
        assert entry.severity in ("critical", "high", "medium", "low")
        assert entry.family in FAMILIES
        assert entry.meaning.startswith(("a ", "an "))


def test_the_rest_is_the_classifiers():
    assert set(MEANINGS) - ENTITY_TYPES == MODEL_ONLY
