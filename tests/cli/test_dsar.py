"""A person's data is found, handed over and erased by commands; each of it is on record."""

from __future__ import annotations

import asyncio
import base64
import json
import sqlite3
import stat
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner, Result

from gateway import config
from gateway.audit import retention
from gateway.audit.content.index import normalised
from gateway.audit.record import commitment
from gateway.cli import audit, dsar
from gateway.ports import Item, Owner
from gateway.vault.store import SqlVault
from tests.audit.content.kept import EARLIER, MASTER, TENANT, exchange, write
from tests.audit.content.test_said import say

ANNA, BEN = "anna@example.com", "ben@example.com"
TEXT = b"what was sent, canary-4711"
CONFIG = """\
version: 1
upstreams:
  - {name: loopback, kind: loopback, class: on_prem, models: ["*"]}
audit: {url: "sqlite:///audit.db"}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "cloakroom.yaml"
    path.write_text(CONFIG)
    (tmp_path / "cloakroom.key").write_text(base64.b64encode(MASTER).decode())
    (tmp_path / "cloakroom.key").chmod(0o600)
    assert config.load(path, {}).master_key == MASTER
    url = f"sqlite:///{tmp_path}/audit.db"
    exchange(url, "r1", ANNA, text=TEXT)
    exchange(url, "r2", ANNA, BEN, text=TEXT)
    exchange(url, "r3", BEN, text=TEXT)
    return path


def run(file: Path, command: str, *options: str, values: str = ANNA) -> Result:
    arguments = [command, "--type", "EMAIL_ADDRESS", "--value-file", "-", "--tenant", TENANT]
    return CliRunner().invoke(dsar.app, [*arguments, "--config", str(file), *options], input=values)


def hold(file: Path, *arguments: str, values: str = "") -> Result:
    return CliRunner().invoke(audit.app, ["hold", *arguments, "--config", str(file)], input=values)


def bodies(file: Path) -> list[dict]:
    with closing(sqlite3.connect(file.parent / "audit.db")) as log:
        rows = log.execute("SELECT body FROM audit_records ORDER BY seq").fetchall()
    return [orjson.loads(row[0]) for row in rows]


def types(file: Path) -> list[str]:
    """What was done: not the requests, nor that the log got its keys."""
    found = [one["type"] for one in bodies(file)]
    return [kind for kind in found if not kind.startswith("request.") and kind != "key.created"]


def test_find(file: Path):
    done = run(file, "find", "--json", values=f"{ANNA.upper()}\n\nnobody@example.com\n")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert [(one["request_id"], one["capsules"]) for one in found] == [("r1", 2), ("r2", 2)]
    assert types(file) == ["audit.searched"]
    shown = run(file, "find")
    assert shown.exit_code == 0
    assert "r2" in shown.stdout
    nothing = run(file, "find", values="nobody@example.com")
    assert nothing.exit_code == 1


def test_erasing_takes_what_the_requests_left_in_the_vault(file: Path):
    url = f"sqlite:///{file.parent}/audit.db"

    async def put(tenant: str) -> None:
        vault = SqlVault(url, MASTER)
        items = [Item("response", f"of-{one}", b"x", 9e9, one) for one in ("r1", "r2", "r3", "")]
        await vault.put(Owner(tenant, "anna"), items)
        await vault.aclose()

    asyncio.run(put(TENANT))
    asyncio.run(put("other"))
    shown = run(file, "erase", "--reason", "gdpr", "--json")
    assert shown.exit_code == 1
    done = run(file, "erase", "--reason", "gdpr", "--yes", "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["vault_items"] == 2
    with closing(sqlite3.connect(file.parent / "audit.db")) as log:
        query = "SELECT tenant, request_id FROM vault_items ORDER BY tenant, request_id"
        left = log.execute(query).fetchall()
    every = [("other", one) for one in ("", "r1", "r2", "r3")]
    assert left == sorted([(TENANT, ""), (TENANT, "r3"), *every])


def test_where_the_vault_fails_the_person_can_still_be_found(file: Path):
    with closing(sqlite3.connect(file.parent / "audit.db")) as log:
        log.execute("ALTER TABLE vault_items RENAME TO elsewhere")
    done = run(file, "erase", "--reason", "gdpr", "--yes", "--json")
    assert done.exit_code == 2
    with closing(sqlite3.connect(file.parent / "audit.db")) as log:
        log.execute("ALTER TABLE elsewhere RENAME TO vault_items")
    again = run(file, "erase", "--reason", "gdpr", "--yes", "--json")
    assert (again.exit_code, json.loads(again.stdout)["requests"]) == (0, 2)


COMMANDS = [["find"], ["export"], ["erase", "--reason", "gdpr", "--yes"]]
INDEXES = """\
version: 1
id: p
record: {subjects: [EMAIL_ADDRESS, BADGE]}
rules:
  - {name: rest, effect: mask}
"""


@pytest.mark.parametrize("command", COMMANDS)
def test_an_answer_of_nothing_names_the_tenant_and_the_type(file: Path, command: list[str]):
    done = run(file, *command, "--tenant", "other")
    assert done.exit_code == 1
    said = "Nothing of the type EMAIL_ADDRESS was found for the tenant other."
    assert said in done.stderr
    as_json = run(file, *command, "--tenant", "other", "--json")
    empty = [] if command == ["find"] else {"ok": False, "problems": [said]}
    assert (as_json.exit_code, json.loads(as_json.stdout)) == (1, empty)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("entity_type", "said"),
    [
        ("EMAIL_ADRESS", "There is no entity type EMAIL_ADRESS: did you mean EMAIL_ADDRESS?"),
        ("QQQQ", "There is no entity type QQQQ."),
    ],
)
def test_an_entity_type_that_there_is_not_is_refused(
    file: Path, command: list[str], entity_type: str, said: str
):
    done = run(file, *command, "--type", entity_type)
    assert done.exit_code == 2
    assert done.stderr.strip() == said


@pytest.mark.parametrize("command", COMMANDS)
def test_a_type_that_the_policy_does_not_index_is_warned_of(file: Path, command: list[str]):
    """Also where something was found under an earlier policy."""
    warning = "does not index"
    (file.parent / "p.yaml").write_text(INDEXES)
    file.write_text(f"{CONFIG}policies: [p.yaml]\n")
    nothing = run(file, *command, "--type", "PERSON")
    assert nothing.exit_code == 1
    assert f"{warning} PERSON (record.subjects)" in nothing.stderr
    own = run(file, *command, "--type", "BADGE")  # no recognizer of ours, but the policy has it
    assert (own.exit_code, warning in own.stderr) == (1, False)
    (file.parent / "p.yaml").write_text(INDEXES.replace("EMAIL_ADDRESS, ", ""))
    warned = run(file, *command)
    assert warned.exit_code == 0
    assert f"{warning} EMAIL_ADDRESS" in warned.stderr


def test_a_policy_that_cannot_be_read_is_in_the_way_of_nothing(file: Path):
    file.write_text(f"{CONFIG}policies: [p.yaml]\n")
    (file.parent / "p.yaml").write_text("rules: [")
    done = run(file, "find")
    assert done.exit_code == 0
    assert "cannot be read" in done.stderr


def test_no_value_on_the_command_line(file: Path):
    done = CliRunner().invoke(dsar.app, ["find", "--config", str(file), "--value", ANNA])
    assert done.exit_code == 2


def test_export(file: Path, tmp_path: Path):
    out = tmp_path / "export.json"
    done = run(file, "export", "--out", str(out))
    assert done.exit_code == 0, done.output
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    document = json.loads(out.read_bytes())
    assert [one["request_id"] for one in document["requests"]] == ["r1", "r2"]
    first = document["requests"][0]
    assert [one["text"] for one in first["texts"]] == [TEXT.decode()] * 2
    assert all(one["committed"] for one in first["texts"])
    assert first["records"][0]["type"] == "request.accepted"
    assert types(file) == ["audit.exported"]
    assert run(file, "export", "--out", str(out)).exit_code == 2  # nothing is written over
    shown = run(file, "export")
    assert json.loads(shown.stdout) == document


def test_erase(file: Path):
    done = run(file, "erase", "--reason", "gdpr-17-1b", "--yes", "--json", "--vacuum")
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    counts = {"requests": 2, "capsules": 4, "keys": 2, "index_rows": 3, "nonces": 4}
    counts["feedback"] = 0
    assert {name: said[name] for name in counts} == counts
    assert said["free_space_clean"]
    assert types(file) == ["erasure.requested", "erasure.executed"]
    tombstone = bodies(file)[-1]
    assert tombstone["erasure"] == {**counts, "reason": "gdpr-17-1b", "scope": said["scope"]}
    assert ANNA not in json.dumps(bodies(file))
    # Who has the nonce can show for whom it was; without it nobody can test a guess.
    nonce = bytes.fromhex(said["scope_nonce"])
    forms = [normalised("EMAIL_ADDRESS", ANNA)]
    scope = commitment(nonce, orjson.dumps([TENANT, "EMAIL_ADDRESS", forms]))
    assert scope.digest == said["scope"]
    assert run(file, "find").exit_code == 1
    assert run(file, "find", values=BEN).exit_code == 0
    again = run(file, "erase", "--reason", "gdpr-17-1b", "--yes")
    assert again.exit_code == 1


def test_feedback_on_a_person_is_told_of_and_erased_though_no_request_is_found(file: Path):
    say(f"sqlite:///{file.parent}/audit.db", "fb-1", "cleo@example.com")
    found = run(file, "find", values="cleo@example.com")
    assert "1 pieces of feedback on these values" in found.stderr
    asked = run(file, "erase", "--reason", "gdpr-17-1b", values="cleo@example.com")
    assert (asked.exit_code, "and 1 pieces of feedback" in asked.stderr) == (1, True)
    done = run(file, "erase", "--reason", "gdpr-17-1b", "--yes", values="cleo@example.com")
    assert "And 1 pieces of feedback" in done.stdout
    assert bodies(file)[-1]["erasure"]["feedback"] == 1
    assert run(file, "erase", "--reason", "x", values="cleo@example.com").exit_code == 1


def test_the_log_verifies_after_an_erasure(file: Path):
    """So do the trees that were signed before it."""
    url = f"sqlite:///{file.parent}/audit.db"
    write(url, folder=file.parent)
    assert run(file, "erase", "--reason", "gdpr", "--yes").exit_code == 0
    write(url, folder=file.parent)
    verified = CliRunner().invoke(
        audit.app, ["verify", "--config", str(file), "--url", url, "--json"]
    )
    assert verified.exit_code == 0, verified.output
    said = json.loads(verified.stdout)
    assert said["checkpoints"] >= 2
    assert said["signed"] == said["size"]


def test_erase_asks_first(file: Path):
    done = run(file, "erase", "--reason", "gdpr")
    assert done.exit_code == 1
    assert "2 requests would be erased" in done.stderr
    assert types(file) == []
    for reason in ("", "Mr Smith asked"):
        assert run(file, "erase", "--reason", reason, "--yes").exit_code == 2
    assert run(file, "find").exit_code == 0


def test_a_hold_is_in_the_way(file: Path):
    done = hold(
        file, "set", "--reason", "case-7", "--tenant", TENANT, "--type", "EMAIL_ADDRESS",
        "--value-file", "-", "--json", values=BEN,
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    (hold_id,) = json.loads(done.stdout)["holds"]
    refused = run(file, "erase", "--reason", "gdpr", "--yes")
    assert refused.exit_code == 1
    assert hold_id in refused.stderr
    assert types(file) == ["hold.set"]
    listed = json.loads(hold(file, "list", "--json").stdout)
    assert [(one["hold_id"], one["subject"], one["reason"]) for one in listed] == [
        (hold_id, True, "case-7")
    ]
    assert BEN not in hold(file, "list").stdout
    assert hold(file, "release", hold_id).exit_code == 0
    assert hold(file, "release", hold_id).exit_code == 1
    assert run(file, "erase", "--reason", "gdpr", "--yes").exit_code == 0
    assert types(file) == ["hold.set", "hold.released", "erasure.requested", "erasure.executed"]


def test_a_person_is_held_in_one_tenant(file: Path):
    done = hold(file, "set", "--reason", "c", "--type", "PERSON", "--value-file", "-", values="A")
    assert done.exit_code == 2
    assert hold(file, "set", "--reason", "Not a code").exit_code == 2


@pytest.mark.parametrize(
    ("what", "said"),
    [
        (["--tenant", "acmee"], "the log has no request of the tenant acmee"),
        (["--request", "r9"], "the log has no record of the request r9"),
        (["--tenant", "acmee", "--request", "r1"], "of the request r1 of the tenant acmee"),
        (["--request", ""], "the log has no record"),
    ],
)
def test_a_hold_on_what_the_log_does_not_know_is_refused(file: Path, what: list[str], said: str):
    """Nor does a record of somebody who looked for such a tenant make it one."""
    run(file, "find", "--tenant", "acmee")
    refused = hold(file, "set", "--reason", "c", *what)
    assert refused.exit_code == 1
    assert said in refused.stderr
    assert types(file) == ["audit.searched"]
    assert json.loads(hold(file, "list", "--json").stdout) == []
    assert hold(file, "set", "--reason", "c", *what, "--anyway").exit_code == 0
    assert types(file)[-1] == "hold.set"


def test_a_hold_on_a_person_of_a_type_that_there_is_not_is_refused(file: Path):
    person = ["--tenant", TENANT, "--type", "EMAIL_ADRESS", "--value-file", "-"]
    refused = hold(file, "set", "--reason", "c", *person, values=ANNA)
    assert refused.exit_code == 2
    assert "did you mean EMAIL_ADDRESS? Say --anyway to set it." in refused.stderr
    assert types(file) == []
    assert hold(file, "set", "--reason", "c", *person, "--anyway", values=ANNA).exit_code == 0


@pytest.mark.parametrize(
    "what", [[], ["--tenant", TENANT], ["--request", "r1"], ["--tenant", TENANT, "--request", "r3"]]
)
def test_a_hold_on_what_the_log_knows(file: Path, what: list[str]):
    assert hold(file, "set", "--reason", "c", *what).exit_code == 0


def test_prune_lets_expired_content_go(file: Path):
    exchange(f"sqlite:///{file.parent}/audit.db", "r4", ANNA, text=TEXT, expires=EARLIER)
    done = CliRunner().invoke(audit.app, ["prune", "--config", str(file), "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["expired_requests"] == 1
    found = json.loads(run(file, "find", "--json").stdout)
    assert [one["request_id"] for one in found] == ["r1", "r2"]


def test_prune_says_why_records_stay(file: Path):
    done = CliRunner().invoke(
        audit.app, ["prune", "--before", "2999-01-01", "--config", str(file), "--json"]
    )
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert said["records"] == 0
    assert {"what": "the last checkpoint", "from_leaf": 0} in said["kept_for"]


def test_records_are_kept_for_as_long_as_the_configuration_says(
    file: Path, monkeypatch: pytest.MonkeyPatch
):
    asked: list[str] = []

    def plan(_: object, before: str) -> retention.Plan:
        asked.append(before)
        return retention.Plan(0, 0, ())

    monkeypatch.setattr(retention, "plan", plan)
    assert CliRunner().invoke(audit.app, ["prune", "--config", str(file)]).exit_code == 0
    assert asked == []  # nothing is set: records stay
    file.write_text(CONFIG.replace('audit.db"}', 'audit.db", retention_days: 400}'))
    for options, days in (([], 400), (["--days", "3"], 3)):
        done = CliRunner().invoke(audit.app, ["prune", *options, "--config", str(file)])
        assert done.exit_code == 0, done.output
        age = datetime.now(UTC) - datetime.fromisoformat(asked.pop())
        assert age.days == days


@pytest.mark.parametrize("options", [["--before", "2999-01-01"], ["--days", "1", "--dry-run"], []])
def test_prune_says_that_records_go_in_whole_blocks(file: Path, options: list[str]):
    """Nothing of it where only expired content goes."""
    done = CliRunner().invoke(audit.app, ["prune", *options, "--config", str(file)])
    assert done.exit_code == 0, done.output
    assert ("in whole blocks of 256" in done.stdout) is bool(options)


@pytest.mark.parametrize("values", ["", "\n \n", "\udcff"])
def test_values_that_are_none(file: Path, values: str):
    raw = values.encode("utf-8", "surrogateescape")
    done = CliRunner().invoke(
        dsar.app,
        ["find", "--type", "PERSON", "--value-file", "-", "--config", str(file)],
        input=raw,
    )
    assert done.exit_code == 2
    assert types(file) == []


def test_no_log(tmp_path: Path):
    path = tmp_path / "cloakroom.yaml"
    path.write_text(CONFIG)
    done = CliRunner().invoke(audit.app, ["hold", "list", "--config", str(path)])
    assert done.exit_code == 2


def test_an_erasure_that_was_done_but_not_put_on_record_is_told_so(file: Path):
    with closing(sqlite3.connect(file.parent / "audit.db")) as log:
        log.execute(
            "CREATE TRIGGER full BEFORE INSERT ON audit_records "
            "WHEN NEW.type = 'erasure.executed' BEGIN SELECT RAISE(ABORT, 'full'); END"
        )
    done = run(file, "erase", "--reason", "gdpr-17-1b", "--yes")
    assert done.exit_code == 1
    assert "though it was done" in done.output
    assert run(file, "find").exit_code == 1
