"""The composition root puts a detector together from all that the settings name."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from gateway.app import create_app, make_detector
from gateway.audit.store import SqlAuditStore
from gateway.config import load
from gateway.detection.plugins.outside import OutsideRecognizers
from gateway.detection.tagger import classifier
from gateway.errors import ConfigError
from gateway.settings import CustomRecognizer, Detection, Engine
from tests.waiting import AMPLE_S


def problems(settings: Detection) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        make_detector(settings)
    return [str(one) for one in caught.value.problems]


def test_everything_that_is_wrong_is_said_at_once():
    told = problems(
        Detection(
            predefined=("EmailRecognizer",), engines=(Engine(kind="spacy", model="/no/such"),)
        )
    )
    assert [line.split(": ")[1] for line in told] == [
        "detection.predefined[0]",
        "detection.engines[0]",
    ]


def test_a_profile_without_its_model_does_not_start(monkeypatch, tmp_path: Path):
    monkeypatch.setattr(classifier, "MODELS", tmp_path)
    [told] = problems(Detection(profile="fast"))
    assert told.startswith("configuration: detection.profile: ")
    assert "missing" in told


def test_a_pattern_that_does_not_compile_is_told_without_its_text():
    custom = CustomRecognizer(name="x", entity_type="X", patterns=(("(canary", 0.5),))
    [told] = problems(Detection(recognizers=(custom,)))
    assert "regular expression" in told
    assert "canary" not in told


def test_predefined_recognizers_join_in():
    detector = make_detector(Detection(predefined=("UuidRecognizer",)))
    text = "bc 123e4567-e89b-12d3-a456-426614174000"
    assert [one.entity_type for one in detector.analyze(text, "t")] == ["UUID"]


async def test_recognizers_in_code_join_in_from_a_process_of_their_own(monkeypatch):
    patient = partial(OutsideRecognizers, patience_s=AMPLE_S)
    monkeypatch.setattr("gateway.app.OutsideRecognizers", patient)
    module = "tests.detection.outside_recognizers"
    own = Detection(recognizer_modules=(f"{module}:Words",), timeout_s=AMPLE_S)
    detector = make_detector(own)
    try:
        [spans] = await detector.detect(["a Falcon"], "t")
        assert [one.entity_type for one in spans] == ["PROJECT"]
    finally:
        await detector.aclose()
    told = problems(
        Detection(recognizer_modules=(f"{module}:Unmade",), predefined=("EmailRecognizer",))
    )
    assert [line.split(": ")[1] for line in told] == [
        "detection.predefined[0]",
        "detection.recognizer_modules[0]",
    ]


def test_what_keeps_the_log_from_being_signed_is_a_warning(monkeypatch, tmp_path: Path):
    monkeypatch.setattr(SqlAuditStore, "warnings", lambda _: ("audit_sequencer",))
    file = tmp_path / "cloakroom.yaml"
    file.write_text("version: 1\nupstreams: [{name: a, kind: loopback, class: on_prem}]\n")
    app = create_app(load(file, os.environ))
    with TestClient(app) as client:
        answer = client.get("/readyz")
    assert answer.status_code == 200
    body = answer.json()
    assert (body["status"], body["warnings"]) == ("ready", ["audit_sequencer"])


@pytest.mark.parametrize(("more", "status"), [("", 404), ("console: {enabled: true}\n", 200)])
def test_there_is_a_console_only_where_one_is_asked_for(tmp_path: Path, more: str, status: int):
    file = tmp_path / "cloakroom.yaml"
    base = "version: 1\nupstreams: [{name: a, kind: loopback, class: on_prem}]\n"
    file.write_text(f"{base}detection: {{profile: patterns}}\n{more}")
    with TestClient(create_app(load(file, os.environ))) as client:
        assert client.get("/console/login").status_code == status
