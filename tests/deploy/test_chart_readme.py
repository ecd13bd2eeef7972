"""The commands of the chart's README, as far as they need no cluster, and what it speaks of."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.audit.signing import load_signing_keys
from gateway.identity.keys import KeyFile
from gateway.masterkey import read
from tests.deploy.containerfile import ROOT

CHART = ROOT / "helm" / "cloakroom"
README = (CHART / "README.md").read_text(encoding="utf-8")


def test_the_key_ceremony_makes_the_secret(tmp_path: Path):
    (block,) = re.findall(r"```sh\n(umask .*?)```", README, re.DOTALL)
    commands, kubectl = block.split("kubectl", 1)
    program = f'cloakroom() {{ "{sys.executable}" -m gateway "$@"; }}\n'
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    done = subprocess.run(
        ["sh", "-eu", "-c", program + commands],
        cwd=tmp_path, env=environ, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "keys"
    key = read(folder / "master.key")
    load_signing_keys(folder / "signing.key")
    assert KeyFile(folder / "keys.yaml", key).ready
    assert (folder / "cloakroom.vkey").read_text(encoding="utf-8").strip()
    for name in re.findall(r"--from-file=(\S+)", kubectl):
        assert (folder / name).is_file(), name


@pytest.mark.parametrize("folder", [CHART, ROOT / "deploy"], ids=["chart", "deploy"])
def test_what_is_linked_to_is_there(folder: Path):
    text = (folder / "README.md").read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#]+)[)#]", text)
    assert links
    for link in links:
        assert (folder / link).exists(), link
