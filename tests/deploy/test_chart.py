"""The chart, rendered and linted by Helm, against the schemas of Kubernetes and our own rules."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.config import MissingKey, check_exposure, load
from gateway.policy.files import load_policies
from tests.deploy import helm

pytestmark = pytest.mark.skipif(bool(helm.reason_to_skip()), reason=helm.reason_to_skip() or "-")

NAMES = [file.stem for file in helm.FILES]
PG = {
    "url": "postgresql://cloakroom_gateway@db/cloakroom",
    "migration": {"url": "postgresql://cloakroom_owner@db/cloakroom", "existingSecret": "owner"},
}
UPSTREAM = {"name": "cloud", "kind": "openai", "class": "external"}
LOGS = "--enable-log-requests"
TLS = {"existingSecret": "a"}
THROUGH = {"gateway": {"enabled": True, "keyKey": "a"}}
VLLM = {
    "deployment": {
        "enabled": True,
        "model": {"name": "m", "folder": "m", "existingClaim": "models"},
    }
}


def containers(pod: dict[str, Any]) -> list[dict[str, Any]]:
    return [*pod.get("initContainers", ()), *pod["containers"]]


def gateway(rendered: helm.Rendered) -> dict[str, Any]:
    pod: dict[str, Any] = rendered.gateway["spec"]["template"]["spec"]
    return pod


def changed(**values: Any) -> helm.Rendered:
    (one,) = helm.render(values)
    return one


# --- every file of values -------------------------------------------------------------------------


def test_there_are_enough_files_of_values():
    assert len(NAMES) >= 12


@pytest.mark.parametrize("name", NAMES)
def test_it_renders_and_neither_the_linter_nor_kubernetes_objects(name: str):
    one = helm.rendered()[name]
    assert one.error == ""
    assert [message for message in one.lint if message["severity"] > 1] == []
    assert one.schema == ()


@pytest.mark.parametrize("name", NAMES)
def test_every_pod_keeps_the_restricted_profile(name: str):
    pods = helm.rendered()[name].pods
    assert pods
    for pod in pods:
        assert pod["automountServiceAccountToken"] is False
        assert pod["enableServiceLinks"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["runAsUser"] == 10001
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod)
        kinds = {kind for volume in pod.get("volumes", ()) for kind in volume if kind != "name"}
        assert kinds <= {"emptyDir", "persistentVolumeClaim", "projected", "secret"}
        for container in containers(pod):
            context = container["securityContext"]
            assert context["allowPrivilegeEscalation"] is False
            assert context["readOnlyRootFilesystem"] is True
            assert context["capabilities"] == {"drop": ["ALL"]}
            assert {"cpu", "memory"} <= set(container["resources"]["requests"])
            assert {"cpu", "memory"} <= set(container["resources"]["limits"])
            assert re.search(r"(:[^:/@]+|@sha256:[0-9a-f]{64})$", container["image"])
            assert not container["image"].endswith(":latest")


@pytest.mark.parametrize("name", NAMES)
def test_every_volume_is_mounted_and_every_mount_has_its_volume(name: str):
    for pod in helm.rendered()[name].pods:
        mounted = {m["name"] for one in containers(pod) for m in one.get("volumeMounts", ())}
        assert mounted == {volume["name"] for volume in pod.get("volumes", ())}


@pytest.mark.parametrize("name", NAMES)
def test_the_gateway_has_probes_and_time_to_drain(name: str):
    pod = gateway(helm.rendered()[name])
    (container,) = pod["containers"]
    paths = {
        probe: container[f"{probe}Probe"]["httpGet"]["path"]
        for probe in ("startup", "liveness", "readiness")
    }
    assert paths == {"startup": "/livez", "liveness": "/livez", "readiness": "/readyz"}
    waits = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    (drain,) = (word.split("=")[1] for word in container["args"] if word.startswith("--drain="))
    assert pod["terminationGracePeriodSeconds"] >= waits + int(drain) + 5


@pytest.mark.parametrize("name", NAMES)
def test_no_secret_is_made_and_none_stands_in_a_manifest(name: str):
    one = helm.rendered()[name]
    assert "Secret" not in one.kinds
    for key in re.findall(r"(?:api_key|password|master_key): (.*)", one.config):
        assert re.fullmatch(r"\$\{file:/run/[a-z/.-]+\}", key), key


@pytest.mark.parametrize("name", [name for name in NAMES if name != "06-open"])
def test_what_is_not_named_is_denied_both_ways(name: str):
    one = helm.rendered()[name]
    policies = [m["spec"] for m in one.manifests if m["kind"] == "NetworkPolicy"]
    assert policies
    for policy in policies:
        assert policy["policyTypes"] == ["Ingress", "Egress"]
        for rule in policy["ingress"]:
            assert rule["from"]
            assert rule["ports"]
        for rule in policy["egress"]:
            assert rule["to"]
            assert rule["ports"]
    for pods in one.labelled.values():
        for labels in pods:
            own = [p for p in policies if p["podSelector"]["matchLabels"].items() <= labels.items()]
            assert len(own) == 1, labels


@pytest.mark.parametrize("name", NAMES)
def test_selectors_find_the_gateways_pods_and_no_other(name: str):
    one = helm.rendered()[name]
    labels = one.gateway["spec"]["template"]["metadata"]["labels"]
    selector = one.gateway["spec"]["selector"]["matchLabels"]
    assert selector.items() <= labels.items()
    services = [m for m in one.manifests if m["kind"] == "Service"]
    assert [m["spec"]["selector"] for m in services if not m["spec"].get("clusterIP")] == [selector]
    others = [pods for component, pods in one.labelled.items() if component != "gateway"]
    assert not any(selector.items() <= labels.items() for pods in others for labels in pods)


@pytest.mark.parametrize("name", NAMES)
def test_the_gateway_reads_its_configuration(name: str, tmp_path: Path):
    one = helm.rendered()[name]
    path = mounted(one, tmp_path, one.config)
    settings = load(path, {}, MissingKey.REFUSE)
    check_exposure(settings, "--insecure" in gateway(one)["containers"][0]["args"])
    assert load_policies(settings.policies, frozenset()).rules
    assert settings.notices == ()
    replicas = one.gateway["spec"].get("replicas", 3)
    assert replicas == 1 or settings.audit.url.startswith("postgresql:")


def mounted(one: helm.Rendered, folder: Path, config: str) -> Path:
    """The configuration with all that it names, as a pod has it, in a folder."""
    for name in ("run/secrets", "var/lib/cloakroom", "policies"):
        (folder / name).mkdir(parents=True)
    for name in set(re.findall(r"/run/[A-Za-z0-9_./-]+", config)):
        file = folder / name.removeprefix("/")
        file.parent.mkdir(exist_ok=True)
        file.write_text("00" * 32 if name.endswith("master.key") else "secret")
        file.chmod(0o600)
    if (keys := folder / "run/secrets/cloakroom/keys.yaml").exists():
        keys.write_text("version: 1\nkeys: []\n")
    for manifest in one.manifests:
        if manifest["metadata"]["name"].endswith("-policies"):
            for name, text in manifest["data"].items():
                (folder / "policies" / name).write_text(text)
    path = folder / "cloakroom.yaml"
    path.write_text(config.replace("/run/", f"{folder}/run/").replace("/var/", f"{folder}/var/"))
    return path


# --- one file of values or another ----------------------------------------------------------------


def test_the_defaults_are_what_a_first_install_needs():
    wanted = {"Deployment", "Service", "ServiceAccount", "NetworkPolicy", "PodDisruptionBudget"}
    assert wanted <= helm.rendered()["01-defaults"].kinds


def test_a_digest_goes_before_the_tag():
    images = {
        c["image"] for pod in helm.rendered()["02-named-by-digest"].pods for c in containers(pod)
    }
    assert images == {"registry.example.com/team/cloakroom@sha256:" + "0123456789abcdef" * 4}


def test_sqlite_is_never_open_twice():
    deployment = helm.rendered()["01-defaults"].gateway["spec"]
    assert (deployment["replicas"], deployment["strategy"]) == (1, {"type": "Recreate"})


def test_with_postgresql_no_gateway_goes_before_another_is_ready():
    strategy = helm.rendered()["03-postgres"].gateway["spec"]["strategy"]
    assert strategy["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}


def test_the_migration_runs_first_as_the_owner_and_knows_nothing_else():
    job = helm.rendered()["03-postgres"].of("Job")
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    (container,) = job["spec"]["template"]["spec"]["containers"]
    assert container["args"][:3] == ["audit", "migrate", "--url"]
    assert "cloakroom_owner@" in container["args"][3]
    (variable,) = container["env"]
    assert variable["valueFrom"]["secretKeyRef"] == {"name": "db-owner", "key": "password"}
    assert all(
        set(one) == {"name", "emptyDir"} for one in job["spec"]["template"]["spec"]["volumes"]
    )


def test_the_autoscaler_has_the_say_over_the_number_of_gateways():
    one = helm.rendered()["05-autoscaling"]
    assert "replicas" not in one.gateway["spec"]
    metrics = [metric["type"] for metric in one.of("HorizontalPodAutoscaler")["spec"]["metrics"]]
    assert metrics == ["Resource", "Pods"]


def test_only_the_api_is_let_in_from_outside():
    ingress = helm.rendered()["11-ingress"].of("Ingress")["spec"]["rules"]
    assert [path["path"] for rule in ingress for path in rule["http"]["paths"]] == ["/v1"]
    route = helm.rendered()["12-http-route"].of("HTTPRoute")["spec"]["rules"]
    assert [match["path"]["value"] for rule in route for match in rule["matches"]] == ["/v1"]


def test_who_lets_everybody_in_is_warned():
    assert "WARNING: everybody" in helm.rendered()["06-open"].notes
    assert "WARNING" not in helm.rendered()["01-defaults"].notes


def test_a_change_of_the_configuration_makes_new_pods_and_one_of_policies_does_not():
    def checksum(one: helm.Rendered) -> str:
        metadata = one.gateway["spec"]["template"]["metadata"]
        return str(metadata["annotations"]["checksum/config"])

    text = "version: 1\nid: ours\nrules: []\n"
    before, other_policy, other_config = helm.render(
        {"policyFiles": {"a.yaml": text}},
        {"policyFiles": {"a.yaml": text + "# more\n"}},
        {"policyFiles": {"a.yaml": text}, "config": {"limits": {"depth": 8}}},
    )
    assert checksum(before) == checksum(other_policy)
    assert checksum(before) != checksum(other_config)


@pytest.mark.parametrize(
    ("where", "values"),
    [
        ("additional properties 'bogus' not allowed", {"bogus": 1}),
        ("/image", {"image": {"repo": "x"}}),
        ("/image/tag", {"image": {"tag": "latest"}}),
        ("/audit/migration", {"audit": PG | {"migration": {"user": "x"}}}),
        ("/replicaCount", {"replicaCount": 2}),
        ("/autoscaling/enabled", {"autoscaling": {"enabled": True}}),
        ("/audit/migration/existingSecret", {"audit": PG | {"migration": {"url": PG["url"]}}}),
        ("/audit/url", {"audit": {"url": "sqlite:////tmp/cloakroom.db"}}),
        ("/audit/url", {"audit": PG | {"url": "postgresql://me:hunter2@db/cloakroom"}}),
        ("/existingSecret", {"existingSecret": ""}),
        ("/upstreams/0/api_key", {"upstreams": [UPSTREAM | {"api_key": "sk-1"}]}),
        ("/upstreams", {"upstreams": []}),
        ("/policies", {"policies": []}),
        ("invalid propertyName 'secrets'", {"config": {"secrets": {"master_key": "${env:KEY}"}}}),
        ("invalid propertyName 'password'", {"audit": {"extra": {"password": "x"}}}),
        ("terminationGracePeriodSeconds: must be", {"terminationGracePeriodSeconds": 44}),
        ("terminationGracePeriodSeconds: must be", {"drainSeconds": 31}),
        ("/ingress/host", {"ingress": {"enabled": True}}),
        ("/vllm/service/selector", {"vllm": {"service": {"enabled": True}}}),
        ("/networkPolicy/upstreams/0", {"networkPolicy": {"upstreams": [{"to": []}]}}),
        ("/jobs/database/url", {"audit": PG, "jobs": {"prune": {"enabled": True}}}),
        ("/jobs/prune/schedule", {"jobs": {"prune": {"schedule": "now"}}}),
        ("/jobs/evidence/existingClaim", {"jobs": {"evidence": {"enabled": True}}}),
        ("/vllm/deployment/model", {"vllm": {"deployment": {"enabled": True}}}),
        ("/vllm/deployment/image/tag", {"vllm": {"deployment": {"image": {"tag": "latest"}}}}),
        ("/vllm/deployment/lora", {"vllm": {"deployment": {"lora": {"adapters": {"a": "a"}}}}}),
        ("/vllm/deployment/options/0", {"vllm": {"deployment": {"options": ["--api-key=x"]}}}),
        ("/vllm/deployment/options/0", {"vllm": {"deployment": {"options": [LOGS]}}}),
        ("invalid propertyName 'class'", {"vllm": {"deployment": {"upstream": {"class": "x"}}}}),
        ("/vllm", {"vllm": {"service": {"enabled": True, "selector": {"a": "b"}}} | VLLM}),
        ("/tests/gateway/keyKey", {"tests": {"gateway": {"enabled": True}}}),
        ("/tls/existingSecret", {"tests": THROUGH, "tls": TLS}),
    ],
)  # fmt: skip
def test_values_that_cannot_be_meant_are_refused(where: str, values: dict[str, Any]):
    error = changed(**values).error
    assert where in error


def test_no_object_of_the_schema_is_open_but_what_is_handed_on():
    schema = yaml.safe_load((helm.CHART / "values.schema.json").read_text(encoding="utf-8"))
    shown = yaml.safe_load((helm.CHART / "values.yaml").read_text(encoding="utf-8"))

    def compare(keys: dict[str, Any], values: dict[str, Any], at: str) -> None:
        assert set(values) == set(keys) - {"global"}, at
        for key, value in values.items():
            if "properties" in keys[key] and isinstance(value, dict) and key != "resources":
                assert keys[key]["additionalProperties"] is False, f"{at}/{key}"
                compare(keys[key]["properties"], value, f"{at}/{key}")

    assert schema["additionalProperties"] is False
    compare(schema["properties"], shown, "")
