"""Rules: what each is read as, and what is refused."""

from __future__ import annotations

import pytest

from gateway.entity_types import CLASSES
from gateway.operator_kinds import KEEP, OPERATOR_KINDS
from gateway.policy.model import Rule, Target
from gateway.types import (
    ANSWER_USE,
    DEFAULT_USE,
    AnswerRules,
    Effect,
    Family,
    NewData,
    OperatorUse,
    ScoreBand,
    UpstreamClass,
)
from tests.policy.reading import head, policy, problems

DENY = "effect: deny, reason: No."
MASK = "effect: mask"


def text(rule: str) -> str:
    return (
        f"{head()}classes: {{ill: [MEDICAL_RECORD, HEALTH_ID]}}\nrules:\n  - {{name: r, {rule}}}\n"
    )


def read(rule: str, operators: frozenset[str] = frozenset()) -> Rule:
    (one,) = policy(text(rule), operators=operators).rules
    return one


def test_a_rule_in_full():
    one = read(
        "when: {any_of: [ill, PERSON], all_of: [payment], at_least: {PERSON: 2, any: 5},"
        " severity: high, score: [medium, high], models: ['gpt-*'], tenants: [a, 'b?'],"
        " roles: ['*'], tags: [x], languages: [de], families: ['*'], upstream_class: external,"
        " upstreams: ['c*']},"
        " effect: mask, reason: Why., operators: {PERSON: hash}, default_operator: redact"
    )
    assert (one.name, one.effect, one.reason) == ("r", Effect.MASK, "Why.")
    when = one.when
    assert when.any_of == {
        "ill": frozenset({"MEDICAL_RECORD", "HEALTH_ID"}),
        "PERSON": frozenset({"PERSON"}),
    }
    assert when.all_of == {"payment": CLASSES["payment"]}
    assert when.at_least == {"PERSON": (frozenset({"PERSON"}), 2), "any": (None, 5)}
    assert (when.severity, when.bands) == ("high", {ScoreBand.MEDIUM, ScoreBand.HIGH})
    assert (when.models, when.tenants, when.tags) == (("gpt-*",), ("a", "b?"), ("x",))
    assert (when.roles, when.families) == (None, None)
    assert when.languages == {"de"}
    assert (when.upstream_class, when.upstreams) == (UpstreamClass.EXTERNAL, ("c*",))
    assert one.operators == {"PERSON": OperatorUse("hash")}
    assert one.default_operator == OperatorUse("redact")
    assert (one.to, one.answers) == (None, None)
    assert (one.file, one.line) == ("0.yaml", 5)
    assert [condition.key for condition in one.conditions] == [
        "any_of", "all_of", "at_least", "at_least", "severity", "tenants", "tags", "models",
        "languages",
    ]  # fmt: skip


def test_families():
    every = ", ".join(Family)
    assert read(f"{MASK}, when: {{families: [{every}]}}").when.families == frozenset(Family)
    assert read(f"{MASK}, when: {{families: [chat]}}").when.families == {Family.CHAT}
    assert read(f"{MASK}, when: {{families: [chat, '*']}}").when.families is None


@pytest.mark.parametrize(
    ("rule", "to"),
    [
        ("to: on_prem", Target(upstream_class=UpstreamClass.ON_PREM)),
        ("to: external", Target(upstream_class=UpstreamClass.EXTERNAL)),
        ("to: [a, 'b-*']", Target(upstreams=("a", "b-*"))),
        ("to: [on_prem]", Target(upstreams=("on_prem",))),
        # a pattern for everything is kept: a target of no bounds would route nowhere in particular
        ("to: ['*']", Target(upstreams=("*",))),
    ],
)
def test_routes(rule: str, to: Target):
    assert read(f"effect: route, {rule}").to == to


@pytest.mark.parametrize(
    ("rule", "names_upstreams"),
    [
        (MASK, False),
        (f"{MASK}, when: {{upstream_class: external}}", False),
        ("effect: route, to: on_prem", False),
        (f"{MASK}, when: {{upstreams: ['*']}}", False),
        (f"{MASK}, when: {{upstreams: [a]}}", True),
        ("effect: route, to: [a]", True),
    ],
)
def test_whether_upstreams_are_named(rule: str, names_upstreams: bool):
    assert policy(text(rule)).names_upstreams is names_upstreams


def test_what_is_not_said():
    one = read(MASK)
    assert (one.operators, one.default_operator, one.reason) == ({}, DEFAULT_USE, "")
    assert one.when.holds_always
    assert one.conditions == ()
    allow = read("effect: unsafe_allow, reason: Yes.")
    assert (allow.effect, allow.default_operator) == (Effect.ALLOW, OperatorUse(KEEP))


@pytest.mark.parametrize(
    ("rule", "parts"),
    [
        ("effect: deny", ["0.yaml:5: rules[0]:", "says deny needs a reason"]),
        ("effect: unsafe_allow", ["rules[0]:", "says unsafe_allow needs a reason"]),
        ("effect: allow, reason: x", ["effect: must be one of: deny, mask, route, unsafe_allow"]),
        ("effect: deni, reason: x", ["rules[0].effect: must be one of", "did you mean deny?"]),
        ("effect: route", ["rules[0]: a rule that routes needs `to`", "write to: on_prem"]),
        (
            "effect: route, to: onprem",
            ["rules[0].to: must be on_prem, external, or a list", "did you mean on_prem?"],
        ),
        ("effect: route, to: []", ["rules[0].to: must be on_prem"]),
        ("effect: route, to: ['a b']", ["rules[0].to: must be on_prem"]),
        (f"{DENY}, operators: {{A: keep}}", ["operators: has no meaning in a rule that says deny"]),
        (f"{DENY}, default_operator: hash", ["default_operator: has no meaning"]),
        (f"{DENY}, to: on_prem", ["to: has no meaning", "use effect: route"]),
        (f"{DENY}, answers: {{}}", ["answers: has no meaning"]),
        ("effect: unsafe_allow, reason: x, operators: {A: hash}", ["operators: has no meaning"]),
        ("effect: unsafe_allow, reason: x, default_operator: hash", ["default_operator: has no"]),
        ("effect: unsafe_allow, reason: x, to: [a]", ["to: has no meaning"]),
        ("effect: route, to: on_prem, operators: {A: hash}", ["operators: has no meaning"]),
        ("effect: route, to: on_prem, default_operator: hash", ["default_operator: has no"]),
        ("effect: route, to: on_prem, answers: {}", ["answers: has no meaning"]),
        (f"{MASK}, to: on_prem", ["to: has no meaning in a rule that says mask", "effect: route"]),
        (f"{MASK}, upstream_class: on_prem", ["upstream_class: unknown key"]),
        (f"{MASK}, when: {{entity_types: [A]}}", ["when.entity_types: unknown key"]),
        (f"{MASK}, when: {{any: [A]}}", ["when.any: unknown key", "did you mean any_of?"]),
        (
            f"{MASK}, when: {{any_of: [ilk]}}",
            ["any_of[0]: undefined class ilk", "did you mean ill?"],
        ),
        (
            f"{MASK}, when: {{all_of: [A, nn]}}",
            ["all_of[1]: undefined class nn", "define it under"],
        ),
        (f"{MASK}, when: {{at_least: {{ilk: 1}}}}", ["when.at_least.ilk: undefined class", "ill?"]),
        (f"{MASK}, when: {{at_least: {{A: 0}}}}", ["at_least.A: must be greater than or equal"]),
        (f"{MASK}, when: {{at_least: {{A: 1.5}}}}", ["at_least.A: must be a whole number"]),
        (f"{MASK}, when: {{at_least: {{}}}}", ["when.at_least"]),
        (f"{MASK}, when: {{any_of: []}}", ["when.any_of: must not be empty"]),
        (f"{MASK}, when: {{any_of: ['a b']}}", ["any_of[0]: must be an entity type (capitals)"]),
        (f"{MASK}, when: {{severity: hihg}}", ["severity: must be one of: low", "mean high?"]),
        (f"{MASK}, when: {{score: [hi]}}", ["when.score[0]: must be one of: low, medium, high"]),
        (f"{MASK}, when: {{models: []}}", ["when.models: must not be empty"]),
        (f"{MASK}, when: {{models: ['[a]']}}", ["when.models[0]: must be a pattern"]),
        (f"{MASK}, when: {{models: ['a**']}}", ["models[0]: must have at most eight *, and none"]),
        (f"{MASK}, when: {{models: ['{'*a' * 9}']}}", ["models[0]: must have at most eight *"]),
        (f"{MASK}, when: {{tenants: ['']}}", ["when.tenants[0]: must be a pattern"]),
        (f"{MASK}, when: {{tags: ['a b']}}", ["when.tags[0]: must be a pattern"]),
        (f"{MASK}, when: {{roles: [{'a' * 129}]}}", ["when.roles[0]: must be a pattern"]),
        (f"{MASK}, when: {{languages: [german]}}", ["when.languages[0]: "]),
        (f"{MASK}, when: {{families: [chta]}}", ["must be one of: *, chat", "mean chat?"]),
        (f"{MASK}, when: {{upstream_class: onprem}}", ["one of: on_prem, external", "on_prem?"]),
        (f"{MASK}, when: {{upstreams: []}}", ["when.upstreams: must not be empty"]),
        ("effect: deny, reason: ''", ["reason: must be one printable line"]),
        (f"effect: deny, reason: {'x' * 301}", ["reason: must be one printable line"]),
        ('effect: deny, reason: "a\\nb"', ["reason: must be one printable line"]),
        ("effect: deny, reason: 7", ["reason: must be text", "quote it"]),
    ],
)
def test_refusals(rule: str, parts: list[str]):
    found = "\n".join(problems(text(rule)))
    for part in parts:
        assert part in found


# ---- operators -----------------------------------------------------------------------------------

ILL = ("MEDICAL_RECORD", "HEALTH_ID")


@pytest.mark.parametrize(
    ("operators", "expected"),
    [
        ("PERSON: hash", {"PERSON": "hash"}),
        ("ill: redact", dict.fromkeys(ILL, "redact")),
        ("ill: redact, HEALTH_ID: keep", {"MEDICAL_RECORD": "redact", "HEALTH_ID": "keep"}),
        ("HEALTH_ID: keep, ill: redact", {"MEDICAL_RECORD": "redact", "HEALTH_ID": "keep"}),
        # two classes say one thing of a type
        ("ill: redact, health: redact", dict.fromkeys(CLASSES["health"], "redact")),
        # a type of its own settles what two classes say
        (
            "ill: hash, health: redact, HEALTH_ID: keep, MEDICAL_RECORD: fpe",
            {**dict.fromkeys(CLASSES["health"], "redact"), "HEALTH_ID": "keep",
             "MEDICAL_RECORD": "fpe"},
        ),
        ("", {}),
    ],
)  # fmt: skip
def test_the_operator_of_each_type(operators: str, expected: dict[str, str]):
    found = read(f"{MASK}, operators: {{{operators}}}").operators
    assert {name: use.name for name, use in found.items()} == expected


def test_two_classes_must_not_contradict_each_other():
    found = problems(text(f"{MASK}, operators: {{ill: hash, health: redact}}"))
    assert len(found) == len(ILL)
    for one in ILL:
        assert any(f"{one} has another operator as a member of ill" in line for line in found)
    assert all("operators.health: " in line for line in found)
    assert all("an entry of its own" in line for line in found)


def test_options_must_not_contradict_each_other_either():
    dates = "{operator: generalise, to: %s}"
    rule = f"{MASK}, operators: {{ill: {dates % 'year'}, health: {dates % 'month'}}}"
    assert len(problems(text(rule))) == len(ILL)
    assert read(rule.replace("month", "year")).operators["HEALTH_ID"].option("to") == ("year",)


@pytest.mark.parametrize(
    ("use", "expected"),
    [
        ("hash", OperatorUse("hash")),
        ("{operator: hash}", OperatorUse("hash")),
        ("{operator: generalise, to: month}", OperatorUse("generalise", (("to", ("month",)),))),
        ("{to: [month], operator: generalise}", OperatorUse("generalise", (("to", ("month",)),))),
        ("{operator: fpe, scope: tenant}", OperatorUse("fpe", (("scope", ("tenant",)),))),
        # the order of words does not matter
        (
            "{operator: surrogate, keep: [locale, format]}",
            OperatorUse("surrogate", (("keep", ("format", "locale")),)),
        ),
        ("{operator: surrogate, keep: gender}", OperatorUse("surrogate", (("keep", ("gender",)),))),
    ],
)
def test_an_operator_with_its_options(use: str, expected: OperatorUse):
    one = read(f"{MASK}, operators: {{A: {use}}}, default_operator: {use}")
    assert (one.operators["A"], one.default_operator) == (expected, expected)


@pytest.mark.parametrize(
    ("entity_type", "words"),
    [
        ("AGE", "20_years, 10_years, 5_years"),
        ("DATE_TIME", "decade, year, quarter, month"),
        ("PERSON", ", ".join(OPERATOR_KINDS["generalise"].options["to"])),
    ],
)
def test_a_word_is_one_of_those_of_its_type(entity_type: str, words: str):
    use = f"{{{entity_type}: {{operator: generalise, to: week}}}}"
    (found,) = problems(text(f"{MASK}, operators: {use}"))
    assert found.endswith(f"operators.{entity_type}.to: must be one of: {words}")


@pytest.mark.parametrize(
    ("use", "key", "parts"),
    [
        ("replase", "", ["unknown operator; known: ", "did you mean replace?"]),
        ("''", "", ["unknown operator"]),
        ("{}", "", ["unknown operator"]),
        ("{to: month}", "", ["unknown operator"]),
        ("{operator: [hash]}", "", ["unknown operator"]),
        ("{operator: hash, to: month}", ".to", ["hash has no such option", "it has none"]),
        ("{operator: fpe, to: month}", ".to", ["fpe has no such option", "its options: scope"]),
        ("{operator: fpe, scope: world}", ".scope", ["must be one of: exchange, tenant"]),
        ("{operator: fpe, scope: [exchange, tenant]}", ".scope", ["takes one word"]),
        ("{operator: fpe, scope: []}", ".scope", ["takes one word"]),
        ("{operator: generalise, to: [year, decade]}", ".to", ["takes one word"]),
        ("{operator: surrogate, keep: [format, name]}", ".keep", ["must be one of: format"]),
        ("{operator: fpe, scope: 7}", "", ["must be an operator, or a mapping of `operator`"]),
        ("7", "", ["must be an operator, or a mapping of `operator`"]),
        ("[hash]", "", ["must be an operator, or a mapping of `operator`"]),
    ],
)
@pytest.mark.parametrize("place", ["operators: {A: %s}", "default_operator: %s"])
def test_operators_that_are_refused(use: str, key: str, parts: list[str], place: str):
    found = "\n".join(problems(text(f"{MASK}, {place % use}")))
    assert f"rules[0].{place.partition(':')[0]}{'.A' if 'A' in place else ''}{key}" in found
    for part in parts:
        assert part in found


def test_keep_must_name_its_types():
    (found,) = problems(text(f"{MASK}, default_operator: keep"))
    assert "default_operator: keep must name its entity types" in found
    assert "unsafe_allow" in found
    assert problems(text(f"{MASK}, default_operator: {{operator: keep}}"))
    assert read(f"{MASK}, operators: {{AGE: keep, ill: keep}}").operators["AGE"].name == KEEP


@pytest.mark.parametrize("key", ["a", "'A B'", "undefined"])
def test_what_has_an_operator_is_a_type_or_a_known_class(key: str):
    assert (
        f"operators.{key}".replace("'", "")
        in problems(text(f"{MASK}, operators: {{{key}: hash}}"))[0]
    )


def test_user_operators_go_by_name():
    rule = f"{MASK}, operators: {{PERSON: rot13}}"
    found = read(rule, operators=frozenset({"rot13"}))
    assert found.operators == {"PERSON": OperatorUse("rot13")}
    (told,) = problems(text(rule))
    assert "rules[0].operators.PERSON: unknown operator" in told
    (told,) = problems(
        text(rule.replace("rot13", "{operator: rot13, by: x}")), operators=frozenset({"rot13"})
    )
    assert "operators.PERSON.by: rot13 has no such option" in told


# ---- answers -------------------------------------------------------------------------------------

ONE_WAY = [name for name, kind in OPERATOR_KINDS.items() if not kind.returns or name == KEEP]


def test_answers_in_full():
    one = read(
        f"{MASK}, answers: {{new_data: mask, operators: {{ill: hash, AGE: keep}},"
        " default_operator: {operator: generalise, to: year}, hosts: [CRM.Example.com:8443],"
        " tools: ['send_*'], paths: {send_mail: [/to, /items/*/name]},"
        " thinking: restored, cached_tokens: hidden}"
    )
    assert one.answers == AnswerRules(
        new_data=NewData.MASK,
        operators={**dict.fromkeys(ILL, OperatorUse("hash")), "AGE": OperatorUse(KEEP)},
        default_operator=OperatorUse("generalise", (("to", ("year",)),)),
        hosts=("crm.example.com:8443",),
        tools=("send_*",),
        paths={"send_mail": ("/to", "/items/*/name")},
        restores_thinking=True,
        hides_cached=True,
    )


def test_answers_of_which_little_is_said():
    assert read(f"{MASK}, answers: {{}}").answers == AnswerRules()
    found = read(f"{MASK}, answers: {{new_data: mask, tools: [], hosts: []}}").answers
    assert found == AnswerRules(new_data=NewData.MASK, tools=())
    assert found.default_operator == ANSWER_USE
    allow = read("effect: unsafe_allow, reason: Yes., answers: {new_data: flag}").answers
    assert allow == AnswerRules(new_data=NewData.FLAG)
    assert read(f"{MASK}, answers: {{thinking: masked, cached_tokens: shown}}").answers == (
        AnswerRules()
    )


@pytest.mark.parametrize("name", OPERATOR_KINDS)
@pytest.mark.parametrize("place", ["operators: {A: %s}", "default_operator: %s"])
def test_new_data_is_masked_one_way(name: str, place: str):
    rule = f"{MASK}, answers: {{new_data: mask, {place % name}}}"
    if name in ONE_WAY:
        assert read(rule).answers
    else:
        (found,) = problems(text(rule))
        assert f"{name} has no meaning for data that the model produces" in found
        assert f"rules[0].answers.{place.partition(':')[0]}" in found


@pytest.mark.parametrize(
    ("answers", "parts"),
    [
        ("new_data: msk", ["answers.new_data: must be one of: keep, flag, mask", "mean mask?"]),
        ("operators: {A: hash}", ["answers: operators have a meaning only beside new_data: mask"]),
        ("new_data: flag, default_operator: hash", ["answers: operators have a meaning only"]),
        ("hosts: ['https://a.example']", ["answers.hosts[0]: must be a host"]),
        ("hosts: ['a/b']", ["answers.hosts[0]: must be a host"]),
        ("hosts: ['*.example']", ["answers.hosts[0]: must be a host"]),
        ("hosts: ['a.example:x']", ["answers.hosts[0]: must be a host"]),
        ("tools: ['[a]']", ["answers.tools[0]: must be a pattern"]),
        ("paths: {t: []}", ["answers.paths.t: must not be empty"]),
        ("paths: {t: [to]}", ["answers.paths.t[0]: must be a JSON pointer"]),
        ("paths: {t: [/]}", ["answers.paths.t[0]: must be a JSON pointer"]),
        ("paths: {t: ['/a b']}", ["answers.paths.t[0]: must be a JSON pointer"]),
        ("paths: {'a b': [/to]}", ["answers.paths.a b: must be a pattern"]),
        ("tool: [x]", ["answers.tool: unknown key", "did you mean tools?"]),
    ],
)
def test_answers_that_are_refused(answers: str, parts: list[str]):
    for place in (text(f"{MASK}, answers: {{{answers}}}"),
                  f"{head()}answers: {{{answers}}}\nrules: [{{name: r, {MASK}}}]\n"):  # fmt: skip
        found = "\n".join(problems(place))
        for part in parts:
            assert part in found
