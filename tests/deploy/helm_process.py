"""Renders a chart by Helm's own library: reads jobs as JSON, writes what became of them.

In a process of its own, in the environment of helm.in.
"""

from __future__ import annotations

import functools
import json
import sys
from typing import Any

import helm_python
import kubernetes_validate
import yaml
from kubernetes_validate import utils

NOT_OF_KUBERNETES = {"HTTPRoute", "PrometheusRule", "ServiceMonitor"}  # nothing has their schemas
utils.schema_contents = functools.cache(utils.schema_contents)


def done(job: dict[str, Any]) -> dict[str, Any]:
    """The manifests, or `error`: what Helm had against them; and what its linter and the schemas
    of Kubernetes say."""
    values = job["values"]
    try:
        with helm_python.Chart.load(job["chart"]) as chart:
            chart.validate_schema(chart.merge_values(values))
            rendered = chart.render(values, name=job["name"], namespace=job["namespace"])
    except helm_python.HelmError as error:
        return {"error": str(error)}
    notes = [rendered.pop(name) for name in list(rendered) if name.endswith("NOTES.txt")]
    found = [one for text in rendered.values() for one in yaml.safe_load_all(text) if one]
    linted = helm_python.lint(job["chart"], values, strict=True, namespace=job["namespace"])
    wrong = [text for one in found for version in job["versions"] if (text := fault(one, version))]
    return {"manifests": found, "notes": "".join(notes), "lint": linted, "schema": wrong}


def fault(manifest: dict[str, Any], version: str) -> str:
    """What the schema of a version has against a manifest; "" for nothing."""
    if manifest["kind"] in NOT_OF_KUBERNETES:
        return ""
    try:
        kubernetes_validate.validate(manifest, version, strict=True)
    except kubernetes_validate.ValidationError as error:
        return f"{version} {manifest['kind']} {list(error.absolute_path)}: {error.message}"
    except kubernetes_validate.SchemaNotFoundError as error:
        return str(error.message)
    return ""


if __name__ == "__main__":
    json.dump([done(job) for job in json.load(sys.stdin)], sys.stdout)
