"""`cloakroom policy diff`, run as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gateway.cli.policy import app

OLD = """version: 1
id: old
rules:
  - name: no-cards
    when: {any_of: [CREDIT_CARD], upstream_class: external}
    effect: deny
    reason: No.
  - {name: rest, effect: mask}
"""
NEW = """version: 1
id: new
answers: {hosts: [crm.example.com]}
rules:
  - {name: trusted, effect: mask, when: {any_of: [CREDIT_CARD], tenants: ['eu-*']}}
  - name: no-cards
    when: {any_of: [CREDIT_CARD], upstream_class: external}
    effect: deny
    reason: No.
  - {name: rest, effect: mask, operators: {PERSON: redact, dates: keep}}
"""


def run(*arguments: str) -> Result:
    done = CliRunner().invoke(app, arguments, env={"COLUMNS": "160"})
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


@pytest.fixture
def old(tmp_path: Path) -> str:
    return written(tmp_path / "old.yaml", OLD)


@pytest.fixture
def new(tmp_path: Path) -> str:
    return written(tmp_path / "new.yaml", NEW)


def written(path: Path, text: str) -> str:
    path.write_text(text)
    return str(path)


def test_more_and_less(old: str, new: str):
    done = run("diff", old, new)
    assert done.exit_code == 1
    more, less = done.stdout.split("Sent less")
    assert more.index("Sent more") == more.index("Sent")
    lines = [[cell.strip() for cell in line.split("│")[1:-1]] for line in more.splitlines()]
    assert [
        "CREDIT_CARD",
        "tenant eu-*",
        "not sent",
        "external: replace",
        "no-cards → trusted",
    ] in (lines)
    assert ["dates", "always", "external: replace", "external: keep", "rest"] in lines
    assert ["answers.hosts", "always", "none", "crm.example.com", "rest"] in lines
    assert "PERSON" in less
    assert "Nothing is sent more." not in done.stdout
    assert "Asked: all that the policies tell apart" in done.stdout


def test_as_json(old: str, new: str):
    done = run("diff", old, new, "--json")
    assert done.exit_code == 1
    facts = json.loads(done.stdout)
    assert facts["ok"] is False
    assert facts["old"]["id"] == "old"
    assert facts["new"]["id"] == "new"
    assert facts["decisions"] > 100
    (cards,) = (one for one in facts["more"] if one["types"] == ["CREDIT_CARD"])
    assert cards == {
        "kind": "request",
        "key": "",
        "types": ["CREDIT_CARD"],
        "circumstances": [[{"kind": "tenant", "value": "eu-", "label": "eu-*"}]],
        "before": "not sent",
        "after": "external: replace",
        "rules": {"old": ["no-cards"], "new": ["trusted"]},
    }
    assert {tuple(one["types"]) for one in facts["less"]} == {("PERSON",)}


def test_what_is_known_may_be_acknowledged(old: str, new: str):
    assert run("diff", old, new, "--acknowledge").exit_code == 0
    assert run("diff", old, new, "--acknowledge", "--json").exit_code == 0


def test_nothing_more(old: str):
    done = run("diff", old, old)
    assert done.exit_code == 0
    assert "Nothing is sent more." in done.stdout
    assert "Sent" not in done.stdout
    done = run("diff", "mask-all", "default")
    assert done.exit_code == 0
    assert "secrets" in done.stdout
    facts = json.loads(run("diff", old, old, "--json").stdout)
    assert facts["ok"] is True
    assert facts["more"] == facts["less"] == []
    assert facts["complete"] is True


def test_a_policy_in_shadow(tmp_path: Path, old: str, new: str):
    shadow = written(tmp_path / "s.yaml", NEW.replace("id: new", "id: new\nshadow: true"))
    live, done = run("diff", old, new, "--json"), run("diff", old, shadow)
    assert f"{shadow} is in shadow: it was compared as if it were live." in done.stdout
    first, *more = json.loads(run("diff", old, shadow, "--json").stdout)["more"]
    assert (first["key"], first["before"], first["after"]) == ("shadow", "off", "on_prem")
    assert more == json.loads(live.stdout)["more"]


def test_circumstances_in_words(tmp_path: Path, old: str):
    rules = OLD.replace("id: old", "id: loose").split("rules:\n")
    loose = written(
        tmp_path / "loose.yaml",
        rules[0] + "handling: {media: unsafe_pass, unsupported_languages: patterns}\nrules:\n"
        "  - {name: pair, effect: unsafe_allow, reason: Yes., when: {all_of: [PERSON, IBAN]}}\n"
        "  - {name: many, effect: unsafe_allow, reason: Yes., when: {at_least: {AGE: 5}}}\n"
        "  - {name: unsure, effect: unsafe_allow, reason: Yes., when: {any_of: [BIC],"
        " score: [low]}}\n" + rules[1],
    )
    found = run("diff", old, loose).stdout
    assert "beside IBAN" in found
    assert "5 or more findings" in found
    assert "1 finding of low score" in found
    assert "with images, audio or files" in found
    assert "text in an unsupported language" in found
    assert "handling.media" in found


def test_an_upstream_that_opens_where_another_closes(tmp_path: Path, old: str):
    closed = written(
        tmp_path / "closed.yaml",
        "version: 1\nid: closed\nrules:\n"
        "  - {name: not-here, effect: deny, reason: No., when: {upstream_class: on_prem}}\n"
        "  - {name: rest, effect: mask}\n",
    )
    assert (
        "with two upstreams, any (on_prem) before any (external)" in run("diff", old, closed).stdout
    )


def test_all_types_and_rows(tmp_path: Path):
    loose = "national_ids: keep"
    path = written(
        tmp_path / "loose.yaml",
        f"version: 1\nid: l\nextends: mask-all\nrules:\n"
        f"  - {{name: l, effect: mask, operators: {{{loose}, PERSON: keep, US_SSN: redact}}}}\n",
    )
    some = run("diff", "mask-all", path).stdout
    assert " more" in some.split("Sent less")[0].split("Sent more")[1]
    every = run("diff", "mask-all", path, "--all").stdout.split("Sent less")[0]
    assert " more " not in every.split("Sent more")[1]
    assert "UK_NINO" in every


def test_what_an_incomplete_answer_means():
    done = run("diff", "gdpr", "public-sector")
    assert done.exit_code == 0
    assert "Nothing more was found." in done.stdout
    assert "exit code 0 then says that nothing was found" in done.stdout


def test_files_that_are_wrong(tmp_path: Path, old: str):
    bad = written(tmp_path / "bad.yaml", "version: 1\nid: bad\nrules: [{name: x, effekt: mask}]\n")
    done = run("diff", old, bad)
    assert done.exit_code == 2
    assert "did you mean effect?" in done.stderr
    done = run("diff", "defalt", old, "--json")
    assert done.exit_code == 2
    assert json.loads(done.stdout)["problems"][0]["hint"] == "did you mean default?"
