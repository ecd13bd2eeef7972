"""Where an entity begins and ends, as people mark it: an age with its unit, a name alone. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from gateway.detection.structured.names import FAMILY_PARTICLES
from gateway.detection.structured.nationalities import STATUS
from gateway.detection.tagger.plausible import COMMON_BITS, NAME_BITS

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
    "NRP": STATUS,
}
_VERBS_OF_I: Final = frozenset(
    "am believe ca can could did do guess had have hope just know love miss need really swear "
    "think want will wish wo would".split()
)


def grown(text: str, end: int, entity_type: str) -> int:
    """Where an entity ends, with what belongs to it behind `end`."""
    pattern = _BEHIND.get(entity_type)
    match = pattern.match(text, end) if pattern is not None else None
    return end if match is None else match.end()


def named(
    words: Sequence[str], part: tuple[int, int], bits: Callable[[int], int]
) -> tuple[int, int]:
    """A person's name without a verb in front of it ("called Ahmed") or a writer's "I" behind it.

    `part`: the first token and the one behind the last; `bits`: those of a token in the lexicon.
    """
    first, last = part
    if (
        last - first > 1
        and words[last - 1] == "I"
        and not _VERBS_OF_I.isdisjoint(words[last : last + 1])
    ):
        last -= 1  # but Elizabeth I
    while (
        last - first > 1 and words[first + 1][0].isupper() and _is_common(words[first], bits(first))
    ):
        first += 1
    return first, last


def _is_common(word: str, bits: int) -> bool:
    if not word.islower() or word in FAMILY_PARTICLES:
        return False
    return bool(bits & COMMON_BITS and not bits & NAME_BITS)
