"""Where scanning runs: one thread, one deadline for a whole call, and no text in errors.

What is short may run where it is: the hand-over costs more than it takes. The rest goes to one
thread, because the work holds the interpreter lock: more threads would find nothing sooner
and would make the event loop wait longer for its turn. Calls take turns after every few texts,
so a long conversation does not hold up a short one.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar

from gateway.errors import DetectionUnavailable
from gateway.types import Span

Scan = Callable[[str, str], tuple[Span, ...]]
"""Reads one text of a tenant to its end, or raises."""

_JOB_CODE_POINTS = 32_768
SHORT_CODE_POINTS = 4_096
"""A text that our own recognizers read in about 10 ms."""

_FAILED = "Detection failed, so nothing was sent."
_LATE = "Detection did not finish in time, so nothing was sent."
_LONGEST_S = 3600.0

_deadline: ContextVar[float] = ContextVar("detection_deadline", default=float("inf"))


def time_left() -> float:
    """Seconds until the deadline of the call that this thread works for; an hour at most.

    Raises:
        TimeoutError: it has passed.
    """
    left = _deadline.get() - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return min(left, _LONGEST_S)


class Worker:
    """Runs a scan over texts, off the event loop, and turns every failure into one error."""

    def __init__(self, scan: Scan, timeout_s: float, *, here_code_points: int = 0) -> None:
        """`here_code_points`: up to how much text is scanned without a hand-over."""
        self._scan = scan
        self._timeout = timeout_s
        self._here = here_code_points
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="detection")

    async def run(self, texts: Sequence[str], tenant: str) -> list[tuple[Span, ...]]:
        """The spans of each text.

        Raises:
            DetectionUnavailable: the scan raised, or the call took longer than its time limit.
        """
        deadline = time.monotonic() + self._timeout
        loop = asyncio.get_running_loop()
        out: list[tuple[Span, ...]] = []
        failure = ""
        try:
            async with asyncio.timeout(self._timeout):
                for job in _jobs(texts):
                    if sum(map(len, job)) <= self._here:
                        found = self._work(job, tenant, deadline)
                    else:
                        found = await loop.run_in_executor(
                            self._pool, self._work, job, tenant, deadline
                        )
                    if isinstance(found, str):
                        failure = found
                        break
                    out.extend(found)
        except TimeoutError:
            failure = _LATE
        except RuntimeError:  # the pool is closed
            failure = _FAILED
        # Raised out here, so that the error carries no context that could quote the text.
        if failure:
            raise DetectionUnavailable(failure)
        return out

    def run_here(self, text: str, tenant: str) -> tuple[Span, ...]:
        """The spans of one text, scanned in the calling thread.

        Raises:
            DetectionUnavailable: as for `run`.
        """
        found = self._work((text,), tenant, time.monotonic() + self._timeout)
        if isinstance(found, str):
            raise DetectionUnavailable(found)
        return found[0]

    def close(self) -> None:
        """Stop the thread; jobs that have not begun are dropped."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _work(
        self, texts: Sequence[str], tenant: str, deadline: float
    ) -> list[tuple[Span, ...]] | str:
        """One job: spans per text, or what to tell the caller."""
        token = _deadline.set(deadline)
        try:
            return [self._scan(text, tenant) for text in texts]
        except Exception as error:  # a recognizer may raise anything: the text is not read
            return _LATE if isinstance(error, TimeoutError) else _FAILED
        finally:
            _deadline.reset(token)


def _jobs(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """The texts in order, in slices of about `_JOB_CODE_POINTS`."""
    job: list[str] = []
    size = 0
    for text in texts:
        if job and size + len(text) > _JOB_CODE_POINTS:
            yield job
            job, size = [], 0
        job.append(text)
        size += len(text)
    if job:
        yield job
