"""`cloakroom doctor` and real servers: what it says of them is true."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.world import ROOT
from tests.vllm.servers import KEY, Vllm

pytestmark = pytest.mark.vllm


def doctor(folder: Path, server: Vllm) -> dict[str, Any]:
    (folder / "cloakroom.yaml").write_text(
        "version: 1\ndetection: {profile: patterns}\nupstreams:\n"
        f"  - {{name: local, kind: openai, class: on_prem, base_url: '{server.url}/v1',"
        f" api_key: {KEY}}}\n"
    )
    shown = subprocess.run(
        [sys.executable, "-m", "gateway", "doctor", "--json", "--config", "cloakroom.yaml"],
        check=False,
        capture_output=True,
        cwd=folder,
        env={"PYTHONPATH": str(ROOT)},
    )
    every = {one["name"]: one for one in json.loads(shown.stdout)["checks"]}
    return {name: one for name, one in every.items() if name.startswith("vllm local")}


def test_a_server_that_decodes(decoder: Vllm, tmp_path: Path):
    found = doctor(tmp_path, decoder)

    assert {one["status"] for one in found.values()} == {"ok"}, found
    assert found["vllm local"]["seen"].endswith("serves tiny")
    assert "vllm local cache salt" in found


def test_a_server_that_classifies(classifier: Vllm, tmp_path: Path):
    found = doctor(tmp_path, classifier)

    assert {one["status"] for one in found.values()} == {"ok"}, found
    assert "vllm local cache salt" not in found
