"""What several policy files say together of what stands beside their rules."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gateway.policy.lint import warnings
from gateway.policy.model import (
    Embeddings,
    Handling,
    Logprobs,
    Media,
    ProviderState,
    Shadow,
    TooLong,
    UnknownFields,
    UnsupportedLanguages,
)
from gateway.policy.shape import HandlingModel
from gateway.types import AnswerRules, NewData, OperatorUse
from tests.policy.reading import REST, head, policy, problems

HEAD = head()


def rule(name: str) -> str:
    return f"rules: [{{name: {name}, effect: mask}}]\n"


# Each key with two values, and how they are read.
HANDLINGS: dict[str, tuple[tuple[str, Any], tuple[str, Any]]] = {
    "unsupported_languages": (
        ("patterns", UnsupportedLanguages.PATTERNS), ("deny", UnsupportedLanguages.DENY),
    ),
    "embeddings": (("any", Embeddings.ANY), ("on_prem_only", Embeddings.ON_PREM_ONLY)),
    "media": (("unsafe_pass", Media.PASS), ("deny", Media.DENY)),
    "unknown_fields": (("refuse", UnknownFields.REFUSE), ("drop", UnknownFields.DROP)),
    "hosted_tools": (
        ("[web_search]", frozenset({"web_search"})), ("[a, b]", frozenset({"a", "b"})),
    ),
    "logprobs": (("refuse", Logprobs.REFUSE), ("drop", Logprobs.DROP)),
    "provider_state": (
        ("unsafe_pass", ProviderState.PASS), ("on_prem_only", ProviderState.ON_PREM_ONLY),
    ),
    "too_long": (("refuse", TooLong.REFUSE), ("drop_oldest", TooLong.DROP_OLDEST)),
}  # fmt: skip


def says(name: str, key: str, value: str | None, more: str = "") -> str:
    said = "" if value is None else f"handling: {{{key}: {value}}}\n"
    return head(name) + more + said + rule(f"r-{name}")


def test_every_key_of_handling_is_tried():
    assert set(HANDLINGS) == set(HandlingModel.model_fields)
    assert policy(HEAD + REST).handling == policy(HEAD + "handling: {}\n" + REST).handling
    assert policy(HEAD + REST).handling == Handling()


@pytest.mark.parametrize("key", list(HANDLINGS))
def test_how_several_files_say_what_is_handled(key: str):
    (one, read), (other, otherwise) = HANDLINGS[key]
    default = getattr(Handling(), key)

    def handled(*texts: str | list[str]) -> Any:
        return getattr(policy(*texts).handling, key)

    assert handled(says("a", key, None)) == default
    assert handled(says("a", key, one)) == read
    # side by side
    assert handled(says("a", key, None), says("b", key, one)) == read
    assert handled(says("a", key, one), says("b", key, None)) == read
    assert handled(says("a", key, one), says("b", key, one)) == read
    (found,) = problems(says("a", key, one), says("b", key, other))
    assert found == f"1.yaml:3: handling.{key}: another file says otherwise"
    # the nearest of a chain
    chain = [says("a", key, one, "extends: b\n"), says("b", key, other)]
    assert handled(chain) == read
    assert handled([says("a", key, None, "extends: b\n"), says("b", key, other)]) == otherwise
    # chains side by side: what counts is what each says in the end
    assert handled(chain, says("c", key, one)) == read
    (found,) = problems(chain, says("c", key, other))
    assert found.startswith(f"2.yaml:3: handling.{key}: another file")


def test_the_order_of_tools_means_nothing():
    texts = [head(name) + f"handling: {{hosted_tools: {said}}}\n" + rule(name)
             for name, said in (("a", "[x, y]"), ("b", "[y, x]"))]  # fmt: skip
    assert policy(*texts).handling.hosted_tools == {"x", "y"}


ONE = "answers: {new_data: mask, default_operator: hash, hosts: [a.example], tools: [x]}\n"


def test_of_answers_the_nearest_file_that_says_a_key_holds():
    assert policy(HEAD + REST).answers == AnswerRules()

    def answers(own: str) -> AnswerRules:
        return policy([head("a") + "extends: b\n" + own, head("b") + ONE + REST]).answers

    base = policy(head("b") + ONE + REST).answers
    assert answers("") == answers("answers: {}\n") == base
    assert answers("answers: {hosts: []}\n") == replace(base, hosts=())
    redact = OperatorUse("redact")
    assert answers("answers: {default_operator: redact}\n") == replace(
        base, default_operator=redact
    )
    # what it masks with is idle then
    assert answers("answers: {new_data: flag}\n") == replace(base, new_data=NewData.FLAG)


def test_of_answers_files_side_by_side_must_agree_key_by_key():
    other = "answers: {new_data: flag}\n"
    (found,) = problems(head("a") + ONE + rule("x"), head("b") + other + rule("y"))
    assert found == "1.yaml:3: answers.new_data: another file says otherwise"
    hosts = "answers: {paths: {t: [/a]}, hosts: [a.example]}\n"
    found = policy(head("a") + ONE + rule("x"), head("b") + hosts + rule("y")).answers
    assert (found.new_data, found.paths) == (NewData.MASK, {"t": ("/a",)})
    both = "answers: {thinking: restored, cached_tokens: hidden}\n"
    found = policy(head("a") + ONE + rule("x"), head("b") + both + rule("y")).answers
    assert (found.restores_thinking, found.hides_cached) == (True, True)


@pytest.mark.parametrize(
    ("texts", "file"),
    [
        (["operators: {A: hash}", "new_data: flag"], "0.yaml"),
        (["default_operator: hash", "hosts: []"], "0.yaml"),
        (["new_data: flag", "operators: {A: hash}"], "1.yaml"),
        (["operators: {A: hash}", "new_data: mask"], ""),
        (["new_data: mask", "operators: {A: hash}"], ""),
        (["new_data: flag", "operators: {A: hash}", "new_data: mask"], ""),
    ],
)
def test_how_new_data_is_masked_is_said_where_it_is(texts: list[str], file: str):
    chain = [
        head(f"p{index}") + f"answers: {{{text}}}\n" + rule(f"r{index}")
        for index, text in enumerate(texts)
    ]
    if not file:
        assert policy(chain).rules
        return
    (found,) = problems(chain)
    assert found == f"{file}:3: answers: operators have a meaning only beside new_data: mask"


def test_severities_are_said_one_by_one():
    chain = [
        head("a") + "extends: b\nseverity: {A: low}\n",
        head("b") + "severity: {A: high, B: high}\n" + REST,
    ]
    assert policy(chain).severities == {"A": "low", "B": "high"}
    beside = head("c") + "severity: {%s}\n" + rule("c")
    assert policy(chain, beside % "A: low, C: low").severities["C"] == "low"
    (found,) = problems(chain, beside % "A: high")
    assert found == "2.yaml:3: severity.A: another file gives this type another severity"
    with_rule = head("a") + (
        "severity: {ZIP_CODE: critical}\n"
        "rules: [{name: r, effect: deny, reason: No., when: {severity: critical}}]\n"
    )
    assert policy(with_rule).rules[0].conditions[0].key == "severity"


SHADOW, ANYWHERE = "shadow: true\n", "unsafe_shadow_external: true\n"


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ([""], Shadow.OFF),
        (["shadow: false\n"], Shadow.OFF),
        ([SHADOW], Shadow.ON_PREM),
        ([SHADOW + "unsafe_shadow_external: false\n"], Shadow.ON_PREM),
        ([SHADOW + ANYWHERE], Shadow.EVERYWHERE),
        (["", SHADOW], Shadow.ON_PREM),
        (["shadow: false\n", SHADOW], Shadow.OFF),
        ([SHADOW, ""], Shadow.ON_PREM),
        ([ANYWHERE, SHADOW], Shadow.EVERYWHERE),
    ],
)
def test_shadow(texts: list[str], expected: Shadow):
    last = len(texts) - 1
    chain = [
        head(f"p{index}") + text + (REST if index == last else "extends: x\n")
        for index, text in enumerate(texts)
    ]
    assert policy(chain).shadow is expected


@pytest.mark.parametrize("other", ["", "shadow: false\n"])
def test_a_file_beside_one_that_enforces_cannot_be_in_shadow(other: str):
    live, shadow = head("a") + other + rule("x"), head("b") + SHADOW + rule("y")
    hint = "\n    hint: say it in {}.yaml, too, or take it away here"
    said = "{}.yaml:3: shadow: another file does not say so"
    assert problems(live, shadow) == [said.format(1) + hint.format(0)]
    assert problems(shadow, live) == [said.format(0) + hint.format(1)]
    chain = [head("c") + "extends: d\n" + rule("c"), head("d") + SHADOW + rule("d")]
    assert problems(chain, live) == [said.format(1) + hint.format(2)]
    assert policy(chain, shadow).shadow is Shadow.ON_PREM


def test_plain_text_for_others_is_said_in_each_file():
    texts = [head("a") + SHADOW + rule("x"), head("b") + SHADOW + ANYWHERE + rule("y")]
    (found,) = problems(*texts)
    assert found.startswith("1.yaml:4: unsafe_shadow_external: another file does not say so")
    texts[0] = head("a") + SHADOW + ANYWHERE + rule("x")
    assert policy(*texts).shadow is Shadow.EVERYWHERE


def test_the_warning_of_a_shadow_names_the_file_that_says_it():
    chain = [head("c") + "extends: d\n" + rule("c"), head("d") + rule("d") + SHADOW]
    (found,) = warnings(policy(chain))
    assert str(found) == "1.yaml:4: shadow: nothing is denied or masked, on the premises"
