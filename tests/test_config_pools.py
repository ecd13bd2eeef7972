"""What the configuration says of routing and of pools: all is read, and what is wrong refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.config import load
from gateway.errors import ConfigError
from gateway.settings import Facts, Upstream

HEAD = "version: 1\npolicies: [mask-all]\naudit: {url: 'sqlite:///audit.db'}\nupstreams:\n"
POOL = "name: p, kind: vllm, class: on_prem, models: [tiny]"
ONE = f"{POOL}, replicas: ['http://a:8000/v1']"
OUTSIDE = "name: o, kind: openai, class: external, base_url: 'https://o.example/v1'"


def read(tmp_path: Path, *entries: str) -> tuple[Upstream, ...]:
    file = tmp_path / "cloakroom.yaml"
    file.write_text(HEAD + "".join(f"  - {{{one}}}\n" for one in entries))
    return load(file, {}).upstreams


def test_a_pool_with_everything(tmp_path: Path):
    (one,) = read(
        tmp_path,
        f"{POOL}, replicas: ['http://a:8000/v1', 'http://b:8000', 'http://a:8000'], salt: group,"
        " salt_groups: {g: [a*]}, scheduling: priority, priorities: {acme: -1},"
        " adapters: {lora: {tenants: [acme]}}, root: /m/tiny, cached_tokens: shown",
    )
    assert one.base_url == "http://a:8000/v1"
    assert one.vllm is not None
    assert one.vllm.replicas == ("http://a:8000", "http://b:8000")
    assert (one.vllm.salt, one.vllm.salt_groups) == ("group", {"g": ("a*",)})
    assert one.vllm.priorities == {"acme": -1}
    assert one.vllm.adapters == {"lora": ("acme",)}
    assert (one.vllm.root, one.vllm.shows_cached) == ("/m/tiny", True)


def test_a_pool_by_name(tmp_path: Path):
    (one,) = read(tmp_path, f"{POOL}, dns: {{name: vllm.svc, port: 9000, tls: true}}")
    assert one.base_url == "https://vllm.svc:9000/v1"
    assert one.vllm is not None
    assert (one.vllm.dns_name, one.vllm.dns_port, one.vllm.dns_tls) == ("vllm.svc", 9000, True)
    assert one.vllm.replicas == ()


@pytest.mark.parametrize(
    ("salt", "shows"),
    [
        ("", False), ("salt: tenant", False), ("salt: principal", True),
        ("salt: principal, cached_tokens: hidden", False), ("cached_tokens: shown", True),
    ],
)  # fmt: skip
def test_what_was_cached_is_hidden_where_others_share(salt: str, shows: bool, tmp_path: Path):
    (one,) = read(tmp_path, f"{ONE}, {salt}" if salt else ONE)
    assert one.vllm is not None
    assert one.vllm.shows_cached is shows
    assert one.vllm.priorities is None


def test_routing_with_everything(tmp_path: Path):
    (one,) = read(
        tmp_path,
        f"{OUTSIDE}, weight: 2.5, priority: 1, max_concurrent: 4, tokens_per_minute: 1000,"
        " probe_s: 5, deprecated_models: {old: new},"
        " facts: {processor: o-inc, country: US, dpa_ref: c/1, retention_days: 30}",
    )
    assert (one.weight, one.priority, one.max_concurrent) == (2.5, 1, 4)
    assert (one.tokens_per_minute, one.probe_s) == (1000, 5.0)
    assert one.deprecated_models == {"old": "new"}
    assert one.facts == Facts(processor="o-inc", country="US", dpa_ref="c/1", retention_days=30)
    assert one.vllm is None


def test_routing_with_nothing(tmp_path: Path):
    (one,) = read(tmp_path, OUTSIDE)
    assert (one.weight, one.priority, one.max_concurrent) == (1.0, None, 0)
    assert (one.tokens_per_minute, one.probe_s, one.facts) == (0, 0.0, Facts())


@pytest.mark.parametrize(
    ("entry", "wrong"),
    [
        (ONE.replace("on_prem", "external"), "class: an upstream of kind vllm is on_prem"),
        (POOL, "exactly one of replicas, dns and base_url"),
        (f"{ONE}, base_url: 'http://b:8000'", "exactly one of replicas, dns and base_url"),
        (f"{POOL}, replicas: []", "replicas: must not be empty"),
        (f"{ONE}, salt: group", "salt: salt: group needs salt_groups"),
        (f"{ONE}, salt_groups: {{g: [a]}}", "salt_groups: has a meaning with salt: group alone"),
        (f"{ONE}, priorities: {{a: 1}}", "priorities: has a meaning with scheduling: priority"),
        (f"{ONE}, adapters: {{lora: {{tenants: []}}}}", "adapters.lora.tenants: must not be empty"),
        (f"{ONE}, probe_s: 5", "probe_s: has no meaning for an upstream of kind vllm"),
        (f"{ONE}, families: [embeddings]", "families: an upstream of kind vllm speaks"),
        (f"{OUTSIDE}, salt: tenant", "salt: has a meaning for an upstream of kind vllm alone"),
        (f"{OUTSIDE}, weight: 0", "weight"),
        (f"{OUTSIDE}, max_concurrent: 0", "max_concurrent"),
        (f"{OUTSIDE}, facts: {{processor: 'O Inc'}}", "facts.processor: must be a name"),
        (f"{OUTSIDE}, facts: {{country: Germany}}", "facts.country: must be the two letters"),
        ("name: l, kind: loopback, class: on_prem, probe_s: 5", "probe_s: has no meaning"),
    ],
)
def test_what_is_wrong_is_told(entry: str, wrong: str, tmp_path: Path):
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, entry)
    assert wrong in str(caught.value)
