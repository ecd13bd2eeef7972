"""What an audit record says of the upstream that served a request. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from gateway.audit import grammar

PROCESSOR: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
REFERENCE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,63}")
COUNTRY: Final = re.compile(r"[A-Z]{2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingFacts:
    """Who processes what is sent there, in which country, under which contract (a reference to it),
    and for how many days it is kept: as the configuration says it, None where it does not.

    How many servers were asked, and how many turns were left out because all were too long, is
    known when the request has ended.
    """

    processor: str | None = None
    country: str | None = None
    dpa_ref: str | None = None
    retention_days: int | None = None
    attempts: int | None = None
    dropped_turns: int | None = None

    def __post_init__(self) -> None:
        for name, pattern in (
            ("processor", PROCESSOR),
            ("country", COUNTRY),
            ("dpa_ref", REFERENCE),
        ):
            if (value := getattr(self, name)) is not None:
                grammar.text(f"routing.{name}", value, pattern)
        for name in ("retention_days", "attempts", "dropped_turns"):
            if (value := getattr(self, name)) is not None:
                grammar.count(f"routing.{name}", value)
