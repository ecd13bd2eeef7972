"""`cloakroom doctor` and real servers: what it says of them is true."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.cli.checks import Check, Status
from gateway.cli.checks_vllm import vllm
from gateway.config import load
from tests.e2e.world import ROOT
from tests.vllm.servers import KEY, Vllm

pytestmark = pytest.mark.vllm


def configured(folder: Path, server: Vllm) -> Path:
    file = folder / "cloakroom.yaml"
    file.write_text(
        "version: 1\ndetection: {profile: patterns}\nupstreams:\n"
        f"  - {{name: local, kind: openai, class: on_prem, base_url: '{server.url}/v1',"
        f" api_key: {KEY}}}\n"
    )
    return file


def looked_at(folder: Path, server: Vllm) -> dict[str, Check]:
    return {one.name: one for one in vllm(load(configured(folder, server), {}))}


def test_the_command_shows_what_it_sees_of_a_server(decoder: Vllm, tmp_path: Path):
    configured(tmp_path, decoder)
    shown = subprocess.run(
        [sys.executable, "-m", "gateway", "doctor", "--json", "--config", "cloakroom.yaml"],
        check=False,
        capture_output=True,
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
    )
    every = {one["name"]: one for one in json.loads(shown.stdout)["checks"]}
    ours = {name: one for name, one in every.items() if name.startswith("vllm local")}

    assert {one["status"] for one in ours.values()} == {"ok"}, ours
    assert ours["vllm local"]["seen"].endswith("serves tiny")
    assert "vllm local cache salt" in ours


def test_a_server_that_classifies(classifier: Vllm, tmp_path: Path):
    found = looked_at(tmp_path, classifier)

    assert {one.status for one in found.values()} == {Status.OK}, found
    assert "vllm local cache salt" not in found


def test_a_server_that_anybody_may_change(embedder: Vllm, tmp_path: Path):
    """Every path that should be closed is found open where it is; nothing was called by looking."""
    found = looked_at(tmp_path, embedder)

    assert found["vllm local dev mode"].status is Status.FAILED
    for path in ("/sleep", "/is_sleeping", "/reset_prefix_cache", "/server_info"):
        assert path in found["vllm local dev mode"].seen
    assert found["vllm local adapters"].status is Status.WARNING
    assert json.loads(embedder.get("/is_sleeping")[1]) == {"is_sleeping": False}
