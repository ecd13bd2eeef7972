"""Counts of requests by day, as their closing records say them. Pure.

What is counted has a bound: names of one day beyond `MOST_NAMES` are counted as one.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final

import orjson

from gateway.audit.evidence.collect import Flow, flows_of

DAYS: Final = 14
MOST_NAMES: Final = 200
MOST_FLOWS: Final = 2_000
OTHERS: Final = "(others)"
OTHER_FLOWS: Final = Flow(OTHERS, OTHERS, OTHERS, OTHERS)

CLOSED: Final = frozenset({"detection_unavailable", "audit_unavailable", "vault_unavailable"})
"""Codes of requests that were refused because a stage could not do its work."""


@dataclass(slots=True)
class Counts:
    """What happened on a day, or in all: requests by outcome, findings by type, and so on."""

    outcomes: Counter[str] = field(default_factory=Counter)
    entities: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    upstreams: Counter[str] = field(default_factory=Counter)
    failed_upstreams: Counter[str] = field(default_factory=Counter)
    flows: Counter[Flow] = field(default_factory=Counter)

    @property
    def requests(self) -> int:
        """How many requests ended."""
        return self.outcomes.total()

    @property
    def failed_closed(self) -> int:
        """How many were refused because a stage could not do its work."""
        return sum(self.errors[code] for code in CLOSED)

    def add(self, record: Mapping[str, Any]) -> None:
        """Take in the closing record of a request."""
        outcome = str(record["outcome"])
        _count(self.outcomes, outcome, 1)
        for name, found in ((record.get("detection") or {}).get("entities") or {}).items():
            _count(self.entities, str(name), int(found))
        if code := record.get("error_code"):
            _count(self.errors, str(code), 1)
        if upstream := record.get("upstream_id"):
            _count(self.upstreams, str(upstream), 1)
            if outcome == "failed":
                _count(self.failed_upstreams, str(upstream), 1)
            if outcome != "denied":
                self._flowed(record)

    def _flowed(self, record: Mapping[str, Any]) -> None:
        for flow, found in flows_of(record):
            known = flow in self.flows or len(self.flows) < MOST_FLOWS
            self.flows[flow if known else OTHER_FLOWS] += int(found)

    def include(self, other: Counts) -> None:
        """Add what another one has counted."""
        self.outcomes.update(other.outcomes)
        self.entities.update(other.entities)
        self.errors.update(other.errors)
        self.upstreams.update(other.upstreams)
        self.failed_upstreams.update(other.failed_upstreams)
        self.flows.update(other.flows)


def _count(counter: Counter[str], name: str, more: int) -> None:
    known = name in counter or len(counter) < MOST_NAMES
    counter[name if known else OTHERS] += more


@dataclass(slots=True)
class Tally:
    """Counts by tenant and day, and of all tenants by day; the last two weeks are kept."""

    days: defaultdict[tuple[str, str], Counts] = field(default_factory=lambda: defaultdict(Counts))
    all_tenants: defaultdict[str, Counts] = field(default_factory=lambda: defaultdict(Counts))

    def take(self, body: str) -> None:
        """Take in a record as the log has it; what somebody has made of it that is none is not."""
        try:
            self.add(orjson.loads(body))
        except (AttributeError, KeyError, TypeError, ValueError):
            return

    def add(self, record: Mapping[str, Any]) -> None:
        """Take in a record; only those that close a request count."""
        if record.get("outcome"):
            day = str(record["ts"])[:10]
            self.days[str(record.get("tenant", "")), day].add(record)
            self.all_tenants[day].add(record)

    def forget(self, before: str) -> None:
        """Let go of the days before one."""
        for key in [one for one in self.days if one[1] < before]:
            del self.days[key]
        for day in [one for one in self.all_tenants if one < before]:
            del self.all_tenants[day]

    def by_day(self, days: Iterable[str], sees: Callable[[str], bool]) -> dict[str, Counts]:
        """The counts of these days, of the tenants that somebody sees."""
        found = {day: Counts() for day in days}
        known = {tenant for tenant, _ in self.days}
        seen = {tenant for tenant in known if sees(tenant)}
        if seen == known:
            chosen = list(self.all_tenants.items())
        else:
            chosen = [(day, one) for (tenant, day), one in self.days.items() if tenant in seen]
        for day, counts in chosen:
            if day in found:
                found[day].include(counts)
        return found

    def tenants(self, sees: Callable[[str], bool]) -> list[str]:
        """The tenants that are counted, of those that somebody sees."""
        return sorted({tenant for tenant, _ in self.days if tenant and sees(tenant)})


def last_days(today: date, count: int = DAYS) -> list[str]:
    """The last days up to today, the oldest first."""
    return [(today - timedelta(days=ago)).isoformat() for ago in reversed(range(count))]


def in_all(days: Mapping[str, Counts]) -> Counts:
    """The counts of all days together."""
    total = Counts()
    for one in days.values():
        total.include(one)
    return total
