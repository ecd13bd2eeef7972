"""How long a decision takes, in microseconds: 100 rules of mixed conditions, two upstreams.

Run from the root of the project: `python -m tests.bench.decide_speed [decisions]`. It prints
figures as JSON: for each kind of request the median and the 99th percentile.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from dataclasses import dataclass

from gateway.policy.decide import decide
from gateway.policy.model import Policy
from gateway.policy.schema import parse
from gateway.strictyaml import loads
from gateway.types import Candidate, Family, RequestFacts, UpstreamClass

RULES = 100
CLOUD = Candidate("cloud", UpstreamClass.EXTERNAL)
LOCAL = Candidate("local", UpstreamClass.ON_PREM)

# Conditions and effects in turn; `{}` is the number of the rule. The requests meet none of them but
# the last, so that every rule is read to its end for both upstreams.
KINDS = (
    ("any_of: [PASSPORT, TYPE_{}]", "effect: deny, reason: No."),
    ("any_of: [secrets], upstream_class: external", "effect: deny, reason: No."),
    ("all_of: [PERSON, TYPE_{}]", "effect: route, to: on_prem"),
    ("at_least: {{PERSON: 50, any: 200}}", "effect: route, to: on_prem"),
    ("any_of: [people], tenants: ['team-{}-*', other]", "effect: mask, operators: {people: hash}"),
    ("severity: critical", "effect: deny, reason: No."),
    ("any_of: [EMAIL_ADDRESS], score: [low]", "effect: mask, default_operator: redact"),
    ("any_of: [contact], roles: ['admin-{}*'], tags: [office-paris]", "effect: mask"),
    ("languages: [fr, it], models: ['gpt-*', 'claude-?']", "effect: mask"),
    ("models: ['local-{}-*'], tags: ['office-*']", "effect: unsafe_allow, reason: Yes."),
)


@dataclass(frozen=True, slots=True)
class Figures:
    """Microseconds for one decision."""

    median: float
    p99: float


def policy(rules: int = RULES, *, by_name: bool = False) -> Policy:
    """A policy of so many rules; `by_name`: one asks for upstreams by name, so each is judged."""
    lines = [
        f"  - {{name: r{number}, when: {{{when.format(number)}}}, {effect}}}"
        for number in range(rules - 1)
        for when, effect in [KINDS[number % len(KINDS)]]
    ]
    last = ", when: {upstreams: ['cl*', 'lo*']}" if by_name else ""
    lines.append(f"  - {{name: rest, effect: mask{last}}}")
    text = "version: 1\nid: bench\nrules:\n" + "\n".join(lines) + "\n"
    return parse([loads(text.encode(), "bench.yaml")])


def facts(**found: int) -> RequestFacts:
    """An ordinary request with so many findings of each type."""
    return RequestFacts(
        tenant="acme", family=Family.CHAT, model="gpt-5", roles=frozenset({"dev", "ops"}),
        tags=frozenset({"office-berlin"}), languages=frozenset({"de"}),
        entities={name: (0, count // 2, count - count // 2) for name, count in found.items()},
    )  # fmt: skip


REQUESTS = {
    "nothing found": facts(),
    "ten types found": facts(
        PERSON=9, EMAIL_ADDRESS=4, PHONE_NUMBER=2, ORGANIZATION=6, LOCATION=3, DATE_TIME=7,
        ADDRESS=1, URL=2, CUSTOMER_ID=1, AGE=1,
    ),
}  # fmt: skip


def measured(rules: Policy, request: RequestFacts, decisions: int) -> Figures:
    """The time of so many decisions, one by one."""
    times = []
    for _ in range(decisions):
        begun = time.perf_counter_ns()
        decision = decide(rules, request, (CLOUD, LOCAL))
        times.append((time.perf_counter_ns() - begun) / 1000)
        if decision.rule_ids != ("rest",):
            raise ValueError("the bench is wrong: a rule before the last matched")
    times.sort()
    return Figures(statistics.median(times), times[len(times) * 99 // 100])


def main(decisions: int) -> dict[str, dict[str, float]]:
    """Figures for each kind of request, with and without rules that name upstreams."""
    found = {}
    for suffix, by_name in (("", False), (", upstreams by name", True)):
        rules = policy(by_name=by_name)
        for name, request in REQUESTS.items():
            one = measured(rules, request, decisions)
            found[f"{name}{suffix}"] = {"median": round(one.median, 1), "p99": round(one.p99, 1)}
    return found


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]) if len(sys.argv) > 1 else 5000), indent=2))
