"""The table of types names everything that can be found, once, and says what it means."""

from __future__ import annotations

from collections import Counter

import pytest

from gateway.detection.structured import (
    addresses,
    ages,
    dates,
    devices,
    genders,
    identifiers,
    kinds,
    labelled,
    names,
    nationalities,
    network,
    patterns,
    secrets,
    urls,
)
from gateway.detection.structured.table import FINDERS
from gateway.entity_types import (
    CLASSES,
    ENTITY_TYPES,
    MEANINGS,
    MODEL_ONLY,
    SEVERITIES,
    TABLE,
    severity,
)

FAMILIES = frozenset(
    "PERSON LOCATION ADDRESS ZIP_CODE ORGANIZATION DATE_TIME EMAIL_ADDRESS PHONE_NUMBER "
    "CREDIT_CARD IBAN BANK_ACCOUNT US_SSN NATIONAL_ID PASSPORT DRIVER_LICENSE IP_ADDRESS "
    "MAC_ADDRESS URL USERNAME SECRET CRYPTO ID AGE GENDER NRP".split()
)
FOUND = {
    *addresses.ENTITY_TYPES,
    *ages.ENTITY_TYPES, *dates.ENTITY_TYPES, *devices.ENTITY_TYPES, *genders.ENTITY_TYPES,
    *identifiers.ENTITY_TYPES,
    *names.ENTITY_TYPES, *nationalities.ENTITY_TYPES, *network.ENTITY_TYPES,
    *patterns.ENTITY_TYPES, *secrets.ENTITY_TYPES,
    *urls.ENTITY_TYPES, *labelled._PREFIXED_TYPES, "PHONE_NUMBER", "CREDIT_CARD",
    *(kind.entity_type for kind in kinds.KINDS.values()),
}  # fmt: skip


def test_every_type_that_is_found_is_in_the_table():
    assert FOUND == ENTITY_TYPES
    assert len(FINDERS) > 15


def test_each_type_stands_once_and_has_a_meaning():
    assert len(MEANINGS) == len(TABLE.strip().splitlines())
    for entry in MEANINGS.values():
        assert entry.severity in SEVERITIES
        assert entry.family in FAMILIES
        assert entry.meaning.startswith(("a ", "an "))


def test_the_rest_is_the_classifiers():
    assert set(MEANINGS) - ENTITY_TYPES == MODEL_ONLY


def test_every_type_is_in_one_class():
    counted = Counter(name for types in CLASSES.values() for name in types)
    assert set(counted) >= set(MEANINGS)
    assert {name for name, times in counted.items() if times > 1} == set()


@pytest.mark.parametrize(
    ("entity_type", "expected"),
    [
        ("IBAN", "high"),
        ("CREDIT_CARD", "critical"),
        ("ORGANIZATION", "low"),
        ("EMPLOYEE_ID", "medium"),
        # of Presidio's own, by the class
        ("US_PASSPORT", "critical"),
        ("PASSWORD", "critical"),
        ("US_BANK_NUMBER", "critical"),
        ("US_CLAIM_NUMBER", "high"),
        # of which nothing is known
        ("BADGE", "high"),
        ("", "high"),
    ],
)
def test_severities(entity_type: str, expected: str):
    assert severity(entity_type) == expected
