"""The root of the command line: what it lists, how it fails, how little it imports."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from gateway.cli import main as root
from gateway.errors import AuditUnavailable, ConfigError, Problem
from gateway.version import __version__

ROOT = Path(__file__).parent.parent.parent
HEAVY = ("presidio_analyzer", "presidio_anonymizer", "uvicorn", "sqlalchemy", "fastapi", "openai")


@pytest.fixture(autouse=True)
def _logs_stay_where_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(root.telemetry, "install", lambda **_: None)


def cloakroom(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gateway", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_the_version():
    done = cloakroom("--version")
    assert done.returncode == 0
    assert done.stdout == f"cloakroom {__version__}\n"


def test_help_lists_every_command():
    done = CliRunner().invoke(root.app, ["--help"])
    assert done.exit_code == 0
    for name in root.COMMANDS:
        assert name in done.output


def test_help_imports_nothing_heavy():
    code = (
        "import sys\n"
        "from gateway.cli.main import app\n"
        "try:\n    app(['--help'])\nexcept SystemExit as end:\n    assert not end.code\n"
        f"found = [name for name in {HEAVY!r} if name in sys.modules]\n"
        "assert not found, found\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr


ALWAYS_JSON = {"schema"}  # of `policy`


@pytest.mark.parametrize("name", root.COMMANDS)
def test_every_command_exists_and_speaks_json(name: str):
    module = importlib.import_module(f"gateway.cli.{name}")
    command = typer.main.get_command(module.app)
    parts = list(getattr(command, "commands", {name: command}).values())
    for one in parts:
        if hasattr(one, "commands"):
            parts += one.commands.values()
            continue
        options = {option for parameter in one.params for option in parameter.opts}
        assert "--json" in options or one.name in ALWAYS_JSON, one.name
    done = CliRunner().invoke(root.app, [name, "--help"])
    assert done.exit_code == 0, done.output
    assert "completion" not in done.output  # of the shell: it would be for a command of that name


def test_the_schema_of_policies_is_json():
    done = CliRunner().invoke(root.app, ["policy", "schema"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.output)["title"] == "Cloakroom policy"


def test_an_unknown_command_is_a_usage_error():
    done = cloakroom("serv")
    assert done.returncode == 2
    assert "serve" in done.stderr
    assert "Traceback" not in done.stderr


def test_start_up_problems_are_all_said_and_exit_with_2(monkeypatch, capsys):
    problems = [
        Problem("a.yaml", 3, "listen.port", "must be a whole number"),
        Problem("a.yaml", 9, "upstream", "unknown key", "did you mean upstreams?"),
    ]

    def fail() -> None:
        raise ConfigError(problems)

    monkeypatch.setattr(root, "app", fail)
    with pytest.raises(SystemExit) as end:
        root.main()
    assert end.value.code == 2
    said = capsys.readouterr().err
    assert "a.yaml:3: listen.port: must be a whole number" in said
    assert "did you mean upstreams?" in said


def test_our_own_errors_are_said_by_code_and_exit_with_1(monkeypatch, capsys):
    def fail() -> None:
        raise AuditUnavailable("The audit store cannot be written.")

    monkeypatch.setattr(root, "app", fail)
    with pytest.raises(SystemExit) as end:
        root.main()
    assert end.value.code == 1
    assert capsys.readouterr().err == "audit_unavailable: The audit store cannot be written.\n"


def test_what_is_logged_meanwhile_does_not_get_into_a_commands_output():
    code = (
        "import structlog\n"
        "from gateway.cli import main as root\n"
        "def app():\n"
        "    structlog.get_logger().info('audit_sequencer_leads', component='audit')\n"
        "    structlog.get_logger().error('audit_unavailable', component='audit')\n"
        "    print('{}')\n"
        "root.app = app\n"
        "root.main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.stdout == "{}\n"
    (line,) = done.stderr.splitlines()
    assert json.loads(line)["event"] == "audit_unavailable"


EMPTY_FOLDER = [
    # what only reads the log says that there is none
    (["audit", "list"], "cloakroom serve"),
    (["audit", "search"], "cloakroom serve"),
    (["audit", "stats"], "cloakroom serve"),
    (["audit", "keys"], "cloakroom serve"),
    (["audit", "proof", "x"], "cloakroom serve"),
    (["audit", "anchor", "--out", "a"], "cloakroom serve"),
    (["audit", "sinks"], "cloakroom serve"),
    (["policy", "simulate", "--policy", "mask-all"], "cloakroom serve"),
    # what needs the master key, that there is no key
    (["audit", "verify"], "no key file"),
    (["audit", "export"], "no key file"),
    (["audit", "evidence", "--out", "e"], "no key file"),
    (["audit", "prune"], "no key file"),
    (["audit", "hold", "list"], "no key file"),
    (["audit", "hold", "set", "--reason", "case-1", "--anyway"], "no key file"),
    (["audit", "sinks", "drop", "x"], "no key file"),
    (["keys", "list"], "no key file"),
    (["keys", "rotate"], "no key file"),
    (["vault", "stats"], "no key file"),
]


@pytest.mark.parametrize(("arguments", "said"), EMPTY_FOLDER)
def test_in_an_empty_folder_nothing_is_made_and_what_is_missing_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CLOAKROOM_CONFIG", raising=False)
    done = CliRunner().invoke(root.app, arguments)
    assert done.exit_code == 2, done.output
    assert said in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_looking_at_a_text_makes_no_master_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CLOAKROOM_CONFIG", raising=False)
    done = CliRunner().invoke(root.app, ["inspect"], input="My name is Anna Schneider.")
    assert done.exit_code == 0, done.output
    assert "PERSON" in done.stdout
    assert list(tmp_path.iterdir()) == []
