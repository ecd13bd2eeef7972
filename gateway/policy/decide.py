"""What may happen to a request: total, closed, and the same for the same facts. Pure.

The rules are read from the top for each candidate upstream. Route rules that match narrow where
the request may go, and reading goes on; the first other rule that matches decides, and where none
does everything is masked. Upstreams that are denied drop out. So do those that must not see what
cannot be checked, whatever the rules say. The first candidate that is left names the class and the
rule, and only candidates of that class and rule stay: no retry can move a request to upstreams
that somebody else runs, or to one for which other words hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from gateway.operator_kinds import KEEP
from gateway.policy.conditions import aims_at
from gateway.policy.limits import limit_for
from gateway.policy.model import Policy, ProviderState, Rule, Shadow, TooLong, When
from gateway.types import (
    DEFAULT_USE,
    AnswerRules,
    Candidate,
    Decision,
    Effect,
    OperatorUse,
    RequestFacts,
    UpstreamClass,
)

NO_CANDIDATES: Final = "No upstream serves this request."
DENIED: Final = "Policy does not allow this request."
ROUTED: Final = {
    UpstreamClass.ON_PREM: "Policy keeps this request on the premises.",
    UpstreamClass.EXTERNAL: "Policy keeps this request off on-premises upstreams.",
    None: "Policy keeps this request to other upstreams.",
}
SHADOW: Final = "Policy is in shadow and masks nothing, so the request stays on the premises."


class Outcome(StrEnum):
    """What became of a rule when the rules were read for one upstream."""

    MATCHED = "matched"
    SKIPPED = "skipped"
    NOT_REACHED = "not_reached"


@dataclass(frozen=True, slots=True)
class RuleTrace:
    """One rule, read for one upstream: its outcome and why, in words."""

    upstream: str
    upstream_class: UpstreamClass
    rule: str
    outcome: Outcome
    detail: str = ""


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What is said for one upstream. `denied` is the reason, or None if the request may go there.

    `rules` names the routes that matched and the rule that decided; `code` is that of the limit
    that denies where no rule does.
    """

    rule: Rule | None
    rules: tuple[str, ...] = ()
    denied: str | None = None
    code: str = ""


class _Reading:
    """Reads the rules for one request. Each rule's conditions on the request are asked once."""

    __slots__ = ("_facts", "_met", "_policy", "_unread")

    def __init__(self, policy: Policy, facts: RequestFacts) -> None:
        self._policy = policy
        self._facts = facts
        self._met: list[Rule] = []
        self._unread = iter(policy.rules)

    def _matching(self) -> Iterator[Rule]:
        """The rules whose conditions on the request hold, in order, read as far as is asked."""
        yield from self._met
        for rule in self._unread:
            for condition in rule.conditions:
                if not condition.holds(self._facts):
                    break
            else:
                self._met.append(rule)
                yield rule

    def verdicts(self, candidates: Sequence[Candidate]) -> list[_Verdict]:
        """What is said for each upstream; once for a class where no rule asks for names."""
        if self._policy.names_upstreams:
            return [self._verdict(one) for one in candidates]
        by_class: dict[UpstreamClass, _Verdict] = {}
        for one in candidates:
            if one.upstream_class not in by_class:
                by_class[one.upstream_class] = self._verdict(one)
        return [by_class[one.upstream_class] for one in candidates]

    def _verdict(self, candidate: Candidate) -> _Verdict:
        routes: tuple[str, ...] = ()
        decider: Rule | None = None
        for rule in self._matching():
            if not aims_at(rule.when, candidate):
                continue
            if rule.to is None:
                decider = rule
                break
            if not aims_at(rule.to, candidate):
                return _Verdict(rule, (rule.name,), rule.reason or ROUTED[rule.to.upstream_class])
            routes = (*routes, rule.name)
        if decider and decider.effect is Effect.DENY:
            return _Verdict(decider, (decider.name,), decider.reason or DENIED)
        limit = limit_for(self._policy.handling, self._facts, candidate.upstream_class)
        if limit:
            return _Verdict(None, (), limit.reason, limit.code)
        return _Verdict(decider, (*routes, decider.name) if decider else routes)


def decide(policy: Policy, facts: RequestFacts, candidates: Sequence[Candidate]) -> Decision:
    """The decision for a request and the upstreams that serve its model, in order.

    `rule_ids` names the routes that matched and the rule that decided, or all that denied; it is
    empty where no rule matched. `operators` of a request that is denied are those that mask
    everything. A policy in shadow decides all the same, and `shadow` says that it only watches.
    """
    verdicts = _Reading(policy, facts).verdicts(candidates)
    code = next((one.code for one in verdicts if one.code), "")
    first = next((index for index, one in enumerate(verdicts) if one.denied is None), None)
    if first is None:
        decision = _denied(policy, verdicts, code)
    else:
        verdict = verdicts[first]
        towards = candidates[first].upstream_class
        left = tuple(
            one
            for one, other in zip(candidates, verdicts, strict=True)
            if one.upstream_class is towards and other.denied is None and other.rule is verdict.rule
        )
        decision = _granted(policy, verdict, towards, left, code)
    return decision if policy.shadow is Shadow.OFF else _shadowed(policy, decision, candidates)


def _denied(policy: Policy, verdicts: Sequence[_Verdict], code: str) -> Decision:
    rules = dict.fromkeys(name for one in verdicts for name in one.rules)
    reasons = dict.fromkeys(one.denied for one in verdicts if one.denied is not None)
    return Decision(
        effect=Effect.DENY,
        upstream_class=None,
        candidates=(),
        operators={},
        default_operator=DEFAULT_USE,
        rule_ids=tuple(rules),
        reason=" ".join(reasons) or NO_CANDIDATES,
        policy_id=policy.id,
        policy_digest=policy.digest,
        record=policy.record,
        reason_code=code,
    )


def _granted(
    policy: Policy,
    verdict: _Verdict,
    towards: UpstreamClass,
    candidates: tuple[Candidate, ...],
    code: str,
) -> Decision:
    rule = verdict.rule
    state = policy.handling.provider_state
    return Decision(
        effect=rule.effect if rule else Effect.MASK,
        upstream_class=towards,
        candidates=candidates,
        operators=rule.operators if rule else {},
        default_operator=rule.default_operator if rule else DEFAULT_USE,
        rule_ids=verdict.rules,
        reason=rule.reason if rule else "",
        policy_id=policy.id,
        policy_digest=policy.digest,
        record=policy.record,
        reason_code=code,
        answers=(rule.answers if rule else None) or policy.answers,
        keeps_state=state is ProviderState.PASS
        or (state is ProviderState.ON_PREM_ONLY and towards is UpstreamClass.ON_PREM),
        drops_turns=policy.handling.too_long is TooLong.DROP_OLDEST,
    )


def _shadowed(policy: Policy, decision: Decision, candidates: Sequence[Candidate]) -> Decision:
    """What would have been done, and to where the request goes all the same."""
    open_ = [
        one
        for one in candidates
        if policy.shadow is Shadow.EVERYWHERE or one.upstream_class is UpstreamClass.ON_PREM
    ]
    if not open_:
        return replace(
            decision,
            effect=Effect.DENY,
            upstream_class=None,
            candidates=(),
            reason=SHADOW if candidates else NO_CANDIDATES,
            reason_code="shadow",
            shadow=True,
        )
    towards = open_[0].upstream_class
    left = tuple(one for one in open_ if one.upstream_class is towards)
    return replace(decision, upstream_class=towards, candidates=left, shadow=True)


def in_force(decision: Decision) -> Decision:
    """What is to be done: the decision itself, or, where it only watches, nothing at all."""
    if not decision.shadow:
        return decision
    return replace(
        decision,
        operators={},
        default_operator=OperatorUse(KEEP),
        answers=AnswerRules(),
        keeps_state=False,
        drops_turns=False,
    )


def explain(
    policy: Policy, facts: RequestFacts, candidates: Sequence[Candidate]
) -> tuple[RuleTrace, ...]:
    """Rule by rule for each upstream among the candidates: what it did, or what did not hold."""
    return tuple(trace for one in candidates for trace in _traces(policy, facts, one))


def _traces(policy: Policy, facts: RequestFacts, candidate: Candidate) -> Iterator[RuleTrace]:
    done = False
    for rule in policy.rules:
        if done:
            outcome, detail = Outcome.NOT_REACHED, ""
        elif not aims_at(rule.when, candidate):
            outcome, detail = Outcome.SKIPPED, _not_aimed(rule.when, candidate)
        elif unmet := _unmet(rule, facts):
            outcome, detail = Outcome.SKIPPED, unmet
        else:
            leaves_open = rule.to is not None and aims_at(rule.to, candidate)
            outcome, done = Outcome.MATCHED, not leaves_open
            detail = _consequence(policy, rule, facts, candidate)
        yield RuleTrace(candidate.name, candidate.upstream_class, rule.name, outcome, detail)


def _unmet(rule: Rule, facts: RequestFacts) -> str:
    """The first condition on the request that does not hold, in words, or "" if all do."""
    failed = (one for one in rule.conditions if not one.holds(facts))
    return next((f"{one.key}: {one.words}" for one in failed), "")


def _not_aimed(when: When, candidate: Candidate) -> str:
    if when.upstream_class not in (None, candidate.upstream_class):
        return f"upstream_class: not {when.upstream_class}"
    return f"upstreams: matches none of {', '.join(when.upstreams or ())}"


def _consequence(policy: Policy, rule: Rule, facts: RequestFacts, candidate: Candidate) -> str:
    if rule.effect is Effect.DENY:
        return "denies"
    if rule.to is not None:
        return "routes here" if aims_at(rule.to, candidate) else "denies: routes elsewhere"
    limit = limit_for(policy.handling, facts, candidate.upstream_class)
    if limit:
        return f"denied all the same: {limit.detail}"
    return "masks" if rule.effect is Effect.MASK else "sends unmasked"
