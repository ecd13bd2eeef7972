"""The systems that are measured."""

from __future__ import annotations

from gateway.evaluation.systems import PATIENCE_S, patient
from gateway.settings import Detection


def test_a_measurement_is_patient():
    assert patient(Detection(timeout_s=1.0)).timeout_s == PATIENCE_S
    assert patient(Detection(timeout_s=9e9)).timeout_s == 9e9
