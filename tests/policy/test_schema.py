"""Policy files: what is refused, and what several files say together."""

from __future__ import annotations

from hashlib import sha256

import pytest

from gateway.errors import ConfigError
from gateway.policy.schema import Policy, parse, warnings
from gateway.strictyaml import loads
from gateway.types import Effect, UpstreamClass

HEAD = "version: 1\nid: a\n"
REST = "rules: [{name: rest, effect: mask}]\n"


def policy(*texts: str, operators: frozenset[str] = frozenset()) -> Policy:
    documents = [loads(text.encode(), f"{index}.yaml") for index, text in enumerate(texts)]
    return parse(documents, operators)


def problems(*texts: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        policy(*texts)
    return [str(one) for one in caught.value.problems]


def rule(text: str) -> str:
    return f"{HEAD}classes: {{health: [MEDICAL_RECORD]}}\nrules:\n  - {{name: r, {text}}}\n"


def test_a_rule_in_full():
    found = policy(
        rule(
            "when: {classes: [health], entity_types: [PERSON], models: [gpt-*], tenants: [a, 'b?'],"
            " roles: ['*'], families: ['*'], upstream_class: external}, effect: mask,"
            " operators: {PERSON: hash}, default_operator: redact, upstream_class: on_prem"
        )
    )
    (one,) = found.rules
    assert (one.name, one.effect, one.upstream_class) == ("r", Effect.MASK, UpstreamClass.ON_PREM)
    assert one.when.class_types == {"MEDICAL_RECORD"}
    assert one.when.models == ("gpt-*",)
    assert one.when.tenants == ("a", "b?")
    assert one.when.roles is None
    assert one.when.families is None
    assert one.when.upstream_class is UpstreamClass.EXTERNAL
    assert (one.operators, one.default_operator) == ({"PERSON": "hash"}, "redact")
    assert (one.file, one.line) == ("0.yaml", 5)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("effect: deny", ["0.yaml:5: rules[0]:", "needs a reason"]),
        ("effect: allow", ["rules[0]:", "needs a reason"]),
        ("effect: deni, reason: x", ["effect: must be one of: deny, mask, allow", "mean deny?"]),
        ("effect: mask, reasn: x", ["reasn: unknown key", "did you mean reason?"]),
        ("effect: mask, when: {entity_type: [A]}", ["unknown key", "did you mean entity_types?"]),
        ("effect: mask, when: {classes: [helth]}", ["undefined class", "did you mean health?"]),
        ("effect: mask, when: {models: []}", ["when.models: must not be empty"]),
        ("effect: mask, when: {models: ['[a]']}", ["when.models[0]: must be a pattern"]),
        ("effect: mask, when: {tenants: ['']}", ["when.tenants[0]: must be a pattern"]),
        ("effect: mask, when: {entity_types: [person]}", ["must be an entity type"]),
        ("effect: mask, when: {families: [chta]}", ["must be one of: *, chat", "mean chat?"]),
        ("effect: mask, when: {upstream_class: onprem}", ["one of: on_prem, external", "on_prem?"]),
        ("effect: mask, operators: {A: replase}", ["operators.A: unknown operator", "replace?"]),
        ("effect: mask, operators: {a: replace}", ["operators.a: must be an entity type"]),
        ("effect: mask, default_operator: keep", ["default_operator: keep must name"]),
        ("effect: mask, default_operator: x", ["default_operator: unknown operator"]),
        ("effect: deny, reason: x, operators: {A: keep}", ["operators: has no meaning"]),
        ("effect: allow, reason: x, default_operator: hash", ["default_operator: has no meaning"]),
        ("effect: deny, reason: x, upstream_class: on_prem", ["upstream_class: has no meaning"]),
        ("effect: deny, reason: ''", ["reason: must be one printable line"]),
        ("effect: deny, reason: 7", ["reason: must be text", "quote it"]),
    ],
)
def test_refusals(text: str, parts: list[str]):
    (found,) = problems(rule(text))
    for part in parts:
        assert part in found


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("version: 2\nid: a\n" + REST, "version: must be one of: 1"),
        ("id: a\n" + REST, 'required key "version" is missing'),
        ("version: 1\n" + REST, 'required key "id" is missing'),
        ("version: 1\nid: a b\n" + REST, "id: must be a name"),
        (HEAD, 'required key "rules" is missing'),
        (HEAD + "rules: []\n", "rules: there must be at least one rule"),
        (HEAD + "rules: [7]\n", "rules[0]: must be a mapping"),
        (HEAD + "rules: [{effect: mask}]\n", 'required key "name" is missing'),
        (HEAD + "classes: {a: []}\n" + REST, "classes.a: must not be empty"),
        ("[]\n", "must be a mapping"),
    ],
)
def test_refused_files(text: str, part: str):
    (found,) = problems(text)
    assert part in found


def test_every_problem_of_every_file_is_told():
    one = rule("effect: deny, when: {models: []}") + "  - {name: q, effect: none}\n"
    two = HEAD + "rules: [{name: x, effect: deny}, {name: x, effect: mask}]\n"
    found = problems(one, two)
    assert [text.partition(":")[0] for text in found] == ["0.yaml"] * 2 + ["1.yaml"] * 2


def test_files_are_read_together():
    one = (
        HEAD + "classes: {c: [A], d: [B]}\nrules: [{name: x, effect: mask, when: {classes: [e]}}]\n"
    )
    two = "version: 1\nid: b\nclasses: {c: [A], e: [C]}\nrules: [{name: y, effect: mask}]\n"
    found = policy(one, two)
    assert found.id == "a+b"
    assert [one.name for one in found.rules] == ["x", "y"]
    assert found.rules[0].when.class_types == {"C"}
    assert set(found.classes) == {"c", "d", "e"}


def test_files_must_not_contradict_each_other():
    one = HEAD + "classes: {c: [A]}\nrules: [{name: x, effect: mask}]\n"
    two = HEAD + "classes: {c: [A, B]}\nrules: [{name: x, effect: mask}]\n"
    found = problems(one, two)
    assert len(found) == 2
    assert "classes.c: another file gives this class other members" in found[0]
    assert "duplicate rule name, first at 0.yaml:4" in found[1]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ((None,), "on_prem_only"),
        (("patterns",), "patterns"),
        ((None, "patterns"), "patterns"),
        (("on_prem_only", None), "on_prem_only"),
        (("patterns", "patterns"), "patterns"),
    ],
)
def test_what_becomes_of_unsupported_languages(said: tuple[str | None, ...], expected: str):
    texts = [
        f"version: 1\nid: a\n{f'unsupported_languages: {one}' if one else ''}\n"
        f"rules: [{{name: r{index}, effect: mask}}]\n"
        for index, one in enumerate(said)
    ]
    assert policy(*texts).unsupported_languages == expected


def test_files_must_agree_on_unsupported_languages():
    rest = "rules: [{name: %s, effect: mask}]\n"
    one = HEAD + "unsupported_languages: patterns\n" + rest % "x"
    two = HEAD + "unsupported_languages: on_prem_only\n" + rest % "y"
    found = problems(one, two)
    assert "unsupported_languages: another file says otherwise" in found[0]
    assert "unsupported_languages" in problems(HEAD + "unsupported_languages: send\n" + REST)[0]


def test_a_class_may_stand_in_a_file_that_is_wrong():
    one = HEAD + "rules: [{name: x, effect: mask, when: {classes: [c]}}]\n"
    two = HEAD + "classes: {c: [A]}\nrules: [{name: y}]\n"
    (found,) = problems(one, two)
    assert '"effect" is missing' in found


def test_joined_ids_have_a_bound():
    long = "version: 1\nid: {}\nrules: [{{name: {}, effect: mask}}]\n"
    (found,) = problems(*(long.format(letter * 64, letter) for letter in "ab"))
    assert "exceed 128 characters" in found


def test_no_file_is_no_policy():
    with pytest.raises(ConfigError):
        parse([])


def test_the_digest_is_over_lengths_and_bytes():
    one, two = HEAD + REST, "version: 1\nid: b\nrules: [{name: q, effect: mask}]\n"
    framed = b"".join(len(text).to_bytes(8, "big") + text.encode() for text in (one, two))
    assert policy(one, two).digest == sha256(framed).hexdigest()
    assert policy(two, one).digest != policy(one, two).digest
    assert policy(one + "#\n").digest != policy(one).digest


def test_user_operators_go_by_name():
    text = rule("effect: mask, operators: {PERSON: rot13}")
    assert policy(text, operators=frozenset({"rot13"})).rules[0].operators == {"PERSON": "rot13"}
    with pytest.raises(ConfigError):
        policy(text)


def test_warnings():
    text = (
        HEAD
        + """\
classes: {c: [PERSN, PERSON]}
rules:
  - {name: a, effect: allow, reason: x, when: {classes: [c]}, upstream_class: on_prem}
  - {name: b, effect: mask, when: {upstream_class: external}, operators: {EMAIL: hash}}
  - {name: c, effect: mask, when: {upstream_class: external, models: [x]}}
  - {name: d, effect: mask, when: {models: ["*"], upstream_class: on_prem}}
  - {name: e, effect: mask}
"""
    )
    found = [(one.line, one.key, one.message, one.hint) for one in warnings(policy(text))]
    assert found == [
        (5, "a", "sends text unmasked, to on_prem upstreams", ""),
        (7, "c", "unreachable: a rule before it matches everything", ""),
        (9, "e", "unreachable: a rule before it matches everything", ""),
    ]
    known = frozenset({"PERSON", "EMAIL_ADDRESS"})
    more = {(one.key, one.message, one.hint) for one in warnings(policy(text), known)}
    assert ("a", "unknown entity type PERSN", "did you mean PERSON?") in more
    assert ("b", "unknown entity type EMAIL", "") in more
    assert not any("type PERSON" in one[1] for one in more)
