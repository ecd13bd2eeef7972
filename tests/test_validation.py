"""Pydantic's complaints as problems: placed, hinted, and without the value."""

from __future__ import annotations

from typing import Annotated, Literal

import pytest
from pydantic import Field

from gateway.errors import ConfigError, Problem
from gateway.strictyaml import loads
from gateway.validation import Strict, did_you_mean, validate


class Inner(Strict):
    count: int = 0
    kind: Literal["red", "green"] = "red"


class Outer(Strict):
    name: str
    inner: Inner | None = None
    many: list[Inner] = Field(default_factory=list)
    named: dict[str, Inner] = Field(default_factory=dict)
    other: Annotated[Inner | None, Field(alias="class")] = None
    ratio: Annotated[float, Field(ge=0, le=1)] = 0


def problems(text: str) -> list[Problem]:
    with pytest.raises(ConfigError) as caught:
        validate(loads(text.encode(), "f"), Outer)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    return list(caught.value.problems)


UNKNOWN = "unknown key"
KNOWN = "known keys: name, inner, many, named, class, ratio"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nmae: x\nname: y", (1, "nmae", UNKNOWN, "did you mean name?")),
        (
            "name: y\nxyz: 1",
            (2, "xyz", UNKNOWN, KNOWN),
        ),
        ("name: y\ninner: {cuont: 1}", (2, "inner.cuont", UNKNOWN, "did you mean count?")),
        ("name: y\nmany:\n- {kin: red}", (3, "many[0].kin", UNKNOWN, "did you mean kind?")),
        ("name: y\nnamed: {a: {kin: red}}", (2, "named.a.kin", UNKNOWN, "did you mean kind?")),
        ("name: y\nclass: {kin: red}", (2, "class.kin", UNKNOWN, "did you mean kind?")),
        ("many: []", (1, "", 'required key "name" is missing')),
        ("name: 7", (1, "name", "must be text", "quote it")),
        ("name: []", (1, "name", "must be text")),
        ("name: x\ninner: 7", (2, "inner", "must be a mapping of keys to values")),
        ("name: x\nmany: 7", (2, "many", "must be a list")),
        ("name: x\ninner: {count: '7'}", (2, "inner.count", "must be a whole number")),
        ("name: x\ninner: {count: true}", (2, "inner.count", "must be a whole number")),
        (
            "name: x\ninner: {kind: gren}",
            (2, "inner.kind", "must be one of: red, green", "did you mean green?"),
        ),
        ("name: x\ninner: {kind: 7}", (2, "inner.kind", "must be one of: red, green")),
        ("name: x\nratio: 2", (2, "ratio", "must be less than or equal to 1")),
    ],
)  # fmt: skip
def test_one_problem(text: str, expected: tuple):
    line, key, message, *hint = expected
    assert problems(text + "\n") == [Problem("f", line, key, message, *hint)]


def test_all_problems_in_order():
    found = problems("ratio: 3\ninner: {count: x, kind: y}\nmany: 1\n")
    assert [one.line for one in found] == [1, 1, 2, 2, 3]


def test_no_value_is_quoted():
    secret = "sk-hunter2"
    text = f"name: [{secret}]\nratio: {secret}\ninner: {secret}\nmany: [{secret}]\n"
    assert secret not in "".join(map(str, problems(text)))


def test_a_part_of_a_document():
    document = loads(b"a:\n- name: x\n- name: y\n  ratio: 9\n", "f")
    assert validate(document, Outer, ("a", 0)).name == "x"
    with pytest.raises(ConfigError) as caught:
        validate(document, Outer, ("a", 1))
    assert (caught.value.problems[0].line, caught.value.problems[0].key) == (4, "a[1].ratio")


@pytest.mark.parametrize(
    ("word", "expected"),
    [("persn", "did you mean person?"), ("PERSON", "did you mean person?"), ("zzz", "")],
)
def test_did_you_mean(word: str, expected: str):
    assert did_you_mean(word, ["person", "place"]) == expected
