"""What another policy would have done with the requests on record, and what that changes. Pure.

A record holds what its decision was made of: types, counts, names, never text. So the decision can
be made again, and compared with what was done in the order of `policy/order.py`. Operators are
compared by name, since a record holds no options. What becomes of answers is not compared.

Memory does not grow with the log: equal requests are decided once and counted, a bounded number
of them at a time, and names beyond a bound are counted together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, TypeAlias

import orjson

from gateway.operator_kinds import KEEP, REDACT
from gateway.policy.decide import decide
from gateway.policy.model import Policy
from gateway.policy.order import Difference, Sending, difference
from gateway.types import (
    Candidate,
    Decision,
    Effect,
    Family,
    Json,
    OperatorUse,
    RequestFacts,
    UpstreamClass,
)

_FAILED: Final = "request.failed"
REPLAYED: Final = ("request.accepted", "request.denied", _FAILED)
"""The types of records that are read; closing records repeat what the accepted ones say."""

MOST_EQUAL: Final = 4_000  # different requests that are held at once
MOST_NAMES: Final = 1_000  # rows of each table
OTHERS: Final = "(others)"
NOWHERE: Final = "(denied)"
NO_RULE: Final = "(no rule)"

Rows: TypeAlias = Mapping[str, Mapping[str, int]]


class Kind(StrEnum):
    """What changes for a request. The first three send more, the next three less."""

    ALLOWED = "newly_allowed"
    FARTHER = "newly_external"  # it stayed on the premises
    EXPOSED = "reveals_more"  # of a type at least; of others it may reveal less
    DENIED = "newly_denied"
    NEARER = "newly_on_prem"  # it went to somebody else
    COVERED = "reveals_less"
    OTHERWISE = "otherwise"  # another upstream of the class, or masked as well in another way
    SAME = "unchanged"


MORE: Final = (Kind.ALLOWED, Kind.FARTHER, Kind.EXPOSED)
LESS: Final = (Kind.DENIED, Kind.NEARER, Kind.COVERED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """A request on record: what policy knew of it, and what was done.

    `upstream` is "" and `upstream_class` None where it was denied. With `shadow` the effect and
    the operators were only noted, and what went out was not masked.
    """

    facts: RequestFacts
    candidates: tuple[Candidate, ...]
    effect: Effect
    upstream: str
    upstream_class: UpstreamClass | None
    operators: Mapping[str, str]
    policy_digest: str
    shadow: bool = False

    def operator_for(self, entity_type: str) -> OperatorUse:
        """The operator that was to mask this entity type, without its options."""
        return OperatorUse(self.operators.get(entity_type, REDACT))


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulated:
    """What came of it. `read` counts the requests on record, of which `replayed` were decided.

    The others are `incomplete`: their records do not hold what the decision was made of; or
    `undecided`: they failed before there was one. `types` counts requests by the type found,
    in columns `found`, `more` and `less`; `upstreams` in `before` and `after`; `tenants` and
    `rules` (those of the new policy that decided) by `Kind`.
    """

    read: int
    replayed: int
    incomplete: int
    undecided: int
    kinds: Mapping[Kind, int]
    types: Rows
    tenants: Rows
    upstreams: Rows
    rules: Rows
    policies: Mapping[str, int]  # requests by the digest of the policy that was in force

    @property
    def more(self) -> int:
        """The requests of which more would have been sent."""
        return sum(self.kinds.get(kind, 0) for kind in MORE)

    @property
    def less(self) -> int:
        """The requests of which less would have been sent."""
        return sum(self.kinds.get(kind, 0) for kind in LESS)


def facts_of(record: Mapping[str, Json]) -> Past | None:
    """The request of an accepted or denied record, or None where the record does not hold
    what is needed, as those of earlier versions do not."""
    body: Any = record
    try:
        context, detection, policy = body["context"], body["detection"], body["policy"]
        effect = Effect(policy["action"])
        upstream_class = body.get("upstream_class")
        entities = {
            name: (int(low), int(medium), int(high))
            for name, (low, medium, high) in detection["bands"].items()
        }
        operators = policy.get("operators")
        if operators is None:
            if effect is not Effect.DENY:
                return None
            operators = {}
        return Past(
            facts=RequestFacts(
                tenant=body.get("tenant", ""),
                family=Family(context["family"]),
                model=body["model_requested"],
                entities=entities,
                roles=frozenset(context["roles"]),
                tags=frozenset(context["tags"]),
                languages=frozenset(detection["languages"]),
                unsupported_languages=frozenset(detection["unsupported_languages"]),
                has_media=bool(context["has_media"]),
                hosted_tools=frozenset(context["hosted_tools"]),
                has_unknown_fields=bool(context["has_unknown_fields"]),
            ),
            candidates=tuple(
                Candidate(name, UpstreamClass(towards)) for name, towards in context["offered"]
            ),
            effect=effect,
            upstream=body.get("upstream_id", ""),
            upstream_class=None if upstream_class is None else UpstreamClass(upstream_class),
            operators=operators,
            policy_digest=policy["sha256"],
            shadow=bool(policy.get("shadow")),
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a policy would have done with a request on record, and how that differs."""

    decision: Decision
    kind: Kind
    difference: Difference


@dataclass(frozen=True, slots=True)
class _ByName:
    """A decision as a record would hold it: operators without their options."""

    decision: Decision

    @property
    def upstream_class(self) -> UpstreamClass | None:
        return self.decision.upstream_class

    @property
    def shadow(self) -> bool:
        return self.decision.shadow

    def operator_for(self, entity_type: str) -> OperatorUse:
        return OperatorUse(self.decision.operator_for(entity_type).name)


def replay(policy: Policy, past: Past) -> Outcome:
    """What the policy would have done with a request, compared with what was done."""
    decision = decide(policy, past.facts, past.candidates)
    new = _ByName(decision)
    found = past.facts.entity_types
    differs = difference(past, new, found)
    return Outcome(decision, _kind(past, new, differs), differs)


def _kind(past: Past, new: _ByName, differs: Difference) -> Kind:
    if differs.farther:
        return Kind.ALLOWED if past.upstream_class is None else Kind.FARTHER
    if differs.nearer:
        return Kind.DENIED if new.upstream_class is None else Kind.NEARER
    if differs.more:
        return Kind.EXPOSED
    if differs.less:
        return Kind.COVERED
    if new.upstream_class is None:
        return Kind.SAME
    moved = new.decision.candidates[0].name != past.upstream
    same = all(_masked_by(past, one) == _masked_by(new, one) for one in past.facts.entity_types)
    return Kind.OTHERWISE if moved or not same else Kind.SAME


def _masked_by(sending: Sending, entity_type: str) -> str:
    return KEEP if sending.shadow else sending.operator_for(entity_type).name


@dataclass(slots=True)
class _Table:
    """Counts by name and column; what has a name too many is counted under `OTHERS`."""

    most: int
    rows: dict[str, Counter[str]] = field(default_factory=dict)

    def add(self, name: str, column: str, count: int) -> None:
        if name not in self.rows and len(self.rows) >= self.most:
            name = OTHERS
        self.rows.setdefault(name, Counter())[column] += count

    def read(self) -> dict[str, dict[str, int]]:
        return {name: dict(row) for name, row in sorted(self.rows.items())}


class Simulation:
    """Replays records one by one, and sums up what changes.

    Args:
        policy: the policy that would have decided.
        most_equal: how many different requests are held at once.
        most_names: how many names each table has; further ones are counted under `OTHERS`.
    """

    def __init__(
        self, policy: Policy, *, most_equal: int = MOST_EQUAL, most_names: int = MOST_NAMES
    ) -> None:
        self._policy = policy
        self._most_equal = most_equal
        self._waiting: dict[bytes, tuple[Past, int]] = {}
        self._read = self._incomplete = self._undecided = 0
        self._kinds: Counter[Kind] = Counter()
        self._types = _Table(most_names)
        self._tenants = _Table(most_names)
        self._upstreams = _Table(most_names)
        self._rules = _Table(most_names)
        self._policies = _Table(most_names)

    def feed(self, record: Mapping[str, Json]) -> None:
        """Take in one record, as parsed from its canonical form. What is no request is ignored;
        so is the failure of one that was accepted, since it is counted already."""
        kind = record.get("type")
        if kind not in REPLAYED:
            return
        if kind == _FAILED and record.get("upstream_id"):
            return
        self._read += 1
        if kind == _FAILED or record.get("policy") is None:
            self._undecided += 1
            return
        key = _key(record)
        known = self._waiting.get(key)
        if known is not None:
            self._waiting[key] = (known[0], known[1] + 1)
            return
        past = facts_of(record)
        if past is None:
            self._incomplete += 1
            return
        if len(self._waiting) >= self._most_equal:
            self._settle()
        self._waiting[key] = (past, 1)

    def result(self) -> Simulated:
        """What came of all records so far."""
        self._settle()
        return Simulated(
            read=self._read,
            replayed=sum(self._kinds.values()),
            incomplete=self._incomplete,
            undecided=self._undecided,
            kinds={kind: self._kinds[kind] for kind in Kind},
            types=self._types.read(),
            tenants=self._tenants.read(),
            upstreams=self._upstreams.read(),
            rules=self._rules.read(),
            policies={name: row["requests"] for name, row in self._policies.read().items()},
        )

    def _settle(self) -> None:
        for past, count in self._waiting.values():
            self._count(past, replay(self._policy, past), count)
        self._waiting.clear()

    def _count(self, past: Past, outcome: Outcome, count: int) -> None:
        decision, kind = outcome.decision, outcome.kind
        self._kinds[kind] += count
        self._policies.add(past.policy_digest, "requests", count)
        self._tenants.add(past.facts.tenant, kind.value, count)
        self._rules.add(_decider(decision), kind.value, count)
        self._upstreams.add(past.upstream or NOWHERE, "before", count)
        after = decision.candidates[0].name if decision.candidates else NOWHERE
        self._upstreams.add(after, "after", count)
        _add(self._types, past.facts.entity_types, "found", count)
        _add(self._types, outcome.difference.more, "more", count)
        _add(self._types, outcome.difference.less, "less", count)


def _add(table: _Table, names: Iterable[str], column: str, count: int) -> None:
    for name in names:
        table.add(name, column, count)


def _decider(decision: Decision) -> str:
    """The rule that decided, or the limit that closed all upstreams."""
    if decision.rule_ids:
        return decision.rule_ids[-1]
    is_closed = decision.reason_code and not decision.candidates
    return f"({decision.reason_code})" if is_closed else NO_RULE


def _key(record: Mapping[str, Json]) -> bytes:
    """What two records have in common whose requests are alike in all that matters here."""
    detection, policy = record.get("detection"), record.get("policy")
    read = detection if isinstance(detection, dict) else {}
    said = policy if isinstance(policy, dict) else {}
    return orjson.dumps(
        [
            record.get("tenant"),
            record.get("model_requested"),
            record.get("upstream_id"),
            record.get("upstream_class"),
            record.get("context"),
            [read.get(name) for name in ("bands", "languages", "unsupported_languages")],
            [said.get(name) for name in ("action", "operators", "shadow", "sha256")],
        ],
        option=orjson.OPT_SORT_KEYS,
    )
