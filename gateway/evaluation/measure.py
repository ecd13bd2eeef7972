"""Runs a system over texts and takes the time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from gateway.errors import DetectionUnavailable
from gateway.evaluation.latency import Latency, percentile
from gateway.evaluation.systems import System
from gateway.types import Span

BATCH_TEXTS: Final = 32
BATCH_CODE_POINTS: Final = 32_768
SAMPLE: Final = 200
"""How many texts are read once more, one by one, for the time that one takes."""


def batches(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """The texts in order, several at a time."""
    batch: list[str] = []
    size = 0
    for text in texts:
        if batch and (len(batch) >= BATCH_TEXTS or size + len(text) > BATCH_CODE_POINTS):
            yield batch
            batch, size = [], 0
        batch.append(text)
        size += len(text)
    if batch:
        yield batch


async def run(
    system: System, texts: Sequence[str], advance: Callable[[int], None]
) -> list[Sequence[Span]]:
    """What the system finds in each text. `advance` is told of code points that are done.

    Raises:
        DetectionUnavailable: a text could not be read; the message says which, counted from 1.
    """
    found: list[Sequence[Span]] = []
    for batch in batches(texts):
        try:
            found.extend(await system.detect(batch))
        except DetectionUnavailable:
            found.extend(await _one_by_one(system, batch, len(found)))
        advance(sum(map(len, batch)))
    return found


async def _one_by_one(system: System, batch: Sequence[str], before: int) -> list[Sequence[Span]]:
    found: list[Sequence[Span]] = []
    for number, text in enumerate(batch, before + 1):
        try:
            found.extend(await system.detect([text]))
        except DetectionUnavailable:
            raise DetectionUnavailable(f"Text {number} could not be read to its end.") from None
    return found


async def timed(
    system: System, texts: Sequence[str], advance: Callable[[int], None]
) -> tuple[list[Sequence[Span]], Latency]:
    """What the system finds and what that cost. Raises `DetectionUnavailable` as `run` does."""
    await system.detect(texts[:1])  # what is set up at the first call is not the texts' cost
    cpu, wall = time.process_time(), time.perf_counter()
    found = await run(system, texts, advance)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    step = max(1, len(texts) // SAMPLE)
    singles = [await _wall_ms(system, text) for text in texts[::step]]
    latency = Latency(
        texts=len(texts),
        code_points=sum(map(len, texts)),
        cpu_s=cpu,
        wall_s=wall,
        p50_ms=percentile(singles, 0.5),
        p95_ms=percentile(singles, 0.95),
    )
    return found, latency


async def _wall_ms(system: System, text: str) -> float:
    began = time.perf_counter()
    await system.detect([text])
    return (time.perf_counter() - began) * 1e3
