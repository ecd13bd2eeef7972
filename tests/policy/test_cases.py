"""Cases of a policy: how they are read, and that every expectation can fail."""

from __future__ import annotations

import pytest

from gateway import strictyaml
from gateway.errors import ConfigError
from gateway.policy.answers import described
from gateway.policy.cases import Case, CaseResult, parse_cases, run_cases
from gateway.policy.schema import parse
from gateway.types import Candidate, Effect, Family, OperatorUse, RequestFacts, UpstreamClass

POLICY = b"""\
version: 1
id: p
rules:
  - name: stop
    when: {any_of: [SECRET], upstream_class: external}
    effect: deny
    reason: Stop.
  - {name: home, when: {at_least: {PERSON: 3}}, effect: route, to: on_prem}
  - name: trusted
    when: {tags: [trusted], tenants: [acme], roles: [admin], models: [m]}
    effect: unsafe_allow
    reason: Trusted.
  - name: rest
    when: {any_of: [PERSON]}
    effect: mask
    operators: {PERSON: hash, AGE: {operator: generalise, to: 5_years}}
"""


def parsed(text: str) -> tuple[Case, ...]:
    return parse_cases(strictyaml.loads(text.encode(), "c.yaml"))


def run(text: str, policy: bytes = POLICY) -> CaseResult:
    (result,) = run_cases(parse([strictyaml.loads(policy, "p.yaml")]), parsed(text))
    return result


GIVEN = "given: {entity_types: [PERSON]}"


@pytest.mark.parametrize(
    ("case", "failures"),
    [
        (f"{GIVEN}, expect: {{effect: mask}}", ()),
        (f"{GIVEN}, expect: {{effect: deny}}", ("effect is mask, not deny",)),
        (f"{GIVEN}, expect: {{effect: mask, rule: rest}}", ()),
        (f"{GIVEN}, expect: {{effect: mask, rule: stop}}", ("rule is rest, not stop",)),
        (f"{GIVEN}, expect: {{effect: mask, rule: null}}", ("rule is rest, not none",)),
        ("given: {}, expect: {effect: mask, rule: rest}", ("rule is none, not rest",)),
        ("given: {}, expect: {effect: mask, rule: null, upstream_class: external}", ()),
        (
            f"{GIVEN}, expect: {{effect: mask, upstream_class: on_prem}}",
            ("upstream_class is external, not on_prem",),
        ),
        # operators, by name or with options
        (
            f"{GIVEN}, expect: {{effect: mask, operators: {{PERSON: keep, X: replace}}}}",
            ("operator for PERSON is hash, not keep",),
        ),
        (f"{GIVEN}, expect: {{effect: mask, operators: {{AGE: generalise}}}}", ()),
        (
            f"{GIVEN}, expect: {{effect: mask, operators: {{AGE: {{operator: generalise,"
            " to: 5_years}}}",
            (),
        ),
        (
            f"{GIVEN}, expect: {{effect: mask, operators: {{AGE: {{operator: generalise,"
            " to: 10_years}}}",
            ("operator for AGE is generalise (to: 5_years), not generalise (to: 10_years)",),
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
        # upstreams by name
        (
            "given: {upstreams: [{eu: external}, {us: external}]},"
            " expect: {effect: mask, upstreams: [eu, us]}",
            (),
        ),
        (
            "given: {upstreams: [{eu: external}]}, expect: {effect: mask, upstreams: [us]}",
            ("upstreams are eu, not us",),
        ),
        (
            "given: {entity_types: [SECRET], upstreams: [{eu: external}]},"
            " expect: {effect: deny, upstreams: [eu]}",
            ("upstreams are none, not eu",),
        ),
        (
            "given: {upstreams: [{eu: external}]}, expect: {effect: mask, upstreams: []}",
            ("upstreams are eu, not none",),
        ),
        # counts, and any of the rules that matched
        ("given: {counts: {PERSON: 3}}, expect: {effect: mask, rule: home}", ()),
        ("given: {counts: {PERSON: 3}}, expect: {effect: mask, rule: rest}", ()),
        ("given: {counts: {PERSON: [1, 1, 1]}}, expect: {effect: mask, rule: home}", ()),
        (
            "given: {counts: {PERSON: 2}}, expect: {effect: mask, rule: home}",
            ("rule is rest, not home",),
        ),
        (
            "given: {counts: {PERSON: 3}}, expect: {effect: mask, rule: stop}",
            ("rule is home, rest, not stop",),
        ),
        # who asks
        (
            "given: {tags: [trusted], tenant: acme, roles: [admin], model: m, family: chat},"
            " expect: {effect: unsafe_allow, rule: trusted}",
            (),
        ),
        (
            "given: {tags: [trusted], tenant: acme, roles: [admin]}, expect: {effect: mask}",
            (),
        ),
        # limits
        ("given: {languages: [de, pt]}, expect: {effect: mask, upstream_class: external}", ()),
        (
            "given: {languages: [de, fi]}, expect: {effect: mask, upstream_class: on_prem,"
            " reason_code: unsupported_language}",
            (),
        ),
        (
            "given: {languages: [fi], upstreams: [external]}, expect: {effect: mask}",
            ("effect is deny, not mask",),
        ),
        (
            "given: {has_media: true}, expect: {effect: mask, reason_code: hosted_tool}",
            ("reason_code is media, not hosted_tool",),
        ),
        (
            "given: {}, expect: {effect: mask, reason_code: media}",
            ("reason_code is none, not media",),
        ),
        (
            "given: {hosted_tools: [web_search], upstreams: [external]},"
            " expect: {effect: deny, reason_code: hosted_tool}",
            (),
        ),
        ("given: {has_unknown_fields: true}, expect: {effect: mask, reason_code: ''}", ()),
    ],
)
def test_a_case_can_fail(case: str, failures: tuple[str, ...]):
    result = run(f"- {{name: x, {case}}}\n")
    assert result.failures == failures
    assert result.passed is (not failures)


def test_a_case_in_full():
    (case,) = parsed(
        "- name: x\n  given: {entity_types: [A], counts: {A: 2, B: [1, 0, 3]}, model: m,"
        " tenant: t, roles: [r], tags: [g], family: '*', has_media: true,"
        " has_unknown_fields: true, hosted_tools: [h], languages: [en, fi],"
        " upstreams: [on_prem, {eu: external}]}\n"
        "  expect: {effect: deny, rule: null, reason_code: media}\n"
    )
    assert case.facts == RequestFacts(
        tenant="t", family=Family.CHAT, model="m", entities={"A": (0, 0, 2), "B": (1, 0, 3)},
        roles=frozenset({"r"}), tags=frozenset({"g"}), languages=frozenset({"en", "fi"}),
        unsupported_languages=frozenset({"fi"}), has_media=True,
        hosted_tools=frozenset({"h"}), has_unknown_fields=True,
    )  # fmt: skip
    assert case.candidates == (
        Candidate("on_prem-0", UpstreamClass.ON_PREM),
        Candidate("eu", UpstreamClass.EXTERNAL),
    )
    assert (case.effect, case.rule, case.reason_code) == (Effect.DENY, "", "media")
    assert (case.file, case.line) == ("c.yaml", 1)


def test_what_a_case_does_not_say():
    (case,) = parsed("- {name: x, given: {}, expect: {effect: mask}}\n")
    assert case.facts == RequestFacts(tenant="some-tenant", family=Family.CHAT, model="some-model")
    assert [one.upstream_class.value for one in case.candidates] == ["external", "on_prem"]
    assert (case.rule, case.reason_code, case.upstreams, case.upstream_class) == (None,) * 4


def test_results_come_in_order():
    text = "".join(f"- {{name: {name}, given: {{}}, expect: {{effect: mask}}}}\n" for name in "bac")
    results = run_cases(parse([strictyaml.loads(POLICY, "p.yaml")]), parsed(text))
    assert [one.case.name for one in results] == ["b", "a", "c"]


def test_cases_of_a_policy_in_shadow_are_those_of_the_live_one():
    shadow = POLICY.replace(b"id: p\n", b"id: p\nshadow: true\n")
    denied = "- {name: x, given: {entity_types: [SECRET], upstreams: [external]},"
    expected = " expect: {effect: deny, rule: stop, reason_code: ''}}\n"
    outside = f"- {{name: x, {GIVEN}, expect: {{effect: mask, upstream_class: external}}}}\n"
    for text in (denied + expected, outside):
        assert run(text, shadow).failures == run(text).failures == ()


ANSWERS = (
    "answers: {new_data: mask, operators: {AGE: keep}, hosts: [a.example], tools: [a, b],"
    " paths: {b: [/x, /y]}, thinking: restored}"
)


@pytest.mark.parametrize(
    ("expected", "failures"),
    [
        ("{}", ()),
        ("{new_data: mask}", ()),
        ("{tools: [b, a]}", ()),
        ("{new_data: mask, operators: {AGE: keep, PERSON: redact}, default_operator: redact,"
         " hosts: [A.example], tools: [a, b], paths: {b: [/y, /x]}}", ()),
        ("{new_data: flag}", ("answers.new_data is mask, not flag",)),
        ("{operators: {AGE: hash}}", ("answers: operator for AGE is keep, not hash",)),
        ("{operators: {IBAN: hash}}", ("answers: operator for IBAN is redact, not hash",)),
        ("{default_operator: hash}",
         ("answers: operator for default_operator is redact, not hash",)),
        ("{hosts: []}", ("answers.hosts is a.example, not none",)),
        ("{tools: ['*']}", ("answers.tools is a, b, not *",)),
        ("{thinking: restored, cached_tokens: shown}", ()),
        ("{thinking: masked}", ("answers.thinking is restored, not masked",)),
        ("{cached_tokens: hidden}", ("answers.cached_tokens is shown, not hidden",)),
        ("{paths: {b: [/x], c: [/z]}}",
         ("answers.paths.b is /x, /y, not /x", "answers.paths.c is none, not /z")),
    ],
)  # fmt: skip
def test_what_is_expected_of_answers_can_fail(expected: str, failures: tuple[str, ...]):
    policy = POLICY.replace(b"id: p\n", b"id: p\n%s\n" % ANSWERS.encode())
    case = f"- {{name: x, {GIVEN}, expect: {{effect: mask, answers: {expected}}}}}\n"
    assert run(case, policy).failures == failures


def test_answers_of_all_tools_and_of_what_is_denied():
    expected = "answers: {tools: ['*'], new_data: keep}"
    assert run(f"- {{name: x, {GIVEN}, expect: {{effect: mask, {expected}}}}}\n").passed
    denied = "given: {entity_types: [SECRET], upstreams: [external]}"
    assert run(f"- {{name: x, {denied}, expect: {{effect: mask, {expected}}}}}\n").failures == (
        "effect is deny, not mask", "answers are none, since the request is denied",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("use", "words"),
    [
        (None, "none"),
        ("hash", "hash"),
        (OperatorUse("hash"), "hash"),
        (OperatorUse("x", (("a", ("b", "c")), ("d", ("e",)))), "x (a: b c, d: e)"),
    ],
)
def test_operators_in_words(use: OperatorUse | str | None, words: str):
    assert described(use) == words


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]\n", "there is no case"),
        ("{}\n", "must be a list"),
        ("- {name: x, given: {}}\n", 'required key "expect" is missing'),
        ("- {name: x, expect: {effect: mask}}\n", 'required key "given" is missing'),
        ("- {name: x, given: {upstream: []}, expect: {effect: mask}}\n", "did you mean upstreams?"),
        ("- {name: x, given: {upstreams: []}, expect: {effect: mask}}\n", "must not be empty"),
        ("- {name: x, given: {counts: {A: 0}}, expect: {effect: mask}}\n", "counts.A"),
        ("- {name: x, given: {counts: {A: [1, 2]}}, expect: {effect: mask}}\n", "counts.A"),
        ("- {name: x, given: {counts: {A: [1, 2, -3]}}, expect: {effect: mask}}\n", "counts.A"),
        ("- {name: x, given: {counts: {people: 1}}, expect: {effect: mask}}\n", "entity type"),
        ("- {name: x, given: {entity_types: [people]}, expect: {effect: mask}}\n", "entity type"),
        (
            "- {name: x, given: {}, expect: {effect: mask, answers: {tool: [a]}}}\n",
            "did you mean tools?",
        ),
        (
            "- {name: x, given: {}, expect: {effect: deny, answers: {tools: [a]}}}\n",
            "no operators and no answers",
        ),
        ("- {name: x, given: {}, expect: {effect: allow}}\n", "must be one of: deny, mask, unsafe"),
        ("- {name: x, given: {}, expect: {effect: route}}\n", "effect: a route decides nothing: "),
        (
            "- {name: x, given: {upstreams: {cloud: external}}, expect: {effect: mask}}\n",
            r"upstreams: must be a list such as \[{cloud: external}",
        ),
        (
            "- {name: x, given: {upstreams: [extern]}, expect: {effect: mask}}\n",
            r"upstreams\[0\]: must be external, on_prem, or .*: did you mean external\?",
        ),
        (
            "- {name: x, given: {}, expect: {effect: mask}}\n" * 2,
            r"c.yaml:2: \[1\].name: duplicate",
        ),
        (
            "- {name: x, given: {}, expect: {effect: deny, upstream_class: external}}\n",
            "what is denied has no upstream class",
        ),
        (
            "- {name: x, given: {}, expect: {effect: deny, operators: {A: hash}}}\n",
            "what is denied has no upstream class, no operators and no answers",
        ),
    ],
)
def test_bad_case_files(text: str, message: str):
    with pytest.raises(ConfigError, match=message):
        parsed(text)
