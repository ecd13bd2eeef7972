"""Keeps the tally of the log's newest records. What was read once is not read again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

from gateway.audit.reading import open_log
from gateway.audit.search import Query, open_search
from gateway.console.tally import Counts, Tally, last_days

MOST_ROWS: Final = 100_000
"""Rows that one view reads, at most: older ones are left out, which the page says."""

_FIRST: Final = 256 + 1024
_PAGE: Final = 256 + 1024 + 4096
"""Records of a page: those of the first blocks of `Searcher`, so that none is read twice."""

_AGAIN: Final = 500
"""Rows below the last one that are looked at again: numbers need not appear in their order."""


@dataclass(frozen=True, slots=True)
class Counted:
    """The counts of the last days; `whole` is false where there was more than could be read.

    `tenants` are those that were counted.
    """

    days: dict[str, Counts]
    whole: bool
    tenants: list[str]


@dataclass(frozen=True, slots=True)
class Signed:
    """How far the log is signed: leaves there are, leaves covered, and since when; "" if never."""

    size: int
    covered: int
    ts: str


class Counting:
    """Counts closing records by day and tenant. Methods block, and may be called by any thread."""

    def __init__(self, url: str, clock: Callable[[], float]) -> None:
        self._url = url
        self._clock = clock
        self._lock = threading.Lock()
        self._tally = Tally()
        self._last = 0
        self._counted: set[int] = set()
        self._whole = True

    def read(self, sees: Callable[[str], bool]) -> Counted:
        """The counts of the last days, of the tenants that somebody sees.

        Raises:
            ConfigError, AuditUnavailable: the log cannot be read.
        """
        days = last_days(self._today())
        with self._lock:
            self._catch_up(f"{days[0]}T00:00:00.000000Z")
            self._tally.forget(days[0])
            return Counted(self._tally.by_day(days, sees), self._whole, self._tally.tenants(sees))

    def signed(self) -> Signed:
        """How far the log is signed. Raises as `read`."""
        with open_log(self._url) as log:
            newest = log.latest_checkpoint()
            size = log.size
        return Signed(size, newest.size if newest else 0, newest.ts if newest else "")

    def _today(self) -> date:
        return datetime.fromtimestamp(self._clock(), UTC).date()

    def _catch_up(self, since: str) -> None:
        """Take in what is new, newest first, down to what was there the last time."""
        floor, top = max(0, self._last - _AGAIN), self._last
        seen: set[int] = set()
        before: int | None = None
        looked, limit = 0, _FIRST  # mostly that is all
        with open_search(self._url) as log:
            while looked < MOST_ROWS:
                # Without a bound in time, which each page would have to look up.
                found = log.page(Query(), limit=limit, before=before)
                looked, limit = looked + found.scanned, _PAGE
                for record in found.records:
                    seq = int(record["seq"])
                    if seq > floor and seq not in self._counted:
                        self._tally.add(record)
                    seen.add(seq)
                    top = max(top, seq)
                before = found.before
                if before is None or before <= floor or found.records[-1]["ts"] < since:
                    break
            else:
                self._whole = False
        self._last = top
        self._counted = {one for one in seen | self._counted if one > top - _AGAIN}
