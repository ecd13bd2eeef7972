"""What a policy says: the file's shape, its checks and the frozen rules. Pure.

`policies/README.md` is the reference for authors. Entity types are checked by shape only, since
recognizers may be added; `warnings` compares them with the known ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import Annotated, Literal, TypeAlias, TypeVar

from pydantic import AfterValidator, Field

from gateway.errors import ConfigError, Problem
from gateway.strictyaml import Document, KeyPath
from gateway.types import Effect, Family, UpstreamClass
from gateway.validation import Strict, did_you_mean, validate

BUILTIN_OPERATORS = frozenset({"replace", "redact", "hash", "keep"})
DEFAULT_OPERATOR = "replace"
MAX_ID = 128  # characters of a joined policy id, as the audit record takes it

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_ENTITY_TYPE = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
_GLOB = re.compile(r"[^\s\[\]\x00-\x1f\x7f]{1,128}")
ANY: tuple[str, ...] = ("*",)


class UnsupportedLanguages(StrEnum):
    """What becomes of text in a language whose names the detector does not know."""

    ON_PREM_ONLY = "on_prem_only"  # it goes to upstreams on the premises, or nowhere
    PATTERNS = "patterns"  # it goes where the rules say, masked by what patterns find


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """The conditions of a rule; None holds always. `class_types` are the members of `classes`."""

    entity_types: frozenset[str] | None = None
    classes: tuple[str, ...] | None = None
    class_types: frozenset[str] | None = None
    models: tuple[str, ...] | None = None
    tenants: tuple[str, ...] | None = None
    roles: tuple[str, ...] | None = None
    families: frozenset[Family] | None = None
    upstream_class: UpstreamClass | None = None

    @property
    def holds_always(self) -> bool:
        """Whether nothing but the upstream class can make the rule not match."""
        return self == When(upstream_class=self.upstream_class)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule. `upstream_class` keeps what it matches to upstreams of that class."""

    name: str
    when: When
    effect: Effect
    reason: str = ""
    operators: Mapping[str, str] = field(default_factory=dict)
    default_operator: str = DEFAULT_OPERATOR
    upstream_class: UpstreamClass | None = None
    file: str = field(default="", compare=False)
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The rules in order. `digest` is SHA-256 over the files' bytes, hex."""

    id: str
    classes: Mapping[str, frozenset[str]]
    rules: tuple[Rule, ...]
    digest: str
    unsupported_languages: UnsupportedLanguages = UnsupportedLanguages.ON_PREM_ONLY


def name(text: str) -> str:
    """`text`, if it may name a rule, class or policy; raises ValueError."""
    if not _NAME.fullmatch(text):
        raise ValueError("must be a name: letters, digits, dot, dash, underscore; at most 64")
    return text


def entity_type(text: str) -> str:
    """`text`, if it has the shape of an entity type; raises ValueError."""
    if not _ENTITY_TYPE.fullmatch(text):
        raise ValueError("must be an entity type: capitals, digits and underscores")
    return text


def glob(text: str) -> str:
    """`text`, if it is a pattern of literal characters, `*` and `?`; raises ValueError."""
    if not _GLOB.fullmatch(text):
        raise ValueError("must be a pattern: text with * and ?, no spaces or brackets")
    return text


def sentence(text: str) -> str:
    """`text`, if it can be shown to callers as a reason; raises ValueError."""
    if not text.strip() or len(text) > 300 or not text.isprintable():
        raise ValueError("must be one printable line of 1 to 300 characters")
    return text


_Item = TypeVar("_Item")
_Filled: TypeAlias = Annotated[list[_Item], Field(min_length=1)]
_Name: TypeAlias = Annotated[str, AfterValidator(name)]
_EntityType: TypeAlias = Annotated[str, AfterValidator(entity_type)]
_Glob: TypeAlias = Annotated[str, AfterValidator(glob)]
_Class: TypeAlias = Literal["on_prem", "external"]


class _WhenModel(Strict):
    entity_types: _Filled[_EntityType] | None = None
    classes: _Filled[str] | None = None
    models: _Filled[_Glob] | None = None
    tenants: _Filled[_Glob] | None = None
    roles: _Filled[_Glob] | None = None
    families: _Filled[Literal["*", "chat"]] | None = None
    upstream_class: _Class | None = None


class _RuleModel(Strict):
    name: _Name
    when: _WhenModel | None = None
    effect: Literal["deny", "mask", "allow"]
    reason: Annotated[str, AfterValidator(sentence)] | None = None
    operators: dict[_EntityType, str] | None = None
    default_operator: str | None = None
    upstream_class: _Class | None = None


class _PolicyModel(Strict):
    version: Literal[1]
    id: _Name
    unsupported_languages: Literal["on_prem_only", "patterns"] | None = None
    classes: dict[_Name, _Filled[_EntityType]] | None = None
    rules: list[_RuleModel]


def parse(
    documents: Sequence[Document], operators: frozenset[str] = frozenset(), *, complete: bool = True
) -> Policy:
    """The policy that the files say together: rules in order, ids joined with `+`.

    `operators` are names of operators beyond `BUILTIN_OPERATORS`. `complete` is false where
    further files could not be read: they may define the classes that are missing.

    Raises:
        ConfigError: a file is wrong, or the files contradict each other; all problems.
    """
    if not documents:
        raise ConfigError([Problem("configuration", 0, "policies", "there is no policy file")])
    problems: list[Problem] = []
    models: list[tuple[Document, _PolicyModel]] = []
    for document in documents:
        try:
            models.append((document, validate(document, _PolicyModel)))
        except ConfigError as error:
            problems.extend(error.problems)
            complete = False
    classes = _classes(models, problems)
    languages = _languages(models, problems)
    seen: dict[str, str] = {}
    rules: list[Rule] = []
    for document, model in models:
        if not model.rules:
            problems.append(document.problem(("rules",), "there must be at least one rule"))
        for index, rule in enumerate(model.rules):
            path: KeyPath = ("rules", index)
            problems.extend(_check(document, path, rule, operators | BUILTIN_OPERATORS))
            problems.extend(_check_name(document, path, rule, seen))
            if complete:
                problems.extend(_check_classes(document, path, rule, classes))
            rules.append(_rule(document, path, rule, classes))
    joined = "+".join(model.id for _, model in models)
    if len(joined) > MAX_ID:
        problems.append(documents[0].problem(("id",), f"joined ids exceed {MAX_ID} characters"))
    if problems:
        raise ConfigError(problems)
    return Policy(
        id=joined,
        classes=classes,
        rules=tuple(rules),
        digest=digest(documents),
        unsupported_languages=languages,
    )


def digest(documents: Sequence[Document]) -> str:
    """SHA-256, hex, over each file's length (8 bytes, big-endian) and bytes, in order."""
    found = sha256()
    for document in documents:
        found.update(len(document.content).to_bytes(8, "big") + document.content)
    return found.hexdigest()


def _classes(
    models: Sequence[tuple[Document, _PolicyModel]], problems: list[Problem]
) -> dict[str, frozenset[str]]:
    merged: dict[str, frozenset[str]] = {}
    for document, model in models:
        for key, members in (model.classes or {}).items():
            if merged.setdefault(key, frozenset(members)) != frozenset(members):
                text = "another file gives this class other members"
                problems.append(document.problem(("classes", key), text))
    return merged


def _languages(
    models: Sequence[tuple[Document, _PolicyModel]], problems: list[Problem]
) -> UnsupportedLanguages:
    """What the files that speak of it say; the strict way where none does."""
    said: str | None = None
    for document, model in models:
        own = model.unsupported_languages
        if own is not None and said not in (None, own):
            text = "another file says otherwise"
            problems.append(document.problem(("unsupported_languages",), text))
        said = said or own
    return UnsupportedLanguages(said) if said else UnsupportedLanguages.ON_PREM_ONLY


def _check(
    document: Document, path: KeyPath, rule: _RuleModel, operators: frozenset[str]
) -> Iterator[Problem]:
    """What a rule's keys must not say together, and its operators."""
    if rule.effect in ("deny", "allow"):
        if rule.reason is None:
            yield document.problem(path, f"a rule that says {rule.effect} needs a reason")
        for key in ("operators", "default_operator"):
            if getattr(rule, key) is not None:
                yield document.problem(
                    (*path, key), f"has no meaning in a rule that says {rule.effect}"
                )
    if rule.effect == "deny" and rule.upstream_class is not None:
        hint = "write it under when to deny towards that class only"
        yield document.problem(
            (*path, "upstream_class"), "has no meaning in a rule that says deny", hint
        )
    named = [((*path, "operators", key), value) for key, value in (rule.operators or {}).items()]
    if rule.default_operator is not None:
        named.append(((*path, "default_operator"), rule.default_operator))
    for where, operator in named:
        if operator not in operators:
            hint = did_you_mean(operator, operators)
            text = f"unknown operator; known: {', '.join(sorted(operators))}"
            yield document.problem(where, text, hint)
    if rule.default_operator == "keep":
        yield document.problem(
            (*path, "default_operator"),
            "keep must name its entity types",
            "list them under operators, or use effect: allow",
        )


def _check_name(
    document: Document, path: KeyPath, rule: _RuleModel, seen: dict[str, str]
) -> Iterator[Problem]:
    """Rule names are unique over all files."""
    where = (*path, "name")
    if rule.name in seen:
        yield document.problem(where, f"duplicate rule name, first at {seen[rule.name]}")
    seen.setdefault(rule.name, f"{document.file}:{document.line_of(where)}")


def _check_classes(
    document: Document, path: KeyPath, rule: _RuleModel, classes: Mapping[str, frozenset[str]]
) -> Iterator[Problem]:
    """Classes are defined in one of the files."""
    for index, one in enumerate((rule.when and rule.when.classes) or ()):
        if one not in classes:
            hint = did_you_mean(one, classes) or "define it under classes"
            yield document.problem((*path, "when", "classes", index), "undefined class", hint)


def _rule(
    document: Document,
    path: KeyPath,
    rule: _RuleModel,
    classes: Mapping[str, frozenset[str]],
) -> Rule:
    allow = rule.effect == "allow"
    return Rule(
        name=rule.name,
        when=_when(rule.when or _WhenModel(), classes),
        effect=Effect(rule.effect),
        reason=rule.reason or "",
        operators=dict(rule.operators or {}),
        default_operator="keep" if allow else rule.default_operator or DEFAULT_OPERATOR,
        upstream_class=UpstreamClass(rule.upstream_class) if rule.upstream_class else None,
        file=document.file,
        line=document.line_of(path),
    )


def _when(when: _WhenModel, classes: Mapping[str, frozenset[str]]) -> When:
    members = [classes.get(one, frozenset()) for one in when.classes or ()]
    families = frozenset(Family(one) for one in when.families or () if one != "*")
    any_family = when.families is None or "*" in when.families
    return When(
        entity_types=None if when.entity_types is None else frozenset(when.entity_types),
        classes=None if when.classes is None else tuple(when.classes),
        class_types=None if when.classes is None else frozenset[str]().union(*members),
        models=_globs(when.models),
        tenants=_globs(when.tenants),
        roles=_globs(when.roles),
        families=None if any_family else families,
        upstream_class=UpstreamClass(when.upstream_class) if when.upstream_class else None,
    )


def _globs(patterns: list[str] | None) -> tuple[str, ...] | None:
    """The patterns, or None where one of them matches everything."""
    return None if patterns is None or "*" in patterns else tuple(patterns)


def warnings(policy: Policy, known: frozenset[str] | None = None) -> tuple[Problem, ...]:
    """What is legal but looks wrong: allow rules, unreachable rules, unknown entity types.

    `known` are the entity types that detection can find; None leaves them unchecked.
    """
    found: list[Problem] = []
    covered: set[UpstreamClass] = set()
    for rule in policy.rules:
        place = (rule.file, rule.line, rule.name)
        mine = (
            set(UpstreamClass) if rule.when.upstream_class is None else {rule.when.upstream_class}
        )
        if mine <= covered:
            found.append(Problem(*place, "unreachable: a rule before it matches everything"))
        if rule.effect is Effect.ALLOW:
            towards = rule.upstream_class or rule.when.upstream_class or "all"
            found.append(Problem(*place, f"sends text unmasked, to {towards} upstreams"))
        if rule.when.holds_always:
            covered |= mine
        for one in sorted(_named_types(policy, rule) - (known or frozenset())):
            if known is not None:
                found.append(
                    Problem(*place, f"unknown entity type {one}", did_you_mean(one, known))
                )
    return tuple(found)


def _named_types(policy: Policy, rule: Rule) -> frozenset[str]:
    """The entity types that a rule names itself or through a class."""
    classes = (policy.classes.get(one, frozenset()) for one in rule.when.classes or ())
    return (rule.when.entity_types or frozenset()).union(rule.operators, *classes)
