"""The shipped policies do what their page says, their cases hold, and strict ones stay strict."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from gateway import strictyaml
from gateway.cli.entity_types import known_types
from gateway.config import load
from gateway.detection.presidio import PresidioDetector
from gateway.entity_types import CLASSES, MEANINGS
from gateway.masking.formats import FPE_TYPES
from gateway.masking.generalise import GENERALISE_TYPES
from gateway.operator_kinds import FPE, GENERALISE, exposure
from gateway.policy.answers import described
from gateway.policy.cases import CaseResult, parse_cases, run_cases
from gateway.policy.decide import decide
from gateway.policy.files import load_policies
from gateway.policy.lint import warnings
from gateway.policy.model import Policy
from gateway.policy.shipped import shipped_policies, shipped_policy
from gateway.types import BandCounts, Candidate, Decision, Family, RequestFacts, UpstreamClass

TEXT = (shipped_policy("default").parent / "PACKS.md").read_text(encoding="utf-8")
PACKS = shipped_policies()
ORDER = (
    "default", "mask-all", "secrets", "on-prem-only", "gdpr", "public-sector", "pci-dss",
    "banking", "hipaa-safe-harbor",
)  # fmt: skip
EXTERNAL = Candidate("cloud", UpstreamClass.EXTERNAL)
ON_PREM = Candidate("local", UpstreamClass.ON_PREM)
TYPES = sorted({*MEANINGS, *(one for members in CLASSES.values() for one in members)})
CARD_SECRETS = ("CARD_SECURITY_CODE", "CARD_PIN", "CARD_TRACK")
STRICTER = [
    ("gdpr", "default"),
    ("pci-dss", "default"),
    ("banking", "pci-dss"),
    ("public-sector", "gdpr"),
    ("default", "secrets"),
    ("secrets", "mask-all"),
    *(("on-prem-only", name) for name in PACKS),
]


@cache
def pack(name: str) -> Policy:
    return load_policies([shipped_policy(name)])


@cache
def results(name: str) -> tuple[CaseResult, ...]:
    path = shipped_policy(name)
    return run_cases(pack(name), parse_cases(strictyaml.load(path.parent / "tests" / path.name)))


def facts(entities: dict[str, BandCounts], *, media: bool = False) -> RequestFacts:
    return RequestFacts(
        tenant="t", family=Family.CHAT, model="m", entities=entities, has_media=media
    )


def decided(name: str, types: Iterable[str], *towards: Candidate, media: bool = False) -> Decision:
    found = facts(dict.fromkeys(types, (0, 0, 1)), media=media)
    return decide(pack(name), found, towards)


def outcome(name: str, entity_type: str, towards: Candidate) -> str:
    decision = decided(name, [entity_type], towards)
    return described(decision.operator_for(entity_type)) if decision.candidates else "no"


# ---------------------------------------------------------------- the packs themselves


def test_the_page_is_about_all_packs():
    assert sorted(ORDER) == list(PACKS)
    assert re.findall(r"^### `([a-z-]+)`$", TEXT, re.MULTILINE) == list(ORDER)


@pytest.mark.parametrize("name", PACKS)
def test_the_cases_hold(name: str):
    assert {one.case.name: one.failures for one in results(name) if one.failures} == {}
    assert len(results(name)) >= 12


@pytest.mark.parametrize("name", PACKS)
def test_every_rule_is_what_some_case_comes_to(name: str):
    hit = {rule for one in results(name) if one.case.rule for rule in one.decision.rule_ids}
    assert {rule.name for rule in pack(name).rules} <= hit


@pytest.mark.parametrize("name", PACKS)
def test_cases_say_what_goes_outside_and_what_does_not(name: str):
    reached = {one.decision.upstream_class for one in results(name)}
    assert {None, UpstreamClass.ON_PREM} <= reached
    assert (UpstreamClass.EXTERNAL in reached) is (name != "on-prem-only")


@pytest.mark.parametrize("name", PACKS)
def test_the_packs_are_tidy(name: str):
    treats = {FPE: FPE_TYPES, GENERALISE: frozenset(GENERALISE_TYPES)}
    assert warnings(pack(name), known_types(), treats) == ()
    assert pack(name).id == name
    text = shipped_policy(name).read_text(encoding="utf-8")
    assert text.startswith("# ")
    assert max(map(len, text.splitlines())) <= 100


def test_packs_can_be_read_side_by_side():
    """No two files have a rule of one name, or give a class of one name other members."""
    rules: list[str] = []
    classes: dict[str, list[str]] = {}
    for name in PACKS:
        data = yaml.safe_load(shipped_policy(name).read_text(encoding="utf-8"))
        rules += [one["name"] for one in data["rules"]]
        for one, members in data.get("classes", {}).items():
            assert classes.setdefault(one, members) == members
    assert len(rules) == len(set(rules))
    assert not set(classes) & set(CLASSES)


# ---------------------------------------------------------------- what no pack may do


@pytest.mark.parametrize("name", PACKS)
def test_nothing_goes_outside_as_it_is(name: str):
    types = [*TYPES, *CARD_SECRETS, "SOMETHING_NEW"]
    assert [one for one in types if outcome(name, one, EXTERNAL) == "keep"] == []


@pytest.mark.parametrize("name", PACKS)
def test_nothing_is_kept_on_the_premises_but_public_codes_of_banks(name: str):
    kept = {one for one in TYPES if outcome(name, one, ON_PREM) == "keep"}
    assert kept == ({"BIC", "ABA_ROUTING_NUMBER"} if name == "banking" else set())


@pytest.mark.parametrize("name", ["default", "gdpr", "public-sector", "pci-dss", "banking"])
@pytest.mark.parametrize("counts", [(1, 0, 0), (0, 1, 0), (0, 0, 1)])
def test_payment_data_and_credentials_never_go_outside(name: str, counts: BandCounts):
    for entity_type in CLASSES["payment"] | CLASSES["secrets"]:
        found = facts({entity_type: counts, "PERSON": (0, 0, 3)})
        assert decide(pack(name), found, [EXTERNAL]).candidates == ()
        assert decide(pack(name), found, [EXTERNAL, ON_PREM]).candidates == (ON_PREM,)


@pytest.mark.parametrize("name", [one for one in PACKS if one != "mask-all"])
def test_credentials_never_go_outside(name: str):
    for entity_type in CLASSES["secrets"]:
        assert outcome(name, entity_type, EXTERNAL) == "no"


@pytest.mark.parametrize("name", ["gdpr", "public-sector"])
def test_special_categories_and_national_identifiers_stay_at_home(name: str):
    for entity_type in CLASSES["health"] | CLASSES["national_ids"] | {"NRP"}:
        assert outcome(name, entity_type, EXTERNAL) == "no"


@pytest.mark.parametrize("name", ["pci-dss", "banking"])
def test_what_proves_a_card_is_denied_everywhere(name: str):
    for entity_type in CARD_SECRETS:
        for beside in ((), ("CREDIT_CARD",), ("IBAN", "CUSTOMER_ID"), ("SECRET",)):
            found = (entity_type, *beside)
            assert decided(name, found, EXTERNAL, ON_PREM).candidates == ()


@pytest.mark.parametrize("name", ["pci-dss", "banking"])
def test_a_card_beside_anything_is_struck_out(name: str):
    for entity_type in TYPES:
        decision = decided(name, ["CREDIT_CARD", entity_type], ON_PREM)
        assert described(decision.operator_for("CREDIT_CARD")) == "redact", entity_type


@pytest.mark.parametrize("name", PACKS)
def test_what_cannot_be_checked_stays_at_home(name: str):
    assert decided(name, (), EXTERNAL, media=True).candidates == ()
    assert decided(name, (), EXTERNAL, ON_PREM, media=True).candidates == (ON_PREM,)


FOUND = st.dictionaries(
    st.sampled_from([*TYPES, *CARD_SECRETS, "SOMETHING_NEW"]),
    st.tuples(*[st.sampled_from([0, 1, 49, 50, 100, 200])] * 3).filter(any),
    max_size=5,
)


@pytest.mark.parametrize(("strict", "loose"), STRICTER)
@given(entities=FOUND)
def test_a_stricter_pack_sends_no_more_outside(
    strict: str, loose: str, entities: dict[str, BandCounts]
):
    """What it lets out the other lets out, too, and no type is masked by an operator that tells
    more. The same for every mix of findings."""
    found = facts(entities)
    ours, theirs = (decide(pack(one), found, [EXTERNAL]) for one in (strict, loose))
    if ours.candidates:
        assert theirs.candidates
        for one in entities:
            mine, other = ours.operator_for(one).name, theirs.operator_for(one).name
            assert exposure(mine) <= exposure(other)


# ---------------------------------------------------------------- the tables of the page


def table(*rows: Iterable[str]) -> str:
    """Rows as they stand in the page, the first one being the heading."""
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    width = lines[0].count("|") - 1
    return "\n".join([lines[0], "|" + "---|" * width, *lines[1:]]) + "\n"


def outside(name: str, class_name: str) -> str:
    """What becomes of the types of a class: what becomes of most, and of which it does not."""
    by_outcome: dict[str, list[str]] = defaultdict(list)
    for one in sorted(CLASSES[class_name]):
        by_outcome[outcome(name, one, EXTERNAL)].append(one)
    most = max(by_outcome, key=lambda one: (len(by_outcome[one]), one))
    others = [f"`{type_}` {one}" for one in sorted(by_outcome) if one != most
              for type_ in by_outcome[one]]  # fmt: skip
    return "; ".join([most, *others])


def test_what_goes_outside():
    rows = [[f"`{name}`", *(outside(one, name) for one in ORDER)] for name in CLASSES]
    expected = table(["class", *(f"`{one}`" for one in ORDER)], *rows)
    assert expected in TEXT, expected


def at_home(name: str) -> dict[str, str]:
    """What becomes of what on the premises, where it is not `replace`: operator to types."""
    by_outcome: dict[str, list[str]] = defaultdict(list)
    for one in TYPES:
        said = outcome(name, one, ON_PREM)
        if said != "replace":
            by_outcome[said].append(one)
    return {
        said: " ".join(f"`{one}`" for one in _by_class(types))
        for said, types in sorted(by_outcome.items())
    }


def _by_class(types: list[str]) -> list[str]:
    whole = [name for name, members in CLASSES.items() if members <= set(types)]
    covered = {one for name in whole for one in CLASSES[name]}
    return [*whole, *(one for one in types if one not in covered)]


def test_what_happens_on_the_premises():
    rows = [[f"`{name}`", said, types] for name in ORDER for said, types in at_home(name).items()]
    expected = table(["pack", "operator", "of what is found alone"], *rows)
    assert expected in TEXT, expected


def extended(name: str) -> str:
    data = yaml.safe_load(shipped_policy(name).read_text(encoding="utf-8"))
    return f"`{data['extends']}`" if "extends" in data else "–"


def test_what_holds_whatever_is_found():
    rows = [
        [
            f"`{name}`",
            extended(name),
            pack(name).handling.media.value,
            pack(name).handling.unsupported_languages.value,
            pack(name).handling.unknown_fields.value,
            pack(name).handling.provider_state.value,
            pack(name).answers.new_data.value,
        ]
        for name in ORDER
    ]
    heads = "media|unsupported languages|unknown fields|provider state|new data".split("|")
    expected = table(["pack", "extends", *heads], *rows)
    assert expected in TEXT, expected
    for name in ORDER:
        assert pack(name).handling.hosted_tools == frozenset()
        assert pack(name).handling.logprobs.value == "refuse"


def test_how_many_are_bulk():
    """The page says each number that a rule counts to."""
    rows = [
        [f"`{name}`", f"`{what}`", str(least), "denied" if rule.to is None else "on the premises"]
        for name in ORDER
        for rule in pack(name).rules
        for what, (_, least) in (rule.when.at_least or {}).items()
    ]
    expected = table(["pack", "findings of", "from", "go"], *rows)
    assert expected in TEXT, expected


# ---------------------------------------------------------------- HIPAA, identifier by identifier

ROW = re.compile(
    r"^\| ([A-R]) \| ([^|]+) \| ([^|]*) \| (form|text|form and text|not found|not looked at) \|"
    r" ([^|]+) \| ([^|]+) \|$",
    re.MULTILINE,
)
HIPAA = [(letter, re.findall(r"`([A-Z_]+)`", types), found, operator, gap)
         for letter, _, types, found, operator, gap in ROW.findall(TEXT)]  # fmt: skip


def test_all_eighteen_identifiers_are_listed_in_order():
    assert list(dict.fromkeys(row[0] for row in HIPAA)) == list("ABCDEFGHIJKLMNOPQR")
    assert [row[0] for row in HIPAA] == sorted(row[0] for row in HIPAA)
    assert all(len(row[4]) > 10 for row in HIPAA), "a gap is not said"


@pytest.mark.parametrize("row", HIPAA, ids=lambda row: f"{row[0]}-{'-'.join(row[1])}")
def test_each_identifier_is_treated_as_the_table_says(
    row: tuple[str, list[str], str, str, str],
):
    letter, types, found, operator, _ = row
    if not types:
        assert letter in "PQ"
        assert operator == "denied outside"
        assert decided("hipaa-safe-harbor", (), EXTERNAL, media=True).reason_code == "media"
        return
    ways = {"form" if MEANINGS[one].structured else "text" for one in types}
    assert found == " and ".join(sorted(ways))
    for one in types:
        for towards in (EXTERNAL, ON_PREM):
            assert outcome("hipaa-safe-harbor", one, towards) == operator, one


def test_the_table_has_every_type_that_the_pack_names():
    rule = next(one for one in pack("hipaa-safe-harbor").rules if one.operators)
    listed = [one for row in HIPAA for one in row[1] if row[0] not in "DE"]
    assert len(listed) == len(set(listed))
    named = set(rule.operators) - CLASSES["secrets"] - {"PHONE_NUMBER", "NRP"}
    assert set(listed) == named
    assert rule.default_operator.name == "replace"


# ---------------------------------------------------------------- the recognizers of the page

SNIPPET = re.findall(r"```yaml\n(detection:.*?)```", TEXT, re.DOTALL)


@pytest.fixture(scope="module")
def detector(tmp_path_factory: pytest.TempPathFactory) -> PresidioDetector:
    (text,) = SNIPPET
    file: Path = tmp_path_factory.mktemp("config") / "cloakroom.yaml"
    upstreams = "upstreams: [{name: a, kind: loopback, class: on_prem}]\n"
    file.write_text(f"version: 1\n{upstreams}{text}", encoding="utf-8")
    return PresidioDetector(load(file, {}).detection)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("CVV 123", {"CARD_SECURITY_CODE"}),
        ("the security code is 1234.", {"CARD_SECURITY_CODE"}),
        ("4111 1111 1111 1111 12/27 cvc: 123", {"CREDIT_CARD", "CARD_SECURITY_CODE"}),
        ("PIN: 4821", {"CARD_PIN"}),
        ("PIN block 0123456789ABCDEF", {"CARD_PIN"}),
        (";4111111111111111=25121011234567890?", {"CARD_TRACK"}),
        ("%B4111111111111111^DOE/JOHN^2512101123456789?", {"CARD_TRACK"}),
        ("the code is 1234, see page 123", set()),
        ("pinned 4821 posts; x=123", set()),
    ],
)
def test_the_recognizers_for_cards_find_what_the_packs_deny(
    text: str, expected: set[str], detector: PresidioDetector
):
    found = {one.entity_type for one in detector.analyze(text, "t")}
    assert found == expected
    if found & set(CARD_SECRETS):
        assert decided("pci-dss", found, EXTERNAL, ON_PREM).candidates == ()


def test_the_recognizers_find_all_that_waits_for_them():
    (text,) = SNIPPET
    assert set(re.findall(r"entity_type: (\w+)", text)) == set(CARD_SECRETS)
