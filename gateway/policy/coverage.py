"""What a policy does with each class of entity types, for a plain request. Pure.

Each type is asked about alone, surely found once, in a request of a caller, for a model and
towards an upstream that no rule mentions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.entity_types import CLASSES
from gateway.policy.answers import described
from gateway.policy.decide import decide
from gateway.policy.model import Policy
from gateway.policy.universe import Trait, Universe, universe
from gateway.types import Candidate, UpstreamClass

DENIED = "denied"
NOTHING = "(nothing found)"
OTHERS = "(other types)"


@dataclass(frozen=True, slots=True)
class Covered:
    """A class and what becomes of its types: by upstream class, each type's operator, or
    `DENIED`. For `NOTHING` there is one entry without a name, which says whether text goes."""

    name: str
    outcomes: Mapping[UpstreamClass, Mapping[str, str]]


def coverage(policy: Policy, types: frozenset[str]) -> tuple[Covered, ...]:
    """What becomes of each class: those that every policy knows, and the policy's own.

    `types` are all that may be found; those of no class come last. A policy in shadow is looked
    at as if it were live.
    """
    policy = policy.live
    asked = universe((policy,), types)
    classes = {**CLASSES, **policy.classes}
    rest = types.union(*(asked.alike.values())) - frozenset[str]().union(*classes.values())
    rows = [Covered(NOTHING, _outcomes(policy, asked, frozenset({""})))]
    rows += [Covered(name, _outcomes(policy, asked, some)) for name, some in classes.items()]
    if rest:
        rows.append(Covered(OTHERS, _outcomes(policy, asked, rest)))
    return tuple(rows)


def _outcomes(
    policy: Policy, asked: Universe, types: frozenset[str]
) -> dict[UpstreamClass, dict[str, str]]:
    return {
        towards: {one: _outcome(policy, asked, one, towards) for one in sorted(types)}
        for towards in (UpstreamClass.EXTERNAL, UpstreamClass.ON_PREM)
    }


def _outcome(policy: Policy, asked: Universe, entity_type: str, towards: UpstreamClass) -> str:
    traits = [Trait("found", entity_type)] if entity_type else []
    candidate = Candidate(asked.upstreams[0].value, towards)
    decision = decide(policy, asked.facts(traits), [candidate])
    if not decision.candidates:
        return DENIED
    return described(decision.operator_for(entity_type)) if entity_type else "sent"
