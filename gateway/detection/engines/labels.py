"""What the labels of common models mean in our entity types. Pure.

Sources: the label sets of CoNLL-2003, OntoNotes 5 and WikiNER as model cards and spaCy's glossary
give them, and the eight categories of OpenAI's Privacy Filter.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

MEANINGS: Mapping[str, str] = MappingProxyType(
    {
        # CoNLL-2003, WikiNER and their kin
        "PER": "PERSON", "PERSON": "PERSON", "LOC": "LOCATION", "LOCATION": "LOCATION",
        "ORG": "ORGANIZATION", "ORGANIZATION": "ORGANIZATION", "ORGANISATION": "ORGANIZATION",
        # OntoNotes 5
        "GPE": "LOCATION", "FAC": "LOCATION", "NORP": "NRP", "DATE": "DATE_TIME",
        "TIME": "DATE_TIME",
        # what models for personal data call things
        "ADDRESS": "ADDRESS", "STREET": "ADDRESS", "AGE": "AGE", "ID": "ID", "NRP": "NRP",
        "DATE_TIME": "DATE_TIME", "EMAIL": "EMAIL_ADDRESS", "EMAIL_ADDRESS": "EMAIL_ADDRESS",
        "PHONE": "PHONE_NUMBER", "PHONE_NUMBER": "PHONE_NUMBER", "URL": "URL", "NAME": "PERSON",
        "PATIENT": "PERSON", "STAFF": "PERSON", "HOSP": "ORGANIZATION",
        "HOSPITAL": "ORGANIZATION", "PATORG": "ORGANIZATION",
        # openai/privacy-filter
        "PRIVATE_PERSON": "PERSON", "PRIVATE_ADDRESS": "ADDRESS", "PRIVATE_DATE": "DATE_TIME",
        "PRIVATE_EMAIL": "EMAIL_ADDRESS", "PRIVATE_PHONE": "PHONE_NUMBER", "PRIVATE_URL": "URL",
        "ACCOUNT_NUMBER": "ID", "SECRET": "SECRET",
    }
)  # fmt: skip
"""Entity types by label, in capitals. Labels that are not here mean nothing personal by default."""

UNKNOWN = ""


def meaning(label: str, own: Mapping[str, str]) -> str:
    """The entity type of a label without its BIO prefix; "" where it is not looked for.

    `own`, the operator's, goes first: a label as the model writes it.
    """
    if label in own:
        return own[label]
    return MEANINGS.get(label.upper().replace("-", "_"), UNKNOWN)
