"""A process that writes to an audit log, for tests: FILE COUNT [hang].

Writes COUNT requests, each an accepted and a closing record, and says so. With `hang` it leaves
its last request open, says so, and waits to be killed.
"""

from __future__ import annotations

import asyncio
import secrets
import sys
import time

from gateway.audit.facts import Accepted, Actor, ActorKind, AuthMethod, Closed, Origin, Outcome
from gateway.audit.record import accepted, closed, timestamp, uuid7
from gateway.audit.store import SqlAuditStore


def event_id() -> str:
    return uuid7(time.time_ns() // 1_000_000, secrets.token_bytes(10))


def now() -> str:
    return timestamp(time.time_ns() // 1000)


def facts(request_id: str) -> Accepted:
    return Accepted(
        request_id=request_id,
        tenant="acme",
        actor=Actor(kind=ActorKind.CLIENT, method=AuthMethod.API_KEY),
        origin=Origin(),
        endpoint="/v1/chat/completions",
        operation="chat",
        stream=False,
        model_requested="m",
    )


async def request(store: SqlAuditStore, request_id: str) -> None:
    known = facts(request_id)
    end = Closed(outcome=Outcome.COMPLETED, http_status=200)
    await store.append(accepted(known, event_id=event_id(), ts=now()))
    await store.append(closed(known, end, event_id=event_id(), ts=now()))


async def main(file: str, count: int, *, hang: bool) -> None:
    store = SqlAuditStore(f"sqlite:///{file}", bytes(32))
    await store.start()
    ids = [f"req_{store.writer_id}_{n}" for n in range(count)]
    for start in range(0, count, 8):
        await asyncio.gather(*(request(store, one) for one in ids[start : start + 8]))
    if hang:
        last = f"req_{store.writer_id}_open"
        await store.append(accepted(facts(last), event_id=event_id(), ts=now()))
        sys.stdout.write(f"{last}\n")
        sys.stdout.flush()
        sys.stdin.read()
    await store.aclose()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), hang="hang" in sys.argv))
