"""Our entity types under the corpora's labels."""

from __future__ import annotations

import pytest

from gateway.app import make_detector
from gateway.detection.tagger.tags import ENTITY_TYPES as CLASSIFIED
from gateway.evaluation.labels import FOLDS, LABELS, folding, label_of
from gateway.settings import Detection


@pytest.mark.parametrize(
    ("entity_type", "label"),
    [
        ("PERSON", "PERSON"),
        ("US_SSN", "US_SSN"),
        ("API_KEY", "SECRET"),
        ("JWT", "SECRET"),
        ("PRIVATE_KEY", "SECRET"),
        ("CONNECTION_STRING", "SECRET"),
        ("IBAN_CODE", "IBAN"),
        ("US_BANK_NUMBER", "BANK_ACCOUNT"),
        ("IT_FISCAL_CODE", "NATIONAL_ID"),
        ("UK_NHS", "NATIONAL_ID"),
        ("DE_TAX_ID", "NATIONAL_ID"),
        ("DE_PASSPORT", "PASSPORT"),
        ("UK_DRIVING_LICENCE", "DRIVER_LICENSE"),
        ("US_DRIVER_LICENSE", "DRIVER_LICENSE"),
        ("UK_POSTCODE", "ZIP_CODE"),
        ("UK_VEHICLE_REGISTRATION", "ID"),
        ("DE_HEALTH_INSURANCE", "ID"),
        ("MEDICAL_LICENSE", "ID"),
        ("DATE_OF_BIRTH", "DATE_TIME"),
        # an operator's own stay what they are
        ("LITERAL", "LITERAL"),
        ("CUSTOMER_NUMBER", "CUSTOMER_NUMBER"),
    ],
)
def test_the_label_of_an_entity_type(entity_type: str, label: str):
    assert label_of(entity_type) == label


@pytest.mark.parametrize("label", sorted(LABELS))
def test_labels_stay(label: str):
    assert label_of(label) == label


def test_every_type_of_the_detector_has_a_label():
    types = make_detector(Detection(profile="patterns")).entity_types | set(CLASSIFIED)
    assert {one for one in types if label_of(one) not in LABELS} == set()


def test_groups_hold_labels():
    for group in FOLDS.values():
        assert group <= LABELS


@pytest.mark.parametrize(
    ("gold", "groups", "folded"),
    [
        # only one of the group: the others become it
        ({"LOCATION": 3}, ["places"], {"ADDRESS": "LOCATION", "ZIP_CODE": "LOCATION"}),
        # two of them: the third becomes the more frequent one
        ({"ADDRESS": 2, "LOCATION": 9}, ["places"], {"ZIP_CODE": "LOCATION"}),
        ({"ADDRESS": 9, "LOCATION": 2}, ["places"], {"ZIP_CODE": "ADDRESS"}),
        # all of them, none of them, no group asked for
        ({"ADDRESS": 1, "LOCATION": 1, "ZIP_CODE": 1}, ["places"], {}),
        ({"PERSON": 5}, ["places", "identifiers"], {}),
        ({"LOCATION": 3}, [], {}),
    ],
)
def test_folding(gold: dict[str, int], groups: list[str], folded: dict[str, str]):
    assert folding(gold, groups) == folded


def test_a_tie_is_broken_by_name():
    assert folding({"LOCATION": 4, "ADDRESS": 4}, ["places"]) == {"ZIP_CODE": "ADDRESS"}
