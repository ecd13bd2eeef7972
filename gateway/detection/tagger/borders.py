"""Where an entity ends, as people mark it: an age with its unit, a day with its part. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

_BEHIND: Final[Mapping[str, re.Pattern[str]]] = {
    "AGE": re.compile(
        r"[ ](?:years?|yrs?|jahren?|ans|años|anni|jaar|anos)(?!\w)"
        r"(?:[ ](?:old|of[ ]age|alt(?:e[nrms]?)?|de[ ]edad|d['’]età|di[ ]età|oude?|de[ ]idade)"
        r"(?!\w))?"
        r"|-(?:years?|months?)-old(?!\w)",
        re.IGNORECASE,
    ),
    "DATE_TIME": re.compile(
        r"(?<=[ap]\.m)\.|(?<=\d\.\d\d)\.(?=[ ,])"  # 6 p.m., 24.12.
        r"|(?<=day)[ ](?:morning|afternoon|evening|night)s?(?!\w)"
    ),
    "NRP": re.compile(r"[ ](?:national|citizen)s?(?!\w)"),
}


def grown(text: str, end: int, entity_type: str) -> int:
    """Where an entity ends, with what belongs to it behind `end`."""
    pattern = _BEHIND.get(entity_type)
    match = pattern.match(text, end) if pattern is not None else None
    return end if match is None else match.end()
