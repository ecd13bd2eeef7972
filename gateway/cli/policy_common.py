"""What the commands of `cloakroom policy` share: reading policies, and saying what was found."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from pathlib import Path
from typing import Annotated, NoReturn, TypeAlias

import typer

from gateway.cli.common import load_settings, print_json
from gateway.cli.entity_types import known_types
from gateway.config import MissingKey
from gateway.errors import ConfigError, Problem
from gateway.operator_kinds import OPERATOR_KINDS
from gateway.policy.files import load_policies
from gateway.policy.lint import Treats
from gateway.policy.model import Policy
from gateway.policy.shipped import shipped_policies, shipped_policy
from gateway.types import OperatorUse

OwnConfig: TypeAlias = Annotated[
    Path | None,
    typer.Option("--config", help="A configuration, whose own entity types are known, too."),
]


class Exit(IntEnum):
    """Exit codes."""

    OK = 0
    FAILED = 1
    BAD_FILE = 2


def policy_path(name: str) -> Path:
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


def load(names: Sequence[str]) -> Policy:
    """The policy that files and shipped policies say together, in order.

    Raises:
        ConfigError: a file cannot be read or is wrong, or there is no such policy.
    """
    # Slow to import.
    from gateway.masking.presidio import installed_operators  # noqa: PLC0415

    paths: list[Path] = []
    problems: list[Problem] = []
    for name in names:
        try:
            paths.append(policy_path(name))
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)
    return load_policies(paths, frozenset(installed_operators()))


def types_known(config: Path | None) -> frozenset[str]:
    """What any recognizer may find, those of a configuration included. Raises `ConfigError`."""
    return known_types(load_settings(config, MissingKey.LEND).detection if config else None)


def treats() -> Treats:
    """The types for which an operator has something better than its fallback."""
    # Few commands need them.
    from gateway.masking.formats import FPE_TYPES  # noqa: PLC0415
    from gateway.masking.generalise import GENERALISE_TYPES  # noqa: PLC0415
    from gateway.masking.surrogates.stand_in import SURROGATE_TYPES  # noqa: PLC0415

    return {"fpe": FPE_TYPES, "generalise": GENERALISE_TYPES, "surrogate": SURROGATE_TYPES}


def refuse(error: ConfigError, as_json: bool) -> NoReturn:
    """Say everything that is wrong, and exit with 2."""
    if as_json:
        print_json({"ok": False, "problems": [problem_facts(one) for one in error.problems]})
    else:
        print_problems(error.problems, "error")
    raise typer.Exit(Exit.BAD_FILE) from None


def print_problems(problems: Sequence[Problem], kind: str) -> None:
    """One problem a line, on standard error."""
    for problem in problems:
        typer.echo(f"{kind}: {problem}", err=True)


def problem_facts(problem: Problem) -> dict[str, str | int]:
    """A problem as JSON."""
    return {
        "file": problem.file,
        "line": problem.line,
        "key": problem.key,
        "message": problem.message,
        "hint": problem.hint,
    }


def reveals(use: OperatorUse) -> str:
    """What an operator tells a provider, in words."""
    kind = OPERATOR_KINDS.get(use.name)
    return kind.reveals if kind else "whatever this operator of your own lets through"
