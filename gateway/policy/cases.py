"""Test cases of a policy: what is given, what is expected, and whether it comes about. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import AfterValidator, Field

from gateway.errors import ConfigError, Problem
from gateway.policy import schema
from gateway.policy.decide import decide
from gateway.policy.schema import Policy
from gateway.strictyaml import Document
from gateway.types import (
    LANGUAGES,
    Candidate,
    Decision,
    Effect,
    Family,
    RequestFacts,
    UpstreamClass,
)
from gateway.validation import Strict, validate


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case. An expectation that is None is not checked; `rule` "" expects that none matched.

    `operators` are expected per entity type, defaults included.
    """

    name: str
    facts: RequestFacts
    candidates: tuple[Candidate, ...]
    effect: Effect
    upstream_class: UpstreamClass | None = None
    rule: str | None = None
    operators: Mapping[str, str] = field(default_factory=dict)
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


_Class: TypeAlias = Literal["on_prem", "external"]
_EntityType: TypeAlias = Annotated[str, AfterValidator(schema.entity_type)]
_Language: TypeAlias = Annotated[str, Field(pattern=r"^[a-z]{2,3}$")]


_BOTH: Final[list[_Class]] = ["external", "on_prem"]


class _Given(Strict):
    entity_types: list[_EntityType] = Field(default_factory=list)
    model: str = "some-model"
    tenant: str = "some-tenant"
    roles: list[str] = Field(default_factory=list)
    family: Literal["chat"] = "chat"
    has_media: bool = False
    languages: list[_Language] = Field(default_factory=list)
    upstreams: list[_Class] = Field(default_factory=_BOTH.copy, min_length=1)


class _Expect(Strict):
    effect: Literal["deny", "mask", "allow"]
    upstream_class: _Class | None = None
    rule: str | None = None
    operators: dict[_EntityType, str] | None = None


class _CaseModel(Strict):
    name: Annotated[str, AfterValidator(schema.sentence)]
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
        if model.expect.effect == "deny" and (
            model.expect.upstream_class or model.expect.operators
        ):
            text = "what is denied has no upstream class and no operators"
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
            family=Family(given.family),
            model=given.model,
            entity_types=frozenset(given.entity_types),
            has_media=given.has_media,
            unsupported_languages=frozenset(given.languages) - LANGUAGES,
        ),
        candidates=tuple(
            Candidate(f"{one}-{index}", UpstreamClass(one))
            for index, one in enumerate(given.upstreams)
        ),
        effect=Effect(expect.effect),
        upstream_class=UpstreamClass(expect.upstream_class) if expect.upstream_class else None,
        # A rule that is written as null expects that none matched.
        rule=(expect.rule or "") if "rule" in expect.model_fields_set else None,
        operators=expect.operators or {},
        file=file,
        line=line,
    )


def run_cases(policy: Policy, cases: Sequence[Case]) -> tuple[CaseResult, ...]:
    """Each case's result, in order."""
    return tuple(_run(policy, case) for case in cases)


def _run(policy: Policy, case: Case) -> CaseResult:
    decision = decide(policy, case.facts, case.candidates)
    failures: list[str] = []
    if decision.effect is not case.effect:
        failures.append(f"effect is {decision.effect}, not {case.effect}")
    if case.upstream_class not in (None, decision.upstream_class):
        found = decision.upstream_class or "none"
        failures.append(f"upstream_class is {found}, not {case.upstream_class}")
    if case.rule is not None and case.rule not in (decision.rule_ids or ("",)):
        found = ", ".join(decision.rule_ids) or "none"
        failures.append(f"rule is {found}, not {case.rule or 'none'}")
    for entity_type, operator in case.operators.items():
        found = decision.operator_for(entity_type) if decision.candidates else "none"
        if found != operator:
            failures.append(f"operator for {entity_type} is {found}, not {operator}")
    return CaseResult(case, decision, tuple(failures))
