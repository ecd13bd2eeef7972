"""Test cases of a policy: what is given, what is expected, and whether it comes about. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Literal, TypeAlias, get_args

from pydantic import BeforeValidator, Field

from gateway.errors import ConfigError, Problem
from gateway.policy.answers import ExpectedAnswers, described, unlike
from gateway.policy.decide import decide
from gateway.policy.lint import meant_type
from gateway.policy.model import Policy
from gateway.policy.rules import operator_use
from gateway.policy.shape import (
    EntityType,
    FamilyName,
    Language,
    Name,
    Sentence,
    UpstreamClassName,
    Use,
    Word,
    or_else,
)
from gateway.strictyaml import Document
from gateway.types import (
    LANGUAGES,
    BandCounts,
    Candidate,
    Decision,
    Effect,
    Family,
    OperatorUse,
    RequestFacts,
    UpstreamClass,
)
from gateway.validation import Strict, validate


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case. An expectation that is None is not checked; `rule` "" expects that none matched.

    `operators` are expected per entity type, defaults included: by name, or with their options.
    """

    name: str
    facts: RequestFacts
    candidates: tuple[Candidate, ...]
    effect: Effect
    upstream_class: UpstreamClass | None = None
    upstreams: tuple[str, ...] | None = None
    rule: str | None = None
    reason_code: str | None = None
    operators: Mapping[str, str | OperatorUse] = field(default_factory=dict)
    answers: ExpectedAnswers | None = None
    file: str = field(default="", compare=False)
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class CaseResult:
    """A case, the decision, and what was expected but did not come about."""

    case: Case
    decision: Decision
    failures: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether everything came about."""
        return not self.failures


_Count: TypeAlias = Annotated[int, Field(ge=0)]
_BandList: TypeAlias = Annotated[list[_Count], Field(min_length=3, max_length=3)]

_Named: TypeAlias = Annotated[dict[Name, UpstreamClassName], Field(min_length=1, max_length=1)]
_Upstream: TypeAlias = Annotated[
    UpstreamClassName | _Named,
    or_else(
        "must be external, on_prem, or a name with its class such as {cloud: external}",
        *get_args(UpstreamClassName),
    ),
]

_BOTH: Final[list[UpstreamClassName | _Named]] = ["external", "on_prem"]


def _listed(value: Any) -> Any:
    """Upstreams, if they are a list: their order matters."""
    if isinstance(value, dict):
        text = "must be a list such as [{cloud: external}, {local: on_prem}]"
        raise ValueError(text)  # noqa: TRY004 - pydantic collects these alone
    return value


def _deciding(value: Any) -> Any:
    """An effect, if it is one of those that decide."""
    if value == "route":
        raise ValueError(
            "a route decides nothing: expect what comes of the request, and the route under `rule`"
        )
    return value


class _Given(Strict):
    entity_types: list[EntityType] = Field(default_factory=list)
    counts: dict[EntityType, Annotated[int, Field(ge=1)] | _BandList] = Field(default_factory=dict)
    model: str = "some-model"
    tenant: str = "some-tenant"
    roles: list[str] = Field(default_factory=list)
    tags: list[str] = Field(default_factory=list)
    family: FamilyName = "chat"
    has_media: bool = False
    has_unknown_fields: bool = False
    hosted_tools: list[Word] = Field(default_factory=list)
    languages: list[Language] = Field(default_factory=list)
    upstreams: Annotated[list[_Upstream], BeforeValidator(_listed)] = Field(
        default_factory=_BOTH.copy, min_length=1
    )


class _Expect(Strict):
    effect: Annotated[Literal["deny", "mask", "unsafe_allow"], BeforeValidator(_deciding)]
    upstream_class: UpstreamClassName | None = None
    upstreams: list[Name] | None = None
    rule: str | None = None
    reason_code: str | None = None
    operators: dict[EntityType, Use] | None = None
    answers: ExpectedAnswers | None = None


class _CaseModel(Strict):
    name: Sentence
    given: _Given
    expect: _Expect


def parse_cases(document: Document) -> tuple[Case, ...]:
    """The cases of a file.

    Raises:
        ConfigError: the file is wrong, or holds no case; all problems.
    """
    models = validate(document, list[_CaseModel])
    problems: list[Problem] = []
    if not models:
        problems.append(Problem(document.file, 0, "", "there is no case"))
    names: set[str] = set()
    for index, model in enumerate(models):
        if model.name in names:
            problems.append(document.problem((index, "name"), "duplicate case name"))
        names.add(model.name)
        expect = model.expect
        if expect.effect == "deny" and (
            expect.upstream_class or expect.operators or expect.answers
        ):
            text = "what is denied has no upstream class, no operators and no answers"
            problems.append(document.problem((index, "expect"), text))
    if problems:
        raise ConfigError(problems)
    return tuple(
        _case(model, document.file, document.line_of((index,)))
        for index, model in enumerate(models)
    )


def _case(model: _CaseModel, file: str, line: int) -> Case:
    given, expect = model.given, model.expect
    return Case(
        name=model.name,
        facts=RequestFacts(
            tenant=given.tenant,
            roles=frozenset(given.roles),
            tags=frozenset(given.tags),
            family=Family("chat" if given.family == "*" else given.family),
            model=given.model,
            entities=_entities(given),
            languages=frozenset(given.languages),
            unsupported_languages=frozenset(given.languages) - LANGUAGES,
            has_media=given.has_media,
            has_unknown_fields=given.has_unknown_fields,
            hosted_tools=frozenset(given.hosted_tools),
        ),
        candidates=tuple(_candidate(index, one) for index, one in enumerate(given.upstreams)),
        effect=Effect(expect.effect),
        upstream_class=UpstreamClass(expect.upstream_class) if expect.upstream_class else None,
        upstreams=None if expect.upstreams is None else tuple(expect.upstreams),
        # A rule that is written as null expects that none matched.
        rule=(expect.rule or "") if "rule" in expect.model_fields_set else None,
        reason_code=expect.reason_code,
        operators={
            name: use if isinstance(use, str) else operator_use(use)
            for name, use in (expect.operators or {}).items()
        },
        answers=expect.answers,
        file=file,
        line=line,
    )


def _entities(given: _Given) -> dict[str, BandCounts]:
    """Findings by type and band; a plain count means that all are sure."""
    found: dict[str, BandCounts] = dict.fromkeys(given.entity_types, (0, 0, 1))
    for name, count in given.counts.items():
        low, medium, high = [0, 0, count] if isinstance(count, int) else count
        found[name] = (low, medium, high)
    return found


def _candidate(index: int, given: str | dict[str, UpstreamClassName]) -> Candidate:
    if isinstance(given, str):
        return Candidate(f"{given}-{index}", UpstreamClass(given))
    name, upstream_class = next(iter(given.items()))
    return Candidate(name, UpstreamClass(upstream_class))


def unknown_types(cases: Sequence[Case], known: frozenset[str]) -> tuple[Problem, ...]:
    """A warning for each entity type of a case that looks like a misspelt one of those that are
    known; any other may be that of a recognizer which is yet to come."""
    return tuple(
        Problem(case.file, case.line, case.name, f"unknown entity type {one}", hint)
        for case in cases
        for one in sorted(case.facts.entity_types.union(case.operators) - known)
        if (hint := meant_type(one, known))
    )


def run_cases(policy: Policy, cases: Sequence[Case]) -> tuple[CaseResult, ...]:
    """Each case's result, in order. A policy in shadow is asked as if it were live: its cases say
    what it is meant to do."""
    return tuple(_run(policy.live, case) for case in cases)


def _run(policy: Policy, case: Case) -> CaseResult:
    decision = decide(policy, case.facts, case.candidates)
    failures: list[str] = []
    if decision.effect is not case.effect:
        failures.append(f"effect is {decision.effect}, not {case.effect}")
    towards = decision.upstream_class
    if case.upstream_class not in (None, towards):
        failures.append(f"upstream_class is {towards or 'none'}, not {case.upstream_class}")
    names = tuple(one.name for one in decision.candidates)
    if case.upstreams not in (None, names):
        wanted = ", ".join(case.upstreams or ()) or "none"
        failures.append(f"upstreams are {', '.join(names) or 'none'}, not {wanted}")
    if case.rule is not None and case.rule not in (decision.rule_ids or ("",)):
        rules = ", ".join(decision.rule_ids) or "none"
        failures.append(f"rule is {rules}, not {case.rule or 'none'}")
    if case.reason_code not in (None, decision.reason_code):
        code = decision.reason_code or "none"
        failures.append(f"reason_code is {code}, not {case.reason_code}")
    for entity_type, wanted_use in case.operators.items():
        use = decision.operator_for(entity_type) if decision.candidates else None
        if use is None or wanted_use not in (use, use.name):
            failures.append(
                f"operator for {entity_type} is {described(use)}, not {described(wanted_use)}"
            )
    if case.answers is not None:
        failures += unlike(case.answers, decision.answers if decision.candidates else None)
    return CaseResult(case, decision, tuple(failures))
