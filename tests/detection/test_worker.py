"""One deadline, one error, no text."""

from __future__ import annotations

import asyncio
import threading
import traceback

import pytest

from gateway.detection.worker import Worker, time_left
from gateway.errors import DetectionUnavailable
from gateway.types import Span

CANARY = "".join(("can", "ary"))  # not in one piece, since a traceback shows source lines


def scan(text: str, tenant: str) -> tuple[Span, ...]:
    time_left()
    return (Span(0, len(text), tenant, 1.0, "r"),)


async def test_one_answer_per_text_in_order():
    worker = Worker(scan, 5.0)
    texts = ["a" * size for size in (1, 40_000, 2, 40_000, 3)]
    found = await worker.run(texts, "t")
    assert [spans[0].end for spans in found] == [len(text) for text in texts]
    assert await worker.run([], "t") == []
    worker.close()


async def test_failures_carry_no_text():
    def broken(text: str, tenant: str) -> tuple[Span, ...]:
        raise RuntimeError(f"cannot read {text}")

    worker = Worker(broken, 5.0)
    with pytest.raises(DetectionUnavailable) as caught:
        await worker.run([CANARY], "t")
    with pytest.raises(DetectionUnavailable) as here:
        worker.run_here(CANARY, "t")
    for error in (caught.value, here.value):
        assert error.__cause__ is None
        assert error.__context__ is None
        assert CANARY not in "".join(traceback.format_exception(error))
    worker.close()


async def test_the_deadline_holds_for_the_call_as_a_whole():
    release = threading.Event()

    def slow(text: str, tenant: str) -> tuple[Span, ...]:
        release.wait(5)
        return ()

    worker = Worker(slow, 0.02)
    with pytest.raises(DetectionUnavailable, match="in time"):
        await worker.run(["a"], "t")
    release.set()
    worker.close()


async def test_a_scan_that_passed_its_deadline_stops():
    worker = Worker(scan, 0.0)
    with pytest.raises(DetectionUnavailable, match="in time"):
        worker.run_here("a", "t")
    with pytest.raises(DetectionUnavailable, match="in time"):
        await worker.run(["a"], "t")
    worker.close()


async def test_closed():
    worker = Worker(scan, 5.0)
    worker.close()
    with pytest.raises(DetectionUnavailable):
        await worker.run(["a"], "t")


async def test_a_short_call_takes_its_turn_between_the_jobs_of_a_long_one():
    order: list[str] = []

    def record(text: str, tenant: str) -> tuple[Span, ...]:
        order.append(tenant)
        return ()

    worker = Worker(record, 5.0)
    long = asyncio.create_task(worker.run(["x" * 40_000] * 20, "long"))
    await asyncio.sleep(0)
    await worker.run(["y"], "short")
    await long
    assert order.index("short") < len(order) - 1
    worker.close()
