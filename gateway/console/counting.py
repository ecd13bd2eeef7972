"""Keeps the tally of the log's newest records: slice by slice, and what was read once is not again.

A view reads the newest rows itself; what is then left is read by a thread, newest first, with a
pause after each slice, so that what the gateway is there for goes on beside it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

from gateway.audit.reading import open_log
from gateway.audit.search import Searcher, open_search
from gateway.console.tally import Counts, Tally, last_days
from gateway.errors import AuditUnavailable, ConfigError

SLICE: Final = 2_000
"""Rows that are read at a time."""

AT_ONCE: Final = 2
"""Slices that a view reads itself."""

MOST_ROWS: Final = 10_000_000
"""Rows that are read at most: older ones are left out, which the page says."""

_PAUSE_S: Final = 0.02
_AGAIN: Final = 500
"""Rows below the last one that are looked at again: numbers need not appear in their order."""

Start = Callable[[Callable[[], None]], None]


@dataclass(frozen=True, slots=True)
class Counted:
    """The counts of the last days; `whole` is false where there was more than could be read.

    `back_to` is the time down to which it is counted, while that is still going on; then "".
    `tenants` are those that were counted.
    """

    days: dict[str, Counts]
    whole: bool
    back_to: str
    tenants: list[str]


@dataclass(frozen=True, slots=True)
class Signed:
    """How far the log is signed: leaves there are, leaves covered, and since when; "" if never."""

    size: int
    covered: int
    ts: str


def _thread(work: Callable[[], None]) -> None:
    threading.Thread(target=work, name="console-counting", daemon=True).start()


class Counting:
    """Counts closing records by day and tenant. Methods block, and may be called by any thread.

    Args:
        url: the audit log.
        clock: Unix time in seconds.
        start: has a function called that returns when all is counted.
    """

    def __init__(self, url: str, clock: Callable[[], float], start: Start = _thread) -> None:
        self._url = url
        self._clock = clock
        self._start = start
        self._lock = threading.Lock()  # what follows, for moments
        self._reading = threading.Lock()  # whoever reads rows
        self._working = False
        self._tally = Tally()
        self._gaps: list[tuple[int, int]] = []  # first and last row still to be read, newest last
        self._top = 0
        self._counted: set[int] = set()
        self._floor = 0
        self._whole = True
        self._back_to = ""

    def read(self, sees: Callable[[str], bool]) -> Counted:
        """The counts of the last days, of the tenants that somebody sees.

        Raises:
            ConfigError, AuditUnavailable: the log cannot be read.
        """
        days = last_days(self._today())
        if self._reading.acquire(blocking=False):  # else the thread is at it
            try:
                self._read_newest(AT_ONCE)
            finally:
                self._reading.release()
        with self._lock:
            goes_on = bool(self._gaps)
            begins, self._working = goes_on and not self._working, goes_on
            self._tally.forget(days[0])
            counted = Counted(
                self._tally.by_day(days, sees),
                self._whole,
                self._back_to if goes_on else "",
                self._tally.tenants(sees),
            )
        if begins:
            self._start(self._read_rest)
        return counted

    def signed(self) -> Signed:
        """How far the log is signed. Raises as `read`."""
        with open_log(self._url) as log:
            newest = log.latest_checkpoint()
            size = log.size
        return Signed(size, newest.size if newest else 0, newest.ts if newest else "")

    def _today(self) -> date:
        return datetime.fromtimestamp(self._clock(), UTC).date()

    def _read_newest(self, slices: int) -> None:
        with open_search(self._url) as log:
            self._open_gap(*log.ends())
            for _ in range(slices):
                if not self._slice(log):
                    return

    def _read_rest(self) -> None:
        """Read until nothing is left. Where the log fails, the next view tries again."""
        try:
            with self._reading, open_search(self._url) as log:
                while self._slice(log):
                    time.sleep(_PAUSE_S)
        except (AuditUnavailable, ConfigError):
            pass
        finally:
            with self._lock:
                self._working = False

    def _open_gap(self, low: int, high: int) -> None:
        """What is new, and what may have appeared just below it, is still to be read."""
        with self._lock:
            if not self._gaps:
                self._counted = {one for one in self._counted if one > self._top - _AGAIN}
            reached = max((last for _, last in self._gaps), default=0)
            first = max(low, self._top - _AGAIN + 1, reached + 1)
            if not self._top:
                self._floor = high - MOST_ROWS
            if first <= high:
                self._gaps.append((first, high))
            self._top = max(self._top, high)

    def _slice(self, log: Searcher) -> bool:
        """Take in the next rows; whether there may be more."""
        with self._lock:
            if not self._gaps:
                return False
            low, high = self._gaps[-1]
        since = f"{last_days(self._today())[0]}T00:00:00.000000Z"
        first = max(low, high - SLICE + 1)
        oldest, bodies = log.closings(first, high)
        with self._lock:
            for seq, body in bodies:
                if seq not in self._counted:
                    self._tally.take(body)
                if seq > self._top - _AGAIN:
                    self._counted.add(seq)
            is_over = first == low or (oldest != "" and oldest < since)
            if first <= self._floor + 1 and not is_over:
                is_over, self._whole = True, False
            self._gaps[-1:] = [] if is_over else [(low, first - 1)]
            self._back_to = oldest or self._back_to
            return bool(self._gaps)
