"""What a record of processing needs and a log cannot know: people say it, and are named. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

UNSAID: Final = "not stated"


@dataclass(frozen=True, slots=True)
class Processor:
    """Who runs an upstream, where, and under what contract. "" was not stated."""

    name: str = ""
    country: str = ""
    contract: str = ""
    retention: str = ""
    safeguards: str = ""


@dataclass(frozen=True, slots=True)
class About:
    """GDPR Art. 30(1)(a), (b), (c), (e), (f) and (g), as far as people said it."""

    controller: str = ""
    contact: str = ""
    purposes: tuple[str, ...] = ()
    data_subjects: tuple[str, ...] = ()
    retention: tuple[str, ...] = ()
    measures: tuple[str, ...] = ()
    processors: dict[str, Processor] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PolicyRule:
    """A rule of a policy that was in force: its types ("any" of none), and how they are masked."""

    policy: str
    rule: str
    effect: str
    types: tuple[str, ...] = ()
    operators: tuple[tuple[str, str], ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key that callers may use, without anything of its secret."""

    id: str
    tenant: str
    roles: tuple[str, ...]
    tags: tuple[str, ...]
    created: str
    revoked: str
