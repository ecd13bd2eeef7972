"""`cloakroom demo`: it is real, and it fails if a value leaves or does not come back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner

from gateway.cli import demo as command
from gateway.cli.conversations import CONVERSATIONS, Held
from gateway.cli.demo import Outcome, app
from gateway.masking.placeholders import framed

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def demonstrated(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict]:
    folder = tmp_path_factory.mktemp("demo")
    done = subprocess.run(
        [sys.executable, "-m", "gateway", "demo", "--json"],
        cwd=folder,
        env=os.environ
        | {
            "PYTHONPATH": str(ROOT),
            "TMPDIR": str(folder),
            "CLOAKROOM_CONFIG": "absent.yaml",  # the demonstration has its own
            "http_proxy": "http://127.0.0.1:9",  # and asks nobody else
            "all_proxy": "http://127.0.0.1:9",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, (done.stdout, done.stderr)
    return folder, json.loads(done.stdout)


def test_every_conversation_kept_its_values_and_got_them_back(demonstrated):
    _, shown = demonstrated
    assert shown["ok"] is True
    assert [one["name"] for one in shown["conversations"]] == ["plain", "streamed", "tool"]
    for one in shown["conversations"]:
        left = json.dumps(one["left"])
        assert len(one["planted"]) >= 4
        assert one["leaked"] == []
        assert one["restored"] is True
        assert "<" in left
        for value in one["planted"]:
            assert value in json.dumps(one["sent"], ensure_ascii=False).replace("\\", "")
            assert value not in left


def test_the_tool_is_called_with_restored_arguments_and_its_result_leaves_masked(demonstrated):
    _, shown = demonstrated
    tool = shown["conversations"][2]
    assert tool["came_back"][0]["who"] == "calls find_customer"
    assert "maria.rossi@example.net" in tool["came_back"][0]["text"]
    assert [line["who"] for line in tool["left"]] == ["user", "calls find_customer", "tool"]


def test_four_requests_are_on_record_without_text(demonstrated):
    _, shown = demonstrated
    kinds = [one["type"] for one in shown["audit"]]
    assert kinds.count("request.accepted") == 4
    assert kinds.count("request.completed") == 4
    planted = [value for one in CONVERSATIONS for value in one.planted]
    assert not [value for value in planted if value in json.dumps(shown["audit"])]


def test_it_is_quick_and_leaves_nothing_behind(demonstrated):
    folder, shown = demonstrated
    assert shown["seconds"] < 15
    assert list(folder.iterdir()) == []


def outcome(left: str, back: str) -> Outcome:
    plain = replace(CONVERSATIONS[0], planted=("Anna",))
    body = orjson.dumps({"messages": [{"role": "user", "content": left}]})
    held = Held((("user", "I am Anna"),), (("assistant", back),), (("assistant", "Anna"),))
    return Outcome(plain, held, (body,))


GOOD = outcome("I am " + framed("PERSON_7K2QX9"), "Anna")
LEAKED = outcome("I am Anna", "Anna")
DAMAGED = outcome("I am " + framed("PERSON_7K2QX9"), "anna")
UNASKED = replace(GOOD, bodies=())


@pytest.mark.parametrize(
    ("made", "code", "said"),
    [
        (GOOD, 0, "1 values kept in"),
        (LEAKED, 1, "1 values LEFT"),
        (DAMAGED, 1, "NOT restored"),
        (UNASKED, 1, "nothing reached the upstream"),
    ],
)
def test_the_verdict(made: Outcome, code: int, said: str, monkeypatch: pytest.MonkeyPatch):
    async def no_records(_: object) -> list[object]:
        return []

    monkeypatch.setattr(command.telemetry, "install", lambda: None)
    monkeypatch.setattr(command, "_outcomes", lambda _: [GOOD, made])
    monkeypatch.setattr(command, "_records", no_records)
    done = CliRunner().invoke(app, [])
    assert done.exit_code == code, done.output
    assert said in done.output


def test_without_the_client_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(command, "find_spec", lambda _: None)
    done = CliRunner().invoke(app, [])
    assert done.exit_code == 1
    assert "pip install openai" in done.stderr
