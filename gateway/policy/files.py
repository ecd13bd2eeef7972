"""Policy files: read together, digested, and swapped as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gateway import strictyaml
from gateway.errors import ConfigError, Problem
from gateway.policy.schema import Policy, parse


def load_policies(paths: Sequence[Path], operators: frozenset[str] = frozenset()) -> Policy:
    """The policy that the files say together, in order.

    `operators` are names of operators beyond the built-in ones.

    Raises:
        ConfigError: a file cannot be read or is wrong, or the files contradict each other.
    """
    problems: list[Problem] = []
    documents: list[strictyaml.Document] = []
    for path in paths:
        try:
            documents.append(strictyaml.load(path))
        except ConfigError as error:
            problems.extend(error.problems)
    if not problems:
        return parse(documents, operators)
    if documents:
        try:
            parse(documents, operators, complete=False)
        except ConfigError as error:
            problems.extend(error.problems)
    raise ConfigError(problems)


@dataclass(frozen=True, slots=True)
class _State:
    policy: Policy
    problems: tuple[Problem, ...] = ()


class PolicyStore:
    """The policy in force.

    `current` is an immutable snapshot: whoever took one keeps it for as long as they hold it.
    """

    def __init__(self, paths: Sequence[Path], operators: frozenset[str] = frozenset()) -> None:
        """Read the files for the first time.

        Raises:
            ConfigError: as `load_policies`.
        """
        self._paths = tuple(paths)
        self._operators = operators
        self._state = _State(load_policies(self._paths, operators))

    @property
    def current(self) -> Policy:
        """The policy in force now."""
        return self._state.policy

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Why the last reload kept the old policy; empty if it did not."""
        return self._state.problems

    def reload(self) -> bool:
        """Read the files again; True if what they say is in force now.

        On False the old policy stays in force and `problems` says why. The swap is one
        assignment, so readers in other threads see the old policy or the new one.
        """
        try:
            self._state = _State(load_policies(self._paths, self._operators))
        except ConfigError as error:
            self._state = _State(self._state.policy, error.problems)
            return False
        return True
