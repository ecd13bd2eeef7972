"""What a policy does with each class of types."""

from __future__ import annotations

from gateway.entity_types import CLASSES, MEANINGS
from gateway.policy.coverage import DENIED, NOTHING, OTHERS, Covered, coverage
from gateway.policy.schema import parse
from gateway.strictyaml import loads
from gateway.types import UpstreamClass

ON_PREM, EXTERNAL = UpstreamClass.ON_PREM, UpstreamClass.EXTERNAL
KNOWN = frozenset(MEANINGS) | {"BADGE"}


def covered(*rules: str, head: str = "") -> dict[str, Covered]:
    lines = "".join(f"  - {one}\n" for one in rules)
    text = f"version: 1\nid: p\n{head}rules:\n{lines}"
    return {one.name: one for one in coverage(parse([loads(text.encode(), "p.yaml")]), KNOWN)}


def test_every_class_and_every_type_has_a_row():
    found = covered("{name: rest, effect: mask}", head="classes: {mine: [BADGE_2, payment]}\n")
    assert list(found) == [NOTHING, *CLASSES, "mine", OTHERS]
    assert set(found["mine"].outcomes[EXTERNAL]) == {"BADGE_2", *CLASSES["payment"]}
    assert set(found[OTHERS].outcomes[ON_PREM]) == {"BADGE"}
    assert found[NOTHING].outcomes == {EXTERNAL: {"": "sent"}, ON_PREM: {"": "sent"}}


def test_what_becomes_of_types():
    found = covered(
        "{name: no-cards, effect: deny, reason: No., when: {any_of: [CREDIT_CARD],"
        " upstream_class: external}}",
        "{name: for-some, effect: deny, reason: No., when: {tenants: [a], any_of: [IBAN]}}",
        "{name: rest, effect: mask, operators: {AGE: {operator: generalise, to: 5_years},"
        " DATE_TIME: keep}}",
    )
    assert found["payment"].outcomes[EXTERNAL]["CREDIT_CARD"] == DENIED
    assert found["payment"].outcomes[ON_PREM]["CREDIT_CARD"] == "replace"
    assert found["payment"].outcomes[EXTERNAL]["IBAN"] == "replace"
    assert found["dates"].outcomes[EXTERNAL] == {
        "AGE": "generalise (to: 5_years)", "DATE_OF_BIRTH": "replace", "DATE_TIME": "keep",
    }  # fmt: skip


def test_a_policy_in_shadow_is_shown_as_if_it_were_live():
    rule = "{name: rest, effect: deny, reason: No., when: {any_of: [IBAN]}}"
    assert covered(rule, head="shadow: true\n") == covered(rule)
