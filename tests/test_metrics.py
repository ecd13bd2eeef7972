"""What Prometheus is told of requests, through a gateway of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from gateway.app import create_app
from gateway.config import load
from gateway.errors import Overloaded
from tests.test_telemetry import scraped

REQUEST = {"model": "m", "messages": [{"role": "user", "content": "Hi."}]}
CONFIG = """\
version: 1
upstreams: [{{name: counted, kind: loopback, class: on_prem}}]
detection: {{profile: patterns}}
limits: {{in_flight: {in_flight}}}
auth: {auth}
"""


@pytest.fixture
def client(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[TestClient]:
    auth, in_flight = request.param
    (tmp_path / "keys.yaml").write_text("version: 1\nkeys: []\n")
    file = tmp_path / "cloakroom.yaml"
    file.write_text(CONFIG.format(auth=auth, in_flight=in_flight))
    with TestClient(create_app(load(file, {}))) as made:
        yield made


def told(client: TestClient, name: str, **labels: str) -> float:
    text = client.get("/metrics").text
    for family in text_string_to_metric_families(text):
        for one in family.samples:
            if one.name == name and labels.items() <= one.labels.items():
                return float(one.value)
    return 0.0


KEYS = "{mode: keys, keys_file: keys.yaml}"
NONE = "{mode: none}"


@pytest.mark.parametrize(
    ("client", "path", "headers", "status", "code"),
    [
        ((KEYS, 9), "/v1/chat/completions", {}, "401", "invalid_api_key"),
        ((KEYS, 9), "/v1/models", {}, "401", "invalid_api_key"),
        ((KEYS, 9), "/v1/models", {"anthropic-version": "1"}, "401", "invalid_api_key"),
        ((NONE, 9), "/v1/no-such", {}, "404", "unknown_endpoint"),
    ],
    indirect=["client"],
)
def test_who_is_turned_away_is_counted(
    client: TestClient, path: str, headers: dict[str, str], status: str, code: str
):
    before = told(client, "cloakroom_errors_total", status=status, code=code)
    method = "POST" if "chat" in path else "GET"
    answer = client.request(method, path, json=REQUEST, headers=headers)
    assert answer.status_code == int(status)
    assert told(client, "cloakroom_errors_total", status=status, code=code) == before + 1


@pytest.mark.parametrize("client", [(NONE, 1)], indirect=True)
def test_who_is_one_too_many_is_counted(client: TestClient, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("gateway.api.exchanges.InFlight.__enter__", _full)
    before = told(client, "cloakroom_errors_total", status="429")
    assert client.post("/v1/chat/completions", json=REQUEST).status_code == 429
    assert told(client, "cloakroom_errors_total", status="429") == before + 1


def _full(limit: object) -> None:
    raise Overloaded("Too many requests are being served; try again.")


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("client", [(NONE, 9)], indirect=True)
def test_how_long_an_upstream_took_in_all_is_told(client: TestClient, stream: bool):
    name = "cloakroom_upstream_seconds_count"
    before = [told(client, name, upstream="counted", phase=one) for one in ("first_byte", "total")]
    errors = told(client, "cloakroom_errors_total")
    answer = client.post("/v1/chat/completions", json={**REQUEST, "stream": stream})
    assert answer.status_code == 200
    after = [told(client, name, upstream="counted", phase=one) for one in ("first_byte", "total")]
    assert after == [one + 1 for one in before]
    assert told(client, "cloakroom_errors_total") == errors


@pytest.mark.parametrize("client", [(NONE, 9)], indirect=True)
def test_every_server_is_told_of(client: TestClient):
    labels = {"upstream": "counted", "replica": "0"}
    assert told(client, "cloakroom_upstream_replica_state", state="up", **labels) == 1.0


def test_each_reason_to_fail_closed_has_a_series_before_it_happens():
    """An increase from nothing is none, so an alert would miss the first."""
    text = scraped("pass")
    for reason in ("audit_unavailable", "detection_unavailable", "vault_unavailable"):
        assert f'cloakroom_fail_closed_total{{reason="{reason}"}} 0.0' in text


@pytest.mark.parametrize("client", [(NONE, 9)], indirect=True)
@pytest.mark.parametrize("version", ["abc", "", "1.0.0.0.x", "-1"])
def test_a_format_of_a_strange_version_is_answered_all_the_same(client: TestClient, version: str):
    asked = {"accept": f"application/openmetrics-text;version={version}"}
    answer = client.get("/metrics", headers=asked)
    assert answer.status_code == 200
    assert "cloakroom_in_flight" in answer.text
