"""Who serves which model to whom: patterns, aliases, old names, and adapters with their tenants."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.errors import NotFound
from gateway.routing.candidates import (
    candidates,
    configured_models,
    hides_cached,
    is_configured,
    target_model,
)
from gateway.settings import Upstream, Vllm
from gateway.types import Candidate, Family, UpstreamClass


def pool(name: str = "pool", **fields: Any) -> Upstream:
    adapters = fields.pop("adapters", {"lora-a": ("acme",), "lora-b": ("b*", "acme")})
    return Upstream(
        name=name, kind="vllm", upstream_class=UpstreamClass.ON_PREM,
        vllm=Vllm(adapters=adapters, **fields.pop("vllm", {})), **{"models": ("tiny",), **fields},
    )  # fmt: skip


CLOUD = Upstream(name="cloud", kind="openai", upstream_class=UpstreamClass.EXTERNAL)
WORLD = [
    CLOUD,
    pool(
        model_map={"helper": "lora-a"}, models=("tiny", "helper"), deprecated_models={"old": "tiny"}
    ),
]


def serving(model: str, tenant: str, upstreams: list[Upstream] = WORLD) -> list[str]:
    try:
        return [one.name for one in candidates(upstreams, model, Family.CHAT, tenant)]
    except NotFound:
        return []


@pytest.mark.parametrize(
    ("model", "tenant", "expected"),
    [
        ("tiny", "acme", ["cloud", "pool"]),
        # an adapter goes to its tenants, and never to others that would take any name
        ("lora-a", "acme", ["pool"]),
        ("lora-a", "beta", []),
        ("lora-b", "beta", ["pool"]),
        ("lora-b", "zeta", []),
        # nor under another name
        ("helper", "acme", ["cloud", "pool"]),
        ("helper", "beta", ["cloud"]),
        # an old name is one of the model's
        ("old", "acme", ["cloud", "pool"]),
        ("bad name", "acme", []),
    ],
)
def test_who_serves_a_model_to_whom(model: str, tenant: str, expected: list[str]):
    assert serving(model, tenant) == expected


def test_patterns_do_not_open_adapters():
    assert serving("lora-a", "beta", [pool(models=("*",))]) == []


@pytest.mark.parametrize(
    ("model", "expected"), [("old", "tiny"), ("helper", "lora-a"), ("other", "other")]
)
def test_the_name_that_a_server_is_asked_for(model: str, expected: str):
    assert target_model(WORLD[1], model) == expected


def test_an_old_names_new_one_may_be_an_alias():
    one = pool(deprecated_models={"old": "fast"}, model_map={"fast": "tiny"})
    assert target_model(one, "old") == "tiny"


def test_adapters_are_listed_and_old_names_are_not():
    assert dict(configured_models(WORLD)) == dict.fromkeys(
        ["tiny", "helper", "lora-a", "lora-b"], "pool"
    )
    assert is_configured(WORLD, "lora-a")
    assert is_configured(WORLD, "old")
    assert not is_configured(WORLD, "other")


@pytest.mark.parametrize(("shown", "names", "expected"), [
    (False, ["pool", "cloud"], True), (False, ["cloud"], False), (True, ["pool"], False),
])  # fmt: skip
def test_what_was_cached_is_hidden_where_it_may_tell_of_others(
    shown: bool, names: list[str], expected: bool
):
    upstreams = [CLOUD, pool(vllm={"shows_cached": shown})]
    chosen = [Candidate(name, UpstreamClass.ON_PREM) for name in names]
    assert hides_cached(upstreams, chosen) is expected
