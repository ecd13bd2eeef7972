"""A gateway is ready only when a canary is masked and comes back in every family that it serves."""

from __future__ import annotations

import asyncio
import os
import threading
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from structlog.testing import capture_logs

from gateway import selftest
from gateway.app import create_app, open_parts
from gateway.config import load
from gateway.errors import DetectionUnavailable
from gateway.pipeline import Pipeline
from gateway.policy.files import load_policies
from gateway.policy.shipped import shipped_policy
from gateway.settings import Settings
from gateway.types import Family

MASKS = load_policies([shipped_policy("mask-all")])
FAMILIES = sorted(Family)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    file = tmp_path / "cloakroom.yaml"
    upstream = "{name: a, kind: loopback, class: on_prem}"
    file.write_text(f"version: 1\nupstreams: [{upstream}]\ndetection: {{profile: patterns}}\n")
    return load(file, os.environ)


@pytest.fixture
def pipeline(settings: Settings) -> Pipeline:
    return open_parts(settings).pipeline


class Detector:
    """Finds nothing, or fails."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error

    async def detect(self, texts: Any, _tenant: str) -> Any:
        if self.error is not None:
            raise self.error
        return [() for _ in texts]


def told(found: list[selftest.Failure]) -> dict[str, str]:
    return {one.family: one.reason for one in found}


async def test_every_family_passes(pipeline: Pipeline):
    assert await selftest.selftest(pipeline, MASKS) == []


async def test_nothing_is_counted_or_sent(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("gateway.metrics.REQUESTS", None)
    monkeypatch.setattr("gateway.metrics.ENTITIES", None)
    monkeypatch.setattr("gateway.recording.Recorder.accepted", None)
    monkeypatch.setattr("gateway.recording.Recorder.ended", None)
    assert await selftest.selftest(pipeline, MASKS) == []


@pytest.mark.parametrize(
    ("detector", "reason"),
    [
        (Detector(), "not_found"),
        (Detector(DetectionUnavailable("It is away.")), "detection_unavailable"),
        (Detector(ValueError("kanari")), "internal_error"),
    ],
)
async def test_a_detector_that_does_not_work(pipeline: Pipeline, detector: Any, reason: str):
    object.__setattr__(pipeline, "detector", detector)
    assert told(await selftest.selftest(pipeline, MASKS)) == dict.fromkeys(FAMILIES, reason)


@pytest.mark.parametrize("word", ["Write", ""])
async def test_values_that_leave(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, word: str):
    monkeypatch.setattr("gateway.pipeline.mask", partial(unmasked, word))
    assert set(told(await selftest.selftest(pipeline, MASKS)).values()) == {"left"}


def unmasked(word: str, parsed: Any, found: Any, decision: Any, keys: Any, **more: Any) -> Any:
    """A masked request that says of each token that it stands for a word of the body; without a
    word, one that has no tokens."""
    from gateway.masking.mask import mask  # noqa: PLC0415

    made = mask(parsed, found, decision, keys, **more)
    surfaces = made.restoration.surfaces if word else ()
    object.__setattr__(made.restoration, "surfaces", dict.fromkeys(surfaces, word))
    return made


async def test_values_that_do_not_come_back(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(selftest, "_text", lambda _: "nothing")
    found = told(await selftest.selftest(pipeline, MASKS))
    restored = [one for one in FAMILIES if one != "embeddings"]
    assert found == dict.fromkeys(restored, "not_restored")


def test_only_configured_families_are_tried(tmp_path: Path):
    file = tmp_path / "cloakroom.yaml"
    upstream = "{name: a, kind: loopback, class: on_prem, families: [messages]}"
    file.write_text(f"version: 1\nupstreams: [{upstream}]\ndetection: {{profile: patterns}}\n")
    app = create_app(load(file, os.environ))
    with pytest.MonkeyPatch.context() as patched, capture_logs() as lines:
        patched.setattr(selftest, "_text", lambda _: "nothing")
        with TestClient(app) as client:
            answer = client.get("/readyz")
    assert answer.status_code == 503
    body = answer.json()
    assert body["checks"]["selftest"] == "failed"
    assert body["warnings"] == ["selftest_messages_not_restored"]
    [line] = [one for one in lines if one["event"] == "selftest_failed"]
    assert (line["family"], line["reason"]) == ("messages", "not_restored")


def test_a_gateway_that_works_is_ready(settings: Settings):
    with TestClient(create_app(settings)) as client:
        assert client.get("/readyz").json()["checks"]["selftest"] == "ok"


def test_what_works_later_makes_it_ready_later(settings: Settings, monkeypatch: pytest.MonkeyPatch):
    """A model that detection asks may start after the gateway does. What fails is told of once."""
    failure = selftest.Failure("chat", "detection_unavailable")
    left, may_pass, passed = [[failure], [failure], []], threading.Event(), threading.Event()

    async def tried(*_: Any) -> list[selftest.Failure]:
        if len(left) == 1:
            await asyncio.to_thread(may_pass.wait, 60)
            passed.set()
        return left.pop(0)

    monkeypatch.setattr("gateway.app.selftest", tried)
    monkeypatch.setattr(selftest, "AGAIN_S", 0.0)
    with capture_logs() as lines, TestClient(create_app(settings)) as client:
        assert client.get("/readyz").json()["checks"]["selftest"] == "failed"
        may_pass.set()
        assert passed.wait(120)
        assert client.get("/readyz").json()["checks"]["selftest"] == "ok"
    assert [one["event"] for one in lines].count("selftest_failed") == 1
    assert left == []


def test_what_never_works_keeps_no_gateway_from_ending(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    async def tried(*_: Any) -> list[selftest.Failure]:
        return [selftest.Failure("chat", "not_found")]

    monkeypatch.setattr("gateway.app.selftest", tried)
    with TestClient(create_app(settings)) as client:
        assert client.get("/readyz").status_code == 503
