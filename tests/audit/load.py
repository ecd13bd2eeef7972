"""Requests that are put on record while something breaks, and what must hold of them then."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import Counter
from collections.abc import Callable
from typing import Final, TypeAlias

import pytest

from gateway.audit.facts import EventType
from gateway.audit.reading import LogRow
from gateway.audit.store import SqlAuditStore
from gateway.errors import AuditUnavailable
from tests.audit.test_store_both import begin, by_request, end
from tests.waiting import eventually

HASTE_S: Final = 0.3
"""How long a load waits that is there only to be refused."""
Step: TypeAlias = tuple[str, str]
"""The id of a request and the type of one of its records."""

_log = logging.getLogger(__name__)  # shown with: pytest --log-cli-level=INFO


class Load:
    """Tasks that open requests and close them, until they are told to stop.

    `accepted`, `completed` and `refused` are the ids of requests, as the store answered.
    """

    def __init__(self, *stores: SqlAuditStore, workers: int = 4, name: str = "one") -> None:
        self.accepted: set[str] = set()
        self.completed: set[str] = set()
        self.refused: set[str] = set()
        self._name = name
        self._stopping = asyncio.Event()
        self._pause = threading.Event()
        self._tasks = [
            asyncio.create_task(self._run(store, f"{at}_{number}"))
            for at, store in enumerate(stores)
            for number in range(workers)
        ]

    async def _run(self, store: SqlAuditStore, worker: str) -> None:
        number = 0
        while not self._stopping.is_set():
            number += 1
            request_id = f"req_{self._name}_{worker}_{number}"
            try:
                await begin(store, request_id)
            except AuditUnavailable:
                self.refused.add(request_id)
                await asyncio.to_thread(self._pause.wait, 0.02)
                continue
            self.accepted.add(request_id)
            try:
                await end(store, request_id)
            except AuditUnavailable:
                continue  # the log has to close it, by itself
            self.completed.add(request_id)

    async def is_stopped(self) -> None:
        """Return when a turn of all, and more, was refused, and nothing was let through meanwhile.

        What was under way when the database stopped may still be told.
        """
        accepted = -1
        while accepted != len(self.accepted):
            accepted, refused = len(self.accepted), len(self.refused)
            await eventually(lambda: len(self.refused) >= refused + 2 * len(self._tasks))  # noqa: B023

    async def stop(self) -> None:
        self._stopping.set()
        await asyncio.gather(*self._tasks)

    def acknowledged(self) -> frozenset[Step]:
        """What the store has said so far to be on record."""
        closed = {(name, EventType.REQUEST_COMPLETED) for name in self.completed}
        return frozenset(closed | {(name, EventType.REQUEST_ACCEPTED) for name in self.accepted})

    def forgive(self, rows: list[LogRow], *, since: frozenset[Step]) -> int:
        """Let one transaction miss that was acknowledged after `since`; how many records it had.

        From now on they count as refused, for it is not the log that lost them: see `Disk.abort`.
        """
        found = {(name, kind) for name, kinds in by_request(rows).items() for kind in kinds}
        lost = self.acknowledged() - found
        assert not lost & since
        assert len(lost) <= len(self._tasks)  # of which each waits for one record at a time
        for name, kind in lost:
            self.completed.discard(name)
            if kind == EventType.REQUEST_ACCEPTED:
                self.accepted.discard(name)
                self.refused.add(name)
        return len(lost)

    def check(self, rows: list[LogRow]) -> Counter[str]:
        """No request that was let through lacks a record, and each is closed once; how many."""
        found = {
            name: kinds
            for name, kinds in by_request(rows).items()
            if name.startswith(f"req_{self._name}_")
        }
        assert self.accepted <= set(found)
        assert set(found) <= self.accepted | self.refused
        for name, kinds in found.items():
            assert len(kinds) == 2, kinds
            assert kinds[0] == "request.accepted"
            if name in self.completed:
                assert kinds[1] == "request.completed"
            if name in self.refused:
                assert kinds[1] == "request.outcome_unknown"
        counts = Counter(
            accepted=len(self.accepted),
            completed=len(self.completed),
            refused=len(self.refused),
            refused_but_written=len(self.refused & set(found)),
            closed_by_the_log=sum(k[1] == "request.outcome_unknown" for k in found.values()),
        )
        _log.info("%s", dict(counts))
        return counts


async def stands_still(
    store: SqlAuditStore, load: Load, go: Callable[[], object]
) -> tuple[Load, int]:
    """Where the database stands still nothing is let through; then have it `go` on.

    Only what comes meanwhile is in haste: a load of its own, which is given back, and how much of
    it had been accepted by then.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "_patience_s", HASTE_S)
        late = Load(store, name="late")
        try:
            await late.is_stopped()
            before = len(load.accepted), len(late.accepted)
            with pytest.raises(AuditUnavailable):
                await begin(store, "req_waits")
            assert not store.ready
            assert (len(load.accepted), len(late.accepted)) == before
        finally:
            await asyncio.to_thread(go)
    return late, before[1]
