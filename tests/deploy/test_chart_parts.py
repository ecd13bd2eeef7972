"""What the chart makes beside the gateways: jobs on the log, a vLLM, the pods of `helm test`."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest

from gateway.audit.signing import make_signing_keys
from gateway.config import MissingKey, load
from gateway.keyfiles import is_exposed
from tests.deploy import helm
from tests.deploy.containerfile import ROOT
from tests.deploy.test_chart import NAMES, containers, mounted

pytestmark = pytest.mark.skipif(bool(helm.reason_to_skip()), reason=helm.reason_to_skip() or "-")

PRIVACY = ROOT / "deploy" / "vllm" / "privacy.env"


def pod(manifest: dict[str, Any]) -> dict[str, Any]:
    spec = manifest["spec"].get("jobTemplate", manifest)["spec"]
    found: dict[str, Any] = spec["template"]["spec"]
    return found


def job(name: str, what: str) -> dict[str, Any]:
    return pod(helm.rendered()[name].of("CronJob", f"-{what}"))


def config(name: str, part: str) -> str:
    return str(helm.rendered()[name].of("ConfigMap", f"-{part}")["data"]["cloakroom.yaml"])


# --- keys -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_secrets_can_be_read_by_the_pods_own_group_and_nobody_else(name: str):
    for one in helm.rendered()[name].pods:
        assert one["securityContext"]["fsGroup"] == one["securityContext"]["runAsGroup"] == 10001
        for volume in one.get("volumes", ()):
            if "secret" in volume:
                assert volume["secret"]["defaultMode"] == 0o440


def test_the_gateway_takes_signing_keys_as_the_kubelet_puts_them(tmp_path: Path):
    # Root's, of the group `fsGroup`, mode 0440: `tests/test_keyfiles.py` has the rest.
    make_signing_keys(tmp_path / "signing.key")
    about = list((tmp_path / "signing.key").stat())
    about[0], about[4], about[5] = 0o100440, 0, 10001
    assert not is_exposed(os.stat_result(about), 10001, {10001})


# --- jobs -----------------------------------------------------------------------------------------


def test_jobs_run_one_at_a_time_and_end():
    for manifest in helm.rendered()["15-jobs"].manifests:
        if manifest["kind"] == "CronJob":
            assert manifest["spec"]["concurrencyPolicy"] == "Forbid"
            assert manifest["spec"]["jobTemplate"]["spec"]["activeDeadlineSeconds"] > 0


@pytest.mark.parametrize(
    ("what", "schedule", "words"),
    [
        ("prune", "23 3 * * *", ["audit", "prune"]),
        ("anchor", "*/10 * * * *", ["audit", "anchor"]),
        ("evidence", "41 4 1 * *", ["/opt/cloakroom/evidence.py", "/var/lib/evidence"]),
    ],
)
def test_each_job_does_what_it_is_called(what: str, schedule: str, words: list[str]):
    assert helm.rendered()["15-jobs"].of("CronJob", f"-{what}")["spec"]["schedule"] == schedule
    (container,) = job("15-jobs", what)["containers"]
    assert [*container.get("command", ()), *container.get("args", ())][-2:] == words


def test_on_postgresql_jobs_are_the_keepers_and_gateways_are_not():
    assert "cloakroom_keeper@" in config("15-jobs", "jobs")
    assert "cloakroom_keeper@" not in config("15-jobs", "config")
    volumes = {one["name"]: one for one in job("15-jobs", "prune")["volumes"]}
    assert volumes["database"]["secret"]["secretName"] == "db-keeper"
    gateway = helm.rendered()["15-jobs"].gateway["spec"]["template"]["spec"]
    assert "database" not in {one["name"] for one in gateway["volumes"]}


@pytest.mark.parametrize("name", ["15-jobs", "16-sqlite-jobs", "values-air-gapped"])
def test_a_job_reads_its_configuration(name: str, tmp_path: Path):
    one = helm.rendered()[name]
    settings = load(mounted(one, tmp_path, config(name, "jobs")), {}, MissingKey.REFUSE)
    assert settings.audit.retention_days in {90, 400}


def test_with_sqlite_a_job_runs_where_the_gateways_volume_is():
    one = helm.rendered()["16-sqlite-jobs"]
    for what in ("prune", "evidence"):
        (term,) = job("16-sqlite-jobs", what)["affinity"]["podAffinity"][
            "requiredDuringSchedulingIgnoredDuringExecution"
        ]
        assert term["topologyKey"] == "kubernetes.io/hostname"
        labels = one.gateway["spec"]["template"]["metadata"]["labels"]
        assert term["labelSelector"]["matchLabels"].items() <= labels.items()
        volumes = {volume["name"]: volume for volume in job("16-sqlite-jobs", what)["volumes"]}
        assert volumes["state"]["persistentVolumeClaim"]["claimName"] == "rel-cloakroom-state"


def test_jobs_reach_the_database_and_the_anchors():
    spec = helm.rendered()["15-jobs"].of("NetworkPolicy", "-jobs")["spec"]
    assert spec["ingress"] == []
    ports = [port["port"] for rule in spec["egress"] for port in rule["ports"]]
    assert ports == [53, 53, 5432, 443]


# --- a vLLM ---------------------------------------------------------------------------------------


def vllm() -> dict[str, Any]:
    return pod(helm.rendered()["17-vllm"].of("Deployment", "-vllm"))


def test_only_gateways_come_to_the_model_and_it_goes_nowhere():
    one = helm.rendered()["17-vllm"]
    spec = one.of("NetworkPolicy", "-vllm")["spec"]
    assert spec["egress"] == []
    (rule,) = spec["ingress"]
    (peer,) = rule["from"]
    selector = peer["podSelector"]["matchLabels"].items()
    components = [
        component
        for component, pods in one.labelled.items()
        for labels in pods
        if selector <= labels.items()
    ]
    assert components == ["gateway"]
    assert [port["port"] for port in rule["ports"]] == [8000]


def test_the_model_keeps_nothing_of_what_it_is_sent():
    (container,) = vllm()["containers"]
    environ = {one["name"]: one.get("value") for one in container["env"]}
    lines = PRIVACY.read_text(encoding="utf-8").splitlines()
    wanted = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    assert wanted.items() <= environ.items()
    said = set(container["args"])
    text = (ROOT / "deploy" / "vllm" / "README.md").read_text(encoding="utf-8")
    (start,) = re.findall(r"vllm serve /models/qwen3-14b .*?\n\n?```", text, re.DOTALL)
    flags = set(re.findall(r"--(?:no-enable|disable|enable-prompt)[a-z-]+", start))
    assert len(flags) == 4
    assert flags <= said
    assert "--prefix-caching-hash-algo=sha256" in said


def test_the_chart_has_the_same_environment_for_models():
    copy = helm.CHART / "files" / "vllm-privacy.env"
    assert copy.read_bytes() == PRIVACY.read_bytes()


def test_a_model_gets_its_gpus_and_adapters():
    (container,) = vllm()["containers"]
    for kind in ("requests", "limits"):
        assert container["resources"][kind]["nvidia.com/gpu"] == "2"
    words = container["args"]
    assert "--tensor-parallel-size=2" in words
    at = words.index("--lora-modules")
    assert words[at + 1 : at + 3] == [
        "contracts=/adapters/contracts/v3",
        "support=/adapters/support",
    ]
    claims = {
        one["name"]: one["persistentVolumeClaim"]
        for one in vllm()["volumes"]
        if "persistentVolumeClaim" in one
    }
    assert {one["claimName"] for one in claims.values()} == {"models", "adapters"}
    assert all(one["readOnly"] for one in claims.values())


def test_a_model_has_probes_that_need_no_key():
    (container,) = vllm()["containers"]
    for probe in ("startup", "liveness", "readiness"):
        assert container[f"{probe}Probe"]["httpGet"]["path"] == "/health"


def test_the_gateways_know_the_model_and_show_it_the_same_key(tmp_path: Path):
    one = helm.rendered()["17-vllm"]
    settings = load(mounted(one, tmp_path, one.config), {}, MissingKey.REFUSE)
    first = settings.upstreams[0]
    assert (first.name, first.kind, first.upstream_class.value) == ("vllm", "vllm", "on_prem")
    assert first.models == ("qwen3-14b", "contracts", "support")
    assert first.vllm is not None
    service = one.of("Service", "-vllm")
    assert first.vllm.dns_name == f"{service['metadata']['name']}.ns.svc"
    assert service["spec"]["clusterIP"] == "None"
    assert first.vllm.adapters == {"contracts": ("legal",)}
    (variable,) = (
        item for item in vllm()["containers"][0]["env"] if item["name"] == "VLLM_API_KEY"
    )
    assert variable["valueFrom"]["secretKeyRef"] == {"name": "cloakroom", "key": "vllm-key"}
    assert "${file:/run/secrets/cloakroom/vllm-key}" in one.config


def test_a_model_for_cpus_asks_for_no_gpu():
    values = {
        "enabled": True,
        "gpus": 0,
        "model": {"name": "m", "folder": "m", "existingClaim": "models"},
    }
    (one,) = helm.render({"vllm": {"deployment": values}})
    assert (one.error, one.schema) == ("", ())
    (container,) = pod(one.of("Deployment", "-vllm"))["containers"]
    assert set(container["resources"]["limits"]) == {"cpu", "memory"}


# --- without any way out --------------------------------------------------------------------------


def test_the_air_gapped_example_names_nobody_outside():
    one = helm.rendered()["values-air-gapped"]
    images = {container["image"] for spec in one.pods for container in containers(spec)}
    assert all(image.startswith("registry.internal/") for image in images)
    assert all("@sha256:" in image for image in images)
    for manifest in one.manifests:
        if manifest["kind"] == "NetworkPolicy":
            peers = [to for rule in manifest["spec"]["egress"] for to in rule["to"]]
            assert not any("ipBlock" in peer for peer in peers)
    assert "class: external" not in one.config


# --- helm test ------------------------------------------------------------------------------------


def test_a_canary_is_sent_through_a_gateway_with_the_releases_configuration():
    spec = helm.rendered()["08-policies"].of("Pod")["spec"]
    commands = {one["name"]: one["command"] for one in spec["containers"]}
    assert commands["canary"][2:] == [
        "/opt/cloakroom/canary.py", "--config", "/etc/cloakroom/cloakroom.yaml",
    ]  # fmt: skip
    (volume,) = (one for one in spec["volumes"] if one["name"] == "config")
    gateways = helm.rendered()["08-policies"].gateway["spec"]["template"]["spec"]["volumes"]
    assert volume in gateways
    assert "secret" not in str(spec["volumes"])


def test_a_canary_through_the_gateways_finds_its_way_and_its_key(tmp_path: Path):
    one = helm.rendered()["18-canary-through-the-gateways"]
    (container,) = (c for c in one.of("Pod")["spec"]["containers"] if c["name"] == "gateway")
    assert container["command"][-2:] == [
        "--gateway=http://rel-cloakroom.ns.svc:8080",
        "--port=8090",
    ]
    settings = load(mounted(one, tmp_path, one.config), {}, MissingKey.REFUSE)
    upstream = settings.upstreams[0]
    service = one.of("Service", "-canary")
    assert upstream.base_url == f"http://{service['metadata']['name']}.ns.svc:8090/v1"
    assert upstream.models == ("cloakroom-canary",)
    (labels,) = one.labelled["test"]
    assert service["spec"]["selector"].items() <= labels.items()
    rules = one.of("NetworkPolicy", "rel-cloakroom")["spec"]["egress"]
    assert any(rule["ports"] == [{"port": 8090, "protocol": "TCP"}] for rule in rules)
    assert upstream not in load_defaults(tmp_path / "defaults").upstreams


def load_defaults(folder: Path) -> Any:
    one = helm.rendered()["01-defaults"]
    return load(mounted(one, folder, one.config), {}, MissingKey.REFUSE)


def test_spans_have_their_way_out_and_their_key():
    one = helm.rendered()["19-telemetry"]
    (container,) = one.gateway["spec"]["template"]["spec"]["containers"]
    environ = {item["name"]: item for item in container["env"]}
    assert environ["OTEL_EXPORTER_OTLP_ENDPOINT"]["value"].endswith(":4318")
    key = environ["OTEL_EXPORTER_OTLP_HEADERS"]["valueFrom"]["secretKeyRef"]
    assert key == {"name": "cloakroom", "key": "otlp-headers"}
    rules = one.of("NetworkPolicy", "rel-cloakroom")["spec"]["egress"]
    assert any(rule["ports"] == [{"port": 4318, "protocol": "TCP"}] for rule in rules)
