"""What may happen to a request: total, closed, and the same for the same facts. Pure.

The rules are read once for each upstream class among the candidates; the first that matches
decides for that class, and where none does everything is masked. Classes that are denied drop
out. So do external upstreams for what cannot be checked, whatever the rules say. The first
candidate that is left names the class, and only candidates of that class stay: no retry can move
a request to upstreams that somebody else runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Final

from gateway.policy.schema import DEFAULT_OPERATOR, Policy, Rule, UnsupportedLanguages, When
from gateway.types import Candidate, Decision, Effect, RequestFacts, UpstreamClass

NO_CANDIDATES: Final = "No upstream serves this request."
MEDIA: Final = "Images, audio and files cannot be checked yet, so they stay on the premises."
LANGUAGE: Final = (
    "Names cannot be looked for in a language of this text, so it stays on the premises."
)
RESTRICTED: Final = {
    UpstreamClass.ON_PREM: "Policy keeps this request on the premises.",
    UpstreamClass.EXTERNAL: "Policy keeps this request off on-premises upstreams.",
}


class Outcome(StrEnum):
    """What became of a rule when the rules were read for one class."""

    MATCHED = "matched"
    SKIPPED = "skipped"
    NOT_REACHED = "not_reached"


@dataclass(frozen=True, slots=True)
class RuleTrace:
    """One rule, read for one upstream class: its outcome and why, in words."""

    upstream_class: UpstreamClass
    rule: str
    outcome: Outcome
    detail: str = ""


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What is said for one class. `denied` is the reason, or "" if it may be sent.

    `code` is that of the limit that denies where no rule does.
    """

    rule: Rule | None
    denied: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class _Limit:
    """What cannot be checked, and so never goes to external upstreams, whatever the rules say."""

    code: str
    reason: str
    detail: str
    holds: Callable[[Policy, RequestFacts], bool]


_LIMITS: Final = (
    _Limit(
        "media",
        MEDIA,
        "denied all the same: media cannot be checked",
        lambda _, facts: facts.has_media,
    ),
    _Limit(
        "unsupported_language",
        LANGUAGE,
        "denied all the same: names cannot be looked for in a language of the text",
        lambda policy, facts: (
            bool(facts.unsupported_languages)
            and policy.unsupported_languages is UnsupportedLanguages.ON_PREM_ONLY
        ),
    ),
)


def decide(policy: Policy, facts: RequestFacts, candidates: Sequence[Candidate]) -> Decision:
    """The decision for a request and the upstreams that serve its model, in order.

    `rule_ids` names the rule that decided, or all that denied; it is empty where no rule
    matched. `operators` of a request that is denied are those that mask everything.
    """
    verdicts = {
        upstream_class: _verdict(policy, facts, upstream_class)
        for upstream_class in dict.fromkeys(one.upstream_class for one in candidates)
    }
    code = next((one.code for one in verdicts.values() if one.code), "")
    for upstream_class, verdict in verdicts.items():
        if not verdict.denied:
            left = tuple(one for one in candidates if one.upstream_class is upstream_class)
            return _granted(policy, verdict.rule, upstream_class, left, code)
    rules = dict.fromkeys(one.rule.name for one in verdicts.values() if one.rule)
    reasons = dict.fromkeys(one.denied for one in verdicts.values())
    return Decision(
        effect=Effect.DENY,
        upstream_class=None,
        candidates=(),
        operators={},
        default_operator=DEFAULT_OPERATOR,
        rule_ids=tuple(rules),
        reason=" ".join(reasons) or NO_CANDIDATES,
        policy_id=policy.id,
        policy_digest=policy.digest,
        reason_code=code,
    )


def _granted(
    policy: Policy,
    rule: Rule | None,
    upstream_class: UpstreamClass,
    candidates: tuple[Candidate, ...],
    code: str,
) -> Decision:
    return Decision(
        effect=rule.effect if rule else Effect.MASK,
        upstream_class=upstream_class,
        candidates=candidates,
        operators=rule.operators if rule else {},
        default_operator=rule.default_operator if rule else DEFAULT_OPERATOR,
        rule_ids=(rule.name,) if rule else (),
        reason=rule.reason if rule else "",
        policy_id=policy.id,
        policy_digest=policy.digest,
        reason_code=code,
    )


def _verdict(policy: Policy, facts: RequestFacts, upstream_class: UpstreamClass) -> _Verdict:
    rule = next((one for one in policy.rules if not _unmet(one.when, facts, upstream_class)), None)
    if rule and rule.effect is Effect.DENY:
        return _Verdict(rule, rule.reason)
    if rule and rule.upstream_class not in (None, upstream_class):
        return _Verdict(rule, rule.reason or RESTRICTED[rule.upstream_class])
    limit = _limit(policy, facts, upstream_class)
    return _Verdict(None, limit.reason, limit.code) if limit else _Verdict(rule)


def _limit(policy: Policy, facts: RequestFacts, upstream_class: UpstreamClass) -> _Limit | None:
    if upstream_class is not UpstreamClass.EXTERNAL:
        return None
    return next((one for one in _LIMITS if one.holds(policy, facts)), None)


def explain(
    policy: Policy, facts: RequestFacts, candidates: Sequence[Candidate]
) -> tuple[RuleTrace, ...]:
    """Rule by rule for each class among the candidates: matched, or what did not hold."""
    traces: list[RuleTrace] = []
    for upstream_class in dict.fromkeys(one.upstream_class for one in candidates):
        matched = False
        for rule in policy.rules:
            unmet = "" if matched else _unmet(rule.when, facts, upstream_class)
            if matched:
                trace = RuleTrace(upstream_class, rule.name, Outcome.NOT_REACHED)
            elif unmet:
                trace = RuleTrace(upstream_class, rule.name, Outcome.SKIPPED, unmet)
            else:
                detail = _consequence(policy, rule, facts, upstream_class)
                trace = RuleTrace(upstream_class, rule.name, Outcome.MATCHED, detail)
                matched = True
            traces.append(trace)
    return tuple(traces)


def _consequence(
    policy: Policy, rule: Rule, facts: RequestFacts, upstream_class: UpstreamClass
) -> str:
    if rule.effect is Effect.DENY:
        return "denies"
    if rule.upstream_class not in (None, upstream_class):
        return f"denies: restricted to {rule.upstream_class}"
    limit = _limit(policy, facts, upstream_class)
    if limit:
        return limit.detail
    return "masks" if rule.effect is Effect.MASK else "sends unmasked"


def _unmet(when: When, facts: RequestFacts, upstream_class: UpstreamClass) -> str:
    """The first condition that does not hold, in words, or "" if all do."""
    for holds, words in _CONDITIONS:
        if not holds(when, facts, upstream_class):
            return words(when)
    return ""


def _names(values: Iterable[str] | None) -> str:
    return ", ".join(sorted(values or ()))


def _any_type(wanted: frozenset[str] | None, facts: RequestFacts) -> bool:
    return wanted is None or not wanted.isdisjoint(facts.entity_types)


def _any_glob(patterns: tuple[str, ...] | None, values: Iterable[str]) -> bool:
    return patterns is None or any(
        fnmatchcase(value, pattern) for value in values for pattern in patterns
    )


_Holds = Callable[[When, RequestFacts, UpstreamClass], bool]
_Words = Callable[[When], str]

_CONDITIONS: Final[tuple[tuple[_Holds, _Words], ...]] = (
    (
        lambda when, _, upstream_class: when.upstream_class in (None, upstream_class),
        lambda when: f"upstream_class: not {when.upstream_class}",
    ),
    (
        lambda when, facts, _: _any_type(when.entity_types, facts),
        lambda when: f"entity_types: found none of {_names(when.entity_types)}",
    ),
    (
        lambda when, facts, _: _any_type(when.class_types, facts),
        lambda when: f"classes: found nothing of {_names(when.classes)}",
    ),
    (
        lambda when, facts, _: _any_glob(when.models, (facts.model,)),
        lambda when: f"models: the model matches none of {_names(when.models)}",
    ),
    (
        lambda when, facts, _: _any_glob(when.tenants, (facts.tenant,)),
        lambda when: f"tenants: the tenant matches none of {_names(when.tenants)}",
    ),
    (
        lambda when, facts, _: _any_glob(when.roles, facts.roles),
        lambda when: f"roles: the caller has none of {_names(when.roles)}",
    ),
    (
        lambda when, facts, _: when.families is None or facts.family in when.families,
        lambda when: f"families: not one of {_names(when.families)}",
    ),
)
