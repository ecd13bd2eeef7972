"""What the image is said to be made of, and what is said of known vulnerabilities."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.deploy.containerfile import ROOT

BOM = {"bomFormat": "CycloneDX", "components": [{"name": "alembic"}]}


def loaded(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / ".ci" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def program(folder: Path, output: str) -> Path:
    path = folder / "program"
    path.write_text(f"#!{sys.executable}\nprint({output!r})\n")
    path.chmod(0o755)
    return path


def test_the_list_has_the_packages_the_product_and_every_model_by_its_digest(tmp_path: Path):
    made = loaded("sbom").main(str(program(tmp_path, json.dumps(BOM))))
    assert made["metadata"]["component"]["version"]
    names = [one["name"] for one in made["components"]]
    assert names[0] == "alembic"
    listed = {Path(one["name"]).name: one["hashes"][0]["content"] for one in made["components"][1:]}
    folder = ROOT / "gateway" / "detection" / "tagger" / "models"
    shipped = {path.name for path in folder.iterdir() if path.suffix in {".onnx", ".npz"}}
    assert shipped
    assert shipped <= set(listed)
    for name, digest in listed.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest


CLEAN = '{"dependencies": [{"name": "a", "version": "1", "vulns": []}]}'
FOUND = '{"dependencies": [{"name": "a", "version": "1", "vulns": [{"id": "X-1"}]}]}'


@pytest.mark.parametrize(
    ("of_old", "of_lock", "strict", "code", "said"),
    [
        (FOUND, CLEAN, "", 0, ": 0 packages"),
        (FOUND, FOUND, "", 1, "  a 1: X-1"),
        (FOUND, "no lock", "", 0, "NOT CHECKED"),
        (FOUND, "no lock", "1", 2, "NOT CHECKED"),
        ("no network", "no network", "", 0, "NOT CHECKED"),
        ("no network", "no network", "1", 2, "NOT CHECKED"),
        (CLEAN, CLEAN, "", 0, "NOT CHECKED"),
        (CLEAN, CLEAN, "1", 2, "NOT CHECKED"),
    ],
)
def test_what_cannot_be_checked_is_said_and_fails_only_where_that_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    of_old: str, of_lock: str, strict: str, code: int, said: str,
):  # fmt: skip
    audit = loaded("audit")
    answers = f"import sys; print({of_old!r} if sys.argv[-1].endswith('/old.txt') else {of_lock!r})"
    monkeypatch.setenv("AUDIT_STRICT", strict)
    monkeypatch.setattr(audit, "COMMAND", [sys.executable, "-c", answers])
    assert audit.main(["some.lock"]) == code
    assert said in capsys.readouterr().out


def test_every_step_of_the_checks_is_a_target(tmp_path: Path):
    text = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    steps = text[text.index("for step in ") :].split(";")[0].split()[3:]
    assert {"check", "test", "test-deploy", "audit"} <= set(steps)
    for step in steps:
        done = subprocess.run(["make", "-n", step], cwd=ROOT, capture_output=True, check=False)
        assert done.returncode == 0, step
