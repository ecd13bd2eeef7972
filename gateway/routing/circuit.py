"""Whether a server that failed is asked again: a circuit breaker with half-open. Pure.

    closed ── `FAILURES` in a row ──► open ── `pause` over ──► half-open ── success ──► closed
                                        ▲                          │
                                        └───── failure, twice the pause ─────┘

Half-open lets one request through at a time. (The pattern is Nygard's, "Release It!", 2007.)
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

FAILURES: Final = 3
"""Failures in a row that open the circuit."""

PAUSE_S: Final = 1.0
LONGEST_PAUSE_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Circuit:
    """What is known of a server from requests. `since` is when it opened, in seconds.

    `probing` is set while the one request that half-open allows is under way.
    """

    failures: int = 0
    since: float | None = None
    pause_s: float = PAUSE_S
    probing: bool = False

    @property
    def is_open(self) -> bool:
        """Whether it is open or half-open."""
        return self.since is not None

    def allows(self, now: float) -> bool:
        """Whether a request may be sent."""
        if self.since is None:
            return True
        return not self.probing and now - self.since >= self.pause_s

    def state(self, now: float) -> str:
        """`closed`, `half_open` or `open`."""
        if self.since is None:
            return "closed"
        return "half_open" if self.probing or self.allows(now) else "open"

    def sent(self) -> Circuit:
        """A request is on its way."""
        return replace(self, probing=True) if self.is_open else self

    def succeeded(self) -> Circuit:
        """The server answered."""
        return Circuit()

    def failed(self, now: float) -> Circuit:
        """The server could not be reached, broke off, or answered that it cannot."""
        failures = self.failures + 1
        if self.probing:
            longer = min(self.pause_s * 2, LONGEST_PAUSE_S)
            return Circuit(failures, now, longer)
        if self.since is None and failures >= FAILURES:
            return Circuit(failures, now)
        return replace(self, failures=failures)

    def abandoned(self) -> Circuit:
        """The request ended without saying anything about the server."""
        return replace(self, probing=False)
