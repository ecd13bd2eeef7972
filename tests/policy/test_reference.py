"""The policy reference says what the code does: its tables are complete and its examples true."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from gateway import strictyaml
from gateway.entity_types import CLASSES, MEANINGS
from gateway.masking.formats import FPE_TYPES
from gateway.masking.generalise import GENERALISE_TYPES
from gateway.masking.surrogates.stand_in import SURROGATE_TYPES, stand_in
from gateway.operator_kinds import OPERATOR_KINDS
from gateway.policy.cases import _Expect, _Given, parse_cases, run_cases
from gateway.policy.files import load_policies
from gateway.policy.limits import LIMITS
from gateway.policy.lint import notes, warnings
from gateway.policy.model import Handling, Policy
from gateway.policy.schema import parse
from gateway.policy.shape import (
    AnswersModel,
    HandlingModel,
    PolicyModel,
    RuleModel,
    WhenModel,
)
from gateway.policy.shipped import shipped_policies, shipped_policy
from gateway.wire import messages, openai_fields, responses, responses_tools

TEXT = (shipped_policy("default").parent / "README.md").read_text(encoding="utf-8")
OWN, CASES = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
SNIPPETS = re.findall(r"^```\n((?:handling|answers):.*?)```", TEXT, re.DOTALL | re.MULTILINE)


def section(title: str) -> str:
    """What stands below a heading, up to the next of the same or a higher level."""
    level = re.search(rf"^(#+) {re.escape(title)}$", TEXT, re.MULTILINE)
    assert level, title
    rest = TEXT[level.end() :]
    end = re.search(rf"^#{{1,{len(level.group(1))}}} ", rest, re.MULTILINE)
    return rest[: end.start()] if end else rest


def first_cells(text: str) -> set[str]:
    """The code words in the first cells of a section's tables."""
    cells = re.findall(r"^\| (`[^|]*) \|", text, re.MULTILINE)
    return {word for cell in cells for word in re.findall(r"`(\w+)`", cell)}


def own() -> Policy:
    return parse([strictyaml.loads(OWN.encode(), "own.yaml")])


@pytest.mark.parametrize(
    ("title", "model"),
    [
        ("A policy file", PolicyModel),
        ("Rules", RuleModel),
        ("Conditions", WhenModel),
        ("Answers", AnswersModel),
        ("Handling", HandlingModel),
    ],
)
def test_every_key_is_explained_and_no_other(title: str, model: type[BaseModel]):
    assert first_cells(section(title)) == set(model.model_fields)


def test_every_key_of_a_case_is_explained():
    assert first_cells(section("Test cases")) == set(_Given.model_fields) | set(
        _Expect.model_fields
    )
    for limit in LIMITS:
        assert f"`{limit.code}`" in section("Test cases")


def test_every_kind_of_tool_that_a_provider_runs_is_named():
    kinds = {
        *openai_fields._HOSTED.values(), *responses._HOSTED.values(),
        *responses_tools._HOSTED.values(), *messages._TOOL_TYPES.values(),
    } - {""}  # fmt: skip
    (row,) = re.findall(r"^\| `hosted_tools` \| none; a list of (.*?) \|", TEXT, re.MULTILINE)
    assert re.findall(r"`(\w+)`", row) == sorted(kinds)


def test_every_operator_is_explained_in_order():
    rows = re.findall(r"^\| `(\w+)` \| (.*) \| (yes|no) \| (.*) \|$", TEXT, re.MULTILINE)
    assert rows == [
        (kind.name, kind.becomes, "yes" if kind.returns else "no", kind.reveals)
        for kind in OPERATOR_KINDS.values()
    ]
    for kind in OPERATOR_KINDS.values():
        for words in kind.options.values():
            assert all(word in section("Operators") for word in words), kind.name


def types_of(heading: str) -> dict[str, set[str]]:
    """The types in the last cell of each row, by its first cell."""
    rows = re.findall(r"^\| `(\w+)` \| .*?(`[A-Z].*) \|$", section(heading), re.MULTILINE)
    return {name: set(re.findall("`([A-Z_]+)`", types)) for name, types in rows}


def test_the_types_of_each_operator_are_those_that_it_treats():
    found = types_of("Which types they work for")
    assert found["surrogate"] == set(SURROGATE_TYPES)
    assert found["fpe"] == set(FPE_TYPES)
    assert found["generalise"] == set(GENERALISE_TYPES)
    assert set(OPERATOR_KINDS["surrogate"].options["keep"]) < set(found)


# Values of each type, of which each word of `keep` can be seen to change the stand-in, or not.
KEEPABLE = {
    "ADDRESS": ["Hauptstr. 12, 10115 BERLIN"],
    "COORDINATES": ["52.5200° N, 13.4050° E"],
    "CREDIT_CARD": ["4111-1111-1111-1111"],
    "DATE_OF_BIRTH": ["3.4.1980"],
    "DATE_TIME": ["12. März 2021"],
    "EMAIL_ADDRESS": ["anna_schneider@firma.example"],
    "IBAN": ["DE89370400440532013000"],
    "IP_ADDRESS": ["198.51.100.0/25", "2001:DB8::77"],
    "LOCATION": ["BERLIN"],
    "MAC_ADDRESS": ["3C-5A-B4-12-34-56"],
    "ORGANIZATION": ["Muster Maschinenbau GmbH"],
    "PERSON": ["Dr. Anna SCHNEIDER"],
    "PHONE_NUMBER": ["030/23456789", "(0)30 2345-6789"],
    "URL": ["http://shop.example.org/a/b?c=d"],
    "USERNAME": ["@anna.schneider"],
    "US_SSN": ["536 22 8741"],
    "ZIP_CODE": ["10115"],
}


@pytest.mark.parametrize("entity_type", sorted(SURROGATE_TYPES))
def test_what_keep_changes_for_which_types(entity_type: str):
    found = types_of("Which types they work for")
    keys = [bytes([number]) * 32 for number in range(20)]
    for word in OPERATOR_KINDS["surrogate"].options["keep"]:
        changes = any(
            stand_in(key, entity_type, value, keep=frozenset({word}), language="de")
            != stand_in(key, entity_type, value, language="de")
            for value in KEEPABLE[entity_type]
            for key in keys
        )
        assert changes is (entity_type in found[word]), word


def test_every_class_is_listed_with_its_types():
    rows = re.findall(r"^\| `([a-z_]+)` \| (.*) \|$", section("Classes"), re.MULTILINE)
    assert {name: frozenset(re.findall("`(\\w+)`", types)) for name, types in rows} == CLASSES


def test_every_entity_type_is_listed():
    listed = re.findall(
        r"^\| `([A-Z0-9_]+)` \| (\w+) \| (form|text) \| (.*) \|$", TEXT, re.MULTILINE
    )
    assert listed == [
        (one.name, one.severity, "form" if one.structured else "text", one.meaning)
        for one in MEANINGS.values()
    ]


def test_the_first_value_of_each_handling_is_the_default():
    defaults = Handling()
    rows = re.findall(r"^\| `(\w+)` \| (`\w+`|none)", section("Handling"), re.MULTILINE)
    said = {key: value.strip("`") for key, value in rows}
    for key, value in said.items():
        default = getattr(defaults, key)
        assert value == ("none" if default == frozenset() else default), key
    document = f"version: 1\nid: p\nrules:\n  - {{name: r, effect: mask}}\n{SNIPPETS[0]}"
    assert parse([strictyaml.loads(document.encode(), "p.yaml")]).handling == defaults


def test_the_snippets_are_legal():
    assert len(SNIPPETS) == 2
    for snippet in SNIPPETS:
        document = f"version: 1\nid: p\nrules:\n  - {{name: r, effect: mask}}\n{snippet}"
        parse([strictyaml.loads(document.encode(), "p.yaml")])


def test_the_example_of_rules_that_are_not_merged_is_true(tmp_path: Path):
    text = section("Several files")
    (snippet,) = re.findall(r"^```\n(.*?)```", text, re.DOTALL | re.MULTILINE)
    (tmp_path / "own.yaml").write_text(f"version: 1\nid: own\n{snippet}")
    policy = load_policies([tmp_path / "own.yaml"])
    said = {one.message for one in notes(policy)}
    (quoted,) = re.findall('"(of pci-dss.yaml, [^"]*)"', " ".join(text.split()))
    assert quoted in said
    case = "[{name: c, given: {entity_types: [CREDIT_CARD]}, expect: {effect: mask,"
    case += " upstream_class: on_prem, operators: {CREDIT_CARD: %s}}}]"
    for one, operator in (
        (policy, "replace"),
        (load_policies([shipped_policy("pci-dss")]), "redact"),
    ):
        cases = parse_cases(strictyaml.loads((case % operator).encode(), "c.yaml"))
        assert run_cases(one, cases)[0].failures == ()


def test_the_example_passes_its_cases_without_a_warning():
    policy = own()
    assert warnings(policy) == ()
    results = run_cases(policy, parse_cases(strictyaml.loads(CASES.encode(), "cases.yaml")))
    assert [one.failures for one in results] == [(), ()]


@pytest.mark.parametrize("name", shipped_policies())
def test_the_example_may_extend_each_shipped_policy(tmp_path: Path, name: str):
    (tmp_path / "own.yaml").write_text(OWN.replace("id: acme\n", f"id: acme\nextends: {name}\n"))
    policy, shipped = (
        load_policies([one]) for one in (tmp_path / "own.yaml", shipped_policy(name))
    )
    assert len(policy.rules) == len(own().rules) + len(shipped.rules)


def test_the_table_of_what_goes_where_is_true():
    policy = own()
    rows = re.findall(
        r"^\| ([A-Z_, ]+|nothing) \| (cloud|local)[^|]*\| `([a-z-]+)` \|$", TEXT, re.MULTILINE
    )
    assert len(rows) == 5
    for found, upstream, rule in rows:
        given = {
            "entity_types": [] if found == "nothing" else found.split(", "),
            "tags": ["office-paris"],
            "upstreams": [{"cloud": "external"}, {"local": "on_prem"}],
        }
        case = {
            "name": "row",
            "given": given,
            "expect": {"effect": "mask", "upstreams": [upstream], "rule": rule},
        }
        document = strictyaml.loads(json.dumps([case]).encode(), "row.yaml")
        assert run_cases(policy, parse_cases(document))[0].failures == ()


def test_every_link_inside_leads_somewhere():
    headings = re.findall(r"^#+ (.*)$", TEXT, re.MULTILINE)
    anchors = {re.sub(r"[^a-z0-9 -]", "", one.lower()).replace(" ", "-") for one in headings}
    for target in re.findall(r"\]\(#([^)]+)\)", TEXT):
        assert target in anchors, target
    folder = shipped_policy("default").parent
    for target in re.findall(r"\]\(([A-Za-z][^)#]*)\)", TEXT):
        assert (folder / target).is_file(), target


def test_the_shipped_policies_are_all_described():
    packs = (shipped_policy("default").parent / "PACKS.md").read_text(encoding="utf-8")
    for name in shipped_policies():
        assert f"`{name}`" in packs, name
