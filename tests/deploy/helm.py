"""Renders the chart for tests, all files of values in one process of `helm_process.py`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml

from tests.deploy.containerfile import ROOT

CHART = ROOT / "helm" / "cloakroom"
PYTHON = os.environ.get("HELM_PYTHON", "")
VERSIONS = ("1.31", "1.34", "1.37")  # of Kubernetes
FILES = (*sorted((CHART / "ci").glob("*.yaml")), *sorted(CHART.glob("values-*.yaml")))
RELEASE, NAMESPACE = "rel", "ns"


def reason_to_skip() -> str:
    """Why the chart cannot be rendered here, "" where it can."""
    if PYTHON or (find_spec("helm_python") and find_spec("kubernetes_validate")):
        return ""
    return "no Helm: make test-deploy"


@dataclass(frozen=True, slots=True)
class Rendered:
    """What became of the chart with some values."""

    error: str
    manifests: tuple[dict[str, Any], ...]
    notes: str
    lint: tuple[dict[str, Any], ...]
    schema: tuple[str, ...]

    def of(self, kind: str, suffix: str = "") -> dict[str, Any]:
        """The only manifest of a kind, or the one whose name ends so."""
        found = [one for one in self.manifests if one["kind"] == kind]
        if suffix:
            found = [one for one in found if one["metadata"]["name"].endswith(suffix)]
        assert len(found) == 1, (kind, suffix, len(found))
        return found[0]

    @property
    def kinds(self) -> set[str]:
        return {one["kind"] for one in self.manifests}

    @property
    def pods(self) -> list[dict[str, Any]]:
        """The specifications of all pods."""
        return [pod["spec"] for pod in map(_pod, self.manifests) if pod]

    @property
    def labelled(self) -> dict[str, list[dict[str, str]]]:
        """The labels of all pods, by component."""
        found: dict[str, list[dict[str, str]]] = {}
        for labels in (pod["metadata"]["labels"] for pod in map(_pod, self.manifests) if pod):
            found.setdefault(labels["app.kubernetes.io/component"], []).append(labels)
        return found

    @property
    def gateway(self) -> dict[str, Any]:
        """The gateways' Deployment."""
        component = "app.kubernetes.io/component"
        (found,) = [
            one
            for one in self.manifests
            if one["kind"] == "Deployment" and one["metadata"]["labels"][component] == "gateway"
        ]
        return found

    @property
    def config(self) -> str:
        return str(self.of("ConfigMap", "-config")["data"]["cloakroom.yaml"])


def _pod(manifest: dict[str, Any]) -> dict[str, Any] | None:
    """The pod of a manifest: itself, or what it makes pods of."""
    if manifest["kind"] == "Pod":
        return manifest
    spec = manifest.get("spec") or {}
    spec = spec.get("jobTemplate", {}).get("spec", spec)
    return spec.get("template")


def render(*values: dict[str, Any]) -> list[Rendered]:
    """What becomes of the chart with each of these values."""
    jobs = [
        {"chart": str(CHART), "values": one, "name": RELEASE, "namespace": NAMESPACE,
         "versions": VERSIONS}
        for one in values
    ]  # fmt: skip
    done = subprocess.run(
        [PYTHON or sys.executable, str(Path(__file__).with_name("helm_process.py"))],
        input=json.dumps(jobs),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return [
        Rendered(
            error=one.get("error", ""),
            manifests=tuple(one.get("manifests", ())),
            notes=one.get("notes", ""),
            lint=tuple(one["lint"]["messages"]) if "lint" in one else (),
            schema=tuple(one.get("schema", ())),
        )
        for one in json.loads(done.stdout)
    ]


@cache
def rendered() -> dict[str, Rendered]:
    """The chart with each of the files of values, by the file's name."""
    values = [yaml.safe_load(file.read_text(encoding="utf-8")) for file in FILES]
    return dict(zip([file.stem for file in FILES], render(*values), strict=True))
