"""What a policy is once it has been read: rules in order, and what holds beside them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TypeAlias

from gateway.policy.conditions import Condition
from gateway.types import (
    DEFAULT_USE,
    AnswerRules,
    Effect,
    Family,
    OperatorUse,
    RecordRules,
    ScoreBand,
    UpstreamClass,
)

Place: TypeAlias = tuple[str, int]
"""A file and a line."""


class UnsupportedLanguages(StrEnum):
    """What becomes of text in a language whose names the detector does not know."""

    ON_PREM_ONLY = "on_prem_only"  # it goes to upstreams on the premises, or nowhere
    PATTERNS = "patterns"  # it goes where the rules say, masked by what patterns find
    DENY = "deny"


class Media(StrEnum):
    """What becomes of images, audio and files, which cannot be checked."""

    ON_PREM_ONLY = "on_prem_only"
    DENY = "deny"
    PASS = "unsafe_pass"  # noqa: S105 - they go where the rules say, unchecked


class Embeddings(StrEnum):
    """Where embeddings may be made: a vector tells of its text, and nothing in it can be masked."""

    ON_PREM_ONLY = "on_prem_only"
    ANY = "any"  # they go where the rules say


class UnknownFields(StrEnum):
    """What becomes of fields of a request that nobody named."""

    MASK = "mask"  # read and masked like prose
    DROP = "drop"
    REFUSE = "refuse"


class Logprobs(StrEnum):
    """What becomes of a request for log probabilities or token ids."""

    REFUSE = "refuse"
    DROP = "drop"


class ProviderState(StrEnum):
    """Whether a provider may store an exchange where the caller asks for it."""

    NEVER = "never"
    ON_PREM_ONLY = "on_prem_only"
    PASS = "unsafe_pass"  # noqa: S105 - external providers may, too


class TooLong(StrEnum):
    """What becomes of a request that does not fit into the model's context, where it is known."""

    REFUSE = "refuse"
    DROP_OLDEST = "drop_oldest"  # the oldest turns are left out, and the answer says so


class Shadow(StrEnum):
    """Whether the rules only watch."""

    OFF = "off"
    ON_PREM = "on_prem"  # decided and recorded; requests go as they came, to the premises alone
    EVERYWHERE = "everywhere"  # and to others, too


@dataclass(frozen=True, slots=True, kw_only=True)
class Handling:
    """What holds whatever the rules say: for what cannot be checked, and for what nobody named.

    `hosted_tools` are the kinds of provider-run tools that may be used off the premises.
    """

    unsupported_languages: UnsupportedLanguages = UnsupportedLanguages.ON_PREM_ONLY
    media: Media = Media.ON_PREM_ONLY
    embeddings: Embeddings = Embeddings.ON_PREM_ONLY
    unknown_fields: UnknownFields = UnknownFields.MASK
    hosted_tools: frozenset[str] = frozenset()
    logprobs: Logprobs = Logprobs.REFUSE
    provider_state: ProviderState = ProviderState.NEVER
    too_long: TooLong = TooLong.REFUSE


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """The conditions of a rule as written, classes resolved to types; None holds always.

    `any_of` holds a set of types per name that was written: one of all must be found. Of each set
    in `all_of` one must be. `at_least` gives types and the findings of them that there must be.
    `bands` are the score bands whose findings count.
    """

    any_of: Mapping[str, frozenset[str]] | None = None
    all_of: Mapping[str, frozenset[str]] | None = None
    at_least: Mapping[str, tuple[frozenset[str] | None, int]] | None = None
    severity: str | None = None
    bands: frozenset[ScoreBand] | None = None
    models: tuple[str, ...] | None = None
    tenants: tuple[str, ...] | None = None
    roles: tuple[str, ...] | None = None
    tags: tuple[str, ...] | None = None
    languages: frozenset[str] | None = None
    families: frozenset[Family] | None = None
    upstream_class: UpstreamClass | None = None
    upstreams: tuple[str, ...] | None = None

    @property
    def holds_always(self) -> bool:
        """Whether nothing but the upstream can make the rule not match."""
        return self == When(upstream_class=self.upstream_class, upstreams=self.upstreams)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a route rule lets a request go: to upstreams of a class, to some by name, or both."""

    upstream_class: UpstreamClass | None = None
    upstreams: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule. `to` is set where it routes; `answers` only where it differs from the policy's."""

    name: str
    when: When
    effect: Effect
    reason: str = ""
    operators: Mapping[str, OperatorUse] = field(default_factory=dict)
    default_operator: OperatorUse = DEFAULT_USE
    to: Target | None = None
    answers: AnswerRules | None = None
    conditions: tuple[Condition, ...] = field(default=(), compare=False, repr=False)
    file: str = field(default="", compare=False)
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The rules in order, and what holds beside them.

    `digest` is SHA-256, hex, over the bytes of all files that were read. `severities` are the
    policy's own where they differ from those of `entity_types`. `classes` are those that the
    files define or widen. `names_upstreams`: whether a rule speaks of upstreams by name.
    `places` says where settings that warnings are about were written.
    """

    id: str
    rules: tuple[Rule, ...]
    digest: str
    classes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    severities: Mapping[str, str] = field(default_factory=dict)
    handling: Handling = field(default_factory=Handling)
    answers: AnswerRules = field(default_factory=AnswerRules)
    record: RecordRules = field(default_factory=RecordRules)
    shadow: Shadow = Shadow.OFF
    names_upstreams: bool = False
    places: Mapping[str, Place] = field(default_factory=dict, compare=False)

    @property
    def live(self) -> Policy:
        """The same policy out of shadow: what its author writes and tests."""
        return self if self.shadow is Shadow.OFF else replace(self, shadow=Shadow.OFF)
