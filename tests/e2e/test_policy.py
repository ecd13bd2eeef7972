"""The shipped default policy, end to end: what may not go outside does not."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.e2e.world import Gateway, ModelServer, running

LOOPBACK = "  - {name: home, kind: loopback, class: on_prem, models: [local]}\n"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Gateway, ModelServer]]:
    with running(tmp_path_factory.mktemp("policy"), "default", upstreams=LOOPBACK) as both:
        yield both


def chat(model: str, text: str) -> bytes:
    return json.dumps({"model": model, "messages": [{"role": "user", "content": text}]}).encode()


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("card 4111 1111 1111 1111", "no-payment-data-outside"),
        ("the key is sk-proj-Zx81kQpLmN0vRtYuWsEdCfVgBhNjMk12", "no-secrets-outside"),
        ("her SSN is 536-22-8726", "national-ids-stay-home"),
        ("medical record number MRN 00482913", "health-stays-home"),
    ],
)
def test_only_an_external_upstream_means_denied(
    world: tuple[Gateway, ModelServer], text: str, rule: str
) -> None:
    """403 with the rule's reason, the record's id, and not a byte sent."""
    before = len(world[1].received)
    status, body, headers = world[0].post(chat("cloud-model", text))

    error = json.loads(body)["error"]
    assert (status, error["code"], error["type"]) == (403, "policy_denied", "permission_error")
    assert headers["x-cloakroom-policy"] == "default"
    record = next(r for r in world[0].records() if r["event_id"] == headers["x-cloakroom-audit-id"])
    assert record["type"] == "request.denied"
    assert record["policy"]["rule_ids"] == [rule]
    assert len(world[1].received) == before


def test_a_model_that_home_serves_too_stays_home(world: tuple[Gateway, ModelServer]) -> None:
    """The external class drops out, the on-premises upstream answers, restored."""
    before = len(world[1].received)
    text = "her SSN is 536-22-8726"
    status, body, headers = world[0].post(chat("local", text))

    assert status == 200
    assert json.loads(body)["choices"][0]["message"]["content"].endswith(text)
    assert headers["x-cloakroom-upstream"] == "home"
    assert headers["x-cloakroom-entities"] == "US_SSN=1"
    assert len(world[1].received) == before


def test_ordinary_text_goes_to_the_first_upstream(world: tuple[Gateway, ModelServer]) -> None:
    """Masked, as everything that no rule names."""
    world[1].received.clear()
    status, _, headers = world[0].post(chat("local", "write to zoe@example.com"))

    assert (status, headers["x-cloakroom-upstream"]) == (200, "cloud")
    assert "zoe" not in world[1].text
