"""From files to a policy: they are joined, checked, and their rules compiled. Pure.

A `Chain` is a file with those that it extends, the nearest first. What it says beside its rules
holds over what they say. Of its rules, those that deny or route before its first other rule are its
*head*: the heads come first, then the rest, each nearest first. So what a file forbids stays
forbidden in every file that extends it, whatever that one says of masking. Several chains are read
as one policy, the heads of all of them first, and must not contradict each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from enum import Enum
from hashlib import sha256
from itertools import takewhile
from pathlib import PurePath
from typing import Any, NamedTuple, TypeAlias, get_type_hints

from gateway.errors import ConfigError, Problem
from gateway.policy.classes import Classes, join_classes
from gateway.policy.model import Handling, Place, Policy, Rule, Shadow
from gateway.policy.rules import RuleReader, Said, answers, answers_said, unmasked
from gateway.policy.shape import AnswersModel, PolicyModel
from gateway.strictyaml import Document, KeyPath
from gateway.types import AnswerRules, ContentKept, Effect, RecordRules
from gateway.validation import validate

_RESTRICTING = (Effect.DENY, Effect.ROUTE)
MAX_ID = 128  # characters of a joined policy id, as the audit record takes it

Chain: TypeAlias = tuple[Document, ...]
_Read: TypeAlias = tuple[Document, PolicyModel]


def parse(
    documents: Sequence[Document | Chain],
    operators: frozenset[str] = frozenset(),
    *,
    complete: bool = True,
) -> Policy:
    """The policy that the files say together: all heads, then the other rules, in order; the ids
    of the chains joined with `+`.

    `operators` are names of operators beyond the built-in ones. `complete` is false where further
    files could not be read: they may define the classes that are missing.

    Raises:
        ConfigError: a file is wrong, or the files contradict each other; all problems.
    """
    chains = [one if isinstance(one, tuple) else (one,) for one in documents]
    if not chains:
        raise ConfigError([Problem("configuration", 0, "policies", "there is no policy file")])
    problems: list[Problem] = []
    read = [_read(chain, problems) for chain in chains]
    flat = [one for chain in read for one in chain]
    complete = complete and len(flat) == sum(map(len, chains))
    _check_ids(read, problems)
    classes = join_classes(read, problems, complete=complete)
    reader = RuleReader(operators, classes, _severities(read, problems), problems)
    rules = _rules(read, reader, problems)
    joined = "+".join(chain[0][1].id for chain in read if chain)
    if len(joined) > MAX_ID:
        problems.append(chains[0][0].problem(("id",), f"joined ids exceed {MAX_ID} characters"))
    handling = _handling(read, problems)
    answering = _answers(read, reader, problems)
    recording = _record(read, classes, problems)
    shadow, places = _shadow(read, problems)
    if problems:
        raise ConfigError(problems)
    return Policy(
        id=joined,
        rules=tuple(rules),
        digest=digest([one for chain in chains for one in chain]),
        classes=classes.own,
        severities=reader.severities,
        handling=handling,
        answers=answering,
        record=recording,
        shadow=shadow,
        places=places,
        names_upstreams=any(
            rule.when.upstreams or (rule.to and rule.to.upstreams) for rule in rules
        ),
    )


def digest(documents: Sequence[Document]) -> str:
    """SHA-256, hex, over each file's length (8 bytes, big-endian) and bytes, in order."""
    found = sha256()
    for document in documents:
        found.update(len(document.content).to_bytes(8, "big") + document.content)
    return found.hexdigest()


def _read(chain: Chain, problems: list[Problem]) -> list[_Read]:
    read: list[_Read] = []
    for document in chain:
        try:
            read.append((document, validate(document, PolicyModel)))
        except ConfigError as error:
            problems.extend(error.problems)
    return read


def _check_ids(read: Sequence[Sequence[_Read]], problems: list[Problem]) -> None:
    seen: dict[str, _Named] = {}
    for chain in read:
        for document, model in chain:
            here = _Named(document, ("id",), chain)
            first = seen.setdefault(model.id, here)
            if first is not here:
                problems.append(here.clash(first, "two policies have this id", model.id))


class _Named(NamedTuple):
    """Where a name stands that must stand once: in which file, of which chain."""

    document: Document
    path: KeyPath
    chain: Sequence[_Read]

    def clash(self, first: _Named, text: str, name: str) -> Problem:
        """The complaint of a name that stood before: at the file that extends the other one, since
        that is its author's own, and else at the later one."""
        if first.document is self.document:
            return self.document.problem(self.path, f"{text}, first at {first.place}")
        own, other = (first, self) if first.chain is self.chain else (self, first)
        of = PurePath(other.document.file).name
        said = "the id" if self.path == ("id",) else "a rule"
        hint = f"{name} is {said} of {of}: rename yours"
        return own.document.problem(own.path, f"{text}, also at {other.place}", hint)

    @property
    def place(self) -> str:
        """The file and line."""
        return f"{self.document.file}:{self.document.line_of(self.path)}"


def _rules(
    read: Sequence[Sequence[_Read]], reader: RuleReader, problems: list[Problem]
) -> list[Rule]:
    heads: list[Rule] = []
    rest: list[Rule] = []
    seen: dict[str, _Named] = {}
    for chain in read:
        for document, model in chain:
            problems.extend(_check_rules(document, model, chain, seen))
            rules = [
                reader.rule(document, ("rules", index), rule)
                for index, rule in enumerate(model.rules or ())
            ]
            head = list(takewhile(lambda rule: rule.effect in _RESTRICTING, rules))
            heads += head
            rest += rules[len(head) :]
    return heads + rest


def _check_rules(
    document: Document, model: PolicyModel, chain: Sequence[_Read], seen: dict[str, _Named]
) -> Iterator[Problem]:
    """There are rules, and their names are unique over all files."""
    if model.rules is None and model.extends is None:
        yield document.problem((), "there are no rules", "write at least one")
    elif model.rules == []:
        yield document.problem(("rules",), "there must be at least one rule")
    for index, rule in enumerate(model.rules or ()):
        here = _Named(document, ("rules", index, "name"), chain)
        first = seen.setdefault(rule.name, here)
        if first is not here:
            yield here.clash(first, "duplicate rule name", rule.name)


def _said(chain: Sequence[_Read], path: tuple[str, ...]) -> Said | None:
    """What the nearest file of a chain that speaks of a key says."""
    for document, model in chain:
        value: Any = model
        for part in path:
            value = None if value is None else getattr(value, part)
        if value is not None:
            return Said(document, path, value)
    return None


def _agreed(
    read: Sequence[Sequence[_Read]], path: tuple[str, ...], problems: list[Problem]
) -> Said | None:
    """What the chains say of a key together: they must not differ."""
    said = [one for chain in read if (one := _said(chain, path)) is not None]
    for one in said[1:]:
        if _comparable(one.value) != _comparable(said[0].value):
            problems.append(one.document.problem(one.path, "another file says otherwise"))
    return said[0] if said else None


def _comparable(value: Any) -> Any:
    """A value, or a list of words without its order, which means nothing."""
    return frozenset(value) if isinstance(value, list) else value


def _handling(read: Sequence[Sequence[_Read]], problems: list[Problem]) -> Handling:
    hints = get_type_hints(Handling)
    given: dict[str, Any] = {}
    for slot in fields(Handling):
        said = _agreed(read, ("handling", slot.name), problems)
        if said is not None:
            kind = hints[slot.name]
            is_word = isinstance(kind, type) and issubclass(kind, Enum)
            given[slot.name] = kind(said.value) if is_word else frozenset(said.value)
    return Handling(**given)


def _answers(
    read: Sequence[Sequence[_Read]], reader: RuleReader, problems: list[Problem]
) -> AnswerRules:
    given: dict[str, Said] = {}
    for key in AnswersModel.model_fields:
        said = _agreed(read, ("answers", key), problems)
        if said is not None:
            given[key] = said
    masks = "new_data" in given and given["new_data"].value == "mask"
    for chain in () if masks else read:
        for index, (document, model) in enumerate(chain):
            # Operators of a file may be idle where a nearer file says not to mask.
            near = _said(chain[index:], ("answers", "new_data"))
            own = answers_said(document, ("answers",), model.answers) if model.answers else {}
            problems.extend(unmasked(own, near.value if near else None))
    return answers(reader, given)


def _record(
    read: Sequence[Sequence[_Read]], classes: Classes, problems: list[Problem]
) -> RecordRules:
    """What is kept beside records. Text is kept only where the people in it can be found."""
    given: dict[str, Any] = {}
    content = _agreed(read, ("record", "content"), problems)
    if content is not None:
        given["content"] = ContentKept(content.value)
    subjects = _agreed(read, ("record", "subjects"), problems)
    if subjects is not None:
        types = [
            classes.types(name, subjects.document, (*subjects.path, index), problems)
            for index, name in enumerate(subjects.value)
        ]
        given["subjects"] = frozenset[str]().union(*types)
    days = _agreed(read, ("record", "retention_days"), problems)
    if days is not None:
        given["retention_days"] = days.value
    made = RecordRules(**given)
    if content is not None and made.content is not ContentKept.NONE and not made.subjects:
        text = "content is kept only where the people in it can be found and forgotten"
        hint = "name their entity types or classes under subjects"
        problems.append(content.document.problem(content.path, text, hint))
    return made


def _severities(read: Sequence[Sequence[_Read]], problems: list[Problem]) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for chain in read:
        own: dict[str, str] = {}
        for document, model in chain:
            for entity_type, severity in (model.severity or {}).items():
                if found.get(entity_type, severity) != severity:
                    text = "another file gives this type another severity"
                    problems.append(document.problem(("severity", entity_type), text))
                own.setdefault(entity_type, severity)
        found.update(own)
    return found


def _shadow(
    read: Sequence[Sequence[_Read]], problems: list[Problem]
) -> tuple[Shadow, Mapping[str, Place]]:
    """Whether the rules only watch, and where that is said.

    What a chain does not say it denies: a file that enforces must not stop to do so because of
    one that stands beside it.
    """
    shadow, everywhere = (
        _joint(read, key, problems) for key in ("shadow", "unsafe_shadow_external")
    )
    if everywhere is not None and shadow is None:
        text = "has a meaning only beside shadow: true"
        problems.append(everywhere.document.problem(everywhere.path, text))
    if shadow is None:
        return Shadow.OFF, {}
    place = (shadow.document.file, shadow.document.line_of(shadow.path))
    return (Shadow.EVERYWHERE if everywhere else Shadow.ON_PREM), {"shadow": place}


def _joint(read: Sequence[Sequence[_Read]], key: str, problems: list[Problem]) -> Said | None:
    """Where a chain says that a key is true; all of them must, or none."""
    said = [_said(chain, (key,)) for chain in read]
    true = [one for one in said if one is not None and one.value]
    other = next((chain for chain, one in zip(read, said, strict=True) if one not in true), ())
    if other:
        hint = f"say it in {other[0][0].file}, too, or take it away here"
        for one in true:
            problems.append(one.document.problem(one.path, "another file does not say so", hint))
    return true[0] if true else None
