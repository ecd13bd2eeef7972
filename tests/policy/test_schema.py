"""Policy files: what is refused, and how files are read together."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

import pytest
from pydantic import BaseModel

from gateway.errors import ConfigError
from gateway.policy.schema import parse
from gateway.policy.shape import (
    MAX_RULES,
    AnswersModel,
    HandlingModel,
    PolicyModel,
    RuleModel,
    WhenModel,
    json_schema,
)
from gateway.strictyaml import MAX_BYTES, loads
from tests.policy.reading import REST, head, policy, problems

HEAD = head()


def rule(name: str) -> str:
    return f"rules: [{{name: {name}, effect: mask}}]\n"


# ---- the shape of one file -----------------------------------------------------------------------

SHAPES: dict[tuple[str | int, ...], type[BaseModel]] = {
    (): PolicyModel,
    ("handling",): HandlingModel,
    ("answers",): AnswersModel,
    ("rules", 0): RuleModel,
    ("rules", 0, "when"): WhenModel,
    ("rules", 0, "answers"): AnswersModel,
}


def whole() -> dict[str, Any]:
    return {
        "version": 1,
        "id": "a",
        "handling": {},
        "answers": {},
        "rules": [{"name": "r", "effect": "mask", "when": {}, "answers": {}}],
    }


def at(data: Any, path: tuple[str | int, ...]) -> Any:
    for part in path:
        data = data[part]
    return data


WRONG: list[Any] = [1.5, "a b", [[]], {"a b": 1.5}, [1.5]]
KEYS = [(path, key) for path, model in SHAPES.items() for key in model.model_fields]


def dotted(path: tuple[str | int, ...], key: str) -> str:
    return ".".join(map(str, (*path, key))).replace(".0", "[0]")


@pytest.mark.parametrize(
    ("path", "key", "value"),
    [
        (path, key, value)
        for path, key in KEYS
        for value in WRONG
        if value != "a b" or key not in ("reason", "extends")  # these may be any text
    ],
)
def test_every_key_refuses_what_is_none_of_its_kind(
    path: tuple[str | int, ...], key: str, value: Any
):
    data = whole()
    at(data, path)[key] = value
    found = problems(json.dumps(data))
    assert any(dotted(path, key) in one for one in found), found
    for one in found:
        place, _, message = one.partition(" ")[2].partition(": ")
        assert place.startswith(dotted(path, key)) or dotted(path, key).startswith(place), one
        assert "[str" not in place, one
        assert "a b" not in message, one  # a value is never told


@pytest.mark.parametrize(("path", "key"), KEYS)
def test_every_key_that_is_written_wrongly_is_hinted_at(path: tuple[str | int, ...], key: str):
    data = whole()
    at(data, path)[f"{key}z"] = 1
    (found,) = problems(json.dumps(data))
    assert f"{dotted(path, key)}z: unknown key" in found
    assert f"did you mean {key}?" in found


@pytest.mark.parametrize("path", list(SHAPES))
def test_a_key_that_is_like_no_other_is_refused(path: tuple[str | int, ...]):
    data = whole()
    at(data, path)["qqqq"] = 1
    (found,) = problems(json.dumps(data))
    assert "unknown key" in found
    assert f"known keys: {', '.join(SHAPES[path].model_fields)}" in found


@pytest.mark.parametrize(("path", "key"), KEYS)
def test_no_key_stands_twice(path: tuple[str | int, ...], key: str):
    data = whole()
    at(data, path)["TWICE"] = at(data, path).pop(key, 1)
    text = json.dumps(data)
    value = json.dumps(at(data, path)["TWICE"])
    text = text.replace(f'"TWICE": {value}', f'"{key}": {value}, "{key}": {value}')
    with pytest.raises(ConfigError, match="duplicate key"):
        loads(text.encode(), "a.yaml")


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("version: 2\nid: a\n" + REST, "version: must be one of: 1"),
        ("version: '1'\nid: a\n" + REST, "version: must be one of: 1"),
        ("id: a\n" + REST, 'required key "version" is missing'),
        ("version: 1\n" + REST, 'required key "id" is missing'),
        ("version: 1\nid: a b\n" + REST, "id: must be a name"),
        (f"version: 1\nid: {'a' * 65}\n" + REST, "id: must be a name"),
        ("version: 1\nid: -a\n" + REST, "id: must be a name"),
        (HEAD, "there are no rules"),
        (HEAD + "rules: null\n", "there are no rules"),
        (HEAD + "rules: []\n", "rules: there must be at least one rule"),
        (HEAD + "extends: b\nrules: []\n", "rules: there must be at least one rule"),
        (HEAD + "rules: {}\n", "rules: must be a list"),
        (HEAD + "rules: [7]\n", "rules[0]: must be a mapping"),
        (HEAD + "rules: [{effect: mask}]\n", 'required key "name" is missing'),
        (HEAD + "rules: [{name: r}]\n", 'required key "effect" is missing'),
        (HEAD + "severity: {A: grave}\n" + REST, "severity.A: must be one of: low, medium"),
        (HEAD + "severity: {people: low}\n" + REST, "severity.people: must be an entity type"),
        (HEAD + "shadow: 1\n" + REST, "shadow: must be true or false"),
        (HEAD + "unsafe_shadow_external: true\n" + REST, "has a meaning only beside shadow: true"),
        (
            HEAD + "shadow: false\nunsafe_shadow_external: true\n" + REST,
            "has a meaning only beside shadow: true",
        ),
        (HEAD + "handling: {hosted_tools: [Web]}\n" + REST, "hosted_tools[0]: must be a word"),
        (HEAD + "handling: {media: pass}\n" + REST, "media: must be one of: on_prem_only, deny"),
        (HEAD + "unsupported_languages: patterns\n" + REST, "unsupported_languages: unknown key"),
        ("[]\n", "must be a mapping"),
        ("", "the file is empty"),
        ("7\n", "must be a mapping"),
    ],
)
def test_refused_files(text: str, part: str):
    (found,) = problems(text)
    assert part in found


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (f"{HEAD}rules: &all [{{name: r, effect: mask}}]\n", "anchor"),
        (f"{HEAD}rules: [{{name: r, <<: {{effect: mask}}}}]\n", "merge"),
        (f"{HEAD}rules: !!python/object [{{name: r, effect: mask}}]\n", "tag"),
        ("a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n", "anchor"),
        (f"{HEAD}classes: {{c: {'[' * 40}{']' * 40}}}\n{REST}", "nested deeper"),
        (f"{HEAD}{REST}---\n{HEAD}{REST}", "document"),
        (f"{HEAD}{REST}#{'x' * MAX_BYTES}", "larger than"),
        (f"{HEAD}id: b\n{REST}", "duplicate key"),
    ],
)
def test_a_file_is_plain_data(content: str, message: str):
    with pytest.raises(ConfigError) as caught:
        loads(content.encode(), "a.yaml")
    assert any(message in one.message for one in caught.value.problems), caught.value.problems


def test_so_many_rules_and_no_more():
    def text(count: int) -> str:
        rules = [{"name": f"r{index}", "effect": "mask"} for index in range(count)]
        return json.dumps({"version": 1, "id": "a", "rules": rules})

    assert len(policy(text(MAX_RULES)).rules) == MAX_RULES
    (found,) = problems(text(MAX_RULES + 1))
    assert "rules: " in found


def test_the_schema_for_editors_knows_every_key():
    schema = json_schema()
    assert set(schema["properties"]) == set(PolicyModel.model_fields)
    for model in (RuleModel, WhenModel, HandlingModel, AnswersModel):
        assert set(schema["$defs"][model.__name__]["properties"]) == set(model.model_fields)
        assert schema["$defs"][model.__name__]["additionalProperties"] is False


# ---- several files -------------------------------------------------------------------------------


def test_every_problem_of_every_file_is_told():
    one = HEAD + "rules: [{name: p, effect: deny, when: {models: []}}, {name: q, effect: none}]\n"
    two = head("b") + "rules: [{name: x, effect: deny}, {name: x, effect: mask}]\n"
    found = problems(one, two)
    assert [text.partition(":")[0] for text in found] == ["0.yaml"] * 2 + ["1.yaml"] * 2


def test_files_are_read_together():
    found = policy(HEAD + rule("x"), head("b") + rule("y"))
    assert found.id == "a+b"
    assert [one.name for one in found.rules] == ["x", "y"]


def test_no_id_and_no_rule_stands_twice():
    (found,) = problems(HEAD + rule("x"), HEAD + rule("y"))
    assert found == (
        "1.yaml:2: id: two policies have this id, also at 0.yaml:2\n"
        "    hint: a is the id of 0.yaml: rename yours"
    )
    (found,) = problems(HEAD + rule("x"), head("b") + rule("x"))
    assert found == (
        "1.yaml:3: rules[0].name: duplicate rule name, also at 0.yaml:3\n"
        "    hint: x is a rule of 0.yaml: rename yours"
    )
    (found,) = problems(HEAD + "rules: [{name: x, effect: mask}, {name: x, effect: mask}]\n")
    assert "rules[1].name: duplicate rule name, first at 0.yaml:3" in found


def test_what_clashes_with_an_extended_file_is_told_where_that_is_extended():
    (found,) = problems([HEAD + "extends: b\n", HEAD + rule("y")])
    assert found == (
        "0.yaml:2: id: two policies have this id, also at 1.yaml:2\n"
        "    hint: a is the id of 1.yaml: rename yours"
    )
    (found,) = problems([HEAD + "extends: b\n" + rule("x"), head("b") + rule("x")])
    assert found == (
        "0.yaml:4: rules[0].name: duplicate rule name, also at 1.yaml:3\n"
        "    hint: x is a rule of 1.yaml: rename yours"
    )


def test_joined_ids_have_a_bound():
    longest = [head(letter * 64) + rule(letter) for letter in "ab"]
    (found,) = problems(*longest)
    assert "exceed 128 characters" in found
    assert len(policy(longest[0], head("b" * 63) + rule("b")).id) == 128
    # what is extended is not in the id
    assert policy([longest[0], longest[1]]).id == "a" * 64


def test_no_file_is_no_policy():
    with pytest.raises(ConfigError, match="there is no policy file"):
        parse([])


def test_the_digest_is_over_lengths_and_bytes():
    one, two = HEAD + REST, head("b") + rule("q")
    framed = b"".join(len(text).to_bytes(8, "big") + text.encode() for text in (one, two))
    assert policy(one, two).digest == sha256(framed).hexdigest()
    assert policy([one, two]).digest == policy(one, two).digest
    assert policy(two, one).digest != policy(one, two).digest
    assert policy(one + "#\n").digest != policy(one).digest
