"""Running a system over texts: batches, order, failures, what it cost."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import DetectionUnavailable
from gateway.evaluation.latency import Latency, per_1k, percentile
from gateway.evaluation.measure import BATCH_CODE_POINTS, BATCH_TEXTS, batches, run, timed
from gateway.types import Span

BAD = "bad"


class Lengths:
    """Finds the whole of each text, and fails at one."""

    def __init__(self) -> None:
        self.calls: list[int] = []

    async def detect(self, texts: Sequence[str]) -> Sequence[Sequence[Span]]:
        self.calls.append(len(texts))
        if BAD in texts:
            raise DetectionUnavailable("no")
        return [[Span(0, len(text), "ID", 1.0, "whole")] for text in texts]


@given(st.lists(st.integers(0, 2 * BATCH_CODE_POINTS), max_size=100))
def test_batches_are_the_texts_in_order(sizes: list[int]):
    texts = ["x" * size for size in sizes]
    made = list(batches(texts))
    assert [text for batch in made for text in batch] == texts
    for batch in made:
        assert 0 < len(batch) <= BATCH_TEXTS
        assert len(batch) == 1 or sum(map(len, batch)) <= BATCH_CODE_POINTS


async def test_findings_come_in_order_and_progress_adds_up():
    texts = ["x" * size for size in range(1, 71)]
    done: list[int] = []
    system = Lengths()
    found = await run(system, texts, done.append)
    assert [spans[0].end for spans in found] == list(range(1, 71))
    assert sum(done) == sum(range(1, 71))
    assert len(system.calls) == 3


async def test_a_text_that_fails_is_named_by_its_number():
    texts = ["x"] * 40 + [BAD] + ["x"] * 5
    with pytest.raises(DetectionUnavailable, match=r"Text 41 could not be read") as error:
        await run(Lengths(), texts, lambda _: None)
    assert error.value.__suppress_context__


async def test_what_it_cost():
    found, latency = await timed(Lengths(), ["x" * 44] * 100, lambda _: None)
    assert len(found) == 100
    assert (latency.texts, latency.code_points) == (100, 4_400)
    assert latency.tokens == pytest.approx(1_000)
    assert latency.p50_ms <= latency.p95_ms


def test_per_thousand_tokens():
    assert per_1k(0.002, 4_400) == pytest.approx(2.0)
    assert per_1k(0.002, 8_800) == pytest.approx(1.0)
    assert per_1k(1.0, 0) == 0
    assert Latency(1, 4_400, 0.002, 9.0, 0, 0).cpu_ms_per_1k == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [([], 0.5, 0), ([7], 0.95, 7), ([3, 1, 2], 0.5, 2), (list(range(1, 101)), 0.95, 95)],
)
def test_percentiles(values: list[float], share: float, expected: float):
    assert percentile(values, share) == expected
