"""What a matcher says at one position of a text."""

from __future__ import annotations

from enum import Enum
from typing import Final, TypeAlias


class Answer(Enum):
    """Whether an issued token stands at a position."""

    YES = 1
    NO = 2
    MORE = 3  # the text ends too early to tell


Match: TypeAlias = tuple[Answer, int, str]
"""The answer; for YES also where the token ends, and which it is."""

NO: Final[Match] = (Answer.NO, 0, "")
MORE: Final[Match] = (Answer.MORE, 0, "")
