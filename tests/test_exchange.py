"""What the record is told of a request: everything that policy knew, within bounds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.audit.facts import UNRECORDABLE, ContextFacts
from gateway.audit.grammar import MAX_ITEMS
from gateway.exchange import Caller, context_facts, policy_facts
from gateway.types import (
    DEFAULT_USE,
    Candidate,
    Decision,
    Effect,
    Family,
    OperatorUse,
    Parsed,
    Subject,
    UpstreamClass,
)
from gateway.wire import chat

SUBJECT = Subject("acme", "app", frozenset({"b", "a"}), tags=frozenset({"z", "hr"}))
CALLER = Caller(SUBJECT, "req_1")
OFFERED = (
    Candidate("second", UpstreamClass.ON_PREM),
    Candidate("first", UpstreamClass.EXTERNAL),
)


def parsed(**changed: object) -> Parsed:
    read = chat.parse({"model": "m", "messages": [{"role": "user", "content": "Hello."}]})
    return replace(read, **changed)  # type: ignore[arg-type]


def test_everything_is_told_and_the_order_of_upstreams_kept():
    made = context_facts(
        CALLER,
        parsed(has_media=True, unknown=(("x",),), hosted_tools=frozenset({"web_search", "code"})),
        OFFERED,
    )
    assert made == ContextFacts(
        family=Family.CHAT,
        roles=("a", "b"),
        tags=("hr", "z"),
        has_media=True,
        has_unknown_fields=True,
        hosted_tools=("code", "web_search"),
        offered=(("second", UpstreamClass.ON_PREM), ("first", UpstreamClass.EXTERNAL)),
    )


@pytest.mark.parametrize("count", [MAX_ITEMS, MAX_ITEMS + 1])
def test_what_is_too_much_is_not_told_in_part(count: int):
    many = frozenset(f"r{number}" for number in range(count))
    offered = tuple(Candidate(one, UpstreamClass.ON_PREM) for one in many)
    fits = count <= MAX_ITEMS
    assert (context_facts(CALLER, parsed(), offered) is not None) is fits
    for name in ("roles", "tags"):
        caller = replace(CALLER, subject=replace(SUBJECT, **{name: many}))
        assert (context_facts(caller, parsed(), OFFERED) is not None) is fits


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        ({"web_search", "Anna Schmidt"}, (UNRECORDABLE, "web_search")),
        ({"anna@example.com", "x y"}, (UNRECORDABLE,)),
        ({f"t{number:03}" for number in range(999)},
         (*(f"t{number:03}" for number in range(MAX_ITEMS - 1)), UNRECORDABLE)),
    ],
)  # fmt: skip
def test_a_tool_that_no_record_may_name_is_one_that_no_policy_allows(
    kinds: set[str], expected: tuple[str, ...]
):
    made = context_facts(CALLER, parsed(hosted_tools=frozenset(kinds)), OFFERED)
    assert made is not None
    assert made.hosted_tools == expected


def decision(effect: Effect, *, shadow: bool = False) -> Decision:
    return Decision(
        effect=effect,
        upstream_class=UpstreamClass.ON_PREM,
        candidates=OFFERED[:1],
        operators={"IBAN": OperatorUse("fpe", (("scope", ("tenant",)),))},
        default_operator=DEFAULT_USE,
        rule_ids=("r",),
        reason="",
        policy_id="p",
        policy_digest="d" * 64,
        shadow=shadow,
    )


@pytest.mark.parametrize("shadow", [True, False])
def test_what_was_decided_is_told_for_what_was_found(shadow: bool):
    found = {"IBAN": 2, "PERSON": 1}
    made = policy_facts(decision(Effect.MASK, shadow=shadow), found)
    assert made.operators == {"IBAN": "fpe", "PERSON": "replace"}
    assert made.shadow is shadow
    assert policy_facts(decision(Effect.MASK), {}).operators == {}
    assert policy_facts(decision(Effect.DENY), found).operators is None
