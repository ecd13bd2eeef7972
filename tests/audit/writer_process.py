"""A process that writes to an audit log, for tests: FILE|URL COUNT [hang] [key=FILE].

Writes COUNT requests, each an accepted and a closing record, and says so. With `hang` it leaves
its last request open, says so, and waits to be killed. With `key` it signs checkpoints, and on
PostgreSQL it may lead.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from gateway.audit.checkpointing import Signing
from gateway.audit.facts import Closed, Outcome
from gateway.audit.record import accepted, closed
from gateway.audit.signing import load_or_make_signing_keys
from gateway.audit.store import SqlAuditStore
from tests.audit.records import facts, stamp
from tests.waiting import AMPLE_S


async def request(store: SqlAuditStore, request_id: str) -> None:
    known = facts(request_id)
    end = Closed(outcome=Outcome.COMPLETED, http_status=200)
    await store.append(accepted(known, **stamp()))
    await store.append(closed(known, end, **stamp()))


async def main(log: str, count: int, key: str, *, hang: bool) -> None:
    signing = Signing(load_or_make_signing_keys(Path(key))[0]) if key else None
    url = log if "://" in log else f"sqlite:///{log}"
    store = SqlAuditStore(url, bytes(32), signing, busy_s=AMPLE_S, patience_s=AMPLE_S)
    await store.start()
    ids = [f"req_{store.writer_id}_{n}" for n in range(count)]
    for start in range(0, count, 8):
        await asyncio.gather(*(request(store, one) for one in ids[start : start + 8]))
    if hang:
        last = f"req_{store.writer_id}_open"
        await store.append(accepted(facts(last), **stamp()))
        sys.stdout.write(f"{last}\n")
        sys.stdout.flush()
        sys.stdin.read()
    await store.aclose()


if __name__ == "__main__":
    (key,) = [one[4:] for one in sys.argv if one.startswith("key=")] or [""]
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), key, hang="hang" in sys.argv))
