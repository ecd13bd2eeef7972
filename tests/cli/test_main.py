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


def cloakroom(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gateway", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
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
        timeout=60,
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
        timeout=60,
    )
    assert done.stdout == "{}\n"
    (line,) = done.stderr.splitlines()
    assert json.loads(line)["event"] == "audit_unavailable"
