"""The bench measures what it says; how long that takes is no test's business."""

from __future__ import annotations

import pytest

from gateway.detection.presidio import PresidioDetector
from gateway.evaluation import bench
from gateway.evaluation.latency import CHARACTERS_PER_TOKEN
from gateway.settings import Detection


@pytest.mark.parametrize("tokens", [1, 100, 1_000])
def test_the_sample_has_the_size_that_is_asked_for(tokens: int):
    assert len(bench.sample(tokens)) == int(tokens * CHARACTERS_PER_TOKEN)


def test_turns_give_other_texts():
    assert len({bench.sample(100, turn) for turn in range(8)}) == 8


async def test_every_stage_is_measured(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(bench, "ROUNDS", 1)
    monkeypatch.setattr(bench, "CURVE", (1, 2))
    steps: list[str] = []
    settings = Detection(profile="patterns")
    done = await bench.bench(settings, PresidioDetector, 50, steps.append)
    shown = bench.document(done)
    assert {"views", "patterns: cloakroom", "patterns: identifiers", "rest"} == set(done.stages)
    assert steps[0] == "start"
    assert set(done.stages) - {"rest"} < set(steps)
    assert [one["texts"] for one in shown["batches"]] == [1, 2]  # type: ignore[union-attr,index,call-overload]
    assert shown["profile"] == "patterns"
    assert done.total > 0
