"""Which looks at a page that shows itself anew are on record already.

Whoever opens a page is on record each time. What the page then asks for by itself, while it is
open, is no look of somebody else at something else: it is put on record as often as `EVERY_S` says,
so that one sees how long it was open, and the log holds no line for every two seconds of that.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

EVERY_S: Final = 900.0
MOST: Final = 1_000
"""Looks that are remembered: of what was forgotten, the next one is put on record again."""


class Looks:
    """Remembers when a session's look at a page was put on record, in this process.

    Args:
        clock: Unix time in seconds.
    """

    __slots__ = ("_clock", "_recorded")

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._recorded: dict[tuple[str, str], float] = {}  # the oldest first

    def is_on_record(self, session: str, page: str) -> bool:
        """Whether this session's look at the page was recorded a short while ago."""
        then = self._recorded.get((session, page))
        return then is not None and 0.0 <= self._clock() - then < EVERY_S

    def recorded(self, session: str, page: str) -> None:
        """Take note that a look is on record now."""
        self._recorded.pop((session, page), None)
        self._recorded[session, page] = self._clock()
        if len(self._recorded) > MOST:
            del self._recorded[next(iter(self._recorded))]
