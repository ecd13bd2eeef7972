"""`cloakroom policy explain`, run as a user runs it; and that it agrees with what is decided."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from typer.testing import CliRunner, Result

from gateway import config as configuration
from gateway.audit.facts import (
    Accepted,
    Actor,
    ActorKind,
    AuthMethod,
    Closed,
    ContextFacts,
    DetectionFacts,
    Origin,
)
from gateway.audit.facts import Outcome as Ending
from gateway.audit.record import accepted, closed, timestamp, uuid7
from gateway.audit.store import SqlAuditStore
from gateway.cli.policy import app
from gateway.exchange import policy_facts
from gateway.policy.decide import Outcome, decide, explain
from gateway.policy.files import load_policies
from gateway.policy.model import Policy
from gateway.policy.shipped import shipped_policy
from gateway.types import Candidate, Family, RequestFacts, UpstreamClass
from tests.policy import strategies

RULES = """version: 1
id: own
handling: {hosted_tools: [web_search], provider_state: on_prem_only, unknown_fields: refuse}
rules:
  - {name: bulk, effect: deny, reason: Too many., when: {at_least: {PERSON: 3}}}
  - {name: guesses, effect: deny, reason: Guesses., when: {score: [low]}}
  - {name: office, effect: route, to: [eu-1], when: {tags: [office]}}
  - name: rest
    effect: mask
    operators: {AGE: {operator: generalise, to: 5_years}, PERSON: surrogate, DATE_TIME: keep}
"""


def run(*arguments: str) -> Result:
    done = CliRunner().invoke(app, ("explain", *arguments), env={"COLUMNS": "160"})
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def decision(*arguments: str) -> dict[str, Any]:
    done = run(*arguments, "--json")
    assert done.exit_code == 0
    found: dict[str, Any] = json.loads(done.stdout)["decision"]
    return found


@pytest.fixture
def own(tmp_path: Path) -> str:
    path = tmp_path / "own.yaml"
    path.write_text(RULES)
    return str(path)


def test_explain():
    done = run("--entity-type", "CREDIT_CARD", "--entity-type", "PERSON")
    assert done.exit_code == 0
    assert "decision: mask, to on_prem upstreams (rest)" in done.stdout
    assert (
        "CREDIT_CARD: replace (reveals the type, and which values are equal within the scope)"
        in done.stdout
    )
    done = run("--entity-type", "CREDIT_CARD", "--upstream-class", "external")
    assert "decision: deny (no-payment-data-outside)" in done.stdout
    assert "reason: Payment data must not leave the premises." in done.stdout


def test_as_json(own: str):
    arguments = ["--policy", "mask-all", "--policy", own, "--model", "m", "--tenant", "t"]
    done = run(*arguments, "--role", "r", "--media", "--json")
    facts = json.loads(done.stdout)
    assert facts["decision"]["policy_id"] == "mask-all+own"
    assert facts["decision"]["upstream_class"] == "on_prem"
    assert [one["outcome"] for one in facts["rules"]].count("matched") == 2


def test_what_is_said_of_answers(tmp_path: Path):
    path = tmp_path / "own.yaml"
    path.write_text(
        "version: 1\nid: own\nanswers: {hosts: [a.example], tools: [], thinking: restored,"
        " cached_tokens: hidden}\nrules:\n"
        "  - name: new\n    effect: mask\n    when: {tags: [new]}\n"
        "    answers: {new_data: mask, operators: {AGE: keep}, tools: [a, b], paths: {b: [/x]}}\n"
        "  - {name: shut, effect: deny, reason: No., when: {tags: [shut]}}\n"
    )
    arguments = ["--policy", str(path)]
    plain = (
        "answers: new data is kept; values come back in text and in arguments of no tool; and in"
        " addresses at a.example; and in signed thinking; figures of cached tokens are left out\n"
    )
    own = (
        ": new data is masked (redact; AGE: keep); values come back in text and in arguments of"
        " a, b (of b only below /x)\n"
    )
    assert plain in run(*arguments).stdout
    assert f"answers{own}" in run(*arguments, "--tag", "new").stdout
    assert "answers" not in run(*arguments, "--tag", "shut").stdout
    found = decision(*arguments, "--tag", "new")["answers"]
    assert found == {
        "new_data": "mask", "operators": {"AGE": "keep"}, "default_operator": "redact",
        "hosts": [], "tools": ["a", "b"], "paths": {"b": ["/x"]}, "thinking": "masked",
        "cached_tokens": "shown",
    }  # fmt: skip
    assert decision(*arguments, "--tag", "shut")["answers"] is None
    checked = CliRunner().invoke(app, ["check", str(path)]).stdout
    assert plain in checked
    assert f"answers of new{own}" in checked
    facts = json.loads(CliRunner().invoke(app, ["check", str(path), "--json"]).stdout)
    assert facts["answers"]["new"] == found
    assert facts["answers"][""]["tools"] == []


def test_operators_with_their_options_and_what_they_reveal(own: str):
    types = ["--entity-type", "AGE", "--entity-type", "PERSON", "--entity-type", "DATE_TIME"]
    done = run("--policy", own, *types)
    assert "AGE: generalise (to: 5_years) (reveals the coarser value, for good)" in done.stdout
    assert "DATE_TIME: keep (reveals everything)" in done.stdout
    found = decision("--policy", own, *types)
    assert found["operators"] == {
        "AGE": "generalise (to: 5_years)", "DATE_TIME": "keep", "PERSON": "surrogate",
    }  # fmt: skip
    assert found["reveals"]["DATE_TIME"] == "everything"


@pytest.mark.parametrize(
    ("arguments", "rules"),
    [
        (["--entity-type", "PERSON"], ["rest"]),
        (["--count", "PERSON=2"], ["rest"]),
        (["--count", "PERSON=3"], ["bulk"]),
        (["--score", "PERSON=low"], ["guesses"]),
        (["--score", "PERSON=medium"], ["rest"]),
        (["--score", "PERSON=low", "--count", "PERSON=3"], ["bulk"]),
        (["--score", "PERSON=low", "--entity-type", "AGE"], ["guesses"]),
        (["--tag", "office"], ["office"]),
        (["--tag", "office", "--upstream", "eu-1=external"], ["office", "rest"]),
        (["--hosted-tool", "web_search"], ["rest"]),
        (["--family", "chat"], ["rest"]),
    ],
)
def test_what_a_request_can_be_said_to_be(own: str, arguments: list[str], rules: list[str]):
    assert decision("--policy", own, *arguments)["rule_ids"] == rules


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--unknown-fields"], "unknown_field"),
        (["--hosted-tool", "code", "--upstream-class", "external"], "hosted_tool"),
        (["--media", "--upstream-class", "external"], "media"),
        (["--language", "fi", "--upstream-class", "external"], "unsupported_language"),
    ],
)
def test_limits_are_named(own: str, arguments: list[str], code: str):
    found = decision("--policy", own, *arguments)
    assert (found["effect"], found["reason_code"]) == ("deny", code)
    assert f"decision: deny ({code})" in run("--policy", own, *arguments).stdout


def test_upstreams_by_name(own: str):
    upstreams = ["--upstream", "eu-2=on_prem", "--upstream", "eu-1=on_prem"]
    found = decision("--policy", own, *upstreams, "--tag", "office")
    assert found["upstreams"] == ["eu-1"]
    assert found["keeps_state"] is True
    done = run("--policy", own, *upstreams, "--tag", "office")
    assert "eu-2 (on_prem)" in done.stdout
    assert "denies: routes elsewhere" in done.stdout
    both = decision("--policy", own, *upstreams, "--upstream-class", "external")
    assert both["upstreams"] == ["eu-2", "eu-1"]


def test_a_policy_in_shadow(tmp_path: Path):
    path = tmp_path / "shadow.yaml"
    path.write_text(RULES.replace("id: own", "id: own\nshadow: true"))
    asked = ["--policy", str(path), "--count", "PERSON=3"]
    done = run(*asked)
    assert "would be decided: deny (bulk)" in done.stdout
    assert "really happens, in shadow: sent as it came, to on_prem upstreams\n" in done.stdout
    done = run(*asked, "--upstream", "home=on_prem")
    assert "in shadow: sent as it came, to on_prem upstreams (home)\n" in done.stdout
    done = run(*asked, "--upstream-class", "external")
    assert "really happens, in shadow: denied: " in done.stdout
    facts = json.loads(run("--policy", str(path), "--json").stdout)
    assert (facts["decision"]["shadow"], facts["decision"]["upstream_class"]) == (True, "external")
    assert facts["shadow"] == {
        "sent": True, "upstream_class": "on_prem", "upstreams": ["on_prem"], "reason": "",
    }  # fmt: skip
    assert "shadow" not in json.loads(run("--json").stdout)


def test_a_type_that_nobody_finds():
    arguments = ["--entity-type", "CREDITCARD", "--entity-type", "PERSON"]
    done = run(*arguments)
    assert done.exit_code == 0
    assert "warning: --entity-type: CREDITCARD: unknown entity type" in done.stderr
    assert "did you mean CREDIT_CARD?" in done.stderr
    assert done.stderr.count("warning") == 1
    (warning,) = json.loads(run(*arguments, "--json").stdout)["warnings"]
    assert warning["key"] == "CREDITCARD"


def test_a_language():
    done = run("--language", "fi", "--language", "de")
    assert "unsupported languages: fi (policy: on_prem_only)" in done.stdout
    assert "decision: mask, to on_prem upstreams (rest)" in done.stdout
    facts = json.loads(run("--language", "fi", "--json").stdout)
    assert facts["unsupported_languages"] == ["fi"]
    done = run("--language", "de")
    assert "unsupported" not in done.stdout
    assert "to external upstreams" in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["--entity-type", "credit_card"],
        ["--upstream-class", "cloud"],
        ["--language", "Finnish"],
        ["--count", "PERSON"],
        ["--count", "PERSON=0"],
        ["--count", "PERSON=many"],
        ["--count", "person=1"],
        ["--score", "PERSON=sure"],
        ["--score", "low"],
        ["--upstream", "eu-1"],
        ["--upstream", "=external"],
        ["--upstream", "eu-1=cloud"],
        ["--family", "mail"],
    ],
)
def test_a_wrong_command_line(arguments: list[str]):
    assert run(*arguments).exit_code == 2


def test_a_wrong_file(tmp_path: Path):
    bad = tmp_path / "bad.yaml"
    bad.write_text("version: 1\nid: bad\nrules: [{name: x, effekt: mask}]\n")
    assert run("--policy", str(bad)).exit_code == 2
    done = run("--policy", str(bad), "--json")
    assert done.exit_code == 2
    assert json.loads(done.stdout)["ok"] is False


# ---- it agrees with what is decided --------------------------------------------------------------


@given(strategies.policies(), strategies.requests, strategies.offers)
def test_the_rules_that_matched_give_the_decision(
    policy: Policy, facts: RequestFacts, offered: list[Candidate]
):
    decided = decide(policy, facts, offered)
    matched: dict[str, list[tuple[str, str]]] = {one.name: [] for one in offered}
    for trace in explain(policy, facts, offered):
        if trace.outcome is Outcome.MATCHED:
            matched[trace.upstream].append((trace.rule, trace.detail))
    assert len(explain(policy, facts, offered)) == len(offered) * len(policy.rules)
    for one in decided.candidates:
        assert not any(detail.startswith("den") for _, detail in matched[one.name])
    for one in decided.candidates[:1]:  # another may have fewer routes on its way
        assert tuple(rule for rule, _ in matched[one.name]) == decided.rule_ids
    if not decided.candidates:
        denying = [some[-1] for some in matched.values() if some]
        names = dict.fromkeys(rule for rule, detail in denying if detail.startswith("denies"))
        assert decided.rule_ids == tuple(names)


# ---- requests on record --------------------------------------------------------------------------

EXTERNAL = UpstreamClass.EXTERNAL
FOUND = RequestFacts(
    tenant="acme", family=Family.CHAT, model="m", entities={"PERSON": (0, 1, 2)},
    roles=frozenset({"clerk"}), languages=frozenset({"de"}),
)  # fmt: skip


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CLOAKROOM_CONFIG", raising=False)
    file = tmp_path / "cloakroom.yaml"
    file.write_text(
        "version: 1\nupstreams: [{name: loop, kind: loopback, class: on_prem}]\n"
        'audit: {url: "sqlite:///audit.db"}\n'
    )
    return str(file)


def recorded(config: str) -> str:
    """A log with a request that `mask-all` sent, and one that ended too early to say anything."""
    url = configuration.load(Path(config), {}).audit.url
    decided = decide(
        load_policies([shipped_policy("mask-all")]), FOUND, [Candidate("cloud", EXTERNAL)]
    )
    early = Accepted(
        request_id="req_early", tenant="acme", endpoint="/v1/chat/completions", operation="chat",
        actor=Actor(kind=ActorKind.CLIENT, method=AuthMethod.API_KEY), origin=Origin(),
        stream=False, model_requested="m",
    )  # fmt: skip
    known = replace(
        early, request_id="req_sent", upstream_id="cloud", upstream_class=EXTERNAL,
        context=ContextFacts(
            family=Family.CHAT, roles=("clerk",), offered=(("cloud", EXTERNAL),)
        ),
        policy=policy_facts(decided, FOUND.entities),
        detection=DetectionFacts(
            engine="e", languages=("de",), entities={"PERSON": 3}, bands=FOUND.entities
        ),
    )  # fmt: skip
    sent, now = event_id(), timestamp(time.time_ns() // 1000)

    async def write() -> None:
        store = SqlAuditStore(url, bytes(32))
        await store.start()
        await store.append(accepted(known, event_id=sent, ts=now))
        done = Closed(outcome=Ending.COMPLETED, http_status=200)
        await store.append(closed(known, done, event_id=event_id(), ts=now))
        failed = Closed(outcome=Ending.FAILED, http_status=503)
        await store.append(closed(early, failed, event_id=event_id(), ts=now))
        await store.aclose()

    asyncio.run(write())
    return sent


def event_id() -> str:
    return uuid7(time.time_ns() // 1_000_000, secrets.token_bytes(10))


def test_a_request_on_record(config: str, own: str):
    sent = recorded(config)
    done = run("--record", sent, "--config", config, "--policy", "mask-all")
    assert done.exit_code == 0
    assert "decision: mask, to external upstreams (everything)" in done.stdout
    assert "on record: mask, to cloud (external), by the same policy" in done.stdout
    for name in (sent, "req_sent"):
        facts = json.loads(
            run("--record", name, "--config", config, "--policy", own, "--json").stdout
        )
        assert facts["decision"]["rule_ids"] == ["bulk"]
        assert facts["on_record"]["operators"] == {"PERSON": "replace"}
        assert facts["on_record"]["same_policy"] is False


def test_the_policies_of_the_configuration_are_taken(config: str):
    done = run("--record", recorded(config), "--config", config)
    assert "by another policy" in done.stdout
    assert "(rest)" in done.stdout


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("req_none", "there is no such record"),
        ("req_early", "the record does not hold what a decision is made of"),
    ],
)
def test_records_that_cannot_be_explained(config: str, name: str, words: str):
    recorded(config)
    done = run("--record", name, "--config", config)
    assert done.exit_code == 1
    assert words in done.stderr
    done = run("--record", name, "--config", config, "--json")
    assert done.exit_code == 1
    assert words in json.loads(done.stdout)["problems"][0]["message"]


def test_without_a_log(config: str):
    done = run("--record", "req_sent", "--config", config)
    assert done.exit_code == 1
    assert "cannot be read" in done.stderr
