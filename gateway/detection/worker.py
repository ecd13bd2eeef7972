"""Where scanning runs: batches, one deadline for a whole call, and no text in errors.

What is short may run where it is: the hand-over costs more than it takes. The rest waits for one
thread, because most of the work holds the interpreter lock: more threads would find nothing sooner
and would make the event loop wait longer for its turn. What waits at the same time, of several
calls, is scanned as one batch, which suits a model. A call has one job in the queue at a time, so
a long conversation does not hold up a short one.

A batch that fails is taken apart and each of its jobs scanned alone, so that nobody's text can
spoil the answer to another's. A thread that is stuck (a recognizer of somebody else's may block
for ever, and a thread cannot be stopped) loses its post: another takes the queue over.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from gateway.errors import DetectionUnavailable
from gateway.types import Span

Item = tuple[str, str]
"""A text and the tenant whose lists count for it."""

Scan = Callable[[Sequence[Item]], Sequence[tuple[Span, ...]]]
"""Reads each text to its end, or raises. The spans of a text depend on that item alone."""

BATCH_CODE_POINTS = 32_768
SHORT_CODE_POINTS = 4_096
"""A text that our own patterns read in about 10 ms."""
PATIENCE_S = 1.0
SLOWEST_RATE = 10_000
"""A batch may take `PATIENCE_S` and a second per so many code points, half of what our slower
model reads; then another thread looks after what waits behind it."""
MOST_STUCK = 32

_FAILED = "Detection failed, so nothing was sent."
_LATE = "Detection did not finish in time, so nothing was sent."
_STUCK = "Detection is stuck, so nothing was sent."
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
    return left if left < _LONGEST_S else _LONGEST_S


@contextmanager
def until(deadline: float) -> Iterator[None]:
    """Work in this block must be done by then, in seconds of the monotonic clock."""
    token = _deadline.set(deadline)
    try:
        yield
    finally:
        _deadline.reset(token)


_Answer = list[tuple[Span, ...]] | str
"""Spans per text, or what to tell the caller."""


@dataclass(slots=True, eq=False)
class _Job:
    """Some texts of one call."""

    items: Sequence[Item] = field(repr=False)
    deadline: float
    alone: bool = False
    answer: Future[_Answer] = field(default_factory=Future)

    @property
    def size(self) -> int:
        return _size(self.items)

    @property
    def is_over(self) -> bool:
        return self.answer.done()

    def tell(self, answer: _Answer) -> None:
        """The first answer counts: a thread that lost its post may come back with one."""
        try:
            self.answer.set_result(answer)
        except InvalidStateError:
            return


@dataclass(slots=True, eq=False)
class _Post:
    """One thread's time at the queue: what it works at, since when, and whether it may go on."""

    jobs: Sequence[_Job] = ()
    since: float = 0.0
    is_relieved: bool = False


class Worker:
    """Runs a scan over texts, off the event loop, and turns every failure into one error."""

    def __init__(
        self,
        scan: Scan,
        timeout_s: float,
        *,
        here_code_points: int = 0,
        patience_s: float = PATIENCE_S,
    ) -> None:
        """`here_code_points`: up to how much text is scanned without a hand-over."""
        self._scan = scan
        self._timeout = timeout_s
        self._here = here_code_points
        self._patience = min(patience_s, timeout_s / 4)
        self._queue: deque[_Job] = deque()
        self._change = threading.Condition()
        self._post: _Post | None = None
        self._stuck = 0
        self._scanning = 0
        self._is_closed = False

    async def run(self, texts: Sequence[str], tenant: str) -> list[tuple[Span, ...]]:
        """The spans of each text.

        Raises:
            DetectionUnavailable: the scan raised, or the call took longer than its time limit.
        """
        deadline = time.monotonic() + self._timeout
        out: list[tuple[Span, ...]] = []
        failure = ""
        for texts_of_job in _jobs(texts):
            items = [(text, tenant) for text in texts_of_job]
            if _size(items) <= self._here:
                found = self._work(items, deadline)
            else:
                found = await self._wait(_Job(items, deadline))
            if isinstance(found, str):
                failure = found
                break
            out.extend(found)
        # Raised out here, so that the error carries no context that could quote the text.
        if failure:
            raise DetectionUnavailable(failure)
        return out

    def run_here(self, text: str, tenant: str) -> tuple[Span, ...]:
        """The spans of one text, scanned in the calling thread.

        Raises:
            DetectionUnavailable: as for `run`.
        """
        found = self._work([(text, tenant)], time.monotonic() + self._timeout)
        if isinstance(found, str):
            raise DetectionUnavailable(found)
        return found[0]

    def close(self) -> None:
        """Let the thread end; jobs that have not begun are dropped.

        Blocks until what has begun is over, but not for longer than that may take: a process that
        ends while a thread is in a library's own code, such as a model's, is aborted by it.
        """
        with self._change:
            self._is_closed = True
            dropped = list(self._queue)
            self._queue.clear()
            self._change.notify_all()
        for job in dropped:
            job.tell(_FAILED)
        with self._change:
            allowed = 0.0 if self._post is None else self._allowed(self._post)
            self._change.wait_for(lambda: not self._scanning, allowed)

    # ---- the caller's side -------------------------------------------------------------------

    async def _wait(self, job: _Job) -> _Answer:
        if not self._enqueue(job):
            return _STUCK if not self._is_closed else _FAILED
        answer = asyncio.wrap_future(job.answer)
        try:
            while (left := job.deadline - time.monotonic()) > 0:
                done, _ = await asyncio.wait({answer}, timeout=min(self._patience, left))
                if done:
                    return answer.result()
                self._relieve_if_stuck()
            return _LATE
        finally:
            answer.cancel()  # a job that nobody waits for any more is not begun

    def _enqueue(self, job: _Job) -> bool:
        with self._change:
            if self._is_closed or (self._stuck >= MOST_STUCK and self._is_overdue(self._post)):
                return False
            self._queue.append(job)
            if self._post is None:
                self._start_thread()
            self._change.notify()
            return True

    def _relieve_if_stuck(self) -> None:
        """Give the queue to a new thread, with those jobs that the old one holds up for another."""
        with self._change:
            post = self._post
            if post is None or not self._is_overdue(post):
                return
            if self._is_closed or self._stuck >= MOST_STUCK:
                return
            post.is_relieved = True
            self._stuck += 1
            if len(post.jobs) > 1:
                self._take_apart(post.jobs)
            self._start_thread()

    def _is_overdue(self, post: _Post | None) -> bool:
        """Whether a thread has been at one batch for too long."""
        if post is None or not post.jobs:
            return False
        return time.monotonic() - post.since >= self._allowed(post)

    def _allowed(self, post: _Post) -> float:
        """Seconds that a thread may be at its batch."""
        return self._patience + sum(job.size for job in post.jobs) / SLOWEST_RATE

    def _take_apart(self, jobs: Sequence[_Job]) -> None:
        for job in reversed(jobs):
            if not job.is_over:
                self._queue.appendleft(_Job(job.items, job.deadline, True, job.answer))

    def _start_thread(self) -> None:
        self._post = post = _Post()
        # A daemon: a thread that is stuck must not keep the process from ending.
        threading.Thread(target=self._serve, args=(post,), name="detection", daemon=True).start()

    # ---- the thread's side -------------------------------------------------------------------

    def _serve(self, post: _Post) -> None:
        while jobs := self._next(post):
            items = [item for job in jobs for item in job.items]
            answer = self._work(items, min(job.deadline for job in jobs))
            with self._change:
                self._scanning -= 1
                self._change.notify_all()
                post.jobs = ()
                relieved = post.is_relieved
                if relieved:
                    self._stuck -= 1
                if isinstance(answer, str) and len(jobs) > 1:
                    if not relieved:
                        self._take_apart(jobs)
                    answer = []
            if isinstance(answer, str):
                jobs[0].tell(answer)
            elif answer:
                at = 0
                for job in jobs:
                    job.tell(answer[at : at + len(job.items)])
                    at += len(job.items)
            if relieved:
                return

    def _next(self, post: _Post) -> Sequence[_Job]:
        """The jobs of the next batch; none when the thread is to end."""
        with self._change:
            while not self._is_closed:
                jobs = self._batch()
                if jobs:
                    post.jobs, post.since = jobs, time.monotonic()
                    self._scanning += 1
                    return jobs
                self._change.wait()
            return ()

    def _batch(self) -> list[_Job]:
        """What waits, in order, as far as it fits; a job that must be alone is."""
        jobs: list[_Job] = []
        size = 0
        while self._queue:
            job = self._queue[0]
            if job.is_over:
                self._queue.popleft()
                continue
            if jobs and (job.alone or size + job.size > BATCH_CODE_POINTS):
                break
            jobs.append(self._queue.popleft())
            size += job.size
            if job.alone:
                break
        return jobs

    def _work(self, items: Sequence[Item], deadline: float) -> _Answer:
        """Scan texts at once, until a deadline."""
        try:
            with until(deadline):
                time_left()
                found = list(self._scan(items))
        except (Exception, SystemExit) as error:  # a recognizer may raise anything
            return _LATE if isinstance(error, TimeoutError) else _FAILED
        return found if len(found) == len(items) else _FAILED


def _size(items: Sequence[Item]) -> int:
    return sum(len(text) for text, _ in items)


def _jobs(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """The texts in order, in slices of about `BATCH_CODE_POINTS`."""
    job: list[str] = []
    size = 0
    for text in texts:
        if job and size + len(text) > BATCH_CODE_POINTS:
            yield job
            job, size = [], 0
        job.append(text)
        size += len(text)
    if job:
        yield job
