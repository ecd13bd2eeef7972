"""The frozen values that flow between stages.

Fields that hold user text are `repr=False`: a value may appear in a traceback or a log by
accident, its text may not.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeAlias

from gateway.operator_kinds import REDACT, REPLACE

Json: TypeAlias = bool | int | float | str | list["Json"] | dict[str, "Json"] | None
"""A parsed JSON document."""

Path: TypeAlias = tuple[str | int, ...]
"""Where a leaf stands: object keys and array indexes from the root of the body."""


LANGUAGES: Final = frozenset({"de", "en", "es", "fr", "it", "nl", "pt"})
"""The languages whose names, places and labels the detector knows, as ISO 639-1 codes."""


class Family(StrEnum):
    """An API family: one shape of request and answer."""

    CHAT = "chat"
    RESPONSES = "responses"
    MESSAGES = "messages"
    COMPLETIONS = "completions"
    EMBEDDINGS = "embeddings"


class UpstreamClass(StrEnum):
    """Who runs the upstream: the company itself, or somebody else."""

    ON_PREM = "on_prem"
    EXTERNAL = "external"


class LeafKind(StrEnum):
    """How the text of a leaf is read and how a placeholder is written into it."""

    PROSE = "prose"  # free text: framed placeholders, <PERSON_7K2QX9>
    IDENTIFIER = "identifier"  # only [A-Za-z0-9_-] is legal: bare placeholders, PERSON_7K2QX9
    NUMBER = "number"  # a JSON number; masked, it becomes a string
    KEY = "key"  # an object's key: bare placeholders
    MODEL = "model"  # the requested model: scanned, never masked


@dataclass(frozen=True, slots=True)
class Subject:
    """Who is calling. Made only by `identity/`."""

    tenant: str
    principal: str
    roles: frozenset[str] = frozenset()
    key_id: str | None = None
    tags: frozenset[str] = frozenset()  # set by the configuration, never by the client


@dataclass(frozen=True, slots=True)
class Leaf:
    """One string of a request body.

    A string that holds JSON is not one leaf but many: each string literal inside it is a leaf
    whose `path` is that of the outer string and whose `inner` is the literal's half-open range
    of code points, quotes included, in the outer string. Leaves of one `group` are read as one
    text, each followed by its `glue`: "" between the text parts of a message, ": " after a key,
    a newline after a value. `role` is the message's role, or "".
    """

    path: Path
    text: str = field(repr=False)
    kind: LeafKind = LeafKind.PROSE
    role: str = ""
    group: int = -1
    glue: str = ""
    inner: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of one text that a recognizer holds for personal: half-open, in code points.

    Where findings of several types overlap, one span stands for all: it has the strongest's type,
    and `parts` are they, by type, in order and without parts of their own.
    """

    start: int
    end: int
    entity_type: str
    score: float
    recognizer: str
    parts: tuple[Span, ...] = ()

    @property
    def told(self) -> tuple[Span, ...]:
        """Each thing that was found here."""
        return self.parts or (self,)


@dataclass(frozen=True, slots=True)
class Finding:
    """A span in a leaf. `leaf` is the index in the exchange's list of leaves.

    `whole` is false for a fragment of a value that was split over several leaves. `parts` are as
    a span has them, in the leaf.
    """

    leaf: int
    start: int
    end: int
    entity_type: str
    score: float
    recognizer: str
    whole: bool = True
    parts: tuple[Span, ...] = ()

    @property
    def told(self) -> tuple[Finding | Span, ...]:
        """Each thing that was found here."""
        return self.parts or (self,)


@dataclass(frozen=True, slots=True)
class Candidate:
    """An upstream that serves the requested model, as policy and routing see it."""

    name: str
    upstream_class: UpstreamClass


class Effect(StrEnum):
    """What a policy rule does with a request."""

    DENY = "deny"
    MASK = "mask"
    ALLOW = "unsafe_allow"  # sends text as it is
    ROUTE = "route"  # narrows where a request may go; a decision never has it


class ScoreBand(StrEnum):
    """How sure detection is of a finding: below 0.5, below 0.85, or above."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


BANDS: Final = (ScoreBand.LOW, ScoreBand.MEDIUM, ScoreBand.HIGH)

BandCounts: TypeAlias = tuple[int, int, int]
"""Findings of one entity type by score band, in the order of `BANDS`."""


def band(score: float) -> int:
    """The index in `BANDS` of the band of a score."""
    return 0 if score < 0.5 else 1 if score < 0.85 else 2


@dataclass(frozen=True, slots=True)
class OperatorUse:
    """An operator as a policy asks for it: its name, and its options in order of their names."""

    name: str
    options: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def option(self, name: str) -> tuple[str, ...]:
        """The words of an option, or none."""
        return next((words for key, words in self.options if key == name), ())


DEFAULT_USE: Final = OperatorUse(REPLACE)
ANSWER_USE: Final = OperatorUse(REDACT)


class NewData(StrEnum):
    """What becomes of personal data that the model itself produces."""

    KEEP = "keep"
    FLAG = "flag"  # it is kept, counted and named in a header
    MASK = "mask"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerRules:
    """What becomes of an answer.

    `operators` and `default_operator` mask new data by type. Values come back in addresses at
    `hosts` beside those in which they stood, in the arguments of tools that match `tools` (None:
    of all), and there under the JSON pointers of `paths` alone, where a tool has any.
    `restores_thinking`: also in reasoning that the provider has signed. `hides_cached`: usage does
    not say how much of a prompt was cached.
    """

    new_data: NewData = NewData.KEEP
    operators: Mapping[str, OperatorUse] = field(default_factory=dict)
    default_operator: OperatorUse = ANSWER_USE
    hosts: tuple[str, ...] = ()
    tools: tuple[str, ...] | None = None
    paths: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    restores_thinking: bool = False
    hides_cached: bool = False

    def operator_for(self, entity_type: str) -> OperatorUse:
        """The operator that masks new data of this entity type."""
        return self.operators.get(entity_type, self.default_operator)


class ContentKept(StrEnum):
    """What is kept of the text of an exchange, sealed, beside its record."""

    NONE = "none"
    MASKED = "masked"  # what was sent and what came back
    ORIGINAL = "original"  # and what the caller sent


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRules:
    """What is kept beside an exchange's record, and for how many days.

    `subjects` are the entity types by whose values a person can be found in what is kept.
    """

    content: ContentKept = ContentKept.NONE
    subjects: frozenset[str] = frozenset()
    retention_days: int = 30


@dataclass(frozen=True, slots=True)
class Decision:
    """What may happen to a request. Made only by `policy/decide.py`.

    `candidates` are the upstreams that are left, in order of preference, all of one class;
    none means denied, and `reason` says why. `operators` names the operator per entity type;
    `default_operator` holds for every type that it does not name. `reason_code` says which limit,
    that is none of the rules', closed an upstream: `media`, `unsupported_language` or the like.
    With `shadow` the rest is what would have been done: the request goes as it came.
    """

    effect: Effect
    upstream_class: UpstreamClass | None
    candidates: tuple[Candidate, ...]
    operators: Mapping[str, OperatorUse]
    default_operator: OperatorUse
    rule_ids: tuple[str, ...]
    reason: str
    policy_id: str
    policy_digest: str
    reason_code: str = ""
    answers: AnswerRules = AnswerRules()
    keeps_state: bool = False  # whether the provider may store the exchange
    shadow: bool = False
    record: RecordRules = RecordRules()
    drops_turns: bool = False  # whether the oldest turns go where all are too long for the model

    def operator_for(self, entity_type: str) -> OperatorUse:
        """The operator that masks findings of this entity type."""
        return self.operators.get(entity_type, self.default_operator)


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFacts:
    """What policy may know about a request: types, counts and names, never text.

    `entities` counts findings by type and score band; a type that was not found is not in it.
    `languages` are those that are clear; names are not looked for in the unsupported ones.
    `hosted_tools` are the kinds of tools that the provider would run, such as `web_search`.
    """

    tenant: str
    family: Family
    model: str
    entities: Mapping[str, BandCounts] = field(default_factory=dict)
    roles: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    unsupported_languages: frozenset[str] = frozenset()
    has_media: bool = False
    hosted_tools: frozenset[str] = frozenset()
    has_unknown_fields: bool = False

    @property
    def entity_types(self) -> frozenset[str]:
        """The types that were found."""
        return frozenset(self.entities)


NumberFinder: TypeAlias = Callable[[Collection[str]], Iterable[Leaf]]
"""Finds the JSON numbers of a body that are one of some texts and no leaves of it."""


def no_numbers(_: Collection[str]) -> Iterable[Leaf]:
    """The `NumberFinder` of a body without numbers of the caller's."""
    return ()


@dataclass(frozen=True, slots=True)
class Parsed:
    """A request body taken apart: made only by `wire/`.

    `document` is the body as parsed; `leaves` are its scannable strings in document order.
    `identities` are the fields that name the end user, sent as keyed hashes. `fields` are the
    top-level fields that we set ourselves. `opening` is everything up to and including the
    first user message: what names the conversation where the caller does not. `unknown` are the
    members that nobody named, `logprobs` those that ask for log probabilities or token ids, and
    `hosted_tools` the kinds of tools that the provider would run. `previous` is the id of a stored
    answer that the request builds on. `short_numbers` finds numbers that say nothing by themselves.
    """

    family: Family
    document: dict[str, Json] = field(repr=False)
    leaves: Sequence[Leaf] = field(repr=False)
    model: str
    stream: bool
    wants_usage: bool
    has_media: bool
    json_answer: bool
    identities: tuple[Path, ...]
    fields: Mapping[str, Json] = field(repr=False)
    opening: bytes = field(repr=False)
    unknown: tuple[Path, ...] = ()
    logprobs: tuple[Path, ...] = ()
    hosted_tools: frozenset[str] = frozenset()
    previous: str = field(default="", repr=False)
    short_numbers: NumberFinder = field(default=no_numbers, repr=False, compare=False)
