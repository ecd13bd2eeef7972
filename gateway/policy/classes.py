"""The classes of a policy: those that every policy knows, and its own, resolved to types. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from gateway.entity_types import CLASSES
from gateway.errors import Problem
from gateway.policy.shape import PolicyModel, is_entity_type
from gateway.strictyaml import Document, KeyPath


@dataclass(frozen=True, slots=True)
class Classes:
    """Every class by name. `own` are those that the files define or widen.

    `complete` is false where a file that may define more could not be read.
    """

    all: Mapping[str, frozenset[str]]
    own: Mapping[str, frozenset[str]]
    complete: bool = True

    def types(
        self, name: str, document: Document, path: KeyPath, problems: list[Problem]
    ) -> frozenset[str]:
        """The types that a name stands for: its own if it is a type, else those of the class.

        A class that nobody defines becomes a problem.
        """
        if is_entity_type(name):
            return frozenset({name})
        if name not in self.all and self.complete:
            problems.append(_undefined(name, self.all, document, path))
        return self.all.get(name, frozenset())


def join_classes(
    read: Sequence[Sequence[tuple[Document, PolicyModel]]],
    problems: list[Problem],
    *,
    complete: bool,
) -> Classes:
    """The classes of all files. A file may widen a class of a file that it extends, or one that
    every policy knows; files that stand side by side must give a class the same members."""
    written: dict[str, frozenset[str]] = {}
    places: dict[str, tuple[Document, KeyPath]] = {}
    for chain in read:
        own: dict[str, frozenset[str]] = {}
        for document, model in chain:
            for name, members in (model.classes or {}).items():
                own[name] = own.get(name, frozenset()) | frozenset(members)
                places.setdefault(name, (document, ("classes", name)))
        for name, types in own.items():
            if written.setdefault(name, types) != types:
                text = "another file gives this class other members"
                document = next(one for one, model in chain if name in (model.classes or {}))
                problems.append(document.problem(("classes", name), text))
    found = dict(CLASSES)
    for name in written:
        resolved = _resolved(name, written, places, problems, complete=complete)
        found[name] = resolved | CLASSES.get(name, frozenset())
    return Classes(found, {name: found[name] for name in written}, complete)


def _resolved(
    name: str,
    written: Mapping[str, frozenset[str]],
    places: Mapping[str, tuple[Document, KeyPath]],
    problems: list[Problem],
    *,
    complete: bool,
) -> frozenset[str]:
    """The types of a class, through the classes that it names; a class may not hold itself."""
    document, path = places[name]
    types: set[str] = set()
    seen = {name}
    open_ = [name]
    while open_:
        for member in sorted(written.get(open_.pop(), ())):
            if is_entity_type(member):
                types.add(member)
            elif member == name:
                problems.append(document.problem(path, "this class holds itself"))
            elif member not in seen:
                seen.add(member)
                types |= CLASSES.get(member, frozenset())
                if member in written:
                    open_.append(member)
                elif member not in CLASSES and complete:
                    problems.append(_undefined(member, {*written, *CLASSES}, document, path))
    return frozenset(types)


def _undefined(name: str, known: Iterable[str], document: Document, path: KeyPath) -> Problem:
    close = " or ".join(get_close_matches(name, sorted(known), n=3))
    hint = f"did you mean {close}?" if close else "define it under classes"
    return document.problem(path, f"undefined class {name}", hint)
