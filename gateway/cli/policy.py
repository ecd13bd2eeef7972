"""`cloakroom policy`: check, test, explain and compare policies.

Exit codes: 0 all is well · 1 a test case failed, a warning where `--strict` was asked for, or a
policy sends more than another · 2 a wrong command line or a wrong file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Annotated, Final

import typer
from rich.markup import escape
from rich.progress import track
from rich.table import Table

from gateway import strictyaml
from gateway.cli.common import JsonOption, console, errors, print_json
from gateway.cli.policy_common import (
    Exit,
    OwnConfig,
    load,
    policy_path,
    print_problems,
    problem_facts,
    refuse,
    treats,
    types_known,
)
from gateway.cli.policy_diff import diff
from gateway.cli.policy_explain import explain
from gateway.cli.policy_simulate import simulate
from gateway.errors import ConfigError, Problem
from gateway.policy.answers import answers_facts, answers_in_words, described
from gateway.policy.cases import CaseResult, parse_cases, run_cases, unknown_types
from gateway.policy.coverage import NOTHING, Covered, coverage
from gateway.policy.lint import named_types, notes
from gateway.policy.lint import warnings as policy_warnings
from gateway.policy.model import Policy
from gateway.policy.shape import json_schema
from gateway.policy.shipped import shipped_policies
from gateway.types import AnswerRules, UpstreamClass

MANY: Final = 5  # policies whose cases are run: from here on, progress is shown

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Check, test, explain and compare policies."
)
app.command("explain")(explain)
app.command("diff")(diff)
app.command("simulate")(simulate)


@app.command()
def check(
    files: Annotated[
        list[str],
        typer.Argument(help="Policy files or shipped policies, read together in this order."),
    ],
    config: OwnConfig = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 where there are warnings.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Check policies: what is wrong, what looks wrong, and what they do with each class.

    Exit codes: 0 they can be used, 1 there are warnings and --strict was asked for, 2 they are
    wrong.
    """
    policy: Policy | None = None
    problems: Sequence[Problem] = ()
    warnings: Sequence[Problem] = ()
    noted: Sequence[Problem] = ()
    covered: Sequence[Covered] = ()
    try:
        policy = load(files)
        known = types_known(config)
        warnings = policy_warnings(policy, known, treats())
        noted = notes(policy)
        covered = coverage(policy, known)
    except ConfigError as error:
        problems = error.problems
    is_good = policy is not None and not problems
    if as_json:
        print_json(
            {
                "ok": is_good,
                "policy": _policy_facts(policy) if policy else None,
                "problems": [problem_facts(one) for one in problems],
                "warnings": [problem_facts(one) for one in warnings],
                "notes": [problem_facts(one) for one in noted],
                "answers": {
                    name: answers_facts(one) for name, one in (_answers(policy) if policy else ())
                },
                "coverage": {
                    one.name: {towards.value: some for towards, some in one.outcomes.items()}
                    for one in covered
                },
            }
        )
    else:
        print_problems(problems, "error")
        print_problems(warnings, "warning")
        print_problems(noted, "note")
        if policy and is_good:
            _print_coverage(covered, "" if policy.live is policy else ", were it live")
            for name, one in _answers(policy):
                typer.echo(f"answers{f' of {name}' if name else ''}: {answers_in_words(one)}")
            typer.echo(f"{policy.id}: {len(policy.rules)} rules, digest {policy.digest}")
    if not is_good:
        raise typer.Exit(Exit.BAD_FILE)
    raise typer.Exit(Exit.FAILED if strict and warnings else Exit.OK)


@app.command("test")
def run_tests(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Shipped policies, or policy files with tests/FILE beside them."),
    ] = None,
    config: OwnConfig = None,
    as_json: JsonOption = False,
) -> None:
    """Run the test cases of policies; without a name, of all that are shipped.

    Types that look misspelt are warned of.

    Exit codes: 0 all cases passed, 1 one failed, 2 a file is wrong.
    """
    results: dict[str, tuple[CaseResult, ...]] = {}
    problems: list[Problem] = []
    warned: list[Problem] = []
    try:
        known = types_known(config)
    except ConfigError as error:
        refuse(error, as_json)
    for name in _shown(list(dict.fromkeys(names or shipped_policies())), quiet=as_json):
        try:
            results[name] = _run(name, known, warned)
        except ConfigError as error:
            problems.extend(error.problems)
    failed = sum(not one.passed for some in results.values() for one in some)
    if as_json:
        print_json(
            {
                "ok": not failed and not problems,
                "problems": [problem_facts(one) for one in problems],
                "warnings": [problem_facts(one) for one in warned],
                "policies": {
                    name: [_case_facts(one) for one in some] for name, some in results.items()
                },
            }
        )
    else:
        _print_cases(results)
        print_problems(warned, "warning")
        print_problems(problems, "error")
    raise typer.Exit(Exit.BAD_FILE if problems else Exit.FAILED if failed else Exit.OK)


def _shown(names: list[str], *, quiet: bool) -> Iterator[str]:
    """The names, with progress on a terminal where there are many."""
    if quiet or len(names) < MANY or not errors.is_terminal:
        yield from names
        return
    yield from track(names, "policies", console=errors, transient=True)


@app.command()
def schema() -> None:
    """Print the JSON Schema of policy files, for editors.

    It is also in `policies/policy.schema.json`. A first line
    `# yaml-language-server: $schema=policy.schema.json` in a policy lets editors check it as it is
    written. Exit code: 0.
    """
    print_json(json_schema())


def _run(name: str, known: frozenset[str], warned: list[Problem]) -> tuple[CaseResult, ...]:
    policy, path = load([name]), policy_path(name)
    if policy.live is not policy:
        text = "the policy is in shadow: its cases are tried as if it were live"
        warned.append(Problem(*policy.places["shadow"], "shadow", text))
    cases = parse_cases(strictyaml.load(path.parent / "tests" / path.name))
    warned += unknown_types(cases, known | named_types(policy))
    return run_cases(policy, cases)


def _policy_facts(policy: Policy) -> dict[str, object]:
    rules = [{"name": rule.name, "effect": rule.effect} for rule in policy.rules]
    return {"id": policy.id, "digest": policy.digest, "rules": rules}


def _answers(policy: Policy) -> Iterator[tuple[str, AnswerRules]]:
    """What is said of answers: by the policy (""), and by rules that say something of their own."""
    yield "", policy.answers
    yield from ((rule.name, rule.answers) for rule in policy.rules if rule.answers is not None)


def _case_facts(result: CaseResult) -> dict[str, object]:
    case, decision = result.case, result.decision
    return {
        "name": case.name,
        "ok": result.passed,
        "failures": result.failures,
        "file": case.file,
        "line": case.line,
        "found": {
            "effect": decision.effect,
            "upstream_class": decision.upstream_class,
            "upstreams": [one.name for one in decision.candidates],
            "rules": decision.rule_ids,
            "reason_code": decision.reason_code,
            "answers": answers_facts(decision.answers) if decision.candidates else None,
            "operators": {one: described(decision.operator_for(one)) for one in case.operators}
            if decision.candidates
            else {},
        },
    }


def _print_cases(results: Mapping[str, Sequence[CaseResult]]) -> None:
    table = Table("policy", "cases", "passed", "failed")
    for name, some in results.items():
        passed = sum(one.passed for one in some)
        failed = len(some) - passed
        style = "bold red" if failed else "green"
        table.add_row(escape(name), str(len(some)), str(passed), str(failed), style=style)
    console.print(table)
    for one in (one for some in results.values() for one in some if not one.passed):
        typer.echo(f"{one.case.file}:{one.case.line}: {one.case.name}: {'; '.join(one.failures)}")


def _print_coverage(covered: Sequence[Covered], live: str) -> None:
    title = f"A plain request, by class{live}"
    table = Table("class", "types", "external", "on premises", title=title)
    for one in covered:
        cells = [_cell(one.outcomes[towards]) for towards in UpstreamClass]
        count = "" if one.name == NOTHING else str(len(one.outcomes[UpstreamClass.EXTERNAL]))
        table.add_row(escape(one.name), count, cells[1], cells[0])
    console.print(table)


def _cell(outcomes: Mapping[str, str]) -> str:
    """What becomes of all types of a class, or of how many of them and of the fewest by name."""
    counted = Counter(outcomes.values()).most_common()
    if len(counted) == 1:
        return escape(counted[0][0])
    said: Callable[[str, int], str] = lambda outcome, count: (  # noqa: E731
        f"{outcome} ({count})"
        if count > 3
        else f"{outcome} ({', '.join(one for one, other in outcomes.items() if other == outcome)})"
    )
    return escape("; ".join(said(outcome, count) for outcome, count in counted))
