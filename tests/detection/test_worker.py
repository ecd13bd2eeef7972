"""One deadline, one error, no text."""

from __future__ import annotations

import asyncio
import threading
import traceback
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.detection import worker as module
from gateway.detection.worker import BATCH_CODE_POINTS, Item, Worker, time_left
from gateway.errors import DetectionUnavailable
from gateway.types import Span
from tests.waiting import AMPLE_S, eventually

CANARY = "".join(("can", "ary"))  # not in one piece, since a traceback shows source lines


Batch = Callable[[Sequence[Item]], list[tuple[Span, ...]]]


def each(one: Callable[[str, str], tuple[Span, ...]]) -> Batch:
    return lambda items: [one(text, tenant) for text, tenant in items]


@each
def scan(text: str, tenant: str) -> tuple[Span, ...]:
    time_left()
    return (Span(0, len(text), tenant, 1.0, "r"),)


async def test_one_answer_per_text_in_order():
    worker = Worker(scan, AMPLE_S)
    texts = ["a" * size for size in (1, 40_000, 2, 40_000, 3)]
    found = await worker.run(texts, "t")
    assert [spans[0].end for spans in found] == [len(text) for text in texts]
    assert await worker.run([], "t") == []
    worker.close()


async def test_failures_carry_no_text():
    @each
    def broken(text: str, tenant: str) -> tuple[Span, ...]:
        raise RuntimeError(f"cannot read {text}")

    worker = Worker(broken, AMPLE_S)
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

    @each
    def slow(text: str, tenant: str) -> tuple[Span, ...]:
        release.wait(AMPLE_S)
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
    worker = Worker(scan, AMPLE_S)
    worker.close()
    with pytest.raises(DetectionUnavailable):
        await worker.run(["a"], "t")


async def test_closing_waits_for_what_has_begun():
    """A process that ends while a thread is inside a model's library is aborted."""
    begun, looked_at = threading.Event(), threading.Event()
    over: list[str] = []

    @each
    def slow(text: str, tenant: str) -> tuple[Span, ...]:
        begun.set()
        looked_at.wait(0.05)
        over.append(tenant)
        return ()

    worker = Worker(slow, AMPLE_S, patience_s=AMPLE_S)
    asking = asyncio.create_task(worker.run(["a"], "t"))
    await asyncio.to_thread(begun.wait)
    worker.close()
    ended = list(over)
    looked_at.set()
    assert ended == ["t"]
    assert await asking == [()]


async def test_closing_does_not_wait_for_ever():
    begun, release = threading.Event(), threading.Event()

    @each
    def stuck(text: str, tenant: str) -> tuple[Span, ...]:
        begun.set()
        assert release.wait(AMPLE_S)
        return ()

    worker = Worker(stuck, AMPLE_S, patience_s=0.001)
    asking = asyncio.create_task(worker.run(["a"], "t"))
    await asyncio.to_thread(begun.wait)
    worker.close()
    assert not asking.done()
    release.set()
    assert await asking == [()]


async def test_a_short_call_takes_its_turn_between_the_jobs_of_a_long_one():
    order: list[str] = []

    @each
    def record(text: str, tenant: str) -> tuple[Span, ...]:
        order.append(tenant)
        return ()

    worker = Worker(record, AMPLE_S)
    long = asyncio.create_task(worker.run(["x" * 40_000] * 20, "long"))
    await asyncio.sleep(0)
    await worker.run(["y"], "short")
    await long
    assert order.index("short") < len(order) - 1
    worker.close()


# ---------------------------------------------------------------- batches


class Gate:
    """A scan that waits inside its first batch until it is told to go on, and notes batches."""

    def __init__(self) -> None:
        self.batches: list[list[Item]] = []
        self.entered = threading.Event()
        self.go_on = threading.Event()

    def __call__(self, items: Sequence[Item]) -> list[tuple[Span, ...]]:
        self.batches.append(list(items))
        if len(self.batches) == 1:
            self.entered.set()
            self.go_on.wait(AMPLE_S)
        if any(text == "bad" for text, _ in items):
            raise RuntimeError("bad")
        return scan(items)

    async def is_entered(self) -> None:
        assert await asyncio.to_thread(self.entered.wait, AMPLE_S)


def patient(scan: Batch) -> Worker:
    """A worker that takes no thread for stuck, however long a test holds it up."""
    return Worker(scan, 4 * AMPLE_S, patience_s=AMPLE_S)


async def queued(worker: Worker, *calls: tuple[str, str]) -> list[asyncio.Task[object]]:
    tasks = [asyncio.create_task(worker.run([text], tenant)) for text, tenant in calls]
    await eventually(lambda: len(worker._queue) >= len(calls))
    return tasks


async def test_what_waits_together_is_scanned_together_for_each_tenant():
    gate = Gate()
    worker = patient(gate)
    first = asyncio.create_task(worker.run(["first"], "t"))
    await gate.is_entered()
    tasks = await queued(worker, ("a", "x"), ("bb", "y"), ("ccc", "x"))
    gate.go_on.set()
    found = await asyncio.gather(first, *tasks)
    assert gate.batches[1:] == [[("a", "x"), ("bb", "y"), ("ccc", "x")]]
    assert [(spans[0].end, spans[0].entity_type) for [spans] in found] == [
        (5, "t"), (1, "x"), (2, "y"), (3, "x"),
    ]  # fmt: skip
    worker.close()


async def test_a_batch_is_bounded():
    gate = Gate()
    worker = patient(gate)
    first = asyncio.create_task(worker.run(["first"], "t"))
    await gate.is_entered()
    half = "x" * (BATCH_CODE_POINTS // 2)
    tasks = await queued(worker, (half, "a"), (half, "b"), ("y", "c"))
    gate.go_on.set()
    await asyncio.gather(first, *tasks)
    assert [len(batch) for batch in gate.batches] == [1, 2, 1]
    worker.close()


async def test_a_text_that_fails_spoils_no_other_call():
    gate = Gate()
    worker = patient(gate)
    first = asyncio.create_task(worker.run(["first"], "t"))
    await gate.is_entered()
    tasks = await queued(worker, ("a", "x"), ("bad", "y"), ("ccc", "x"))
    gate.go_on.set()
    await first
    good, bad, other = await asyncio.gather(*tasks, return_exceptions=True)
    assert good == [(Span(0, 1, "x", 1.0, "r"),)]
    assert isinstance(bad, DetectionUnavailable)
    assert other == [(Span(0, 3, "x", 1.0, "r"),)]
    assert [len(batch) for batch in gate.batches] == [1, 3, 1, 1, 1]
    worker.close()


async def test_a_scan_that_answers_for_too_few_fails():
    worker = Worker(lambda items: [], AMPLE_S)
    with pytest.raises(DetectionUnavailable):
        await worker.run(["a"], "t")
    worker.close()


async def test_a_call_that_was_cancelled_is_not_begun():
    gate = Gate()
    worker = patient(gate)
    first = asyncio.create_task(worker.run(["first"], "t"))
    await gate.is_entered()
    [gone, stays] = await queued(worker, ("gone", "x"), ("stays", "x"))
    gone.cancel()
    await asyncio.wait({gone})
    gate.go_on.set()
    await asyncio.gather(first, stays)
    assert gate.batches[1:] == [[("stays", "x")]]
    worker.close()


# ---------------------------------------------------------------- threads that are stuck


class Hanging:
    """A scan that never comes back from a text that says so."""

    def __init__(self) -> None:
        self.release = threading.Event()
        self.threads: set[int] = set()

    def __call__(self, items: Sequence[Item]) -> list[tuple[Span, ...]]:
        self.threads.add(threading.get_ident())
        if any(text == "hang" for text, _ in items):
            self.release.wait(AMPLE_S)
        return scan(items)


async def test_a_stuck_thread_loses_its_post():
    hanging = Hanging()
    worker = Worker(hanging, AMPLE_S, patience_s=0.02)
    stuck = asyncio.create_task(worker.run(["hang"], "t"))
    await eventually(lambda: bool(hanging.threads))
    assert await worker.run(["a"], "t") == [(Span(0, 1, "t", 1.0, "r"),)]
    assert not stuck.done()
    assert len(hanging.threads) == 2
    hanging.release.set()
    assert await stuck == [(Span(0, 4, "t", 1.0, "r"),)]
    assert await worker.run(["bb"], "t") == [(Span(0, 2, "t", 1.0, "r"),)]
    worker.close()


async def test_what_shares_a_batch_with_a_stuck_text_is_answered(monkeypatch):
    gate, hanging = Gate(), Hanging()

    def both(items: Sequence[Item]) -> list[tuple[Span, ...]]:
        gate(items)
        return hanging(items)

    worker = patient(both)
    first = asyncio.create_task(worker.run(["first"], "t"))
    await gate.is_entered()
    stuck, good = await queued(worker, ("hang", "x"), ("a", "x"))
    gate.go_on.set()
    assert await first
    await eventually(lambda: len(gate.batches) > 1)
    assert gate.batches[1] == [("hang", "x"), ("a", "x")]
    monkeypatch.setattr(worker, "_patience", 0.02)
    assert await worker.run(["bb"], "y") == [(Span(0, 2, "y", 1.0, "r"),)]
    assert await good == [(Span(0, 1, "x", 1.0, "r"),)]
    assert not stuck.done()
    hanging.release.set()
    assert await stuck == [(Span(0, 4, "x", 1.0, "r"),)]
    worker.close()


async def test_too_many_stuck_threads_refuse_at_once(monkeypatch):
    monkeypatch.setattr(module, "MOST_STUCK", 1)
    hanging = Hanging()
    worker = Worker(hanging, AMPLE_S, patience_s=0.01)
    stuck = [asyncio.create_task(worker.run(["hang"], "t")) for _ in range(2)]
    await eventually(lambda: worker._stuck == 1 and worker._is_overdue(worker._post))
    with pytest.raises(DetectionUnavailable, match="stuck"):
        await worker.run(["a"], "t")
    hanging.release.set()
    await asyncio.gather(*stuck)
    await eventually(lambda: not worker._stuck and not (worker._post and worker._post.jobs))
    assert await worker.run(["a"], "t") == [(Span(0, 1, "t", 1.0, "r"),)]
    worker.close()


async def test_a_recognizer_that_exits_does_not_end_the_thread():
    @each
    def leaves(text: str, tenant: str) -> tuple[Span, ...]:
        raise SystemExit

    worker = Worker(leaves, AMPLE_S)
    for _ in range(2):
        with pytest.raises(DetectionUnavailable, match="failed"):
            await worker.run(["a"], "t")
    worker.close()


@given(st.lists(st.lists(st.text(max_size=40), max_size=4), max_size=6))
def test_answers_do_not_depend_on_who_else_calls(calls: list[list[str]]):
    async def together() -> list[list[tuple[Span, ...]]]:
        worker = Worker(scan, 60.0)
        found = await asyncio.gather(
            *(worker.run(texts, str(index)) for index, texts in enumerate(calls))
        )
        worker.close()
        return found

    alone = [scan([(text, str(index)) for text in texts]) for index, texts in enumerate(calls)]
    assert asyncio.run(together()) == alone
