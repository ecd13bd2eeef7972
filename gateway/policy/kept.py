"""The policy that kept files said, which are no longer where they were. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import PurePath
from typing import Final

from gateway import strictyaml
from gateway.errors import ConfigError
from gateway.policy.model import Policy
from gateway.policy.schema import Chain, parse
from gateway.strictyaml import Document

NO_OPERATORS: Final[frozenset[str]] = frozenset()


def parse_kept(
    files: Iterable[tuple[str, str]], operators: frozenset[str] = NO_OPERATORS
) -> Policy:
    """The policy of these names and texts, in the order in which they were digested.

    `operators` are names of operators beyond the built-in ones.

    Raises:
        ConfigError: they are of another version, or wrong.
    """
    documents = [strictyaml.loads(text.encode(), name) for name, text in files]
    return parse(chains_of(documents), operators)


def chains_of(documents: Iterable[Document]) -> list[Chain]:
    """The files with those that they extend: a file that none before it in its chain extends
    begins another chain."""
    chains: list[list[Document]] = []
    awaited: set[str] = set()
    for one in documents:
        if not chains or PurePath(one.file).stem not in awaited:
            chains.append([])
            awaited = set()
        chains[-1].append(one)
        awaited |= {PurePath(name).stem for name in extended(one)}
    return [tuple(one) for one in chains]


def with_extended(head: Document, find: Callable[[str], Document | None]) -> Chain:
    """A file with those that it extends, in the order in which the loader of files has them.

    Args:
        head: the file.
        find: a file by the name after `extends`.

    Raises:
        ConfigError: there is no file of such a name.
    """
    found: list[Document] = []
    seen: set[str] = set()

    def add(one: Document) -> None:
        seen.add(one.file)
        for name in reversed(extended(one)):
            named = find(name)
            if named is None:
                raise ConfigError([one.problem(("extends",), "there is no such policy here")])
            if named.file not in seen:
                add(named)
        found.append(one)

    add(head)
    return tuple(found[::-1])


def extended(document: Document) -> list[str]:
    """The names after `extends`; none where they are not of that form."""
    given = document.data.get("extends") if isinstance(document.data, dict) else None
    names = given if isinstance(given, list) else [given]
    return [one for one in names if isinstance(one, str)]
