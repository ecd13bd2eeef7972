"""The cases of the shipped policies, and that a case can fail."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from gateway import strictyaml
from gateway.cli.entity_types import known_types
from gateway.config import shipped_policies, shipped_policy
from gateway.entity_types import MEANINGS
from gateway.errors import ConfigError
from gateway.policy.cases import CaseResult, parse_cases, run_cases
from gateway.policy.files import load_policies
from gateway.policy.schema import parse, warnings

POLICY = b"""\
version: 1
id: p
rules:
  - name: stop
    when: {entity_types: [SECRET], upstream_class: external}
    effect: deny
    reason: No.
  - {name: rest, when: {entity_types: [PERSON]}, effect: mask, operators: {PERSON: hash}}
"""


def shipped_results() -> list[CaseResult]:
    found: list[CaseResult] = []
    for name in shipped_policies():
        path = shipped_policy(name)
        cases = parse_cases(strictyaml.load(path.parent / "tests" / path.name))
        found += run_cases(load_policies([path]), cases)
    return found


@pytest.mark.parametrize("result", shipped_results(), ids=lambda one: one.case.name)
def test_shipped(result: CaseResult):
    assert result.failures == ()


@pytest.mark.parametrize("name", shipped_policies())
def test_shipped_policies_are_tidy_and_every_rule_has_a_case(name: str):
    path = shipped_policy(name)
    policy = load_policies([path])
    assert warnings(policy) == ()
    cases = parse_cases(strictyaml.load(path.parent / "tests" / path.name))
    assert {rule.name for rule in policy.rules} <= {case.rule for case in cases}
    assert policy.id == name == Path(path).stem


def test_the_reference_lists_every_entity_type():
    text = (shipped_policy("default").parent / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `([A-Z0-9_]+)` \| (\w+) \| (form|text) \| (.*) \|$", text, re.M)
    assert listed == [
        (one.name, one.severity, "form" if one.structured else "text", one.meaning)
        for one in MEANINGS.values()
    ]


def test_shipped_policies_name_only_types_that_somebody_finds():
    for name in shipped_policies():
        assert warnings(load_policies([shipped_policy(name)]), known_types()) == ()


def test_what_identifies_a_person_to_the_state_or_a_bank_is_in_a_class():
    """A new type of these families must be thought of in the default policy."""
    classes = load_policies([shipped_policy("default")]).classes
    of_family = {
        "SECRET": ["secrets"],
        "CREDIT_CARD": ["payment"],
        "IBAN": ["payment"],
        "CRYPTO": ["payment"],
        "BANK_ACCOUNT": ["payment"],
        "US_SSN": ["national_ids"],
        "NATIONAL_ID": ["national_ids", "health"],
        "PASSPORT": ["national_ids"],
        "DRIVER_LICENSE": ["national_ids"],
    }
    for one in MEANINGS.values():
        if one.family in of_family and one.severity in ("critical", "high"):
            assert any(one.name in classes[name] for name in of_family[one.family]), one.name


def test_the_examples_of_the_reference_are_right():
    """Its policy passes its cases, and the table of what goes where is true."""
    text = (shipped_policy("default").parent / "README.md").read_text(encoding="utf-8")
    own, cases = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    policy = parse([strictyaml.loads(own.encode(), "own.yaml")])
    assert warnings(policy) == ()
    results = run_cases(policy, parse_cases(strictyaml.loads(cases.encode(), "cases.yaml")))
    assert [one.failures for one in results] == [(), ()]
    rows = re.findall(
        r"^\| ([A-Z_, ]+|nothing) \| (cloud|local)[^|]*\| `([a-z-]+)` \|$", text, re.M
    )
    assert len(rows) == 5
    for found, upstream, rule in rows:
        types = [] if found == "nothing" else found.split(", ")
        upstream_class = {"cloud": "external", "local": "on_prem"}[upstream]
        case = {
            "name": "row",
            "given": {"entity_types": types},
            "expect": {"effect": "mask", "upstream_class": upstream_class, "rule": rule},
        }
        document = strictyaml.loads(json.dumps([case]).encode(), "row.yaml")
        assert run_cases(policy, parse_cases(document))[0].failures == ()


def run(text: str) -> CaseResult:
    policy = parse([strictyaml.loads(POLICY, "p.yaml")])
    (result,) = run_cases(policy, parse_cases(strictyaml.loads(text.encode(), "c.yaml")))
    return result


GIVEN = "given: {entity_types: [PERSON]}"


@pytest.mark.parametrize(
    ("case", "failures"),
    [
        (f"{GIVEN}, expect: {{effect: mask}}", ()),
        (f"{GIVEN}, expect: {{effect: deny}}", ("effect is mask, not deny",)),
        (f"{GIVEN}, expect: {{effect: mask, rule: stop}}", ("rule is rest, not stop",)),
        (f"{GIVEN}, expect: {{effect: mask, rule: null}}", ("rule is rest, not none",)),
        ("given: {}, expect: {effect: mask, rule: rest}", ("rule is none, not rest",)),
        ("given: {}, expect: {effect: mask, rule: null, upstream_class: external}", ()),
        (
            f"{GIVEN}, expect: {{effect: mask, upstream_class: on_prem}}",
            ("upstream_class is external, not on_prem",),
        ),
        (
            f"{GIVEN}, expect: {{effect: mask, operators: {{PERSON: keep, X: replace}}}}",
            ("operator for PERSON is hash, not keep",),
        ),
        (
            "given: {entity_types: [SECRET], upstreams: [external]},"
            " expect: {effect: mask, upstream_class: external, operators: {SECRET: replace}}",
            (
                "effect is deny, not mask",
                "upstream_class is none, not external",
                "operator for SECRET is none, not replace",
            ),
        ),
        ("given: {languages: [de, pt]}, expect: {effect: mask, upstream_class: external}", ()),
        ("given: {languages: [de, fi]}, expect: {effect: mask, upstream_class: on_prem}", ()),
        (
            "given: {languages: [fi], upstreams: [external]}, expect: {effect: mask}",
            ("effect is deny, not mask",),
        ),
    ],
)
def test_a_case_can_fail(case: str, failures: tuple[str, ...]):
    result = run(f"- {{name: x, {case}}}\n")
    assert result.failures == failures
    assert result.passed is (not failures)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]\n", "there is no case"),
        ("- {name: x, given: {}}\n", 'required key "expect" is missing'),
        ("- {name: x, given: {upstream: []}, expect: {effect: mask}}\n", "did you mean upstreams?"),
        ("- {name: x, given: {upstreams: []}, expect: {effect: mask}}\n", "must not be empty"),
        (
            "- {name: x, given: {}, expect: {effect: mask}}\n" * 2,
            r"c.yaml:2: \[1\].name: duplicate",
        ),
        (
            "- {name: x, given: {}, expect: {effect: deny, upstream_class: external}}\n",
            "what is denied has no upstream class",
        ),
    ],
)
def test_bad_case_files(text: str, message: str):
    with pytest.raises(ConfigError, match=message):
        parse_cases(strictyaml.loads(text.encode(), "c.yaml"))
