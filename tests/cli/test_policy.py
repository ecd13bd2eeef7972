"""`cloakroom policy`, run as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gateway.cli import policy as module
from gateway.cli.policy import app
from gateway.entity_types import CLASSES
from gateway.policy.shape import json_schema
from gateway.policy.shipped import shipped_policies

RULES = "rules: [{name: rest, effect: mask, operators: {PERSN: hash}}]\n"


def run(*arguments: str) -> Result:
    done = CliRunner().invoke(app, arguments, env={"COLUMNS": "160"})
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


@pytest.fixture
def good(tmp_path: Path) -> str:
    path = tmp_path / "own.yaml"
    path.write_text("version: 1\nid: own\n" + RULES)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "own.yaml").write_text(
        "- {name: one, given: {}, expect: {effect: mask}}\n"
        "- {name: two, given: {}, expect: {effect: deny}}\n"
    )
    return str(path)


@pytest.fixture
def bad(tmp_path: Path) -> str:
    path = tmp_path / "bad.yaml"
    path.write_text("version: 1\nid: bad\nrules: [{name: x, effekt: mask}]\n")
    return str(path)


def test_check(good: str):
    done = run("check", good)
    assert done.exit_code == 0
    assert "own: 1 rules, digest " in done.stdout
    assert f"warning: {good}:3: rest: unknown entity type PERSN" in done.stderr
    assert "did you mean PERSON?" in done.stderr
    facts = json.loads(run("check", good, "--json").stdout)
    assert facts["ok"] is True
    assert facts["policy"]["rules"] == [{"name": "rest", "effect": "mask"}]
    assert [one["line"] for one in facts["warnings"]] == [3]


def test_check_bad(bad: str, good: str):
    done = run("check", bad, good)
    assert done.exit_code == 2
    assert f"error: {bad}:3: rules[0].effekt: unknown key" in done.stderr
    assert "hint: did you mean effect?" in done.stderr
    done = run("check", bad, "--json")
    assert done.exit_code == 2
    assert {one["key"] for one in json.loads(done.stdout)["problems"]} == {
        "rules[0]", "rules[0].effekt",
    }  # fmt: skip


def test_the_shipped_policies_pass():
    done = run("test", "--json")
    assert done.exit_code == 0
    facts = json.loads(done.stdout)
    assert facts["ok"] is True
    assert facts["warnings"] == []
    assert set(facts["policies"]) == set(shipped_policies())
    assert run("test").exit_code == 0
    assert run("test", "mask-all").exit_code == 0


def test_a_failing_case(good: str):
    done = run("test", good)
    assert done.exit_code == 1
    assert ":2: two: effect is mask, not deny" in done.stdout
    facts = json.loads(run("test", good, "--json").stdout)
    assert [one["ok"] for one in facts["policies"][good]] == [True, False]


def test_a_policy_in_shadow_is_looked_at_as_if_it_were_live(good: str):
    live = [run(name, good).stdout for name in ("check", "test")]
    Path(good).write_text("version: 1\nid: own\nshadow: true\n" + RULES)
    done = run("check", good)
    assert f"warning: {good}:3: shadow: nothing is denied or masked" in done.stderr
    assert "by class, were it live" in done.stdout
    assert table(done.stdout) == table(live[0])
    done = run("test", good)
    assert (
        f"warning: {good}:3: shadow: the policy is in shadow: its cases are tried as if"
        in done.stderr
    )
    assert done.stdout == live[1]


def table(text: str) -> list[list[str]]:
    return [
        [cell.strip() for cell in line.split("│")[1:-1]]
        for line in text.splitlines()
        if line.startswith("│")
    ]


def test_cases_that_cannot_be_read(bad: str, good: str):
    done = run("test", "defalt", bad, good)
    assert done.exit_code == 2
    assert "did you mean default?" in done.stderr
    assert bad in done.stderr


def test_types_of_cases_that_nobody_knows_are_warned_of(good: str):
    cases = Path(good).parent / "tests" / "own.yaml"
    cases.write_text(
        "- name: one\n  given: {entity_types: [EMAIL, PERSN, SOMETHING_NEW],"
        " counts: {CREDITCARD: 2}}\n"
        "  expect: {effect: mask, operators: {SSN: replace}}\n"
    )
    done = run("test", good)
    assert done.exit_code == 0  # check warns of PERSN, which the policy names
    said = f"warning: {cases}:1: one: unknown entity type %s\n    hint: did you mean %s?\n"
    assert done.stderr == "".join(
        said % pair
        for pair in (
            ("CREDITCARD", "CREDIT_CARD"), ("EMAIL", "EMAIL_ADDRESS"), ("SSN", "US_SSN"),
        )
    )  # fmt: skip
    assert len(json.loads(run("test", good, "--json").stdout)["warnings"]) == 3


@pytest.mark.parametrize("upstream", ["{}", "{a: external, b: on_prem}"])
def test_an_upstream_of_a_case_has_one_name(good: str, upstream: str):
    cases = Path(good).parent / "tests" / "own.yaml"
    cases.write_text(
        f"- {{name: one, given: {{upstreams: [{upstream}]}}, expect: {{effect: mask}}}}\n"
    )
    done = run("test", good)
    assert done.exit_code == 2
    assert f"error: {cases}:1: [0].given.upstreams[0]" in done.stderr


def test_the_types_of_a_configuration_are_known(tmp_path: Path):
    policy = tmp_path / "badges.yaml"
    policy.write_text(
        "version: 1\nid: b\nrules: [{name: r, effect: mask, operators: {BADGE: hash}}]\n"
    )
    config = tmp_path / "cloakroom.yaml"
    config.write_text(
        "version: 1\nupstreams: [{name: a, kind: loopback, class: on_prem}]\n"
        "detection: {profile: patterns, deny: [{text: x-1, entity_type: BADGE}]}\n"
    )
    assert "unknown entity type BADGE" in run("check", str(policy)).stderr
    done = run("check", str(policy), "--config", str(config))
    assert done.exit_code == 0
    assert "warning" not in done.stderr
    config.write_text(
        "version: 1\nupstreams: [{name: a, kind: loopback, class: on_prem}]\n"
        "detection: {profile: patterns, predefined: [NoRecognizer]}\n"
    )
    done = run("check", str(policy), "--config", str(config), "--json")
    assert done.exit_code == 2
    assert json.loads(done.stdout)["ok"] is False


def test_warnings_count_where_that_is_asked_for(good: str):
    assert run("check", good, "--strict").exit_code == 1
    assert run("check", good, "--strict", "--json").exit_code == 1
    assert run("check", "default", "--strict").exit_code == 0


@pytest.mark.parametrize("name", shipped_policies())
def test_the_shipped_policies_have_nothing_that_looks_wrong(name: str):
    done = run("check", name, "--strict")
    assert (done.exit_code, "warning" in done.stderr) == (0, False)


def test_operators_that_have_nothing_for_a_type(tmp_path: Path):
    path = tmp_path / "own.yaml"
    path.write_text(
        "version: 1\nid: own\nrules: [{name: rest, effect: mask, operators: {PERSON: fpe,"
        " SECRET: surrogate, NRP: generalise, AGE: {operator: generalise, to: month}}}]\n"
    )
    done = run("check", str(path))
    assert done.exit_code == 0
    for words in (
        "fpe has nothing for PERSON: replace is used instead",
        "surrogate has nothing for SECRET: replace is used instead",
        "generalise has nothing for NRP: redact is used instead",
        "generalise to month has nothing for AGE: redact is used instead",
    ):
        assert words in done.stderr


def test_rules_of_an_extended_file_that_no_longer_apply_are_noted(tmp_path: Path):
    path = tmp_path / "own.yaml"
    path.write_text("version: 1\nid: own\nextends: default\nrules: [{name: mine, effect: mask}]\n")
    done = run("check", str(path), "--strict")
    assert done.exit_code == 0
    said = "mine: of default.yaml, these rules no longer apply: rest"
    assert f"note: {path}:4: {said}" in done.stderr
    (note,) = json.loads(run("check", str(path), "--json").stdout)["notes"]
    assert f"{note['key']}: {note['message']}" == said


def test_what_becomes_of_each_class(tmp_path: Path):
    path = tmp_path / "own.yaml"
    path.write_text(
        "version: 1\nid: own\nclasses: {mine: [PERSON]}\nrules:\n"
        "  - {name: a, effect: deny, reason: No., when: {any_of: [secrets, CREDIT_CARD],"
        " upstream_class: external}}\n"
        "  - {name: b, effect: mask, operators: {AGE: hash}}\n"
    )
    rows = {
        cells[0]: cells[1:]
        for line in run("check", str(path)).stdout.splitlines()
        if len(cells := [cell.strip() for cell in line.split("│")[1:-1]]) == 4
    }
    assert rows["secrets"] == ["6", "denied", "replace"]
    assert rows["payment"] == ["6", "replace (5); denied (CREDIT_CARD)", "replace"]
    assert rows["dates"][1] == "replace (DATE_OF_BIRTH, DATE_TIME); hash (AGE)"
    assert rows["(nothing found)"] == ["", "sent", "sent"]
    assert rows["mine"] == ["1", "replace", "replace"]
    coverage = json.loads(run("check", str(path), "--json").stdout)["coverage"]
    assert set(coverage) >= {*CLASSES, "mine"}
    assert coverage["payment"]["external"]["CREDIT_CARD"] == "denied"
    assert coverage["payment"]["on_prem"]["CREDIT_CARD"] == "replace"


def test_what_a_case_found_is_in_json(good: str):
    facts = json.loads(run("test", good, "--json").stdout)
    found = facts["policies"][good][1]["found"]
    assert found.pop("answers")["new_data"] == "keep"
    assert found == {
        "effect": "mask",
        "upstream_class": "external",
        "upstreams": ["external-0"],
        "rules": ["rest"],
        "reason_code": "",
        "operators": {},
    }


def test_progress_is_shown_on_a_terminal_where_there_are_many(
    good: str, monkeypatch: pytest.MonkeyPatch
):
    def shown(names: list[str], *_: object, **__: object) -> list[str]:
        asked.append(len(names))
        return names

    asked: list[int] = []
    monkeypatch.setattr(module, "track", shown)
    monkeypatch.setattr(module.errors, "_force_terminal", True)
    assert run("test", good).exit_code == 1
    assert run("test", "--json").exit_code == 0
    assert asked == []
    assert run("test").exit_code == 0
    assert asked == [len(shipped_policies())]


def test_the_schema_is_published():
    """Regenerate it with `cloakroom policy schema > policies/policy.schema.json`."""
    done = run("schema")
    assert done.exit_code == 0
    published = Path(__file__).parents[2] / "policies" / "policy.schema.json"
    assert done.stdout == published.read_text(encoding="utf-8")
    assert json.loads(done.stdout) == json_schema()


def test_there_is_no_colour_where_none_is_wanted(good: str):
    for arguments in (["check", good], ["test", good], ["diff", "mask-all", "default"]):
        done = CliRunner().invoke(app, arguments, env={"NO_COLOR": "1"})
        assert "\x1b" not in done.output


@pytest.mark.parametrize("name", ["check", "test", "schema", "explain", "diff", "simulate"])
def test_help_names_the_exit_codes(name: str):
    done = run(name, "--help")
    assert done.exit_code == 0
    assert "xit code" in " ".join(done.stdout.split())
