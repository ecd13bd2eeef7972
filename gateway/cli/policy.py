"""`cloakroom policy`: check, test and explain policy files.

Exit codes: 0 all is well, 1 a test case failed, 2 a file is wrong.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from enum import IntEnum
from pathlib import Path
from typing import Annotated, Final, NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gateway import strictyaml
from gateway.cli.common import load_settings
from gateway.cli.entity_types import known_types
from gateway.errors import ConfigError, Problem
from gateway.masking.presidio import installed_operators
from gateway.policy import shape
from gateway.policy.cases import CaseResult, described, parse_cases, run_cases
from gateway.policy.decide import Outcome, RuleTrace, decide, explain
from gateway.policy.files import load_policies
from gateway.policy.lint import warnings as policy_warnings
from gateway.policy.model import Policy
from gateway.policy.shipped import shipped_policies, shipped_policy
from gateway.types import (
    LANGUAGES,
    Candidate,
    Decision,
    Family,
    RequestFacts,
    UpstreamClass,
)
from gateway.validation import did_you_mean

_STYLE: Final = {Outcome.MATCHED: "bold green", Outcome.SKIPPED: "", Outcome.NOT_REACHED: "dim"}

app = typer.Typer(no_args_is_help=True, help="Check, test and explain policies.")


class Exit(IntEnum):
    """Exit codes."""

    OK = 0
    FAILED = 1
    BAD_FILE = 2


def _entity_types(values: list[str] | None) -> list[str] | None:
    try:
        return None if values is None else [shape.entity_type(value) for value in values]
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def _languages(values: list[str] | None) -> list[str] | None:
    for value in values or ():
        if not re.fullmatch("[a-z]{2,3}", value):
            raise typer.BadParameter("must be an ISO 639 code of two or three small letters")
    return values


AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]

OwnConfig = Annotated[
    Path | None,
    typer.Option("--config", help="A configuration, whose own entity types are known, too."),
]


@app.command()
def check(
    files: Annotated[list[Path], typer.Argument(help="Policy files, read together in this order.")],
    config: OwnConfig = None,
    as_json: AsJson = False,
) -> None:
    """Check policy files: everything that is wrong, and what looks wrong."""
    policy: Policy | None = None
    problems: Sequence[Problem] = ()
    warnings: Sequence[Problem] = ()
    try:
        policy = _load(files)
        warnings = policy_warnings(policy, _known_types(config))
    except ConfigError as error:
        problems = error.problems
    is_good = policy is not None and not problems
    if as_json:
        _print_json(
            {
                "ok": is_good,
                "policy": _policy_facts(policy) if policy else None,
                "problems": [_problem_facts(one) for one in problems],
                "warnings": [_problem_facts(one) for one in warnings],
            }
        )
    else:
        _print_problems(problems, "error")
        _print_problems(warnings, "warning")
        if policy:
            typer.echo(f"{policy.id}: {len(policy.rules)} rules, digest {policy.digest}")
    raise typer.Exit(Exit.OK if is_good else Exit.BAD_FILE)


@app.command("test")
def run_tests(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Shipped policies, or policy files with tests/FILE beside them."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run the test cases of policies; without a name, of all that are shipped."""
    results: dict[str, tuple[CaseResult, ...]] = {}
    problems: list[Problem] = []
    for name in dict.fromkeys(names or shipped_policies()):
        try:
            results[name] = _run(_path(name))
        except ConfigError as error:
            problems.extend(error.problems)
    failed = sum(not one.passed for some in results.values() for one in some)
    if as_json:
        _print_json(
            {
                "ok": not failed and not problems,
                "problems": [_problem_facts(one) for one in problems],
                "policies": {
                    name: [_case_facts(one) for one in some] for name, some in results.items()
                },
            }
        )
    else:
        _print_cases(results)
        _print_problems(problems, "error")
    raise typer.Exit(Exit.BAD_FILE if problems else Exit.FAILED if failed else Exit.OK)


@app.command("explain")
def explain_(
    policy: Annotated[
        list[str] | None,
        typer.Option("--policy", help="A policy file or a shipped policy; several in order."),
    ] = None,
    entity_type: Annotated[
        list[str] | None,
        typer.Option(
            "--entity-type", help="An entity type that was found.", callback=_entity_types
        ),
    ] = None,
    model: Annotated[str, typer.Option(help="The requested model.")] = "some-model",
    tenant: Annotated[str, typer.Option(help="The caller's tenant.")] = "some-tenant",
    role: Annotated[list[str] | None, typer.Option("--role", help="A role of the caller.")] = None,
    upstream_class: Annotated[
        list[UpstreamClass] | None,
        typer.Option("--upstream-class", help="Classes of the candidates, in order."),
    ] = None,
    media: Annotated[bool, typer.Option("--media", help="The request holds media.")] = False,
    language: Annotated[
        list[str] | None,
        typer.Option("--language", help="A language of its text, as en.", callback=_languages),
    ] = None,
    config: OwnConfig = None,
    as_json: AsJson = False,
) -> None:
    """Show rule by rule what a policy does with a request, and the decision."""
    try:
        read = _load([_path(name) for name in policy or ["default"]])
        warnings = _unknown(entity_type or [], config)
    except ConfigError as error:
        _refuse(error, as_json)
    facts = RequestFacts(
        tenant=tenant,
        roles=frozenset(role or ()),
        family=Family.CHAT,
        model=model,
        entities=dict.fromkeys(entity_type or (), (0, 0, 1)),
        languages=frozenset(language or ()),
        has_media=media,
        unsupported_languages=frozenset(language or ()) - LANGUAGES,
    )
    classes = upstream_class or [UpstreamClass.EXTERNAL, UpstreamClass.ON_PREM]
    candidates = [Candidate(one.value, one) for one in dict.fromkeys(classes)]
    traces, decision = explain(read, facts, candidates), decide(read, facts, candidates)
    if as_json:
        _print_json(
            {
                "ok": True,
                "rules": [_trace_facts(one) for one in traces],
                "decision": _decision_facts(decision, facts),
                "unsupported_languages": sorted(facts.unsupported_languages),
                "warnings": [_problem_facts(one) for one in warnings],
            }
        )
        return
    _print_problems(warnings, "warning")
    _print_traces(traces)
    _print_languages(read, facts)
    _print_decision(decision, facts)


def _refuse(error: ConfigError, as_json: bool) -> NoReturn:
    if as_json:
        found = [_problem_facts(one) for one in error.problems]
        _print_json({"ok": False, "problems": found})
    else:
        _print_problems(error.problems, "error")
    raise typer.Exit(Exit.BAD_FILE) from None


def _path(name: str) -> Path:
    """The file of a policy: a path, or a shipped policy's name.

    Raises:
        ConfigError: neither.
    """
    if name in shipped_policies():
        return shipped_policy(name)
    path = Path(name)
    if path.suffix or len(path.parts) > 1:
        return path
    return shipped_policy(name)


def _load(files: Sequence[Path]) -> Policy:
    return load_policies(files, frozenset(installed_operators()))


def _run(path: Path) -> tuple[CaseResult, ...]:
    policy = _load([path])
    return run_cases(policy, parse_cases(strictyaml.load(path.parent / "tests" / path.name)))


def _known_types(config: Path | None) -> frozenset[str]:
    """What any recognizer may find, those of the configuration included. Raises `ConfigError`."""
    return known_types(load_settings(config).detection if config else None)


def _unknown(entity_types: Sequence[str], config: Path | None) -> list[Problem]:
    """A warning for each type that no recognizer knows."""
    if not entity_types:
        return []
    known = _known_types(config)
    return [
        Problem("--entity-type", 0, one, "unknown entity type", did_you_mean(one, known))
        for one in entity_types
        if one not in known
    ]


def _problem_facts(problem: Problem) -> dict[str, str | int]:
    return {
        "file": problem.file,
        "line": problem.line,
        "key": problem.key,
        "message": problem.message,
        "hint": problem.hint,
    }


def _policy_facts(policy: Policy) -> dict[str, object]:
    rules = [{"name": rule.name, "effect": rule.effect} for rule in policy.rules]
    return {"id": policy.id, "digest": policy.digest, "rules": rules}


def _case_facts(result: CaseResult) -> dict[str, object]:
    case = result.case
    place = {"file": case.file, "line": case.line}
    return {"name": case.name, "ok": result.passed, "failures": result.failures, **place}


def _trace_facts(trace: RuleTrace) -> dict[str, str]:
    return {
        "upstream": trace.upstream,
        "upstream_class": trace.upstream_class,
        "rule": trace.rule,
        "outcome": trace.outcome,
        "detail": trace.detail,
    }


def _decision_facts(decision: Decision, facts: RequestFacts) -> dict[str, object]:
    return {
        "effect": decision.effect,
        "upstream_class": decision.upstream_class,
        "rule_ids": decision.rule_ids,
        "reason": decision.reason,
        "operators": _operators(decision, facts),
        "policy_id": decision.policy_id,
        "policy_digest": decision.policy_digest,
    }


def _operators(decision: Decision, facts: RequestFacts) -> dict[str, str]:
    """What would be done with each type that was found; nothing where all is denied."""
    if not decision.candidates:
        return {}
    return {one: described(decision.operator_for(one)) for one in sorted(facts.entity_types)}


def _print_json(value: Mapping[str, object]) -> None:
    typer.echo(json.dumps(value, indent=2))


def _print_problems(problems: Sequence[Problem], kind: str) -> None:
    for problem in problems:
        typer.echo(f"{kind}: {problem}", err=True)


def _print_cases(results: Mapping[str, Sequence[CaseResult]]) -> None:
    table = Table("policy", "cases", "passed", "failed")
    for name, some in results.items():
        passed = sum(one.passed for one in some)
        failed = len(some) - passed
        style = "bold red" if failed else "green"
        table.add_row(escape(name), str(len(some)), str(passed), str(failed), style=style)
    Console().print(table)
    for one in (one for some in results.values() for one in some if not one.passed):
        typer.echo(f"{one.case.file}:{one.case.line}: {one.case.name}: {'; '.join(one.failures)}")


def _print_traces(traces: Sequence[RuleTrace]) -> None:
    table = Table("towards", "rule", "outcome", "why")
    for one in traces:
        outcome = one.outcome.value.replace("_", " ")
        table.add_row(
            one.upstream_class, escape(one.rule), outcome, escape(one.detail),
            style=_STYLE[one.outcome],
        )  # fmt: skip
    Console().print(table)


def _print_languages(policy: Policy, facts: RequestFacts) -> None:
    if facts.unsupported_languages:
        codes = ", ".join(sorted(facts.unsupported_languages))
        typer.echo(
            f"unsupported languages: {codes} (policy: {policy.handling.unsupported_languages})"
        )


def _print_decision(decision: Decision, facts: RequestFacts) -> None:
    towards = f", to {decision.upstream_class} upstreams" if decision.upstream_class else ""
    rules = ", ".join(decision.rule_ids) or "no rule"
    typer.echo(f"decision: {decision.effect}{towards} ({rules})")
    if decision.reason:
        typer.echo(f"reason: {decision.reason}")
    for entity_type, operator in _operators(decision, facts).items():
        typer.echo(f"  {entity_type}: {operator}")
