"""What policy said is kept beside the records that name it, at start and at every change."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from gateway import config as configuration
from gateway.app import create_app
from gateway.audit.evidence.policies import keep_policy
from gateway.audit.reading import PolicyFile, open_log
from gateway.errors import AuditUnavailable, ConfigError
from gateway.policy.files import load_policies
from gateway.reloading import PolicyReloader
from gateway.snapshots import remember_policy
from tests.audit.logs import attack, bodies, make_log

BASE = "version: 1\nid: base\nrules:\n  - {name: rest, effect: mask}\n"
OWN = "version: 1\nid: own\nextends: base.yaml\n"


@pytest.fixture
def url(tmp_path: Path) -> str:
    return make_log(tmp_path / "audit.db", bodies(2), [2]).url


@pytest.fixture
def own(tmp_path: Path) -> Path:
    (tmp_path / "base.yaml").write_text(BASE)
    (tmp_path / "own.yaml").write_text(OWN)
    return tmp_path / "own.yaml"


def test_all_files_of_a_policy_are_kept_by_its_digest(url: str, own: Path):
    digest = load_policies([own]).digest
    for _ in range(2):
        assert remember_policy(url, [own], digest)
    with open_log(url) as log:
        assert log.policy(digest) == [PolicyFile("own.yaml", OWN), PolicyFile("base.yaml", BASE)]


@pytest.mark.parametrize("text", [OWN + "# other\n", "version: 1\nid: own\nextends: gone.yaml\n"])
def test_files_of_another_policy_are_not_kept_under_its_name(url: str, own: Path, text: str):
    digest = load_policies([own]).digest
    own.write_text(text)
    assert not remember_policy(url, [own], digest)
    with open_log(url) as log:
        assert log.policy(digest) is None


def test_a_log_that_cannot_be_written_is_told(tmp_path: Path, url: str):
    connection = attack(tmp_path / "audit.db")
    connection.execute("DROP TABLE audit_policies")
    connection.close()
    with pytest.raises(AuditUnavailable):
        keep_policy(url, "a" * 64, [])
    with pytest.raises(ConfigError):
        keep_policy("mysql://x/y", "a" * 64, [])


def test_the_gateway_keeps_its_policy_at_start_and_when_it_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own: Path
):
    monkeypatch.chdir(tmp_path)
    config = tmp_path / "cloakroom.yaml"
    config.write_text(
        "version: 1\nupstreams:\n  - {name: loop, kind: loopback, class: on_prem}\n"
        'audit: {url: "sqlite:///log.db"}\npolicies: [own.yaml]\n'
        "detection: {profile: patterns}\n"
    )
    made: list[PolicyReloader] = []
    begin: Callable[..., None] = PolicyReloader.__init__

    def noted(self: PolicyReloader, *arguments: object, **options: object) -> None:
        begin(self, *arguments, settle_s=0, **options)
        made.append(self)

    monkeypatch.setattr(PolicyReloader, "__init__", noted)
    settings = configuration.load(config, {})
    before = load_policies([own]).digest
    with TestClient(create_app(settings)) as client:
        own.write_text(OWN + "# changed\n")
        assert client.portal is not None
        client.portal.call(made[0].check)
    after = load_policies([own]).digest
    with open_log(settings.audit.url) as log:
        kept = {digest: log.policy(digest) for digest in (before, after)}
    assert [files[0].text if files else "" for files in kept.values()] == [OWN, OWN + "# changed\n"]
