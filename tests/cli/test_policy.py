"""`cloakroom policy`, run as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gateway.cli.policy import app

RULES = "rules: [{name: rest, effect: mask, operators: {PERSN: hash}}]\n"


def run(*arguments: str) -> Result:
    done = CliRunner().invoke(app, arguments)
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
    assert set(facts["policies"]) == {"default", "mask-all"}
    assert run("test").exit_code == 0
    assert run("test", "mask-all").exit_code == 0


def test_a_failing_case(good: str):
    done = run("test", good)
    assert done.exit_code == 1
    assert ":2: two: effect is mask, not deny" in done.stdout
    facts = json.loads(run("test", good, "--json").stdout)
    assert [one["ok"] for one in facts["policies"][good]] == [True, False]


def test_cases_that_cannot_be_read(bad: str, good: str):
    done = run("test", "defalt", bad, good)
    assert done.exit_code == 2
    assert "did you mean default?" in done.stderr
    assert bad in done.stderr


def test_explain():
    done = run("explain", "--entity-type", "CREDIT_CARD", "--entity-type", "PERSON")
    assert done.exit_code == 0
    assert "decision: mask, to on_prem upstreams (rest)" in done.stdout
    assert "CREDIT_CARD: replace" in done.stdout
    done = run("explain", "--entity-type", "CREDIT_CARD", "--upstream-class", "external")
    assert "decision: deny (no-payment-data-outside)" in done.stdout
    assert "reason: Payment data must not leave the premises." in done.stdout


def test_explain_as_json(good: str):
    arguments = ["--policy", "mask-all", "--policy", good, "--model", "m", "--tenant", "t"]
    done = run("explain", *arguments, "--role", "r", "--media", "--json")
    facts = json.loads(done.stdout)
    assert facts["decision"]["policy_id"] == "mask-all+own"
    assert facts["decision"]["upstream_class"] == "on_prem"
    assert [one["outcome"] for one in facts["rules"]].count("matched") == 2


def test_explain_a_type_that_nobody_finds():
    arguments = ["explain", "--entity-type", "CREDITCARD", "--entity-type", "PERSON"]
    done = run(*arguments)
    assert done.exit_code == 0
    assert "warning: --entity-type: CREDITCARD: unknown entity type" in done.stderr
    assert "did you mean CREDIT_CARD?" in done.stderr
    assert done.stderr.count("warning") == 1
    (warning,) = json.loads(run(*arguments, "--json").stdout)["warnings"]
    assert warning["key"] == "CREDITCARD"


def test_explain_a_language():
    done = run("explain", "--language", "fi", "--language", "de")
    assert "unsupported languages: fi (policy: on_prem_only)" in done.stdout
    assert "decision: mask, to on_prem upstreams (rest)" in done.stdout
    done = run("explain", "--language", "fi", "--upstream-class", "external", "--json")
    facts = json.loads(done.stdout)
    assert facts["unsupported_languages"] == ["fi"]
    assert facts["decision"]["effect"] == "deny"
    assert "stays on the premises" in facts["decision"]["reason"]
    done = run("explain", "--language", "de")
    assert "unsupported" not in done.stdout
    assert "to external upstreams" in done.stdout
    assert run("explain", "--language", "Finnish").exit_code == 2


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


def test_explain_bad(bad: str):
    assert run("explain", "--policy", bad).exit_code == 2
    done = run("explain", "--policy", bad, "--json")
    assert done.exit_code == 2
    assert json.loads(done.stdout)["ok"] is False
    assert run("explain", "--entity-type", "credit_card").exit_code == 2
    assert run("explain", "--upstream-class", "cloud").exit_code == 2
