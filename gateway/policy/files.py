"""Policy files: read together with those that they extend, digested, and swapped as a whole."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from gateway import strictyaml
from gateway.errors import ConfigError, Problem
from gateway.policy.model import Policy
from gateway.policy.schema import Chain, digest, parse
from gateway.policy.shipped import shipped_policies, shipped_policy
from gateway.strictyaml import Document
from gateway.validation import did_you_mean

_ENDINGS = (".yaml", ".yml")
_BARE_STAR = re.compile(rb"(?:[\[,:]|^\s*-)\s*\*")  # where YAML reads an alias

MAX_FILES = 32  # that one file may extend, directly or not


@dataclass(slots=True)
class _Chains:
    """Reads files with those that they extend. What cannot be read becomes problems.

    `known` are documents read before, by file: what has not changed is not parsed again.
    """

    known: Mapping[str, Document] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    seen: set[Path] = field(default_factory=set)
    extended: int = 0  # files that the one being read extends

    def chain(self, path: Path) -> list[Document]:
        """A file and those that it extends, each before those that it extends itself; a file
        read before is left out."""
        found: list[Document] = []
        self.extended = 0
        if path.resolve() not in self.seen:
            self._add(path, (), found)
        return found[::-1]

    def _add(self, path: Path, above: tuple[Path, ...], found: list[Document]) -> None:
        """Reads a file; it comes after all that it extends, of which the last come first."""
        real = path.resolve()
        self.seen.add(real)
        try:
            document = self._document(path)
        except ConfigError as error:
            self.problems.extend(_quoted(one) for one in error.problems)
            return
        for key, name in reversed(_extended(document)):
            named = self._named(document, key, name)
            if named is None:
                continue
            if named.resolve() in (*above, real):
                self.problems.append(document.problem(key, "this file extends itself"))
            elif named.resolve() in self.seen:
                continue
            elif self.extended >= MAX_FILES:
                self.problems.append(document.problem(key, f"extends more than {MAX_FILES} files"))
            else:
                self.extended += 1
                self._add(named, (*above, real), found)
        found.append(document)

    def _document(self, path: Path) -> Document:
        content = strictyaml.read(path)
        before = self.known.get(str(path))
        if before is not None and before.content == content:
            return before
        return strictyaml.loads(content, str(path))

    def _named(self, document: Document, key: tuple[str | int, ...], name: str) -> Path | None:
        """The file that `extends` names: a shipped policy, or a path from the file's folder."""
        if name in shipped_policies():
            return shipped_policy(name)
        path = Path(document.file).parent / name
        if path.is_file():
            return path
        hint = _ending(path, name) or did_you_mean(name, shipped_policies())
        hint = hint or f"name a file, or one of: {', '.join(shipped_policies())}"
        self.problems.append(document.problem(key, "there is no such policy", hint))
        return None


def _ending(path: Path, name: str) -> str:
    """A hint where a file was named without its ending."""
    if not name or "\0" in name:
        return ""
    found = next((one for one in _ENDINGS if Path(f"{path}{one}").is_file()), "")
    return f"did you mean {name}{found}?" if found else ""


def _quoted(problem: Problem) -> Problem:
    """With a hint where a line that YAML does not read holds a pattern without quotes."""
    try:
        line = Path(problem.file).read_bytes().splitlines()[problem.line - 1]
    except (OSError, IndexError):
        return problem
    hint = 'put a pattern that begins with * in quotes: "*"'
    return replace(problem, hint=hint) if problem.line and _BARE_STAR.search(line) else problem


def _extended(document: Document) -> list[tuple[tuple[str | int, ...], str]]:
    data: Any = document.data
    given = data.get("extends") if isinstance(data, dict) else None
    if isinstance(given, str):
        return [(("extends",), given)]
    if isinstance(given, list):
        named = enumerate(given)
        return [(("extends", index), one) for index, one in named if isinstance(one, str)]
    return []  # anything else is a problem of the file's shape


def load_policies(paths: Sequence[Path], operators: frozenset[str] = frozenset()) -> Policy:
    """The policy that the files say together, in order, each with those that it extends.

    `operators` are names of operators beyond the built-in ones.

    Raises:
        ConfigError: a file cannot be read or is wrong, or the files contradict each other.
    """
    return parse_chains(*read_chains(paths), operators)


def read_chains(
    paths: Sequence[Path], known: Mapping[str, Document] = MappingProxyType({})
) -> tuple[list[Chain], list[Problem]]:
    """Each file with those that it extends, nearest first, and what could not be read.

    `known` are documents read before, by file: what has not changed is not parsed again.
    """
    reader = _Chains(known)
    chains = [tuple(reader.chain(path)) for path in paths]
    return [chain for chain in chains if chain], reader.problems


def parse_chains(
    chains: Sequence[Chain], problems: Sequence[Problem], operators: frozenset[str]
) -> Policy:
    """The policy of files that were read; raises `ConfigError` with these problems, too."""
    found = list(problems)
    if not found:
        return parse(chains, operators)
    if chains:
        try:
            parse(chains, operators, complete=False)
        except ConfigError as error:
            found.extend(error.problems)
    raise ConfigError(found)


@dataclass(frozen=True, slots=True)
class Look:
    """The policy files as they were read at one time. `digest` tells one look from another."""

    chains: Sequence[Chain] = field(repr=False)
    problems: Sequence[Problem] = field(repr=False)

    @property
    def digest(self) -> str:
        """That of the policy, if all could be read."""
        found = digest([one for chain in self.chains for one in chain])
        return f"{found}+{len(self.problems)}" if self.problems else found


@dataclass(frozen=True, slots=True)
class _State:
    policy: Policy
    problems: tuple[Problem, ...] = ()
    refused: str = ""  # the digest of what was refused, so that it is refused once


class PolicyStore:
    """The policy in force.

    `current` is an immutable snapshot: whoever took one keeps it for as long as they hold it.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        operators: frozenset[str] = frozenset(),
    ) -> None:
        """Read the files for the first time.

        Raises:
            ConfigError: as `load_policies`.
        """
        self._paths = tuple(paths)
        self._operators = operators
        self._known: Mapping[str, Document] = {}
        self._state = _State(load_policies(self._paths, operators))

    @property
    def current(self) -> Policy:
        """The policy in force now."""
        return self._state.policy

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Why the last reload kept the old policy; empty if it did not."""
        return self._state.problems

    def look(self) -> Look:
        """Read the files as they are now; the policy in force stays."""
        look = Look(*read_chains(self._paths, self._known))
        self._known = {one.file: one for chain in look.chains for one in chain}
        return look

    def changed(self, look: Look | None = None) -> bool:
        """Whether the files differ from what is in force, and from what was refused last."""
        found = (look or self.look()).digest
        return found not in (self._state.policy.digest, self._state.refused)

    def reload(self, look: Look | None = None) -> bool:
        """Take what was read, or is read now, into force; True if it is in force.

        On False the old policy stays in force and `problems` says why. The swap is one
        assignment, so readers in other threads see the old policy or the new one.
        """
        look = look or self.look()
        try:
            policy = parse_chains(look.chains, look.problems, self._operators)
        except ConfigError as error:
            self._state = _State(self._state.policy, error.problems, look.digest)
            return False
        self._state = _State(policy)
        return True
