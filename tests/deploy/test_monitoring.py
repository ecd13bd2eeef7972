"""Alert rules and dashboards ask for metrics that there are, by labels that these have."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import Counter, Histogram
from prometheus_client.metrics import MetricWrapperBase

from gateway import metrics
from tests.deploy import helm
from tests.deploy.containerfile import ROOT

DEPLOY = ROOT / "deploy"
RULES_FILE = DEPLOY / "prometheus" / "rules.yaml"
GROUPS: list[dict[str, Any]] = yaml.safe_load(RULES_FILE.read_text(encoding="utf-8"))["groups"]
RULES: list[dict[str, Any]] = [rule for group in GROUPS for rule in group["rules"]]
ALERTS = [rule for rule in RULES if "alert" in rule]
RECORDED = {rule["record"] for rule in RULES if "record" in rule}
DASHBOARD_FILE = DEPLOY / "grafana" / "cloakroom.json"
DASHBOARD: dict[str, Any] = json.loads(DASHBOARD_FILE.read_text(encoding="utf-8"))
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
QUERIES = [target["expr"] for panel in PANELS for target in panel["targets"]]
README = (DEPLOY / "README.md").read_text(encoding="utf-8")
PROMTOOL = os.environ.get("PROMTOOL") or shutil.which("promtool") or ""

OF_PROMETHEUS = {"namespace", "job", "instance", "le"}  # labels that it adds, or a histogram has
NAME = re.compile(r"\b(?:cloakroom_\w+|gen_ai_\w+|process_\w+)\b(?!\s*[=!])")  # and no label
SELECTOR = re.compile(r"\b(cloakroom_\w+|gen_ai_\w+|process_\w+)\s*\{([^}]*)\}")
GROUPING = re.compile(r"\bby \(([^)]*)\)")


def series() -> dict[str, set[str]]:
    """The names that are exposed, with their labels."""
    found: dict[str, set[str]] = {"process_cpu_seconds_total": set()}
    found["process_resident_memory_bytes"] = set()
    for metric in vars(metrics).values():
        for one in metric.values() if isinstance(metric, dict) else [metric]:
            if not isinstance(one, MetricWrapperBase):
                continue
            name, labels = one._name, set(one._labelnames)
            if isinstance(one, Counter):
                found[f"{name}_total"] = labels
            elif isinstance(one, Histogram):
                for suffix in ("bucket", "count", "sum"):
                    found[f"{name}_{suffix}"] = labels
            else:
                found[name] = labels
    return found


SERIES = series()


def test_there_is_something_to_check():
    assert len(SERIES) > 15
    assert len(ALERTS) >= 12
    assert len(QUERIES) > 25


@pytest.mark.parametrize("expression", [*(rule["expr"] for rule in RULES), *QUERIES])
def test_every_metric_and_label_that_is_asked_for_is_there(expression: str):
    names = set(NAME.findall(GROUPING.sub("", expression)))
    assert names <= set(SERIES)
    recorded = set(re.findall(r"cloakroom:[a-z_:0-9]+", expression))
    assert names | recorded
    assert recorded <= RECORDED
    known = set().union(*(SERIES[name] for name in names)) | OF_PROMETHEUS
    for name, inside in SELECTOR.findall(expression):
        assert set(re.findall(r"(\w+)\s*[=!]", inside)) <= SERIES[name] | OF_PROMETHEUS
    if not recorded:
        for grouping in GROUPING.findall(expression):
            assert {label.strip() for label in grouping.split(",")} <= known


def test_the_bounds_of_the_objectives_are_bounds_of_buckets():
    text = RULES_FILE.read_text(encoding="utf-8")
    found = dict(re.findall(r'cloakroom_(\w+)_bucket\{le="([0-9.]+)"\}', text))
    assert set(found) == {"detection_seconds", "audit_append_seconds"}
    assert float(found["detection_seconds"]) in metrics.DETECTION_SECONDS._upper_bounds
    assert float(found["audit_append_seconds"]) in metrics.AUDIT_APPEND_SECONDS._upper_bounds


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_every_alert_says_what_to_do(alert: dict[str, Any]):
    name = alert["alert"]
    assert alert["labels"]["severity"] in {"page", "ticket"}
    assert alert["annotations"]["summary"]
    assert alert["annotations"]["runbook"] == f"deploy/README.md#{name.lower()}"
    assert re.search(rf"^#+ {name}$", README, re.MULTILINE)


def test_every_metric_is_on_a_dashboard():
    shown = {name for query in QUERIES for name in NAME.findall(GROUPING.sub("", query))}
    for family in {re.sub(r"_(bucket|count|sum)$", "", name) for name in SERIES}:
        assert any(name.startswith(family) for name in shown), family


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_every_panel_is_explained_and_can_be_narrowed(panel: dict[str, Any]):
    assert panel["description"]
    for target in panel["targets"]:
        for _, inside in SELECTOR.findall(target["expr"]):
            assert 'job=~"$job",namespace=~"$namespace"' in inside


def test_panels_do_not_lie_over_each_other():
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not cells & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= cells


def test_the_chart_has_the_same_rules_and_dashboards():
    files = helm.CHART / "files"
    assert (files / "rules.yaml").read_bytes() == RULES_FILE.read_bytes()
    assert (files / "dashboards" / "cloakroom.json").read_bytes() == DASHBOARD_FILE.read_bytes()


@pytest.mark.skipif(bool(helm.reason_to_skip()), reason=helm.reason_to_skip() or "-")
def test_the_chart_hands_them_on_as_they_are():
    one = helm.rendered()["values-production"]
    assert one.of("PrometheusRule")["spec"]["groups"] == GROUPS
    data = one.of("ConfigMap", "-dashboards")["data"]
    assert json.loads(data["cloakroom.json"]) == DASHBOARD
    selector = one.of("ServiceMonitor")["spec"]["selector"]["matchLabels"]
    assert selector.items() <= one.of("Service")["metadata"]["labels"].items()


# --- by Prometheus itself -------------------------------------------------------------------------


needs_promtool = pytest.mark.skipif(not PROMTOOL, reason="no promtool: set PROMTOOL")


def filled_in(query: str, interval: str) -> str:
    """A query as Grafana asks it."""
    listed = DASHBOARD["templating"]["list"]
    values = {one["name"]: one["query"] for one in listed if one["type"] == "textbox"}
    values |= {"__rate_interval": interval, "job": ".*", "namespace": ".*"}
    for name, value in values.items():
        query = query.replace(f"${name}", value)
    assert "$" not in query
    return query


def promtool(*arguments: str) -> None:
    done = subprocess.run(
        [PROMTOOL, *arguments], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
def test_the_rules_do_what_their_cases_say():
    promtool("check", "rules", str(RULES_FILE))
    promtool("test", "rules", str(RULES_FILE.with_name("rules.test.yaml")))


def test_every_alert_has_a_case_in_which_it_fires_and_one_in_which_it_does_not():
    text = RULES_FILE.with_name("rules.test.yaml").read_text(encoding="utf-8")
    cases = [case for test in yaml.safe_load(text)["tests"] for case in test["alert_rule_test"]]
    for alert in (rule["alert"] for rule in ALERTS):
        fires = {bool(case.get("exp_alerts")) for case in cases if case["alertname"] == alert}
        assert fires == {True, False}, alert


@needs_promtool
def test_prometheus_can_read_the_dashboards_queries(tmp_path: Path):
    queries = [filled_in(query, "5m") for query in QUERIES]
    rules = [{"record": f"query:{n}", "expr": query} for n, query in enumerate(queries)]
    file = tmp_path / "queries.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))
    promtool("check", "rules", "--lint=none", str(file))
