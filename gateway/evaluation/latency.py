"""What detection cost, per text and per 1,000 tokens. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

CHARACTERS_PER_TOKEN: Final = 4.4
"""How many code points of English text a token of a language model has, about. Fixed, so that
figures of all languages and systems are per the same amount of text."""


@dataclass(frozen=True, slots=True)
class Latency:
    """What detection cost: CPU time over everything, wall time of single texts."""

    texts: int
    code_points: int
    cpu_s: float
    wall_s: float
    p50_ms: float
    p95_ms: float

    @property
    def tokens(self) -> float:
        """The amount of text."""
        return self.code_points / CHARACTERS_PER_TOKEN

    @property
    def cpu_ms_per_1k(self) -> float:
        """CPU milliseconds per 1,000 tokens."""
        return per_1k(self.cpu_s, self.code_points)


def per_1k(seconds: float, code_points: int) -> float:
    """Milliseconds per 1,000 tokens."""
    return seconds * 1e6 / (code_points / CHARACTERS_PER_TOKEN) if code_points else 0.0


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that `share` of all do not exceed (nearest rank); 0 of none."""
    if not values:
        return 0.0
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]
