"""What the README prints works: commands exist, configurations load, tables are complete."""

from __future__ import annotations

import ast
import re
import shlex
import tomllib
from base64 import b64encode
from importlib import import_module
from pathlib import Path

import pytest
import typer

from gateway.cli.main import COMMANDS
from gateway.config import load
from gateway.policy.files import load_policies
from gateway.policy.lint import warnings
from gateway.policy.shipped import shipped_policy
from gateway.settings import (
    FAMILIES_OF_KIND,
    Audit,
    Auth,
    Console,
    Detection,
    Limits,
    Listen,
    Settings,
    Sink,
    Vault,
)
from gateway.types import Family

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
LINES = [line for kind, text in BLOCKS if kind == "sh" for line in text.splitlines() if line]
INLINE = re.findall(r"`(cloakroom [^`]+)`", README)
YAML = [text for kind, text in BLOCKS if kind == "yaml"]
CONFIGURATIONS = [text for text in YAML if "upstreams:" in text]
POLICIES = [text for text in YAML if "rules:" in text]
SECTIONS = [text for text in YAML if text.startswith("detection:")] + [
    re.sub("^    ", "", text, flags=re.MULTILINE)
    for text in re.findall(r"^\n((?:    .*\n)+)\n", README, re.MULTILINE)
]


def commands() -> list[list[str]]:
    """The words of every `cloakroom` command, those behind a pipe included."""
    lines = [line.partition(" > ")[0] for line in LINES]
    parts = [part for line in lines for part in line.split(" | ")] + INLINE
    return [shlex.split(part) for part in parts if part.strip().startswith("cloakroom ")]


def test_there_is_something_to_check():
    assert len(commands()) > 15
    assert len(CONFIGURATIONS) == 3
    assert len(POLICIES) == 1


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_command_parses(words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    assert words[1] in COMMANDS
    command = typer.main.get_command(import_module(f"gateway.cli.{words[1]}").app)
    rest = words[2:]
    if hasattr(command, "commands") and rest:
        assert rest[0] in command.commands
        command, rest = command.commands[rest[0]], rest[1:]
    if not rest:
        return  # the prose names a command
    monkeypatch.chdir(tmp_path)
    for name in ("ours.yaml", "cloakroom.yaml", "request.json", "labelled.jsonl"):
        (tmp_path / name).touch()
    command.make_context(words[1], rest)  # raises on an unknown option or argument


@pytest.mark.parametrize("line", [line for line in LINES if line.startswith("make ")])
def test_every_make_target_exists(line: str):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(rf"^{line.split()[1]}:", makefile, re.MULTILINE)


def loaded(text: str, folder: Path) -> Settings:
    """What a configuration says whose files are there."""
    key = folder / "master.key"
    key.write_bytes(b64encode(bytes(range(32))))
    key.chmod(0o600)
    for name in ("anchors", "records", "models/gliner", "models/privacy-filter", "models/ner"):
        (folder / name).mkdir(parents=True)
    for name in ("recognizers.yaml", "ca.pem"):
        (folder / name).touch()
    file = folder / "cloakroom.yaml"
    file.write_text(text)
    return load(file, {"CLOUD_API_KEY": "x", "CLOAKROOM_DB_PASSWORD": "x"})


@pytest.mark.parametrize("text", CONFIGURATIONS, ids=["first", "whole", "audit"])
def test_every_configuration_loads(text: str, tmp_path: Path):
    settings = loaded(text, tmp_path)
    assert settings.upstreams[0].base_url == "http://127.0.0.1:8000/v1"


def test_what_stands_in_comments_of_sinks_and_anchors_loads_too(tmp_path: Path):
    text = re.sub(r"^( +)# (- |origin)", r"\1\2", CONFIGURATIONS[2], flags=re.MULTILINE)
    audit = loaded(text, tmp_path).audit
    assert [one.kind for one in audit.sinks] == ["jsonl", "ocsf", "folder", "syslog"]
    assert [one.kind for one in audit.anchors] == ["file", "webhook"]
    assert audit.origin is not None


@pytest.mark.parametrize("text", SECTIONS, ids=["plugins", "pool", "PostgreSQL"])
def test_every_section_on_its_own_loads(text: str, tmp_path: Path):
    served = (
        "" if "upstreams:" in text else "upstreams: [{name: l, kind: loopback, class: on_prem}]"
    )
    assert loaded(f"version: 1\n{served}\n{text}", tmp_path).upstreams


def test_defaults_are_those_of_the_code(tmp_path: Path):
    said = loaded(CONFIGURATIONS[1], tmp_path)
    assert (said.listen, said.auth, said.limits) == (Listen(), Auth(), Limits())
    assert (said.vault, said.console) == (Vault(), Console())
    for name in ("profile", "languages", "timeout_s", "cache_entries"):
        assert getattr(said.detection, name) == getattr(Detection(), name), name
    assert said.policies == (shipped_policy("default"),)


def test_defaults_of_anchors_and_sinks_are_those_of_the_code(tmp_path: Path):
    text = re.sub(r"^( +)# - ", r"\1- ", CONFIGURATIONS[2], flags=re.MULTILINE)
    audit = loaded(text, tmp_path).audit
    assert (audit.anchor_every_s, audit.anchor_warn_s) == (
        Audit(url="").anchor_every_s,
        Audit(url="").anchor_warn_s,
    )
    for one in audit.sinks:
        default = Sink(kind=one.kind, name=one.name)
        assert (one.rotate_bytes, one.hold_s, one.port) == (
            default.rotate_bytes,
            default.hold_s,
            default.port,
        )


@pytest.mark.parametrize("kind", FAMILIES_OF_KIND)
def test_every_kind_of_upstream_is_listed_with_what_it_speaks(kind: str):
    said = re.search(rf"^\| `{kind}` \| ([\w, ]+) \|", README, re.MULTILINE)
    assert said is not None
    named = Family if said[1] == "all" else [Family(one) for one in said[1].lower().split(", ")]
    assert frozenset(named) == FAMILIES_OF_KIND[kind]


def test_the_policy_loads(tmp_path: Path):
    file = tmp_path / "ours.yaml"
    file.write_text(POLICIES[0])
    policy = load_policies([file])
    own = [rule.name for rule in policy.rules if rule.file == str(file)]
    assert own == ["no-cards", "paris-hr-stays-home", "our-masking"]
    assert warnings(policy) == ()


def test_the_python_example_is_python():
    for kind, text in BLOCKS:
        if kind == "python":
            ast.parse(text)


def test_every_link_leads_somewhere():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target


def test_every_dependency_has_its_reason():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = {re.split(r"[\[<>=]", one)[0] for one in project["dependencies"]}
    listed = README.partition("## Dependencies")[2].partition("## Development")[0]
    assert set(re.findall(r"^\| ([a-z0-9-]+) \|", listed, re.MULTILINE)) - {"package"} == named


def test_every_error_code_is_listed():
    listed = set(re.findall(r"`([a-z_0-9]+)`", README.partition("### Errors")[2]))
    raised = set()
    for file in (ROOT / "gateway").rglob("*.py"):
        if "cli" in file.parts or file.name in {"telemetry.py", "metrics.py", "ports.py"}:
            continue
        text = file.read_text(encoding="utf-8")
        raised |= set(re.findall(r'\bcode="([a-z_]+)"', text))
        if file.name == "errors.py":
            raised |= set(re.findall(r'^    code = "([a-z_]+)"', text, re.MULTILINE))
        if file.parent.name == "upstreams":
            raised |= set(re.findall(r'", "(upstream_[a-z_]+)", \d{3}\)', text))
        if file.name == "body.py" and file.parent.name == "wire":
            raised |= set(re.findall(r'^    "([a-z_0-9]+)": "The body', text, re.MULTILINE))
    assert len(raised) > 30
    assert raised - listed == set() | ({"client_gone"} & raised)


def test_every_response_header_is_listed():
    text = (ROOT / "gateway" / "exchange.py").read_text(encoding="utf-8")
    for header in re.findall(r'"(x-[a-z-]+)":', text):
        assert f"`{header}`" in README, header


def test_every_metric_is_listed():
    text = (ROOT / "gateway" / "metrics.py").read_text(encoding="utf-8")
    for kind, metric in re.findall(r'(Counter|Gauge|Histogram)\(\s*"([a-z_]+)"', text):
        assert metric + ("_total" if kind == "Counter" else "") in README, metric
