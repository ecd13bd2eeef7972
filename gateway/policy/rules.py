"""Reads the rules of a policy file: checks what they say together, and compiles them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.errors import Problem
from gateway.operator_kinds import GENERALISE, KEEP, OPERATOR_KINDS
from gateway.policy.classes import Classes
from gateway.policy.conditions import ANY, conditions
from gateway.policy.model import Rule, Target, When
from gateway.policy.order import words_of
from gateway.policy.shape import AnswersModel, RuleModel, Use, WhenModel, is_entity_type
from gateway.strictyaml import Document, KeyPath
from gateway.types import (
    ANSWER_USE,
    DEFAULT_USE,
    AnswerRules,
    Effect,
    Family,
    NewData,
    OperatorUse,
    ScoreBand,
    UpstreamClass,
)
from gateway.validation import did_you_mean

_ONE_WAY = frozenset(name for name, kind in OPERATOR_KINDS.items() if not kind.returns) | {KEEP}

_MEANINGLESS: Mapping[str, tuple[str, ...]] = {
    "deny": ("operators", "default_operator", "to", "answers"),
    "unsafe_allow": ("operators", "default_operator", "to"),
    "route": ("operators", "default_operator", "answers"),
    "mask": ("to",),
}


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of a key, and where."""

    document: Document
    path: KeyPath
    value: Any = field(repr=False)


@dataclass(slots=True)
class RuleReader:
    """Reads rules; `operators` are names beyond the built-in ones. Problems are collected."""

    operators: frozenset[str]
    classes: Classes
    severities: Mapping[str, str]
    problems: list[Problem] = field(repr=False)

    def rule(self, document: Document, path: KeyPath, model: RuleModel) -> Rule:
        """One rule, compiled."""
        self.problems.extend(_check(document, path, model))
        when = self._when(document, (*path, "when"), model.when or WhenModel())
        default = self.use(document, (*path, "default_operator"), model.default_operator)
        if default is not None and default.name == KEEP:
            self.problems.append(
                document.problem(
                    (*path, "default_operator"),
                    "keep must name its entity types",
                    "list them under operators, or use effect: unsafe_allow",
                )
            )
        allow = model.effect == "unsafe_allow"
        own = model.answers
        return Rule(
            name=model.name,
            when=when,
            effect=Effect(model.effect),
            reason=model.reason or "",
            operators=self.uses(document, (*path, "operators"), model.operators or {}),
            default_operator=OperatorUse(KEEP) if allow else default or DEFAULT_USE,
            to=_target(model.to),
            answers=None if own is None else self._answers(document, (*path, "answers"), own),
            conditions=conditions(when, self.severities),
            file=document.file,
            line=document.line_of(path),
        )

    def uses(
        self, document: Document, path: KeyPath, given: Mapping[str, Use]
    ) -> dict[str, OperatorUse]:
        """The operator of each type: of those named, and of the members of classes.

        A type's own entry holds over that of its class; two classes must agree on a type.
        """
        found: dict[str, OperatorUse] = {}
        by_class: dict[str, str] = {}
        for name, use in given.items():
            read = self.use(document, (*path, name), use) or DEFAULT_USE
            if is_entity_type(name):
                continue
            for one in self.classes.types(name, document, (*path, name), self.problems):
                if found.setdefault(one, read) != read and one not in given:
                    text = f"{one} has another operator as a member of {by_class[one]}"
                    hint = f"give {one} an entry of its own"
                    self.problems.append(document.problem((*path, name), text, hint))
                by_class.setdefault(one, name)
        for name, use in given.items():
            if is_entity_type(name):
                found[name] = operator_use(use)
        return found

    def use(self, document: Document, path: KeyPath, given: Use | None) -> OperatorUse | None:
        """One operator with its options; what is wrong with it becomes problems."""
        if given is None:
            return None
        use = operator_use(given)
        known = self.operators | frozenset(OPERATOR_KINDS)
        if use.name not in known:
            text = f"unknown operator; known: {', '.join(sorted(known))}"
            self.problems.append(document.problem(path, text, did_you_mean(use.name, known)))
            return use
        kind = OPERATOR_KINDS.get(use.name)
        legal = kind.options if kind else {}
        for name, words in use.options:
            where = (*path, name)
            if name not in legal:
                text = f"{use.name} has no such option"
                hint = f"its options: {', '.join(sorted(legal))}" if legal else "it has none"
                self.problems.append(document.problem(where, text, hint))
            elif not set(words) <= set(legal[name]):
                own = words_of(str(path[-1])) if use.name == GENERALISE else ()
                text = f"must be one of: {', '.join(own or legal[name])}"
                self.problems.append(document.problem(where, text))
            elif kind and name not in kind.lists and len(words) != 1:
                self.problems.append(document.problem(where, "takes one word"))
        return use

    def _answers(self, document: Document, path: KeyPath, own: AnswersModel) -> AnswerRules:
        said = answers_said(document, path, own)
        self.problems.extend(unmasked(said, own.new_data))
        return answers(self, said)

    def _when(self, document: Document, path: KeyPath, model: WhenModel) -> When:
        families = frozenset(Family(one) for one in model.families or () if one != "*")
        any_family = model.families is None or "*" in model.families
        counted: KeyPath = (*path, "at_least")
        least = {
            name: (None if name == ANY else self._types(document, (*counted, name), name), count)
            for name, count in (model.at_least or {}).items()
        }
        towards = model.upstream_class
        return When(
            any_of=self._sets(document, (*path, "any_of"), model.any_of),
            all_of=self._sets(document, (*path, "all_of"), model.all_of),
            at_least=None if model.at_least is None else least,
            severity=model.severity,
            bands=None if model.score is None else frozenset(map(ScoreBand, model.score)),
            models=_globs(model.models),
            tenants=_globs(model.tenants),
            roles=_globs(model.roles),
            tags=_globs(model.tags),
            languages=None if model.languages is None else frozenset(model.languages),
            families=None if any_family else families,
            upstream_class=UpstreamClass(towards) if towards else None,
            upstreams=_globs(model.upstreams),
        )

    def _sets(
        self, document: Document, path: KeyPath, names: list[str] | None
    ) -> dict[str, frozenset[str]] | None:
        if names is None:
            return None
        return {
            name: self._types(document, (*path, index), name) for index, name in enumerate(names)
        }

    def _types(self, document: Document, path: KeyPath, name: str) -> frozenset[str]:
        return self.classes.types(name, document, path, self.problems)


def answers(reader: RuleReader, said: Mapping[str, Said]) -> AnswerRules:
    """What becomes of answers; new data is masked by operators that do not come back.

    `said` gives what is said of each key, and where.
    """
    given = {key: one.value for key, one in said.items()}
    operators: dict[str, OperatorUse] = {}
    default: OperatorUse | None = None
    if one := said.get("operators"):
        operators = reader.uses(one.document, one.path, one.value)
        reader.problems.extend(_returning(one, operators.values()))
    if one := said.get("default_operator"):
        default = reader.use(one.document, one.path, one.value)
        reader.problems.extend(_returning(one, [default] if default else []))
    return AnswerRules(
        new_data=NewData(given.get("new_data", "keep")),
        operators=operators,
        default_operator=default or ANSWER_USE,
        hosts=tuple(given.get("hosts", ())),
        tools=tuple(given["tools"]) if "tools" in given else None,
        paths={name: tuple(pointers) for name, pointers in given.get("paths", {}).items()},
        restores_thinking=given.get("thinking") == "restored",
        hides_cached=given.get("cached_tokens") == "hidden",
    )


def _returning(said: Said, uses: Iterable[OperatorUse]) -> Iterator[Problem]:
    """Operators that come back, which says nothing of what the model produced."""
    for use in uses:
        if use.name not in _ONE_WAY and use.name in OPERATOR_KINDS:
            text = f"{use.name} has no meaning for data that the model produces"
            hint = f"use one of: {', '.join(sorted(_ONE_WAY))}"
            yield said.document.problem(said.path, text, hint)


def answers_said(document: Document, path: KeyPath, model: AnswersModel) -> dict[str, Said]:
    """Each key of `answers` that is written here."""
    given = {key: getattr(model, key) for key in AnswersModel.model_fields}
    return {
        key: Said(document, (*path, key), value)
        for key, value in given.items()
        if value is not None
    }


def unmasked(said: Mapping[str, Said], new_data: object) -> Iterator[Problem]:
    """The complaint of operators for new data that is not masked."""
    for key in ("operators", "default_operator"):
        one = said.get(key)
        if one is not None and one.value != {} and new_data != "mask":
            text = "operators have a meaning only beside new_data: mask"
            yield one.document.problem(one.path[:-1], text)
            return


def _check(document: Document, path: KeyPath, model: RuleModel) -> Iterator[Problem]:
    """What a rule's keys must not say together."""
    if model.effect in ("deny", "unsafe_allow") and model.reason is None:
        yield document.problem(path, f"a rule that says {model.effect} needs a reason")
    for key in _MEANINGLESS[model.effect]:
        if getattr(model, key) is not None:
            hint = "use effect: route" if key == "to" else ""
            text = f"has no meaning in a rule that says {model.effect}"
            yield document.problem((*path, key), text, hint)
    if model.effect == "route" and model.to is None:
        yield document.problem(
            path, "a rule that routes needs `to`", "write to: on_prem, or a list of upstreams"
        )


def operator_use(given: Use) -> OperatorUse:
    """An operator as it was written: a name, or `operator` with its options."""
    if isinstance(given, str):
        return OperatorUse(given)
    name = given.get("operator", "")
    options = (
        (key, (words,) if isinstance(words, str) else tuple(sorted(words)))
        for key, words in sorted(given.items())
        if key != "operator"
    )
    return OperatorUse(name if isinstance(name, str) else "", tuple(options))


def _target(given: str | list[str] | None) -> Target | None:
    if given is None:
        return None
    if isinstance(given, str):
        return Target(upstream_class=UpstreamClass(given))
    return Target(upstreams=tuple(given))


def _globs(patterns: Iterable[str] | None) -> tuple[str, ...] | None:
    """The patterns, or None where one of them matches everything."""
    return None if patterns is None or "*" in patterns else tuple(patterns)
